/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A COMPOUND on its way: what its operations share, and the table that
 * describes operations.
 *
 * An operation is decoded from the stream just before it is executed, and its
 * results are encoded straight behind those of the one before. The engine
 * (compound.c) walks: look-up in the table, rules of the minor version, decode,
 * check of handle and room, exec, encode, finish. Every operation is a constant
 * of its own, in the file that implements it; op_table.c puts them in order.
 *
 * Status numbers are those of enum nfsstat4 (linux/nfs4.h), in host order.
 */
#ifndef _DITTO_FS_NFS_V4_ENGINE_COMPOUND_H
#define _DITTO_FS_NFS_V4_ENGINE_COMPOUND_H

#include <linux/bits.h>
#include <linux/nfs4.h>
#include <linux/sunrpc/xdr.h>
#include <linux/types.h>

#include "../../rpc/call.h"
#include "../../rpc/target.h"
#include "../state/stateid.h"

struct dentry;
struct dnfs4_client;
struct dnfs4_compound;
struct dnfs4_server;
struct dnfs4_session;
struct dnfs4_slot;

/* Highest minor version served (RFC 8178), and highest number of an operation in it. */
#define DNFS4_MINOR_MAX		2
#define DNFS4_OP_MAX		75	/* REMOVEXATTR, RFC 8276 section 8.3 */
/* Operations of one COMPOUND of version 4.0; sessions negotiate theirs. */
#define DNFS4_OPS_MAX		128
/* Longest tag. */
#define DNFS4_TAG_MAX		1024
/* Scratch for decoded arguments, and for results, of one operation. */
#define DNFS4_ARGS_MAX		4096
#define DNFS4_RES_MAX		2048
/* And behind the arguments, for names and such that do not lie in one piece. */
#define DNFS4_SPARE_MAX		4096
/* An operation's number and status, for which there is always room. */
#define DNFS4_OP_HEAD_BYTES	8

/* Longest handle of ours: a struct ditto_handle behind four bytes. */
#define DNFS4_FH_MAX		(4 + DITTO_HANDLE_MAX)

/* What a handle stands for. */
enum dnfs4_fh_kind {
	DNFS4_FH_NONE,		/* no handle was set */
	DNFS4_FH_PSEUDO,	/* the root above all shares */
	DNFS4_FH_NODE,		/* a file of a share */
	DNFS4_FH_ATTRDIR,	/* the named attribute directory of a file */
};

/**
 * struct dnfs4_fh - the current or the saved handle
 * @kind: see there
 * @target: share, credential and node, of NODE and ATTRDIR (whose node is the file's);
 *	@target.op.actor is NULL or says who the client is, see dnfs4_fh_actor(); its credential
 *	is NULL if the share does not accept the call's flavour
 * @named: NODE: it is a named attribute, so not to be opened by CREATE, renamed and such
 */
struct dnfs4_fh {
	enum dnfs4_fh_kind kind;
	struct dnfs_target target;
	bool named;
};

/* Properties of an operation. */

/* Needs a current handle of a share: NOFILEHANDLE; on the pseudo root what @pseudo_status says. */
#define DNFS4_OP_FH		BIT(0)
/* Needs a current handle of any kind. */
#define DNFS4_OP_FH_ANY		BIT(1)
/* Needs a saved handle, too. */
#define DNFS4_OP_SAVED		BIT(2)
/* 4.1: may come first, without SEQUENCE. */
#define DNFS4_OP_FIRST		BIT(3)
/* 4.1: and is then the only one: NOT_ONLY_OP. */
#define DNFS4_OP_SOLE		BIT(4)
/* Has side effects: there must be room for its reply before. */
#define DNFS4_OP_CHANGES	BIT(5)
/* 4.0: not idempotent, and no seqid of an owner guards it: the reply cache does. */
#define DNFS4_OP_CACHED		BIT(6)
/* @encode runs for every status, not for NFS4_OK only. */
#define DNFS4_OP_ALWAYS		BIT(7)
/* Sets the current handle, so it tells WRONGSEC (RFC 8881 section 2.6.3.1). */
#define DNFS4_OP_WRONGSEC	BIT(8)
/* Not on a named attribute directory: WRONG_TYPE, 4.0 INVAL. */
#define DNFS4_OP_NO_ATTRDIR	BIT(9)
/*
 * Works, or tells WRONGSEC by itself, on a handle whose share does not accept the flavour, see
 * dnfs4_fh_is_weak().
 */
