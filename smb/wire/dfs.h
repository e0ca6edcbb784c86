/* SPDX-License-Identifier: GPL-2.0-only */
/* DFS referrals: MS-DFSC section 2.2. */
#ifndef _DITTO_SMB_WIRE_DFS_H
#define _DITTO_SMB_WIRE_DFS_H

#include "../../fs/share/link.h"
#include "builder.h"
#include "cursor.h"

/* Highest version of a referral. */
#define DSMB_REFERRAL_VERSION	4

struct dsmb_path;

/**
 * struct dsmb_referral - a response to a referral request
 * @version: of its entries, 1 to DSMB_REFERRAL_VERSION
 * @link: its targets are returned; NULL for the root, whose only target is @path itself
 * @interlink: its only target is in a DFS namespace
 * @path: the part of the request that was consumed, in UTF-16, with one leading '\'
 */
struct dsmb_referral {
	u16 version;
	const struct ditto_share_link *link;
	bool interlink;
	struct dsmb_cursor path;
};

/* Find the link of a path, cut off what is before the share's root, and encode; see dfs.c. */
const struct ditto_share_link *dsmb_dfs_find_link(const struct ditto_links *links,
						  const struct dsmb_path *path, bool short_names);
bool dsmb_dfs_split(struct dsmb_cursor *path, struct dsmb_cursor *share);
void dsmb_referral_encode(struct dsmb_builder *out, const struct dsmb_referral *referral);

#endif
