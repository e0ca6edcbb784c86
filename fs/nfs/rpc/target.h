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

/**
 * dnfs_admitted_forget - end the validity of a remembered admission
 * @last: the admission; any
 *
 * Context: any.
 */
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

/**
 * dnfs_target_get - find the file of a filehandle and admit the caller to its share
 * @call: the call
 * @fh: the filehandle
 * @target: filled; the caller ends it with dnfs_target_put() on success
 *
 * A flavour or a connection that the share does not accept sets @call->too_weak.
 *
 * Return: 0; -EACCES if the client, its flavour or its connection is refused; or an errno of
 * ditto_handle_decode(), ditto_rules_match() or ditto_cred_get().
 */
int dnfs_target_get(struct dnfs_call *call, const struct dnfs_fh *fh,
		    struct dnfs_target *target);

/**
 * dnfs_target_put - put the references of a target
 * @target: from a successful dnfs_target_get()
 */
void dnfs_target_put(struct dnfs_target *target);

/**
 * dnfs_admit - admit a caller to a share
 * @call: the call
 * @share: the share, held by the caller
 * @any_flavor: admit any flavour; with one that the share does not accept, the caller becomes
 *	the anonymous user. A connection that the share does not accept is -EACCES
 * @op: filled on success; the caller puts @op->cred
 *
 * The admission of the connection's previous call is used again for the same credential and share.
 *
 * Return: as for dnfs_target_get().
 */
int dnfs_admit(struct dnfs_call *call, struct ditto_share *share, bool any_flavor,
	       struct ditto_op *op);

/**
 * dnfs_share_accepts - check whether a share accepts the flavour of a call
 * @call: the call
 * @share: the share
 *
 * Context: any.
 * Return: true if it accepts the flavour, and AUTH_SYS comes from a reserved port if the share
 * requires that.
 */
bool dnfs_share_accepts(const struct dnfs_call *call, struct ditto_share *share);

/**
 * dnfs_share_trusts - check whether a call comes from the client's kernel
 * @call: the call
 * @share: the share
 *
 * Context: any.
 * Return: true if the call is authenticated, comes from a reserved port, or the share does not
 * require reserved ports.
 */
bool dnfs_share_trusts(const struct dnfs_call *call, struct ditto_share *share);

/**
 * dnfs_accepts_conn - check whether a share accepts the connection of a call
 * @call: the call
 * @xprtsec: connections that the share accepts, DNFS_CONN_* bits
 *
 * MOUNT and NLM are served on any connection, because clients have no TLS for them.
 *
 * Context: any.
 * Return: true if it accepts the connection.
 */
bool dnfs_accepts_conn(const struct dnfs_call *call, u32 xprtsec);

/* Number of flavours, one per DITTO_SEC_* bit. */
#define DNFS_FLAVORS	5

/**
 * dnfs_share_sec - get the flavours that a share accepts
 * @share: the share
 *
 * Context: any.
 * Return: DITTO_SEC_* bits; 0 if NFS serves the share to nobody.
 */
u32 dnfs_share_sec(struct ditto_share *share);

/**
 * dnfs_rules_admit - check that NFS serves a share, and that its rules admit the caller's machine
 * @call: the call
 * @share: the share, held by the caller
 * @ask: how to treat rules about names
 * @verdict: filled
 *
 * Context: as ditto_rules_match().
 * Return: as ditto_rules_admit().
 */
int dnfs_rules_admit(struct dnfs_call *call, struct ditto_share *share, enum ditto_rules_ask ask,
		     struct ditto_verdict *verdict);

/**
 * dnfs_flavors - convert flavours to RPC numbers
 * @sec: DITTO_SEC_* bits
 * @first: the one of them that comes first; 0 for the strongest
 * @flavor: filled with RPC_AUTH_* numbers; those after the first with the strongest first
 *
 * Return: the number of entries in @flavor.
 */
unsigned int dnfs_flavors(u32 sec, u32 first, u32 flavor[DNFS_FLAVORS]);
/* The same for the flavours that a share accepts, in the order of its option "sec-first". */
unsigned int dnfs_share_flavors(struct ditto_share *share, u32 flavor[DNFS_FLAVORS]);

/**
 * dnfs_share_order - get the flavours that a share accepts, and their order
 * @share: the share
 * @sec: set to DITTO_SEC_* bits; 0 if NFS does not serve the share
 * @first: set to the one that comes first by the option "sec-first", or 0; as for dnfs_flavors()
 *
 * Context: any.
 */
void dnfs_share_order(struct ditto_share *share, u32 *sec, u32 *first);

/**
 * dnfs_post_attr_get - read the attributes of a target after an operation
 * @target: the target
 * @attr: filled; not valid if the attributes cannot be read
 */
void dnfs_post_attr_get(struct dnfs_target *target, struct dnfs_post_attr *attr);

/**
 * dnfs_wcc_unchanged - read the attributes after a change that was refused before it began
 * @target: the target
 * @wcc: its attributes after the operation are filled, but for the change attribute; not valid if
 *	they cannot be read
 */
void dnfs_wcc_unchanged(struct dnfs_target *target, struct ditto_wcc *wcc);

/**
 * dnfs_handle_decode - find the file of a handle, in a file system that is not full
 * @call: the call
 * @data: handle from the wire
 * @len: length of @data
 * @share: filled with the share, to be put
 * @node: filled with the node, to be put
 *
 * Return: 0, or an errno of dnfs_worker_enter() or ditto_handle_decode().
 */
int dnfs_handle_decode(struct dnfs_call *call, const u8 *data, size_t len,
		       struct ditto_share **share, struct ditto_node **node);

/**
 * dnfs_stream_handle_decode - find the named stream of a handle, and its file
 * @call: the call
 * @data: handle from the wire
 * @len: length of @data
 * @share: filled with the share, to be put
 * @base: filled with the node of the file, to be put
 * @stream: filled with the node of the stream, to be put
 *
 * Return: as dnfs_handle_decode().
 */
int dnfs_stream_handle_decode(struct dnfs_call *call, const u8 *data, size_t len,
			      struct ditto_share **share, struct ditto_node **base,
			      struct ditto_node **stream);

#endif
