/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State that dittod reports to dittoctl: a small file below /run, one for each network namespace,
 * which is written as a whole and renamed into place.
 */
#ifndef _DITTO_TOOLS_STATUS_H
#define _DITTO_TOOLS_STATUS_H

#include <sys/types.h>

#include "common/file_stamp.h"
#include "common/offload_schedule.h"
#include "common/text.h"

/* The subject of mistakes in the configuration file, of which nothing is applied. */
#define STATUS_CONFIGURATION	"configuration"

/**
 * struct status_problem - something that is not as it is configured
 * @what: the object, such as "share a"
 * @why: the reason, as a sentence
 */
struct status_problem {
	char *what;
	char *why;
};

/**
 * struct status_space - the file system of a share
 * @share: name of the share
 * @size: bytes
 * @free: bytes that users may still take
 */
struct status_space {
	char *share;
	u64 size;
	u64 free;
};

/**
 * struct status - state of dittod
 * @pid: its process
 * @heard: time of the event that this state answers: a new configuration, or the command to stop;
 *	see clock_ns()
 * @refused: time of a new configuration that has mistakes and was not used; 0 if the last one is
 *	used
 * @started: start of the server that the configuration was applied to; 0 for none
 * @stopped: it applies nothing until it gets the command to
 * @shares: number of shares in the configuration
 * @state_dir: folder of the state; NULL if it is not known
 * @config: the configuration file that an option names; NULL for the usual one, which may be
 *	missing
 * @file: which content of that was applied
 * @failure: parts of the configuration that could not be applied; each is a @problem, too, in a
 *	status that was read
 * @nfailures: entries of @failure
 * @problem: what else is not as it is configured
 * @nproblems: entries of @problem
 * @remark: what else the administrator may want to know; @what is an object, too
 * @nremarks: entries of @remark
 * @store: the object stores that were asked; @why is empty if one answers, and is else a @problem,
 *	too, in a status that was read
 * @nstores: entries of @store
 * @bucket: what the buckets of object stores are like
 * @nbuckets: entries of @bucket
 * @refusal: why nothing is uploaded to object stores that answer; each is a @problem, too, in a
 *	status that was read
 * @nrefusals: entries of @refusal
 * @space: file systems of shares, as far as they are known
 * @nspaces: entries of @space
 * @schedule: periods of the jobs of offloaded data, and since when they count; no period without
 *	stores
 */
struct status {
	pid_t pid;
	u64 heard;
	u64 refused;
	u64 started;
	bool stopped;
	unsigned int shares;
	char *state_dir;
	char *config;
	struct file_stamp file;
	struct status_problem *failure;
	unsigned int nfailures;
	struct status_problem *problem;
	unsigned int nproblems;
	struct status_problem *remark;
	unsigned int nremarks;
	struct status_problem *store;
	unsigned int nstores;
	struct status_problem *bucket;
	unsigned int nbuckets;
	struct status_problem *refusal;
	unsigned int nrefusals;
	struct status_space *space;
	unsigned int nspaces;
	struct offload_schedule schedule;
};

/* Write the file. Returns 0 or a negative errno. */
int status_write(const struct status *s);
/* Read the file, to be freed with status_free(); false if no dittod runs in this namespace. */
bool status_read(struct status *s);
void status_free(struct status *s);
/* Add copies of the texts to a status that was read. */
void status_add_problem(struct status *s, const char *what, const char *why);
void status_add_remark(struct status *s, const char *what, const char *why);
void status_remove(void);

#endif
