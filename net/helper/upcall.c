// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to the helper.
 *
 * A request first waits for its turn in the queue of its kind, then for its answer in the table of
 * requests sent, and is then completed. Removal from the queue or the table makes the remover the
 * owner of the request: the answer, the end of the helper, the timer, or the caller that gives it
 * up.
 *
 * Locking: the spinlock guards the helper's port and term. The mutex guards the hello token. The
 * lock of the table guards its contents and ask->cancelled. The queues have their own locks. None
 * of them nests inside another.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/genetlink.h>
#include <kunit/visibility.h>

#include "../event.h"
#include "../netlink.h"
#include "../server.h"
#include "../server_private.h"
#include "auth.h"
#include "upcall.h"

static_assert(DITTO_UPCALL_HOST_NAME == (int)DITTO_UPCALL_KIND_HOST_NAME);
static_assert(DITTO_UPCALL_NETGROUP == (int)DITTO_UPCALL_KIND_NETGROUP);
static_assert(DITTO_UPCALL_GROUPS == (int)DITTO_UPCALL_KIND_GROUPS);
static_assert(DITTO_UPCALL_RECORD_FORGET == (int)DITTO_UPCALL_KIND_RECORD_FORGET);
static_assert(DITTO_UPCALL_AUTH == (int)DITTO_UPCALL_KIND_AUTH);
static_assert(DITTO_UPCALL_PIPE_CLOSE == (int)DITTO_UPCALL_KIND_PIPE_CLOSE);
static_assert(DITTO_UPCALL_GROUP_ID == (int)DITTO_UPCALL_KIND_GROUP_ID);
static_assert(DITTO_UPCALL_USER_SIDS == (int)DITTO_UPCALL_KIND_USER_SIDS);
static_assert(DITTO_UPCALL_ACCOUNT_OF_SID == (int)DITTO_UPCALL_KIND_ACCOUNT_OF_SID);
static_assert(DITTO_UPCALL_AUDIT == (int)DITTO_UPCALL_KIND_AUDIT);
static_assert(DITTO_UPCALL_OFFLOAD_FETCH == (int)DITTO_UPCALL_KIND_OFFLOAD_FETCH);

/* Bytes of a request that gives no size, and of a message that has no answer. */
#define MESSAGE_SIZE	SZ_8K
#define TELL_SIZE	SZ_256
/* Number, type, deadline. */
#define HEADER_SIZE	SZ_64

static const char *const type_names[] = {
	[DITTO_UPCALL_HOST_NAME] = "a question for a host name",
	[DITTO_UPCALL_NETGROUP] = "a question for a netgroup",
	[DITTO_UPCALL_GROUPS] = "a question for groups",
	[DITTO_UPCALL_RECORD_PUT] = "a record",
	[DITTO_UPCALL_RECORD_REMOVE] = "the end of a record",
	[DITTO_UPCALL_RECORD_FORGET] = "the end of records",
	[DITTO_UPCALL_AUTH] = "an authentication",
	[DITTO_UPCALL_AUTH_ABORT] = "the end of an authentication",
	[DITTO_UPCALL_PIPE_OPEN] = "the opening of a pipe",
	[DITTO_UPCALL_PIPE_CALL] = "a message to a pipe",
	[DITTO_UPCALL_PIPE_CLOSE] = "the closing of a pipe",
	[DITTO_UPCALL_USER_NAME] = "a question for a user's name",
	[DITTO_UPCALL_GROUP_NAME] = "a question for a group's name",
	[DITTO_UPCALL_USER_ID] = "a question for a user",
	[DITTO_UPCALL_GROUP_ID] = "a question for a group",
	[DITTO_UPCALL_USER_SIDS] = "a question for the SIDs of a user",
	[DITTO_UPCALL_SID_OF_USER] = "a question for the SID of a user",
	[DITTO_UPCALL_SID_OF_GROUP] = "a question for the SID of a group",
	[DITTO_UPCALL_ACCOUNT_OF_SID] = "a question for the account of a SID",
	[DITTO_UPCALL_AUDIT] = "a record for the audit log",
	[DITTO_UPCALL_OFFLOAD_FETCH] = "a request for offloaded data",
};

