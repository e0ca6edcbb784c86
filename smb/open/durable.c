// SPDX-License-Identifier: GPL-2.0-only
/*
 * Durable opens: granting durability, disconnecting, and reconnecting. See durable.h.
 *
 * An open becomes durable at its CREATE, or by FSCTL_LMR_REQUEST_RESILIENCY, and enters
 * server->durables then. A disconnect detaches it from its session and starts its timer. A
 * reconnect or a replayed CREATE attaches it again.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "../../fs/open/instance.h"
#include "../../lockd/matrix.h"
#include "../../net/helper/auth.h"
#include "../../net/server.h"
#include "../auth/session.h"
#include "../auth/session_setup.h"
#include "../auth/tree.h"
#include "../server.h"
#include "../transport/call.h"
#include "../transport/conn.h"
#include "../wire/name.h"
#include "closer.h"
#include "durable.h"
#include "lease.h"
#include "open.h"
#include "persist.h"
#include "replay.h"

/*
 * Compute the timeout of a durable open. @asked_ms: requested timeout in milliseconds, 0 for the
 * server's choice. Return: the timeout in milliseconds, at most DSMB_DURABLE_MS_MAX.
 */
u32 dsmb_durable_time(u32 asked_ms, u32 usual_ms)
{
	return min(asked_ms ?: usual_ms, DSMB_DURABLE_MS_MAX);
}

/*
 * Check whether an open's caching allows durability. Return: true for a batch oplock and for a
 * lease with HANDLE caching (MS-SMB2 sections 3.3.5.9.6 and 3.3.5.9.10).
 */
bool dsmb_durable_fits(const struct dsmb_caching *granted)
{
	if (granted->level == DSMB_OPLOCK_LEASE)
		return granted->state & DITTO_LEASE_HANDLE;
	return granted->level == DSMB_OPLOCK_BATCH;
}

/* Granting durability */

static void durable_expired(struct work_struct *work);
static void durable_wait(struct dsmb_open *open);

static struct dsmb_durable *durable_alloc(struct dsmb_open *open, const guid_t *client,
					  struct ditto_auth_user *user,
					  const struct dsmb_durable_ask *ask, u32 timeout_ms,
					  bool persistent)
{
	struct dsmb_durable *durable = kzalloc(sizeof(*durable), GFP_KERNEL);

	if (!durable)
		return NULL;
	durable->closer = dsmb_closer_alloc();
	if (persistent)
		durable->persist = dsmb_persist_alloc(open);
	if (!durable->closer || (persistent && !durable->persist)) {
		dsmb_persist_free(durable->persist);
		kfree(durable->closer);
		kfree(durable);
		return NULL;
	}
	durable->open = open;
	durable->version = ask->version;
	memcpy(durable->guid, ask->guid, sizeof(durable->guid));
	durable->client = *client;
	durable->name = ask->name;
	durable->user = ditto_auth_user_hold(user);
	durable->timeout_ms = timeout_ms;
	INIT_DELAYED_WORK(&durable->expire, durable_expired);
	return durable;
}

static void durable_drop(struct dsmb_durable *durable)
{
	ditto_uncharge(&durable->charge);
	dsmb_persist_free(durable->persist);
	ditto_auth_user_put(durable->user);
	kfree(durable->closer);
	kfree(durable);
}

/* Return: 0, -ENOSPC, -EBUSY or -ENOMEM. */
static int durable_enter(struct dsmb_server *server, struct dsmb_open *open)
{
	int err = -ENOSPC;

	if (atomic_inc_return(&server->ndurables) <= DSMB_DURABLES_MAX)
		err = xa_insert(&server->durables, open->persistent, open, GFP_KERNEL);
	if (err)
		atomic_dec(&server->ndurables);
	return err;
}

static void durable_leave(struct dsmb_open *open)
{
	struct dsmb_server *server = open->server;

	if (xa_cmpxchg(&server->durables, open->persistent, open, NULL, 0) == open)
		atomic_dec(&server->ndurables);
}

/*
 * Check whether an open of this call may outlive its session. Return: false for guest and anonymous
 * users.
 */
bool dsmb_durable_allowed(const struct dsmb_call *call)
{
	const struct ditto_auth_user *acting_user = dsmb_session_acting_user(call->session);

	return !acting_user->guest && !acting_user->anonymous;
}

