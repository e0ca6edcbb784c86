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
#include "slow_call_private.h"

static_assert(DITTO_A_SLOW_CALL_SEND_NS - DITTO_A_SLOW_CALL_QUEUE_NS == DITTO_PHASE_SEND);
static_assert(DITTO_A_SLOW_CALL_RUN_NS - DITTO_A_SLOW_CALL_QUEUE_NS == DITTO_PHASE_RUN);
static_assert(DITTO_A_SLOW_CALL_RANGE_NS - DITTO_A_SLOW_CALL_QUEUE_NS == DITTO_PHASE_RANGE);

static const char *const phase_names[DITTO_PHASES] = {
	[DITTO_PHASE_BREAK] = "break",
	[DITTO_PHASE_RANGE] = "range",
	[DITTO_PHASE_HELPER] = "helper",
	[DITTO_PHASE_DATA] = "data",
};

DEFINE_STATIC_KEY_FALSE(ditto_slow_traced);
EXPORT_SYMBOL_NS_GPL(ditto_slow_traced, "DITTO");

/**
 * ditto_slow_received - when the last byte of a call was received
 * @sk: the socket, which may have received more calls since; NULL if that is not known
 *
 * Context: any.
 * Return: nanoseconds of the monotonic clock, to a jiffy; now without a TCP socket.
 */
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

/**
 * ditto_slow_call_new - begin the record of a call, in the phase QUEUE
 * @srv: the server
 * @received: time when the call was received
 *
 * Return: the record; NULL if nobody traces this server, or without memory.
 */
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

/* Drop a record without telling anybody; NULL is allowed. */
void ditto_slow_call_drop(struct ditto_slow_call *call)
{
	if (!call)
		return;
	kfree(call->path);
	kfree(call->holder);
	kfree(call->asked);
	kfree(call);
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_drop, "DITTO");

/* Note whom a call waits for in @phase, of now or of later. */
void ditto_slow_call_holder(struct ditto_slow_call *call, enum ditto_phase phase,
			    const char *protocol, const char *client)
{
	kfree(call->asked);
	call->asked = kzalloc(sizeof(*call->asked), GFP_KERNEL | __GFP_NOWARN);
	if (!call->asked)
		return;
	call->asked->phase = phase;
	strscpy(call->asked->protocol, protocol);
	strscpy(call->asked->client, client);
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_holder, "DITTO");

/* A wait has ended after @took: its holder is the one if no other wait was longer. */
static void wait_end(struct ditto_slow_call *call, u64 took)
{
	struct ditto_slow_holder *asked = call->asked;

	if (!asked || asked->phase != call->phase)
		return;
	asked->ns = took;
	if (!call->holder || call->holder->ns <= took)
		swap(call->holder, asked);
	kfree(asked);
	call->asked = NULL;
}

/* The same as ditto_slow_call_holder() as ditto_slow_call_enter() with the clocks of the thread. */
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
	wait_end(call, took);
	if (!call->step && phase == DITTO_PHASE_RUN)
		call->step = clock->now;
	call->phase = phase;
	call->clock = *clock;
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_enter_at, "DITTO");

/**
 * ditto_slow_call_enter - a call goes on to a phase
 * @call: its record
 * @phase: the phase; RUN is left by the thread that has entered it
 */
void ditto_slow_call_enter(struct ditto_slow_call *call, enum ditto_phase phase)
{
	struct ditto_thread_clock clock = clock_read();

	ditto_slow_call_enter_at(call, phase, &clock);
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_enter, "DITTO");

/**
 * ditto_slow_call_step - one of several operations of a call is done
 * @call: its record
 * @protocol: as in struct ditto_slow_call
 * @operation: its name
 *
 * Return: true if none took longer so far; @call is named after it.
 */
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

/* True if a call has taken so long already that it will be told. */
bool ditto_slow_call_is_slow(const struct ditto_slow_call *call)
{
	return call_total(call) + ktime_get_ns() - call->clock.now >=
	       READ_ONCE(call->srv->slow->over);
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_is_slow, "DITTO");