/* Types of requests that a helper understands unless it says otherwise. */
#define FIRST_KINDS	GENMASK_ULL(DITTO_UPCALL_GROUP_ID, 0)

/* Each kind of request has a queue of its own, so no kind waits behind another. */
enum upcall_queue {
	QUEUE_LOGINS,
	QUEUE_PIPES,
	QUEUE_HOSTS,
	QUEUE_NETGROUPS,
	QUEUE_ACCOUNTS,
	QUEUE_SIDS,
	QUEUE_RECORDS,
	QUEUE_AUDIT,
	QUEUE_OFFLOAD,
	QUEUES,
};

/*
 * The helper serves logins, pipes and accounts with four threads each, single SIDs with two, and
 * netgroups with one; host names occupy no thread. Just enough requests are sent at once to keep
 * its threads busy, and fewer logins, pipes, SIDs and netgroups of any one peer, because requests
 * that wait here are ordered fairly and those that wait in the helper are not. Records belong to no
 * peer, and the helper writes them in batches. Each request about hosts, netgroups, accounts and
 * SIDs occupies one of DITTO_NAMES_WORKERS. Clients choose SIDs, so these have their own queue.
 */
static const struct ditto_fairq_limits queue_limits[QUEUES] = {
	[QUEUE_LOGINS] = { .width = 6, .peer_width = 2, .waiting = 2048, .peer_waiting = 256 },
	[QUEUE_PIPES] = { .width = 2, .peer_width = 1, .waiting = 1024, .peer_waiting = 64 },
	[QUEUE_HOSTS] = { .width = 64, .peer_width = 2, .waiting = 128, .peer_waiting = 32 },
	[QUEUE_NETGROUPS] = { .width = 3, .peer_width = 1, .waiting = 64, .peer_waiting = 32 },
	[QUEUE_ACCOUNTS] = { .width = 8, .peer_width = 8, .waiting = 64, .peer_waiting = 64 },
	[QUEUE_SIDS] = { .width = 4, .peer_width = 2, .waiting = 128, .peer_waiting = 64 },
	[QUEUE_RECORDS] = { .width = 1024, .peer_width = 1024, .waiting = 1024,
			    .peer_waiting = 1024 },
	/* Each user is a peer; one thread writes the log. */
	[QUEUE_AUDIT] = { .width = 64, .peer_width = 16, .waiting = 2048, .peer_waiting = 512 },
	/* The width is a setting. */
	[QUEUE_OFFLOAD] = { .width = 16, .peer_width = 16, .waiting = 4096, .peer_waiting = 4096 },
};

static const u8 queue_of_type[] = {
	[DITTO_UPCALL_HOST_NAME] = QUEUE_HOSTS,
	[DITTO_UPCALL_NETGROUP] = QUEUE_NETGROUPS,
	[DITTO_UPCALL_GROUPS] = QUEUE_ACCOUNTS,
	[DITTO_UPCALL_RECORD_PUT] = QUEUE_RECORDS,
	[DITTO_UPCALL_RECORD_REMOVE] = QUEUE_RECORDS,
	[DITTO_UPCALL_RECORD_FORGET] = QUEUE_RECORDS,
	[DITTO_UPCALL_AUTH] = QUEUE_LOGINS,
	[DITTO_UPCALL_PIPE_OPEN] = QUEUE_PIPES,
	[DITTO_UPCALL_PIPE_CALL] = QUEUE_PIPES,
	[DITTO_UPCALL_USER_NAME] = QUEUE_ACCOUNTS,
	[DITTO_UPCALL_GROUP_NAME] = QUEUE_ACCOUNTS,
	[DITTO_UPCALL_USER_ID] = QUEUE_ACCOUNTS,
	[DITTO_UPCALL_GROUP_ID] = QUEUE_ACCOUNTS,
	[DITTO_UPCALL_USER_SIDS] = QUEUE_ACCOUNTS,
	[DITTO_UPCALL_SID_OF_USER] = QUEUE_SIDS,
	[DITTO_UPCALL_SID_OF_GROUP] = QUEUE_SIDS,
	[DITTO_UPCALL_ACCOUNT_OF_SID] = QUEUE_SIDS,
	[DITTO_UPCALL_AUDIT] = QUEUE_AUDIT,
	[DITTO_UPCALL_OFFLOAD_FETCH] = QUEUE_OFFLOAD,
};

