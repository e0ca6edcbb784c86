// SPDX-License-Identifier: GPL-2.0-only
/* Open instances, from the claim to the close; see instance.h. */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../../lockd/range.h"
#include "../../net/callback.h"
#include "../op/name_private.h"
#include "../op/space.h"
#include "../share/handle.h"
#include "instance_private.h"

static struct kmem_cache *instance_slab;

int __init ditto_instance_slab_init(void)
{
	instance_slab = KMEM_CACHE(ditto_instance, 0);
	return instance_slab ? 0 : -ENOMEM;
}

void ditto_instance_slab_exit(void)
{
	kmem_cache_destroy(instance_slab);
}

/* Memory for an instance, zeros; or NULL. May sleep. */
struct ditto_instance *ditto_instance_alloc(void)
{
	struct ditto_instance *inst = kmem_cache_zalloc(instance_slab, GFP_KERNEL);

	if (inst)
		refcount_set(&inst->memory, 1);
	return inst;
}

/*
 * Free an instance whose claim ended, or was never made. Its memory stays while other instances use
 * its @own_link.
 */
void ditto_instance_free(struct ditto_instance *inst)
{
	if (refcount_dec_and_test(&inst->memory))
		kmem_cache_free(instance_slab, inst);
}

/* Permissions for the checks of operations that granted rights imply. */
static const struct {
	u32 right;
	u8 may;
} granted[] = {
	{ DITTO_RIGHT_READ_DATA,	DITTO_MAY_READ },
	{ DITTO_RIGHT_EXECUTE,		DITTO_MAY_READ | DITTO_MAY_EXEC },
	{ DITTO_RIGHT_WRITE_DATA,	DITTO_MAY_WRITE | DITTO_MAY_APPEND },
	{ DITTO_RIGHT_APPEND_DATA,	DITTO_MAY_WRITE | DITTO_MAY_APPEND },
	{ DITTO_RIGHT_DELETE_CHILD,	DITTO_MAY_DELETE },
};

/*
 * Set or change the rights of an instance. An operation that begins at the same time may have the
 * old or the new bits. Context: any.
 */
void ditto_instance_set_rights(struct ditto_instance *inst, u32 rights)
{
	u8 may = 0;

	for (size_t i = 0; i < ARRAY_SIZE(granted); i++)
		if (rights & granted[i].right)
			may |= granted[i].may;
	WRITE_ONCE(inst->rights, rights);
	WRITE_ONCE(inst->may, may);
}

/* The list of its share that an instance is on. */
static struct ditto_instance_list *instance_list(struct ditto_share *share,
						 const struct ditto_instance *inst)
{
	return &share->instances[hash_ptr(inst, DITTO_INSTANCE_LISTS_LOG)];
}

static void list_remove(struct ditto_instance_list *list, struct ditto_instance *inst)
{
	lockdep_assert_held(&list->lock);
	list_del_init(&inst->of_share);
	WRITE_ONCE(list->count, list->count - 1);
}

static void instance_put(struct ditto_instance *inst)
{
	if (!refcount_dec_and_test(&inst->ref))
		return;
	ditto_open_end(&inst->open);
	if (inst->closer)
		ditto_cred_put(inst->closer);
	ditto_instance_free(inst);
}

/* The last instance of a name is gone. Links of streams, and of their files, are apart. */
static void link_free(struct ditto_hardlink *link)
{
	dput(link->dentry);
	if (link->embedded)
		ditto_instance_free(container_of(link, struct ditto_instance, own_link));
	else
		kfree(link);
}

/* Creation */

/*
 * Count one more instance of the node and of its name, unless this is delete pending. @name is NULL
 * if it is not known. @keeper: of a stream that forbids the deletion of the node, or NULL. @memory:
 * for the first instance of the name; zeros.
 */
static int node_join(struct ditto_node *node, struct dentry *name, bool deletes,
		     struct ditto_keeper *keeper, struct ditto_hardlink *memory,
		     struct ditto_hardlink **out)
{
	struct ditto_hardlink *link = NULL;
	int err = 0;

