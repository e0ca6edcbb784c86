// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files below a directory. A directory is not renamed while there are any, in mounted file
 * systems too, because the paths of these opens would change.
 */

#include <linux/dcache.h>

#include "../share/nested.h"
#include "instance_private.h"

/* The oldest instance of a list that share_open_below() looks for, or NULL. @list->lock is held. */
static struct ditto_instance *list_open_below(struct ditto_instance_list *list, struct dentry *dir,
					      bool exact)
{
	struct ditto_instance *inst;

	lockdep_assert_held(&list->lock);
	list_for_each_entry(inst, &list->instances, of_share) {
		if (exact && inst->exact)
			continue;
		if (!dir || (inst->dentry != dir && is_subdir(inst->dentry, dir)))
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
 * of the share. With @exact, ignore case-sensitive instances. An instance that is opened meanwhile
 * may be missed, like one that is opened right after. The oldest comes first, so that a file that
 * is opened while a rename waits for leases does not decide before those that it waits for.
 */
static struct ditto_node *share_open_below(struct ditto_share *share, struct dentry *dir,
					   bool exact)
{
	struct ditto_instance_list *list;
	struct ditto_node *found = NULL;
	struct ditto_instance *inst;

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
