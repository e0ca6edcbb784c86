/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Times that changes through an open leave alone: those that were set through it,
 * and those that it was told to leave. Until it is told to go on, or closed
 * (MS-FSA sections 2.1.1.6 and 2.1.5.15.2, MS-FSCC section 2.4.7).
 *
 * File systems know nothing of that, so what they did to them is undone.
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
 * @which: DSMB_TIME_* bits; which of them
 * @accessed: of the last access
 * @written: of the last change of data
 * @changed: of the last change of anything
 */
struct dsmb_times {
	u32 which;
	struct timespec64 accessed;
	struct timespec64 written;
	struct timespec64 changed;
};

/* Set them. 0, or an errno of ditto_setattr() and ditto_dosattr_set(). */
int dsmb_times_set(struct ditto_op *op, struct ditto_node *node, const struct dsmb_times *times);

void dsmb_times_read(struct ditto_op *op, struct dsmb_open *open, struct dsmb_times *times);
void dsmb_times_undo(struct ditto_op *op, struct dsmb_open *open, const struct dsmb_times *times);

/* Before a change through an open, which is begun: what it leaves alone. */
static inline void dsmb_times_save(struct ditto_op *op, struct dsmb_open *open,
				   struct dsmb_times *times)
{
	times->which = READ_ONCE(open->kept_times);
	if (times->which)
		dsmb_times_read(op, open, times);
}

/* After it, before the open's end. What cannot be undone stays. */
static inline void dsmb_times_restore(struct ditto_op *op, struct dsmb_open *open,
				      const struct dsmb_times *times)
{
	if (times->which)
		dsmb_times_undo(op, open, times);
}

#endif
