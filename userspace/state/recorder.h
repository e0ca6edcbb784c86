/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Thread that writes the kernel's records, because disk writes block. Changes that arrive during
 * a write are written together in the next transaction.
 *
 * All functions are for the thread of the event loop.
 */
#ifndef _DITTOD_RECORDER_H
#define _DITTOD_RECORDER_H

#include "pool.h"
#include "record.h"

struct recorder;

/**
 * struct record_job - a requested change
 * @job: job in the recorder's pool; the caller sets @job.done
 * @change: enum ditto_upcall_kind, one of the record kinds
 * @record: the record
 * @error: result: 0, EIO or ETIMEDOUT; valid in @job.done
 * @deadline: CLOCK_MONOTONIC in ms; the change is not started after it
 * @next: used by the recorder
 * @recorder: used by the recorder
 * @life: used by the recorder
 * @worked: used by the recorder
 */
struct record_job {
	struct job job;
	u32 change;
	struct record record;
	u32 error;
	u64 deadline;
	struct record_job *next;
	struct recorder *recorder;
	u32 life;
	bool worked;
};

/*
 * Open the records in a state directory and start the thread. Returns NULL and fills @why on
 * error.
 */
struct recorder *recorder_open(const char *dir, struct why *why);
/*
 * Finish the current transaction, note a clean end and free @rec; NULL is allowed. Changes that
 * were not started are dropped.
 */
void recorder_close(struct recorder *rec);

/*
 * Queue a change, which belongs to the recorder until its @job.done is called. Returns 0, or
 * -EAGAIN if too many changes are queued.
 */
int recorder_submit(struct recorder *rec, struct record_job *job);

/**
 * recorder_begin - the kernel accepted dittod as its helper
 * @rec: the recorder
 * @instance: instance number of the server
 * @epoch: epoch that the server already has, or 0
 *
 * Sends a server without an epoch the records of earlier instances, and then its epoch. This
 * happens in the recorder's thread. If too many changes are queued, it follows them: until then no
 * other change is taken.
 */
void recorder_begin(struct recorder *rec, u64 instance, u64 epoch);
/* The module was unloaded, so its instance ended cleanly. */
void recorder_gone(struct recorder *rec);

/* The descriptor is readable when recorder_reap() has work. */
int recorder_fd(const struct recorder *rec);
/* Call @done of all changes that ended. */
void recorder_reap(struct recorder *rec);

#endif
