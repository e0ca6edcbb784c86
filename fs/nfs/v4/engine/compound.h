/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A COMPOUND in progress: the state its operations share, and the table that
 * describes operations.
 *
 * An operation is decoded from the stream just before it is executed, and its
 * results are encoded directly after the results of the previous one. The engine
 * (compound.c) runs these steps for each: table lookup, rules of the minor
 * version, decode, check of filehandles and reply space, exec, encode, finish,
 * release. Every operation is a constant in the file that implements it;
 * op_table.c lists them by number.
 *
 * Status numbers come from enum nfsstat4 (linux/nfs4.h), in host order.
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

/* Highest minor version served (RFC 8178), and the highest operation number in it. */
#define DNFS4_MINOR_MAX		2
#define DNFS4_OP_MAX		75	/* REMOVEXATTR, RFC 8276 section 8.3 */
/* Operations in one COMPOUND of version 4.0; sessions negotiate their limit. */
#define DNFS4_OPS_MAX		128
/* Longest tag, in bytes. */
#define DNFS4_TAG_MAX		1024
/* Bytes for the decoded arguments, and for the results, of one operation. */
#define DNFS4_ARGS_MAX		4096
#define DNFS4_RES_MAX		2048
/* Scratch bytes after the arguments, see dnfs4_scratch_alloc(). */
#define DNFS4_SCRATCH_MAX		4096
/* An operation's number and status; the reply always keeps room for one more of these. */
#define DNFS4_OP_HEAD_BYTES	8

/* Longest filehandle handed out, of a named attribute: four bytes and its handle. */
#define DNFS4_FH_MAX		(4 + DITTO_STREAM_HANDLE_MAX)
/* The same of anything else. */
#define DNFS4_FH_FILE_MAX	(4 + DITTO_HANDLE_MAX)
/* The same on most file systems. */
#define DNFS4_FH_USUAL		(4 + DITTO_HANDLE_USUAL)

/* The kind of object that a filehandle names. */
enum dnfs4_fh_kind {
	DNFS4_FH_NONE,		/* no filehandle is set */
	DNFS4_FH_PSEUDO,	/* the pseudo root, or a directory on the path of a share */
	DNFS4_FH_NODE,		/* a file of a share */
	DNFS4_FH_ATTRDIR,	/* the named attribute directory of a file */
};

/**
 * struct dnfs4_fh - the current or the saved filehandle
 * @kind: what it names
 * @target: for NODE and ATTRDIR: share, credential and node, each with a reference; the node of
 *	an ATTRDIR is the file it belongs to. @target.op.actor is NULL or identifies the client,
 *	see dnfs4_fh_actor(). @target.op.cred is NULL if the share does not accept the call's
 *	flavour, or only lets the caller give up what it holds, see dnfs4_next_frees()
 * @named: for NODE: it is a named attribute, which restricts CREATE, RENAME and others.
 *	@target.op.stream_of is its file then, with a reference, and @target.op.unopened the
 *	node
 * @path_id: for PSEUDO: number of the directory, see pseudo_path.c, or 0 for the root; for NODE, if
 *	it is the root of a share that was found by its path: the number of that path. A root that
 *	was found by the share's name has another filehandle, so that a client knows it from the
 *	other, which is in another directory
 */
struct dnfs4_fh {
	enum dnfs4_fh_kind kind;
	struct dnfs_target target;
	bool named;
	u64 path_id;
};

/* Properties of an operation. */

/*
 * Needs a current filehandle of a share: NFS4ERR_NOFILEHANDLE without one. On the pseudo root it
 * fails with @pseudo_status.
 */
