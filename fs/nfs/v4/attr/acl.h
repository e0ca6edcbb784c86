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

/* acl_xdr.c */
int dnfs4_acl_encode(const struct dnfs4_compound *cmp, const struct ditto_acl *acl,
		     enum dnfs4_acl_attr attr, struct dnfs4_acl_value *value);
void dnfs4_acl_value_free(struct dnfs4_acl_value *value);
u32 dnfs4_acl_read(struct dnfs4_compound *cmp, enum dnfs4_acl_attr attr, struct ditto_acl **acl);
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

/* acl_who.c */
int dnfs4_who_name(const struct dnfs4_compound *cmp, const struct ditto_ace *ace,
		   struct dnfs4_who *who, const char **text);
u32 dnfs4_who_read(const struct dnfs4_compound *cmp, const char *text, u32 len, bool is_group,
		   struct ditto_ace *ace);

#endif
