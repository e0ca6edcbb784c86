// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to the helper.
 *
 * A request lies on its caller's stack and is in the table of those that
 * wait. Who takes it out of the table owns it: the answer, the end of the
 * helper, or the caller when its time is over. A caller that finds its request
 * taken waits for who took it to complete it, which is a matter of moments.
 *
 * Locking: the spinlock guards the helper's port and the mutex its hello, which
 * is outside. The table has its own lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>
#include <net/genetlink.h>
#include <kunit/visibility.h>

#include "../fs/server.h"
#include "event.h"
#include "netlink.h"
#include "upcall.h"

static_assert(DITTO_UPCALL_HOST_NAME == (int)DITTO_UPCALL_KIND_HOST_NAME);
static_assert(DITTO_UPCALL_NETGROUP == (int)DITTO_UPCALL_KIND_NETGROUP);
static_assert(DITTO_UPCALL_GROUPS == (int)DITTO_UPCALL_KIND_GROUPS);
static_assert(DITTO_UPCALL_RECORD_FORGET == (int)DITTO_UPCALL_KIND_RECORD_FORGET);
static_assert(DITTO_UPCALL_AUTH == (int)DITTO_UPCALL_KIND_AUTH);
static_assert(DITTO_UPCALL_PIPE_CLOSE == (int)DITTO_UPCALL_KIND_PIPE_CLOSE);
static_assert(DITTO_UPCALL_GROUP_ID == (int)DITTO_UPCALL_KIND_GROUP_ID);

/* A request without a word about its size, and one that has no answer. */
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
};

/**
 * struct ditto_upcalls - the helper of one server and what it is asked
 * @lock: guards @portid, @stopped, @missed and @stuck
 * @portid: of the helper; 0 without one
 * @stopped: no request is taken any more
 * @missed: its absence was logged
 * @stuck: that it does not answer was logged
 * @hello_lock: guards @hello and @hello_len
 * @hello: see ditto_upcall_hello_set()
 * @hello_len: of @hello
 * @count: entries of @waiting
 * @waiting: struct upcall by number
 * @next: where the search for a free number goes on
 */
struct ditto_upcalls {
	spinlock_t lock;	/* see above */
	u32 portid;
	bool stopped;
	bool missed;
	bool stuck;
	struct mutex hello_lock;	/* see above */
	void *hello;
	size_t hello_len;
	atomic_t count;
	struct xarray waiting;
	u32 next;
};

/**
 * struct upcall - one request
 * @portid: whom it was sent to
 * @ask: what was asked
 * @error: the result
 * @done: completed by who took it out of the table
 */
struct upcall {
	u32 portid;
	const struct ditto_upcall *ask;
	int error;
	struct completion done;
};

bool ditto_upcall_has_helper(struct ditto_server *srv)
{
	return READ_ONCE(srv->upcalls->portid);
}
EXPORT_SYMBOL_NS_GPL(ditto_upcall_has_helper, DITTO);

/* Where to send; says once per absence that there is nobody. */
static int helper_find(struct ditto_upcalls *up, u32 *portid)
{
	bool log = false;

	spin_lock(&up->lock);
	*portid = up->stopped ? 0 : up->portid;
	if (!*portid && !up->missed && !up->stopped) {
		up->missed = true;
		log = true;
	}
	spin_unlock(&up->lock);

	if (log)
		pr_warn("no helper: nothing can be recorded, host names, netgroups and groups cannot be looked up (is dittod running?)\n");
	return *portid ? 0 : -ECONNREFUSED;
}

/*
 * Is it still that helper? Under the lock, so that whoever takes the port away
 * afterwards finds what was put into the table before.
 */
static bool helper_is(struct ditto_upcalls *up, u32 portid)
{
	bool is;

	spin_lock(&up->lock);
	is = up->portid == portid;
	spin_unlock(&up->lock);
	return is;
}

/* It answered, or another one is there: the next time that it does not is news. */
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

static struct sk_buff *upcall_message(const struct ditto_upcall *ask, u32 id, u32 deadline_ms,
				      gfp_t gfp)
{
	size_t size = ask->size ? ask->size + HEADER_SIZE : MESSAGE_SIZE;
	struct sk_buff *msg = genlmsg_new(size, gfp);
	void *hdr;

	if (!msg)
		return ERR_PTR(-ENOMEM);
	hdr = genlmsg_put(msg, 0, 0, &ditto_nl_family, 0, DITTO_CMD_UPCALL);
	if (!hdr || ditto_nl_put_u64(msg, DITTO_A_UPCALL_ID, id) ||
	    nla_put_u32(msg, DITTO_A_UPCALL_TYPE, ask->type) ||
	    nla_put_u32(msg, DITTO_A_UPCALL_DEADLINE_MS, deadline_ms) ||
	    ask->put(msg, ask->arg)) {
		nlmsg_free(msg);
		return ERR_PTR(-EMSGSIZE);
	}
	genlmsg_end(msg, hdr);
	return msg;
}

static int upcall_send(struct ditto_server *srv, const struct upcall *call, struct sk_buff *msg)
{
	int err = genlmsg_unicast(srv->net, msg, call->portid);

	/* The helper's buffer is full: it does not keep up. */
	if (err == -EAGAIN)
		return -EBUSY;
	return err;
}

