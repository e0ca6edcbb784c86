/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes as /proc shows them, and the worker among them. */
#ifndef _DITTO_TESTS_PROCESS_H
#define _DITTO_TESTS_PROCESS_H

#include <sys/types.h>

#include "common/types.h"

/* Return the number in a line "NAME:\tNUMBER" of /proc/PID/status; -1 if there is none. */
long long process_status(pid_t pid, const char *name, int base);
/* Return a child of a process; -1 if there is none. */
pid_t process_child(pid_t parent);
/* Return the worker, a child of the spawner, which is our child; -1 if there is none. */
pid_t process_worker(void);
/* Wait until no worker is left, not even a dying one. Returns false if one stays. */
bool process_worker_gone(void);
/* Wait for a worker when @old is reaped. Returns its process, or -1 if there is none. */
pid_t process_worker_after(pid_t old);
/* Stop a process, and wait until it has stopped. Returns false on error. */
bool process_stop(pid_t pid);
/* Wait for a worker with @threads threads, and CHECK() that it is confined. */
void process_check_worker(int threads);

#endif
