// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eviction of nodes.
 *
 * A node is on the LRU from its beginning, so that a request does not touch the LRU. The scan
 * gives a recently used node a second chance and skips nodes in use. A node with claims is taken
 * off, so that no scan meets it again; it returns when the last claim ends. A node that is evicted
 * leaves the hash tables under the LRU's lock. A worker of the file system frees it, because that
 * sleeps and takes locks of the file system.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/exportfs.h>
#include <linux/file.h>
#include <linux/init_task.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "../../lockd/lease.h"
#include "../../net/server.h"
#include "../../net/server_private.h"
#include "extension.h"
#include "fid.h"
#include "file.h"
#include "local_notify.h"
#include "name_watch.h"
#include "node_private.h"
#include "share_types.h"

/* Nodes to scan for one that is inserted above the limit. */
#define TRIM_BATCH	16
/* Nodes to scan in one step when the limit was lowered. */
#define LOWER_BATCH	1024L
/*
 * Memory for each node, unless a setting gives the limit. A node pins a dentry and an inode, about
 * 2 KiB with it, so that unused nodes have an eighth of memory until the shrinker is asked.
 */
#define NODE_MEMORY	SZ_16K
#define NODES_LEAST	16384
#define NODES_MOST	16777216

struct isolate_arg {
	struct ditto_node_table *table;
	struct list_head list;
	bool second_chance;
};

/* Take a node with claims off the LRU, under its lock. */
static enum lru_status node_unlist(struct ditto_node_table *table, struct ditto_node *node,
				   struct list_lru_one *list)
{
	if (!ditto_node_is_claimed(node))
		return LRU_ROTATE;
	set_bit(DITTO_NODE_OFF_LRU, &node->flags);
	/* Pairs with the barrier in ditto_node_relist(). */
	smp_mb__after_atomic();
	if (!ditto_node_is_claimed(node)) {
		clear_bit(DITTO_NODE_OFF_LRU, &node->flags);
		return LRU_ROTATE;
	}
	list_lru_isolate(list, &node->lru);
	atomic_long_inc(&table->off_lru);
	return LRU_REMOVED;
}

/*
 * Let the LRU's scan see a node again whose last claim has ended. Context: any; node->lock is not
 * held.
 */
void ditto_node_relist(struct ditto_node *node)
{
	struct ditto_node_table *table = node->volume->srv->nodes;

	/* The claims ended before: either the bit is seen here, or their end by the scan. */
	smp_mb();
	if (likely(!test_bit(DITTO_NODE_OFF_LRU, &node->flags)) || ditto_node_is_claimed(node))
		return;
	spin_lock(&node->lock);
	/* A dead node stays off the list. */
	if (test_and_clear_bit(DITTO_NODE_OFF_LRU, &node->flags) &&
	    !test_bit(DITTO_NODE_DEAD, &node->flags) &&
	    list_lru_add_obj(&table->lru, &node->lru))
		atomic_long_dec(&table->off_lru);
	spin_unlock(&node->lock);
}

static enum lru_status node_isolate(struct list_head *item, struct list_lru_one *list, void *arg)
{
	struct ditto_node *node = list_entry(item, struct ditto_node, lru);
	struct isolate_arg *isolate = arg;

	if (test_and_clear_bit(DITTO_NODE_REFERENCED, &node->flags) && isolate->second_chance)
		return LRU_ROTATE;
	if (!refcount_dec_if_one(&node->ref))
		return node_unlist(isolate->table, node, list);

	ditto_node_unhash(isolate->table, node);
	atomic_long_dec(&isolate->table->count);
	list_lru_isolate_move(list, item, &isolate->list);
	return LRU_REMOVED;
}

/*
 * Let the worker of the file system free a node. @node: a killed node, with the reference that was
 * the table's; or an unhashed node without references. Context: any.
 */
void ditto_node_dispose(struct ditto_node_table *table, struct ditto_node *node)
{
	struct ditto_volume *volume = node->volume;

	spin_lock(&table->dispose_lock);
	list_add_tail(&node->lru, &volume->dispose);
	/* Under the lock: the volume may end as soon as the worker can take the node. */
	queue_work(ditto_wq, &volume->dispose_work);
	spin_unlock(&table->dispose_lock);
}

