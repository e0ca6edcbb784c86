/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waits for byte-range locks, which CB_NOTIFY_LOCK ends (RFC 8881 section 20.11).
 */
#ifndef _DITTO_FS_NFS_V4_STATE_LOCK_WAIT_H
#define _DITTO_FS_NFS_V4_STATE_LOCK_WAIT_H

#include "open.h"

void dnfs4_lock_wait(struct dnfs4_compound *cmp, struct dnfs4_lock *lock,
		     const struct ditto_range_request *req);
void dnfs4_lock_waits_done(struct dnfs4_owner *owner, const struct ditto_range_request *req);
void dnfs4_lock_waits_close(struct dnfs4_open *open);

#endif
