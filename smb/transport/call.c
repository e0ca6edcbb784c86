// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parking, waking and cancelling of calls. See call.h.
 *
 * A call is RUNNING and belongs to the thread that runs its message, or it is PARKED and
 * belongs to no thread. The first wake-up decides how it continues: run again, or complete with
 * a status. A wake-up of a RUNNING call is remembered and found when the command has returned.
 * While @cancel runs, the call stays parked, so that nothing that @cancel uses is freed under
 * it.
 *
 * Locking: call->lock (spinlock) guards the state. parked_lock (spinlock) guards the table of
 * parked calls, and how many of them each open and session has; a call is removed from it before
 * it runs on. Neither is taken inside the other or together with conn->lock. A thread that found a
 * call in a list keeps it by a reference to its message.
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "../../fs/share/share.h"
#include "../../lockd/claim.h"
#include "../../net/slow_call.h"
#include "../auth/session.h"
#include "../auth/tree.h"
#include "../open/open.h"
#include "../open/replay.h"
#include "buf.h"
#include "command.h"
#include "conn.h"
#include "fs_limit.h"
#include "run_queue.h"
#include "message.h"

enum dsmb_call_state {
	CALL_RUNNING,
	CALL_PARKED,
};

enum dsmb_call_woken {
	WOKEN_NOT,
	WOKEN_AGAIN,
	WOKEN_DONE,
};

#define PARKED_BITS	10

static DEFINE_SPINLOCK(parked_lock);
static struct list_head parked[1 << PARKED_BITS];

/* Initialize the table of parked calls, once for the module. */
void dsmb_calls_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(parked); i++)
		INIT_LIST_HEAD(&parked[i]);
}

static void park_done(struct ditto_park *park)
{
	dsmb_call_rerun(container_of(park, struct dsmb_call, park));
}

/* Initialize a call. */
void dsmb_call_init(struct dsmb_call *call, struct dsmb_message *message)
{
	memset(call, 0, offsetof(struct dsmb_call, in));
	call->message = message;
	call->conn = message->conn;
	/* CANCEL has no response. */
	call->out = dsmb_builder(NULL, 0);
	spin_lock_init(&call->lock);
	INIT_HLIST_NODE(&call->by_id);
	INIT_LIST_HEAD(&call->open_link);
	ditto_park_init(&call->park, park_done);
}

/*
 * Does the call wait for breaks, or is its wake-up from the lock table about to run? The order
 * of the checks matters: each step of a wake-up sets its state before it clears the state of the
 * step before.
 */
static bool is_parked_on_breaks(struct dsmb_call *call)
{
	if (!call->park.used)
		return false;
	if (READ_ONCE(call->park.point))
		return true;
	/* Pairs with ditto_park_wake(), which queues the work before it clears the point. */
	smp_rmb();
	return work_busy(&call->park.work);
}

/* The open that a call is about. One that waits before it is admitted has not looked it up yet. */
static struct dsmb_open *open_of(const struct dsmb_call *call)
{
	return call->open ?: call->early;
}

/* Counts a call that enters or leaves the table with its open and its session. */
static void count_parked(const struct dsmb_call *call, int change)
{
	struct dsmb_open *open = open_of(call);

	lockdep_assert_held(&parked_lock);
	if (open)
		WRITE_ONCE(open->parked, open->parked + change);
	if (call->session)
		WRITE_ONCE(call->session->parked, call->session->parked + change);
}

/* The call still has the open that it was parked with. */
static void forget_parked(struct dsmb_call *call)
{
	if (list_empty_careful(&call->open_link))
		return;
	spin_lock(&parked_lock);
	list_del_init(&call->open_link);
	count_parked(call, -1);
	spin_unlock(&parked_lock);
}

/*
 * The same as dsmb_call_done(), of a call that has something to be dropped. This runs before the
 * response is sent, because the response may wait for the client, and the response to CLOSE means
 * that the open is gone.
 */
void dsmb_call_drop_all(struct dsmb_call *call)
{
	forget_parked(call);
	/*
	 * A parked call can be woken by the lock table and by something else at the same time. The
	 * park is cancelled before the open is dropped, because the open may be the last reference
	 * to the node.
	 */
	if (is_parked_on_breaks(call))
		ditto_park_cancel(&call->park);
	dsmb_call_drop_names(call);
	dsmb_call_drop_open(call);
	if (call->early)
		dsmb_open_put(call->early);
	call->early = NULL;
}

