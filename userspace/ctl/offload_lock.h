/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock of uploads.
 *
 * An upload relies on objects that are in the bucket already, from the moment when it looks for
 * them until its file has a durable record that refers to them. Each upload holds the lock shared
 * during this time, so that gc can wait for the end of those that have begun while others begin.
 * The lock ends with its process.
 */
#ifndef _DITTO_CTL_OFFLOAD_LOCK_H
#define _DITTO_CTL_OFFLOAD_LOCK_H

#include "text.h"

/*
 * Take the lock for an upload, without waiting. Returns a descriptor that is closed to release
 * it; -EAGAIN while somebody has it alone, or a negative errno.
 */
int offload_lock_upload(void);
/* Wait for all uploads that have begun. Returns false and fills @why on errors and signals. */
bool offload_lock_wait(struct why *why);
/*
 * Wait for all uploads that have begun, keep others from beginning, and take the lock. Returns a
 * descriptor that is closed to release it, or -1 with @why, also after a signal.
 */
int offload_lock_alone(struct why *why);
/*
 * Lock the heads of snapshots: @alone to delete one, otherwise to replace some, so that none that
 * was deleted is written again. Waits for others. Returns the same.
 */
int offload_lock_heads(bool alone, struct why *why);
/* Keep other runs of policies from beginning, without waiting. Returns the same. */
int offload_lock_policies(struct why *why);

#endif
