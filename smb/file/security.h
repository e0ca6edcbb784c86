/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Security descriptors (MS-DTYP section 2.4.6): owner and group of a file, its access control list
 * as a DACL, and its audit list as a SACL.
 */
#ifndef _DITTO_SMB_FILE_SECURITY_H
#define _DITTO_SMB_FILE_SECURITY_H

#include <linux/types.h>

#include "../../fs/acl/sd.h"
#include "../wire/cursor.h"
#include "../wire/sid.h"

struct ditto_acl;
struct ditto_node;
struct ditto_setattr;
struct dsmb_builder;
struct dsmb_attrs;
struct dsmb_call;

/* SECURITY_INFORMATION: MS-DTYP section 2.4.7 */
#define DSMB_SECURITY_OWNER	DITTO_SD_OWNER
#define DSMB_SECURITY_GROUP	DITTO_SD_GROUP
#define DSMB_SECURITY_DACL	DITTO_SD_DACL
#define DSMB_SECURITY_SACL	DITTO_SD_SACL
/* Parts of the SACL that are not kept: label, resource attributes, central access policy. */
#define DSMB_SECURITY_LABEL	BIT(4)
#define DSMB_SECURITY_ATTRIBUTE	BIT(5)
#define DSMB_SECURITY_SCOPE	BIT(6)
#define DSMB_SECURITY_BACKUP	BIT(16)	/* everything */
#define DSMB_SECURITY_ALL \
	(DSMB_SECURITY_OWNER | DSMB_SECURITY_GROUP | DSMB_SECURITY_DACL | DSMB_SECURITY_SACL)

/**
 * struct dsmb_secured - source of an encoded security descriptor
 * @owner: SID of the owner
 * @group: SID of the group
 * @acl: access control list; may be NULL if the DACL is not requested
 * @audit: audit list; NULL without one
 * @unix_of: attributes whose owner, group and mode further entries of the DACL name; or NULL
 */
struct dsmb_secured {
	struct ditto_sid owner;
	struct ditto_sid group;
	struct ditto_acl *acl;
	struct ditto_acl *audit;
	const struct dsmb_attrs *unix_of;
};

u32 dsmb_sd_size(const struct dsmb_secured *secured, u32 parts);
void dsmb_encode_sd(struct dsmb_builder *b, const struct dsmb_secured *secured, u32 parts);
u32 dsmb_get_sd(struct dsmb_cursor c, struct ditto_sd *sd);

/* The DACL and the SACL: dacl.c */

u32 dsmb_list_size(const struct dsmb_secured *secured, const struct ditto_acl *list);
void dsmb_encode_list(struct dsmb_builder *b, const struct dsmb_secured *secured,
		      const struct ditto_acl *list);

u32 dsmb_sd_acl(const struct ditto_sd *sd, const struct ditto_auth_user *user, bool is_dir,
		struct ditto_acl **out);
u32 dsmb_sd_audit(const struct ditto_sd *sd, const struct ditto_auth_user *user, bool is_dir,
		  struct ditto_acl **out);

u32 dsmb_sd_new(struct dsmb_call *call, const struct ditto_sd *sd, bool is_dir,
		struct ditto_setattr *set, struct ditto_acl **acl, struct ditto_acl **audit);
u32 dsmb_set_audit_new(struct dsmb_call *call, struct ditto_node *node,
		       const struct ditto_acl *audit);

#endif
