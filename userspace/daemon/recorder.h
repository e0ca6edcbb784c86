/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One thread that keeps the kernel's records: writing to a disk blocks. What
 * came while it wrote is written together next time.
 */
#ifndef _DITTOD_RECORDER_H
#define _DITTOD_RECORDER_H

#include "pool.h"
#include "record.h"

struct recorder;

/**
 * struct record_job - a change that is asked for
 * @job: in the recorder's pool; the caller sets its @done
 * @change: enum ditto_upcall_kind, one of those about records
 * @record: which
 * @error: of the outcome: 0, EIO, or ETIMEDOUT; valid in @done
 * @deadline: CLOCK_MONOTONIC in ms; not begun after it
 * @next: the recorder's
 * @recorder: the recorder's
 * @life: the recorder's
 * @worked: the recorder's
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

/* Open the records of a state directory. NULL and @why on error. */
struct recorder *recorder_open(const char *dir, struct why *why);
/* End in good order: what was begun is written, and noted that all was. */
void recorder_close(struct recorder *rec);

/* Begin with a change. 0, or -EAGAIN if too many wait. */
int recorder_submit(struct recorder *rec, struct record_job *job);

/**
 * recorder_begin - the kernel has taken us as its helper
 * @rec: the recorder
 * @instance: of the server
 * @epoch: that it has already, or 0
 *
 * Tells a server without an epoch what it has of the lives before, and its
 * epoch.
 */
void recorder_begin(struct recorder *rec, u64 instance, u64 epoch);
/* The module was unloaded, so its life ended in good order. */
void recorder_gone(struct recorder *rec);

/* Readable when recorder_reap() has something to do. */
int recorder_fd(const struct recorder *rec);
/* Call @done of what ended. */
void recorder_reap(struct recorder *rec);

#endif
