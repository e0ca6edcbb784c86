/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault points of the programs: named places where tests stop a process, so that other things
 * happen in between. If the environment variable DITTO_FAULTS names a file when a process starts,
 * it stops (SIGSTOP) at each point whose name is the content of that file. Without the variable, a
 * point costs the test of a pointer. See Documentation/offload-kernel.md.
 */
#ifndef _DITTO_FAULT_H
#define _DITTO_FAULT_H

#include <stddef.h>

/* Path of the file that names a point, or NULL. */
extern const char *fault_file;

/* Read the environment. Call it once, before there are threads. */
void fault_init(void);

/* Stop if the file names the point. Thread-safe. */
void fault_stop(const char *point);

/* A point. Thread-safe. */
static inline void fault_point(const char *point)
{
	if (fault_file)
		fault_stop(point);
}

#endif