static bool durable_make(struct dsmb_call *call, struct dsmb_open *open,
			 const struct dsmb_durable_ask *ask, u32 usual_ms, bool persistent)
{
	struct dsmb_open_rare *rare;
	struct dsmb_durable *durable;

	durable = durable_alloc(open, &call->conn->client_guid,
				dsmb_session_acting_user(call->session), ask,
				dsmb_durable_time(ask->timeout_ms, usual_ms),
				persistent);
	if (!durable)
		return false;
	/* A place to keep it, if it is refused. */
	rare = persistent ? dsmb_open_rare(open) : NULL;
	if (persistent && !rare) {
		durable_drop(durable);
		return false;
	}
	/* Pairs with readers that find the open through the table or the lease. */
	smp_store_release(&open->durable, durable);
	if (!persistent || dsmb_persist_grant(open))
		return true;
	WRITE_ONCE(rare->refused, durable);
	/* Pairs with open_refused(): a reader finds one of them. */
	smp_store_release(&open->durable, NULL);
	return false;
}

/*
 * Make an open durable or persistent if it qualifies. It is no error if durability is not granted;
 * open->durable is NULL then. Context: waits for the helper if a record must be written.
 */
void dsmb_durable_grant(struct dsmb_call *call, struct dsmb_open *open,
			const struct dsmb_durable_ask *ask, const struct dsmb_caching *granted)
{
	struct ditto_auth_user *acting_user = dsmb_session_acting_user(call->session);
	u32 usual_ms = READ_ONCE(open->server->settings.durable_s) * MSEC_PER_SEC;
	bool persistent = dsmb_persist_allowed(call, ask) && !ditto_instance_is_stream(open->inst);
	bool durable = usual_ms && dsmb_durable_fits(granted);

	if (!ask->version || !open->outlives || ditto_instance_is_dir(open->inst) ||
	    !(persistent || durable) || acting_user->guest || acting_user->anonymous ||
	    durable_enter(open->server, open))
		return;
	if (!(persistent && durable_make(call, open, ask, usual_ms ?: DSMB_DURABLE_MS_USUAL,
					 true)) &&
	    !(durable && durable_make(call, open, ask, usual_ms, false)))
		durable_leave(open);
}

/*
 * Make an open durable and persistent that is restored after a restart. @user: user who may
 * reconnect to the open; a reference is taken. Return: 0 or -ENOMEM.
 */
int dsmb_durable_restore(struct dsmb_open *open, const guid_t *client, const u8 *guid, u64 name,
			 struct ditto_auth_user *user, u32 timeout_ms)
{
	struct dsmb_durable_ask ask = { .version = 2, .name = name };

	memcpy(ask.guid, guid, sizeof(ask.guid));
	open->durable = durable_alloc(open, client, user, &ask, timeout_ms, true);
	return open->durable ? 0 : -ENOMEM;
}

/*
 * Publish a restored open and start its timeout. Return: 0, -ENOSPC if there are too many durable
 * opens, -EBUSY if the id is in use, or -ENOMEM.
 */
int dsmb_durable_publish(struct dsmb_open *open)
{
	struct dsmb_durable *durable = open->durable;
	int err;

	/* The deadline is set first, because a thread that finds the open reads it. */
	WRITE_ONCE(durable->deadline, jiffies + msecs_to_jiffies(durable->timeout_ms));
	err = durable_enter(open->server, open);
	if (!err)
		durable_wait(open);
	return err;
}

/* Names by which clients know their opens */

static bool open_has_lease(const struct dsmb_open *open)
{
	return open->lease && !dsmb_lease_is_oplock(open->lease);
}

/* Hash the present path of an open that was begun. Return: 0 if that is not possible. */
static u64 open_path_hash(const struct dsmb_open *open)
{
	struct dsmb_path path = { .posix = open->posix };
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *colon;
	u64 hash = 0;

	if (!buf)
		return 0;
	path.path = ditto_instance_path(open->inst, buf, PATH_MAX);
	if (!IS_ERR(path.path)) {
		path.len = strlen(path.path);
		colon = ditto_instance_is_stream(open->inst) ? strrchr(path.path, ':') : NULL;
		if (colon) {
			path.len = colon - path.path;
			path.stream = colon + 1;
			path.stream_len = strlen(path.stream);
		}
		hash = dsmb_path_hash(&path);
	}
	kfree(buf);
	return hash;
}

