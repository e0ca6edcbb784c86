/* SPDX-License-Identifier: GPL-2.0-only */
/* Cookies of directory entries (RFC 8881 section 18.23.3). */
#ifndef _DITTO_FS_NFS_V4_ENGINE_COOKIE_H
#define _DITTO_FS_NFS_V4_ENGINE_COOKIE_H

#include <linux/bits.h>
#include <linux/types.h>

/* Highest reserved cookie; entries have higher ones. */
#define DNFS4_COOKIE_LAST_RESERVED	2
/*
 * A file system may use reserved cookies. They are mapped to negative ones, which no
 * file system uses.
 */
#define DNFS4_COOKIE_MOVED		BIT_ULL(63)

/* The cookie for clients of an entry whose file system's cookie is @pos. */
static inline u64 dnfs4_cookie(u64 pos)
{
	return pos > DNFS4_COOKIE_LAST_RESERVED ? pos : pos | DNFS4_COOKIE_MOVED;
}

#endif