/* Wait for the answer; the deadline and a fatal signal end it. */
static int upcall_wait(struct ditto_upcalls *up, struct upcall *call, u32 id, u32 deadline_ms)
{
	long left = wait_for_completion_killable_timeout(&call->done,
							 msecs_to_jiffies(deadline_ms));

	if (left > 0)
		return call->error;
	if (xa_erase(&up->waiting, id)) {
		if (left)
			return -EINTR;
		helper_is_late(up, call->ask->type, deadline_ms);
		return -ETIMEDOUT;
	}
	wait_for_completion(&call->done);
	return call->error;
}

static int upcall_run(struct ditto_server *srv, struct upcall *call)
{
	struct ditto_upcalls *up = srv->upcalls;
	u32 deadline_ms = READ_ONCE(srv->settings.upcall_ms);
	struct sk_buff *msg;
	u32 id;
	int err;

	err = xa_alloc_cyclic(&up->waiting, &id, call, XA_LIMIT(1, U32_MAX), &up->next,
			      GFP_KERNEL);
	if (err < 0)
		return err;

	/* A helper that went before the request was in the table did not fail it. */
	err = helper_is(up, call->portid) ? 0 : -ECONNREFUSED;
	if (!err) {
		msg = upcall_message(call->ask, id, deadline_ms, GFP_KERNEL);
		err = IS_ERR(msg) ? PTR_ERR(msg) : upcall_send(srv, call, msg);
	}
	if (!err)
		return upcall_wait(up, call, id, deadline_ms);

	if (!xa_erase(&up->waiting, id))
		wait_for_completion(&call->done);
	return err;
}

int ditto_upcall_ask(struct ditto_server *srv, const struct ditto_upcall *ask)
{
	struct ditto_upcalls *up = srv->upcalls;
	struct upcall call = { .ask = ask };
	int err;

	init_completion(&call.done);
	err = helper_find(up, &call.portid);
	if (err)
		return err;
	if (atomic_inc_return(&up->count) > DITTO_UPCALLS_MAX)
		err = -EBUSY;
	else
		err = upcall_run(srv, &call);
	atomic_dec(&up->count);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcall_ask);

int ditto_upcall(struct ditto_server *srv, enum ditto_upcall_type type,
		 int (*put)(struct sk_buff *msg, void *arg),
		 int (*got)(struct genl_info *info, void *arg), void *arg)
{
	const struct ditto_upcall ask = { .type = type, .put = put, .got = got, .arg = arg };

	return ditto_upcall_ask(srv, &ask);
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

	if (!portid)
		return;
	msg = upcall_message(&ask, 0, 0, GFP_ATOMIC);
	if (!IS_ERR(msg))
		genlmsg_unicast(srv->net, msg, portid);
}

static void hello_replace(struct ditto_upcalls *up, void *hello, size_t len)
{
	mutex_lock(&up->hello_lock);
	swap(up->hello, hello);
	up->hello_len = len;
	mutex_unlock(&up->hello_lock);
	kvfree(hello);
}

int ditto_upcall_hello_set(struct ditto_server *srv, u32 portid, const void *hello, size_t len)
{
	struct ditto_upcalls *up = srv->upcalls;
	void *copy = NULL;

	if (len) {
		copy = kvmemdup(hello, len, GFP_KERNEL);
		if (!copy)
			return -ENOMEM;
	}
	hello_replace(up, copy, len);
	return helper_is(up, portid) ? 0 : -ECONNREFUSED;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcall_hello_set);

int ditto_upcall_hello(struct ditto_server *srv, void **hello, size_t *len)
{
	struct ditto_upcalls *up = srv->upcalls;
	u32 portid;
	int err;

	*hello = NULL;
	*len = 0;
	err = helper_find(up, &portid);
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

int ditto_upcall_reply(struct ditto_server *srv, struct genl_info *info)
{
	struct ditto_upcalls *up = srv->upcalls;
	u64 id = nla_get_u64(info->attrs[DITTO_A_UPCALL_ID]);
	struct upcall *call;
	int err = 0;

	if (READ_ONCE(up->portid) != info->snd_portid) {
		NL_SET_ERR_MSG(info->extack, "only the registered helper answers requests");
		return -EPERM;
	}
	helper_moves(up);
	/* It was sent to this port: a new helper starts with none. */
	call = id <= U32_MAX ? xa_erase(&up->waiting, id) : NULL;
	if (!call) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DITTO_A_UPCALL_ID],
				    "no request with this number waits; its time may be over");
		return -ENOENT;
	}
	if (info->attrs[DITTO_A_UPCALL_ERROR])
		call->error = -(int)nla_get_u32(info->attrs[DITTO_A_UPCALL_ERROR]);
	if (!call->error) {
		/* The helper learns it if its answer cannot be read. */
		err = call->ask->got(info, call->ask->arg);
		call->error = err;
	} else if (call->ask->failed) {
		call->ask->failed(info, call->ask->arg);
	}
	complete(&call->done);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcall_reply);

/* Fail all that wait; returns how many. */
static unsigned int upcalls_fail(struct ditto_upcalls *up)
{
	struct upcall *call;
	unsigned int failed = 0;
	unsigned long id;

	xa_for_each(&up->waiting, id, call) {
		/* It may be gone, with its caller's stack, unless it is taken out here. */
		call = xa_erase(&up->waiting, id);
		if (!call)
			continue;
		call->error = -ECONNREFUSED;
		complete(&call->done);
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
	xa_init_flags(&up->waiting, XA_FLAGS_ALLOC);
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
	xa_destroy(&up->waiting);
	kvfree(up->hello);
	mutex_destroy(&up->hello_lock);
	srv->upcalls = NULL;
	kfree(up);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_upcalls_exit);