/*
 * Check whether the client of a lease knows an open by a name. The file may have another name by
 * now. MS-SMB2 sections 3.3.5.9.7 and 3.3.5.9.12. Context: any. Return: true if it is; false also
 * if the name is not known.
 */
bool dsmb_durable_name_matches(const struct dsmb_open *open, u64 name)
{
	return name && name == READ_ONCE(open->durable->name);
}

/* Set the name of an open that was opened by @link. Return: true if its record must be written. */
static bool open_rename(struct dsmb_open *open, const void *link, u64 name)
{
	struct dsmb_durable *durable = READ_ONCE(open->durable);

	if (!durable || ditto_instance_name(open->inst) != link)
		return false;
	WRITE_ONCE(durable->name, name);
	return durable->persist;
}

/*
 * Note that a client has renamed a file through an open with a lease. @path: the new name, from the
 * root of the tree connect; NULL for the present one. The client knows all opens of the lease by
 * the new name that it has opened by the old one. The record of @open is left to the caller, others
 * are written soon. Context: takes the lock of the lease.
 */
void dsmb_durables_rename(struct dsmb_open *open, const struct dsmb_path *path)
{
	const void *link = ditto_instance_name(open->inst);
	struct dsmb_open *other, *before = NULL;
	struct dsmb_lease *lease = open->lease;
	bool records = false;
	u64 name;

	if (!open_has_lease(open))
		return;
	name = path ? dsmb_path_hash(path) : open_path_hash(open);
	mutex_lock(&lease->lock);
	list_for_each_entry(other, &lease->holders, lease_link) {
		/* Only the last reference takes an open off the list. */
		if (!refcount_inc_not_zero(&other->ref))
			continue;
		records |= open_rename(other, link, name) && other != open;
		mutex_unlock(&lease->lock);
		if (before)
			dsmb_open_put(before);
		before = other;
		mutex_lock(&lease->lock);
	}
	mutex_unlock(&lease->lock);
	if (before)
		dsmb_open_put(before);
	if (records)
		dsmb_persist_lease_later(lease);
}

/*
 * Make an open resilient. MS-SMB2 section 3.3.5.15.9. A persistent open is left as it is. The
 * client knows the open by the name that it has now. Context: takes the lock of dsmb_open_rare().
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER if the open cannot outlive its session;
 * STATUS_INSUFFICIENT_RESOURCES.
 */
u32 dsmb_durable_strengthen(struct dsmb_call *call, struct dsmb_open *open, u32 timeout_ms)
{
	struct ditto_auth_user *acting_user = dsmb_session_acting_user(call->session);
	struct dsmb_durable_ask ask = { .version = 1 };
	struct dsmb_open_rare *rare;
	struct dsmb_durable *durable;
	u32 status = STATUS_SUCCESS;

	if (!open->outlives || acting_user->guest || acting_user->anonymous)
		return STATUS_INVALID_PARAMETER;
	rare = dsmb_open_rare(open);
	if (!rare)
		return STATUS_INSUFFICIENT_RESOURCES;
	mutex_lock(&rare->lock);
	durable = open->durable;
	if (durable) {
		/* A persistent open promises more already. */
		if (!durable->persist) {
			WRITE_ONCE(durable->timeout_ms, timeout_ms);
			WRITE_ONCE(durable->resilient, true);
		}
		mutex_unlock(&rare->lock);
		return STATUS_SUCCESS;
	}
	if (open_has_lease(open))
		ask.name = open_path_hash(open);
	durable = durable_alloc(open, &call->conn->client_guid, acting_user,
				&ask, timeout_ms, false);
	if (durable && !durable_enter(open->server, open)) {
		durable->resilient = true;
		/* Pairs with readers that look at it while the open is used or closed. */
		smp_store_release(&open->durable, durable);
	} else {
		if (durable)
			durable_drop(durable);
		status = STATUS_INSUFFICIENT_RESOURCES;
	}
	mutex_unlock(&rare->lock);
	return status;
}

/*
 * Check whether a disconnected open survives conflicting operations. Return: true for a resilient
 * or persistent open, which loses only its caching to a conflict.
 */
bool dsmb_durable_is_sturdy(const struct dsmb_open *open)
{
	const struct dsmb_durable *durable = READ_ONCE(open->durable);

	return durable && (READ_ONCE(durable->resilient) || durable->persist);
}

