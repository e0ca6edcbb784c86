// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistent opens: their records while the server runs. A record is gathered from the open, its
 * lease and its file, and written as a whole after each change. See persist.h; persist_remove.c
 * removes them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../fs/node/name_watch.h"
#include "../../fs/node/node.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/cred.h"
#include "../../fs/share/share.h"
#include "../../lockd/lease.h"
#include "../../lockd/open.h"
#include "../../net/helper/record.h"
#include "../../net/server.h"
#include "../auth/session.h"
#include "../auth/tree.h"
#include "../server.h"
#include "../share_options.h"
#include "../transport/call.h"
#include "../transport/conn.h"
#include "lease.h"
#include "persist.h"
#include "persist_record.h"

/* Buffers for a record that is being written. */
struct writing {
	struct dsmb_record record;
	u8 data[DITTO_RECORD_DATA_MAX];
};

static int share_is_continuous(struct ditto_share *share, void *arg)
{
	return dsmb_share_is_continuous(share);
}

/* Check whether any share is continuously available. Return: true if there is such a share. */
bool dsmb_persist_is_on(struct dsmb_server *server)
{
	return ditto_share_for_each(server->srv, NULL, share_is_continuous, NULL);
}

/*
 * Check whether a CREATE requests a persistent open and may get one. Return: true if the tree
 * connect is continuously available and the connection has SMB2_GLOBAL_CAP_PERSISTENT_HANDLES.
 */
bool dsmb_persist_allowed(const struct dsmb_call *call, const struct dsmb_durable_ask *ask)
{
	return ask->version == 2 && ask->persistent && READ_ONCE(call->tree->continuous) &&
	       call->conn->server_caps & DSMB_CAP_PERSISTENT_HANDLES;
}

/* Contents of a record */

static void gather_lease(struct dsmb_open *open, struct dsmb_caching *c)
{
	struct dsmb_lease *lease = open->lease;

	if (!lease)
		return;
	mutex_lock(&lease->lock);
	/* The client may not know of a loss yet. */
	c->state = lease->state & dsmb_lease_held(lease) & ~lease->giving;
	c->epoch = lease->epoch;
	mutex_unlock(&lease->lock);
	if (dsmb_lease_is_oplock(lease)) {
		c->level = dsmb_oplock_level(c->state);
		return;
	}
	c->level = DSMB_OPLOCK_LEASE;
	c->version = lease->version;
	memcpy(c->key, lease->key, sizeof(c->key));
	if (open->entry_owner) {
		c->flags = DSMB_LEASE_HAS_PARENT;
		memcpy(c->parent, open->entry_owner->key, sizeof(c->parent));
	}
}

static void gather_user(const struct ditto_auth_user *user, const struct dsmb_tree *tree,
			struct dsmb_record *r)
{
	const struct ditto_cred *cred = READ_ONCE(tree->cred);
	const struct group_info *groups = cred->cred->group_info;

	r->user = from_kuid(&init_user_ns, user->uid);
	r->sid_len = user->sid_len;
	memcpy(r->sid, user->sid, user->sid_len);
	strscpy(r->name, user->name);
	r->uid = from_kuid(&init_user_ns, cred->uid);
	r->gid = from_kgid(&init_user_ns, cred->gid);
	r->ngroups = min(groups->ngroups, DSMB_PERSIST_GROUPS_MAX);
	for (unsigned int i = 0; i < r->ngroups; i++)
		r->groups[i] = from_kgid(&init_user_ns, groups->gid[i]);
	if (cred->admin)
		r->flags |= DSMB_RECORD_ADMIN;
	if (READ_ONCE(tree->writable))
		r->flags |= DSMB_RECORD_WRITABLE;
}

/* Names of the file */

/* Called with locks of the task that changes a name. */
static void names_changed(void *arg)
{
	struct dsmb_persist *persist = arg;
	struct dsmb_open *open = persist->open;

	if (!refcount_inc_not_zero(&open->ref))
		return;
	/*
	 * Queued work has a reference of its own. If this is the last one, the work has run by now
	 * and can be queued; the open cannot be freed here.
	 */
	while (!queue_delayed_work(open->server->records, &persist->later, 0) &&
	       !refcount_dec_not_one(&open->ref))
		;
}

/*
 * Have the record of an open written again when names of its file change. Without memory nothing is
 * done. See dsmb_persist_later_work(). Context: may sleep. persist->lock is held.
 */
void dsmb_persist_watch(struct dsmb_persist *persist, struct ditto_node *node)
{
	lockdep_assert_held(&persist->lock);
	if (persist->names && ditto_name_watch_is_of(persist->names, node))
		return;
	dsmb_persist_unwatch(persist);
	persist->names = ditto_name_watch_begin(node, names_changed, persist);
	if (IS_ERR(persist->names))
		persist->names = NULL;
}

