/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tree connects: a session's use of a share.
 *
 * A tree pins no share: a call takes its own reference by the tag, and finds the
 * share gone where it was removed.
 */
#ifndef _DITTO_SMB_AUTH_TREE_H
#define _DITTO_SMB_AUTH_TREE_H

#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct ditto_cred;
struct ditto_share;
struct dsmb_retired;	/* tree_access.c */
struct dsmb_session;

enum dsmb_tree_kind {
	DSMB_TREE_DISK,
	DSMB_TREE_PIPE,		/* IPC$ */
};

/**
 * struct dsmb_tree - one
 * @session: not counted: the session goes last, but for a dead tree that an open without
 *	a session keeps
 * @id: TreeId
 * @ref: the session's table, opens, calls in flight
 * @kind: see there
 * @name: of the share
 * @tag: of the share, for disks
 * @generation: of the share options that @writable and @cred were made with
 * @acting_user: the same: as whom the session acted
 * @cred: acts; NULL for pipes
 * @writable: as of struct ditto_op
 * @maximal: MaximalAccess: DITTO_RIGHT_* that the share's permission leaves
 * @retired: credentials that @cred replaced; calls in flight may act with them
 * @encrypt: the share demands encryption
 * @hides: its listings left out what the user may not read when it was connected
 * @continuous: the share is continuously available
 * @crowd: workers inside its file system; NULL for pipes and restored trees
 * @recorders: the same, of those that may wait until something is recorded
 * @dead: disconnected
 * @rcu: freed under RCU
 */
struct dsmb_tree {
	struct dsmb_session *session;
	u32 id;
	refcount_t ref;
	enum dsmb_tree_kind kind;
	char *name;
	u64 tag;
	u64 generation;
	const struct ditto_auth_user *acting_user;
	struct ditto_cred *cred;
	struct dsmb_retired *retired;
	bool writable;
	u32 maximal;
	bool encrypt;
	bool hides;
	bool continuous;
	struct dsmb_crowd *crowd;
	struct dsmb_crowd *recorders;
	bool dead;
	struct rcu_head rcu;
};

static inline void dsmb_tree_hold(struct dsmb_tree *tree)
{
	refcount_inc(&tree->ref);
}

void dsmb_tree_put(struct dsmb_tree *tree);

/* A dead one of no session, for an open that was made again after a restart. @cred is consumed. */
struct dsmb_tree *dsmb_tree_restored(struct ditto_share *share, struct ditto_cred *cred,
				     bool writable);

/* The tree with an id, held, or NULL. */
struct dsmb_tree *dsmb_tree_find(struct dsmb_session *session, u32 id);
/*
 * Disconnect one, with the opens on it and the calls that wait there. False if somebody else
 * did. May sleep.
 */
bool dsmb_tree_close(struct dsmb_tree *tree);
/* All trees of a session, with the opens on them. */
void dsmb_trees_close(struct dsmb_session *session);
/*
 * The share of a disk tree, held, or NULL if it was removed or the user may use it no
 * more. What depends on its options is renewed.
 */
struct ditto_share *dsmb_tree_share(struct dsmb_tree *tree);

#endif
