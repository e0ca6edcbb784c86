/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations for the parts of upcall.h: upcall.c has the requests, helper.c who answers them,
 * and upcall_kind.c their types.
 */
#ifndef _DITTO_NET_HELPER_UPCALL_PRIVATE_H
#define _DITTO_NET_HELPER_UPCALL_PRIVATE_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "upcall.h"

/*
 * Each kind of request has a queue of its own, so no kind waits behind another. Those for offloaded
 * data bring their queues.
 */
enum upcall_queue {
	UPCALL_LOGINS,
	UPCALL_PIPES,
	UPCALL_HOSTS,
	UPCALL_NETGROUPS,
	UPCALL_ACCOUNTS,
	UPCALL_SIDS,
	UPCALL_RECORDS,
	UPCALL_AUDIT,
	UPCALL_SCANS,
	UPCALL_QUEUES,
};

/* What the log calls a request, its queue, and the limits of the queues. */
extern const char *const ditto_upcall_names[];
extern const u8 ditto_upcall_queue_of[];
extern const struct ditto_fairq_limits ditto_upcall_queue_limits[UPCALL_QUEUES];

/*
 * The attribute with the number of what a message ends, for messages that end something; it is
 * also in the answer that the number came with. 0 for other types.
 */
#define DITTO_UPCALL_ENDS	(DITTO_UPCALL_PIPE_CLOSE + 1)
extern const u16 ditto_upcall_ends[DITTO_UPCALL_ENDS];

/**
 * struct ditto_helper - the helper of one server
 * @lock: guards all up to @stuck
 * @portid: netlink port of the helper; 0 without one
 * @tgid: process that registered it
 * @term: changes with each helper that registers; starts at a random value
 * @kinds: types of requests that the helper understands, one bit each
 * @lacks: types that it does not understand and that were logged
 * @stopped: no helper is found any more
 * @missed: the absence of a helper was logged
 * @stuck: a missing answer was logged
 * @hello_lock: guards @hello and @hello_len
 * @hello: see ditto_upcall_hello_set()
 * @hello_len: bytes of @hello
 */
struct ditto_helper {
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
};

/**
 * struct ditto_upcalls - the requests of one server
 * @helper: the helper
 * @queues: requests that wait for their turn
 * @sent: struct ditto_upcall_req by id: requests that wait for their answer
 * @next: where the search for a free id continues
 * @completing: requests whose callback is running or about to
 */
struct ditto_upcalls {
	struct ditto_helper helper;
	struct ditto_fairq queues[UPCALL_QUEUES];
	struct xarray sent;
	u32 next;
	atomic_t completing;
};

/* Set up and release the members of a helper that is not used by anybody else. */
void ditto_helper_init(struct ditto_helper *helper);
void ditto_helper_destroy(struct ditto_helper *helper);
int ditto_helper_find(struct ditto_helper *helper, u32 *portid, u32 *term);
bool ditto_helper_is(struct ditto_helper *helper, u32 portid, u32 term);
bool ditto_helper_knows(struct ditto_helper *helper, enum ditto_upcall_type type);
void ditto_helper_answered(struct ditto_helper *helper);
void ditto_helper_is_late(struct ditto_helper *helper, enum ditto_upcall_type type,
			  u32 deadline_ms);
bool ditto_helper_leaves(struct ditto_helper *helper, u32 portid);
void ditto_helper_stop(struct ditto_helper *helper);

#endif