/*
 * End what dsmb_persist_watch() has begun. @persist: record of an open that nobody uses any more,
 * or NULL.
 */
void dsmb_persist_unwatch(struct dsmb_persist *persist)
{
	if (!persist || !persist->names)
		return;
	ditto_name_watch_end(persist->names);
	persist->names = NULL;
}

/* Leave out the ranges that are about to be given up, once for each of them. */
static void gather_giving(const struct dsmb_giving *giving, struct dsmb_record *r)
{
	for (unsigned int i = 0; i < giving->count; i++) {
		unsigned int n = 0;

		while (n < r->nranges && (r->ranges[n].first != giving->ranges[i].first ||
					  r->ranges[n].length != giving->ranges[i].length))
			n++;
		if (n == r->nranges)
			continue;
		r->nranges--;
		memmove(&r->ranges[n], &r->ranges[n + 1],
			(r->nranges - n) * sizeof(r->ranges[0]));
	}
}

/* Gather the claims on the file; between ditto_instance_begin() and ditto_instance_end(). */
static int gather_file(const struct dsmb_durable *durable, struct ditto_share *share,
		       struct ditto_node *node, struct dsmb_record *r)
{
	struct dsmb_open *open = durable->open;
	struct dentry *dentry = ditto_node_dentry(node);
	const struct dsmb_giving *giving;
	unsigned int nranges;
	int err;

	err = ditto_handle_encode(share, dentry, &r->handle);
	dput(dentry);
	if (err)
		return err;
	r->share = share->id;
	/* A change of the names from here on writes the record again. */
	dsmb_persist_watch(durable->persist, node);
	r->entry_len = ditto_instance_entry(open->inst, &r->dir, r->entry);
	if (ditto_node_links(node) > (r->entry_len ? 1 : 0))
		r->flags |= DSMB_RECORD_OTHERS;
	r->rights = open->rights;
	r->deny = ditto_open_deny(ditto_instance_claim(open->inst));
	if (ditto_instance_deletes_at_close(open->inst))
		r->flags |= DSMB_RECORD_CLOSES;
	/*
	 * Only the open that requested the deletion records it, so that cancelling it changes only
	 * these records.
	 */
	if (READ_ONCE(open->delete_on_close) &&
	    (READ_ONCE(open->delete_on_close_later) || ditto_instance_delete_pending(open->inst)))
		r->flags |= DSMB_RECORD_DELETE_PENDING;
	nranges = ditto_range_owner_list(&node->point, open->owner, r->ranges,
					 DSMB_PERSIST_RANGES_MAX);
	if (nranges > DSMB_PERSIST_RANGES_MAX)
		return -ENOSPC;
	r->nranges = nranges;
	list_for_each_entry(giving, &durable->persist->giving, list)
		gather_giving(giving, r);
	return 0;
}

static int persist_gather(const struct dsmb_durable *durable, struct dsmb_record *r)
{
	struct dsmb_open *open = durable->open;
	struct dsmb_open_rare *rare = dsmb_open_has_rare(open);
	struct dsmb_tree *tree = dsmb_open_tree(open);
	struct ditto_actor actor;
	struct ditto_node *node;
	struct ditto_op op;
	int err;

	r->id = open->persistent;
	r->client = durable->client;
	memcpy(r->guid, durable->guid, sizeof(r->guid));
	r->name_hash = READ_ONCE(durable->name);
	r->options = open->options;
	r->action = open->action;
	r->timeout_ms = durable->timeout_ms;
	if (open->snapshot)
		r->flags |= DSMB_RECORD_SNAPSHOT;
	if (open->posix)
		r->flags |= DSMB_RECORD_POSIX;
	dsmb_app_describe(rare ? rare->app : NULL, &r->app);
	if (r->app.present)
		r->flags |= DSMB_RECORD_APP;
	gather_lease(open, &r->caching);
	gather_user(durable->user, tree, r);
	if (rare) {
		mutex_lock(&rare->lock);
		if (rare->lock_sequence)
			memcpy(r->sequences, rare->lock_sequence, sizeof(r->sequences));
		mutex_unlock(&rare->lock);
	}

	dsmb_open_op(open, tree, &op, &actor);
	err = ditto_instance_begin(open->inst, &op, &node);
	if (err)
		goto put;
	err = gather_file(durable, op.share, node, r);
	ditto_instance_end(open->inst, &op);
put:
	dsmb_tree_put(tree);
	return err;
}