/**
 * struct ditto_upcalls - the helper of one server and the requests to it
 * @lock: guards @portid, @tgid, @term, @kinds, @lacks, @stopped, @missed and @stuck
 * @portid: netlink port of the helper; 0 without one
 * @tgid: process that registered it
 * @term: changes with each helper that registers; starts at a random value
 * @kinds: types of requests that the helper understands, one bit each
 * @lacks: types that it does not understand and that were logged
 * @stopped: no request is accepted any more
 * @missed: the absence of a helper was logged
 * @stuck: a missing answer was logged
 * @hello_lock: guards @hello and @hello_len
 * @hello: see ditto_upcall_hello_set()
 * @hello_len: bytes of @hello
 * @queues: requests that wait for their turn
 * @sent: struct ditto_upcall_req by id: requests that wait for their answer
 * @next: where the search for a free id continues
 * @completing: requests whose callback is running or about to
 */
struct ditto_upcalls {
	spinlock_t lock;	/* see above */
	u32 portid;
	pid_t tgid;
	u32 term;
	u64 kinds;
	u64 lacks;
	bool stopped;
	bool missed;
	bool stuck;
	struct mutex hello_lock;	/* see above */
	void *hello;
	size_t hello_len;
	struct ditto_fairq queues[QUEUES];
	struct xarray sent;
	u32 next;
	atomic_t completing;
};

bool ditto_upcall_has_helper(struct ditto_server *srv)
{
	return READ_ONCE(srv->upcalls->portid);
}
EXPORT_SYMBOL_NS_GPL(ditto_upcall_has_helper, DITTO);

bool ditto_upcall_is_helper(struct ditto_server *srv)
{
	return READ_ONCE(srv->upcalls->portid) && READ_ONCE(srv->upcalls->tgid) == current->tgid;
}

/* Get the helper's port and term. Logs a missing helper once per absence. */
static int helper_find(struct ditto_upcalls *up, u32 *portid, u32 *term)
{
	bool log = false;

	spin_lock(&up->lock);
	*portid = up->stopped ? 0 : up->portid;
	*term = up->term;
	if (!*portid && !up->missed && !up->stopped) {
		up->missed = true;
		log = true;
	}
	spin_unlock(&up->lock);

	if (log)
		pr_warn("no helper: nothing can be recorded, host names, netgroups and groups cannot be looked up (is dittod running?)\n");
	return *portid ? 0 : -ECONNREFUSED;
}

/* Check that the helper understands a type of request. Logs once that it is too old. */
static bool helper_knows(struct ditto_upcalls *up, enum ditto_upcall_type type)
{
	bool log;

	if (READ_ONCE(up->kinds) & BIT_ULL(type))
		return true;
	spin_lock(&up->lock);
	log = !(up->lacks & BIT_ULL(type));
	up->lacks |= BIT_ULL(type);
	spin_unlock(&up->lock);
	if (log)
		pr_notice("the helper is older than ditto.ko and does not know %s\n",
			  type_names[type]);
	return false;
}

/*
 * Check that the helper is still the same. The lock ensures that if the port is cleared
 * afterwards, the requests that were in the table before are found and failed.
 */