#define DNFS4_OP_FH		BIT(0)
/* Needs a current filehandle of any kind. */
#define DNFS4_OP_FH_ANY		BIT(1)
/* Needs a saved filehandle as well. */
#define DNFS4_OP_SAVED		BIT(2)
/* 4.1: may be the first operation, without SEQUENCE. */
#define DNFS4_OP_FIRST		BIT(3)
/* 4.1: if it is the first operation it must be the only one: NFS4ERR_NOT_ONLY_OP. */
#define DNFS4_OP_SOLE		BIT(4)
/* Has side effects: space for its reply is checked before it is executed. */
#define DNFS4_OP_CHANGES	BIT(5)
/* 4.0: not idempotent and not guarded by an owner's seqid, so it goes through the reply cache. */
#define DNFS4_OP_CACHED		BIT(6)
/* @encode runs for every status, not only for NFS4_OK. */
#define DNFS4_OP_ALWAYS		BIT(7)
/* Sets the current filehandle, so it may return NFS4ERR_WRONGSEC (RFC 8881 section 2.6.3.1). */
#define DNFS4_OP_WRONGSEC	BIT(8)
/* Not allowed on a named attribute directory: NFS4ERR_WRONG_TYPE, in 4.0 NFS4ERR_INVAL. */
#define DNFS4_OP_NO_ATTRDIR	BIT(9)
/*
 * Works, or returns NFS4ERR_WRONGSEC itself, on a filehandle whose share does not accept the
 * flavour, see dnfs4_fh_is_weak().
 */
#define DNFS4_OP_ANY_SEC	BIT(10)
/* Shorter than a clock reading: its time is accounted to the operation that follows. */
#define DNFS4_OP_BRIEF		BIT(11)
/* 4.0: sets the current filehandle, which a replay by the owner's seqid has to restore. */
#define DNFS4_OP_SETS_FH	BIT(12)
/* Other calls of the connection may wait for it; see dnfs_may_wait(). DNFS4_OP_BRIEF implies it. */
#define DNFS4_OP_QUICK		BIT(13)
/* Works on a link, the root of a file system that another server has; others: NFS4ERR_MOVED. */
#define DNFS4_OP_ABSENT		BIT(14)

/**
 * struct dnfs4_op - description of an operation
 * @name: name in the RFC
 * @flags: DNFS4_OP_*
 * @minor_first: lowest minor version that has it
 * @minor_last: highest minor version that has it; NFS4ERR_NOTSUPP in later ones
 * @argsize: bytes of the arguments, from the first on, that are zeroed before @decode, which sets
 *	the others before they are used; may be 0. All have at most DNFS4_ARGS_MAX
 * @ressize: bytes of the results, likewise for @exec; all have at most DNFS4_RES_MAX. With
 *	DNFS4_OP_ALWAYS, @encode uses only these of an operation that was refused
 * @pseudo_status: status on the pseudo root for DNFS4_OP_FH, e.g. NFS4ERR_ROFS; 0 if the
 *	operation is allowed there
 * @decode: decodes the arguments; returns NFS4_OK, NFS4ERR_BADXDR or another status for the
 *	operation; NULL if it has no arguments
 * @exec: executes the operation and returns its status; may sleep
 * @encode: encodes the results after the status; false if they do not fit; NULL if there are none
 * @finish: runs after @encode for any status, once decoding was attempted; @pos is the offset in
 *	the reply of the result after operation number and status; may be NULL
 * @release: frees what @decode and @exec allocated, also after an error; may be NULL
 * @reply: most bytes that @encode writes for these arguments; NULL means 16
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
 * struct dnfs4_replay - a kept reply, sent instead of executing
 * @data: encoded results: of a whole COMPOUND including its status, of an operation the bytes
 *	after its status; borrowed until it is copied into the reply
 * @len: bytes of @data
 * @status: status of the COMPOUND or operation
 */
struct dnfs4_replay {
	const void *data;
	u32 len;
	u32 status;
};