#define DNFS4_OP_ANY_SEC	BIT(10)
/* Takes less time than reading the clock: what it took counts for the operation that follows. */
#define DNFS4_OP_BRIEF		BIT(11)
/* 4.0: sets the current handle, which a replay by the owner's seqid has to restore. */
#define DNFS4_OP_SETS_FH	BIT(12)

/**
 * struct dnfs4_op - an operation
 * @name: as the RFC calls it
 * @flags: DNFS4_OP_*
 * @minor_first: lowest minor version that has it
 * @minor_last: highest one: in higher ones it is NOTSUPP
 * @argsize: bytes of the decoded arguments, at most DNFS4_ARGS_MAX; they begin as zeros
 * @ressize: bytes of the results, at most DNFS4_RES_MAX; they begin as zeros
 * @pseudo_status: what DNFS4_OP_FH answers on the pseudo root, e.g. NFS4ERR_ROFS; 0: it may be
 *	there
 * @decode: arguments; returns NFS4_OK, NFS4ERR_BADXDR or another status that the operation
 *	is answered with; NULL if it has none
 * @exec: does it
 * @encode: results behind the status; false if they do not fit; NULL if there are none
 * @finish: runs after @encode whatever the status, once it was tried to decode the arguments; the
 *	result lies from @pos in the reply on, without operation number and status; may be NULL
 * @release: frees what @decode and @exec took, also after an error; may be NULL
 * @reply: most bytes that @encode writes for these arguments; NULL is 16
 */
struct dnfs4_op {
	const char *name;
	u32 flags;
	u8 minor_first;
	u8 minor_last;
	u16 argsize;
	u16 ressize;
	u32 pseudo_status;
	u32 (*decode)(struct dnfs4_compound *cmp, void *args);
	u32 (*exec)(struct dnfs4_compound *cmp, void *args, void *res);
	bool (*encode)(struct dnfs4_compound *cmp, u32 status, const void *res);
	void (*finish)(struct dnfs4_compound *cmp, u32 status, unsigned int pos);
	void (*release)(struct dnfs4_compound *cmp, void *args, void *res);
	u32 (*reply)(const struct dnfs4_compound *cmp, const void *args);
};

/**
 * struct dnfs4_replay - bytes to be answered instead of executing
 * @data: encoded results; of a whole COMPOUND from its status on, of an operation behind its
 *	status; borrowed until they are copied into the reply
 * @len: of @data
 * @status: of the operation
 */
struct dnfs4_replay {
	const void *data;
	u32 len;
	u32 status;
};

/**
 * struct dnfs4_compound - a COMPOUND on its way
 * @call: the call; its @conn is the connection
 * @server: ours
 * @minor: minor version
 * @in: arguments
 * @out: results
 * @nops: operations announced
 * @index: of the one being executed, from 0
 * @op: the one being executed; NULL between two
 * @opnum: its number
 * @start: position in the reply of the COMPOUND's status
 * @status: of the last operation executed
 * @current_fh: see RFC 8881 section 16.2.3.1.1
 * @saved_fh: the same
 * @current_stateid: 4.1, section 16.2.3.1.2; @stateid_set says whether there is one
 * @saved_stateid: the same
 * @stateid_set: @current_stateid is one
 * @saved_stateid_set: @saved_stateid is one
 * @session: after SEQUENCE; held
 * @slot: after SEQUENCE: ours until dnfs4_sequence_done()
 * @client: whose operations these are, where that is known: by SEQUENCE, and from the first
 *	clientid or stateid in 4.0 on; held
 * @replay: set by SEQUENCE: answer this, execute nothing
 * @op_replay: set by @exec: answer this instead of what @encode would write
 * @max_reply: bytes of the whole RPC reply that the session allows; 0 without a session
 * @max_cached: the same if the reply is to be kept; 0 if it is not
 * @paged: the pages of the reply are used by a READ: further data is copied
 * @once: 4.0: the reply cache was asked, and takes this COMPOUND for a new one
 * @changed: an operation with side effects has worked
 * @spare: bytes used behind @args
 * @args: of the operation
 * @res: of the operation
 */
