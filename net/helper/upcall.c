// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to the helper.
 *
 * A request first waits for its turn in the queue of its kind or its caller, then for its answer in
 * the table of requests sent, and is then completed. Removal from the queue or the table makes the
 * remover the owner of the request: the answer, the end of the helper, the timer, or the caller
 * that gives it up.
 *
 * Locking: the lock of the table guards its contents and ask->cancelled. The queues and the helper
 * have their own locks. None of them nests inside another.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>

#include "../callback.h"
#include "../event.h"
#include "../netlink.h"
#include "../server.h"
#include "../server_private.h"
#include "upcall_private.h"

/* Bytes of a request that gives no size, and of a message that has no answer. */
#define MESSAGE_SIZE	SZ_8K
#define TELL_SIZE	SZ_256
/* Number, type, deadline. */
#define HEADER_SIZE	SZ_64

/* A message that ends what the helper keeps, and the number that it has there. */
struct upcall_end {
	enum ditto_upcall_type type;
	u64 number;
};

static struct sk_buff *upcall_message(const struct ditto_upcall *ask, u64 serial,
				      u32 deadline_ms, gfp_t gfp)
{
	size_t size = ask->size ? ask->size + HEADER_SIZE : MESSAGE_SIZE;
	const struct genl_family *family = ditto_nl_family_get();
	struct sk_buff *msg;
	void *hdr;

	if (!family)
		return ERR_PTR(-ECONNREFUSED);
	msg = genlmsg_new(size, gfp);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	hdr = genlmsg_put(msg, 0, 0, family, 0, DITTO_CMD_UPCALL);
	if (!hdr || ditto_nl_put_u64(msg, DITTO_A_UPCALL_ID, serial) ||
	    nla_put_u32(msg, DITTO_A_UPCALL_TYPE, ask->type) ||
	    nla_put_u32(msg, DITTO_A_UPCALL_DEADLINE_MS, deadline_ms) ||
	    ask->put(msg, ask->arg)) {
		nlmsg_free(msg);
		return ERR_PTR(-EMSGSIZE);
	}
	genlmsg_end(msg, hdr);
	return msg;
}

static struct ditto_fairq *ask_queue(struct ditto_upcall_req *ask)
{
	return ask->what.queue ?:
	       &ask->srv->upcalls->queues[ditto_upcall_queue_of[ask->what.type]];
}

/* Complete a request that the caller owns. */
static void ask_complete(struct ditto_upcall_req *ask, int err)
{
	struct ditto_upcalls *up = ask->srv->upcalls;

	atomic_inc(&up->completing);
	/* @done may free the request, so it leaves the queue before. */
	if (ask->turn.peer)
		ditto_fairq_leave(ask_queue(ask), &ask->turn);
	ask->done(ask, err);
	/* The server may be freed from now on; only the address is used. */
	if (atomic_dec_and_test(&up->completing))
		wake_up_var(&up->completing);
}

/* Like ask_complete(), for callers other than the timer. */
static void ask_complete_sync(struct ditto_upcall_req *ask, int err)
{
	cancel_delayed_work_sync(&ask->timer);
	ask_complete(ask, err);
}

static u32 ask_deadline_ms(const struct ditto_upcall_req *ask)
{
	return ask->what.deadline_ms ?: READ_ONCE(ask->srv->settings.upcall_ms);
}

static bool ask_is_sent_locked(const struct ditto_upcall_req *ask)
{
	struct xarray *sent = &ask->srv->upcalls->sent;

	lockdep_assert_held(&sent->xa_lock);
	return ask->id && xa_load(sent, ask->id) == ask;
}

/*
 * While others come further, the turn of a request comes. One that is being sent has its timer
 * already, which stays. Return: whether it is waited for on.
 */
static bool ask_waits_on(struct ditto_upcall_req *ask)
{
	unsigned long until;

	if (!ask->what.moved || READ_ONCE(ask->id))
		return false;
	until = READ_ONCE(*ask->what.moved) +
		msecs_to_jiffies(ask_deadline_ms(ask)) * DITTO_UPCALL_TURN_FACTOR;
	if (time_after_eq(jiffies, until))
		return false;
	queue_delayed_work(ditto_wq, &ask->timer, until - jiffies);
	return true;
}

