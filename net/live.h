/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live objects of a server.
 *
 * A protocol ends in one order, whatever it serves: nobody begins anything new, then all live
 * objects go, and only then the queues and the memory that they use. One counter says when the
 * last object has gone. An object is counted from before others can find it until its memory is
 * about to be freed, by the last function that uses the server.
 *
 * The wait for the last one may be a wait for a disk, so it is done by a work, which then frees the
 * server. A module that goes waits for these works when it has left all namespaces, and no
 * namespace waits for them.
 */
#ifndef _DITTO_NET_LIVE_H
#define _DITTO_NET_LIVE_H

#include <linux/atomic.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

struct ditto_live {
	atomic_t count;
};

/* Count one more object. Any context. */
static inline void ditto_live_get(struct ditto_live *live)
{
	atomic_inc(&live->count);
}

/* An object goes. The server may be freed from now on. Any context but hard interrupts. */
static inline void ditto_live_put(struct ditto_live *live)
{
	if (atomic_dec_and_test(&live->count))
		wake_up_var(&live->count);
}

/* Wait until no object is live. Sleeps. */
static inline void ditto_live_wait(struct ditto_live *live)
{
	wait_var_event(&live->count, !atomic_read(&live->count));
}

#endif
