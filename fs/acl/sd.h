/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Security descriptors (MS-DTYP section 2.4.6) as a source of lists: owner and group of a file, its
 * list as a DACL, and its audit list as a SACL.
 */
#ifndef _DITTO_FS_ACL_SD_H
#define _DITTO_FS_ACL_SD_H

#include <linux/sizes.h>
#include <linux/types.h>

#include "sid.h"

struct ditto_acl;
struct ditto_auth_user;

/* Parts; the values are as in SECURITY_INFORMATION, MS-DTYP section 2.4.7. */
#define DITTO_SD_OWNER		BIT(0)
#define DITTO_SD_GROUP		BIT(1)
#define DITTO_SD_DACL		BIT(2)
#define DITTO_SD_SACL		BIT(3)

/* Control: MS-DTYP section 2.4.6 */
#define DITTO_SD_DACL_PRESENT	0x0004
#define DITTO_SD_SACL_PRESENT	0x0010
#define DITTO_SD_SELF_RELATIVE	0x8000

#define DITTO_SD_REVISION	1
/* Bytes of the fixed part. */
#define DITTO_SD_HEAD		20
/* Longest security descriptor that is accepted, in bytes. */
#define DITTO_SD_MAX		SZ_64K

/**
 * struct ditto_sd - a decoded security descriptor
 * @parts: DITTO_SD_* bits of the parts that are present
 * @control: Control
 * @owner: valid with DITTO_SD_OWNER
 * @group: valid with DITTO_SD_GROUP
 * @null_dacl: the DACL is a null DACL, which allows everyone everything
 * @naces: number of entries of the DACL
 * @aces: entries of the DACL as received; borrowed
 * @size: bytes of @aces
 * @naudits: number of entries of the SACL
 * @audits: entries of the SACL as received; borrowed
 * @audits_size: bytes of @audits
 */
struct ditto_sd {
	u32 parts;
	u16 control;
	struct ditto_sid owner;
	struct ditto_sid group;
	bool null_dacl;
	u16 naces;
	const u8 *aces;
	u32 size;
	u16 naudits;
	const u8 *audits;
	u32 audits_size;
};

/**
 * ditto_sd_decode - decode a self-relative security descriptor
 * @bytes: what its offsets count from
 * @size: number of bytes
 * @at: where it begins
 * @sd: filled; points into @bytes
 *
 * Every entry of the DACL and of the SACL is checked.
 *
 * Context: any.
 * Return: 0; -EINVAL if it is malformed; -E2BIG if it has more than DITTO_SD_MAX bytes.
 */
int ditto_sd_decode(const void *bytes, size_t size, u32 at, struct ditto_sd *sd);

/**
 * ditto_sd_unix_mode - find a DACL entry that carries a mode (S-1-5-88-3)
 * @sd: decoded security descriptor
 * @mode: set to the mode, with set-id bits
 *
 * Context: any.
 * Return: false if there is no such entry.
 */
bool ditto_sd_unix_mode(const struct ditto_sd *sd, umode_t *mode);

/* True if the DACL has entries, and all of them only name owner, group or mode. Any context. */
bool ditto_sd_has_only_unix(const struct ditto_sd *sd);

/**
 * ditto_sd_acl - convert a DACL to an access control list
 * @sd: decoded security descriptor; without a DACL it is treated as one with a null DACL
 * @user: user who sent it, or NULL; the user's domain SID stands for the local account
 * @is_dir: the list is for a directory
 *
 * Return: the list, to be put; ERR_PTR(-E2BIG) (more than DITTO_ACES_MAX entries);
 * ERR_PTR(-EOPNOTSUPP) (an entry denies access on a condition that is not evaluated here);
 * ERR_PTR(-ENOMEM).
 */
struct ditto_acl *ditto_sd_acl(const struct ditto_sd *sd, const struct ditto_auth_user *user,
			       bool is_dir);

/**
 * ditto_sd_control - get the Control bits of a list
 * @acl: access control list
 *
 * Context: any.
 * Return: Control bits of MS-DTYP section 2.4.6, with DITTO_SD_DACL_PRESENT.
 */
u16 ditto_sd_control(const struct ditto_acl *acl);

/**
 * ditto_sd_audit_list - convert a SACL to an audit list
 * @sd: decoded security descriptor
 * @user: as for ditto_sd_acl()
 * @is_dir: the list is for a directory
 *
 * Entries of other types than SYSTEM_AUDIT_ACE_TYPE are left out.
 *
 * Return: the list, to be put; NULL if it says nothing; ERR_PTR(-E2BIG) (more than DITTO_ACES_MAX
 * entries); ERR_PTR(-ENOMEM).
 */
struct ditto_acl *ditto_sd_audit_list(const struct ditto_sd *sd,
				      const struct ditto_auth_user *user, bool is_dir);

/**
 * ditto_sd_has_audit_type - look for SACL entries of a type
 * @sd: decoded security descriptor
 * @type: AceType of MS-DTYP section 2.4.4.1
 *
 * Context: any.
 * Return: true if there is one.
 */
bool ditto_sd_has_audit_type(const struct ditto_sd *sd, u8 type);

/**
 * ditto_sd_audit_control - get the Control bits of an audit list
 * @list: the list
 *
 * Context: any.
 * Return: Control bits of MS-DTYP section 2.4.6, with DITTO_SD_SACL_PRESENT.
 */
u16 ditto_sd_audit_control(const struct ditto_acl *list);

/**
 * ditto_specific_rights - replace the generic rights of a mask by specific rights for files
 * @mask: access mask
 *
 * MS-DTYP section 2.4.3.
 *
 * Context: any.
 * Return: the mask without generic rights.
 */
u32 ditto_specific_rights(u32 mask);

#endif
