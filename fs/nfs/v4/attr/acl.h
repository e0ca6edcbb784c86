/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access control lists on the wire: nfsace4, acl and dacl (RFC 8881 section 6.2).
 */
#ifndef _DITTO_FS_NFS_V4_ATTR_ACL_H
#define _DITTO_FS_NFS_V4_ATTR_ACL_H

#include "../../../acl/acl.h"
#include "idmap.h"

struct dnfs4_compound;

/* The two attributes that carry a list. */
enum dnfs4_acl_attr {
	DNFS4_ACL,	/* acl: only the entries */
	DNFS4_DACL,	/* dacl: flags of the list and the INHERITED flag of entries as well */
};

/* Fewest bytes of an entry (type, flags, mask, name length) and most bytes of an encoded one. */
#define DNFS4_ACE_BYTES_MIN	16
#define DNFS4_ACE_BYTES_MAX	(DNFS4_ACE_BYTES_MIN + DNFS4_OWNER_TEXT_MAX)
/* Bytes of the longest list that is decoded. */
#define DNFS4_ACL_READ_MAX	(8 + DITTO_ACES_MAX * (DNFS4_ACE_BYTES_MIN + DNFS4_OWNER_MAX))

/**
 * struct dnfs4_acl_value - an encoded list
 * @data: XDR; NULL if no buffer was allocated yet
 * @len: bytes of XDR
 * @size: bytes allocated for @data
 */
struct dnfs4_acl_value {
	__be32 *data;
	u32 len;
	u32 size;
};

/* acl_xdr.c */

/**
 * dnfs4_acl_encode - encode a list as the value of an attribute
 * @cmp: compound
 * @acl: list
 * @attr: which attribute
 * @value: filled; its buffer is reused if it is large enough; the caller frees it with
 *	dnfs4_acl_value_free()
 *
 * Return: 0, -ENOMEM, or -EJUKEBOX while the helper is asked for a name.
 */
int dnfs4_acl_encode(const struct dnfs4_compound *cmp, const struct ditto_acl *acl,
		     enum dnfs4_acl_attr attr, struct dnfs4_acl_value *value);

/**
 * dnfs4_acl_value_free - free the buffer of an encoded list
 * @value: may be all zeros
 */
void dnfs4_acl_value_free(struct dnfs4_acl_value *value);

/**
 * dnfs4_acl_read - decode a list from an attribute's value
 * @cmp: the value is next in @cmp->in
 * @attr: which attribute
 * @acl: filled, to be put by the caller; NULL after an error
 *
 * Return: NFS4_OK; NFS4ERR_BADXDR; NFS4ERR_ATTRNOTSUPP (types, flags or rights that cannot be
 * stored); NFS4ERR_NOSPC (more than DITTO_ACES_MAX entries); NFS4ERR_INVAL or NFS4ERR_BADOWNER
 * (principals); NFS4ERR_DELAY (no memory, or the helper is asked for a name).
 */
u32 dnfs4_acl_read(struct dnfs4_compound *cmp, enum dnfs4_acl_attr attr, struct ditto_acl **acl);

/**
 * dnfs4_acl_fits - check that a list is valid for a kind of file
 * @acl: list
 * @is_dir: the file is a directory, so that entries may be inheritable
 *
 * Return: NFS4_OK; NFS4ERR_ATTRNOTSUPP (inheritance flags on a file that is not a directory,
 * RFC 8881 section 6.2.1.4.1); NFS4ERR_INVAL.
 */
u32 dnfs4_acl_fits(const struct ditto_acl *acl, bool is_dir);

/* acl_who.c */

/**
 * struct dnfs4_who - buffers for the names of principals, reused from entry to entry
 * @user: the last user
 * @group: the last group
 * @sid: the last principal that is named by its SID
 */
struct dnfs4_who {
	struct dnfs4_owner_text user;
	struct dnfs4_owner_text group;
	char sid[DNFS4_OWNER_TEXT_MAX];
};

/**
 * dnfs4_who_name - give the name of an entry's principal (RFC 8881 section 6.2.1.5)
 * @cmp: compound
 * @ace: entry
 * @who: buffers for the name; all zeros at first
 * @text: filled: the name, not terminated, valid until @who is used again
 *
 * Return: bytes of @text, or -EJUKEBOX while the helper is asked.
 */
int dnfs4_who_name(const struct dnfs4_compound *cmp, const struct ditto_ace *ace,
		   struct dnfs4_who *who, const char **text);
/**
 * dnfs4_who_read - find the principal of a name (RFC 8881 section 6.2.1.5)
 * @cmp: compound
 * @text: name from the wire
 * @len: bytes of @text, not 0
 * @is_group: a name that is not a special one names a group
 * @ace: its flags are filled; its principal is filled here
 *
 * Return: NFS4_OK, NFS4ERR_BADOWNER, or NFS4ERR_DELAY while the helper is asked.
 */
u32 dnfs4_who_read(const struct dnfs4_compound *cmp, const char *text, u32 len, bool is_group,
		   struct ditto_ace *ace);

#endif
