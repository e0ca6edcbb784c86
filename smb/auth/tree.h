/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tree connects: a session's use of a share.
 *
 * A tree does not pin its share. Each call takes a reference to the share by its tag, and fails
 * if the share was removed.
 *
 * Locking: trees are linked, unlinked and renewed under session->lock. They are looked up under
 * RCU.
 */
#ifndef _DITTO_SMB_AUTH_TREE_H
#define _DITTO_SMB_AUTH_TREE_H

#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "../share_options.h"

struct ditto_cred;
struct ditto_peer;
struct ditto_share;
struct dsmb_call;
struct dsmb_retired;	/* tree_access.c */
struct dsmb_session;

enum dsmb_tree_kind {
	DSMB_TREE_DISK,
	DSMB_TREE_PIPE,		/* IPC$ */
};

/**
 * struct dsmb_tree - a tree connect
 * @session: not counted, because the session outlives its connected trees. It may be freed once
 *	the tree is dead and kept by a durable open that waits; NULL for a restored open
 * @id: TreeId
 * @ref: the session's table, opens, calls in flight
 * @kind: disk share or named pipes
 * @name: name of the share
 * @tag: tag of the share, for disk shares
 * @share: the share that had the tag at connect time, without a reference. A later one with the
 *	same tag is looked up each time
 * @withdrawn: see ditto_share_get_again(); U64_MAX until @share was looked up once
 * @peer: machine that it was made from, held: the share's rules are about this one, whichever
 *	connection of the session a request comes on; NULL for pipes and restored trees
 * @generation: generation of the share's options that @writable and @cred were made with
 * @acting_user: user of the session that @writable and @cred were made for
 * @login: DITTO_LOGIN_* bit of the session at that time
 * @cred: credential for operations; NULL for pipes; see tree_access.c
 * @writable: changes are allowed; see struct ditto_op
 * @maximal: MaximalAccess: DITTO_RIGHT_* that the share leaves to the user
 * @retired: credentials that @cred replaced; calls in flight may still use them
 * @encrypt: the share requires encryption
 * @hides: at connect time, listings of the share hid files the user may not read
 * @compress: what is compressed; OFF for pipes
 * @continuous: the share is continuously available
 * @dfs: at connect time, the share had links
 * @fs_limit: worker limit of its file system; NULL for pipes and restored trees
 * @recorders: worker limit of its file system for workers that wait for records
 * @dead: disconnected
 * @rcu: frees it after a grace period
 */
struct dsmb_tree {
	struct dsmb_session *session;
	u32 id;
	refcount_t ref;
	enum dsmb_tree_kind kind;
	char *name;
	u64 tag;
	struct ditto_share *share;
	u64 withdrawn;
	struct ditto_peer *peer;
	u64 generation;
	const struct ditto_auth_user *acting_user;
	u32 login;
	struct ditto_cred *cred;
	struct dsmb_retired *retired;
	bool writable;
	u32 maximal;
	bool encrypt;
	bool hides;
	enum dsmb_share_compress compress;
	bool continuous;
	bool dfs;
	struct dsmb_fs_limit *fs_limit;
	struct dsmb_fs_limit *recorders;
	bool dead;
	struct rcu_head rcu;
};

/* Take a reference. */
static inline void dsmb_tree_hold(struct dsmb_tree *tree)
{
	refcount_inc(&tree->ref);
}

void dsmb_tree_put(struct dsmb_tree *tree);
struct dsmb_tree *dsmb_tree_restored(struct ditto_share *share, struct ditto_cred *cred,
				     bool writable);
struct dsmb_tree *dsmb_tree_find(struct dsmb_session *session, u32 id);
bool dsmb_tree_close(struct dsmb_tree *tree);
void dsmb_trees_close(struct dsmb_session *session);
u32 dsmb_tree_share(struct dsmb_tree *tree, struct dsmb_call *call, struct ditto_share **share);

#endif