static void ask_late(struct work_struct *work)
{
	struct ditto_upcall_req *ask = container_of(to_delayed_work(work),
						    struct ditto_upcall_req, timer);
	struct ditto_server *srv = ask->srv;
	bool late;

	if (ask_waits_on(ask))
		return;
	if (!ditto_fairq_cancel(ask_queue(ask), &ask->turn)) {
		/*
		 * Another path owns the request or is about to send it, or it was sent just now,
		 * or has come further, which restarted the timer.
		 */
		xa_lock(&srv->upcalls->sent);
		late = ask_is_sent_locked(ask) && !delayed_work_pending(&ask->timer);
		if (late)
			__xa_erase(&srv->upcalls->sent, ask->id);
		xa_unlock(&srv->upcalls->sent);
		if (!late)
			return;
	}
	ditto_helper_is_late(&srv->upcalls->helper, ask->what.type, ask_deadline_ms(ask));
	ask_complete(ask, -ETIMEDOUT);
}

/*
 * Send a request that has its turn. Once it is in the table, another path may complete it. So the
 * fields needed afterwards are copied before, and the timer is started before.
 */
static int upcall_send(const struct ditto_server *srv, struct sk_buff *msg, u32 portid)
{
	struct net *net = ditto_server_hold_net(srv);
	int err;

	if (!net) {
		nlmsg_free(msg);
		return -ECONNREFUSED;
	}
	err = genlmsg_unicast(net, msg, portid);
	put_net(net);
	return err;
}

static int ask_send(struct ditto_upcall_req *ask)
{
	u32 deadline_ms = ask_deadline_ms(ask), portid, term, id;
	struct ditto_server *srv = ask->srv;
	struct ditto_upcalls *up = srv->upcalls;
	struct sk_buff *msg;
	u64 serial;
	int err;

	err = ditto_helper_find(&up->helper, &portid, &term);
	if (err)
		return err;
	if (!ditto_helper_knows(&up->helper, ask->what.type))
		return -EOPNOTSUPP;
	/* This reserves the id, but the request cannot be found by it yet. */
	err = xa_alloc_cyclic(&up->sent, &id, NULL, XA_LIMIT(1, U32_MAX), &up->next, GFP_KERNEL);
	if (err < 0)
		return err;
	serial = (u64)term << 32 | id;
	msg = upcall_message(&ask->what, serial, deadline_ms, GFP_KERNEL);
	if (IS_ERR(msg)) {
		xa_erase(&up->sent, id);
		return PTR_ERR(msg);
	}
	ask->portid = portid;
	ask->serial = serial;
	mod_delayed_work(ditto_wq, &ask->timer, msecs_to_jiffies(deadline_ms));
	xa_lock(&up->sent);
	if (ask->cancelled) {
		err = -ECANCELED;
	} else {
		WRITE_ONCE(ask->id, id);
		err = xa_err(__xa_store(&up->sent, id, ask, GFP_NOWAIT));
	}
	if (err)
		__xa_erase(&up->sent, id);
	xa_unlock(&up->sent);
	if (err) {
		nlmsg_free(msg);
		return err;
	}

	/*
	 * If the helper went before the request was in the table, nothing else fails the request.
	 */
	if (ditto_helper_is(&up->helper, portid, term)) {
		err = upcall_send(srv, msg, portid);
	} else {
		nlmsg_free(msg);
		err = -ECONNREFUSED;
	}
	if (!err || xa_cmpxchg(&up->sent, id, ask, NULL, GFP_KERNEL) != ask)
		return 0;
	/* The helper's receive buffer is full, so it does not keep up. */
	return err == -EAGAIN ? -EBUSY : err;
}

static void ask_run(struct ditto_upcall_req *ask)
{
	int err = ask_send(ask);

	if (err)
		ask_complete_sync(ask, err);
}

static void ask_turn(struct ditto_fair_turn *turn)
{
	ask_run(container_of(turn, struct ditto_upcall_req, turn));
}

/* The request was dropped in favour of another peer. */
static void ask_evicted(struct ditto_fair_turn *turn)
{
	ask_complete_sync(container_of(turn, struct ditto_upcall_req, turn), -EBUSY);
}

/*
 * Send a request to the helper without waiting. Requests of a kind (logins, pipes, hosts, accounts)
 * are sent round robin over peers and then over the users of a peer. @done gets the result as
 * ditto_upcall() returns it, with two differences: -EBUSY also for a request that was dropped in
 * favour of another peer, and -ECANCELED instead of -EINTR. Context: process; does not wait.
 */
