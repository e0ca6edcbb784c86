// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistent opens: pending deletions. A deletion is cancelled for all opens that have requested it
 * (MS-FSA section 2.1.5.15.3), so requests of persistent opens are in a tree, ordered by the name
 * that is deleted. See persist.h.
 */
#include <linux/rbtree.h>
#include <linux/spinlock.h>

#include "../../fs/open/instance.h"
#include "../../lockd/claim.h"
#include "../auth/tree.h"
#include "../server.h"
#include "durable.h"
#include "open.h"
#include "persist.h"

static struct dsmb_durable *deleter_of(const struct rb_node *at)
{
	return rb_entry(at, struct dsmb_durable, deleter);
}

/* True if @at is before the open @id that deletes @name. */
static bool deleter_is_before(const struct rb_node *at, const void *name, u64 id)
{
	const struct dsmb_durable *durable = deleter_of(at);

	if (durable->deletes != name)
		return (unsigned long)durable->deletes < (unsigned long)name;
	return durable->open->persistent < id;
}

static bool deleter_less(struct rb_node *a, const struct rb_node *b)
{
	const struct dsmb_durable *durable = deleter_of(b);

	return deleter_is_before(a, durable->deletes, durable->open->persistent);
}

static void deleter_leave(struct dsmb_open *open)
{
	struct dsmb_durable *durable = open->durable;

	lockdep_assert_held(&open->server->deleters_lock);
	if (!durable || !durable->deletes)
		return;
	rb_erase(&durable->deleter, &open->server->deleters);
	durable->deletes = NULL;
}

/*
 * Set or clear an open's request to delete @name, which is NULL to clear it. Return: whether it
 * requested a deletion before.
 */
static bool deleter_set(struct dsmb_open *open, const void *name)
{
	struct dsmb_server *server = open->server;
	struct dsmb_durable *durable = open->durable;
	bool before;

	spin_lock(&server->deleters_lock);
	before = open->delete_on_close;
	WRITE_ONCE(open->delete_on_close, name);
	deleter_leave(open);
	if (name && durable && durable->persist) {
		durable->deletes = name;
		rb_add(&durable->deleter, &server->deleters, deleter_less);
	}
	spin_unlock(&server->deleters_lock);
	return before;
}

/* Enter a restored open that requests the deletion of its file. Context: any. */
void dsmb_persist_delete_enter(struct dsmb_open *open)
{
	deleter_set(open, ditto_instance_name(open->inst));
}

/*
 * Make a deletion pending that was pending before a restart. Return: 0; -EJUKEBOX if it is to be
 * tried again later; or another errno.
 */
int dsmb_persist_delete_restore(struct dsmb_open *open)
{
	struct dsmb_tree *tree = dsmb_open_tree(open);
	struct ditto_actor actor;
	struct ditto_node *node;
	struct ditto_op op;
	int err = 0;

	dsmb_open_op(open, tree, &op, &actor);
	if (READ_ONCE(open->delete_on_close) && !ditto_instance_begin(open->inst, &op, &node)) {
		err = ditto_instance_set_delete(&op, open->inst,
						DITTO_DELETE_ON | DITTO_DELETE_READONLY);
		/* The client has reconnected and cancelled the deletion in between. */
		if (!READ_ONCE(open->delete_on_close))
			ditto_instance_set_delete(&op, open->inst, 0);
		ditto_instance_end(open->inst, &op);
	}
	if (err != -EJUKEBOX)
		WRITE_ONCE(open->delete_on_close_later, false);
	dsmb_tree_put(tree);
	return err;
}

/* Let cancellations not find an open any more. Context: any. */
void dsmb_persist_delete_forget(struct dsmb_open *open)
{
	struct dsmb_server *server = open->server;

	if (!open->durable->persist)
		return;
	spin_lock(&server->deleters_lock);
	deleter_leave(open);
	spin_unlock(&server->deleters_lock);
}

/*
 * Get the next persistent open that requests the deletion of a name, in the order of ids, with a
 * reference; or NULL. @id is set behind it.
 */
