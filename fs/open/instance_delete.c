// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deletion through instances: when the last one is closed, or at once.
 *
 * A node that is delete pending holds the name to remove (@delete_dentry) and the credential for
 * the removal (@delete_cred). Both are set under node->lock by the caller that requests the
 * deletion. They are cleared by a caller that cancels it, or by the last instance after it has
 * removed the name. Until then the file cannot be opened.
 */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/namei.h>

#include "instance_private.h"
#include "stream.h"

/* Attempts to remove a file that is being renamed concurrently. */
#define DITTO_REMOVALS_MAX	4

u32 ditto_node_flags(struct ditto_op *op, struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct ditto_dosattr dosattr = {};
	struct ditto_attr attr;
	int err;

	err = ditto_getattr_dentry(op->share, dentry, &attr) ?:
	      ditto_dosattr_get(op->share, dentry, &attr.st, &dosattr);
	dput(dentry);
	return err ? 0 : dosattr.flags;
}

/* Clear the delete pending state. */
static void instance_cancel_delete(struct ditto_node *node)
{
	struct ditto_owner *owner;
	struct ditto_cred *delete_cred;
	struct dentry *delete_dentry;

	spin_lock(&node->lock);
	delete_dentry = node->delete_dentry;
	delete_cred = node->delete_cred;
	owner = node->delete_owner;
	WRITE_ONCE(node->delete_dentry, NULL);
	node->delete_cred = NULL;
	node->delete_owner = NULL;
	spin_unlock(&node->lock);
	dput(delete_dentry);
	if (owner)
		ditto_owner_put(owner);
	if (delete_cred)
		ditto_cred_put(delete_cred);
}

void ditto_delete_pending_set(const struct ditto_op *op,
			      struct ditto_node *node, struct dentry *dentry,
			      struct ditto_cred *delete_cred)
{
	lockdep_assert_held(&node->lock);
	refcount_inc(&delete_cred->ref);
	node->delete_cred = delete_cred;
	if (op->actor && op->actor->entry_owner)
		node->delete_owner = ditto_owner_hold(op->actor->entry_owner);
	WRITE_ONCE(node->delete_dentry, dget(dentry));
}

/* Return: false if it is delete pending already, or with @unopened, if it is open. */
static bool instance_delete_pending(const struct ditto_op *op,
				    struct ditto_node *node,
				    struct dentry *dentry, bool unopened)
{
	bool done;

	spin_lock(&node->lock);
	done = !node->delete_dentry && !(unopened && node->instances);
	if (done)
		ditto_delete_pending_set(op, node, dentry, op->cred);
	spin_unlock(&node->lock);
	if (done)
		ditto_watch_delete_pending(node);
	return done;
}

void ditto_closed_go(struct ditto_op *op, struct dentry *dentry, struct ditto_cred *closer,
		     bool is_stream)
{
	struct ditto_op as = {
		.srv = op->srv,
		.share = op->share,
		.cred = closer,
		.actor = op->actor,
		.writable = true,
		/* Access was checked at open. */
		.held = DITTO_RIGHT_DELETE,
		.unstable = true,
		/* The directory was traversed at open, which its list need not permit. */
		.traverses = true,
		.stream_of = op->stream_of,
	};
	int err = -ENOENT;

	/* Another task may rename the file between lookup and lock. */
	for (int i = 0; err == -ENOENT && i < DITTO_REMOVALS_MAX && !d_unhashed(dentry); i++)
		err = is_stream ? ditto_stream_remove_dentry(&as, dentry) :
				  ditto_remove_dentry(&as, dentry, true);
}

/*
 * If the caller that requested the deletion and the one that closed last differ, no caching grant
 * on the directory is exempt as the caller's own.
 */