void ditto_upcall_start(struct ditto_server *srv, struct ditto_upcall_req *ask)
{
	u32 portid, term;
	int ret;

	ask->srv = srv;
	ask->id = 0;
	ask->cancelled = false;
	ask->error = 0;
	ask->turn.run = ask_turn;
	ask->turn.evicted = ask_evicted;
	ask->turn.peer = NULL;
	ask->turn.waits = false;
	INIT_DELAYED_WORK(&ask->timer, ask_late);
	ret = ditto_helper_find(&srv->upcalls->helper, &portid, &term);
	if (!ret) {
		/*
		 * The request may get its turn, and even complete, as soon as it is in the queue.
		 */
		queue_delayed_work(ditto_wq, &ask->timer,
				   msecs_to_jiffies(ask_deadline_ms(ask)) *
				   DITTO_UPCALL_TURN_FACTOR);
		ret = ditto_fairq_enter(ask_queue(ask), &ask->turn, &ask->peer, ask->user);
	}
	if (ret > 0)
		ask_run(ask);
	else if (ret < 0)
		ask_complete_sync(ask, ret);
}

/**
 * ditto_upcall_cancel - give up a request that was started
 * @ask: the request
 *
 * Return: true if @done will not be called; false if it was called or will be called soon,
 * possibly with -ECANCELED.
 */
bool ditto_upcall_cancel(struct ditto_upcall_req *ask)
{
	struct xarray *sent = &ask->srv->upcalls->sent;
	bool owned;

	if (!ditto_fairq_cancel(ask_queue(ask), &ask->turn)) {
		xa_lock(sent);
		/* It may have its turn without having been sent. */
		ask->cancelled = true;
		owned = ask_is_sent_locked(ask);
		if (owned)
			__xa_erase(sent, ask->id);
		xa_unlock(sent);
		if (!owned)
			return false;
	}
	cancel_delayed_work_sync(&ask->timer);
	if (ask->turn.peer)
		ditto_fairq_leave(ask_queue(ask), &ask->turn);
	return true;
}
EXPORT_SYMBOL_NS_GPL(ditto_upcall_cancel, "DITTO");

/**
 * struct upcall_waiter - a request whose caller waits
 * @ask: the request
 * @error: the result
 * @done: completed when @error is set
 */
struct upcall_waiter {
	struct ditto_upcall_req ask;
	int error;
	struct completion done;
};

static void upcall_waiter_done(struct ditto_upcall_req *ask, int err)
{
	struct upcall_waiter *waiter = container_of(ask, struct upcall_waiter, ask);

	waiter->error = err;
	complete(&waiter->done);
}

/*
 * Send a request to the helper and wait for the answer. @peer: address of the peer for which it is
 * made; NULL for the server itself. Must not be used by threads that serve clients; those use
 * ditto_upcall_start(). Context: at most 5 times the upcall setting; killable. Return: as
 * ditto_upcall().
 */
int ditto_upcall_ask(struct ditto_server *srv, const struct ditto_upcall *what,
		     const struct in6_addr *peer)
{
	struct upcall_waiter *waiter;
	int err;

	ditto_assert_no_callback();
	waiter = kzalloc(sizeof(*waiter), GFP_KERNEL);
	if (!waiter)
		return -ENOMEM;
	waiter->ask.what = *what;
	if (peer)
		waiter->ask.peer = *peer;
	waiter->ask.done = upcall_waiter_done;
	init_completion(&waiter->done);
	ditto_upcall_start(srv, &waiter->ask);
	err = wait_for_completion_killable(&waiter->done);
	if (err && !ditto_upcall_cancel(&waiter->ask)) {
		wait_for_completion(&waiter->done);
		err = 0;
	}
	err = err || waiter->error == -ECANCELED ? -EINTR : waiter->error;
	kfree(waiter);
	return err;
}

/*
 * Send a request of the server itself to the helper and wait for the answer. Context: at most 5
 * times the upcall setting; killable. Return: 0; the helper's error, such as -ENOENT for an object
 * that does not exist; -ECONNREFUSED without a helper, which is logged once per absence;
 * -EOPNOTSUPP if the helper does not know the type; -ETIMEDOUT; -EBUSY; -EINTR; -ENOMEM.
 */
int ditto_upcall(struct ditto_server *srv, enum ditto_upcall_type type,
		 int (*put)(struct sk_buff *msg, void *arg),
		 int (*got)(struct genl_info *info, void *arg), void *arg)
{
	const struct ditto_upcall ask = { .type = type, .put = put, .got = got, .arg = arg };

	return ditto_upcall_ask(srv, &ask, NULL);
}

