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

/* lock.c */
void dnlm_lock_init(void);

/* share.c */
extern const struct dnfs_proc dnlm_proc_share;
extern const struct dnfs_proc dnlm_proc_unshare;

/* proc.c */

/* proc.c */
bool dnlm_res_encode(struct dnfs_call *call, enum dnlm_layout layout);
bool dnlm_encode_res(struct dnfs_call *call, const void *result);

/* answer.c */

/* answer.c */
int dnlm_answer(struct dnfs_call *call, int err, u32 proc);

#endif