void ditto_delete_pending_go(struct ditto_op *op, struct ditto_node *node, bool is_stream)
{
	struct ditto_op as = *op;
	struct ditto_actor actor;

	if (op->actor && !ditto_owner_same_key(op->actor->entry_owner, node->delete_owner)) {
		actor = *op->actor;
		actor.entry_owner = NULL;
		as.actor = &actor;
	}
	ditto_closed_go(&as, node->delete_dentry, node->delete_cred, is_stream);
	instance_cancel_delete(node);
}

void ditto_instance_unmake(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			   bool is_stream)
{
	if (instance_delete_pending(op, node, dentry, true))
		ditto_delete_pending_go(op, node, is_stream);
}

bool ditto_instance_delete_pending(const struct ditto_instance *inst)
{
	return ditto_delete_is_pending(inst->node) || ditto_delete_is_pending(inst->base);
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_delete_pending, DITTO);

bool ditto_instance_deletes_at_close(const struct ditto_instance *inst)
{
	return READ_ONCE(inst->closer);
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_deletes_at_close, DITTO);

static bool first_name(void *arg, const struct ditto_name *name)
{
	*(bool *)arg = false;
	return false;
}

static int check_empty(struct ditto_op *op, struct ditto_node *node)
{
	bool empty = true;
	int err;

	if (!S_ISDIR(node->inode->i_mode))
		return 0;
	err = ditto_list_names(op->share, node, first_name, &empty);
	return err ?: empty ? 0 : -ENOTEMPTY;
}

static int check_delete(struct ditto_op *op, const struct ditto_instance *inst, u32 flags)
{
	if (!(inst->rights & DITTO_RIGHT_DELETE))
		return -EACCES;
	if (!op->writable)
		return -EROFS;
	if (!inst->is_stream && inst->dentry == op->share->root.dentry)
		return -EPERM;
	if (!(flags & DITTO_DELETE_READONLY) &&
	    (ditto_node_flags(op, inst->base) & DITTO_FLAG_READONLY))
		return -EPERM;
	return 0;
}

static int delete_now(struct ditto_op *op, struct ditto_instance *inst)
{
	struct ditto_op as = *op;
	struct dentry *dentry;
	int err;

	as.granted = 0;
	if (!inst->is_stream)
		return ditto_remove_dentry(&as, inst->dentry, false);
	dentry = ditto_node_dentry(inst->node);
	err = ditto_stream_remove_dentry(&as, dentry);
	dput(dentry);
	return err;
}

/* Set or clear delete-on-close of this instance. */
static void at_close(struct ditto_op *op, struct ditto_instance *inst, bool on)
{
	struct ditto_cred *old;

	if (on)
		refcount_inc(&op->cred->ref);
	spin_lock(&inst->base->lock);
	old = inst->closer;
	inst->closer = on ? op->cred : NULL;
	spin_unlock(&inst->base->lock);
	if (old)
		ditto_cred_put(old);
}

static void delete_later(struct ditto_op *op, struct ditto_instance *inst)
{
	struct dentry *dentry = inst->is_stream ? ditto_node_dentry(inst->node) :
						  dget(inst->dentry);

	instance_delete_pending(op, inst->node, dentry, false);
	dput(dentry);
}

int ditto_instance_set_delete(struct ditto_op *op, struct ditto_instance *inst, u32 flags)
{
	int err;

	if (!(flags & DITTO_DELETE_ON)) {
		if (flags & DITTO_DELETE_AT_CLOSE)
			at_close(op, inst, false);
		else
			instance_cancel_delete(inst->node);
		return 0;
	}
	err = check_delete(op, inst, flags) ?:
	      check_empty(op, inst->node) ?:
	      ditto_lock_check(op, inst->node, DITTO_INTENT_REMOVE);
	if (err)
		return err;
	if (flags & DITTO_DELETE_NOW)
		return delete_now(op, inst);
	if (flags & DITTO_DELETE_AT_CLOSE)
		at_close(op, inst, true);
	else
		delete_later(op, inst);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_set_delete, DITTO);
