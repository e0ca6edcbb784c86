/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File systems mounted below the root of a share, which are part of it if its option "nested" says
 * so.
 *
 * Each is a share of its own that only its tag finds, and that has a copy of the options of the
 * share that it is mounted in, its outer share. Handles, free space, quotas, locks and numbers of
 * files therefore belong to its file system, and operations between two file systems fail as
 * between two shares. Its root is on a mount of the server's own, so that the administrator can
 * unmount the file system while it is served.
 *
 * Its identity is made of the outer share's, the covered directory's and the file system's, so that
 * handles stay valid when it is mounted again, and none of them leads into another file system that
 * is mounted there later.
 *
 * The helper reports which mounts there are, and when mounts have changed. A lookup crosses only
 * into file systems that the helper has reported.
 *
 * Locking: changed under the mutex of the table of shares; @nested of a share is also read under
 * RCU.
 */
#ifndef _DITTO_FS_SHARE_NESTED_H
#define _DITTO_FS_SHARE_NESTED_H

struct dentry;
struct ditto_node;
struct ditto_op;
struct ditto_server;
struct ditto_share;
struct ditto_share_table;
struct netlink_ext_ack;

/* File systems within the shares of one server. */
#define DITTO_NESTED_MAX	1024
/* File systems within each other, below the root of a share. */
#define DITTO_NESTED_DEPTH	16

int ditto_nested_add(struct ditto_server *srv, const char *name, const char *mountpoint,
		     struct netlink_ext_ack *extack);
void ditto_nested_check(struct ditto_server *srv);
struct ditto_share *ditto_nested_get(struct ditto_share *share, struct dentry *dentry);
int ditto_nested_follow(const struct ditto_op *op, struct ditto_share **share,
			struct ditto_node **node);
struct ditto_share *ditto_nested_outermost(struct ditto_share *share);
int ditto_nested_for_each(struct ditto_server *srv,
			  int (*fn)(struct ditto_share *share, void *arg), void *arg);
bool ditto_nested_is_inside(const struct ditto_share *nested);
void ditto_nested_set(struct ditto_share_table *table, struct ditto_share *share);
void ditto_nested_trim(struct ditto_share_table *table);
void ditto_nested_release(struct ditto_share *nested);

#endif
