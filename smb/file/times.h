/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Times that changes through an open leave alone: times that were set through the open, and times
 * that the client asked to keep. They are kept until the client asks to update them again, or until
 * the open is closed (MS-FSA sections 2.1.1.6 and 2.1.5.15.2, MS-FSCC section 2.4.7).
 *
 * File systems do not support this, so the times are read before a change and set again after it.
 */
#ifndef _DITTO_SMB_FILE_TIMES_H
#define _DITTO_SMB_FILE_TIMES_H

#include <linux/time64.h>
#include <linux/types.h>

#include "../open/open.h"

struct ditto_node;
struct ditto_op;

#define DSMB_TIME_ACCESSED	BIT(0)
#define DSMB_TIME_WRITTEN	BIT(1)
#define DSMB_TIME_CHANGED	BIT(2)

/**
 * struct dsmb_times - some times of a file
 * @which: DSMB_TIME_* bits of the times that count
 * @accessed: time of the last access
 * @written: time of the last change of data
 * @changed: time of the last change of anything
 */
struct dsmb_times {
	u32 which;
	struct timespec64 accessed;
	struct timespec64 written;
	struct timespec64 changed;
};

/**
 * dsmb_times_set - set some times of a file
 * @op: begun
 * @node: node of the file
 * @times: the times
 *
 * A change time that the file system cannot store is ignored.
 *
 * Return: 0, or an errno of ditto_setattr() or ditto_dosattr_set().
 */
int dsmb_times_set(struct ditto_op *op, struct ditto_node *node, const struct dsmb_times *times);

/**
 * dsmb_times_read - read the times of an open's file before a change
 * @op: begun
 * @open: the open, begun
 * @times: filled; times->which is cleared if the times cannot be read
 */
void dsmb_times_read(struct ditto_op *op, struct dsmb_open *open, struct dsmb_times *times);

/**
 * dsmb_times_note_change - note in the times of a file that data was changed
 * @op: begun
 * @open: the open, begun
 *
 * A change counts as an access, as far as the mount keeps them, and a file is modified with its
 * streams (MS-FSA section 2.1.4.17). The times may be noted later, so each is noted once a second.
 * The call is not parked. Errors are ignored.
 */
void dsmb_times_note_change(const struct ditto_op *op, struct dsmb_open *open);

/* Move the change time of an open's file alone. The call is not parked; errors are ignored. */
void dsmb_times_move_changed(const struct ditto_op *op, struct dsmb_open *open);

/**
 * dsmb_times_undo - restore the times of an open's file after a change
 * @op: begun
 * @open: the open, begun
 * @times: times before the change; times->which says which are restored
 *
 * The call is not parked. Errors are ignored.
 */
void dsmb_times_undo(struct ditto_op *op, struct dsmb_open *open, const struct dsmb_times *times);

/**
 * dsmb_times_save - save the times that a change through an open must leave alone
 * @op: begun
 * @open: the open, begun
 * @times: filled, for dsmb_times_restore()
 */
static inline void dsmb_times_save(struct ditto_op *op, struct dsmb_open *open,
				   struct dsmb_times *times)
{
	times->which = READ_ONCE(open->kept_times);
	if (times->which)
		dsmb_times_read(op, open, times);
}

/**
 * dsmb_times_restore - restore the saved times after a change through an open
 * @op: begun
 * @open: the open, begun
 * @times: from dsmb_times_save()
 *
 * Errors are ignored.
 */
static inline void dsmb_times_restore(struct ditto_op *op, struct dsmb_open *open,
				      const struct dsmb_times *times)
{
	if (times->which)
		dsmb_times_undo(op, open, times);
}

#endif