	spin_lock(&node->lock);
	if (name)
		link = ditto_hardlink_find(node, name);
	/* The file lost its last name before it was open. */
	if (test_bit(DITTO_NODE_DEAD, &node->flags))
		err = -ESTALE;
	else if (ditto_hardlink_is_deleted(link))
		err = -EKEYREVOKED;
	else if ((deletes && !hlist_empty(&node->keepers)) || (keeper && node->deleters))
		err = -ETXTBSY;
	if (err)
		goto unlock;
	if (name && !link) {
		link = memory;
		link->dentry = dget(name);
		ditto_hardlink_insert(node, link);
	}
	if (link)
		link->instances++;
	node->instances++;
	if (keeper)
		hlist_add_head(&keeper->of_file, &node->keepers);
	node->deleters += deletes;
	*out = link;
unlock:
	spin_unlock(&node->lock);
	return err;
}

/* Count one instance less. The last one of a name that is delete pending removes it. */
static void node_leave(struct ditto_op *op, struct ditto_node *node, struct ditto_hardlink *link,
		       struct ditto_cred *closer, bool deletes, struct ditto_keeper *keeper,
		       bool is_stream)
{
	bool last, deleted, unused;

	spin_lock(&node->lock);
	if (keeper)
		hlist_del(&keeper->of_file);
	node->deleters -= deletes;
	unused = !--node->instances;
	if (closer && !ditto_hardlink_is_deleted(link))
		ditto_delete_pending_begin(op, node, link, closer);
	last = link && !--link->instances;
	deleted = last && ditto_hardlink_is_deleted(link);
	if (last && !deleted)
		ditto_hardlink_erase(node, link);
	spin_unlock(&node->lock);
	if (closer)
		ditto_watch_delete_pending(node);
	if (deleted)
		ditto_delete_pending_go(op, node, link, is_stream);
	if (last)
		link_free(link);
	if (unused)
		ditto_space_trim(op->share, node);
}

/* node_join() of a stream or of its file, with memory of its own. */
static int stream_join_one(struct ditto_node *node, struct dentry *name,
			   struct ditto_keeper *keeper, struct ditto_hardlink **out)
{
	struct ditto_hardlink *memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	int err;

	if (!memory)
		return -ENOMEM;
	err = node_join(node, name, false, keeper, memory, out);
	if (*out != memory)
		kfree(memory);
	return err;
}

static int stream_join(struct ditto_op *op, struct ditto_instance *inst, struct dentry *name)
{
	struct ditto_keeper *keeper = inst->keeps ? &inst->keeper : NULL;
	struct dentry *own;
	int err;

	inst->keeper.stream = inst->node;
	err = stream_join_one(inst->base, name, keeper, &inst->base_link);
	if (err == -ETXTBSY)
		return ditto_lock_check(op, inst->base, DITTO_INTENT_REMOVE) ?: err;
	if (err)
		return err;
	own = ditto_node_dentry(inst->node);
	err = stream_join_one(inst->node, own, NULL, &inst->link);
	dput(own);
	if (err)
		node_leave(op, inst->base, inst->base_link, NULL, false, keeper, false);
	return err;
}

static int file_join(struct ditto_op *op, struct ditto_instance *inst, struct dentry *name)
{
	int err;

	inst->own_link.embedded = true;
	err = node_join(inst->node, name, inst->deletes, NULL, &inst->own_link, &inst->link);
	if (err == -ETXTBSY)
		return ditto_lock_check_keepers(op, inst->node) ?: err;
	/* It is used at least until this instance leaves. */
	if (!err && inst->link == &inst->own_link)
		refcount_inc(&inst->memory);
	return err;
}

