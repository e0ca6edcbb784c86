/* SPDX-License-Identifier: GPL-2.0-only */
/* Procedures of NLM: what they share. */
#ifndef _DITTO_FS_NFS_NLM_PROC_H
#define _DITTO_FS_NFS_NLM_PROC_H

#include "../../../lockd/claim.h"
#include "message.h"

struct dnfs_call;

/**
 * struct dnlm_res - results of a procedure
 * @msg: what is encoded; its strings are in the arguments or below
 * @conflict: the holder that TEST found
 * @digest: the opaque handle of a holder of another protocol
 */
struct dnlm_res {
	struct dnlm_msg msg;
	struct ditto_conflict conflict;
	u8 digest[8];
};

/**
 * struct dnlm_how - the kinds of LOCK
 * @message: LOCK_MSG
 * @monitored: the host is recorded
 * @may_wait: it may block
 */
struct dnlm_how {
	bool message;
	bool monitored;
	bool may_wait;
};

/* lock.c */
void dnlm_lock_init(void);
int dnlm_test(struct dnfs_call *call);
int dnlm_lock_as(struct dnfs_call *call, const struct dnlm_how *how);
int dnlm_cancel(struct dnfs_call *call);
int dnlm_unlock(struct dnfs_call *call);

/* share.c */
int dnlm_share(struct dnfs_call *call);
int dnlm_unshare(struct dnfs_call *call);

/* answer.c */

/**
 * dnlm_answer - send the result of a message as a call
 * @call: the message
 * @proc: NLMPROC_*_RES
 * @status: its status
 *
 * What cannot be sent is lost, as a message may be: the client sends its own again.
 */
void dnlm_answer(struct dnfs_call *call, u32 proc, u32 status);

#endif