static struct dsmb_open *deleter_next(struct dsmb_server *server, const void *name, u64 *id)
{
	struct rb_node *at, *first = NULL;
	struct dsmb_open *open = NULL;

	spin_lock(&server->deleters_lock);
	for (at = server->deleters.rb_node; at; ) {
		if (deleter_is_before(at, name, *id)) {
			at = at->rb_right;
		} else {
			first = at;
			at = at->rb_left;
		}
	}
	for (; first && deleter_of(first)->deletes == name; first = rb_next(first)) {
		open = deleter_of(first)->open;
		*id = open->persistent + 1;
		if (refcount_inc_not_zero(&open->ref))
			break;
		open = NULL;
	}
	spin_unlock(&server->deleters_lock);
	return open;
}

/*
 * Check whether a persistent open requests the deletion of an open's name. Return: true if
 * dsmb_persist_cancel_delete() would wait for the helper.
 */
bool dsmb_persist_deletes(struct dsmb_open *open)
{
	struct dsmb_open *deleter;
	u64 id = 0;

	deleter = deleter_next(open->server, ditto_instance_name(open->inst), &id);
	if (deleter)
		dsmb_open_put(deleter);
	return deleter;
}

/* Clear the deletion request of all persistent opens by the name, and in their records. */
static int persist_take_back(struct dsmb_server *server, const void *name)
{
	struct dsmb_open *open;
	int err = 0;
	u64 id = 0;

	while (!err && (open = deleter_next(server, name, &id))) {
		deleter_set(open, NULL);
		err = dsmb_persist_save(open);
		/* The share of the open was removed, and its record with it. */
		if (err == -ESTALE)
			err = 0;
		if (err)
			deleter_set(open, name);
		dsmb_open_put(open);
	}
	return err;
}

/*
 * Request the deletion of an open's file. A deletion that cannot be recorded is done nevertheless;
 * it does not survive a restart then. Context: waits for the helper. Return: 0, or an error of
 * ditto_instance_set_delete().
 */
int dsmb_persist_delete_pending(struct ditto_op *op, struct dsmb_open *open, u32 flags)
{
	bool pending = !(flags & (DITTO_DELETE_AT_CLOSE | DITTO_DELETE_NOW)), before = false;
	const void *name = ditto_instance_name(open->inst);
	int err;

	/*
	 * Set first, so that a thread that cancels the deletion as soon as it is pending finds this
	 * open.
	 */
	if (pending)
		before = deleter_set(open, name);
	err = ditto_instance_set_delete(op, open->inst, flags);
	if (err) {
		if (pending && !before)
			deleter_set(open, NULL);
		return err;
	}
	/*
	 * A deletion that cannot be recorded is done nevertheless; it ends with this run of the
	 * server.
	 */
	dsmb_persist_save(open);
	return 0;
}

/*
 * Cancel the pending deletion of an open's name. The deletion is cancelled only if no record
 * requests it any more. A record that cannot be written leaves the deletion pending. Context: waits
 * for the helper. Return: 0, or as dsmb_persist_save().
 */
int dsmb_persist_cancel_delete(struct ditto_op *op, struct dsmb_open *open)
{
	const void *name = ditto_instance_name(open->inst);
	int err = persist_take_back(open->server, name);

	if (err)
		return err;
	ditto_instance_set_delete(op, open->inst, 0);
	/* Also the requests made in between. */
	return persist_take_back(open->server, name);
}

/*
 * Cancel the deletion at the close of an open. If the record cannot be written, the deletion at
 * close is set again. Context: waits for the helper. Return: 0, or as dsmb_persist_save().
 */
int dsmb_persist_cancel_delete_at_close(struct ditto_op *op, struct dsmb_open *open)
{
	bool before = ditto_instance_deletes_at_close(open->inst);
	int err;

	ditto_instance_set_delete(op, open->inst, DITTO_DELETE_AT_CLOSE);
	err = dsmb_persist_save(open);
	if (err && before)
		ditto_instance_set_delete(op, open->inst, DITTO_DELETE_ON | DITTO_DELETE_AT_CLOSE |
					  DITTO_DELETE_READONLY);
	return err;
}
