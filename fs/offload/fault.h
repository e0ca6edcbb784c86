/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault points: named places before and after each durable step of a release and of a recall, where
 * tests make the step fail or stop, for what may happen meanwhile: the end of a helper, of the
 * module, of the machine. Internal to fs/offload/.
 *
 * A point is armed through ditto/offload-fault in debugfs, see Documentation/offload-kernel.md. If
 * none is, a point costs the test of a static key.
 */
#ifndef _DITTO_FS_OFFLOAD_FAULT_H
#define _DITTO_FS_OFFLOAD_FAULT_H

#include <linux/jump_label.h>

/* In the order of a release, then of a recall; the names are in fault.c. */
enum ditto_fault {
	DITTO_FAULT_RELEASE_RECORD,
	DITTO_FAULT_STORED_REPLACED,
	DITTO_FAULT_RELEASE_RECORDED,
	DITTO_FAULT_RELEASE_FREED,
	DITTO_FAULT_ADOPT_RECORD,
	DITTO_FAULT_ADOPT_RECORDED,
	DITTO_FAULT_ADOPT_SIZED,
	DITTO_FAULT_FILL_OWNED,
	DITTO_FAULT_FILL_WRITE,
	DITTO_FAULT_FILL_CHECKED,
	DITTO_FAULT_FILL_WRITTEN,
	DITTO_FAULT_FLUSH_DATA,
	DITTO_FAULT_FLUSH_DONE,
	DITTO_FAULT_COMMIT_DATA,
	DITTO_FAULT_COMMIT_RECORD,
	DITTO_FAULT_STORED_WRITTEN,
	DITTO_FAULT_COMMIT_RECORDED,
	DITTO_FAULT_CUT_RECORD,
	DITTO_FAULT_CUT_STORED,
	DITTO_FAULT_CUT_WRITTEN,
	DITTO_FAULT_LOAD_RECORD,
	DITTO_FAULT_COUNT,
};

DECLARE_STATIC_KEY_FALSE(ditto_fault_armed);

/* The part of ditto_fault() while a point is armed. */
int ditto_fault_slow(enum ditto_fault point);

/**
 * ditto_fault - a place where tests may have an operation fail or stop
 * @point: the place
 *
 * Context: may sleep, also without end; no inode lock held, but at the points of attributes.
 * Return: 0, or the errno that the operation has to fail with.
 */
static inline int ditto_fault(enum ditto_fault point)
{
	if (static_branch_unlikely(&ditto_fault_armed))
		return ditto_fault_slow(point);
	return 0;
}

#endif