/* Release the arguments of a call, and what its command took. */
void dsmb_call_release(struct dsmb_call *call)
{
	void *args = call->args;

	if (!args)
		return;
	call->args = NULL;
	if (call->cmd->release)
		call->cmd->release(call, args);
	if (args != call->room)
		kfree(args);
}

static void call_free_pages(struct dsmb_call *call)
{
	for (unsigned int i = 0; i < call->npages; i++)
		put_page(call->pages[i].bv_page);
	kvfree(call->pages);
}

/* Drop all that a call holds. Context: conn->lock is not held. */
void dsmb_call_end(struct dsmb_call *call)
{
	struct dsmb_conn *conn = call->conn;
	bool dead;

	spin_lock(&conn->lock);
	if (!hlist_unhashed(&call->by_id)) {
		hlist_del_init(&call->by_id);
		if (call->async_id)
			xa_erase(&conn->async, call->async_id);
		if (call->waited)
			conn->nasync--;
		else
			conn->unsent -= call->charge;
		call->waited = false;
	}
	dead = conn->state == DSMB_CONN_DEAD;
	spin_unlock(&conn->lock);
	if (unlikely(call->slow)) {
		/* Without a reply it is not told. */
		if (dead)
			ditto_slow_call_drop(call->slow);
		else
			ditto_slow_call_end(call->slow);
	}
	/* For a call that did not run to its end. */
	dsmb_call_done(call);
	dsmb_call_release(call);
	if (call->pages)
		call_free_pages(call);
	dsmb_buf_put(conn->server, call->reply);
	if (call->share)
		ditto_share_put(call->share);
	if (call->created)
		dsmb_replay_end(call);
	dsmb_fs_limit_put(call->fs_limit);
	if (call->tree)
		dsmb_tree_put(call->tree);
	dsmb_channel_put(call->channel);
	if (call->session)
		dsmb_session_put(call->session);
}

/* Under call->lock: may the call run on now? If true, it belongs to the caller, who queues it. */
static bool take_locked(struct dsmb_call *call)
{
	lockdep_assert_held(&call->lock);
	if (call->state != CALL_PARKED || call->cancelling || call->woken == WOKEN_NOT)
		return false;
	call->state = CALL_RUNNING;
	return true;
}

static void call_wake(struct dsmb_call *call, enum dsmb_call_woken how, u32 status)
{
	struct dsmb_message *message = call->message;
	bool taken;

	/* Once it is taken, the call may end before this function returns. */
	dsmb_message_hold(message);
	spin_lock(&call->lock);
	if (call->woken == WOKEN_NOT) {
		call->woken = how;
		call->final = status;
	}
	taken = take_locked(call);
	spin_unlock(&call->lock);
	if (taken && unlikely(call->slow))
		ditto_slow_call_enter(call->slow, DITTO_PHASE_QUEUE);
	if (taken)
		dsmb_message_queue(message);
	dsmb_message_put(message);
}

/*
 * Run a parked call again. Only the first wake-up of a parking has an effect. The caller must not
 * touch the call afterwards unless it holds the message. Context: process; does not sleep.
 */
void dsmb_call_rerun(struct dsmb_call *call)
{
	call_wake(call, WOKEN_AGAIN, 0);
}

/*
 * End a parked call. Only the first wake-up of a parking has an effect. The caller must not touch
 * the call afterwards unless it holds the message. Context: process; does not sleep.
 */
void dsmb_call_complete(struct dsmb_call *call, u32 status)
{
	call_wake(call, WOKEN_DONE, status);
}

/*
 * Was a call cancelled? A command that is run again checks this. Context: any. Return: true if the
 * client cancelled the call, or its open, tree, session or connection ended.
 */
bool dsmb_call_is_cancelled(const struct dsmb_call *call)
{
	return READ_ONCE(call->cancelled);
}

/*
 * Was a call woken before it could be parked? Context: any. Return: true if dsmb_call_rerun() or
 * dsmb_call_complete() was called.
 */
bool dsmb_call_is_woken(struct dsmb_call *call)
{
	return READ_ONCE(call->woken) != WOKEN_NOT;
}

/*
 * Find out how a woken call goes on. A cancelled call with a @cancel function or private data is
 * run once more, so that its command can undo what it did. Return: true if the call ended with
 * @status; false if it must be run again.
 */