/*
 * Get the record of an open. @open: the open, which the caller keeps. Until the open is granted,
 * its durability may be refused: @open->durable is read once, and what it was stays with the open.
 * Return: the record, borrowed from the open; NULL if the open is not persistent.
 */
struct dsmb_persist *dsmb_durable_record(const struct dsmb_open *open)
{
	const struct dsmb_durable *durable = READ_ONCE(open->durable);

	return durable ? durable->persist : NULL;
}

/* Check whether an open is persistent. Return: true if the open is persistent, see persist.h. */
bool dsmb_durable_is_persistent(const struct dsmb_open *open)
{
	return dsmb_durable_record(open);
}

/* Take a persistent open from its client; it is closed when its record is gone. */
static bool durable_give_up(struct dsmb_open *open)
{
	/* It has no time left. */
	WRITE_ONCE(open->durable->deadline, jiffies);
	if (!dsmb_open_give_up(open))
		return false;
	if (open->lease)
		dsmb_break_lost(open->lease, NULL);
	dsmb_persist_expire(open);
	return true;
}

/*
 * Close an open; the record of a persistent one goes first. @open: the open, which need not be
 * durable; the caller has a reference. One that is not published yet is left alone: its durability
 * may be taken away at any time.
 *
 * If the record cannot be removed, the client loses the open nevertheless, but the open keeps its
 * claims until the record is gone. Context: waits for the helper if the open is persistent. Return:
 * as dsmb_open_close().
 */
bool dsmb_durable_close(struct dsmb_open *open)
{
	/* Its durability may be taken away while it is not granted. */
	if (!READ_ONCE(open->published))
		return false;
	if (!dsmb_durable_is_persistent(open))
		return dsmb_open_close(open);
	if (dsmb_persist_remove(open->durable->persist))
		return durable_give_up(open);
	return dsmb_open_close(open);
}

/*
 * The same, without waiting for the helper. @open: the open, which need not be durable; the caller
 * has a reference. A persistent open keeps its claims until its record is gone. Context: but does
 * not wait for the helper.
 */
void dsmb_durable_close_later(struct dsmb_open *open)
{
	if (!READ_ONCE(open->published))
		return;
	if (dsmb_durable_is_persistent(open))
		durable_give_up(open);
	else
		dsmb_open_close(open);
}

/*
 * Remove a closed open from the table of durable opens. The removal of its record begins. Context:
 * any process context.
 */
void dsmb_durable_forget(struct dsmb_open *open)
{
	struct dsmb_durable *durable = READ_ONCE(open->durable);

	if (!durable)
		return;
	durable_leave(open);
	dsmb_persist_delete_forget(open);
	dsmb_persist_end(durable->persist);
	if (cancel_delayed_work(&durable->expire))
		dsmb_open_put(open);
}

/* Free the durability of an open. @open: the open, without references left. */
void dsmb_durable_free(struct dsmb_open *open)
{
	if (open->rare && open->rare->refused)
		durable_drop(open->rare->refused);
	if (!open->durable)
		return;
	/* An open that was never published is still in the table, and so is its record. */
	durable_leave(open);
	dsmb_persist_delete_forget(open);
	dsmb_persist_end(open->durable->persist);
	durable_drop(open->durable);
}

/* Disconnecting */

/*
 * MS-SMB2 section 3.3.7.1: the open must still have the caching that made it durable, and no break
 * of it may be outstanding, because the client cannot answer it. Byte-range locks are kept only if
 * the caching excludes other openers, so that a conflicting operation can end the wait. A pending
 * deletion is not delayed. A sturdy open needs nothing but its file.
 */
static bool durable_may_wait(struct dsmb_open *open)
{
	struct dsmb_lease *lease = open->lease;
	struct dsmb_open_state state;
	bool may;

	if (!dsmb_open_get_state(open, &state))
		return false;
	if (dsmb_durable_is_sturdy(open))
		return true;
	if (state.delete_pending)
		return false;
	mutex_lock(&lease->lock);
	may = lease->state & DITTO_LEASE_HANDLE && !lease->breaking && !lease->due &&
	      (lease->state & DITTO_LEASE_WRITE || !state.ranges);
	mutex_unlock(&lease->lock);
	return may;
}

