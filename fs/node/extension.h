/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What parts above the nodes keep with nodes and volumes, and what they want to know of these and
 * of shares. Nodes and shares call no such part by name: the tables are in fs/extensions.c.
 */
#ifndef _DITTO_FS_NODE_EXTENSION_H
#define _DITTO_FS_NODE_EXTENSION_H

#include <linux/types.h>

struct ditto_node;
struct ditto_op;
struct ditto_share;
struct ditto_volume;
struct netlink_ext_ack;

/**
 * struct ditto_extension - what one part keeps with nodes and volumes, in members of these
 * @node_init: prepare a new node, which nobody has found yet
 * @node_free: free what was kept with a node, which has no references; may sleep
 * @volume_init: prepare a new volume, whose @caller_opens and @is_remote are set; 0 or -ENOMEM
 * @volume_start: the volume begins to serve its file system; may sleep
 * @volume_stop: the last share has left; the nodes are still there; may sleep
 * @volume_exit: undo @volume_init; no node is left; may sleep
 *
 * Members may be NULL.
 */
struct ditto_extension {
	void (*node_init)(struct ditto_node *node);
	void (*node_free)(struct ditto_node *node);
	int (*volume_init)(struct ditto_volume *volume);
	void (*volume_start)(struct ditto_volume *volume);
	void (*volume_stop)(struct ditto_volume *volume);
	void (*volume_exit)(struct ditto_volume *volume);
};

#define DITTO_EXTENSIONS	8

/* In the order of the calls; @volume_exit goes backwards. */
extern const struct ditto_extension ditto_extensions[DITTO_EXTENSIONS];

/**
 * struct ditto_hooks - who is to know what happens to nodes, volumes and shares
 * @entries_changed: another task changes entries of a directory, whose inode it has locked
 * @attributes_changed: attributes of a file were changed, or may have been; atomic
 * @file_removed: a file has lost its last name. The share may be ending; NULL if it is not known.
 *	May sleep, without locks
 * @file_left: the same of a file that a local process has removed while it was open; locks of
 *	inodes may be held
 * @owner_changed: a client has changed the owner of a file; may sleep, without locks
 * @volume_work: part of the volume's worker
 * @share_check_bin: whether the root of a share can hold its bin; 0, or an errno with the reason in
 *	@extack; may sleep, without locks
 * @share_check_worm: the same for committed files in its file system, which gets a clock
 * @volume_start_worm: read the clock for committed files, before a share of the volume is served;
 *	0, -ENODATA if there is none, or another errno; may sleep as long as the disk hangs
 * @share_changed: a share was added, or has other options; may sleep
 * @share_withdrawn: no new request finds the share; any context
 * @share_ends: no request uses the share, and its claims were released; may sleep
 * @share_leaves: afterwards, before the share leaves its volume; may sleep
 */
struct ditto_hooks {
	void (*entries_changed)(struct ditto_node *dir);
	void (*attributes_changed)(struct ditto_node *node);
	void (*file_removed)(struct ditto_share *share, struct ditto_node *node);
	void (*file_left)(struct ditto_node *node);
	void (*owner_changed)(struct ditto_op *op, struct ditto_node *node);
	void (*volume_work)(struct ditto_volume *volume);
	int (*share_check_bin)(struct ditto_share *share, struct netlink_ext_ack *extack);
	int (*share_check_worm)(struct ditto_share *share, struct netlink_ext_ack *extack);
	int (*volume_start_worm)(struct ditto_volume *volume);
	void (*share_changed)(struct ditto_share *share);
	void (*share_withdrawn)(struct ditto_share *share);
	void (*share_ends)(struct ditto_share *share);
	void (*share_leaves)(struct ditto_share *share);
};

extern const struct ditto_hooks ditto_hooks;

#endif
