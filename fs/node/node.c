// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes and the tables to find them.
 *
 * References: the tables hold one while the node is in them. An idle node has only this one and
 * is evicted by dropping the count from one to zero (node_lru.c), so a lookup under RCU either
 * gets a reference earlier, or finds zero and retries. The node of a removed file is killed while
 * it is held: it leaves the tables immediately and is freed with its last holder. While instances
 * of it are open, it stays in the tables until the last one is closed. The node of a directory that
 * a local process has removed stays until its caching grants are returned. At any time, at most one
 * node of an inode can be found.
 *
 * A thread may also keep a pointer without a reference, and get one by it again while no node with
 * the same counter was removed. So each node that could be found is counted when it leaves the
 * tables, before its memory is freed after a grace period.
 *
 * Locking: node->lock orders killing a node and inserting it into the table by file id.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/exportfs.h>
#include <linux/file.h>
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "../../lockd/lease.h"
#include "../../net/server.h"
#include "extension.h"
#include "file.h"
#include "hidden.h"
#include "local_notify.h"
#include "node_private.h"
#include "share_types.h"

/* Names of a file that are looked at for one in a share; another share may have many. */
#define ALIASES_MAX	64

static struct kmem_cache *ditto_node_slab;

int __init ditto_node_slab_init(void)
{
	ditto_node_slab = KMEM_CACHE(ditto_node, SLAB_HWCACHE_ALIGN | SLAB_RECLAIM_ACCOUNT);
	return ditto_node_slab ? 0 : -ENOMEM;
}

void ditto_node_slab_exit(void)
{
	kmem_cache_destroy(ditto_node_slab);
}

/* Key of the table by file id. */
struct ditto_fid_key {
	const struct ditto_volume *volume;
	const struct ditto_fid *fid;
};

static u32 fid_hash(const struct ditto_volume *volume, const struct ditto_fid *fid, u32 seed)
{
	unsigned long v = (unsigned long)volume;

	return jhash(fid->raw, fid->len, jhash_3words(v, (u64)v >> 32, fid->type, seed));
}

static u32 fid_key_hash(const void *data, u32 len, u32 seed)
{
	const struct ditto_fid_key *key = data;

	return fid_hash(key->volume, key->fid, seed);
}

static u32 fid_obj_hash(const void *data, u32 len, u32 seed)
{
	const struct ditto_node *node = data;

	return fid_hash(node->volume, &node->fid, seed);
}

static int fid_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct ditto_fid_key *key = arg->key;
	const struct ditto_node *node = obj;

	return node->volume != key->volume || node->fid.type != key->fid->type ||
	       node->fid.len != key->fid->len ||
	       memcmp(node->fid.raw, key->fid->raw, node->fid.len);
}

/* Smallest size of an inode, and approximate size of a slab of inodes allocated together. */
#define INODE_SHIFT	9
#define SLAB_SHIFT	15

/*
 * Files created together are mostly used together. Neighbours in memory become neighbours in the
 * table, where one cache line holds several buckets.
 */
static u32 inode_hash(const void *data, u32 len, u32 seed)
{
	unsigned long addr = (unsigned long)*(const struct inode *const *)data;

	return hash_64(addr >> SLAB_SHIFT ^ seed, 32) + (u32)(addr >> INODE_SHIFT);
}

/* An inlined comparison instead of the table's default call of memcmp(). */
static int inode_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct inode *const *inode = arg->key;
	const struct ditto_node *node = obj;

	return node->inode != *inode;
}

static const struct rhashtable_params by_inode_params = {
	.key_len = sizeof(struct inode *),
	.key_offset = offsetof(struct ditto_node, inode),
	.head_offset = offsetof(struct ditto_node, by_inode),
	.hashfn = inode_hash,
	.obj_cmpfn = inode_cmp,
};

static const struct rhashtable_params by_fid_params = {
	.head_offset = offsetof(struct ditto_node, by_fid),
	.hashfn = fid_key_hash,
	.obj_hashfn = fid_obj_hash,
	.obj_cmpfn = fid_cmp,
};