bool dsmb_call_woken_status(struct dsmb_call *call, u32 *status)
{
	enum dsmb_call_woken woken;
	bool cancelled;

	forget_parked(call);
	spin_lock(&call->lock);
	woken = call->woken;
	call->woken = WOKEN_NOT;
	cancelled = call->cancelled;
	spin_unlock(&call->lock);

	if (woken == WOKEN_DONE) {
		*status = call->final;
		if (cancelled && *status == STATUS_CANCELLED)
			*status = call->cancel_status;
		return true;
	}
	if (!cancelled)
		return false;
	/* A command that keeps state must undo it, but only once. */
	if ((call->cancel || call->private) && !call->last_run) {
		call->last_run = true;
		return false;
	}
	*status = call->cancel_status;
	return true;
}

/*
 * Did the connection, session, tree or open end before the call was in the table of parked
 * calls? Returns the status to cancel it with. A CREATE that can be replayed survives its
 * connection.
 */
static u32 what_ended(const struct dsmb_call *call)
{
	const struct dsmb_open *open = open_of(call);

	if (READ_ONCE(call->conn->state) == DSMB_CONN_DEAD && !call->created)
		return STATUS_CANCELLED;
	if (call->session && READ_ONCE(call->session->state) == DSMB_SESSION_CLOSED)
		return STATUS_USER_SESSION_DELETED;
	if (call->tree && READ_ONCE(call->tree->dead))
		return STATUS_NETWORK_NAME_DELETED;
	if (open && (READ_ONCE(open->closing) || READ_ONCE(open->expired)))
		return STATUS_CANCELLED;
	return STATUS_SUCCESS;
}

/* Calls @cancel. Returns true if the call must run on; it then belongs to the caller. */
static bool run_cancel(struct dsmb_call *call)
{
	bool taken;

	if (dsmb_call_waits_for_names(call))
		dsmb_call_cancel_names(call);
	else if (call->cancel)
		call->cancel(call);
	else if (ditto_park_cancel(&call->park))
		dsmb_call_rerun(call);

	spin_lock(&call->lock);
	call->cancelling = false;
	taken = take_locked(call);
	spin_unlock(&call->lock);
	if (taken && unlikely(call->slow))
		ditto_slow_call_enter(call->slow, DITTO_PHASE_QUEUE);
	return taken;
}

/* Cancels a call. Returns true if the call must run on; it then belongs to the caller. */
static bool call_cancel(struct dsmb_call *call, u32 status)
{
	bool run;

	spin_lock(&call->lock);
	if (!call->cancelled) {
		call->cancelled = true;
		call->cancel_status = status;
	}
	run = call->state == CALL_PARKED && call->woken == WOKEN_NOT && !call->cancel_called;
	if (run) {
		call->cancel_called = true;
		call->cancelling = true;
	}
	spin_unlock(&call->lock);
	return run && run_cancel(call);
}

/*
 * End a parked or running call with a status. @call: the call; its message is held. A call that
 * runs ends with @status only if its command would park it, or checks for it. Context: no spinlock
 * held.
 */
void dsmb_call_cancel(struct dsmb_call *call, u32 status)
{
	struct dsmb_message *message = call->message;

	dsmb_message_hold(message);
	if (call_cancel(call, status))
		dsmb_message_queue(message);
	dsmb_message_put(message);
}

/*
 * Cancel a call and send its response from this thread if possible. @call: the call; its message is
 * held. The response of a parked call is sent before the function returns, if little work remains;
 * else a worker sends it. See dsmb_message_run_here(). Context: no lock held.
 */
void dsmb_call_cancel_here(struct dsmb_call *call, u32 status)
{
	struct dsmb_message *message = call->message;

	dsmb_message_hold(message);
	/*
	 * The message may also have been queued by another thread, and not be taken by a worker
	 * yet.
	 */
	if (call_cancel(call, status) ||
	    (READ_ONCE(call->begun) &&
	     (dsmb_run_queue_cancel(message) || cancel_work(&message->work))))
		dsmb_message_run_here(message, call);
	dsmb_message_put(message);
}

/* The bucket of an open, or of the session of calls without one. */
static struct list_head *bucket_of(const void *object)
{
	return &parked[hash_ptr(object, PARKED_BITS)];
}

/*
 * Park a call whose command returned DSMB_PARKED. Context: because an object that has ended cancels
 * the call here. Return: true if the call waits now; the message then belongs to the waker. False
 * if the call must be run on immediately.
 */