/* Drop a reference where freeing a node would sleep, or take long. Context: any. */
void ditto_node_put_later(struct ditto_node *node)
{
	if (refcount_dec_and_test(&node->ref))
		ditto_node_dispose(node->volume->srv->nodes, node);
}

static void dispose_list(struct ditto_node_table *table, struct list_head *list)
{
	struct ditto_node *node, *next;

	list_for_each_entry_safe(node, next, list, lru)
		ditto_node_dispose(table, node);
}

/* Remove the streams of a file that a local process has removed. */
static void drop_streams(struct ditto_node *node)
{
	if (!node->inode->i_nlink && !test_bit(DITTO_NODE_NO_STREAMS, &node->flags))
		ditto_hooks.file_removed(NULL, node);
}

/*
 * True if holders of caching grants on a removed file are notified by another task: the one that
 * removed it for a client, or the one that watches directories for removals by local processes.
 */
static bool node_is_told_about(struct ditto_node *node)
{
	return ditto_leases_held(&node->point) &&
	       (S_ISDIR(node->inode->i_mode) || !test_bit(DITTO_NODE_LEFT, &node->flags));
}

static void dispose_workfn(struct work_struct *work)
{
	struct ditto_volume *volume = container_of(work, struct ditto_volume, dispose_work);
	struct ditto_node_table *table = volume->srv->nodes;
	struct ditto_node *node, *next;
	LIST_HEAD(list);

	while (ditto_file_close_next(table, volume))
		cond_resched();
	ditto_hooks.volume_work(volume);

	spin_lock(&table->dispose_lock);
	list_splice_init(&volume->dispose, &list);
	spin_unlock(&table->dispose_lock);

	list_for_each_entry_safe(node, next, &list, lru) {
		list_del_init(&node->lru);
		ditto_wb_err_settle(node);
		ditto_files_close(node, NULL);
		/* An evicted node has no reference; a killed one has the table's. */
		if (refcount_read(&node->ref)) {
			drop_streams(node);
			if (!node_is_told_about(node))
				ditto_node_unclaim(node);
			ditto_node_put(node);
		} else {
			ditto_node_free(node);
		}
		cond_resched();
	}
}

/* Prepare a new volume for ditto_node_dispose(). */
void ditto_node_dispose_init(struct ditto_volume *volume)
{
	INIT_LIST_HEAD(&volume->dispose);
	INIT_LIST_HEAD(&volume->closing);
	INIT_WORK(&volume->dispose_work, dispose_workfn);
}

static unsigned long nodes_walk(struct ditto_node_table *table, unsigned long count,
				bool second_chance)
{
	struct isolate_arg arg = {
		.table = table,
		.list = LIST_HEAD_INIT(arg.list),
		.second_chance = second_chance,
	};
	unsigned long freed = list_lru_walk(&table->lru, node_isolate, &arg, count);

	dispose_list(table, &arg.list);
	return freed;
}

/*
 * Get the number of unused nodes to keep. Context: any. Return: the setting, or what follows from
 * the memory of the machine.
 */
u32 ditto_nodes_limit(const struct ditto_node_table *table)
{
	return READ_ONCE(table->srv->settings.node_limit) ?: table->nodes_by_memory;
}

/* Number of nodes above the limit. Nodes with claims do not count, as they are in use. */
static long nodes_above(const struct ditto_node_table *table)
{
	return atomic_long_read(&table->count) - atomic_long_read(&table->off_lru) -
	       (long)ditto_nodes_limit(table);
}

/* Evict some idle nodes if there are more than the limit. Context: any; node->lock is not held. */
void ditto_nodes_trim(struct ditto_node_table *table)
{
	if (likely(nodes_above(table) <= 0))
		return;
	/* If all were used since the last scan, the second scan evicts some anyway. */
	if (!nodes_walk(table, TRIM_BATCH, true))
		nodes_walk(table, TRIM_BATCH, false);
}