int ditto_node_tables_init(struct ditto_node_table *table)
{
	int err;

	err = rhashtable_init(&table->by_inode, &by_inode_params);
	if (err)
		return err;
	err = rhashtable_init(&table->by_fid, &by_fid_params);
	if (err)
		rhashtable_destroy(&table->by_inode);
	return err;
}

void ditto_node_tables_exit(struct ditto_node_table *table)
{
	rhashtable_destroy(&table->by_fid);
	rhashtable_destroy(&table->by_inode);
}

static void node_mark_used(struct ditto_node *node)
{
	if (!test_bit(DITTO_NODE_REFERENCED, &node->flags))
		set_bit(DITTO_NODE_REFERENCED, &node->flags);
}

/*
 * Find the node of an inode without taking a reference. Context: under RCU. Return: a node that is
 * valid until rcu_read_unlock(), or NULL.
 */
struct ditto_node *ditto_node_peek_inode(struct ditto_node_table *table,
					 const struct inode *inode)
{
	struct ditto_node *node = rhashtable_lookup(&table->by_inode, &inode, by_inode_params);

	return node && refcount_read(&node->ref) ? node : NULL;
}

/* Find the node of an inode. Context: any. Return: the node with a reference, or NULL. */
struct ditto_node *ditto_node_find_inode(struct ditto_node_table *table,
					 const struct inode *inode)
{
	struct ditto_node *node;

	rcu_read_lock();
	node = rhashtable_lookup(&table->by_inode, &inode, by_inode_params);
	if (node && !refcount_inc_not_zero(&node->ref))
		node = NULL;
	rcu_read_unlock();
	return node;
}

static struct ditto_node *node_find_fid(struct ditto_volume *volume, const struct ditto_fid *fid)
{
	const struct ditto_fid_key key = { .volume = volume, .fid = fid };
	struct ditto_node *node;

	rcu_read_lock();
	node = rhashtable_lookup(&volume->srv->nodes->by_fid, &key, by_fid_params);
	if (node && !refcount_inc_not_zero(&node->ref))
		node = NULL;
	rcu_read_unlock();
	if (node)
		node_mark_used(node);
	return node;
}

/*
 * Record the file id by which a node was found. The first one is kept. A file with several ids,
 * for example after a rename in a share that is a subtree, is found by the others through the
 * file system.
 */
static void node_hash_fid(struct ditto_node_table *table, struct ditto_node *node,
			  const struct ditto_fid *fid)
{
	if (test_bit(DITTO_NODE_HASHED_FID, &node->flags))
		return;

	spin_lock(&node->lock);
	if (!test_bit(DITTO_NODE_DEAD, &node->flags) &&
	    !test_bit(DITTO_NODE_HASHED_FID, &node->flags)) {
		const struct ditto_fid_key key = { .volume = node->volume, .fid = fid };

		node->fid = *fid;
		/* On failure the node is found through the file system. */
		if (!rhashtable_lookup_insert_key(&table->by_fid, &key, &node->by_fid,
						  by_fid_params))
			set_bit(DITTO_NODE_HASHED_FID, &node->flags);
	}
	spin_unlock(&node->lock);
}

static atomic_long_t *node_removed(struct ditto_node_table *table, const struct ditto_node *node)
{
	return table->removed + hash_ptr(node, ilog2(DITTO_NODES_REMOVED));
}

/*
 * Remove a node from the hash tables. @node: idle, or locked by node->lock, so that no other task
 * does the same. Context: atomic.
 */
void ditto_node_unhash(struct ditto_node_table *table, struct ditto_node *node)
{
	/*
	 * Behind DITTO_NODE_DEAD; pairs with ditto_node_remember(), whose caller has a
	 * reference, so no node is evicted without the flag.
	 */
	smp_mb__before_atomic();
	atomic_long_inc(node_removed(table, node));
	rhashtable_remove_fast(&table->by_inode, &node->by_inode, by_inode_params);
	if (test_and_clear_bit(DITTO_NODE_HASHED_FID, &node->flags))
		rhashtable_remove_fast(&table->by_fid, &node->by_fid, by_fid_params);
}

