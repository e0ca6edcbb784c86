/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jobs on the shares of this server, with a process for each of their file systems, so that one
 * that hangs holds up no other. Its process stays, and keeps the next run from beginning another
 * one there.
 */
#ifndef _DITTO_CTL_OFFLOAD_APART_H
#define _DITTO_CTL_OFFLOAD_APART_H

#include "common/offload_schedule.h"

struct ctl;

/* A share, and the number of its device. */
struct apart_share {
	const char *name;
	u64 device;
};

/**
 * apart_each - do a job on shares, and wait for its end, but not for a file system that hangs
 * @ctl: this run of the tool; with @ctl->json, whose output is one text, this process does it all
 * @job: the job
 * @share: the shares
 * @n: number of them
 * @fn: does the job on a share, with a run of the tool of its own; returns false after a message
 * @arg: argument of @fn
 *
 * Return: OFFLOAD_JOB_GOOD; after messages OFFLOAD_JOB_RUNS if a process has not ended, or
 * OFFLOAD_JOB_BAD.
 */
enum offload_job_result apart_each(struct ctl *ctl, enum offload_job job,
				   const struct apart_share *share, unsigned int n,
				   bool (*fn)(struct ctl *ctl, void *arg, unsigned int i),
				   void *arg);

#endif
