/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access control lists on the wire: nfsace4 and what is around it (RFC 8881 section 6.2).
 */
#ifndef _DITTO_FS_NFS_V4_ATTR_ACL_H
#define _DITTO_FS_NFS_V4_ATTR_ACL_H

#include "../../../acl/acl.h"
#include "idmap.h"

struct dnfs4_compound;

/* The two attributes that say a list. */
enum dnfs4_acl_attr {
	DNFS4_ACL,	/* entries alone */
	DNFS4_DACL,	/* with flags of the list, and which entries were inherited */
};

/* Most bytes of an entry of ours, and fewest of any: type, flags, mask, length of a name. */
#define DNFS4_ACE_BYTES_MIN	16
#define DNFS4_ACE_BYTES_MAX	(DNFS4_ACE_BYTES_MIN + DNFS4_OWNER_TEXT_MAX)
/* Longest list that is read. */
#define DNFS4_ACL_READ_MAX	(8 + DITTO_ACES_MAX * (DNFS4_ACE_BYTES_MIN + DNFS4_OWNER_MAX))

/**
 * struct dnfs4_acl_value - a list as it is said
 * @data: XDR; NULL if there was none yet
 * @len: bytes of it
 * @size: bytes of memory
 */
struct dnfs4_acl_value {
	__be32 *data;
	u32 len;
	u32 size;
};

/* acl_xdr.c */

/**
 * dnfs4_acl_say - make the value of an attribute from a list
 * @cmp: compound
 * @acl: list
 * @attr: which attribute
 * @value: filled; its memory is used again, and is to be freed with dnfs4_acl_value_free()
 *
 * Return: 0, -ENOMEM, or -EJUKEBOX while the helper is asked for a name.
 */
int dnfs4_acl_say(const struct dnfs4_compound *cmp, const struct ditto_acl *acl,
		  enum dnfs4_acl_attr attr, struct dnfs4_acl_value *value);
void dnfs4_acl_value_free(struct dnfs4_acl_value *value);

/**
 * dnfs4_acl_read - the list that an attribute's value says
 * @cmp: the value is the next of @cmp->in
 * @attr: which attribute
 * @acl: filled, to be put; NULL after an error
 *
 * Return: NFS4_OK; BADXDR; ATTRNOTSUPP (types, flags and rights that are not kept here); NOSPC
 * (more than DITTO_ACES_MAX entries); INVAL, BADOWNER (principals); DELAY (no memory, or the helper
 * is asked for a name).
 */
u32 dnfs4_acl_read(struct dnfs4_compound *cmp, enum dnfs4_acl_attr attr, struct ditto_acl **acl);

/* Can this be the list of a directory, or of what is none? NFS4_OK, ATTRNOTSUPP or INVAL. */
u32 dnfs4_acl_fits(const struct ditto_acl *acl, bool is_dir);

/* acl_who.c */

/**
 * struct dnfs4_who - principals being said, one after the other
 * @user: the last user
 * @group: the last group
 * @sid: the last that has a SID for a name
 */
struct dnfs4_who {
	struct dnfs4_owner_text user;
	struct dnfs4_owner_text group;
	char sid[DNFS4_OWNER_TEXT_MAX];
};

/**
 * dnfs4_who_say - what an entry's principal is called
 * @cmp: compound
 * @ace: entry
 * @who: where texts are made; begins as zeros
 * @text: filled: not terminated, valid until @who is used again
 *
 * Return: bytes of @text, or -EJUKEBOX while the helper is asked.
 */
int dnfs4_who_say(const struct dnfs4_compound *cmp, const struct ditto_ace *ace,
		  struct dnfs4_who *who, const char **text);
/**
 * dnfs4_who_read - whom a principal's text means
 * @cmp: compound
 * @text: from the wire
 * @len: of it, not 0
 * @is_group: a name that is not special is that of a group
 * @ace: its principal is filled
 *
 * Return: NFS4_OK, NFS4ERR_BADOWNER, or NFS4ERR_DELAY while the helper is asked.
 */
u32 dnfs4_who_read(const struct dnfs4_compound *cmp, const char *text, u32 len, bool is_group,
		   struct ditto_ace *ace);

#endif
