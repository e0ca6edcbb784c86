/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock between uploads and the deletion of objects.
 *
 * An upload relies on objects that are in the bucket already, from the moment when it looks for
 * them until its file has a durable record that refers to them. Each upload holds the lock shared
 * during this time. Whoever deletes objects holds it alone, from before the last look at the
 * records until the last object is deleted. The lock ends with its process.
 */
#ifndef _DITTO_CTL_OFFLOAD_LOCK_H
#define _DITTO_CTL_OFFLOAD_LOCK_H

#include "text.h"

/*
 * Take the lock for an upload, without waiting. Returns a descriptor that is closed to release
 * it; -EAGAIN while objects are deleted, or a negative errno.
 */
int offload_lock_upload(void);
/*
 * Wait for all uploads that have begun, keep others from beginning, and take the lock. Returns a
 * descriptor that is closed to release it, or -1 with @why, also after a signal.
 */
int offload_lock_deletion(struct why *why);
/*
 * Lock the heads of snapshots: @alone to delete one, otherwise to replace some, so that none that
 * was deleted is written again. Waits for others. Returns the same.
 */
int offload_lock_heads(bool alone, struct why *why);
/* Keep other runs of policies from beginning, without waiting. Returns the same. */
int offload_lock_policies(struct why *why);

#endif