/* What the open has is to be recorded. Called with persist->lock held. */
static int persist_set(const struct dsmb_durable *durable, u64 *wish)
{
	struct dsmb_persist *persist = durable->persist;
	struct writing *w = kvzalloc(sizeof(*w), GFP_KERNEL);
	int err;

	lockdep_assert_held(&persist->lock);
	*wish = 0;
	if (!w)
		return -ENOMEM;
	err = persist_gather(durable, &w->record);
	if (err)
		goto free;
	err = ditto_recorder_set(persist->recorder, persist->token, w->data,
				 dsmb_record_encode(&w->record, w->data), wish);
	/* A record that was taken back is to be gone; one that is left as it is stays so. */
	if (err == -ESTALE)
		err = 0;
free:
	kvfree(w);
	return err;
}

/* Gather the record again in a while, unless the open is closed. The caller has a reference. */
static void persist_later(struct dsmb_persist *persist)
{
	struct dsmb_open *open = persist->open;

	if (READ_ONCE(open->closing) || READ_ONCE(open->expired))
		return;
	dsmb_open_hold(open);
	if (!queue_delayed_work(open->server->records, &persist->later,
				msecs_to_jiffies(DSMB_PERSIST_RETRY_MS)))
		dsmb_open_put(open);
}

static int open_save(struct dsmb_open *open, bool wait)
{
	const struct dsmb_durable *durable = READ_ONCE(open->durable);
	struct dsmb_persist *persist = durable ? durable->persist : NULL;
	int err = 0;
	u64 wish;

	if (!persist)
		return 0;
	mutex_lock(&persist->lock);
	err = persist_set(durable, &wish);
	mutex_unlock(&persist->lock);
	if (!err && wait)
		err = ditto_recorder_wait(persist->recorder, wish);
	/*
	 * The caller may undo what could not be recorded. What was taken away is not recorded
	 * again, and what has no room never is.
	 */
	if (err && err != -ESTALE && err != -ENOSPC)
		persist_later(persist);
	if (err && err != -ESTALE)
		pr_warn_ratelimited("what %s has open cannot be recorded: error %d\n",
				    durable->user->name, err);
	return err;
}

/*
 * Record the changed claims of an open. A record that cannot be written now is written later,
 * because it may have been written nevertheless, and because what the open gave up must not come
 * back after a restart. Context: waits for the helper. persist->lock is taken. Return: 0; -ESTALE
 * if the file was taken away; -ENOSPC if the open has more ranges than a record holds; or an error
 * of ditto_recorder_wait().
 */
int dsmb_persist_save(struct dsmb_open *open)
{
	return open_save(open, true);
}

/* Work function of dsmb_persist.later: has the record written; drops its reference to the open. */
void dsmb_persist_later_work(struct work_struct *work)
{
	struct dsmb_open *open = container_of(to_delayed_work(work), struct dsmb_persist,
					      later)->open;

	open_save(open, false);
	dsmb_open_put(open);
}

/*
 * Record that an open has some of its ranges no more. Called before the ranges are given up: a
 * restart must not restore what others may have by then. Context: waits for the helper.
 * persist->lock is taken. Return: as dsmb_persist_save(); after an error the open keeps the ranges.
 */
int dsmb_persist_give(struct dsmb_open *open, struct dsmb_giving *giving)
{
	struct dsmb_persist *persist = open->durable->persist;
	int err;

	mutex_lock(&persist->lock);
	list_add_tail(&giving->list, &persist->giving);
	mutex_unlock(&persist->lock);
	err = dsmb_persist_save(open);
	return err == -ESTALE ? 0 : err;
}

/*
 * The ranges were given up, or are kept. Context: waits for the helper if the record differs from
 * what the open has.
 */
void dsmb_persist_given(struct dsmb_open *open, struct dsmb_giving *giving)
{
	struct dsmb_persist *persist = open->durable->persist;

	mutex_lock(&persist->lock);
	list_del(&giving->list);
	mutex_unlock(&persist->lock);
	dsmb_persist_save(open);
}

/* The record of an open that is not persistent after all, until it is removed; or NULL. */
static struct dsmb_persist *open_refused(const struct dsmb_open *open)
{
	const struct dsmb_durable *refused;
	const struct dsmb_open_rare *rare;

	/* Pairs with durable_make(): the caller found that the open is not persistent. */
	smp_rmb();
	rare = dsmb_open_has_rare(open);
	refused = rare ? READ_ONCE(rare->refused) : NULL;
	return refused && ditto_recorder_may_be(refused->persist->recorder) ? refused->persist :
									      NULL;
}

/*
 * Get the open of a lease that has a record, and the lowest id not below @id. Called with
 * lease->lock held.
 */
static struct dsmb_open *lease_first(struct dsmb_lease *lease, u64 id)
{
	struct dsmb_open *open, *first = NULL;

	list_for_each_entry(open, &lease->holders, lease_link) {
		if ((dsmb_durable_is_persistent(open) || open_refused(open)) &&
		    open->persistent >= id && (!first || open->persistent < first->persistent))
			first = open;
	}
	return first;
}

