// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deletion through instances: when the last one is closed, or immediately.
 *
 * A name that is delete pending holds the credential for the removal (hardlink.h). It is set under
 * node->lock by the caller that requests the deletion. It is cleared by a caller that cancels it,
 * or by the last instance of the name after it has removed the name. Until then the file cannot be
 * opened by this name.
 */

#include <linux/dcache.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/namei.h>

#include "../share/link.h"
#include "instance_private.h"
#include "stream.h"

/* Attempts to remove a file that is being renamed concurrently. */
#define DITTO_REMOVALS_MAX	4

/*
 * Get the DOS attribute flags of a node. @op: the caller; names the share. Return: DITTO_FLAG_*
 * bits; 0 if they cannot be read.
 */
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

/* Remove the name of a case-sensitive delete-on-close instance. @op: the caller that closed it. */
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
 * Remove a name whose last instance was closed, and take it off the node. @op: the caller that
 * closed it. If the caller that requested the deletion and the one that closed last differ, no
 * caching grant on the directory is exempt as the caller's own.
 */
void ditto_delete_pending_go(struct ditto_op *op, struct ditto_node *node,
			     struct ditto_hardlink *link, bool is_stream)
{
	struct ditto_op as = *op;
	struct ditto_actor actor;

	if (op->actor && !ditto_owner_same_key(op->actor->entry_owner, link->delete_owner)) {
		actor = *op->actor;
		actor.entry_owner = NULL;
		as.actor = &actor;
	}
	ditto_closed_go(&as, link->dentry, link->delete_cred, is_stream);
	ditto_delete_pending_end(node, link, true);
}

/* Remove what was just created, unless it was opened since. */
void ditto_instance_unmake(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			   bool is_stream)
{
	/* While it is delete pending, nobody opens the name, so nobody refers to this. */
	struct ditto_hardlink link = { .dentry = dentry };
	bool unopened;

	spin_lock(&node->lock);
	unopened = !node->instances && !ditto_hardlink_find(node, dentry);
	if (unopened) {
		ditto_hardlink_insert(node, &link);
		ditto_delete_pending_begin(op, node, &link, op->cred);
	}
	spin_unlock(&node->lock);
	if (!unopened)
		return;
	ditto_watch_delete_pending(node);
	ditto_delete_pending_go(op, node, &link, is_stream);
}

/**
 * ditto_instance_delete_pending - tell whether the name or stream is delete pending
 * @inst: begun
 *
 * Context: any.
 * Return: true if it is.
 */
bool ditto_instance_delete_pending(const struct ditto_instance *inst)
{
	return ditto_hardlink_is_deleted(inst->link) ||
	       ditto_hardlink_is_deleted(ditto_instance_file_link(inst));
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_delete_pending, "DITTO");

/**
 * ditto_instance_name - tell opens by the same name or stream from others
 * @inst: held by the caller
 *
 * Context: any.
 * Return: the same for all instances of the name, only for comparison; NULL if the name is not
 * known.
 */
const void *ditto_instance_name(const struct ditto_instance *inst)
{
	return READ_ONCE(inst->link);
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_name, "DITTO");

/**
 * ditto_instance_links - get the number of names of the file that are not delete pending
 * @inst: begun
 * @links: number of names
 *
 * If the file is open by very many names, one that a local process has removed may count as
 * delete pending until its last close.
 *
 * Context: any.
 * Return: the number.
 */
u32 ditto_instance_links(const struct ditto_instance *inst, u32 links)
{
	return links - min(links, ditto_hardlinks_deleted(ditto_instance_file(inst)));
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_links, "DITTO");

/**
 * ditto_instance_deletes_at_close - tell whether the file is deleted when this instance is closed
 * @inst: held by the caller
 *
 * Context: any.
 * Return: true if delete-on-close is set.
 */
bool ditto_instance_deletes_at_close(const struct ditto_instance *inst)
{
	return READ_ONCE(inst->closer);
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_deletes_at_close, "DITTO");

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
	if (!inst->is_stream && ditto_instance_file_dentry(inst) == op->share->root.dentry)
		return -EPERM;
	if (!inst->link)
		return -EPERM;
	if (!inst->is_stream && ditto_share_is_link(op->share, inst->node->inode))
		return -EBUSY;
	if (!(flags & DITTO_DELETE_READONLY) &&
	    (ditto_node_flags(op, ditto_instance_file(inst)) & DITTO_FLAG_READONLY))
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
		return ditto_remove_dentry(&as, ditto_instance_file_dentry(inst), false);
	dentry = ditto_node_dentry(inst->node);
	err = ditto_stream_remove_dentry(&as, dentry);
	dput(dentry);
	return err;
}