static bool helper_is(struct ditto_upcalls *up, u32 portid, u32 term)
{
	bool is;

	spin_lock(&up->lock);
	is = up->portid == portid && up->term == term;
	spin_unlock(&up->lock);
	return is;
}

/* The helper answered, so its next missing answer is logged again. */
static void helper_moves(struct ditto_upcalls *up)
{
	if (!READ_ONCE(up->stuck))
		return;
	spin_lock(&up->lock);
	WRITE_ONCE(up->stuck, false);
	spin_unlock(&up->lock);
}

static void helper_is_late(struct ditto_upcalls *up, enum ditto_upcall_type type, u32 deadline_ms)
{
	bool log;

	spin_lock(&up->lock);
	log = !up->stuck;
	WRITE_ONCE(up->stuck, true);
	spin_unlock(&up->lock);
	if (log)
		pr_warn("the helper did not answer %s within %u ms; is dittod stuck?\n",
			type_names[type], deadline_ms);
}

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
	return &ask->srv->upcalls->queues[queue_of_type[ask->what.type]];
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

static void ask_late(struct work_struct *work)
{
	struct ditto_upcall_req *ask = container_of(to_delayed_work(work),
						    struct ditto_upcall_req, timer);
	struct ditto_server *srv = ask->srv;
	bool late;

	if (!ditto_fairq_cancel(ask_queue(ask), &ask->turn)) {
		/*
		 * Another path owns the request or is about to send it, or it was sent just now,
		 * which restarted the timer.
		 */
		xa_lock(&srv->upcalls->sent);
		late = ask_is_sent_locked(ask) && !delayed_work_pending(&ask->timer);
		if (late)
			__xa_erase(&srv->upcalls->sent, ask->id);
		xa_unlock(&srv->upcalls->sent);
		if (!late)
			return;
	}
	helper_is_late(srv->upcalls, ask->what.type, ask_deadline_ms(ask));
	ask_complete(ask, -ETIMEDOUT);
}

/*
 * Send a request that has its turn. Once it is in the table, another path may complete it. So the
 * fields needed afterwards are copied before, and the timer is started before.
 */
