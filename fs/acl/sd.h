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

int ditto_sd_decode(const void *bytes, size_t size, u32 at, struct ditto_sd *sd);
bool ditto_sd_unix_mode(const struct ditto_sd *sd, umode_t *mode);
bool ditto_sd_has_only_unix(const struct ditto_sd *sd);
struct ditto_acl *ditto_sd_acl(const struct ditto_sd *sd, const struct ditto_auth_user *user,
			       bool is_dir);
u16 ditto_sd_control(const struct ditto_acl *acl);
struct ditto_acl *ditto_sd_audit_list(const struct ditto_sd *sd,
				      const struct ditto_auth_user *user, bool is_dir);
bool ditto_sd_has_audit_type(const struct ditto_sd *sd, u8 type);
u16 ditto_sd_audit_control(const struct ditto_acl *list);
u32 ditto_specific_rights(u32 mask);

#endif
