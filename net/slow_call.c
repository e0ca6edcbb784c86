// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of slow calls, and who is told. See slow_call.h.
 *
 * Locking: tracers->lock (mutex) guards the tracers of a server; @over is read without it.
 */
#include <linux/build_bug.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <net/genetlink.h>
#include <net/inet_connection_sock.h>
#include <net/tcp.h>

#include "netlink.h"
#include "server.h"
#include "slow_call.h"

static_assert(DITTO_A_SLOW_CALL_SEND_NS - DITTO_A_SLOW_CALL_QUEUE_NS == DITTO_PHASE_SEND);
static_assert(DITTO_A_SLOW_CALL_RUN_NS - DITTO_A_SLOW_CALL_QUEUE_NS == DITTO_PHASE_RUN);
static_assert(DITTO_A_SLOW_CALL_RANGE_NS - DITTO_A_SLOW_CALL_QUEUE_NS == DITTO_PHASE_RANGE);

/**
 * struct tracer - a socket that slow calls are sent to
 * @list: in tracers->list
 * @portid: the socket
 * @over: nanoseconds that a call takes at least
 * @second: time of the first call that counts for @sent
 * @sent: calls sent within a second
 * @lost: calls lost since the last one that was sent
 */
struct tracer {
	struct list_head list;
	u32 portid;
	u64 over;
	u64 second;
	unsigned int sent;
	u64 lost;
};

/**
 * struct ditto_slow_tracers - the tracers of a server
 * @lock: guards all
 * @list: the tracers
 * @count: length of @list
 * @over: the least that any asks for; U64_MAX without any
 */
struct ditto_slow_tracers {
	struct mutex lock;	/* guards all */
	struct list_head list;
	unsigned int count;
	u64 over;
};

DEFINE_STATIC_KEY_FALSE(ditto_slow_traced);
EXPORT_SYMBOL_NS_GPL(ditto_slow_traced, "DITTO");

u64 ditto_slow_received(const struct sock *sk)
{
	u64 now = ktime_get_ns();
	s32 ago;

	if (!sk || sk->sk_protocol != IPPROTO_TCP)
		return now;
	ago = tcp_jiffies32 - READ_ONCE(inet_csk(sk)->icsk_ack.lrcvtime);
	/* The jiffy of now has begun before. */
	return ago < 2 ? now : now - (u64)(ago - 1) * TICK_NSEC;
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_received, "DITTO");

static u64 thread_delay(void)
{
#ifdef CONFIG_SCHED_INFO
	return current->sched_info.run_delay;
#else
	return 0;
#endif
}

static struct ditto_thread_clock clock_read(void)
{
	return (struct ditto_thread_clock) {
		.now = ktime_get_ns(),
		.cpu = current->se.sum_exec_runtime,
		.delay = thread_delay(),
		.switches = current->nvcsw,
	};
}

struct ditto_slow_call *ditto_slow_call_new(struct ditto_server *srv, u64 received)
{
	struct ditto_slow_call *call;

	if (READ_ONCE(srv->slow->over) == U64_MAX)
		return NULL;
	call = kzalloc(sizeof(*call), GFP_KERNEL | __GFP_NOWARN);
	if (!call)
		return NULL;
	call->srv = srv;
	call->clock.now = received;
	return call;
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_new, "DITTO");

void ditto_slow_call_drop(struct ditto_slow_call *call)
{
	if (!call)
		return;
	kfree(call->path);
	kfree(call);
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_drop, "DITTO");

void ditto_slow_call_enter_at(struct ditto_slow_call *call, enum ditto_phase phase,
			      const struct ditto_thread_clock *clock)
{
	const struct ditto_thread_clock *began = &call->clock;
	u64 took = clock->now - began->now, delay, cpu;

	if (call->phase == DITTO_PHASE_RUN) {
		delay = min(clock->delay - began->delay, took);
		took -= delay;
		call->ns[DITTO_PHASE_SCHED] += delay;
		/* What was not asleep had a processor, whatever the other clocks are behind. */
		cpu = took;
		if (clock->switches != began->switches)
			cpu = min(clock->cpu - began->cpu, took);
		call->ns[DITTO_PHASE_SLEEP] += took - cpu;
		took = cpu;
	}
	call->ns[call->phase] += took;
	if (!call->step && phase == DITTO_PHASE_RUN)
		call->step = clock->now;
	call->phase = phase;
	call->clock = *clock;
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_enter_at, "DITTO");