static void durable_wait(struct dsmb_open *open)
{
	struct dsmb_durable *durable = open->durable;
	unsigned long delay = msecs_to_jiffies(READ_ONCE(durable->timeout_ms));

	WRITE_ONCE(durable->deadline, jiffies + delay);
	dsmb_open_hold(open);
	if (mod_delayed_work(open->server->slow, &durable->expire, delay))
		dsmb_open_put(open);
	/* A thread that closed the open before this saw no timer. */
	if (READ_ONCE(open->closing) && cancel_delayed_work(&durable->expire))
		dsmb_open_put(open);
}

/*
 * Keep an open whose session or tree connect ends. @open: the open; the caller has a reference.
 * MS-SMB2 section 3.3.7.1. Return: true if the open is disconnected from now on, or if it is not
 * the session's to close any more; false if the caller must close it.
 */
bool dsmb_durable_disconnect(struct dsmb_open *open, struct dsmb_session *session)
{
	struct dsmb_durable *durable = READ_ONCE(open->durable);

	if (!durable || !durable_may_wait(open))
		return false;
	/* The deadline is set first, because a thread that finds the open disconnected reads it. */
	WRITE_ONCE(durable->deadline, jiffies + msecs_to_jiffies(READ_ONCE(durable->timeout_ms)));
	/* An open that has left the session is not the session's to close. */
	if (!dsmb_open_detach(open, session))
		return true;
	durable_wait(open);
	/* A break that began before the open was detached did not find it disconnected. */
	if (!dsmb_durable_is_sturdy(open) && !durable_may_wait(open))
		dsmb_open_close_detached(open);
	if (open->lease)
		dsmb_break_lost(open->lease, session);
	/* The client may have reconnected, so only the calls of the old session are cancelled. */
	dsmb_calls_cancel(open, session, STATUS_RANGE_NOT_LOCKED);
	return true;
}

static void durable_expired(struct work_struct *work)
{
	struct dsmb_durable *durable = container_of(to_delayed_work(work), struct dsmb_durable,
						    expire);
	struct dsmb_open *open = durable->open;

	if (dsmb_open_expire(open, &durable->deadline)) {
		if (durable->persist)
			dsmb_persist_expire(open);
		else
			dsmb_open_close_detached(open);
	}
	dsmb_durable_put_closed(open);
}

/*
 * Drop a reference to an open that may have been closed. If it is durable and closed, it ends in
 * the background. Context: process; does not wait for a disk.
 */
void dsmb_durable_put_closed(struct dsmb_open *open)
{
	struct dsmb_durable *durable = READ_ONCE(open->durable);
	struct dsmb_closer *closer = NULL;

	if (durable && READ_ONCE(open->closing))
		closer = xchg(&durable->closer, NULL);
	if (closer)
		dsmb_closer_start(closer, open, false);
	else
		dsmb_open_put(open);
}

/*
 * Get a disconnected open of a lease that gives way, with a reference and its closer, or NULL.
 * There is one closer, so each open is found once.
 */
static struct dsmb_open *lease_waiter(struct dsmb_lease *lease, struct dsmb_closer **closer)
{
	struct dsmb_open *open, *found = NULL;

	mutex_lock(&lease->lock);
	list_for_each_entry(open, &lease->holders, lease_link) {
		if (!dsmb_open_is_detached(open) || !open->durable ||
		    dsmb_durable_is_sturdy(open))
			continue;
		/* The durability stays while the open is on the list. */
		*closer = xchg(&open->durable->closer, NULL);
		if (*closer && refcount_inc_not_zero(&open->ref)) {
			lease->yielding++;
			found = open;
			break;
		}
		if (*closer)
			xchg(&open->durable->closer, *closer);
	}
	mutex_unlock(&lease->lock);
	return found;
}

/*
 * Close the disconnected opens of a lease that an operation conflicts with. @lease: the lease; its
 * lock is not held. Sturdy opens stay, see dsmb_durable_is_sturdy(). The others end in the
 * background, each one with dsmb_lease_yielded(). Context: but does not wait for a disk.
 */