static int call_put(struct sk_buff *msg, const struct ditto_slow_call *call, u64 total, u64 lost)
{
	/* Nobody has waited for the last one that was asked, if the client is to come again. */
	const struct ditto_slow_holder *holder = call->again && call->asked ? call->asked :
						 call->holder;

	if (ditto_nl_put_u64(msg, DITTO_A_SLOW_CALL_TIME, ktime_get_real_ns()) ||
	    nla_put_string(msg, DITTO_A_SLOW_CALL_PROTOCOL, call->protocol) ||
	    nla_put_string(msg, DITTO_A_SLOW_CALL_OPERATION, call->operation) ||
	    ditto_nl_put_addr(msg, DITTO_A_SLOW_CALL_ADDRESS, &call->addr) ||
	    (call->user[0] && nla_put_string(msg, DITTO_A_SLOW_CALL_USER, call->user)) ||
	    (call->share[0] && nla_put_string(msg, DITTO_A_SLOW_CALL_SHARE, call->share)) ||
	    (call->path && nla_put_string(msg, DITTO_A_SLOW_CALL_PATH, call->path)) ||
	    (call->fileid && ditto_nl_put_u64(msg, DITTO_A_SLOW_CALL_FILEID, call->fileid)) ||
	    (call->again &&
	     nla_put_string(msg, DITTO_A_SLOW_CALL_AGAIN, phase_names[call->again])) ||
	    (holder &&
	     (nla_put_string(msg, DITTO_A_SLOW_CALL_HOLDER_PHASE, phase_names[holder->phase]) ||
	      nla_put_string(msg, DITTO_A_SLOW_CALL_HOLDER_PROTOCOL, holder->protocol) ||
	      nla_put_string(msg, DITTO_A_SLOW_CALL_HOLDER_CLIENT, holder->client))) ||
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
	/* Other calls wait for tracers->lock. */
	msg = genlmsg_new(sizeof(*call) + SZ_1K + (call->path ? strlen(call->path) : 0),
			  GFP_NOWAIT | __GFP_NOWARN);
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

static void tell_tracers(const struct ditto_slow_call *call, u64 total)
{
	struct ditto_slow_tracers *tracers = call->srv->slow;
	struct net *net = ditto_server_hold_net(call->srv);
	struct ditto_slow_tracer *tracer;

	if (!net)
		return;
	mutex_lock(&tracers->lock);
	list_for_each_entry(tracer, &tracers->list, list) {
		if (total < tracer->over && !call->again)
			continue;
		if (call_send(net, tracer->portid, call, total, tracer->lost))
			tracer->lost = 0;
		else
			tracer->lost++;
	}
	mutex_unlock(&tracers->lock);
	put_net(net);
}

/* The reply was sent: tell the tracers if the call was slow, and free the record. */
void ditto_slow_call_end(struct ditto_slow_call *call)
{
	u64 total;

	ditto_slow_call_enter(call, DITTO_PHASE_SEND);
	total = call_total(call);
	if (call->operation &&
	    (call->again || total >= READ_ONCE(call->srv->slow->over)))
		tell_tracers(call, total);
	ditto_slow_call_drop(call);
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_call_end, "DITTO");

/* End all calls of a list, or drop them if their replies were not sent. */
void ditto_slow_calls_end(struct list_head *calls, bool sent)
{
	struct ditto_slow_call *call, *next;

	list_for_each_entry_safe(call, next, calls, list) {
		list_del(&call->list);
		if (sent)
			ditto_slow_call_end(call);
		else
			ditto_slow_call_drop(call);
	}
}
EXPORT_SYMBOL_NS_GPL(ditto_slow_calls_end, "DITTO");

static struct ditto_slow_tracer *tracer_find(struct ditto_slow_tracers *tracers, u32 portid)
{
	struct ditto_slow_tracer *tracer;

	lockdep_assert_held(&tracers->lock);
	list_for_each_entry(tracer, &tracers->list, list)
		if (tracer->portid == portid)
			return tracer;
	return NULL;
}

/* The tracers or what they ask for have changed. */
static void tracers_changed(struct ditto_slow_tracers *tracers)
{
	struct ditto_slow_tracer *tracer;
	u64 over = U64_MAX;

	lockdep_assert_held(&tracers->lock);
	list_for_each_entry(tracer, &tracers->list, list)
		over = min(over, tracer->over);
	WRITE_ONCE(tracers->over, over);
}

/*
 * Send slow calls to a socket. @over: nanoseconds that a call takes at least. Return: 0, -EUSERS if
 * the server has DITTO_SLOW_TRACERS others, or -ENOMEM.
 */
int ditto_slow_trace(struct ditto_server *srv, u32 portid, u64 over)
{
	struct ditto_slow_tracers *tracers = srv->slow;
	struct ditto_slow_tracer *tracer;
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
	tracer->over = over;
	tracers_changed(tracers);
unlock:
	mutex_unlock(&tracers->lock);
	return err;
}

static void tracer_end(struct ditto_slow_tracers *tracers, struct ditto_slow_tracer *tracer)
{
	lockdep_assert_held(&tracers->lock);
	list_del(&tracer->list);
	tracers->count--;
	tracers_changed(tracers);
	static_branch_dec(&ditto_slow_traced);
	kfree(tracer);
}

/* A socket was closed. */
void ditto_slow_portid_gone(struct ditto_server *srv, u32 portid)
{
	struct ditto_slow_tracers *tracers = srv->slow;
	struct ditto_slow_tracer *tracer;

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
	struct ditto_slow_tracer *tracer, *next;

	mutex_lock(&tracers->lock);
	list_for_each_entry_safe(tracer, next, &tracers->list, list)
		tracer_end(tracers, tracer);
	mutex_unlock(&tracers->lock);
	mutex_destroy(&tracers->lock);
	srv->slow = NULL;
	kfree(tracers);
}
