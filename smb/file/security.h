/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Security descriptors (MS-DTYP section 2.4.6): owner and group of a file, and its list
 * as a DACL.
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

/* Control */
#define DSMB_SD_DACL_PRESENT	0x0004
#define DSMB_SD_SELF_RELATIVE	0x8000

/* Longest that is taken. */
#define DSMB_SD_MAX		SZ_64K

/**
 * struct dsmb_sd - a descriptor that came
 * @parts: DSMB_SECURITY_* that are in it
 * @control: Control
 * @owner: valid with DSMB_SECURITY_OWNER
 * @group: valid with DSMB_SECURITY_GROUP
 * @null_dacl: there is a DACL, and it lets everybody do everything
 * @naces: entries of the DACL
 * @aces: they, as they came; borrowed
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
 * struct dsmb_secured - what a descriptor is made from
 * @uid: owner
 * @gid: group
 * @acl: the list; may be NULL if it is not asked for
 */
struct dsmb_secured {
	kuid_t uid;
	kgid_t gid;
	const struct ditto_acl *acl;
};

/* What generic rights of a mask stand for (MS-DTYP section 2.4.3), for files. */
u32 dsmb_specific_rights(u32 mask);

/* A self-relative one with those of @parts that are not SACL, and its length. */
u32 dsmb_sd_size(const struct dsmb_secured *secured, u32 parts);
void dsmb_put_sd(struct dsmb_builder *b, const struct dsmb_secured *secured, u32 parts);
/* Return: SUCCESS, INVALID_SECURITY_DESCR, ALLOTTED_SPACE_EXCEEDED. Every entry is checked. */
u32 dsmb_get_sd(struct dsmb_cursor c, struct dsmb_sd *sd);
/* An entry of the DACL says the mode (S-1-5-88-3), set-id bits too. False without one. */
bool dsmb_sd_unix_mode(const struct dsmb_sd *sd, umode_t *mode);

/* The DACL: smb/file/dacl.c */

/* What Control says of it. */
u16 dsmb_dacl_control(const struct ditto_acl *acl);
/* 0 for a null one. */
u32 dsmb_dacl_size(const struct dsmb_secured *secured);
void dsmb_put_dacl(struct dsmb_builder *b, const struct dsmb_secured *secured);
/* The next entry's principal, if its type is known; false if it is malformed. */
bool dsmb_get_trustee(struct dsmb_cursor *aces, struct dsmb_sid *sid);
/**
 * dsmb_sd_acl - the list that a DACL is
 * @sd: as dsmb_get_sd() filled it; without a DACL it is as with a null one
 * @user: who sent it: his SID of a domain is his account here
 * @is_dir: of a directory
 * @out: the list, to be put
 *
 * Return: SUCCESS, or why there is none: ALLOTTED_SPACE_EXCEEDED (DITTO_ACES_MAX),
 * NOT_SUPPORTED (denies something by what is not evaluated here), INSUFFICIENT_RESOURCES.
 */
u32 dsmb_sd_acl(const struct dsmb_sd *sd, const struct ditto_auth_user *user, bool is_dir,
		struct ditto_acl **out);

/**
 * dsmb_sd_new - what the descriptor of a CREATE asks for: smb/file/set_security.c
 * @call: the call
 * @sd: it
 * @is_dir: a directory is made
 * @set: owner, group, mode and list are filled in
 * @acl: the list, if it has one, to be put
 *
 * An owner that is nobody here is not taken over: who makes a file owns it.
 * Return: as dsmb_sd_acl().
 */
u32 dsmb_sd_new(const struct dsmb_call *call, const struct dsmb_sd *sd, bool is_dir,
		struct ditto_setattr *set, struct ditto_acl **acl);

#endif
