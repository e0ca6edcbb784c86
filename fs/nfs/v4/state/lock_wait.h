/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waits for byte-range locks, which CB_NOTIFY_LOCK ends (RFC 8881 section 20.11).
 */
#ifndef _DITTO_FS_NFS_V4_STATE_LOCK_WAIT_H
#define _DITTO_FS_NFS_V4_STATE_LOCK_WAIT_H

#include "open.h"

/**
 * dnfs4_lock_wait - queue a denied lock request whose client is ready to wait
 * @cmp: has a session, and the file as current handle
 * @lock: lock state that the range would belong to; its state.lock is held
 * @req: the denied request
 *
 * Best effort: a client that is not notified polls. Does nothing without a back channel.
 */
void dnfs4_lock_wait(struct dnfs4_compound *cmp, struct dnfs4_lock *lock,
		     const struct ditto_range_request *req);

/**
 * dnfs4_lock_waits_done - end the wait for a range that was granted
 * @owner: the lock-owner
 * @req: the granted request
 */
void dnfs4_lock_waits_done(struct dnfs4_owner *owner, const struct ditto_range_request *req);

/**
 * dnfs4_lock_waits_close - end all waits that belong to an open
 * @open: being closed; its state.lock is held
 */
void dnfs4_lock_waits_close(struct dnfs4_open *open);

#endif
