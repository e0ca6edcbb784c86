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

/**
 * dsmb_sd_size - compute the size of an encoded security descriptor
 * @secured: its source
 * @parts: DSMB_SECURITY_* bits
 *
 * Return: bytes of the self-relative form.
 */
u32 dsmb_sd_size(const struct dsmb_secured *secured, u32 parts);

/**
 * dsmb_encode_sd - encode a self-relative security descriptor
 * @b: buffer
 * @secured: its source
 * @parts: DSMB_SECURITY_* bits
 */
void dsmb_encode_sd(struct dsmb_builder *b, const struct dsmb_secured *secured, u32 parts);

/**
 * dsmb_get_sd - decode a self-relative security descriptor
 * @c: the descriptor as received
 * @sd: filled; points into the buffer of @c
 *
 * Every entry of the DACL and of the SACL is checked.
 *
 * Return: STATUS_SUCCESS, STATUS_INVALID_SECURITY_DESCR or STATUS_ALLOTTED_SPACE_EXCEEDED.
 */
u32 dsmb_get_sd(struct dsmb_cursor c, struct ditto_sd *sd);

/* The DACL and the SACL: dacl.c */

/**
 * dsmb_list_size - compute the size of an encoded DACL or SACL
 * @secured: source of the descriptor
 * @list: its access control list or audit list
 *
 * Return: bytes; 0 for a null DACL.
 */
u32 dsmb_list_size(const struct dsmb_secured *secured, const struct ditto_acl *list);

/**
 * dsmb_encode_list - encode a DACL or SACL
 * @b: buffer
 * @secured: source of the descriptor
 * @list: its access control list or audit list; not null
 */
void dsmb_encode_list(struct dsmb_builder *b, const struct dsmb_secured *secured,
		      const struct ditto_acl *list);

/**
 * dsmb_sd_acl - convert a DACL to an access control list
 * @sd: decoded security descriptor; without a DACL it is treated as one with a null DACL
 * @user: user who sent it; the user's domain SID stands for the local account
 * @is_dir: the list is for a directory
 * @out: set to the list, to be dropped with ditto_acl_put()
 *
 * Return: STATUS_SUCCESS; STATUS_ALLOTTED_SPACE_EXCEEDED (more than DITTO_ACES_MAX entries);
 *	STATUS_NOT_SUPPORTED (an entry denies access on a condition that is not evaluated here);
 *	STATUS_INSUFFICIENT_RESOURCES.
 */
u32 dsmb_sd_acl(const struct ditto_sd *sd, const struct ditto_auth_user *user, bool is_dir,
		struct ditto_acl **out);

/**
 * dsmb_sd_audit - convert a SACL to an audit list
 * @sd: decoded security descriptor
 * @user: as for dsmb_sd_acl()
 * @is_dir: the list is for a directory
 * @out: set to the list, to be dropped with ditto_acl_put(); NULL if there is nothing to keep
 *
 * Return: as dsmb_sd_acl().
 */
u32 dsmb_sd_audit(const struct ditto_sd *sd, const struct ditto_auth_user *user, bool is_dir,
		  struct ditto_acl **out);

/**
 * dsmb_sd_new - convert the security descriptor of a CREATE
 * @call: the CREATE
 * @sd: decoded security descriptor
 * @is_dir: a directory is created
 * @set: owner, group, mode and list are filled in
 * @acl: set to the list, if there is one, to be dropped with ditto_acl_put()
 * @audit: set to the audit list, if there is one, to be dropped likewise
 *
 * An owner that is unknown here is ignored; the creator owns the file then. Implemented in
 * set_security.c. MS-SMB2 section 3.3.5.9.2.
 *
 * Return: as dsmb_sd_acl(), or DSMB_PARKED; @acl may be set in any case.
 */
u32 dsmb_sd_new(struct dsmb_call *call, const struct ditto_sd *sd, bool is_dir,
		struct ditto_setattr *set, struct ditto_acl **acl, struct ditto_acl **audit);

/**
 * dsmb_set_audit_new - set the audit list of a new file
 * @call: the CREATE; its user has the privilege to do so
 * @node: the file
 * @audit: the list
 *
 * Implemented in set_security.c.
 *
 * Return: STATUS_SUCCESS or the error.
 */
u32 dsmb_set_audit_new(struct dsmb_call *call, struct ditto_node *node,
		       const struct ditto_acl *audit);

#endif