/*
 * Make an instance that has its claim one of its share and of its file. @node: the open file or
 * stream, held; @base: the file, held; may be @node; @dentry: name of @base, held. An open stream
 * that does not share deletion prevents opening its file for deletion, and the other way round,
 * although streams have share reservations of their own (MS-FSA section 2.1.5.1.2.1). A client that
 * only keeps the handle of such an open is asked for it. Return: 0, and the instance has references
 * of its own; -EKEYREVOKED (delete pending), -ETXTBSY (an open of a stream or of its file forbids
 * it), -EJUKEBOX (it is asked for), -ESTALE (the file is removed) or -ENOMEM.
 */
int ditto_instance_enter(struct ditto_instance *inst, struct ditto_op *op,
			 struct ditto_node *node, struct ditto_node *base, struct dentry *dentry,
			 bool named, u32 rights)
{
	struct ditto_share *share = op->share;
	struct ditto_instance_list *list;
	int err;

	inst->node = node;
	ditto_instance_set_rights(inst, rights);
	inst->is_dir = S_ISDIR(node->inode->i_mode);
	inst->is_stream = node != base;
	if (inst->is_stream)
		inst->base = base;
	inst->keeps = inst->is_stream && (ditto_open_deny(&inst->open) & DITTO_OPEN_DELETE);
	inst->deletes = !inst->is_stream && (rights & DITTO_RIGHT_DELETE);
	err = inst->is_stream ? stream_join(op, inst, named ? dentry : NULL) :
				file_join(op, inst, named ? dentry : NULL);
	if (err)
		return err;
	ditto_node_hold(node);
	if (base != node)
		ditto_node_hold(base);
	/* A hard link holds its own dentry. */
	if (inst->is_stream)
		inst->base_dentry = dget(dentry);
	else if (!inst->link)
		inst->own_link.dentry = dget(dentry);
	RCU_INIT_POINTER(inst->share, share);
	refcount_set(&inst->ref, 2);
	list = instance_list(share, inst);
	spin_lock(&list->lock);
	inst->opened = ktime_get_ns();
	list_add_tail(&inst->of_share, &list->instances);
	WRITE_ONCE(list->count, list->count + 1);
	spin_unlock(&list->lock);
	return 0;
}

/* Closing */

/*
 * The node may have been kept in the tables only because the file, or a stream of it, was open.
 * Until the last one is closed, what streams the file has got without a name stay.
 */
static void forget_nameless(struct ditto_op *op, struct ditto_node *node)
{
	if (node->inode->i_nlink || READ_ONCE(node->instances) ||
	    test_bit(DITTO_NODE_DEAD, &node->flags))
		return;
	ditto_node_forget(node);
	ditto_victim_gone(op->share, node);
}

/* Drop the file of an instance that was taken off the list. */
static void let_go(struct ditto_op *op, struct ditto_instance *inst)
{
	struct ditto_hardlink *link = inst->link, *base_link = ditto_instance_file_link(inst);
	struct ditto_node *node = inst->node, *base = ditto_instance_file(inst);
	struct ditto_cred *closer = inst->closer;
	struct ditto_keeper *keeper = inst->keeps ? &inst->keeper : NULL;
	bool is_stream = inst->is_stream;
	struct dentry *dentry = is_stream || !link ? ditto_instance_file_dentry(inst) : NULL;

	if (inst->is_dir && inst->watch)
		ditto_watch_end(inst->watch);
	/* No unlock can arrive for these byte-range locks any more. */
	ditto_range_release_owner(&node->point, ditto_open_owner(&inst->open));
	if (!inst->is_dir)
		ditto_pins_drop(&inst->pins);
	RCU_INIT_POINTER(inst->share, NULL);
	inst->node = NULL;
	WRITE_ONCE(inst->link, NULL);
	if (is_stream) {
		inst->base = NULL;
		inst->base_link = NULL;
		inst->base_dentry = NULL;
	}
	op->stream_of = is_stream ? base : NULL;
	if (inst->written)
		ditto_child_changed(op, node, inst->written | DITTO_CHANGED_BEFORE);
	if (inst->exact && closer && !ditto_hardlink_is_deleted(link)) {
		ditto_closed_go(op, link->dentry, closer, is_stream);
		closer = NULL;
	}
	node_leave(op, node, link, closer, inst->deletes, NULL, is_stream);
	if (is_stream)
		node_leave(op, base, base_link, NULL, false, keeper, false);
	forget_nameless(op, node);
	if (is_stream)
		forget_nameless(op, base);
	dput(dentry);
	if (is_stream)
		ditto_node_put(base);
	ditto_node_put(node);
}