/*
 * Send a message to the helper that has no answer. @put: adds the attributes to the message, at
 * most 256 bytes; returns 0 or -EMSGSIZE. The message may be lost if the helper does not keep up.
 * Context: process; does not wait.
 */
void ditto_upcall_tell(struct ditto_server *srv, enum ditto_upcall_type type,
		       int (*put)(struct sk_buff *msg, void *arg), void *arg)
{
	const struct ditto_upcall ask = {
		.type = type, .size = TELL_SIZE, .put = put, .arg = arg
	};
	u32 portid = READ_ONCE(srv->upcalls->helper.portid);
	struct sk_buff *msg;

	if (!portid || !ditto_helper_knows(&srv->upcalls->helper, type))
		return;
	msg = upcall_message(&ask, 0, 0, GFP_ATOMIC);
	if (!IS_ERR(msg))
		upcall_send(srv, msg, portid);
}

static void ask_moved_locked(struct ditto_upcall_req *ask)
{
	lockdep_assert_held(&ask->srv->upcalls->sent.xa_lock);
	WRITE_ONCE(*ask->what.moved, jiffies);
	mod_delayed_work(ditto_wq, &ask->timer, msecs_to_jiffies(ask_deadline_ms(ask)));
}

/* Begin the deadline of a request anew. Context: any but interrupts. */
void ditto_upcall_moved(struct ditto_upcall_req *ask)
{
	struct xarray *sent = &ask->srv->upcalls->sent;

	/* Whoever takes the request out of the table stops its timer. */
	xa_lock(sent);
	if (ask_is_sent_locked(ask))
		ask_moved_locked(ask);
	xa_unlock(sent);
}

static struct ditto_upcall_req *ask_find_locked(struct ditto_upcalls *up, u64 serial, u32 portid)
{
	struct ditto_upcall_req *ask;

	lockdep_assert_held(&up->sent.xa_lock);
	ask = xa_load(&up->sent, lower_32_bits(serial));
	return ask && ask->serial == serial && ask->portid == portid ? ask : NULL;
}

/* Remove the request with this number from the table; NULL if there is none. */
static struct ditto_upcall_req *ask_take_answered(struct ditto_upcalls *up, u64 serial, u32 portid)
{
	struct ditto_upcall_req *ask;

	xa_lock(&up->sent);
	ask = ask_find_locked(up, serial, portid);
	if (ask)
		__xa_erase(&up->sent, ask->id);
	xa_unlock(&up->sent);
	return ask;
}

static int end_put(struct sk_buff *msg, void *arg)
{
	const struct upcall_end *end = arg;

	return ditto_nl_put_u64(msg, ditto_upcall_ends[end->type], end->number);
}

/* Tell the helper to release what it keeps under a number. Context: as ditto_upcall_tell(). */
void ditto_upcall_end(struct ditto_server *srv, enum ditto_upcall_type type, u64 number)
{
	struct upcall_end end = { .type = type, .number = number };

	ditto_upcall_tell(srv, type, end_put, &end);
}

/* Tell the helper to release what it keeps for a request that was given up. */
static void reply_drop(struct ditto_server *srv, struct genl_info *info)
{
	for (unsigned int type = 0; type < DITTO_UPCALL_ENDS; type++) {
		const struct nlattr *number = NULL;

		if (ditto_upcall_ends[type])
			number = info->attrs[ditto_upcall_ends[type]];
		if (number && nla_get_u64(number))
			ditto_upcall_end(srv, type, nla_get_u64(number));
	}
}

/* Return: 0 if the helper has sent this; -EPERM. */
static int upcall_check_helper(struct ditto_upcalls *up, struct genl_info *info)
{
	if (READ_ONCE(up->helper.portid) != info->snd_portid) {
		NL_SET_ERR_MSG(info->extack, "only the registered helper answers requests");
		return -EPERM;
	}
	ditto_helper_answered(&up->helper);
	return 0;
}

static int upcall_unknown(struct genl_info *info)
{
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DITTO_A_UPCALL_ID],
			    "no request with this number waits; its time may be over");
	return -ENOENT;
}

/*
 * Handle the helper's notice that a request has come further. Return: 0; -EPERM if the sender is
 * not the helper; -ENOENT if no request has the number; -EOPNOTSUPP if the request has only one
 * deadline.
 */