struct dnfs4_compound {
	struct dnfs_call *call;
	struct dnfs4_server *server;
	u32 minor;
	struct xdr_stream *in;
	struct xdr_stream *out;
	u32 nops;
	u32 index;
	const struct dnfs4_op *op;
	u32 opnum;
	unsigned int start;
	u32 status;
	struct dnfs4_fh current_fh;
	struct dnfs4_fh saved_fh;
	struct dnfs4_stateid current_stateid;
	struct dnfs4_stateid saved_stateid;
	bool stateid_set;
	bool saved_stateid_set;
	struct dnfs4_session *session;
	struct dnfs4_slot *slot;
	struct dnfs4_client *client;
	struct dnfs4_replay replay;
	struct dnfs4_replay op_replay;
	u32 max_reply;
	u32 max_cached;
	bool paged;
	bool once;
	bool changed;
	u32 spare;
	void *args;
	void *res;
};

/* fh.c: the current handle */

static inline struct ditto_node *dnfs4_node(const struct dnfs4_compound *cmp)
{
	return cmp->current_fh.target.node;
}

static inline struct ditto_op *dnfs4_fs_op(struct dnfs4_compound *cmp)
{
	return &cmp->current_fh.target.op;
}

/* The share does not accept the flavour of the call: only SECINFO and such may go on from it. */
static inline bool dnfs4_fh_is_weak(const struct dnfs4_fh *fh)
{
	return fh->kind >= DNFS4_FH_NODE && !fh->target.op.cred;
}

/**
 * dnfs4_fh_set - a node becomes the current handle
 * @cmp: its current handle is of the same share (any kind but PSEUDO)
 * @node: the reference becomes the handle's
 * @named: it is a named attribute
 *
 * Share and credential stay. Forgets the current stateid.
 */
void dnfs4_fh_set(struct dnfs4_compound *cmp, struct ditto_node *node, bool named);

/**
 * dnfs4_fh_actor - say in whose name the current handle's operations are done
 * @cmp: with a client, or not
 * @fh: current or saved handle
 *
 * Fills @fh->target.actor with the lock table's client and its cache owner, so that a
 * client's own delegations do not stand in its way, and sets target.op.actor. Called by the
 * engine before each operation.
 */
void dnfs4_fh_actor(struct dnfs4_compound *cmp, struct dnfs4_fh *fh);

/* A handle is no more; @fh may be none. */
void dnfs4_fh_put(struct dnfs4_fh *fh);
/* One becomes the same as another, which stays. */
void dnfs4_fh_copy(struct dnfs4_fh *fh, const struct dnfs4_fh *from);

/**
 * dnfs4_fh_enter - a file becomes the current handle
 * @cmp: compound
 * @kind: NODE or ATTRDIR
 * @share: the reference becomes the handle's, or is put
 * @node: the same; NULL is the share's root
 * @named: it is a named attribute
 *
 * Checks the caller once for a share. A flavour that the share does not accept is no error
 * yet: see dnfs4_fh_is_weak(). Forgets the current stateid.
 *
 * Return: NFS4_OK or a status.
 */
u32 dnfs4_fh_enter(struct dnfs4_compound *cmp, enum dnfs4_fh_kind kind,
		   struct ditto_share *share, struct ditto_node *node, bool named);

/* The root above all shares becomes the current handle. */
void dnfs4_fh_enter_pseudo(struct dnfs4_compound *cmp);

/* Is the current handle a directory to find names in? NFS4_OK, NOTDIR or SYMLINK. */
u32 dnfs4_fh_is_dir(const struct dnfs4_compound *cmp);

/* The bytes of the current handle. 0 or an errno. */
int dnfs4_fh_encode(const struct dnfs4_fh *fh, u8 data[DNFS4_FH_MAX], u32 *len);
/* The same of an entry of a listing, a NODE of @dir's share: makes no node. */
int dnfs4_fh_encode_dentry(const struct dnfs4_fh *dir, struct dentry *dentry,
			   u8 data[DNFS4_FH_MAX], u32 *len);

/* status.c */

