/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Security descriptors (MS-DTYP section 2.4.6): owner and group of a file, and its access control
 * list as a DACL.
 */
#ifndef _DITTO_SMB_FILE_SECURITY_H
#define _DITTO_SMB_FILE_SECURITY_H

#include <linux/types.h>

#include "../../fs/acl/sd.h"
#include "../transport/cursor.h"
#include "sid.h"

struct ditto_acl;
struct ditto_setattr;
struct dsmb_builder;
struct dsmb_call;

/* SECURITY_INFORMATION: MS-DTYP section 2.4.7 */
#define DSMB_SECURITY_OWNER	DITTO_SD_OWNER
#define DSMB_SECURITY_GROUP	DITTO_SD_GROUP
#define DSMB_SECURITY_DACL	DITTO_SD_DACL
#define DSMB_SECURITY_SACL	DITTO_SD_SACL

/**
 * struct dsmb_secured - source of an encoded security descriptor
 * @owner: SID of the owner
 * @group: SID of the group
 * @acl: access control list; may be NULL if the DACL is not requested
 */
struct dsmb_secured {
	struct ditto_sid owner;
	struct ditto_sid group;
	struct ditto_acl *acl;
};

/**
 * dsmb_sd_size - compute the size of an encoded security descriptor
 * @secured: its source
 * @parts: DSMB_SECURITY_* bits; SACL is ignored
 *
 * Return: bytes of the self-relative form.
 */
u32 dsmb_sd_size(const struct dsmb_secured *secured, u32 parts);

/**
 * dsmb_encode_sd - encode a self-relative security descriptor
 * @b: buffer
 * @secured: its source
 * @parts: DSMB_SECURITY_* bits; SACL is ignored
 */
void dsmb_encode_sd(struct dsmb_builder *b, const struct dsmb_secured *secured, u32 parts);

/**
 * dsmb_get_sd - decode a self-relative security descriptor
 * @c: the descriptor as received
 * @sd: filled; points into the buffer of @c
 *
 * Every entry of the DACL is checked.
 *
 * Return: STATUS_SUCCESS, STATUS_INVALID_SECURITY_DESCR or STATUS_ALLOTTED_SPACE_EXCEEDED.
 */
u32 dsmb_get_sd(struct dsmb_cursor c, struct ditto_sd *sd);

/* The DACL: dacl.c */

/**
 * dsmb_dacl_size - compute the size of an encoded DACL
 * @secured: source of the descriptor, with a list
 *
 * Return: bytes; 0 for a null DACL.
 */
u32 dsmb_dacl_size(const struct dsmb_secured *secured);

/**
 * dsmb_encode_dacl - encode a DACL
 * @b: buffer
 * @secured: source of the descriptor, with a list that is not null
 */
void dsmb_encode_dacl(struct dsmb_builder *b, const struct dsmb_secured *secured);

/**
 * dsmb_sd_acl - convert a DACL to an access control list
 * @sd: decoded security descriptor; without a DACL it is treated as one with a null DACL
 * @user: user who sent it; the user's domain SID stands for the local account
 * @is_dir: the list is for a directory
 * @out: set to the list, to be dropped with ditto_acl_put()
 *
 * Context: may sleep.
 * Return: STATUS_SUCCESS; STATUS_ALLOTTED_SPACE_EXCEEDED (more than DITTO_ACES_MAX entries);
 *	STATUS_NOT_SUPPORTED (an entry denies access on a condition that is not evaluated here);
 *	STATUS_INSUFFICIENT_RESOURCES.
 */
u32 dsmb_sd_acl(const struct ditto_sd *sd, const struct ditto_auth_user *user, bool is_dir,
		struct ditto_acl **out);

/**
 * dsmb_sd_new - convert the security descriptor of a CREATE
 * @call: the CREATE
 * @sd: decoded security descriptor
 * @is_dir: a directory is created
 * @set: owner, group, mode and list are filled in
 * @acl: set to the list, if there is one, to be dropped with ditto_acl_put()
 *
 * An owner that is unknown here is ignored; the creator owns the file then. Implemented in
 * set_security.c. MS-SMB2 section 3.3.5.9.2.
 *
 * Context: may sleep.
 * Return: as dsmb_sd_acl(), or DSMB_PARKED; @acl may be set in any case.
 */
u32 dsmb_sd_new(struct dsmb_call *call, const struct ditto_sd *sd, bool is_dir,
		struct ditto_setattr *set, struct ditto_acl **acl);

#endif
