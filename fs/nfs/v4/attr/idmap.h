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

/**
 * dnfs4_uid_name - give the name of an owner
 * @cmp: compound
 * @uid: owner
 * @text: filled, unless it is of the same owner already
 *
 * A caller without a principal (AUTH_SYS) gets the number. So does any caller if there is no
 * helper, or no name for the owner.
 *
 * Return: 0, or -EJUKEBOX while the helper is asked.
 */
int dnfs4_uid_name(const struct dnfs4_compound *cmp, kuid_t uid, struct dnfs4_owner_text *text);

/**
 * dnfs4_gid_name - give the name of a group; see dnfs4_uid_name()
 * @cmp: compound
 * @gid: group
 * @text: filled, unless it is of the same group already
 *
 * Return: 0, or -EJUKEBOX while the helper is asked.
 */
int dnfs4_gid_name(const struct dnfs4_compound *cmp, kgid_t gid, struct dnfs4_owner_text *text);

/**
 * dnfs4_owner_read - find the owner of a name from the wire
 * @cmp: compound
 * @text: number or user@domain
 * @len: bytes of @text
 * @uid: filled
 *
 * Return: NFS4_OK, NFS4ERR_BADOWNER, or NFS4ERR_DELAY while the helper is asked.
 */
u32 dnfs4_owner_read(const struct dnfs4_compound *cmp, const char *text, u32 len, kuid_t *uid);

/**
 * dnfs4_group_read - find the group of a name from the wire
 * @cmp: compound
 * @text: number or group@domain
 * @len: bytes of @text
 * @gid: filled
 *
 * Return: NFS4_OK, NFS4ERR_BADOWNER, or NFS4ERR_DELAY while the helper is asked.
 */
u32 dnfs4_group_read(const struct dnfs4_compound *cmp, const char *text, u32 len, kgid_t *gid);

/* Reads a numeric owner string (RFC 7530 section 5.9); false if it is no number. */
bool dnfs4_read_number(const char *text, u32 len, u32 *id);

#endif
