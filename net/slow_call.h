/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the time of slow calls goes. While somebody traces, each call has a record of the phases
 * that it goes through, and calls that took longer than a tracer asked for are sent to it. While
 * nobody does, there are no records, and a call pays for a branch that is patched.
 *
 * A tracer is a netlink socket (the operation slow-trace). It ends with the socket, so nothing is
 * left of a program that was killed.
 *
 * A record belongs to the thread that its call belongs to, and needs no lock.
 */
#ifndef _DITTO_NET_SLOW_CALL_H
#define _DITTO_NET_SLOW_CALL_H

#include <linux/in6.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/types.h>

struct ditto_server;
struct sock;

/* Tracers of a server. */
#define DITTO_SLOW_TRACERS	8

/* What a call does. In the order of the attributes of slow-call. */
enum ditto_phase {
	DITTO_PHASE_QUEUE,	/* it was received, or may go on, and waits for a thread */
	DITTO_PHASE_BREAK,	/* holders are asked to give way */
	DITTO_PHASE_RANGE,	/* a range is locked */
	DITTO_PHASE_HELPER,	/* the helper is asked for names, groups, a login or a record */
	DITTO_PHASE_DATA,	/* absent data is brought back */
	DITTO_PHASE_RUN,	/* it is executed, on a processor */
	DITTO_PHASE_SCHED,	/* it is executed, and its thread has no processor */
	DITTO_PHASE_SLEEP,	/* it is executed, and its thread sleeps, for a disk or others */
	DITTO_PHASE_SEND,	/* its reply waits to be sent */
	DITTO_PHASES,
};

/**
 * struct ditto_thread_clock - readings of clocks; those but @now are of the thread
 * @now: nanoseconds
 * @cpu: nanoseconds that it had a processor; exact when it sleeps, otherwise to a tick
 * @delay: nanoseconds that it was ready and had none
 * @switches: times that it went to sleep
 */
struct ditto_thread_clock {
	u64 now;
	u64 cpu;
	u64 delay;
	u64 switches;
};

/**
 * struct ditto_slow_holder - whom a call waits for
 * @phase: in this phase
 * @ns: nanoseconds that it has waited, when that is over
 * @protocol: the holder's
 * @client: name of the client
 */
struct ditto_slow_holder {
	enum ditto_phase phase;
	u64 ns;
	char protocol[16];
	char client[256];
};

/**
 * struct ditto_slow_call - the record of a call
 * @list: in a list of calls whose replies are to be sent
 * @srv: the server
 * @phase: enum ditto_phase of now
 * @clock: when it began
 * @ns: time in each phase before
 * @step: time when its last operation ended
 * @longest: nanoseconds of the operation in @operation
 * @protocol: name of the protocol's statistics; not copied
 * @operation: name of the operation, of several the longest; not copied
 * @addr: the client's address
 * @user: the user, or empty
 * @share: name of the share, or empty
 * @path: path of the file, or NULL
 * @fileid: its inode number, or 0
 * @awaited: the file is the one that the call waited for
 * @again: phase that was not over when the client was told to come again, or 0; such a call is
 *	told however short it was
 * @asked: whom it waits for, or will; or NULL
 * @holder: whom it has waited for the longest, or NULL
 */
struct ditto_slow_call {
	struct list_head list;
	struct ditto_server *srv;
	enum ditto_phase phase;
	struct ditto_thread_clock clock;
	u64 ns[DITTO_PHASES];
	u64 step;
	u64 longest;
	const char *protocol;
	const char *operation;
	struct in6_addr addr;
	char user[128];
	char share[256];
	char *path;
	u64 fileid;
	bool awaited;
	enum ditto_phase again;
	struct ditto_slow_holder *asked;
	struct ditto_slow_holder *holder;
};

DECLARE_STATIC_KEY_FALSE(ditto_slow_traced);

/* True while somebody traces slow calls of any server. Any context. */
static inline bool ditto_slow_is_traced(void)
{
	return static_branch_unlikely(&ditto_slow_traced);
}

u64 ditto_slow_received(const struct sock *sk);
struct ditto_slow_call *ditto_slow_call_new(struct ditto_server *srv, u64 received);
void ditto_slow_call_drop(struct ditto_slow_call *call);
void ditto_slow_call_enter(struct ditto_slow_call *call, enum ditto_phase phase);
void ditto_slow_call_holder(struct ditto_slow_call *call, enum ditto_phase phase,
			    const char *protocol, const char *client);
void ditto_slow_call_enter_at(struct ditto_slow_call *call, enum ditto_phase phase,
			      const struct ditto_thread_clock *clock);
bool ditto_slow_call_step(struct ditto_slow_call *call, const char *protocol,
			  const char *operation);
bool ditto_slow_call_is_slow(const struct ditto_slow_call *call);
void ditto_slow_call_end(struct ditto_slow_call *call);
void ditto_slow_calls_end(struct list_head *calls, bool sent);
int ditto_slow_trace(struct ditto_server *srv, u32 portid, u64 over);
void ditto_slow_portid_gone(struct ditto_server *srv, u32 portid);

/* Make the tracers of a server, of which there are none yet, and end all that are left. */
int ditto_slow_init(struct ditto_server *srv);
void ditto_slow_exit(struct ditto_server *srv);

#endif
