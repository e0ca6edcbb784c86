/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hard links: the names that a file has open instances by. A deletion concerns the name that the
 * instance was opened by, and waits for the instances of that name only (MS-FSA sections
 * 2.1.5.15.3 and 2.1.5.5). A name is identified by its dentry, which follows it when it is renamed,
 * and which no other file gets.
 *
 * Locking: ditto_node.lock guards the tree and all members but the dentry. @delete_cred is also
 * read without it.
 *
 * Lifetime: from the first instance of a name until the last one is closed and, if the name is
 * delete pending, removed. Nobody joins a name that is delete pending. The memory is a part of the
 * instance that came first, or, for a stream's own name, allocated.
 */
#ifndef _DITTO_FS_NODE_HARDLINK_H
#define _DITTO_FS_NODE_HARDLINK_H

#include <linux/rbtree.h>
#include <linux/types.h>

struct dentry;
struct ditto_cred;
struct ditto_node;
struct ditto_owner;

/**
 * struct ditto_hardlink - a name of a file, directory or stream, with the instances opened by it
 * @of_node: link in the node's @hardlinks, ordered by @dentry
 * @dentry: the name, held; constant
 * @instances: number of open instances of the file, and of its streams, that it was opened by
 * @embedded: it is the @own_link of an instance; constant
 * @counts: counted in the node's @deletions: delete pending, and the name was still there when it
 *	was looked at
 * @delete_cred: credential of the caller that asked for the deletion, held; NULL unless delete
 *	pending
 * @delete_owner: owner of the caching grants that this caller has on the directory, held; or NULL
 */
struct ditto_hardlink {
	struct rb_node of_node;
	struct dentry *dentry;
	u32 instances;
	bool embedded;
	bool counts;
	struct ditto_cred *delete_cred;
	struct ditto_owner *delete_owner;
};

/* True if the name is delete pending; false for NULL. Any context. */
static inline bool ditto_hardlink_is_deleted(const struct ditto_hardlink *link)
{
	return link && READ_ONCE(link->delete_cred);
}

struct ditto_hardlink *ditto_hardlink_find(struct ditto_node *node, const struct dentry *dentry);
void ditto_hardlink_insert(struct ditto_node *node, struct ditto_hardlink *link);
void ditto_hardlink_erase(struct ditto_node *node, struct ditto_hardlink *link);
void ditto_hardlink_delete(struct ditto_node *node, struct ditto_hardlink *link,
			   struct ditto_cred *delete_cred, struct ditto_owner *owner);
struct ditto_cred *ditto_hardlink_undelete(struct ditto_node *node, struct ditto_hardlink *link,
					   bool erase);
void ditto_hardlink_removed(struct ditto_node *node, const struct dentry *dentry);
u32 ditto_hardlinks_deleted(struct ditto_node *node);
bool ditto_hardlink_refuses(struct ditto_node *node, const struct dentry *dentry);

#endif