/* Get the share with a reference; NULL if it is removed or being removed. */
static struct ditto_share *share_get(const struct ditto_instance *inst)
{
	struct ditto_share *share;

	rcu_read_lock();
	share = rcu_dereference(inst->share);
	if (share && !percpu_ref_tryget_live(&share->ref))
		share = NULL;
	rcu_read_unlock();
	return share;
}

/**
 * ditto_instance_close - close and free an instance
 * @op: the caller; needs no rights; @op->share may be NULL if the share is gone
 * @inst: no operation uses it any more
 *
 * The claim is released, together with all byte-range locks of its owner on the node. With the
 * last instance of a name that is delete pending, the name is removed, with the credential of the
 * caller that requested it.
 *
 * Context: may sleep; no inode lock held.
 */
void ditto_instance_close(struct ditto_op *op, struct ditto_instance *inst)
{
	struct ditto_share *share = share_get(inst);

	ditto_assert_no_callback();
	ditto_open_revoke(&inst->open);
	if (share) {
		struct ditto_instance_list *list = instance_list(share, inst);
		struct ditto_op own = *op;

		own.share = share;
		spin_lock(&list->lock);
		list_remove(list, inst);
		spin_unlock(&list->lock);
		let_go(&own, inst);
		instance_put(inst);
		ditto_share_put(share);
	}
	instance_put(inst);
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_close, "DITTO");

static void instances_revoke(struct ditto_share *share, struct ditto_instance_list *list)
{
	struct ditto_op op = { .srv = share->srv, .share = share };
	struct ditto_instance *inst;

	for (;;) {
		spin_lock(&list->lock);
		inst = list_first_entry_or_null(&list->instances, struct ditto_instance, of_share);
		if (inst)
			list_remove(list, inst);
		spin_unlock(&list->lock);
		if (!inst)
			return;
		ditto_open_revoke(&inst->open);
		let_go(&op, inst);
		instance_put(inst);
		cond_resched();
	}
}

/*
 * Revoke all instances of a share that is being removed. @share: its reference count is dead. For
 * fs/share/share.c.
 */
void ditto_instances_revoke(struct ditto_share *share)
{
	for (size_t i = 0; i < ARRAY_SIZE(share->instances); i++)
		instances_revoke(share, &share->instances[i]);
}

/* Use */

/**
 * ditto_instance_begin - start an operation through an instance
 * @inst: held by the caller
 * @op: @op->srv, @op->cred and @op->actor are set; @op->share is NULL, or held by the caller until
 *	ditto_instance_end(); filled with the share, which is held until then, and with the granted
 *	rights
 * @node: filled with the node, borrowed until ditto_instance_end()
 *
 * Context: process context; does not sleep.
 * Return: 0 or -ESTALE (revoked).
 */
int ditto_instance_begin(struct ditto_instance *inst, struct ditto_op *op,
			 struct ditto_node **node)
{
	struct ditto_share *share = rcu_access_pointer(inst->share);
	bool borrows = share && share == op->share;

	if (!borrows)
		share = share_get(inst);
	if (!share)
		return -ESTALE;
	if (!ditto_open_held(&inst->open)) {
		if (!borrows)
			ditto_share_put(share);
		return -ESTALE;
	}
	op->share = share;
	op->borrows = borrows;
	op->held = READ_ONCE(inst->rights);
	op->granted = READ_ONCE(inst->may);
	op->unstable = true;
	op->stream_of = inst->is_stream ? inst->base : NULL;
	op->later = inst->is_stream ? NULL : &inst->written;
	op->pins = inst->is_dir ? NULL : &inst->pins;
	*node = inst->node;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_begin, "DITTO");

