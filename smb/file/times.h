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

int dsmb_times_set(struct ditto_op *op, struct ditto_node *node, const struct dsmb_times *times);
void dsmb_times_read(struct ditto_op *op, struct dsmb_open *open, struct dsmb_times *times);
void dsmb_times_note_change(const struct ditto_op *op, struct dsmb_open *open);
void dsmb_times_move_changed(const struct ditto_op *op, struct dsmb_open *open);
void dsmb_times_undo(struct ditto_op *op, struct dsmb_open *open, const struct dsmb_times *times);

/* Save the times that a change through an open must leave alone. */
static inline void dsmb_times_save(struct ditto_op *op, struct dsmb_open *open,
				   struct dsmb_times *times)
{
	times->which = READ_ONCE(open->kept_times);
	if (times->which)
		dsmb_times_read(op, open, times);
}

/* Restore the saved times after a change through an open. Errors are ignored. */
static inline void dsmb_times_restore(struct ditto_op *op, struct dsmb_open *open,
				      const struct dsmb_times *times)
{
	if (times->which)
		dsmb_times_undo(op, open, times);
}

#endif