static bool node_kill(struct ditto_node_table *table, struct ditto_node *node, bool unopened)
{
	bool mine;

	spin_lock(&node->lock);
	mine = !(unopened && node->instances) &&
	       !test_and_set_bit(DITTO_NODE_DEAD, &node->flags);
	if (mine)
		ditto_node_unhash(table, node);
	spin_unlock(&node->lock);

	if (mine) {
		if (!list_lru_del_obj(&table->lru, &node->lru))
			atomic_long_dec(&table->off_lru);
		atomic_long_dec(&table->count);
		spin_lock(&table->dispose_lock);
		list_add_tail(&node->dead, &node->volume->dead);
		spin_unlock(&table->dispose_lock);
	}
	return mine;
}

/*
 * Take a node out of all tables. Context: any. Return: true if this call did it; the caller then
 * owns the reference that was the table's.
 */
bool ditto_node_kill(struct ditto_node_table *table, struct ditto_node *node)
{
	return node_kill(table, node, false);
}

/*
 * Take the node of a removed file out of all tables. The node stays while instances of the file are
 * open. Context: any. Return: as ditto_node_kill().
 */
bool ditto_node_kill_unopened(struct ditto_node_table *table, struct ditto_node *node)
{
	return node_kill(table, node, true);
}

/* Free a node without references. Context: drops the dentry. */
void ditto_node_free(struct ditto_node *node)
{
	struct ditto_volume *volume = node->volume;
	struct ditto_node_table *table = volume->srv->nodes;

	if (!list_empty(&node->dead)) {
		spin_lock(&table->dispose_lock);
		list_del(&node->dead);
		spin_unlock(&table->dispose_lock);
	}
	for (size_t i = 0; i < DITTO_EXTENSIONS; i++)
		if (ditto_extensions[i].node_free)
			ditto_extensions[i].node_free(node);
	dput(node->dentry);
	kfree_rcu(node, rcu);
	if (atomic_dec_and_test(&volume->nodes))
		wake_up_var(&volume->nodes);
}

/**
 * ditto_node_put - drop a reference to a node
 * @node: the node
 *
 * Context: may sleep: the last reference frees the node.
 */
void ditto_node_put(struct ditto_node *node)
{
	if (refcount_dec_and_test(&node->ref))
		ditto_node_free(node);
}
EXPORT_SYMBOL_NS_GPL(ditto_node_put, "DITTO");

/* True if this alias is unhashed or disconnected, so that another one may be better. */
static bool dentry_is_poor(const struct dentry *dentry)
{
	return d_unhashed(dentry) || IS_ROOT(dentry);
}

/* Replace a poor alias of the node by a better one. */
static void node_adopt(struct ditto_node *node, struct dentry *dentry)
{
	struct dentry *old = NULL;

	if (READ_ONCE(node->dentry) == dentry || dentry_is_poor(dentry))
		return;

	spin_lock(&node->lock);
	if (node->dentry != dentry && dentry_is_poor(node->dentry)) {
		old = node->dentry;
		WRITE_ONCE(node->dentry, dget(dentry));
	}
	spin_unlock(&node->lock);
	dput(old);
}

/**
 * ditto_node_dentry - get an alias of the node's file for VFS calls
 * @node: held
 *
 * Context: any.
 * Return: a positive dentry with a reference.
 */
struct dentry *ditto_node_dentry(struct ditto_node *node)
{
	struct dentry *dentry, *better;

	spin_lock(&node->lock);
	dentry = dget(node->dentry);
	spin_unlock(&node->lock);
	if (likely(!d_unhashed(dentry)) || IS_ROOT(dentry) || !ditto_node_links(node))
		return dentry;

	/* This name was removed, but the file has another one. */
	better = d_find_alias(node->inode);
	if (!better)
		return dentry;
	node_adopt(node, better);
	dput(dentry);
	return better;
}
EXPORT_SYMBOL_NS_GPL(ditto_node_dentry, "DITTO");