/**
 * ditto_instance_end - end an operation through an instance
 * @inst: the instance
 * @op: from ditto_instance_begin(); its share and the granted rights are cleared
 *
 * Context: any.
 */
void ditto_instance_end(struct ditto_instance *inst, struct ditto_op *op)
{
	struct ditto_share *share = op->share;

	op->share = NULL;
	op->held = 0;
	op->granted = 0;
	op->unstable = false;
	op->stream_of = NULL;
	op->later = NULL;
	op->pins = NULL;
	if (!op->borrows)
		ditto_share_put(share);
	op->borrows = false;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_end, "DITTO");

/**
 * ditto_instance_watch - watch a directory for changes (watch.h)
 * @inst: begun; no other task sets a watch at the same time
 * @watch: filled by its owner; in use until its @ended callback, which runs when the instance is
 *	closed or revoked. While the share is being removed, ditto_instance_close() may return first
 *
 * Return: 0, -EINVAL (no directory, or already watched), -ENOMEM.
 */
int ditto_instance_watch(struct ditto_instance *inst, struct ditto_watch *watch)
{
	int err;

	if (!inst->is_dir || inst->watch)
		return -EINVAL;
	watch->share = rcu_access_pointer(inst->share);
	err = ditto_watch_begin(inst->node, watch);
	if (!err)
		inst->watch = watch;
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_watch, "DITTO");

/**
 * ditto_instance_rights - get the granted rights
 * @inst: held by the caller
 *
 * Context: any.
 * Return: DITTO_RIGHT_* bits.
 */
u32 ditto_instance_rights(const struct ditto_instance *inst)
{
	return READ_ONCE(inst->rights);
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_rights, "DITTO");

/**
 * ditto_instance_claim - get the OPEN claim
 * @inst: held by the caller
 *
 * Context: any.
 * Return: the claim, borrowed; valid until the instance is closed.
 */
struct ditto_open *ditto_instance_claim(struct ditto_instance *inst)
{
	return &inst->open;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_claim, "DITTO");

/**
 * ditto_instance_is_dir - tell whether a directory is open
 * @inst: held by the caller
 *
 * Context: any.
 * Return: true for a directory.
 */
bool ditto_instance_is_dir(const struct ditto_instance *inst)
{
	return inst->is_dir;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_is_dir, "DITTO");

/**
 * ditto_instance_has_reserved - tell whether the last close of the file may free space
 * @inst: begun
 *
 * Context: any.
 * Return: true if space beyond the end of the file, or of the stream, may be reserved.
 */
bool ditto_instance_has_reserved(const struct ditto_instance *inst)
{
	return test_bit(DITTO_NODE_RESERVED, &inst->node->flags);
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_has_reserved, "DITTO");

/**
 * ditto_instance_is_stream - tell whether a stream is open
 * @inst: held by the caller
 *
 * The node of such an instance is the stream's; ditto_instance_base() returns the file's.
 *
 * Context: any.
 * Return: true for a stream.
 */
bool ditto_instance_is_stream(const struct ditto_instance *inst)
{
	return inst->is_stream;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_is_stream, "DITTO");

static bool node_has_name(const struct ditto_node *node)
{
	return ditto_node_links(node) && !IS_DEADDIR(node->inode);
}

/**
 * ditto_instance_has_name - tell whether a path leads to the file or stream
 * @inst: begun
 *
 * Context: any.
 * Return: false if the file, or the stream, or the file of the stream, has lost its last name.
 */
bool ditto_instance_has_name(const struct ditto_instance *inst)
{
	return node_has_name(inst->node) &&
	       (!inst->is_stream || node_has_name(ditto_instance_file(inst)));
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_has_name, "DITTO");

