// SPDX-License-Identifier: GPL-2.0-only
/*
 * Candidates of a file system whose last share is removed: they are remembered by their ids, with
 * the session of the volume, as long as the file system is mounted and this module is there
 * (unserved.c). When a share is added again, they are candidates again: the file system has counted
 * all changes since then, so the change number tells as before. The files are looked for in the
 * background, and nobody waits for that.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/exportfs.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "../../net/server.h"
#include "../node/fid.h"
#include "../node/node_private.h"
#include "../share/share.h"
#include "stub.h"

/* Files of a file system that are remembered. */
#define CANDIDATES_MAX	65536
/* This part of the cache of nodes is filled with them in one run, and nodes in use stay there. */
#define CACHE_PART	2

/* Take the last candidate off the list, with a reference; or NULL. */
static struct ditto_node *candidate_last(struct ditto_volume *volume)
{
	struct list_head *candidates = &volume->release_candidates;
	struct ditto_node *node = NULL;

	spin_lock(&volume->release_lock);
	while (!node && !list_empty(candidates)) {
		node = list_last_entry(candidates, struct ditto_node, release_candidate);
		list_del_init(&node->release_candidate);
		if (!refcount_inc_not_zero(&node->ref))
			node = NULL;
	}
	spin_unlock(&volume->release_lock);
	return node;
}

static bool candidate_save(struct ditto_node *node, struct list_head *list)
{
	struct ditto_candidate *c = kmalloc(sizeof(*c), GFP_KERNEL);
	struct dentry *dentry;
	int err = -ENOMEM;

	if (c) {
		dentry = ditto_node_dentry(node);
		err = ditto_fid_encode(dentry, true, &c->fid);
		dput(dentry);
	}
	if (err)
		kfree(c);
	else
		list_add(&c->list, list);
	return !err;
}

/* Remember the candidates; the volume has stopped, and its nodes are there. May sleep. */
void ditto_candidates_save(struct ditto_volume *volume)
{
	u32 left = CANDIDATES_MAX;
	struct ditto_node *node;
	LIST_HEAD(list);

	if (!volume->has_handles)
		return;
	/* Those that are the last to give way are the first to be remembered. */
	while (left && (node = candidate_last(volume))) {
		left -= candidate_save(node, &list);
		ditto_node_put(node);
	}
	/* Some may not have been looked for yet. */
	list_splice(&volume->room->saved, &list);
	INIT_LIST_HEAD(&volume->room->saved);
	ditto_unserved_save(volume->sb, volume->offload_session, &list);
	ditto_candidates_free(&list);
}

/* The marks of the directories above a file are looked at, so these must be known. */
static int candidate_is_connected(void *context, struct dentry *dentry)
{
	return !(READ_ONCE(dentry->d_flags) & DCACHE_DISCONNECTED);
}

static struct ditto_node *candidate_find(struct ditto_share *share, const struct ditto_fid *fid)
{
	u32 raw[DITTO_FID_MAX / sizeof(u32)] = {};
	struct ditto_node *node = NULL;
	struct dentry *dentry;

	memcpy(raw, fid->raw, fid->len);
	dentry = exportfs_decode_fh_raw(share->root.mnt, (struct fid *)raw, fid->len / sizeof(u32),
					fid->type, 0, candidate_is_connected, NULL);
	if (IS_ERR_OR_NULL(dentry))
		return NULL;
	if (d_really_is_positive(dentry) && d_is_reg(dentry) && d_inode(dentry)->i_nlink)
		node = ditto_node_get(share, dentry);
	dput(dentry);
	return IS_ERR(node) ? NULL : node;
}

/* The attributes of the file are looked at when it is its turn to give way. */
static void candidate_restore(struct ditto_share *share, const struct ditto_candidate *c)
{
	struct ditto_node *node = candidate_find(share, &c->fid);
	struct ditto_stub *stub;

	if (!node)
		return;
	stub = ditto_stub_get(node);
	if (!stub) {
		ditto_release_candidate_add(node);
	} else if (!IS_ERR(stub)) {
		/* The file system has been mounted since the ranges came back. */
		WRITE_ONCE(stub->change_tells, ditto_stub_counts(node));
		ditto_release_candidate_note(stub);
		ditto_stub_put(stub);
	}
	ditto_node_put(node);
}

/* Look for those that were remembered; @restore of the volume. May sleep. */
void ditto_candidates_restore(struct work_struct *work)
{
	struct ditto_room *room = container_of(work, struct ditto_room, restore);
	struct ditto_volume *volume = room->volume;
	struct ditto_node_table *nodes = volume->srv->nodes;
	u32 left = ditto_nodes_limit(nodes) / CACHE_PART;
	struct ditto_share *share;
	const struct cred *old;
	u64 room_now, reserve;
	struct ditto_candidate *c;

	old = override_creds(nodes->cred);
	/* The share is held for one file at a time, so that it can be removed in between. */
	while (left-- &&
	       (c = list_first_entry_or_null(&room->saved, struct ditto_candidate, list))) {
		share = ditto_release_share(volume);
		if (!share)
			break;
		candidate_restore(share, c);
		ditto_share_put(share);
		list_del(&c->list);
		kfree(c);
		cond_resched();
	}
	revert_creds(old);
	room_now = ditto_room_now(volume, &reserve);
	ditto_release_restore_reserve(volume, room_now, reserve, 0);
}