static int ask_send(struct ditto_upcall_req *ask)
{
	u32 deadline_ms = ask_deadline_ms(ask), portid, term, id;
	struct ditto_server *srv = ask->srv;
	struct ditto_upcalls *up = srv->upcalls;
	struct sk_buff *msg;
	u64 serial;
	int err;

	err = helper_find(up, &portid, &term);
	if (err)
		return err;
	if (!helper_knows(up, ask->what.type))
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
		ask->id = id;
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
	if (helper_is(up, portid, term)) {
		err = genlmsg_unicast(srv->net, msg, portid);
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
	ret = helper_find(srv->upcalls, &portid, &term);
	if (!ret) {
		/*
		 * The request may get its turn, and even complete, as soon as it is in the queue.
		 */
		queue_delayed_work(ditto_wq, &ask->timer,
				   msecs_to_jiffies(ask_deadline_ms(ask)) *
				   DITTO_UPCALL_TURN_FACTOR);
		if (ask->what.width)
			ditto_fairq_set_width(ask_queue(ask), ask->what.width);
		ret = ditto_fairq_enter(ask_queue(ask), &ask->turn, &ask->peer, ask->user);
	}
	if (ret > 0)
		ask_run(ask);
	else if (ret < 0)
		ask_complete_sync(ask, ret);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcall_start);

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
EXPORT_SYMBOL_NS_GPL(ditto_upcall_cancel, DITTO);

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

int ditto_upcall_ask(struct ditto_server *srv, const struct ditto_upcall *what,
		     const struct in6_addr *peer)
{
	struct upcall_waiter *waiter = kzalloc(sizeof(*waiter), GFP_KERNEL);
	int err;

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
EXPORT_SYMBOL_IF_KUNIT(ditto_upcall_ask);

int ditto_upcall(struct ditto_server *srv, enum ditto_upcall_type type,
		 int (*put)(struct sk_buff *msg, void *arg),
		 int (*got)(struct genl_info *info, void *arg), void *arg)
{
	const struct ditto_upcall ask = { .type = type, .put = put, .got = got, .arg = arg };

	return ditto_upcall_ask(srv, &ask, NULL);
}
EXPORT_SYMBOL_NS_GPL(ditto_upcall, DITTO);

void ditto_upcall_tell(struct ditto_server *srv, enum ditto_upcall_type type,
		       int (*put)(struct sk_buff *msg, void *arg), void *arg)
{
	const struct ditto_upcall ask = {
		.type = type, .size = TELL_SIZE, .put = put, .arg = arg
	};
	u32 portid = READ_ONCE(srv->upcalls->portid);
	struct sk_buff *msg;

	if (!portid || !helper_knows(srv->upcalls, type))
		return;
	msg = upcall_message(&ask, 0, 0, GFP_ATOMIC);
	if (!IS_ERR(msg))
		genlmsg_unicast(srv->net, msg, portid);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcall_tell);

int ditto_upcall_hello_set(struct ditto_server *srv, u32 portid, const void *hello, size_t len)
{
	struct ditto_upcalls *up = srv->upcalls;
	void *copy = NULL;
	int err = 0;

	if (len) {
		copy = kvmemdup(hello, len, GFP_KERNEL);
		if (!copy)
			return -ENOMEM;
	}
	mutex_lock(&up->hello_lock);
	/* The next helper sets its token later than it registers, so this one cannot replace it. */
	if (READ_ONCE(up->portid) == portid) {
		swap(up->hello, copy);
		up->hello_len = len;
	} else {
		err = -ECONNREFUSED;
	}
	mutex_unlock(&up->hello_lock);
	kvfree(copy);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcall_hello_set);

int ditto_upcall_hello(struct ditto_server *srv, void **hello, size_t *len)
{
	struct ditto_upcalls *up = srv->upcalls;
	u32 portid, term;
	int err;

	*hello = NULL;
	*len = 0;
	err = helper_find(up, &portid, &term);
	if (err)
		return err;
	mutex_lock(&up->hello_lock);
	if (up->hello_len) {
		*hello = kvmemdup(up->hello, up->hello_len, GFP_KERNEL);
		if (*hello)
			*len = up->hello_len;
		else
			err = -ENOMEM;
	}
	mutex_unlock(&up->hello_lock);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcall_hello);

int ditto_upcall_register(struct ditto_server *srv, u32 portid)
{
	struct ditto_upcalls *up = srv->upcalls;
	u32 old;

	spin_lock(&up->lock);
	old = up->portid;
	if (!old) {
		WRITE_ONCE(up->portid, portid);
		WRITE_ONCE(up->tgid, current->tgid);
		WRITE_ONCE(up->kinds, FIRST_KINDS);
		up->lacks = 0;
		up->term++;
		up->missed = false;
		WRITE_ONCE(up->stuck, false);
	}
	spin_unlock(&up->lock);

	if (old)
		return old == portid ? 0 : -EBUSY;
	pr_info("the helper is here (port %u)\n", portid);
	ditto_event(srv, DITTO_EVENT_HELPER_CONNECTED, NULL);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcall_register);

int ditto_upcall_kinds_set(struct ditto_server *srv, u32 portid, u64 kinds)
{
	struct ditto_upcalls *up = srv->upcalls;
	bool is;

	spin_lock(&up->lock);
	is = up->portid == portid;
	if (is)
		WRITE_ONCE(up->kinds, kinds);
	spin_unlock(&up->lock);
	return is ? 0 : -ECONNREFUSED;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcall_kinds_set);

/* Remove the request with this number from the table; NULL if there is none. */
static struct ditto_upcall_req *ask_take_answered(struct ditto_upcalls *up, u64 serial, u32 portid)
{
	u32 id = lower_32_bits(serial);
	struct ditto_upcall_req *ask;

	xa_lock(&up->sent);
	ask = xa_load(&up->sent, id);
	if (ask && ask->serial == serial && ask->portid == portid)
		__xa_erase(&up->sent, id);
	else
		ask = NULL;
	xa_unlock(&up->sent);
	return ask;
}

/* Tell the helper to release what it keeps for a request that was given up. */
static void reply_drop(struct ditto_server *srv, struct genl_info *info)
{
	const struct nlattr *auth = info->attrs[DITTO_A_UPCALL_AUTH_ID];
	const struct nlattr *pipe = info->attrs[DITTO_A_UPCALL_PIPE];

	if (auth)
		ditto_auth_abort(srv, nla_get_u64(auth));
	if (pipe)
		ditto_pipe_close(srv, nla_get_u64(pipe));
}

int ditto_upcall_reply(struct ditto_server *srv, struct genl_info *info)
{
	u64 serial = nla_get_u64(info->attrs[DITTO_A_UPCALL_ID]);
	struct ditto_upcalls *up = srv->upcalls;
	struct ditto_upcall_req *ask;
	int err = 0;

	if (READ_ONCE(up->portid) != info->snd_portid) {
		NL_SET_ERR_MSG(info->extack, "only the registered helper answers requests");
		return -EPERM;
	}
	helper_moves(up);
	ask = ask_take_answered(up, serial, info->snd_portid);
	if (!ask) {
		reply_drop(srv, info);
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DITTO_A_UPCALL_ID],
				    "no request with this number waits; its time may be over");
		return -ENOENT;
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
EXPORT_SYMBOL_IF_KUNIT(ditto_upcall_reply);

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

void ditto_upcall_portid_gone(struct ditto_server *srv, u32 portid)
{
	struct ditto_upcalls *up = srv->upcalls;
	unsigned int failed;
	bool gone;

	if (!portid || READ_ONCE(up->portid) != portid)
		return;
	spin_lock(&up->lock);
	gone = up->portid == portid;
	if (gone)
		WRITE_ONCE(up->portid, 0);
	spin_unlock(&up->lock);
	if (!gone)
		return;

	failed = upcalls_fail(up);
	pr_warn("the helper is gone; requests that failed with it: %u\n", failed);
	ditto_event(srv, DITTO_EVENT_HELPER_GONE, NULL);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcall_portid_gone);

void ditto_upcalls_stop(struct ditto_server *srv)
{
	struct ditto_upcalls *up = srv->upcalls;

	spin_lock(&up->lock);
	up->stopped = true;
	WRITE_ONCE(up->portid, 0);
	spin_unlock(&up->lock);
	upcalls_fail(up);
}

int ditto_upcalls_init(struct ditto_server *srv)
{
	struct ditto_upcalls *up = kzalloc(sizeof(*up), GFP_KERNEL);

	if (!up)
		return -ENOMEM;
	spin_lock_init(&up->lock);
	mutex_init(&up->hello_lock);
	for (unsigned int i = 0; i < QUEUES; i++)
		ditto_fairq_init(&up->queues[i], &queue_limits[i]);
	xa_init_flags(&up->sent, XA_FLAGS_ALLOC);
	up->term = get_random_u32();
	srv->upcalls = up;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcalls_init);

void ditto_upcalls_exit(struct ditto_server *srv)
{
	struct ditto_upcalls *up = srv->upcalls;

	if (!up)
		return;
	ditto_upcalls_stop(srv);
	for (unsigned int i = 0; i < QUEUES; i++)
		ditto_fairq_exit(&up->queues[i]);
	/* They have left the queues, and may still use the server. */
	wait_var_event(&up->completing, !atomic_read(&up->completing));
	xa_destroy(&up->sent);
	kvfree(up->hello);
	mutex_destroy(&up->hello_lock);
	srv->upcalls = NULL;
	kfree(up);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcalls_exit);