/**
 * ditto_instance_base - get the node of the file, also for a stream
 * @inst: begun
 *
 * Context: any.
 * Return: the node, borrowed until ditto_instance_end().
 */
struct ditto_node *ditto_instance_base(const struct ditto_instance *inst)
{
	return ditto_instance_file(inst);
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_base, "DITTO");

/**
 * ditto_instance_dentry - get the name by which the file was opened, also for a stream
 * @inst: begun
 *
 * Context: any.
 * Return: the name, which others may remove, borrowed until ditto_instance_end().
 */
struct dentry *ditto_instance_dentry(const struct ditto_instance *inst)
{
	return ditto_instance_file_dentry(inst);
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_dentry, "DITTO");

/* Path */

/* The stream's current spelling; another instance may have renamed it. */
static bool prepend_stream(const struct ditto_instance *inst, char *buf, char **at)
{
	struct dentry *dentry = ditto_node_dentry(inst->node);
	struct name_snapshot name;
	bool fits;

	take_dentry_name_snapshot(&name, dentry);
	fits = ditto_path_prepend(buf, at, name.name.name, name.name.len) &&
	       ditto_path_prepend(buf, at, ":", 1);
	release_dentry_name_snapshot(&name);
	dput(dentry);
	return fits;
}

/**
 * ditto_instance_path - get the current path relative to the root of the outermost share
 * @inst: begun
 * @buf: filled from its end, as by d_path()
 * @size: size of @buf
 *
 * Renames of the file and of directories above it are taken into account. A stream is appended as
 * ":stream". In a file system within a share the path begins at the root of the share.
 *
 * Return: the terminated path without a leading '/', empty for the root; or
 * ERR_PTR(-ENAMETOOLONG).
 */
char *ditto_instance_path(const struct ditto_instance *inst, char *buf, size_t size)
{
	const struct ditto_share *share = rcu_access_pointer(inst->share);
	const struct dentry *dentry = ditto_instance_file_dentry(inst);
	char *at = buf + size;
	bool fits, names;

	fits = ditto_path_prepend(buf, &at, "", 1);
	if (fits && inst->is_stream)
		fits = prepend_stream(inst, buf, &at);
	names = dentry != share->root.dentry;
	fits = fits && ditto_path_prepend_names(share, dentry, buf, &at);
	for (; fits && share->outer; share = share->outer) {
		dentry = share->covered;
		if (dentry == share->outer->root.dentry)
			continue;
		fits = (!names || ditto_path_prepend(buf, &at, "/", 1)) &&
		       ditto_path_prepend_names(share->outer, dentry, buf, &at);
		names = true;
	}
	return fits ? at : ERR_PTR(-ENAMETOOLONG);
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_path, "DITTO");

/**
 * ditto_instance_entry - get the directory and the name by which a file was opened
 * @inst: begun; not of a stream
 * @dir: filled with the handle of the directory
 * @name: filled with the current name, not terminated; room for NAME_MAX bytes
 *
 * Return: length of the name; 0 if it is not known or was lost, or the directory has no handle.
 */
u32 ditto_instance_entry(const struct ditto_instance *inst, struct ditto_handle *dir, char *name)
{
	struct ditto_share *share = rcu_access_pointer(inst->share);
	struct dentry *dentry = ditto_instance_file_dentry(inst), *parent;
	struct name_snapshot snapshot;
	u32 len = 0;

	if (!inst->link || IS_ROOT(dentry) || d_unhashed(dentry))
		return 0;
	parent = ditto_parent(share, dentry);
	if (IS_ERR(parent))
		return 0;
	take_dentry_name_snapshot(&snapshot, dentry);
	if (snapshot.name.len <= NAME_MAX && !ditto_handle_encode(share, parent, dir)) {
		len = snapshot.name.len;
		memcpy(name, snapshot.name.name, len);
	}
	release_dentry_name_snapshot(&snapshot);
	dput(parent);
	return len;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_entry, "DITTO");