int ditto_upcall_progress(struct ditto_server *srv, struct genl_info *info)
{
	u64 serial = nla_get_u64(info->attrs[DITTO_A_UPCALL_ID]);
	struct ditto_upcalls *up = srv->upcalls;
	struct ditto_upcall_req *ask;
	int err = upcall_check_helper(up, info);
	bool allowed;

	if (err)
		return err;
	xa_lock(&up->sent);
	ask = ask_find_locked(up, serial, info->snd_portid);
	allowed = ask && ask->what.moved;
	if (allowed)
		ask_moved_locked(ask);
	xa_unlock(&up->sent);
	if (!ask)
		return upcall_unknown(info);
	if (allowed)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DITTO_A_UPCALL_ID],
			    "a request of this kind has only one deadline");
	return -EOPNOTSUPP;
}

/*
 * Handle the helper's answer to a request. Return: 0; -EPERM if the sender is not the helper;
 * -ENOENT if no request has the number; or the error of @got, so that the helper learns that its
 * answer was not understood.
 */
int ditto_upcall_reply(struct ditto_server *srv, struct genl_info *info)
{
	u64 serial = nla_get_u64(info->attrs[DITTO_A_UPCALL_ID]);
	struct ditto_upcalls *up = srv->upcalls;
	struct ditto_upcall_req *ask;
	int err = upcall_check_helper(up, info);

	if (err)
		return err;
	ask = ask_take_answered(up, serial, info->snd_portid);
	if (!ask) {
		reply_drop(srv, info);
		return upcall_unknown(info);
	}
	if (info->attrs[DITTO_A_UPCALL_ERROR])
		ask->error = -(int)nla_get_u32(info->attrs[DITTO_A_UPCALL_ERROR]);
	if (!ask->error) {
		/*
		 * The error also goes to the helper, so that it learns that its answer was not
		 * understood.
		 */
		err = ask->what.got(info, ask->what.arg);
		ask->error = err;
	} else if (ask->what.failed) {
		ask->what.failed(info, ask->what.arg);
	}
	ask_complete_sync(ask, ask->error);
	return err;
}

/* Fail all requests that were sent. Returns their number. Requests that wait fail at their turn. */
static unsigned int upcalls_fail(struct ditto_upcalls *up)
{
	unsigned int failed = 0;
	struct ditto_upcall_req *ask;
	unsigned long id;

	xa_for_each(&up->sent, id, ask) {
		/* Only the path that erases the request owns it. */
		ask = xa_erase(&up->sent, id);
		if (!ask)
			continue;
		ask_complete_sync(ask, -ECONNREFUSED);
		failed++;
	}
	return failed;
}

/*
 * A netlink socket was released. If it was the helper's, all requests that were sent fail with
 * -ECONNREFUSED.
 */
void ditto_upcall_portid_gone(struct ditto_server *srv, u32 portid)
{
	unsigned int failed;

	if (!ditto_helper_leaves(&srv->upcalls->helper, portid))
		return;
	failed = upcalls_fail(srv->upcalls);
	pr_warn("the helper is gone; requests that failed with it: %u\n", failed);
	ditto_event(srv, DITTO_EVENT_HELPER_GONE, NULL);
}

/* Fail all requests that wait, and accept no further ones. */
void ditto_upcalls_stop(struct ditto_server *srv)
{
	ditto_helper_stop(&srv->upcalls->helper);
	upcalls_fail(srv->upcalls);
}

int ditto_upcalls_init(struct ditto_server *srv)
{
	struct ditto_upcalls *up = kzalloc(sizeof(*up), GFP_KERNEL);

	if (!up)
		return -ENOMEM;
	ditto_helper_init(&up->helper);
	for (unsigned int i = 0; i < UPCALL_QUEUES; i++)
		ditto_fairq_init(&up->queues[i], &ditto_upcall_queue_limits[i]);
	xa_init_flags(&up->sent, XA_FLAGS_ALLOC);
	srv->upcalls = up;
	return 0;
}

void ditto_upcalls_exit(struct ditto_server *srv)
{
	struct ditto_upcalls *up = srv->upcalls;

	if (!up)
		return;
	ditto_upcalls_stop(srv);
	for (unsigned int i = 0; i < UPCALL_QUEUES; i++)
		ditto_fairq_exit(&up->queues[i]);
	/* They have left the queues, and may still use the server. */
	wait_var_event(&up->completing, !atomic_read(&up->completing));
	xa_destroy(&up->sent);
	ditto_helper_destroy(&up->helper);
	srv->upcalls = NULL;
	kfree(up);
}
