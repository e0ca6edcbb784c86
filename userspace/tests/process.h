/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes as /proc shows them, and the worker among them. */
#ifndef _DITTO_TESTS_PROCESS_H
#define _DITTO_TESTS_PROCESS_H

#include <sys/types.h>

/* The number in a line "NAME:\tNUMBER" of /proc/PID/status; -1 if it is not there. */
long long process_status(pid_t pid, const char *name, int base);
/* The child of a process; -1 if there is none. */
pid_t process_child(pid_t parent);
/* The worker, which the spawner, our child, started; -1 if there is none. */
pid_t process_worker(void);
/* CHECK() that the worker is confined, and has so many threads. */
void process_check_worker(int threads);

#endif
