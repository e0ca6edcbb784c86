/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The target of a call: a file, and the caller's permission to use it through its share.
 */
#ifndef _DITTO_FS_NFS_RPC_TARGET_H
#define _DITTO_FS_NFS_RPC_TARGET_H

#include "../../../lockd/claim.h"
#include "../../op/op.h"
#include "../../share/rules.h"

struct dnfs_call;
struct dnfs_program;

/**
 * struct dnfs_admitted - the last admission of a connection, for calls with the same credential
 * @cred: the credential that it gave, held; NULL if there is none
 * @program: program of the call
 * @generation: generation of the share's options, which no two shares have in common
 * @epoch: ditto_creds_epoch() before it
 * @when: jiffies when it began; it is valid until the next tick, because names expire
 * @writable: as in struct ditto_op
 *
 * The calls of a connection have machine, port and TLS in common.
 */
struct dnfs_admitted {
	struct ditto_cred *cred;
	const struct dnfs_program *program;
	u64 generation;
	u32 epoch;
	unsigned long when;
	bool writable;
};

void dnfs_admitted_forget(struct dnfs_admitted *last);

/**
 * struct dnfs_fh - a filehandle from the wire
 * @len: bytes of @data
 * @data: opaque
 */
struct dnfs_fh {
	u32 len;
	u8 data[DITTO_HANDLE_MAX];
};

/**
 * struct dnfs_post_attr - attributes that may be missing (post_op_attr)
 * @valid: @attr is filled
 * @attr: the attributes
 */
struct dnfs_post_attr {
	bool valid;
	struct ditto_attr attr;
};

/**
 * struct dnfs_target - the file of a filehandle
 * @op: share, credential and permissions of the caller
 * @actor: actor of @op, if the caller's machine has share reservations by NLM
 * @node: the file, with a reference; NULL if there is none
 * @call: the call, which is counted for the share; not used by NFSv4
 */
struct dnfs_target {
	struct ditto_op op;
	struct ditto_actor actor;
	struct ditto_node *node;
	struct dnfs_call *call;
};

int dnfs_target_get(struct dnfs_call *call, const struct dnfs_fh *fh,
		    struct dnfs_target *target);
void dnfs_target_put(struct dnfs_target *target);
int dnfs_admit(struct dnfs_call *call, struct ditto_share *share, bool any_flavor,
	       struct ditto_op *op);
bool dnfs_share_accepts(const struct dnfs_call *call, struct ditto_share *share);
bool dnfs_share_trusts(const struct dnfs_call *call, struct ditto_share *share);
bool dnfs_accepts_conn(const struct dnfs_call *call, u32 xprtsec);

/* Number of flavours, one per DITTO_SEC_* bit. */
#define DNFS_FLAVORS	5

u32 dnfs_share_sec(struct ditto_share *share);
int dnfs_rules_admit(struct dnfs_call *call, struct ditto_share *share, enum ditto_rules_ask ask,
		     struct ditto_verdict *verdict);
unsigned int dnfs_flavors(u32 sec, u32 first, u32 flavor[DNFS_FLAVORS]);
unsigned int dnfs_share_flavors(struct ditto_share *share, u32 flavor[DNFS_FLAVORS]);
void dnfs_share_order(struct ditto_share *share, u32 *sec, u32 *first);
void dnfs_post_attr_get(struct dnfs_target *target, struct dnfs_post_attr *attr);
void dnfs_wcc_unchanged(struct dnfs_target *target, struct ditto_wcc *wcc);
int dnfs_handle_decode(struct dnfs_call *call, const u8 *data, size_t len,
		       struct ditto_share **share, struct ditto_node **node);
int dnfs_stream_handle_decode(struct dnfs_call *call, const u8 *data, size_t len,
			      struct ditto_share **share, struct ditto_node **base,
			      struct ditto_node **stream);

#endif
