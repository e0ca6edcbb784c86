/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Security descriptors (MS-DTYP section 2.4.6) of files that have an owner, a
 * group and a mode: made from these, and turned into these.
 */
#ifndef _DITTO_SMB_SECURITY_H
#define _DITTO_SMB_SECURITY_H

#include <linux/types.h>

#include "cursor.h"
#include "sid.h"

struct dsmb_attrs;
struct dsmb_builder;

/* SECURITY_INFORMATION: MS-DTYP section 2.4.7 */
#define DSMB_SECURITY_OWNER	BIT(0)
#define DSMB_SECURITY_GROUP	BIT(1)
#define DSMB_SECURITY_DACL	BIT(2)
#define DSMB_SECURITY_SACL	BIT(3)

/**
 * struct dsmb_sd - a descriptor that came
 * @parts: DSMB_SECURITY_* that are in it
 * @owner: valid with DSMB_SECURITY_OWNER
 * @group: valid with DSMB_SECURITY_GROUP
 * @null_dacl: there is a DACL, and it lets everybody do everything
 * @naces: entries of the DACL
 * @aces: they, as they came; borrowed
 */
struct dsmb_sd {
	u32 parts;
	struct dsmb_sid owner;
	struct dsmb_sid group;
	bool null_dacl;
	u16 naces;
	struct dsmb_cursor aces;
};

/* Longest that dsmb_put_sd() makes. */
#define DSMB_SD_MAX		512

/* A self-relative one with those of @parts that are not SACL. */
void dsmb_put_sd(struct dsmb_builder *b, const struct dsmb_attrs *attrs, u32 parts);
/* Return: 0 or -EINVAL (INVALID_SECURITY_DESCR). Every entry is checked. */
int dsmb_get_sd(struct dsmb_cursor c, struct dsmb_sd *sd);
/* The permission bits that come next to the DACL for a file of that owner and group. */
umode_t dsmb_sd_mode(const struct dsmb_sd *sd, kuid_t uid, kgid_t gid);
/* The same where an entry says the mode itself (S-1-5-88-3), set-id bits too. False without one. */
bool dsmb_sd_unix_mode(const struct dsmb_sd *sd, umode_t *mode);

#endif
