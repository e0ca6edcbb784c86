/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owners on the wire: decimal numbers, or user@domain (RFC 8881 section 5.9).
 */
#ifndef _DITTO_FS_NFS_V4_ATTR_IDMAP_H
#define _DITTO_FS_NFS_V4_ATTR_IDMAP_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct dnfs4_compound;

/* Longest name that is sent; an owner with a longer name is sent as a number. */
#define DNFS4_OWNER_TEXT_MAX	256
/* Longest name that is accepted (NFS4_OPAQUE_LIMIT). */
#define DNFS4_OWNER_MAX		1024

/**
 * struct dnfs4_owner_text - name of an owner or group
 * @id: id that @text belongs to, in the caller's user namespace
 * @len: bytes of @text; 0 if it is not filled yet
 * @text: not terminated
 */
struct dnfs4_owner_text {
	u32 id;
	u32 len;
	char text[DNFS4_OWNER_TEXT_MAX];
};

int dnfs4_uid_name(const struct dnfs4_compound *cmp, kuid_t uid, struct dnfs4_owner_text *text);
int dnfs4_gid_name(const struct dnfs4_compound *cmp, kgid_t gid, struct dnfs4_owner_text *text);
u32 dnfs4_owner_read(const struct dnfs4_compound *cmp, const char *text, u32 len, kuid_t *uid);
u32 dnfs4_group_read(const struct dnfs4_compound *cmp, const char *text, u32 len, kgid_t *gid);
bool dnfs4_read_number(const char *text, u32 len, u32 *id);

#endif
