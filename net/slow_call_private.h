/* SPDX-License-Identifier: GPL-2.0-only */
/* The tracers of a server, for slow_call.c and its test. */
#ifndef _DITTO_NET_SLOW_CALL_PRIVATE_H
#define _DITTO_NET_SLOW_CALL_PRIVATE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

/**
 * struct ditto_slow_tracer - a socket that slow calls are sent to
 * @list: in tracers->list
 * @portid: the socket
 * @over: nanoseconds that a call takes at least
 * @lost: calls lost since the last one that was sent
 */
struct ditto_slow_tracer {
	struct list_head list;
	u32 portid;
	u64 over;
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

#endif