/**
 * struct dnfs4_compound - a COMPOUND in progress
 * @call: the RPC call; its @conn is the connection
 * @server: NFSv4 state of the namespace
 * @minor: minor version
 * @in: argument stream
 * @out: result stream
 * @nops: number of operations the client announced
 * @index: index of the operation being executed, from 0
 * @op: the operation being executed; NULL if its number is not implemented
 * @opnum: its number
 * @start: offset in the reply of the COMPOUND's status
 * @status: status of the last operation executed
 * @current_fh: current filehandle (RFC 8881 section 16.2.3.1.1)
 * @saved_fh: saved filehandle (the same section)
 * @current_stateid: 4.1: current stateid (RFC 8881 section 16.2.3.1.2), if @stateid_set
 * @saved_stateid: 4.1: saved stateid, if @saved_stateid_set
 * @stateid_set: @current_stateid is valid
 * @saved_stateid_set: @saved_stateid is valid
 * @session: set by SEQUENCE; a reference
 * @slot: set by SEQUENCE; owned by this COMPOUND until dnfs4_sequence_done()
 * @client: the client, once known: from SEQUENCE, in 4.0 from the connection or the first
 *	clientid or stateid; a reference
 * @replay: set by SEQUENCE: send this reply and execute nothing
 * @op_replay: set by @exec: send this result instead of calling @encode
 * @max_reply: bytes of the whole RPC reply that the session allows; 0 without a session
 * @max_cached: the same limit if the reply is to be cached; 0 if it is not
 * @left: bytes left in the reply behind the last operation encoded; negative if a limit is exceeded
 * @paged: the pages of the reply hold a READ's payload: later data is copied
 * @once: 4.0: the reply cache was consulted and this COMPOUND is not a retransmission
 * @changed: an operation with side effects succeeded
 * @scratch_used: bytes used of the scratch after @args
 * @args: decoded arguments of the operation, followed by the scratch
 * @res: results of the operation
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
	s64 left;
	bool paged;
	bool once;
	bool changed;
	u32 scratch_used;
	void *args;
	void *res;
};

/* fh.c: the current filehandle */

static inline struct ditto_node *dnfs4_node(const struct dnfs4_compound *cmp)
{
	return cmp->current_fh.target.node;
}

static inline struct ditto_op *dnfs4_fs_op(struct dnfs4_compound *cmp)
{
	return &cmp->current_fh.target.op;
}

/* The share does not accept the call's flavour: only SECINFO and similar operations may follow. */
static inline bool dnfs4_fh_is_weak(const struct dnfs4_fh *fh)
{
	return fh->kind >= DNFS4_FH_NODE && !fh->target.op.cred;
}

void dnfs4_fh_set(struct dnfs4_compound *cmp, struct ditto_node *node, bool named);
void dnfs4_fh_actor(struct dnfs4_compound *cmp, struct dnfs4_fh *fh);

/* Make @fh, whose memory holds anything, a filehandle of kind NONE. */
static inline void dnfs4_fh_clear(struct dnfs4_fh *fh)
{
	fh->kind = DNFS4_FH_NONE;
	fh->named = false;
	fh->path_id = 0;
	fh->target.node = NULL;
	fh->target.op.share = NULL;
	fh->target.op.cred = NULL;
	fh->target.op.actor = NULL;
}

void dnfs4_fh_put(struct dnfs4_fh *fh);
void dnfs4_fh_copy(struct dnfs4_fh *fh, const struct dnfs4_fh *from);
u32 dnfs4_fh_enter(struct dnfs4_compound *cmp, enum dnfs4_fh_kind kind,
		   struct ditto_share *share, struct ditto_node *node,
		   struct ditto_node *base);

bool dnfs4_payload(struct xdr_stream *in, u32 *len);

bool dnfs4_next_frees(const struct dnfs4_compound *cmp);

void dnfs4_fh_enter_pseudo(struct dnfs4_compound *cmp, u64 id);
u32 dnfs4_fh_is_dir(const struct dnfs4_compound *cmp);
bool dnfs4_fh_is_share_root(const struct dnfs4_fh *fh);
int dnfs4_fh_encode(const struct dnfs4_fh *fh, u8 data[DNFS4_FH_MAX], u32 *len);
int dnfs4_fh_encode_entry(const struct dnfs4_fh *dir, const struct ditto_dirent *entry,
			  u8 data[DNFS4_FH_MAX], u32 *len, struct ditto_handle_memo *memo);

/* status.c */

u32 dnfs4_status(const struct dnfs4_compound *cmp, int err);
u32 dnfs4_status_of(u32 opnum, int err);

/* compound.c */