void ditto_slow_call_enter(struct ditto_slow_call *call, enum ditto_phase phase)
{
	struct ditto_thread_clock clock = clock_read();

	ditto_slow_call_enter_at(call, phase, &clock);
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_enter, "DITTO");

bool ditto_slow_call_step(struct ditto_slow_call *call, const char *protocol,
			  const char *operation)
{
	u64 now = ktime_get_ns(), took = now - call->step;

	call->step = now;
	if (took < call->longest)
		return false;
	call->longest = took;
	call->protocol = protocol;
	call->operation = operation;
	return true;
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_step, "DITTO");

static u64 call_total(const struct ditto_slow_call *call)
{
	u64 total = 0;

	for (int i = 0; i < DITTO_PHASES; i++)
		total += call->ns[i];
	return total;
}

bool ditto_slow_call_is_slow(const struct ditto_slow_call *call)
{
	return call_total(call) + ktime_get_ns() - call->clock.now >=
	       READ_ONCE(call->srv->slow->over);
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_is_slow, "DITTO");

static int call_put(struct sk_buff *msg, const struct ditto_slow_call *call, u64 total, u64 lost)
{
	if (ditto_nl_put_u64(msg, DITTO_A_SLOW_CALL_TIME, ktime_get_real_ns()) ||
	    nla_put_string(msg, DITTO_A_SLOW_CALL_PROTOCOL, call->protocol) ||
	    nla_put_string(msg, DITTO_A_SLOW_CALL_OPERATION, call->operation) ||
	    ditto_nl_put_addr(msg, DITTO_A_SLOW_CALL_ADDRESS, &call->addr) ||
	    (call->user[0] && nla_put_string(msg, DITTO_A_SLOW_CALL_USER, call->user)) ||
	    (call->share[0] && nla_put_string(msg, DITTO_A_SLOW_CALL_SHARE, call->share)) ||
	    (call->path && nla_put_string(msg, DITTO_A_SLOW_CALL_PATH, call->path)) ||
	    (call->fileid && ditto_nl_put_u64(msg, DITTO_A_SLOW_CALL_FILEID, call->fileid)) ||
	    (call->holder_protocol[0] && nla_put_string(msg, DITTO_A_SLOW_CALL_HOLDER_PROTOCOL,
							call->holder_protocol)) ||
	    (call->holder[0] &&
	     nla_put_string(msg, DITTO_A_SLOW_CALL_HOLDER_CLIENT, call->holder)) ||
	    ditto_nl_put_u64(msg, DITTO_A_SLOW_CALL_TOTAL_NS, total) ||
	    (lost && ditto_nl_put_u64(msg, DITTO_A_SLOW_CALL_LOST, lost)))
		return -EMSGSIZE;
	for (int i = 0; i < DITTO_PHASES; i++)
		if (ditto_nl_put_u64(msg, DITTO_A_SLOW_CALL_QUEUE_NS + i, call->ns[i]))
			return -EMSGSIZE;
	return 0;
}

/* Return: true if it was sent. A tracer that does not read has a full buffer. */
static bool call_send(struct net *net, u32 portid, const struct ditto_slow_call *call, u64 total,
		      u64 lost)
{
	const struct genl_family *family = ditto_nl_family_get();
	struct sk_buff *msg;
	void *hdr;

	if (!family)
		return false;
	msg = genlmsg_new(sizeof(*call) + SZ_1K + (call->path ? strlen(call->path) : 0),
			  GFP_KERNEL | __GFP_NOWARN);
	if (!msg)
		return false;
	hdr = genlmsg_put(msg, 0, 0, family, 0, DITTO_CMD_SLOW_CALL);
	if (!hdr || WARN_ON_ONCE(call_put(msg, call, total, lost))) {
		nlmsg_free(msg);
		return false;
	}
	genlmsg_end(msg, hdr);
	return !genlmsg_unicast(net, msg, portid);
}

/* May one more call be sent in this second? */
static bool tracer_has_room(struct tracer *tracer, u64 now)
{
	if (now - tracer->second >= NSEC_PER_SEC) {
		tracer->second = now;
		tracer->sent = 0;
	}
	return tracer->sent++ < DITTO_SLOW_RATE;
}

