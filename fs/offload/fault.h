/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault points: named places before and after each durable step of a release and of a recall, where
 * tests make the step fail or stop, for what may happen then: the end of a helper, of the
 * module, of the machine. Internal to fs/offload/.
 *
 * A point is armed through ditto/offload-fault in debugfs, see Documentation/offload-kernel.md.
 * Only modules made for tests have them.
 */
#ifndef _DITTO_FS_OFFLOAD_FAULT_H
#define _DITTO_FS_OFFLOAD_FAULT_H

#include <linux/jump_label.h>

/* In the order of a release, then of a recall; the names are in fault.c. */
enum ditto_fault {
	DITTO_FAULT_RELEASE_RECORD,	/* before the record is written */
	DITTO_FAULT_STORED_REPLACED,	/* it is, trusted.ditto.stored is not yet removed */
	DITTO_FAULT_RELEASE_RECORDED,	/* the record is durable */
	DITTO_FAULT_RELEASE_FREED,	/* the blocks are freed */
	DITTO_FAULT_ADOPT_RECORD,	/* before the record of an empty file */
	DITTO_FAULT_ADOPT_RECORDED,	/* it is durable */
	DITTO_FAULT_ADOPT_SIZED,	/* the file has its size */
	DITTO_FAULT_FILL_OWNED,		/* the record says that a range may have our data */
	DITTO_FAULT_FILL_WRITE,		/* before each 256 KiB */
	DITTO_FAULT_FILL_CHECKED,	/* it is known how many of them are within the file */
	DITTO_FAULT_FILL_WRITTEN,	/* they are in the page cache */
	DITTO_FAULT_FLUSH_DATA,		/* before the beginning of a range is written back */
	DITTO_FAULT_FLUSH_DONE,		/* the disk has it */
	DITTO_FAULT_COMMIT_DATA,	/* before the data of a range is durable */
	DITTO_FAULT_COMMIT_RECORD,	/* before the record says so */
	DITTO_FAULT_STORED_WRITTEN,	/* a file is whole, its record is not yet removed */
	DITTO_FAULT_COMMIT_RECORDED,	/* the record is durable */
	DITTO_FAULT_CUT_RECORD,		/* a client's truncation is made, the record is not cut */
	DITTO_FAULT_CUT_STORED,		/* the same for a local process, and for another attempt */
	DITTO_FAULT_CUT_WRITTEN,	/* the record is written, not durable */
	DITTO_FAULT_LOAD_RECORD,	/* it was read, before the node has a stub */
	DITTO_FAULT_COUNT,
};

#ifdef DITTO_TESTS
DECLARE_STATIC_KEY_FALSE(ditto_fault_armed);

int ditto_fault_slow(enum ditto_fault point);

/*
 * A place where tests may have an operation fail or stop. Context: also without end; no inode lock
 * held, but at the points of attributes. Return: 0, or the errno that the operation has to fail
 * with.
 */
static inline int ditto_fault(enum ditto_fault point)
{
	if (static_branch_unlikely(&ditto_fault_armed))
		return ditto_fault_slow(point);
	return 0;
}
#else
static inline int ditto_fault(enum ditto_fault point)
{
	return 0;
}
#endif

#endif