static void point_get(struct ditto_lock_point *point)
{
	ditto_node_hold(ditto_node_of_point(point));
}

static void point_put(struct ditto_lock_point *point)
{
	struct ditto_node *node = ditto_node_of_point(point);

	ditto_node_relist(node);
	/* The caller may hold locks, and freeing the node sleeps. */
	ditto_node_put_later(node);
}

/* Access of opens by local processes, from the VFS's counts, which change without notice. */
static u8 point_local_access(struct ditto_lock_point *point)
{
	struct ditto_node *node = ditto_node_of_point(point);
	u8 access = 0;

	if (atomic_read(&node->inode->i_writecount) > atomic_read(&node->opens[1]))
		access |= DITTO_OPEN_READ | DITTO_OPEN_WRITE;
	if (atomic_read(&node->inode->i_readcount) > atomic_read(&node->opens[0]))
		access |= DITTO_OPEN_READ;
	return access;
}

static u64 point_size(struct ditto_lock_point *point)
{
	return i_size_read(ditto_node_of_point(point)->inode);
}

static const struct ditto_lock_point_ops point_ops = {
	.get = point_get,
	.put = point_put,
	.local_access = point_local_access,
	.size = point_size,
	.settle = ditto_file_settle,
	.keep = ditto_file_keep,
	.unkeep = ditto_file_unkeep,
	.watch = ditto_local_notify_watch,
};

/* On a file system that other machines have, too. */
static const struct ditto_lock_point_ops shared_point_ops = {
	.get = point_get,
	.put = point_put,
	.local_access = point_local_access,
	.settle = ditto_file_settle,
	.keep = ditto_file_keep,
	.unkeep = ditto_file_unkeep,
	.watch = ditto_local_notify_watch,
	.unwatched = true,
};

/**
 * ditto_node_claimed - get the node that a lock point belongs to
 * @point: the lock point
 *
 * Context: any.
 * Return: the node, which @point keeps; NULL if @point is of something else.
 */
struct ditto_node *ditto_node_claimed(struct ditto_lock_point *point)
{
	return point->ops == &point_ops || point->ops == &shared_point_ops ?
	       ditto_node_of_point(point) : NULL;
}
EXPORT_SYMBOL_NS_GPL(ditto_node_claimed, "DITTO");

static struct ditto_node *node_alloc(struct ditto_volume *volume, struct dentry *dentry,
				     struct inode *inode)
{
	struct ditto_node *node = kmem_cache_zalloc(ditto_node_slab, GFP_KERNEL);

	if (!node)
		return NULL;
	node->inode = inode;
	node->volume = volume;
	node->dentry = dget(dentry);
	ditto_lock_point_init(&node->point, volume->srv->locks,
			      volume->is_shared ? &shared_point_ops : &point_ops);
	spin_lock_init(&node->lock);
	INIT_LIST_HEAD(&node->lru);
	INIT_LIST_HEAD(&node->dead);
	INIT_LIST_HEAD(&node->release_candidate);
	for (size_t i = 0; i < DITTO_EXTENSIONS; i++)
		if (ditto_extensions[i].node_init)
			ditto_extensions[i].node_init(node);
	/* One for the caller, one for the table. */
	refcount_set(&node->ref, 2);
	atomic_inc(&volume->nodes);
	return node;
}

/*
 * Insert a new node, or find the one that another task inserted. The node is on the LRU before it
 * can be found, so that a task that kills it can take it off.
 */
static struct ditto_node *node_insert(struct ditto_node_table *table, struct ditto_node *node)
{
	struct ditto_node *old;

	list_lru_add_obj(&table->lru, &node->lru);
	atomic_long_inc(&table->count);

	rcu_read_lock();
	do {
		old = rhashtable_lookup_get_insert_fast(&table->by_inode, &node->by_inode,
							by_inode_params);
		/* A count of zero means that the node is just leaving the table. */
	} while (!IS_ERR_OR_NULL(old) && !refcount_inc_not_zero(&old->ref));
	rcu_read_unlock();
	if (!old)
		return node;