static unsigned long nodes_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct ditto_node_table *table = shrinker->private_data;

	return list_lru_shrink_count(&table->lru, sc);
}

static unsigned long nodes_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct isolate_arg arg = {
		.table = shrinker->private_data,
		.list = LIST_HEAD_INIT(arg.list),
		.second_chance = true,
	};
	unsigned long freed = list_lru_shrink_walk(&arg.table->lru, sc, node_isolate, &arg);

	dispose_list(arg.table, &arg.list);
	return freed;
}

static int group_start(struct ditto_node_table *table, struct fsnotify_group **where)
{
	struct fsnotify_group *group = *where ?: ditto_notify_start(table);

	if (IS_ERR(group))
		return PTR_ERR(group);
	*where = group;
	return 0;
}

/*
 * Allocate what only a server with volumes needs. Context: volumes_lock is held. Return: 0 or a
 * negative errno.
 */
int ditto_nodes_start(struct ditto_node_table *table)
{
	int err;

	lockdep_assert_held(&table->volumes_lock);

	err = group_start(table, &table->group) ?: group_start(table, &table->names_group) ?:
	      ditto_name_watch_init(table);
	if (err)
		return err;
	if (!table->shrinker) {
		struct shrinker *shrinker = shrinker_alloc(SHRINKER_NUMA_AWARE, "ditto-nodes");

		if (!shrinker)
			return -ENOMEM;
		shrinker->count_objects = nodes_shrink_count;
		shrinker->scan_objects = nodes_shrink_scan;
		shrinker->private_data = table;
		shrinker_register(shrinker);
		table->shrinker = shrinker;
	}
	return 0;
}

