/* SPDX-License-Identifier: GPL-2.0-only */
/* What the procedures of NLM share. */
#ifndef _DITTO_FS_NFS_NLM_PROC_H
#define _DITTO_FS_NFS_NLM_PROC_H

#include "../../../lockd/claim.h"
#include "message.h"

struct dnfs_call;

/**
 * struct dnlm_res - results of a procedure
 * @msg: the message to be encoded; its strings are in the arguments or in the members below
 * @conflict: the holder that TEST found
 * @digest: opaque handle made up for a holder of another protocol
 */
struct dnlm_res {
	struct dnlm_msg msg;
	struct ditto_conflict conflict;
	u8 digest[8];
};

/**
 * struct dnlm_how - variants of LOCK
 * @message: it came as LOCK_MSG
 * @monitored: the host is recorded before it gets the lock
 * @may_wait: a conflicting request may block
 */
struct dnlm_how {
	bool message;
	bool monitored;
	bool may_wait;
};

/* lock.c: procedures of C702 section 10.3 and RFC 1813 section 6.3; struct dnfs_proc.exec */

/* Module init: draws the secret for dnlm_res.digest. */
void dnlm_lock_init(void);

/**
 * dnlm_test - test for a conflicting lock (TEST)
 * @call: the call; on a conflict its results describe the holder
 *
 * Context: may sleep.
 * Return: 0; -EAGAIN for a conflict; -EBUSY if a caching grant is being recalled; others for
 * struct dnfs_program.status.
 */
int dnlm_test(struct dnfs_call *call);

/**
 * dnlm_lock_as - lock a range (LOCK, LOCK_MSG, NM_LOCK)
 * @call: the call
 * @how: which of them
 *
 * Context: may sleep.
 * Return: 0; -EAGAIN for a conflict; -EINPROGRESS if the request was queued; -EBUSY if a caching
 * grant is being recalled; -ENOGRACE if there is nothing to reclaim; others.
 */
int dnlm_lock_as(struct dnfs_call *call, const struct dnlm_how *how);

/**
 * dnlm_cancel - cancel a blocked lock (CANCEL)
 * @call: the call
 *
 * A lock that was granted while its GRANTED is not confirmed yet is released.
 *
 * Context: may sleep.
 * Return: 0; -EAGAIN if there is no such request; others.
 */
int dnlm_cancel(struct dnfs_call *call);

/**
 * dnlm_unlock - unlock a range (UNLOCK)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0, also if the host holds nothing; others.
 */
int dnlm_unlock(struct dnfs_call *call);

/* share.c */

/**
 * dnlm_share - make or change a share reservation (SHARE)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0; -EAGAIN for a conflict; -EBUSY if a caching grant is being recalled; -ENOGRACE if
 * there is nothing to reclaim; others.
 */
int dnlm_share(struct dnfs_call *call);

/**
 * dnlm_unshare - release a share reservation (UNSHARE)
 * @call: the call
 *
 * Context: may sleep.
 * Return: 0, also if there is no such reservation; others.
 */
int dnlm_unshare(struct dnfs_call *call);

/* answer.c */

/**
 * dnlm_answer - answer a *_MSG by calling the client's *_RES
 * @call: the message; its results are sent
 * @proc: NLMPROC_*_RES
 * @status: status to send
 *
 * Works in the background. Errors are ignored, because a message may be lost anyway: the client
 * repeats its own.
 */
void dnlm_answer(struct dnfs_call *call, u32 proc, u32 status);

#endif