	list_lru_del_obj(&table->lru, &node->lru);
	atomic_long_dec(&table->count);
	ditto_node_free(node);
	return IS_ERR(old) ? ERR_PTR(-ENOMEM) : old;
}

/**
 * ditto_node_get - get the node of a dentry
 * @share: share that the dentry was reached through, held
 * @dentry: positive
 *
 * Return: the node with a reference; ERR_PTR(-ENOMEM), or ERR_PTR(-ESTALE) if the dentry became
 * negative.
 */
struct ditto_node *ditto_node_get(struct ditto_share *share, struct dentry *dentry)
{
	struct ditto_volume *volume = share->volume;
	struct ditto_node_table *table = volume->srv->nodes;
	struct inode *inode = d_inode(dentry);
	struct ditto_node *node;

	/* Another file system mounted or stacked there is not part of the share. */
	if (!inode || inode->i_sb != volume->sb)
		return ERR_PTR(-ESTALE);

	node = ditto_node_find_inode(table, inode);
	if (!node) {
		node = node_alloc(volume, dentry, inode);
		if (!node)
			return ERR_PTR(-ENOMEM);
		node = node_insert(table, node);
		if (IS_ERR(node))
			return node;
		/*
		 * A task that removes the last name looks for the node after it has dropped the
		 * link count; it may have missed this node.
		 */
		smp_mb();
		ditto_node_forget(node);
		ditto_nodes_trim(table);
	}
	if (likely(!test_bit(DITTO_NODE_BINNED, &node->flags))) {
		node_adopt(node, dentry);
	} else if (!dentry_is_poor(dentry) && !ditto_is_below_hidden(share, dentry)) {
		/* It was restored, as it was found by another name than the one in the bin. */
		clear_bit(DITTO_NODE_BINNED, &node->flags);
		node_adopt(node, dentry);
	}
	node_mark_used(node);
	return node;
}
EXPORT_SYMBOL_NS_GPL(ditto_node_get, "DITTO");

/**
 * ditto_node_get_root - get the node of a share's root
 * @share: held
 *
 * Return: the node with a reference, or ERR_PTR(-ENOMEM).
 */
struct ditto_node *ditto_node_get_root(struct ditto_share *share)
{
	return ditto_node_get(share, share->root.dentry);
}
EXPORT_SYMBOL_NS_GPL(ditto_node_get_root, "DITTO");

/* True if the share is a subvolume, of which the file is a part wherever its name lies. */
static bool share_has_all_of(const struct ditto_share *share, struct dentry *dentry)
{
	const struct path path = { .mnt = share->root.mnt, .dentry = dentry };

	return share->is_subvolume && ditto_path_subvolume(&path) == share->subvolume;
}

/*
 * In a subtree, the name must lie below the root of the share. If the file has no name left, its
 * last one counts.
 */
static bool share_has(const struct ditto_share *share, struct dentry *dentry, bool nameless)
{
	if (!share->is_subtree)
		return true;
	return ((!d_unhashed(dentry) || nameless) && is_subdir(dentry, share->root.dentry)) ||
	       share_has_all_of(share, dentry);
}

/* For exportfs. */
static int share_accepts(void *context, struct dentry *dentry)
{
	return share_has(context, dentry, !d_inode(dentry)->i_nlink);
}

/*
 * Get an alias of the node's file that a share has, if one is in memory. A file may have names in
 * several shares, and outside of all. Return: a positive dentry with a reference; as
 * ditto_node_dentry() if none of the latest names is in the share.
 */
struct dentry *ditto_node_dentry_in(struct ditto_share *share, struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node), *alias, *other = NULL;
	struct inode *inode = node->inode;
	unsigned int left = ALIASES_MAX;

	if (!share->is_subtree || share_has(share, dentry, !ditto_node_links(node)))
		return dentry;
	spin_lock(&inode->i_lock);
	hlist_for_each_entry(alias, &inode->i_dentry, d_alias) {
		/* While it is held it stays in the list. */
		dget(alias);
		spin_unlock(&inode->i_lock);
		dput(other);
		other = alias;
		if (share_accepts(share, alias)) {
			dput(dentry);
			return alias;
		}
		spin_lock(&inode->i_lock);
		if (!--left)
			break;
	}
	spin_unlock(&inode->i_lock);
	dput(other);
	return dentry;
}

