/* SPDX-License-Identifier: GPL-2.0-only */
/* Declarations shared by the procedures of NLM. */
#ifndef _DITTO_FS_NFS_NLM_PROC_H
#define _DITTO_FS_NFS_NLM_PROC_H

#include "../../../lockd/claim.h"
#include "../rpc/call.h"
#include "message.h"

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

static inline bool dnlm_is_wide(const struct dnfs_call *call)
{
	return call->program->vers == NLM4_VERSION;
}

/* Initializer of a procedure with results. */
#define DNLM_CALL(_name, _flags, _decode, _exec, _encode)	\
	{							\
		.name = (_name),				\
		.flags = DNFS_PROC_DIRECT | (_flags),		\
		.argsize = sizeof(struct dnlm_args),		\
		.ressize = sizeof(struct dnlm_res),		\
		.max_reply = DNLM_RES_SIZE,			\
		.decode = (_decode),				\
		.exec = (_exec),				\
		.encode = (_encode),				\
	}

/* Initializer of a message. A retransmission is executed and answered again. */
#define DNLM_MESSAGE(_name, _decode, _exec)			\
	{							\
		.name = (_name),				\
		.argsize = sizeof(struct dnlm_args),		\
		.ressize = sizeof(struct dnlm_res),		\
		.max_reply = XDR_UNIT,				\
		.decode = (_decode),				\
		.exec = (_exec),				\
	}

/* lock.c */
extern const struct dnfs_proc dnlm_proc_cancel;
extern const struct dnfs_proc dnlm_proc_cancel_msg;
extern const struct dnfs_proc dnlm_proc_lock;
extern const struct dnfs_proc dnlm_proc_lock_msg;
extern const struct dnfs_proc dnlm_proc_nm_lock;
extern const struct dnfs_proc dnlm_proc_test;
extern const struct dnfs_proc dnlm_proc_test_msg;
extern const struct dnfs_proc dnlm_proc_unlock;
extern const struct dnfs_proc dnlm_proc_unlock_msg;

/* Module init: draws the secret for dnlm_res.digest. */
void dnlm_lock_init(void);

/* share.c */
extern const struct dnfs_proc dnlm_proc_share;
extern const struct dnfs_proc dnlm_proc_unshare;

/* proc.c */

/**
 * dnlm_res_encode - encode the results of a procedure
 * @call: the call; its results are a struct dnlm_res
 * @layout: which message they are
 *
 * Return: false if they do not fit.
 */
bool dnlm_res_encode(struct dnfs_call *call, enum dnlm_layout layout);

/**
 * dnlm_encode_res - encode results that are a cookie and a status
 * @call: the call
 * @result: its results, a struct dnlm_res
 *
 * Return: false if they do not fit.
 */
bool dnlm_encode_res(struct dnfs_call *call, const void *result);

/* answer.c */

/**
 * dnlm_answer - answer a *_MSG by calling the client's *_RES
 * @call: the message; its results are sent
 * @err: result of its execution, 0 or an errno, which becomes the status
 * @proc: NLMPROC_*_RES
 *
 * Works in the background. A machine that has too many answers under way gets no other. Errors are
 * ignored, because a message may be lost anyway: the client repeats its own.
 *
 * Return: @err.
 */
int dnlm_answer(struct dnfs_call *call, int err, u32 proc);

#endif