bool dsmb_call_park(struct dsmb_call *call)
{
	struct dsmb_message *message = call->message;
	bool taken, cancelled;
	u32 ended;

	dsmb_message_hold(message);
	if (call->share) {
		/* Removing the share must not wait for calls that wait for other clients. */
		ditto_share_put(call->share);
		call->share = NULL;
	}
	spin_lock(&parked_lock);
	list_add_tail(&call->open_link, bucket_of(open_of(call) ?: (void *)call->session));
	count_parked(call, 1);
	spin_unlock(&parked_lock);
	/*
	 * From here on, whatever ends an object of the call finds the call. Ends before this
	 * point are found here. Pairs with any_parked().
	 */
	smp_mb();
	ended = what_ended(call);

	spin_lock(&call->lock);
	if (ended && !call->cancelled) {
		call->cancelled = true;
		call->cancel_status = ended;
	}
	if (call->last_run)
		call->cancel_called = false;
	call->state = CALL_PARKED;
	taken = take_locked(call);
	cancelled = call->cancelled;
	spin_unlock(&call->lock);

	if (!taken && cancelled)
		dsmb_call_cancel(call, STATUS_CANCELLED);
	dsmb_message_put(message);
	return !taken;
}

/*
 * True if a call may be parked on an object that has ended. Most have none, and the table may have
 * many of other clients.
 */
static bool any_parked(const u32 *parked_on)
{
	/* Pairs with dsmb_call_park(): either this sees the call, or the call sees the end. */
	smp_mb();
	return READ_ONCE(*parked_on);
}

/* Returns a parked call that matches and is not cancelled yet, with its message held, or NULL. */
static struct dsmb_call *find_parked(struct list_head *bucket,
				     bool (*match)(const struct dsmb_call *call, const void *arg),
				     const void *arg)
{
	struct dsmb_call *call, *found = NULL;

	spin_lock(&parked_lock);
	list_for_each_entry(call, bucket, open_link) {
		if (dsmb_call_is_cancelled(call) || !match(call, arg))
			continue;
		dsmb_message_hold(call->message);
		found = call;
		break;
	}
	spin_unlock(&parked_lock);
	return found;
}

static void cancel_parked(struct list_head *bucket,
			  bool (*match)(const struct dsmb_call *call, const void *arg),
			  const void *arg, u32 status)
{
	struct dsmb_call *call;

	while ((call = find_parked(bucket, match, arg))) {
		dsmb_call_cancel(call, status);
		dsmb_message_put(call->message);
	}
}

struct about {
	const struct dsmb_open *open;
	const struct dsmb_session *session;
};

static bool is_about_open(const struct dsmb_call *call, const void *arg)
{
	const struct about *about = arg;

	return open_of(call) == about->open && (!about->session || call->session == about->session);
}

/*
 * Cancel the calls that are parked on an open. @session: only calls of this session; NULL for all.
 * Context: no spinlock held.
 */
void dsmb_calls_cancel(struct dsmb_open *open, const struct dsmb_session *session, u32 status)
{
	const struct about about = { .open = open, .session = session };

	if (any_parked(&open->parked))
		cancel_parked(bucket_of(open), is_about_open, &about, status);
}

static bool is_of_session(const struct dsmb_call *call, const void *session)
{
	return call->session == session;
}

static bool is_of_tree(const struct dsmb_call *call, const void *tree)
{
	return call->tree == tree;
}

/*
 * Cancel the calls of a session that are parked. @tree: only calls on this tree; NULL for all.
 * Context: no spinlock held.
 */
void dsmb_calls_cancel_session(struct dsmb_session *session, const struct dsmb_tree *tree,
			       u32 status)
{
	if (!any_parked(&session->parked))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(parked); i++)
		cancel_parked(&parked[i], tree ? is_of_tree : is_of_session,
			      tree ? (const void *)tree : session, status);
}

/*
 * Park a call after the lock table returned -EJUKEBOX. The command returns the value immediately,
 * as in `return dsmb_call_parked(call)`. Context: process; in the command. Return: DSMB_PARKED;
 * FILE_NOT_AVAILABLE if the lock table did not take the call's park.
 */
u32 dsmb_call_parked(struct dsmb_call *call)
{
	if (is_parked_on_breaks(call))
		return DSMB_PARKED;
	/* Pairs with call_wake(): the work is still busy while it sets @woken under call->lock. */
	smp_rmb();
	if (dsmb_call_is_woken(call))
		return DSMB_PARKED;
	/* Too many operations are parked there already. */
	return dsmb_status(-EJUKEBOX);
}
