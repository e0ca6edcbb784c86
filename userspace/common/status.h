/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What dittod tells dittoctl about itself: a small file below /run, one for each
 * network namespace, written as a whole and renamed into place.
 */
#ifndef _DITTO_TOOLS_STATUS_H
#define _DITTO_TOOLS_STATUS_H

#include <sys/types.h>

#include "text.h"

/**
 * struct status_problem - what is not as the configuration asks for
 * @what: "share a"
 * @why: a sentence
 */
struct status_problem {
	char *what;
	char *why;
};

/**
 * struct status - dittod as it is
 * @pid: its process
 * @heard: when it heard of the configuration, or that it is to stop, which this is about; see
 *	clock_ns()
 * @started: of the server that the configuration was applied to; 0 for none
 * @stopped: it applies nothing until it is told to
 * @shares: in the configuration
 * @problem: what it could not do
 * @nproblems: of @problem
 */
struct status {
	pid_t pid;
	u64 heard;
	u64 started;
	bool stopped;
	unsigned int shares;
	struct status_problem *problem;
	unsigned int nproblems;
};

/* Write the file. 0 or a negative errno. */
int status_write(const struct status *s);
/* Read it, to be freed with status_free(); false if no dittod runs in this namespace. */
bool status_read(struct status *s);
void status_free(struct status *s);
void status_remove(void);

#endif