/* True while holders return their grants on a directory that a local process has removed. */
static bool node_is_awaited(struct ditto_node *node)
{
	return S_ISDIR(node->inode->i_mode) && test_bit(DITTO_NODE_LEFT, &node->flags) &&
	       ditto_leases_held(&node->point);
}

/* True if the file has a name, or is open, or its holders return their grants. */
static bool node_is_usable(struct ditto_node *node)
{
	return node->inode->i_nlink || READ_ONCE(node->instances) || node_is_awaited(node);
}

/*
 * True if the name of the node lies below the root of the share. The dentry is not held: it was in
 * use when it was read, so it stays in memory under RCU.
 */
static bool node_lies_below(const struct ditto_share *share, const struct ditto_node *node)
{
	struct dentry *dentry;
	bool ok;

	rcu_read_lock();
	dentry = READ_ONCE(node->dentry);
	ok = !d_unhashed(dentry) && is_subdir(dentry, share->root.dentry);
	rcu_read_unlock();
	return ok;
}

static bool node_accepted(struct ditto_share *share, struct ditto_node *node)
{
	struct dentry *dentry;
	bool ok;

	if (!share->is_subtree || likely(node_lies_below(share, node)))
		return true;
	dentry = ditto_node_dentry(node);
	ok = share_has(share, dentry, !ditto_node_links(node));
	dput(dentry);
	return ok;
}

/*
 * Get a number by which a node can be got again. @number: filled; the node is valid under RCU while
 * it is the same for ditto_node_get_again(). Context: any. Return: false if the node is out of the
 * tables.
 */
bool ditto_node_remember(const struct ditto_node *node, unsigned long *number)
{
	*number = atomic_long_read(node_removed(node->volume->srv->nodes, node));
	/* If the node is not dead behind that, its removal will be counted. */
	smp_rmb();
	return !test_bit(DITTO_NODE_DEAD, &node->flags);
}

/*
 * Get a node that was put. @node: the node, which may be freed. Context: RCU. Return: whether it
 * has another reference. It is also false if certain others were removed.
 */
bool ditto_node_get_again(const struct ditto_server *srv, struct ditto_node *node,
			  unsigned long number)
{
	/*
	 * A removal is counted before call_rcu(). If that is not seen here, the memory is valid
	 * until rcu_read_unlock().
	 */
	return atomic_long_read(node_removed(srv->nodes, node)) == number &&
	       refcount_inc_not_zero(&node->ref);
}

/*
 * Does the file id of a node still lead to it? @share: share that the handle names, held; @node:
 * what ditto_node_get_by_fid() or ditto_node_get_root() returned for it, held. Return: the answer.
 * It is also false for a file without a name, which is to be looked up.
 */
bool ditto_node_is_reached(struct ditto_share *share, struct ditto_node *node)
{
	if (!node->inode->i_nlink || !node_accepted(share, node))
		return false;
	node_mark_used(node);
	return true;
}

/* For exportfs: any name will do. */
static int all_accepted(void *context, struct dentry *dentry)
{
	return true;
}

/* Find a file by its id through the file system. */
static noinline_for_stack struct dentry *fid_to_dentry(struct ditto_share *share,
						       const struct ditto_fid *fid, bool anywhere)
{
	u32 raw[DITTO_FID_MAX / sizeof(u32)] = {};
	const struct cred *old;
	struct dentry *dentry;

	/* File systems read the id as aligned words. */
	memcpy(raw, fid->raw, fid->len);

	/* Reconnecting the file to its directories must not depend on the caller's permissions. */
	old = override_creds(share->volume->srv->nodes->cred);
	dentry = exportfs_decode_fh_raw(share->root.mnt, (struct fid *)raw,
					fid->len / sizeof(u32), fid->type, 0,
					anywhere ? all_accepted : share_accepts, share);
	revert_creds(old);

	if (dentry == ERR_PTR(-ENOMEM))
		return dentry;
	return IS_ERR_OR_NULL(dentry) ? ERR_PTR(-ESTALE) : dentry;
}