/* The status for 0 or a negative errno of ours, in this minor version and operation. */
u32 dnfs4_status(const struct dnfs4_compound *cmp, int err);

/* compound.c */

/* Procedure COMPOUND: struct dnfs_proc.exec. */
int dnfs4_compound(struct dnfs_call *call);

/**
 * dnfs4_room - bytes that the reply has room for
 * @cmp: compound
 *
 * Session, transport, and what an operation behind this one needs to be refused are taken
 * account of.
 */
u32 dnfs4_room(const struct dnfs4_compound *cmp);

/* The status for a result that has no room, of so many bytes; 0 if that is not known. */
u32 dnfs4_too_big(const struct dnfs4_compound *cmp, u32 bytes);

/* Can a READ put its payload into the pages of the reply? Sets @cmp->paged then. */
bool dnfs4_take_pages(struct dnfs4_compound *cmp);

/* op_table.c: by number; NULL where there is none. */
extern const struct dnfs4_op *const dnfs4_ops[DNFS4_OP_MAX + 1];

/* xdr.c: pieces that many operations have; decoders return NFS4_OK or NFS4ERR_BADXDR. */

/* A change_info4 (RFC 8881 section 3.3.4). */
#define DNFS4_CHANGE_INFO_BYTES	20
bool dnfs4_encode_change_info(struct xdr_stream *xdr, const struct ditto_wcc *wcc);
u32 dnfs4_decode_stateid(struct xdr_stream *xdr, struct dnfs4_stateid *sid);
bool dnfs4_encode_stateid(struct xdr_stream *xdr, const struct dnfs4_stateid *sid);
/* nfstime4; a number of nanoseconds that is none is NFS4ERR_INVAL. */
u32 dnfs4_decode_time(struct xdr_stream *xdr, struct timespec64 *time);
bool dnfs4_encode_time(struct xdr_stream *xdr, const struct timespec64 *time);

/**
 * dnfs4_decode_name - a component4
 * @cmp: compound
 * @name: points into the arguments or into scratch; valid until the operation ends
 *
 * Return: NFS4_OK; NFS4ERR_BADXDR; NFS4ERR_NAMETOOLONG, NFS4ERR_INVAL (empty, or not
 * UTF-8), NFS4ERR_BADNAME ("." and "..", '/'), NFS4ERR_BADCHAR (NUL).
 */
u32 dnfs4_decode_name(struct dnfs4_compound *cmp, struct ditto_name *name);

/* Bytes behind the arguments, until the operation ends; NULL if there are not so many. */
void *dnfs4_spare(struct dnfs4_compound *cmp, u32 bytes);

/* Opaque of at most @max bytes, in place or in scratch; valid until the operation ends. */
u32 dnfs4_decode_opaque(struct dnfs4_compound *cmp, u32 max, const void **data, u32 *len);

/* Bytes that are XDR already, of any number. False if they do not fit. */
bool dnfs4_encode_bytes(struct xdr_stream *xdr, const void *data, u32 len);

/* utf8.c: valid UTF-8 (RFC 3629)? */
bool dnfs4_is_utf8(const char *s, size_t len);

/* pseudo.c: the root above all shares */

/*
 * A share's root becomes the current handle: NFS4_OK, NOENT (also for what the client may not
 * use, which need not learn that it is there) and such.
 */
u32 dnfs4_pseudo_lookup(struct dnfs4_compound *cmp, const struct ditto_name *name);

/**
 * dnfs4_pseudo_admits - do a share's rules admit the client
 * @cmp: compound
 * @share: held
 *
 * Context: may sleep, for memory. Return: 0, -ENOENT, -EJUKEBOX (the helper is asked).
 */
int dnfs4_pseudo_admits(struct dnfs4_compound *cmp, struct ditto_share *share);

/**
 * dnfs4_pseudo_list - the shares that the client may or might use, in order of name
 * @cmp: compound
 * @fn: takes one, held during the call; returns 0 to go on. May sleep
 * @arg: for @fn
 *
 * Return: 0 or what @fn returned.
 */
int dnfs4_pseudo_list(struct dnfs4_compound *cmp,
		      int (*fn)(void *arg, struct ditto_share *share), void *arg);

#endif
