/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a call is about: a file, and the right to use it through its share.
 */
#ifndef _DITTO_FS_NFS_RPC_TARGET_H
#define _DITTO_FS_NFS_RPC_TARGET_H

#include "../../../lockd/claim.h"
#include "../../op/op.h"

struct dnfs_call;

/**
 * struct dnfs_fh - a handle from the wire
 * @len: its bytes
 * @data: opaque
 */
struct dnfs_fh {
	u32 len;
	u8 data[DITTO_HANDLE_MAX];
};

/**
 * struct dnfs_post_attr - attributes that may be missing (post_op_attr)
 * @valid: they were read
 * @attr: see there
 */
struct dnfs_post_attr {
	bool valid;
	struct ditto_attr attr;
};

/**
 * struct dnfs_target - the file of a handle
 * @op: who may do what through the share
 * @actor: of @op, if the caller's machine made share reservations
 * @node: the file; NULL if there is none
 */
struct dnfs_target {
	struct ditto_op op;
	struct ditto_actor actor;
	struct ditto_node *node;
};

/**
 * dnfs_target_get - the file of a handle, if the caller may use its share
 * @call: the call
 * @fh: its handle
 * @target: filled
 *
 * A flavour that the share does not accept sets @call->too_weak.
 *
 * Return: 0; what ditto_handle_decode(), ditto_rules_match() and
 * ditto_cred_get() say; -EACCES if the client or its flavour is refused.
 */
int dnfs_target_get(struct dnfs_call *call, const struct dnfs_fh *fh,
		    struct dnfs_target *target);
void dnfs_target_put(struct dnfs_target *target);

/**
 * dnfs_admit - may the caller use a share, and as whom
 * @call: the call
 * @share: held by the caller
 * @any_flavor: whatever flavour it used; one that is not accepted acts as the anonymous user
 * @op: filled; its cred is to be put
 *
 * Return: as for dnfs_target_get().
 */
int dnfs_admit(struct dnfs_call *call, struct ditto_share *share, bool any_flavor,
	       struct ditto_op *op);

/* Does a share take the flavour of a call, from the port that it came from? */
bool dnfs_share_accepts(const struct dnfs_call *call, struct ditto_share *share);

/* Is a caller that proved nothing the client's kernel, as far as its port tells? Any context. */
bool dnfs_share_trusts(const struct dnfs_call *call, struct ditto_share *share);

/* Flavours that there are: DITTO_SEC_* bits. */
#define DNFS_FLAVORS	5

/* Those that a share accepts, DITTO_SEC_* bits. */
u32 dnfs_share_sec(struct ditto_share *share);

/**
 * dnfs_flavors - flavours as clients are told of them
 * @sec: DITTO_SEC_* bits
 * @flavor: filled with RPC_AUTH_* numbers, those to be preferred first
 *
 * Return: how many.
 */
unsigned int dnfs_flavors(u32 sec, u32 flavor[DNFS_FLAVORS]);

/* Attributes after an operation, if they can be had. */
void dnfs_post_attr_get(struct dnfs_target *target, struct dnfs_post_attr *attr);

/* The same for a change that was refused before it was tried. */
void dnfs_wcc_unchanged(struct dnfs_target *target, struct ditto_wcc *wcc);

/* The handle of a node. */
int dnfs_node_handle(struct ditto_share *share, struct ditto_node *node,
		     struct ditto_handle *handle);

#endif