int dnfs4_compound(struct dnfs_call *call, void *args, void *result);
u32 dnfs4_limit(struct dnfs4_compound *cmp, u32 reply, u32 cached, u32 need);
u32 dnfs4_room(const struct dnfs4_compound *cmp);
u32 dnfs4_too_big(const struct dnfs4_compound *cmp, u32 bytes);
bool dnfs4_take_pages(struct dnfs4_compound *cmp);

/* op_table.c: operations by number; NULL for numbers that are not implemented. */
extern const struct dnfs4_op *const dnfs4_ops[DNFS4_OP_MAX + 1];

/* xdr.c: types that many operations use; decoders return NFS4_OK or NFS4ERR_BADXDR. */

/* Bytes of a change_info4 (RFC 8881 section 3.3.4). */
#define DNFS4_CHANGE_INFO_BYTES	20

bool dnfs4_encode_change_info(struct xdr_stream *xdr, const struct ditto_wcc *wcc);
u32 dnfs4_decode_stateid(struct xdr_stream *xdr, struct dnfs4_stateid *sid);

/* The same where the room has been checked. Return: what follows @p. */
static inline const __be32 *dnfs4_take_stateid(const __be32 *p, struct dnfs4_stateid *sid)
{
	sid->seqid = be32_to_cpup(p++);
	memcpy(sid->other, p, DNFS4_OTHER_SIZE);
	return p + DNFS4_OTHER_SIZE / sizeof(*p);
}

bool dnfs4_encode_stateid(struct xdr_stream *xdr, const struct dnfs4_stateid *sid);
void dnfs4_rewind(struct xdr_stream *xdr, unsigned int words);
u32 dnfs4_decode_time(struct xdr_stream *xdr, struct timespec64 *time);
bool dnfs4_encode_time(struct xdr_stream *xdr, const struct timespec64 *time);
u32 dnfs4_decode_name(struct dnfs4_compound *cmp, struct ditto_name *name);
u32 dnfs4_decode_xattr_name(struct dnfs4_compound *cmp, struct ditto_name *name);
void *dnfs4_scratch_alloc(struct dnfs4_compound *cmp, u32 bytes);
u32 dnfs4_decode_opaque(struct dnfs4_compound *cmp, u32 max, const void **data, u32 *len);
bool dnfs4_encode_bytes(struct xdr_stream *xdr, const void *data, u32 len);

/* pseudo.c: the pseudo root, above all shares */

/**
 * struct dnfs4_pseudo_entry - what a name below the pseudo root leads to
 * @name: in a listing: the name
 * @id: its number; for the entry of a share in the root, 0 except in a listing
 * @share: the share; in a listing of a directory: one that is below the entry
 * @leads: in a listing: it is a directory on the path of @share
 */
struct dnfs4_pseudo_entry {
	struct ditto_name name;
	u64 id;
	struct ditto_share *share;
	bool leads;
};

u32 dnfs4_pseudo_find(struct dnfs4_compound *cmp, const struct ditto_name *name,
		      struct dnfs4_pseudo_entry *entry);
u32 dnfs4_pseudo_lookup(struct dnfs4_compound *cmp, const struct ditto_name *name);
int dnfs4_pseudo_admits(struct dnfs4_compound *cmp, struct ditto_share *share);
int dnfs4_pseudo_flavors(struct dnfs4_compound *cmp, u32 *sec, u32 *first);
int dnfs4_pseudo_list(struct dnfs4_compound *cmp,
		      int (*fn)(void *arg, const struct dnfs4_pseudo_entry *entry), void *arg);

/* pseudo_path.c: shares by their paths */

bool dnfs4_paths_are_served(const struct dnfs4_compound *cmp);
u32 dnfs4_path_find(struct dnfs4_compound *cmp, u64 dir, const struct ditto_name *name,
		    struct dnfs4_pseudo_entry *entry);
u32 dnfs4_path_enter(struct dnfs4_compound *cmp, u64 dir);
u64 dnfs4_path_id(const struct dnfs4_compound *cmp, const struct ditto_share *share);
u32 dnfs4_path_parent(struct dnfs4_compound *cmp);
bool dnfs4_path_entry(const struct dnfs4_compound *cmp, struct ditto_share *share, u64 dir,
		      struct dnfs4_pseudo_entry *entry);

#endif
