/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests of the kernel that must not be answered late. The name service and the workers may wait
 * for a directory that does not answer. Before the kernel's deadline, such a request gets an answer
 * that says so; what is found later is dropped.
 *
 * For the thread of the event loop.
 */
#ifndef _DITTOD_UPCALL_DEADLINE_H
#define _DITTOD_UPCALL_DEADLINE_H

#include "common/types.h"

/**
 * struct upcall_deadline - a request that waits, embedded in it
 * @tell: answers that the directory does not answer
 * @next: link in the list of requests
 * @at: time of the answer, see clock_ms()
 * @listed: in the list
 * @told: @tell was called
 */
struct upcall_deadline {
	void (*tell)(struct upcall_deadline *late);
	struct upcall_deadline *next;
	u64 at;
	bool listed;
	bool told;
};

/*
 * Get ready; the descriptor is readable when upcall_deadline_ready() has work. Returns -1 and sets
 * errno.
 */
int upcall_deadline_open(void);
/* Call @tell of the requests whose time has come. */
void upcall_deadline_ready(void *unused);
/**
 * upcall_deadline_add - watch a request
 * @late: with @tell
 * @now: see clock_ms()
 * @deadline: time until which the kernel waits; UINT64_MAX: nothing is done
 */
void upcall_deadline_add(struct upcall_deadline *late, u64 now, u64 deadline);
/* A request that is watched has until a later deadline. */
void upcall_deadline_renew(struct upcall_deadline *late, u64 now, u64 deadline);
/*
 * Stop watching a request that has its answer, or was not watched. Returns false if it is too late:
 * another answer was sent.
 */
bool upcall_deadline_remove(struct upcall_deadline *late);

/* Log, once a minute at most, which directory does not answer. @what: the request. */
void upcall_deadline_log(const char *what);

#endif
