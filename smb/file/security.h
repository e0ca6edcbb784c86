/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Security descriptors (MS-DTYP section 2.4.6): owner and group of a file, and its access control
 * list as a DACL.
 */
#ifndef _DITTO_SMB_FILE_SECURITY_H
#define _DITTO_SMB_FILE_SECURITY_H

#include <linux/sizes.h>
#include <linux/types.h>

#include "../transport/cursor.h"
#include "sid.h"

struct ditto_acl;
struct ditto_setattr;
struct dsmb_builder;
struct dsmb_call;

/* SECURITY_INFORMATION: MS-DTYP section 2.4.7 */
#define DSMB_SECURITY_OWNER	BIT(0)
#define DSMB_SECURITY_GROUP	BIT(1)
#define DSMB_SECURITY_DACL	BIT(2)
#define DSMB_SECURITY_SACL	BIT(3)

/* Control: MS-DTYP section 2.4.6 */
#define DSMB_SD_DACL_PRESENT	0x0004
#define DSMB_SD_SELF_RELATIVE	0x8000

/* Longest security descriptor that is accepted, in bytes. */
#define DSMB_SD_MAX		SZ_64K

/**
 * struct dsmb_sd - a received security descriptor
 * @parts: DSMB_SECURITY_* bits of the parts that are present
 * @control: Control
 * @owner: valid with DSMB_SECURITY_OWNER
 * @group: valid with DSMB_SECURITY_GROUP
 * @null_dacl: the DACL is a null DACL, which allows everyone everything
 * @naces: number of entries of the DACL
 * @aces: entries of the DACL as received; borrowed
 */
struct dsmb_sd {
	u32 parts;
	u16 control;
	struct dsmb_sid owner;
	struct dsmb_sid group;
	bool null_dacl;
	u16 naces;
	struct dsmb_cursor aces;
};

/**
 * struct dsmb_secured - source of an encoded security descriptor
 * @uid: owner
 * @gid: group
 * @acl: access control list; may be NULL if the DACL is not requested
 */
struct dsmb_secured {
	kuid_t uid;
	kgid_t gid;
	const struct ditto_acl *acl;
};

/**
 * dsmb_specific_rights - replace the generic rights of a mask by specific rights for files
 * @mask: access mask
 *
 * MS-DTYP section 2.4.3.
 *
 * Return: the mask without generic rights.
 */
u32 dsmb_specific_rights(u32 mask);

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
u32 dsmb_get_sd(struct dsmb_cursor c, struct dsmb_sd *sd);

/**
 * dsmb_sd_unix_mode - find a DACL entry that carries a mode (S-1-5-88-3)
 * @sd: decoded security descriptor
 * @mode: set to the mode, with set-id bits
 *
 * Return: false if there is no such entry.
 */
bool dsmb_sd_unix_mode(const struct dsmb_sd *sd, umode_t *mode);

/* The DACL: dacl.c */

/**
 * dsmb_dacl_control - get the Control bits of a list
 * @acl: access control list
 *
 * Return: Control bits of MS-DTYP section 2.4.6, with DACL_PRESENT.
 */
u16 dsmb_dacl_control(const struct ditto_acl *acl);

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
 * dsmb_get_trustee - decode the SID of the next DACL entry
 * @aces: entries; positioned at one
 * @sid: filled if the type of the entry is known, else empty
 *
 * Return: false if the entry is malformed.
 */
bool dsmb_get_trustee(struct dsmb_cursor *aces, struct dsmb_sid *sid);

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
u32 dsmb_sd_acl(const struct dsmb_sd *sd, const struct ditto_auth_user *user, bool is_dir,
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
 * Return: as dsmb_sd_acl().
 */
u32 dsmb_sd_new(const struct dsmb_call *call, const struct dsmb_sd *sd, bool is_dir,
		struct ditto_setattr *set, struct ditto_acl **acl);

#endif