/*
 * The same with a reference, or NULL; @id is set behind the open found. Iterating by id allows
 * several threads to iterate at the same time.
 */
static struct dsmb_open *lease_next(struct dsmb_lease *lease, u64 *id)
{
	struct dsmb_open *open;

	mutex_lock(&lease->lock);
	while ((open = lease_first(lease, *id))) {
		*id = open->persistent + 1;
		if (refcount_inc_not_zero(&open->ref))
			break;
	}
	mutex_unlock(&lease->lock);
	return open;
}

static int lease_save(struct dsmb_lease *lease, bool wait)
{
	struct dsmb_persist *ended;
	struct dsmb_open *open;
	int err = 0, ret;
	u64 id = 0;

	while ((open = lease_next(lease, &id))) {
		ret = open_save(open, wait);
		/* A restart would restore it with what the lease gives up. */
		ended = ret == -ESTALE ? READ_ONCE(open->durable)->persist : open_refused(open);
		if (wait && ended)
			err = err ?: dsmb_persist_remove(ended);
		if (ret != -ESTALE)
			err = err ?: ret;
		dsmb_open_put(open);
	}
	return err;
}

/*
 * Record the changed caching of all persistent opens of a lease. @lease: the lease; its lock is not
 * held. Called after the change, or with lease->giving set before it. Context: waits for the
 * helper. Return: 0, or the first error of dsmb_persist_save().
 */
int dsmb_persist_lease(struct dsmb_lease *lease)
{
	return lease_save(lease, true);
}

/*
 * Check whether a persistent open holds a lease. @lease: the lease; its lock is not held. Return:
 * true if dsmb_persist_lease() would wait for the helper.
 */
bool dsmb_persist_has_lease(struct dsmb_lease *lease)
{
	bool has;

	mutex_lock(&lease->lock);
	has = lease_first(lease, 0);
	mutex_unlock(&lease->lock);
	return has;
}

/* Work function of dsmb_lease.record. @work: the work; drops its reference to the lease. */
void dsmb_persist_lease_work(struct work_struct *work)
{
	struct dsmb_lease *lease = container_of(work, struct dsmb_lease, record);

	lease_save(lease, false);
	dsmb_lease_put(lease);
}

/*
 * Record the changed caching of a lease's opens soon. @lease: the lease, held by the caller; its
 * lock is not held. Context: but does not wait for the helper.
 */
void dsmb_persist_lease_later(struct dsmb_lease *lease)
{
	struct dsmb_open *open;

	mutex_lock(&lease->lock);
	open = lease_first(lease, 0);
	if (open) {
		dsmb_lease_hold(lease);
		if (!queue_work(open->server->records, &lease->record))
			/* Never the last reference: the queued work has its own. */
			refcount_dec(&lease->ref);
	}
	mutex_unlock(&lease->lock);
}

/* Grant, and the end of the server */

/*
 * Write the record of an open for the first time. Context: waits for the helper. Return: false if
 * the record cannot be written; its removal has begun then.
 */
bool dsmb_persist_grant(struct dsmb_open *open)
{
	if (!dsmb_persist_save(open))
		return true;
	/* The record may have been written nevertheless. */
	dsmb_persist_end(open->durable->persist);
	return false;
}

/* Leave a record as it is although its open is closed. @persist: record of the open, or NULL. */
void dsmb_persist_leave(struct dsmb_persist *persist)
{
	if (persist)
		ditto_recorder_leave(persist->recorder, persist->token, false);
}

/* Between ditto_instance_begin() and ditto_instance_end(). A pending deletion is not put off. */
static void persist_suspend(struct dsmb_open *open, struct ditto_op *op)
{
	struct dsmb_persist *persist = open->durable->persist;
	u64 wish;

	if (ditto_instance_delete_pending(open->inst))
		return;
	mutex_lock(&persist->lock);
	if (!persist_set(open->durable, &wish) &&
	    ditto_recorder_leave(persist->recorder, persist->token, true))
		ditto_instance_set_delete(op, open->inst, DITTO_DELETE_AT_CLOSE);
	mutex_unlock(&persist->lock);
}

/*
 * Keep the record and the file of an open because the server ends. Cancels the deletion at close,
 * which the record requests again after the restart. A deletion that is already pending is not put
 * off; the record is removed with the open then. Context: waits for the helper.
 */
void dsmb_persist_suspend(struct dsmb_open *open)
{
	struct dsmb_tree *tree = dsmb_open_tree(open);
	struct ditto_actor actor;
	struct ditto_node *node;
	struct ditto_op op;

	dsmb_open_op(open, tree, &op, &actor);
	if (!ditto_instance_begin(open->inst, &op, &node)) {
		persist_suspend(open, &op);
		ditto_instance_end(open->inst, &op);
	}
	dsmb_tree_put(tree);
}
