/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Byte-range locks that clients wait for, and are told of by CB_NOTIFY_LOCK.
 */
#ifndef _DITTO_FS_NFS_V4_STATE_LOCK_WAIT_H
#define _DITTO_FS_NFS_V4_STATE_LOCK_WAIT_H

#include "open.h"

/**
 * dnfs4_lock_wait - a lock was denied, and the client is ready to wait for it
 * @cmp: of a session, with the file as current handle
 * @lock: whose it is to be; its state.lock held
 * @req: what was denied
 *
 * Best effort: a client that is not told comes again by itself.
 */
void dnfs4_lock_wait(struct dnfs4_compound *cmp, struct dnfs4_lock *lock,
		     const struct ditto_range_request *req);

/* The owner has got it, and does not wait for it any more. */
void dnfs4_lock_waits_done(struct dnfs4_owner *owner, const struct ditto_range_request *req);

/* An open is closed, its state.lock held: nobody waits for locks by it any more. May sleep. */
void dnfs4_lock_waits_close(struct dnfs4_open *open);

#endif
