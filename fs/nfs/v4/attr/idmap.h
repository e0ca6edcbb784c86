/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owners on the wire: numbers as strings, or user@domain (RFC 8881 section 5.9).
 */
#ifndef _DITTO_FS_NFS_V4_ATTR_IDMAP_H
#define _DITTO_FS_NFS_V4_ATTR_IDMAP_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct dnfs4_compound;

/* Longest that we say; longer names go as numbers. */
#define DNFS4_OWNER_TEXT_MAX	256
/* Longest that we read (NFS4_OPAQUE_LIMIT). */
#define DNFS4_OWNER_MAX		1024

/**
 * struct dnfs4_owner_text - an owner or group as it is said
 * @id: which one @text is of, as it is in the initial user namespace
 * @len: of @text; 0 if there is none yet
 * @text: not terminated
 */
struct dnfs4_owner_text {
	u32 id;
	u32 len;
	char text[DNFS4_OWNER_TEXT_MAX];
};

/*
 * What an owner, or a group, is called. Without a helper, and for who has no name, it is the
 * number. Return: 0, or -EJUKEBOX while the helper is asked.
 */
int dnfs4_owner_say(const struct dnfs4_compound *cmp, kuid_t uid, struct dnfs4_owner_text *text);
int dnfs4_group_say(const struct dnfs4_compound *cmp, kgid_t gid, struct dnfs4_owner_text *text);

/* The other way round. NFS4_OK, NFS4ERR_BADOWNER, or NFS4ERR_DELAY while the helper is asked. */
u32 dnfs4_owner_read(const struct dnfs4_compound *cmp, const char *text, u32 len, kuid_t *uid);
u32 dnfs4_group_read(const struct dnfs4_compound *cmp, const char *text, u32 len, kgid_t *gid);

#if IS_ENABLED(CONFIG_KUNIT)
bool dnfs4_read_number(const char *text, u32 len, u32 *id);
#endif

#endif
