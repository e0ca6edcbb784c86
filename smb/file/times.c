// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times that changes through an open leave alone: reading them before a change, and setting them
 * again after it. See times.h.
 */

#include <linux/timekeeping.h>

#include "../../fs/node/node.h"
#include "../../fs/open/instance.h"
#include "attrs.h"
#include "times.h"

/*
 * Set some times of a file. A change time that the file system cannot store is ignored. Return: 0,
 * or an errno of ditto_setattr() or ditto_dosattr_set().
 */
int dsmb_times_set(struct ditto_op *op, struct ditto_node *node, const struct dsmb_times *times)
{
	struct ditto_dosattr dosattr = {.valid = DITTO_DOSATTR_CHANGED,
					.changed = times->changed};
	struct ditto_setattr set = {};
	struct ditto_wcc wcc;
	int err = 0;

	if (times->which & DSMB_TIME_ACCESSED) {
		set.valid |= DITTO_SET_ATIME;
		set.atime = times->accessed;
	}
	if (times->which & DSMB_TIME_WRITTEN) {
		set.valid |= DITTO_SET_MTIME;
		set.mtime = times->written;
	}
	if (set.valid) {
		err = ditto_setattr(op, node, &set, &wcc);
		if (err)
			goto out;
	}
	/* Last, because setting the other times changes it. */
	if (times->which & DSMB_TIME_CHANGED)
		err = ditto_dosattr_set(op, node, &dosattr);
out:
	/* If a change time cannot be stored, the inode's change time remains. */
	return err == -EOPNOTSUPP ? 0 : err;
}

static int dsmb_times_get(struct ditto_op *op, struct ditto_node *node, struct dsmb_times *times)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct ditto_dosattr dosattr;
	struct ditto_attr attr;
	int err;

	err = ditto_getattr_listed(op->share, dentry, &attr);
	if (!err)
		err = ditto_dosattr_get(op->share, dentry, &attr.st, &dosattr);
	dput(dentry);
	if (err)
		return err;
	times->accessed = attr.st.atime;
	times->written = attr.st.mtime;
	times->changed = dosattr.changed;
	return 0;
}

/* Read the times of an open's file before a change. */
void dsmb_times_read(struct ditto_op *op, struct dsmb_open *open, struct dsmb_times *times)
{
	if (dsmb_times_get(op, ditto_instance_base(open->inst), times))
		times->which = 0;
}

/*
 * The times to restore: those that changed and must not. Setting them must not count as a change of
 * the file either, if there was none.
 */
static u32 dsmb_times_differ(const struct dsmb_times *before, const struct dsmb_times *now)
{
	bool changed = !timespec64_equal(&before->changed, &now->changed);
	u32 which = 0;

	if (!timespec64_equal(&before->accessed, &now->accessed))
		which |= DSMB_TIME_ACCESSED;
	if (!timespec64_equal(&before->written, &now->written))
		which |= DSMB_TIME_WRITTEN;
	which &= before->which;
	if (changed ? before->which & DSMB_TIME_CHANGED : which)
		which |= DSMB_TIME_CHANGED;
	return which;
}

/*
 * Note in the times of a file that data was changed. A change counts as an access, as far as the
 * mount keeps them, and a file is modified with its streams (MS-FSA section 2.1.4.17). The times
 * may be noted later, so each is noted once a second. The call is not parked. Errors are ignored.
 */
void dsmb_times_note_change(const struct ditto_op *op, struct dsmb_open *open)
{
	static const struct ditto_setattr now = { .valid = DITTO_SET_MTIME_NOW };
	static const u8 both = DSMB_TIME_WRITTEN | DSMB_TIME_CHANGED;
	struct ditto_node *file = ditto_instance_base(open->inst);
	time64_t second = ktime_get_real_seconds();
	u8 kept = READ_ONCE(open->kept_times);
	/* As below. */
	struct ditto_op at_once;
	struct ditto_wcc wcc;
	int err;

	if (READ_ONCE(open->noted) == (u32)second)
		return;
	/* POSIX has it otherwise. */
	if (!open->posix && !(kept & DSMB_TIME_ACCESSED) &&
	    inode_get_atime_sec(file->inode) != second) {
		ditto_note_access(op, file);
		/* Mounts may keep it less often, or not. */
		if (inode_get_atime_sec(file->inode) != second)
			WRITE_ONCE(open->noted, second);
	}
	if (likely(!op->stream_of) || (kept & both) == both ||
	    inode_get_mtime_sec(file->inode) == second)
		return;
	at_once = *op;
	at_once.park = NULL;
	at_once.unstable = true;
	err = ditto_setattr(&at_once, file, &now, &wcc);
	/* Where the file does not get or keep the time, not each change tries it. */
	if (err || kept & DSMB_TIME_WRITTEN ||
	    abs(inode_get_mtime_sec(file->inode) - second) > 1)
		WRITE_ONCE(open->noted, second);
}

/* Move the change time of an open's file alone. The call is not parked; errors are ignored. */
void dsmb_times_move_changed(const struct ditto_op *op, struct dsmb_open *open)
{
	static const struct ditto_setattr changed = { .valid = DITTO_SET_CTIME_NOW };
	/* As below. */
	struct ditto_op at_once = *op;
	struct ditto_wcc wcc;

	at_once.park = NULL;
	at_once.unstable = true;
	ditto_setattr(&at_once, ditto_instance_base(open->inst), &changed, &wcc);
}

/*
 * Restore the times of an open's file after a change. The call is not parked. Errors are ignored.
 */
void dsmb_times_undo(struct ditto_op *op, struct dsmb_open *open, const struct dsmb_times *times)
{
	struct ditto_node *node = ditto_instance_base(open->inst);
	struct dsmb_times undo = *times, now;
	/* The change was made, so the call must not be parked for this. */
	struct ditto_op at_once = *op;

	at_once.park = NULL;
	/* After a loss of power the file may have the times of the change. */
	at_once.unstable = true;
	if (dsmb_times_get(op, node, &now))
		return;
	undo.which = dsmb_times_differ(times, &now);
	if (undo.which)
		dsmb_times_set(&at_once, node, &undo);
}