void dsmb_durables_yield(struct dsmb_lease *lease)
{
	struct dsmb_closer *closer;
	struct dsmb_open *open;

	while ((open = lease_waiter(lease, &closer))) {
		dsmb_open_close_detached(open);
		if (READ_ONCE(open->closing)) {
			dsmb_closer_start(closer, open, true);
			continue;
		}
		/* Its client has come back. */
		xchg(&open->durable->closer, closer);
		dsmb_lease_yielded(lease);
		dsmb_open_put(open);
	}
}

/*
 * Iterate over the durable opens of a server. Return: the durable open with the lowest id not below
 * @id, with a reference, or NULL.
 */
struct dsmb_open *dsmb_durable_next(struct dsmb_server *server, u64 *id)
{
	unsigned long place = *id;
	struct dsmb_open *open;

	rcu_read_lock();
	open = xa_find(&server->durables, &place, ULONG_MAX, XA_PRESENT);
	while (open && !refcount_inc_not_zero(&open->ref))
		open = xa_find_after(&server->durables, &place, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	*id = place;
	return open;
}

/*
 * Get the time until a disconnected open is closed. Return: seconds, rounded up; 0 for an open that
 * is not disconnected.
 */
u32 dsmb_durable_left(struct dsmb_open *open)
{
	unsigned long deadline = READ_ONCE(open->durable->deadline), now = jiffies;

	if (!dsmb_open_is_detached(open) || time_after_eq(now, deadline))
		return 0;
	return DIV_ROUND_UP(jiffies_to_msecs(deadline - now), MSEC_PER_SEC);
}

/*
 * Close all disconnected opens. Called when no client can reconnect any more. The opens end in the
 * background. Context: waits for the helper if @ends.
 */
void dsmb_durables_close(struct dsmb_server *server, bool ends)
{
	struct dsmb_open *open;
	u64 id = 0;

	while ((open = dsmb_durable_next(server, &id))) {
		/* An open that its client has lost is not to come back. */
		if (ends && dsmb_durable_is_persistent(open) && !READ_ONCE(open->expired))
			dsmb_persist_suspend(open);
		if (ends || !dsmb_durable_is_persistent(open))
			dsmb_open_close_detached(open);
		dsmb_durable_put_closed(open);
		id++;
	}
}

/* Reconnecting */

/* MS-SMB2 sections 3.3.5.9.7 and 3.3.5.9.12: the lease context must match the open. */
static bool lease_is_same(const struct dsmb_open *open, const struct dsmb_caching *asked)
{
	const struct dsmb_lease *lease = open->lease;

	if (!lease || dsmb_lease_is_oplock(lease))
		return asked->level != DSMB_OPLOCK_LEASE;
	return asked->level == DSMB_OPLOCK_LEASE && asked->version == lease->version &&
	       !memcmp(asked->key, lease->key, sizeof(lease->key));
}

/*
 * An open with an oplock or without caching may be reclaimed on any connection of its user. A lease
 * belongs to a ClientGuid, and so does a persistent open.
 */
static bool client_is_same(const struct dsmb_open *open, const struct dsmb_conn *conn)
{
	return guid_equal(&open->durable->client, &conn->client_guid) ||
	       (!open->durable->persist &&
		(!open->lease || dsmb_lease_is_oplock(open->lease)));
}

static bool share_is_same(const struct dsmb_open *open, const struct dsmb_call *call)
{
	const struct dsmb_tree *tree;
	bool same;

	rcu_read_lock();
	tree = READ_ONCE(open->tree);
	same = tree->kind == call->tree->kind && tree->tag == call->tree->tag;
	rcu_read_unlock();
	return same;
}

/* Check the properties that do not depend on whether the open is connected. */
static bool durable_is_meant(struct dsmb_call *call, struct dsmb_open *open,
			     const struct dsmb_durable_ask *ask, const struct dsmb_caching *asked)
{
	const struct dsmb_durable *durable = open->durable;

	return share_is_same(open, call) && ask->persistent == !!durable->persist &&
	       /* Either context reconnects; only version 2 has the CreateGuid. */
	       !(ask->version == 2 &&
		 memcmp(durable->guid, ask->guid, sizeof(durable->guid))) &&
	       lease_is_same(open, asked) && client_is_same(open, call->conn);
}

static u32 durable_check(struct dsmb_call *call, struct dsmb_open *open,
			 const struct dsmb_durable_ask *ask, const struct dsmb_caching *asked)
{
	const struct dsmb_durable *durable = open->durable;
	bool same = dsmb_user_is_same(durable->user, dsmb_session_acting_user(call->session));

	if (!durable_is_meant(call, open, ask, asked))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	if (same)
		dsmb_open_await_loss(open);
	/* The timer may be late. */
	if (!dsmb_open_is_detached(open) || time_after_eq(jiffies, READ_ONCE(durable->deadline)))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	return same ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

/*
 * Find the open that a client reconnects to. @open: set to the open, with a reference; it is
 * disconnected, or was when this function looked. MS-SMB2 sections 3.3.5.9.7 and 3.3.5.9.12.
 * Context: waits for the loss of the old connection, see dsmb_open_await_loss(). Return:
 * STATUS_SUCCESS; STATUS_OBJECT_NAME_NOT_FOUND; STATUS_ACCESS_DENIED for another user;
 * STATUS_FILE_NOT_AVAILABLE if the open could not be restored yet after a restart.
 */
u32 dsmb_durable_find(struct dsmb_call *call, const struct dsmb_durable_ask *ask,
		      const struct dsmb_caching *asked, struct dsmb_open **out)
{
	struct dsmb_server *server = call->conn->server;
	struct dsmb_open *open;
	u32 status;

	rcu_read_lock();
	open = xa_load(&server->durables, ask->id);
	if (open && !refcount_inc_not_zero(&open->ref))
		open = NULL;
	rcu_read_unlock();
	if (!open && dsmb_persist_allowed(call, ask))
		open = dsmb_replay_find(call, ask->guid);
	if (!open || !READ_ONCE(open->published) || !READ_ONCE(open->durable)) {
		if (open)
			dsmb_open_put(open);
		return ask->persistent && dsmb_persist_is_pending(server, ask->id) ?
		       STATUS_FILE_NOT_AVAILABLE : STATUS_OBJECT_NAME_NOT_FOUND;
	}
	status = durable_check(call, open, ask, asked);
	if (status)
		dsmb_open_put(open);
	else
		*out = open;
	return status;
}

/*
 * Attach a disconnected open to the session of a call. @open: the open; the caller has a reference.
 * Return: STATUS_SUCCESS; STATUS_OBJECT_NAME_NOT_FOUND if the open is not disconnected any more;
 * STATUS_NETWORK_NAME_DELETED if the session or tree connect of the call has ended; or another
 * error.
 */
u32 dsmb_durable_attach(struct dsmb_call *call, struct dsmb_open *open)
{
	int err = dsmb_open_attach(open, call);

	if (err == -ENOENT)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	if (err)
		return err == -ESHUTDOWN ? STATUS_NETWORK_NAME_DELETED : dsmb_status(err);
	if (cancel_delayed_work(&open->durable->expire))
		dsmb_open_put(open);
	/* If the session is lost already, the timer cancelled above may be the one of this loss. */
	if (dsmb_open_is_detached(open))
		durable_wait(open);
	return STATUS_SUCCESS;
}

/*
 * Check a replayed CREATE against the open that it created. A disconnected open is attached to the
 * session of the call. MS-SMB2 section 3.3.5.9.10. Return: STATUS_SUCCESS,
 * STATUS_DUPLICATE_OBJECTID, STATUS_ACCESS_DENIED, or as dsmb_durable_attach().
 */
u32 dsmb_durable_replay(struct dsmb_call *call, struct dsmb_open *open,
			const struct dsmb_durable_ask *ask, const struct dsmb_caching *asked)
{
	const struct dsmb_durable *durable = open->durable;
	struct dsmb_session *session;
	struct dsmb_tree *tree;
	bool same;

	if (!lease_is_same(open, asked))
		return STATUS_ACCESS_DENIED;
	/* Any other open is closed with its session, and cannot be reconnected. */
	if (durable)
		dsmb_open_await_loss(open);
	if (dsmb_open_place(open, &session, &tree)) {
		same = session == call->session && tree == call->tree;
		dsmb_tree_put(tree);
		dsmb_session_put(session);
		return same ? STATUS_SUCCESS : STATUS_DUPLICATE_OBJECTID;
	}
	if (!durable || !share_is_same(open, call))
		return STATUS_DUPLICATE_OBJECTID;
	if (!dsmb_user_is_same(durable->user, dsmb_session_acting_user(call->session)))
		return STATUS_ACCESS_DENIED;
	return dsmb_durable_attach(call, open);
}