/* Kill all nodes of a volume that are in the table now. */
static void evict_pass(struct ditto_node_table *table, struct ditto_volume *volume)
{
	struct rhashtable_iter iter;
	struct ditto_node *node;
	LIST_HEAD(list);

	rhashtable_walk_enter(&table->by_inode, &iter);
	rhashtable_walk_start(&iter);
	while ((node = rhashtable_walk_next(&iter))) {
		/* -EAGAIN: the table was resized and the walk starts over. */
		if (IS_ERR(node) || node->volume != volume ||
		    !refcount_inc_not_zero(&node->ref))
			continue;
		if (ditto_node_kill(table, node)) {
			refcount_dec(&node->ref);
			list_add_tail(&node->lru, &list);
		} else if (refcount_dec_and_test(&node->ref)) {
			list_add_tail(&node->lru, &list);
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	dispose_list(table, &list);
}

/* Return: true if the file system does not find the file of a node by its id any more. */
static bool node_has_vanished(const struct ditto_share *share, struct ditto_node *node)
{
	u32 raw[DITTO_FID_MAX / sizeof(u32)] = {};
	struct dentry *dentry = ditto_node_dentry(node);
	struct ditto_fid fid;
	int err;

	err = ditto_fid_encode(dentry, false, &fid);
	dput(dentry);
	/* A file without links is open. */
	if (err || !node->inode->i_nlink)
		return false;
	memcpy(raw, fid.raw, fid.len);
	dentry = exportfs_decode_fh_raw(share->root.mnt, (struct fid *)raw, fid.len / sizeof(u32),
					fid.type, 0, NULL, NULL);
	if (IS_ERR_OR_NULL(dentry))
		return !dentry || dentry == ERR_PTR(-ENOENT) || dentry == ERR_PTR(-ESTALE);
	dput(dentry);
	return false;
}

static void vanished_pass(struct ditto_node_table *table, const struct ditto_share *share)
{
	struct rhashtable_iter iter;
	struct ditto_node *node;
	LIST_HEAD(list);

	rhashtable_walk_enter(&table->by_inode, &iter);
	rhashtable_walk_start(&iter);
	while ((node = rhashtable_walk_next(&iter))) {
		/* -EAGAIN: the table was resized and the walk starts over. */
		if (IS_ERR(node) || node->volume != share->volume ||
		    !refcount_inc_not_zero(&node->ref))
			continue;
		rhashtable_walk_stop(&iter);
		if (node_has_vanished(share, node) && ditto_node_kill(table, node)) {
			ditto_node_unclaim(node);
			refcount_dec(&node->ref);
			list_add_tail(&node->lru, &list);
		} else {
			ditto_node_put(node);
		}
		rhashtable_walk_start(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	dispose_list(table, &list);
}

/*
 * Walk over the volumes without a lock, since their disks may hang: hold a share of the next one,
 * and so this, and drop @share, which is one of the present volume or NULL.
 */
static struct ditto_share *nodes_next_share(struct ditto_node_table *table,
					    struct ditto_share *share)
{
	struct ditto_volume *volume = share ? share->volume : NULL;
	struct ditto_share *other, *next = NULL;

	mutex_lock(&table->volumes_lock);
	volume = list_prepare_entry(volume, &table->volumes, list);
	list_for_each_entry_continue(volume, &table->volumes, list) {
		list_for_each_entry(other, &volume->shares, volume_link) {
			/* Shares that end do that by themselves. */
			if (percpu_ref_tryget_live(&other->ref)) {
				next = other;
				goto unlock;
			}
		}
	}
unlock:
	mutex_unlock(&table->volumes_lock);
	if (share)
		ditto_share_put(share);
	return next;
}

static void vanished_workfn(struct work_struct *work)
{
	struct ditto_node_table *table =
		container_of(work, struct ditto_node_table, vanished_work);
	const struct cred *old = override_creds(table->cred);
	struct ditto_share *share;

	for (share = nodes_next_share(table, NULL); share; share = nodes_next_share(table, share))
		if (share->volume->has_handles && share->subvolume)
			vanished_pass(table, share);
	revert_creds(old);
}

/*
 * Let the worker kill the nodes of removed subvolumes. Open files of the subvolume are closed with
 * their instances. Context: any.
 */
void ditto_nodes_subvolume_gone(struct ditto_node_table *table)
{
	queue_work(ditto_wq, &table->vanished_work);
}

static void node_release(struct ditto_node *node)
{
	ditto_lock_point_release(&node->point, "share removed");
	ditto_node_put(node);
}

/* Get a dead node with claims, held; or NULL. */
static struct ditto_node *dead_claimed(struct ditto_node_table *table,
				       struct ditto_volume *volume)
{
	struct ditto_node *node, *found = NULL;

	spin_lock(&table->dispose_lock);
	list_for_each_entry(node, &volume->dead, dead) {
		if (ditto_node_is_claimed(node) && refcount_inc_not_zero(&node->ref)) {
			found = node;
			list_move_tail(&node->dead, &volume->dead);
			break;
		}
	}
	spin_unlock(&table->dispose_lock);
	return found;
}

/* Release all claims on nodes of a volume. */
static void release_pass(struct ditto_node_table *table, struct ditto_volume *volume)
{
	struct rhashtable_iter iter;
	struct ditto_node *node;
	int todo;

	rhashtable_walk_enter(&table->by_inode, &iter);
	rhashtable_walk_start(&iter);
	while ((node = rhashtable_walk_next(&iter))) {
		/* -EAGAIN: the table was resized and the walk starts over. */
		if (IS_ERR(node) || node->volume != volume || !ditto_node_is_claimed(node) ||
		    !refcount_inc_not_zero(&node->ref))
			continue;
		rhashtable_walk_stop(&iter);
		node_release(node);
		rhashtable_walk_start(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);

	/* Claims may still be in use: try each node once, and again in the next pass. */
	for (todo = atomic_read(&volume->nodes); todo > 0; todo--) {
		node = dead_claimed(table, volume);
		if (!node)
			break;
		node_release(node);
	}
}

/* Evict every node of a volume and wait until none is left. Claims on the nodes are released. */
void ditto_nodes_evict(struct ditto_volume *volume)
{
	struct ditto_node_table *table = volume->srv->nodes;

	/* A notification may hold a node for a moment. */
	do {
		release_pass(table, volume);
		evict_pass(table, volume);
		flush_work(&volume->dispose_work);
	} while (!wait_var_event_timeout(&volume->nodes, !atomic_read(&volume->nodes),
					 msecs_to_jiffies(20)));
	/* It may not have returned yet from the last node. */
	flush_work(&volume->dispose_work);
}

/* Evict nodes and close files that exceed changed limits. */
void ditto_nodes_settings_changed(struct ditto_server *srv)
{
	struct ditto_node_table *table = srv->nodes;
	long above;

	ditto_files_settings_changed(table);
	do {
		above = nodes_above(table);
		cond_resched();
		/* Nodes in use stay until a new node needs room. */
	} while (above > 0 && nodes_walk(table, min(above, LOWER_BATCH), false));
}

/* Wait for what the workers of all volumes have to do now. */
static void dispose_wait(struct ditto_node_table *table)
{
	struct ditto_share *share;

	for (share = nodes_next_share(table, NULL); share; share = nodes_next_share(table, share))
		flush_work(&share->volume->dispose_work);
}

/* Evict every idle node and close every idle file now ("flush caches"). */
void ditto_nodes_flush(struct ditto_server *srv)
{
	struct ditto_node_table *table = srv->nodes;

	ditto_files_flush(table);
	/* Until a file is closed, its node is in use. */
	dispose_wait(table);
	nodes_walk(table, atomic_long_read(&table->count), false);
	dispose_wait(table);
}

/*
 * Get the number of nodes in the tables, for statistics and tests. Context: any. Return: the
 * number.
 */
unsigned long ditto_nodes_count(struct ditto_server *srv)
{
	return atomic_long_read(&srv->nodes->count);
}

int ditto_nodes_init(struct ditto_server *srv)
{
	struct ditto_node_table *table = kzalloc(sizeof(*table), GFP_KERNEL);
	int err;

	if (!table)
		return -ENOMEM;
	table->srv = srv;
	table->nodes_by_memory = clamp_t(u64, ((u64)totalram_pages() << PAGE_SHIFT) / NODE_MEMORY,
					 NODES_LEAST, NODES_MOST);
	mutex_init(&table->volumes_lock);
	INIT_LIST_HEAD(&table->volumes);
	spin_lock_init(&table->dispose_lock);
	INIT_WORK(&table->vanished_work, vanished_workfn);
	ditto_local_notify_init(table);
	ditto_watch_init(&table->watches);

	err = ditto_files_init(table);
	if (err)
		goto err_table;
	err = -ENOMEM;
	table->cred = prepare_kernel_cred(&init_task);
	if (!table->cred)
		goto err_files;
	ditto_acting_add(&table->acting, table->cred, srv->locks);
	err = list_lru_init(&table->lru);
	if (err)
		goto err_cred;
	err = ditto_node_tables_init(table);
	if (err)
		goto err_lru;

	srv->nodes = table;
	return 0;

err_lru:
	list_lru_destroy(&table->lru);
err_cred:
	ditto_acting_del(&table->acting);
	put_cred(table->cred);
err_files:
	ditto_files_exit(table);
err_table:
	kfree_rcu(table, rcu);
	return err;
}

void ditto_nodes_exit(struct ditto_server *srv)
{
	struct ditto_node_table *table = srv->nodes;

	/* The last volume has evicted the nodes, and these have closed their files. */
	WARN_ON(!list_empty(&table->volumes) || atomic_long_read(&table->count));

	shrinker_free(table->shrinker);
	if (table->names_group)
		ditto_notify_stop(table->names_group);
	if (table->group)
		ditto_notify_stop(table->group);
	ditto_name_watch_exit(table);
	ditto_local_notify_exit(table);
	ditto_watch_exit(&table->watches);
	ditto_files_exit(table);
	cancel_work_sync(&table->vanished_work);
	ditto_node_tables_exit(table);
	list_lru_destroy(&table->lru);
	ditto_acting_del(&table->acting);
	put_cred(table->cred);
	srv->nodes = NULL;
	kfree_rcu(table, rcu);
}