/* @anywhere: the file may lie outside of the share. */
static __always_inline struct ditto_node *node_get_by_fid(struct ditto_share *share,
							  const struct ditto_fid *fid,
							  bool anywhere)
{
	struct ditto_volume *volume = share->volume;
	struct ditto_node *node;
	struct dentry *dentry;
	struct inode *inode;

	node = node_find_fid(volume, fid);
	if (node) {
		if (likely(node_is_usable(node) && (anywhere || node_accepted(share, node))))
			return node;
		ditto_node_forget(node);
		ditto_node_put(node);
	}

	if (!volume->has_handles)
		return ERR_PTR(-ESTALE);
	dentry = fid_to_dentry(share, fid, anywhere);
	if (IS_ERR(dentry))
		return ERR_CAST(dentry);

	inode = d_inode(dentry);
	if (!inode) {
		node = NULL;
	} else if (inode->i_nlink) {
		node = ditto_node_get(share, dentry);
	} else {
		/* A file without a name exists only for clients that have it open. */
		node = ditto_node_find_inode(volume->srv->nodes, inode);
		if (node && !node_is_usable(node)) {
			ditto_node_put(node);
			node = NULL;
		}
	}
	dput(dentry);
	if (!node)
		return ERR_PTR(-ESTALE);
	if (!IS_ERR(node))
		node_hash_fid(volume->srv->nodes, node, fid);
	return node;
}

/*
 * Get the node with a file id. @share: share that the handle names, held. The file system is asked
 * only if the node is not known. If the share is a subtree, the file is refused unless it lies
 * below the root of the share now. A file without a name is found while an instance of it is open,
 * and a directory that a local process has removed while its caching grants are being returned.
 * Return: the node with a reference; ERR_PTR(-ESTALE) (no such file, or outside of the share),
 * ERR_PTR(-EBADHANDLE) (the file system rejects the id), ERR_PTR(-ENOMEM).
 */
struct ditto_node *ditto_node_get_by_fid(struct ditto_share *share, const struct ditto_fid *fid)
{
	return node_get_by_fid(share, fid, false);
}

/*
 * Get the node with a file id, also outside of the share. @share: share that the handle names,
 * held. Only for callers that release what they have of the file: a file that was moved out of a
 * share is served no longer, but the claims that were made through the share remain until they are
 * released. Return: as ditto_node_get_by_fid(), wherever the file lies.
 */
struct ditto_node *ditto_node_get_anywhere(struct ditto_share *share, const struct ditto_fid *fid)
{
	return node_get_by_fid(share, fid, true);
}

/*
 * Release all claims on a file that lost its last name. @node: held; out of the tables. Claims stay
 * while instances of the file are open.
 *
 * No handle leads to the file any more, so no client can release its byte-range locks and
 * delegations, which would keep the file's space.
 */
void ditto_node_unclaim(struct ditto_node *node)
{
	if (!READ_ONCE(node->instances))
		ditto_lock_point_gone(&node->point);
}

/*
 * Handle that the file may have lost its last name. If the inode has no link left, the node leaves
 * the tables and its cached files are closed, so that the space is freed with the last holder.
 * Nothing happens while instances of the file are open; closing the last one calls this again. Nor
 * does anything while caching grants are being returned, see ditto_local_notify_leave().
 */
void ditto_node_forget(struct ditto_node *node)
{
	if (node->inode->i_nlink || node_is_awaited(node))
		return;

	if (ditto_node_kill_unopened(node->volume->srv->nodes, node))
		/* The table's reference; the caller still has one. */
		refcount_dec(&node->ref);
	else if (READ_ONCE(node->instances))
		return;
	ditto_node_unclaim(node);
	ditto_files_close(node, NULL);
}
