/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock of uploads.
 *
 * An upload relies on objects that are in the bucket already, from the moment when it looks for
 * them until its file has a durable record that refers to them. Each upload holds the lock shared
 * during this time, so that gc can wait for the end of those that have begun while others begin.
 * The lock ends with its process.
 */
#ifndef _DITTO_CTL_OFFLOAD_LOCK_H
#define _DITTO_CTL_OFFLOAD_LOCK_H

#include "common/offload_schedule.h"
#include "text.h"

/* Microseconds between two attempts to take it. */
#define OFFLOAD_LOCK_PAUSE	200000

/*
 * Take the lock for an upload, without waiting. Returns a descriptor that is closed to release
 * it; -EAGAIN while somebody has it alone, or a negative errno.
 */
int offload_lock_upload(void);
/* Wait for all uploads that have begun. Returns false and fills @why on errors and signals. */
bool offload_lock_wait(struct why *why);
/*
 * Wait for all uploads that have begun, keep others from beginning, and take the lock. Returns a
 * descriptor that is closed to release it, or -1 with @why, also after a signal.
 */
int offload_lock_drain(struct why *why);
/*
 * Lock the heads of snapshots: @alone to delete one, otherwise to replace some, so that none that
 * was deleted is written again. Waits for others. Returns the same.
 */
int offload_lock_heads(bool alone, struct why *why);

/*
 * Lock what is remembered of the schedule, to read and change it. Waits for others, which hold it
 * for a moment. Returns the same.
 */
int offload_lock_progress(struct why *why);

/**
 * enum offload_alone - what one run of the tool does at a time
 * @OFFLOAD_ALONE_POLICIES: it works on the policies
 * @OFFLOAD_ALONE_SCHEDULE: it does what is due, but for local snapshots, or fills shares from
 *	their snapshots
 */
enum offload_alone {
	OFFLOAD_ALONE_POLICIES,
	OFFLOAD_ALONE_SCHEDULE,
};

/* Keep other runs from beginning with that, without waiting. Returns the same. */
int offload_lock_alone(enum offload_alone what, struct why *why);
/* Keep others from beginning with a job on a device, without waiting. Returns the same. */
int offload_lock_device(enum offload_job job, u64 device, struct why *why);

#endif
