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

/**
 * ditto_nested_add - make a mounted file system part of a share
 * @srv: the server
 * @name: name of the share
 * @mountpoint: absolute path of the mount, resolved in the caller's root
 * @extack: gets a message on error; may be NULL
 *
 * Does nothing if it is part of the share already. File systems between the share and this one are
 * added, too. Waits for the end of a volume of the same file system, if it was served before.
 *
 * Context: process, may sleep; the caller has checked CAP_NET_ADMIN.
 * Return: 0; -ENOENT (no such share, or not a mount below it); -EOPNOTSUPP (the file system gives
 * no file handles, or is FUSE); -EINVAL (the share does not want it, or the mount is unbindable);
 * -ENOTDIR; -ENOSPC; -ELOOP; -EINTR; -ENOMEM and others.
 */
int ditto_nested_add(struct ditto_server *srv, const char *name, const char *mountpoint,
		     struct netlink_ext_ack *extack);

/**
 * ditto_nested_check - drop file systems that are no longer mounted in a share
 * @srv: the server
 *
 * They are released in the background, when the requests that use them have ended. A mount whose
 * options changed counts as another one.
 *
 * Context: process, may sleep.
 */
void ditto_nested_check(struct ditto_server *srv);

/**
 * ditto_nested_get - find the file system that is mounted on a directory
 * @share: held
 * @dentry: directory of the share
 *
 * Context: any.
 * Return: the innermost one, with a reference; NULL if none is part of the share.
 */
struct ditto_share *ditto_nested_get(struct ditto_share *share, struct dentry *dentry);

/**
 * ditto_nested_follow - change to the root of the file system that is mounted on a directory
 * @op: the caller
 * @share: filled with the share that stands for the file system, to be put; NULL if none that is
 *	part of @op->share is mounted there
 * @node: any file; replaced by that root. Unchanged on error
 *
 * Return: 0; -ENOMEM, -ESTALE.
 */
int ditto_nested_follow(const struct ditto_op *op, struct ditto_share **share,
			struct ditto_node **node);

/**
 * ditto_nested_outermost - get the share that the administrator has made
 * @share: held; what it is nested in is held by it
 *
 * Context: any.
 * Return: @share, or the share that it is nested in.
 */
struct ditto_share *ditto_nested_outermost(struct ditto_share *share);

/**
 * ditto_nested_for_each - call a function for every file system within a share
 * @srv: the server
 * @fn: returns 0 to continue; runs with the table's mutex held, may sleep, must not add
 *	or remove shares
 * @arg: passed to @fn
 *
 * Return: 0, or the first nonzero value of @fn.
 */
int ditto_nested_for_each(struct ditto_server *srv,
			  int (*fn)(struct ditto_share *share, void *arg), void *arg);

/**
 * ditto_nested_is_inside - tell whether a file system is still below the root of its share
 * @nested: held
 *
 * A directory between the two may have been moved out of the share, with what is mounted in it.
 *
 * Context: any.
 */
bool ditto_nested_is_inside(const struct ditto_share *nested);

/* The options of @share have changed: apply them to file systems within. The mutex is held. */
void ditto_nested_set(struct ditto_share_table *table, struct ditto_share *share);
/* Withdraw file systems whose outer share is gone or does not want them. The mutex is held. */
void ditto_nested_trim(struct ditto_share_table *table);
/* Release the mount and the outer share of a file system that has no users. May sleep. */
void ditto_nested_release(struct ditto_share *nested);

#endif