static void tell_tracers(const struct ditto_slow_call *call, u64 total)
{
	struct ditto_slow_tracers *tracers = call->srv->slow;
	struct net *net = ditto_server_hold_net(call->srv);
	struct tracer *tracer;

	if (!net)
		return;
	mutex_lock(&tracers->lock);
	list_for_each_entry(tracer, &tracers->list, list) {
		if (total < tracer->over)
			continue;
		if (tracer_has_room(tracer, call->clock.now) &&
		    call_send(net, tracer->portid, call, total, tracer->lost))
			tracer->lost = 0;
		else
			tracer->lost++;
	}
	mutex_unlock(&tracers->lock);
	put_net(net);
}

void ditto_slow_call_end(struct ditto_slow_call *call)
{
	u64 total;

	ditto_slow_call_enter(call, DITTO_PHASE_SEND);
	total = call_total(call);
	if (call->operation && total >= READ_ONCE(call->srv->slow->over))
		tell_tracers(call, total);
	ditto_slow_call_drop(call);
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_end, "DITTO");

void ditto_slow_calls_end(struct llist_head *calls)
{
	struct ditto_slow_call *call, *next;

	llist_for_each_entry_safe(call, next, llist_reverse_order(llist_del_all(calls)), link)
		ditto_slow_call_end(call);
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_calls_end, "DITTO");

static struct tracer *tracer_find(struct ditto_slow_tracers *tracers, u32 portid)
{
	struct tracer *tracer;

	lockdep_assert_held(&tracers->lock);
	list_for_each_entry(tracer, &tracers->list, list)
		if (tracer->portid == portid)
			return tracer;
	return NULL;
}

/* The tracers or what they ask for have changed. */
static void tracers_changed(struct ditto_slow_tracers *tracers)
{
	struct tracer *tracer;
	u64 over = U64_MAX;

	lockdep_assert_held(&tracers->lock);
	list_for_each_entry(tracer, &tracers->list, list)
		over = min(over, tracer->over);
	WRITE_ONCE(tracers->over, over);
}

int ditto_slow_trace(struct ditto_server *srv, u32 portid, u64 over, u64 *lost)
{
	struct ditto_slow_tracers *tracers = srv->slow;
	struct tracer *tracer;
	int err = 0;

	mutex_lock(&tracers->lock);
	tracer = tracer_find(tracers, portid);
	if (!tracer) {
		err = -EUSERS;
		if (tracers->count == DITTO_SLOW_TRACERS)
			goto unlock;
		err = -ENOMEM;
		tracer = kzalloc(sizeof(*tracer), GFP_KERNEL);
		if (!tracer)
			goto unlock;
		err = 0;
		tracer->portid = portid;
		list_add_tail(&tracer->list, &tracers->list);
		tracers->count++;
		static_branch_inc(&ditto_slow_traced);
	}
	*lost = tracer->lost;
	tracer->lost = 0;
	tracer->over = over;
	tracers_changed(tracers);
unlock:
	mutex_unlock(&tracers->lock);
	return err;
}

static void tracer_end(struct ditto_slow_tracers *tracers, struct tracer *tracer)
{
	lockdep_assert_held(&tracers->lock);
	list_del(&tracer->list);
	tracers->count--;
	tracers_changed(tracers);
	static_branch_dec(&ditto_slow_traced);
	kfree(tracer);
}

void ditto_slow_portid_gone(struct ditto_server *srv, u32 portid)
{
	struct ditto_slow_tracers *tracers = srv->slow;
	struct tracer *tracer;

	/* Most sockets that are closed are no tracers. */
	if (READ_ONCE(tracers->over) == U64_MAX)
		return;
	mutex_lock(&tracers->lock);
	tracer = tracer_find(tracers, portid);
	if (tracer)
		tracer_end(tracers, tracer);
	mutex_unlock(&tracers->lock);
}

int ditto_slow_init(struct ditto_server *srv)
{
	struct ditto_slow_tracers *tracers = kzalloc(sizeof(*tracers), GFP_KERNEL);

	if (!tracers)
		return -ENOMEM;
	mutex_init(&tracers->lock);
	INIT_LIST_HEAD(&tracers->list);
	tracers->over = U64_MAX;
	srv->slow = tracers;
	return 0;
}

void ditto_slow_exit(struct ditto_server *srv)
{
	struct ditto_slow_tracers *tracers = srv->slow;
	struct tracer *tracer, *next;

	mutex_lock(&tracers->lock);
	list_for_each_entry_safe(tracer, next, &tracers->list, list)
		tracer_end(tracers, tracer);
	mutex_unlock(&tracers->lock);
	mutex_destroy(&tracers->lock);
	srv->slow = NULL;
	kfree(tracers);
}