/* Set or clear delete-on-close of this instance. */
static void at_close(struct ditto_op *op, struct ditto_instance *inst, bool on)
{
	struct ditto_node *file = ditto_instance_file(inst);
	struct ditto_cred *old;

	if (on)
		refcount_inc(&op->cred->ref);
	spin_lock(&file->lock);
	old = inst->closer;
	inst->closer = on ? op->cred : NULL;
	spin_unlock(&file->lock);
	if (old)
		ditto_cred_put(old);
}

static void delete_later(struct ditto_op *op, struct ditto_instance *inst)
{
	struct ditto_node *node = inst->node;
	bool fresh;

	spin_lock(&node->lock);
	fresh = !ditto_hardlink_is_deleted(inst->link);
	if (fresh)
		ditto_delete_pending_begin(op, node, inst->link, op->cred);
	spin_unlock(&node->lock);
	if (fresh)
		ditto_watch_delete_pending(node);
}

/*
 * Break the delegations of another server on a file to be deleted. The removal at close would have
 * to wait for them, and nobody would retry it. Return: 0, or -EJUKEBOX if one was not given back
 * yet.
 */
int ditto_delete_break_deleg(struct ditto_op *op, const struct ditto_node *node)
{
	const struct cred *old = ditto_op_enter(op);
	int err = ditto_no_wait(break_deleg(node->inode, O_WRONLY | O_NONBLOCK));

	ditto_op_leave(old);
	return err;
}

/**
 * ditto_instance_set_delete - mark a name for deletion, delete it, or cancel the deletion
 * @op: begun
 * @inst: begun
 * @flags: DITTO_DELETE_*
 *
 * Return: 0; -EPERM (read-only, the root of the share, or a name that is not known), -ENOTEMPTY,
 * -EACCES, -EROFS, -EJUKEBOX and others.
 */
int ditto_instance_set_delete(struct ditto_op *op, struct ditto_instance *inst, u32 flags)
{
	int err;

	if (!(flags & DITTO_DELETE_ON)) {
		if (flags & DITTO_DELETE_AT_CLOSE)
			at_close(op, inst, false);
		else if (inst->link)
			ditto_delete_pending_end(inst->node, inst->link, false);
		return 0;
	}
	err = check_delete(op, inst, flags) ?:
	      check_empty(op, inst->node) ?:
	      ditto_lock_check(op, inst->node, DITTO_INTENT_REMOVE);
	if (err)
		return err;
	if (flags & DITTO_DELETE_NOW)
		return delete_now(op, inst);
	err = ditto_delete_break_deleg(op, inst->node);
	if (err)
		return err;
	if (flags & DITTO_DELETE_AT_CLOSE)
		at_close(op, inst, true);
	else
		delete_later(op, inst);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_set_delete, "DITTO");

/*
 * Delete a name at the close of its only instance.
 * Return: false if others have the node open, or its name is delete pending or not known.
 */
static bool delete_if_alone(struct ditto_op *op, struct ditto_node *node,
			    struct ditto_hardlink *link)
{
	bool alone;

	spin_lock(&node->lock);
	alone = link && node->instances == 1 && !ditto_hardlink_is_deleted(link);
	if (alone)
		ditto_delete_pending_begin(op, node, link, op->cred);
	spin_unlock(&node->lock);
	if (alone)
		ditto_watch_delete_pending(node);
	return alone;
}

/**
 * ditto_instance_take_back - have the file that an open created removed when it is closed
 * @op: begun
 * @inst: begun; it has created the file, or the stream, and the caller reports an error
 * @with_base: it is a stream, and the open has created its file, too
 *
 * No right to delete is needed. What others have opened since then is kept.
 */
void ditto_instance_take_back(struct ditto_op *op, struct ditto_instance *inst, bool with_base)
{
	if (delete_if_alone(op, inst->node, inst->link) && inst->is_stream && with_base)
		delete_if_alone(op, ditto_instance_file(inst), ditto_instance_file_link(inst));
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_take_back, "DITTO");
