// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files below a directory. A directory is not renamed while there are any, in mounted file
 * systems too, because the paths of these opens would change.
 *
 * An open pins the dentries of its path. If fewer dentries are cached below the directory than the
 * share has opens, these are looked at first: mostly, none of them is of an open file. Otherwise
 * all opens of the share are looked at.
 */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/seqlock.h>

#include "../node/node_private.h"
#include "../share/nested.h"
#include "instance_private.h"

/* Most dentries that are looked at, and most directories among them that have some below. */
#define BELOW_DENTRIES	4096
#define BELOW_DIRS	32

/**
 * struct below - a walk through the cached dentries below a directory
 * @dirs: the directory, and those below it that were found to have children, held
 * @count: number of @dirs
 * @left: how many more dentries may be looked at
 */
struct below {
	struct dentry *dirs[BELOW_DIRS];
	u32 count;
	u32 left;
};

/* Add a directory, whose parent's d_lock is held. Return: false if that cannot be done. */
static bool below_add(struct below *b, struct dentry *dir)
{
	bool held = false;

	if (b->count == BELOW_DIRS)
		return false;
	spin_lock_nested(&dir->d_lock, DENTRY_D_LOCK_NESTED);
	if (!lockref_is_dead(&dir->d_lockref)) {
		b->dirs[b->count++] = dget_dlock(dir);
		held = true;
	}
	spin_unlock(&dir->d_lock);
	return held;
}

/* Look at the children of a directory. Return: false if one may be open, or at the limits. */
static bool below_look(struct ditto_node_table *table, struct below *b, struct dentry *dir)
{
	struct dentry *child;
	bool closed = true;

	rcu_read_lock();
	spin_lock(&dir->d_lock);
	hlist_for_each_entry(child, &dir->d_children, d_sib) {
		const struct inode *inode = d_inode_rcu(child);
		const struct ditto_node *node;

		closed = b->left;
		if (!closed)
			break;
		b->left--;
		if (!inode)
			continue;
		node = ditto_node_peek_inode(table, inode);
		closed = (!node || !READ_ONCE(node->instances)) &&
			 (hlist_empty(&child->d_children) || below_add(b, child));
		if (!closed)
			break;
	}
	spin_unlock(&dir->d_lock);
	rcu_read_unlock();
	return closed;
}

/* About how many instances a share has. */
static u32 share_opens(const struct ditto_share *share)
{
	u32 count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(share->instances); i++)
		count += READ_ONCE(share->instances[i].count);
	return count;
}

/*
 * True if a walk through the cached dentries finds no open file below @dir; false if it finds one,
 * of any share, or is not worth it. What is opened during the walk may be missed, as below.
 */
static bool is_closed_below(struct ditto_share *share, struct dentry *dir)
{
	struct below b = {
		.dirs = { dget(dir) }, .count = 1,
		.left = min_t(u32, share_opens(share), BELOW_DENTRIES),
	};
	/* What is renamed during the walk may be where it has been. */
	unsigned int seq = read_seqbegin(&rename_lock);
	bool closed = true;

	for (u32 i = 0; closed && i < b.count; i++)
		closed = below_look(share->srv->nodes, &b, b.dirs[i]);
	closed = closed && !read_seqretry(&rename_lock, seq);
	while (b.count)
		dput(b.dirs[--b.count]);
	return closed;
}

/* The oldest instance of a list that share_open_below() looks for, or NULL. @list->lock is held. */
static struct ditto_instance *list_open_below(struct ditto_instance_list *list, struct dentry *dir,
					      bool exact)
{
	struct ditto_instance *inst;

	lockdep_assert_held(&list->lock);
	list_for_each_entry(inst, &list->instances, of_share) {
		struct dentry *dentry = ditto_instance_file_dentry(inst);

		if (exact && inst->exact)
			continue;
		/* An open file whose name was removed has no path that would change. */
		if (d_unhashed(dentry) && !IS_ROOT(dentry))
			continue;
		if (!dir || (dentry != dir && is_subdir(dentry, dir)))
			return inst;
	}
	return NULL;
}

/* The list with the oldest such instance, or NULL. */
static struct ditto_instance_list *share_oldest_below(struct ditto_share *share,
						      struct dentry *dir, bool exact)
{
	struct ditto_instance_list *oldest = NULL;
	u64 opened = U64_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(share->instances); i++) {
		struct ditto_instance_list *list = &share->instances[i];
		struct ditto_instance *inst;

		spin_lock(&list->lock);
		inst = list_open_below(list, dir, exact);
		if (inst && inst->opened < opened) {
			opened = inst->opened;
			oldest = list;
		}
		spin_unlock(&list->lock);
	}
	return oldest;
}

/*
 * Get the node below @dir that has been open for longest, held; or NULL. Without @dir, of all nodes
 * of the share. With @exact, ignore case-sensitive instances. An instance that is opened during the
 * search may be missed, like one that is opened right after. The oldest comes first, so that a file
 * that is opened while a rename waits for leases does not decide before those that it waits for.
 */
static struct ditto_node *share_open_below(struct ditto_share *share, struct dentry *dir,
					   bool exact)
{
	struct ditto_instance_list *list;
	struct ditto_node *found = NULL;
	struct ditto_instance *inst;

	if (dir && is_closed_below(share, dir))
		return NULL;
	/* The instance may be closed before its node is held. */
	while (!found && (list = share_oldest_below(share, dir, exact))) {
		spin_lock(&list->lock);
		inst = list_open_below(list, dir, exact);
		if (inst) {
			found = inst->node;
			ditto_node_hold(found);
		}
		spin_unlock(&list->lock);
	}
	return found;
}

/*
 * The same, with the file systems that are mounted below. @in is filled with the share of the
 * node, held. The recursion ends after DITTO_NESTED_DEPTH levels.
 */
static struct ditto_node *open_below(struct ditto_share *share, struct dentry *dir, bool exact,
				     struct ditto_share **in)
{
	struct ditto_node *found = share_open_below(share, dir, exact);
	struct ditto_share *nested;

	if (found) {
		percpu_ref_get(&share->ref);
		*in = share;
		return found;
	}
	rcu_read_lock();
	list_for_each_entry_rcu(nested, &share->nested, nested_link) {
		/* The opens of one that is being released are revoked. */
		if (!percpu_ref_tryget_live(&nested->ref))
			continue;
		if (!dir || is_subdir(nested->covered, dir))
			found = open_below(nested, NULL, exact, in);
		ditto_share_put(nested);
		if (found)
			break;
	}
	rcu_read_unlock();
	return found;
}

/*
 * Check for open files below a directory. If a client caches an open that it has closed, a break is
 * started. Return: 0, -EACCES, -EJUKEBOX.
 */
int ditto_instance_is_busy(struct ditto_op *op, struct dentry *dir, bool exact)
{
	struct ditto_op as = *op;
	struct ditto_node *node;
	int err;

	node = open_below(op->share, dir, exact, &as.share);
	if (!node)
		return 0;
	err = ditto_lock_check(&as, node, DITTO_INTENT_RENAME);
	ditto_node_put(node);
	ditto_share_put(as.share);
	return err == -EJUKEBOX ? err : -EACCES;
}
