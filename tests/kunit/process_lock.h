/* SPDX-License-Identifier: GPL-2.0-only */
/* POSIX locks of local processes. */
#ifndef _DITTO_TESTS_KUNIT_PROCESS_LOCK_H
#define _DITTO_TESTS_KUNIT_PROCESS_LOCK_H

#include <linux/filelock.h>

/* The process whose locks these are, as others are told. */
#define PROCESS_LOCK_PID	77

static inline void process_lock_fill(struct file_lock *fl, struct file *file, void *owner,
				     int type, u64 first, u64 last)
{
	locks_init_lock(fl);
	fl->c.flc_flags = FL_POSIX;
	fl->c.flc_type = type;
	fl->c.flc_owner = owner;
	fl->c.flc_pid = PROCESS_LOCK_PID;
	fl->c.flc_file = file;
	fl->fl_start = first;
	fl->fl_end = last;
}

/* F_SETLK. */
static inline int process_lock_set(struct file *file, void *owner, int type, u64 first, u64 last)
{
	struct file_lock fl;

	process_lock_fill(&fl, file, owner, type, first, last);
	return vfs_lock_file(file, F_SETLK, &fl, NULL);
}

#endif
