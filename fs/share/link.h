/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Links of a share: directories behind which clients find what another server has. A protocol
 * refers its clients to the targets of a link; the directory itself stays as it is.
 *
 * Locking: a table of links does not change after it was published with the options of a share.
 */
#ifndef _DITTO_FS_SHARE_LINK_H
#define _DITTO_FS_SHARE_LINK_H

#include <linux/refcount.h>
#include <linux/types.h>

#include "../node/node.h"
#include "../node/share_types.h"

struct netlink_ext_ack;

/* Links of a share, targets of a link, and bytes of a path and of the name of a server. */
#define DITTO_LINKS_MAX			64
#define DITTO_LINK_TARGETS_MAX		8
#define DITTO_LINK_PATH_MAX		1023
#define DITTO_LINK_SERVER_MAX		255
/* Bytes of the text of all links of a share. */
#define DITTO_LINKS_TEXT_MAX		8191

/**
 * struct ditto_link_target - where a link leads
 * @server: name or address, without brackets
 * @path: path on that server, whose first component is a share, without a leading slash
 */
struct ditto_link_target {
	const char *server;
	const char *path;
};

/**
 * struct ditto_share_link - a link of a share
 * @path: its directory, from the root of the share, without a leading slash
 * @count: number of @target
 * @target: in the order of preference
 * @ino: inode of the directory, if @fid is known
 * @fid: the directory; @fid.len is 0 if there was none when the link was set
 */
struct ditto_share_link {
	const char *path;
	unsigned int count;
	struct ditto_link_target target[DITTO_LINK_TARGETS_MAX];
	u64 ino;
	struct ditto_fid fid;
};

/**
 * struct ditto_links - the links of a share; none of them is within another one
 * @ref: holders
 * @share: number of the share in which the directories were looked for; 0 before
 * @count: number of @link
 * @text: the links as they were set
 * @words: memory of the strings of @link
 * @link: the links
 */
struct ditto_links {
	refcount_t ref;
	u32 share;
	unsigned int count;
	char *text;
	char *words;
	struct ditto_share_link link[] __counted_by(count);
};

/* Make, drop, get and search links; see link.c. */
struct ditto_links *ditto_links_parse(const char *text, struct netlink_ext_ack *extack);
void ditto_links_put(struct ditto_links *links);
void ditto_links_find_dirs(const struct ditto_share *share, struct ditto_links *links,
			   struct netlink_ext_ack *extack);
bool ditto_share_has_link_at(const struct ditto_share *share, u64 ino);
struct ditto_links *ditto_share_links(const struct ditto_share *share);
const struct ditto_share_link *ditto_link_of(const struct ditto_links *links,
					     const struct ditto_share *share, struct inode *inode);
bool ditto_share_has_link(const struct ditto_share *share, struct inode *inode);

/* True if the share has links. Any context; this is all that other shares pay. */
static inline bool ditto_share_has_links(const struct ditto_share *share)
{
	return unlikely(READ_ONCE(share->has_links));
}

/* True if an inode, which may be NULL, is the directory of a link of the share. Any context. */
static inline bool ditto_share_is_link(const struct ditto_share *share, struct inode *inode)
{
	return ditto_share_has_links(share) && ditto_share_has_link(share, inode);
}

#endif
