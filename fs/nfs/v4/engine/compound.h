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

/**
 * dnfs4_fh_set - make a node of the same share the current filehandle
 * @cmp: its current filehandle is of the same share (any kind but PSEUDO). If it is a named
 *	attribute, so is @node, and of the same file
 * @node: the new node; the reference is consumed
 * @named: it is a named attribute, of the file whose named attribute directory was current
 *
 * Share and credential stay. Invalidates the current stateid.
 */
void dnfs4_fh_set(struct dnfs4_compound *cmp, struct ditto_node *node, bool named);

/**
 * dnfs4_fh_actor - identify the client to the lock table
 * @cmp: compound; its client may be unknown
 * @fh: current or saved filehandle
 *
 * Fills @fh->target.actor with the lock table's client and its lease owner, so that the
 * client's own delegations do not conflict with its operations, and points target.op.actor to
 * it. Without a client target.op.actor becomes NULL. The engine calls it before each operation that
 * needs the filehandle.
 */
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

/**
 * dnfs4_fh_put - drop a filehandle's references and clear it
 * @fh: filehandle of any kind, also NONE
 */
void dnfs4_fh_put(struct dnfs4_fh *fh);

/**
 * dnfs4_fh_copy - copy a filehandle (SAVEFH, RESTOREFH)
 * @fh: overwritten; its references are dropped
 * @from: unchanged; the copy takes references of its own and has no actor
 */
void dnfs4_fh_copy(struct dnfs4_fh *fh, const struct dnfs4_fh *from);

/**
 * dnfs4_fh_enter - make a file of a share the current filehandle
 * @cmp: compound
 * @kind: NODE or ATTRDIR
 * @share: the share; the reference is consumed, also after an error
 * @node: the file; the reference is consumed, also after an error; NULL for the share's root
 * @base: if @node is a named attribute, its file, treated likewise; else NULL
 *
 * The caller's access to the share is checked once per COMPOUND as long as the current or the
 * saved filehandle is of that share. A flavour that the share does not accept is not an error
 * yet: see dnfs4_fh_is_weak(). Invalidates the current stateid.
 *
 * Return: NFS4_OK or a status.
 */
u32 dnfs4_fh_enter(struct dnfs4_compound *cmp, enum dnfs4_fh_kind kind,
		   struct ditto_share *share, struct ditto_node *node,
		   struct ditto_node *base);

/**
 * dnfs4_payload - find the payload of a COMPOUND; see struct dnfs_proc
 * @in: the arguments, or their beginning
 * @len: set to the bytes of the payload
 *
 * Context: any.
 * Return: true if @in is at a payload now.
 */
bool dnfs4_payload(struct xdr_stream *in, u32 *len);

/**
 * dnfs4_next_frees - is the next operation one that needs no access to the share?
 * @cmp: compound whose PUTFH is being executed
 *
 * That is an operation that the machine credential does for all users, see
 * dnfs4_mach_cred_frees(). Clients put GETATTR before it, and leave GETATTR out if it fails with
 * NFS4ERR_ACCESS.
 *
 * Context: any.
 * Return: true if the file may become the current filehandle of a caller who may not use the
 * share.
 */
bool dnfs4_next_frees(const struct dnfs4_compound *cmp);

/**
 * dnfs4_fh_enter_pseudo - make the pseudo root the current filehandle
 * @cmp: compound; its current stateid is invalidated
 * @id: 0, or the number of a directory on the path of a share
 */
void dnfs4_fh_enter_pseudo(struct dnfs4_compound *cmp, u64 id);

/**
 * dnfs4_fh_is_dir - check that names can be looked up in the current filehandle
 * @cmp: compound
 *
 * Return: NFS4_OK, also for the pseudo root and named attribute directories; NFS4ERR_SYMLINK;
 * NFS4ERR_NOTDIR.
 */
u32 dnfs4_fh_is_dir(const struct dnfs4_compound *cmp);

/**
 * dnfs4_fh_is_share_root - check for the root of a share
 * @fh: filehandle of any kind
 *
 * Its parent is the pseudo root, whatever its parent directory is.
 *
 * Context: any.
 * Return: true if it is the root of a share.
 */
bool dnfs4_fh_is_share_root(const struct dnfs4_fh *fh);

/**
 * dnfs4_fh_encode - build the wire form of a filehandle
 * @fh: filehandle of any kind but NONE
 * @data: filled
 * @len: filled: bytes of @data
 *
 * Return: 0 or an errno of ditto_handle_encode().
 */
int dnfs4_fh_encode(const struct dnfs4_fh *fh, u8 data[DNFS4_FH_MAX], u32 *len);

/**
 * dnfs4_fh_encode_entry - build the wire form of a directory entry's filehandle
 * @dir: the directory, or the named attribute directory, that is listed
 * @entry: the entry, with a dentry
 * @data: filled
 * @len: filled: bytes of @data
 * @memo: zero for the first entry of a listing, then kept by this function
 *
 * Creates no node for the entry.
 *
 * Return: 0 or an errno of ditto_handle_encode().
 */
int dnfs4_fh_encode_entry(const struct dnfs4_fh *dir, const struct ditto_dirent *entry,
			  u8 data[DNFS4_FH_MAX], u32 *len, struct ditto_handle_memo *memo);

/* status.c */

/**
 * dnfs4_status - translate an errno to a status (RFC 8881 section 15.1)
 * @cmp: compound; the operation being executed selects the row
 * @err: 0 or a negative errno
 *
 * Return: NFS4_OK or a status; NFS4ERR_IO, with a message in the log, for an errno without a row.
 */
u32 dnfs4_status(const struct dnfs4_compound *cmp, int err);
/* The same for an operation that is not being executed any more, by its number. */
u32 dnfs4_status_of(u32 opnum, int err);

/* compound.c */

/**
 * dnfs4_compound - execute a COMPOUND procedure (RFC 8881 section 16.2)
 * @call: the call
 * @args: buffer for the arguments of one operation
 * @result: buffer for struct dnfs4_compound and the results of one operation
 *
 * Implements struct dnfs_proc.exec with DNFS_PROC_WHOLE.
 *
 * Return: 0 if the reply is complete; -EBADMSG if the arguments are not valid XDR; -EINPROGRESS
 * if no reply is to be sent; -ENOBUFS if the reply has no room.
 */
int dnfs4_compound(struct dnfs_call *call, void *args, void *result);

/**
 * dnfs4_limit - limit the reply to what the session allows
 * @cmp: compound
 * @reply: bytes of the whole RPC reply
 * @cached: the same if it is to be cached, or 0
 * @need: bytes of the results of the current operation, with the head of the next one
 *
 * Context: any.
 * Return: NFS4_OK, or the status if so many do not fit; the stream is not limited then.
 */
u32 dnfs4_limit(struct dnfs4_compound *cmp, u32 reply, u32 cached, u32 need);

/**
 * dnfs4_room - bytes left for results of the current operation
 * @cmp: compound
 *
 * Accounts for the session's limits, the transport, and the number and status of one more
 * operation.
 *
 * Return: bytes; 0 if there is no room.
 */
u32 dnfs4_room(const struct dnfs4_compound *cmp);

/**
 * dnfs4_too_big - the status for a result that does not fit
 * @cmp: compound
 * @bytes: size of the result; 0 if it is not known
 *
 * Return: NFS4ERR_RESOURCE in 4.0; NFS4ERR_REP_TOO_BIG_TO_CACHE if only the session's limit for
 * cached replies is exceeded; NFS4ERR_REP_TOO_BIG otherwise.
 */
u32 dnfs4_too_big(const struct dnfs4_compound *cmp, u32 bytes);

/**
 * dnfs4_take_pages - claim the pages of the reply for a payload
 * @cmp: compound; its @paged is set if the pages are free
 *
 * Return: true if the caller may put its payload into the pages; false if it must copy.
 */
bool dnfs4_take_pages(struct dnfs4_compound *cmp);

/* op_table.c: operations by number; NULL for numbers that are not implemented. */
extern const struct dnfs4_op *const dnfs4_ops[DNFS4_OP_MAX + 1];

/* xdr.c: types that many operations use; decoders return NFS4_OK or NFS4ERR_BADXDR. */

/* Bytes of a change_info4 (RFC 8881 section 3.3.4). */
#define DNFS4_CHANGE_INFO_BYTES	20

/**
 * dnfs4_encode_change_info - encode a change_info4 (RFC 8881 section 3.3.4)
 * @xdr: results
 * @wcc: attributes of the directory before and after the change
 *
 * Return: false if it does not fit.
 */
bool dnfs4_encode_change_info(struct xdr_stream *xdr, const struct ditto_wcc *wcc);

/**
 * dnfs4_decode_stateid - decode a stateid4
 * @xdr: arguments
 * @sid: filled
 *
 * Return: NFS4_OK or NFS4ERR_BADXDR.
 */
u32 dnfs4_decode_stateid(struct xdr_stream *xdr, struct dnfs4_stateid *sid);

/* The same where the room has been checked. Return: what follows @p. */
static inline const __be32 *dnfs4_take_stateid(const __be32 *p, struct dnfs4_stateid *sid)
{
	sid->seqid = be32_to_cpup(p++);
	memcpy(sid->other, p, DNFS4_OTHER_SIZE);
	return p + DNFS4_OTHER_SIZE / sizeof(*p);
}

/**
 * dnfs4_encode_stateid - encode a stateid4
 * @xdr: results
 * @sid: stateid
 *
 * Return: false if it does not fit.
 */
bool dnfs4_encode_stateid(struct xdr_stream *xdr, const struct dnfs4_stateid *sid);

/**
 * dnfs4_rewind - go back to an earlier position
 * @xdr: arguments
 * @words: @nwords of @xdr at that position
 *
 * Takes time for all that lies before the position, and nothing to remember it. It is one word off
 * if RPCSEC_GSS has decrypted what is no whole number of words, which is no valid call; what is
 * decoded is checked anew in any case.
 */
void dnfs4_rewind(struct xdr_stream *xdr, unsigned int words);

/**
 * dnfs4_decode_time - decode an nfstime4
 * @xdr: arguments
 * @time: filled
 *
 * Return: NFS4_OK; NFS4ERR_BADXDR; NFS4ERR_INVAL if the nanoseconds are out of range.
 */
u32 dnfs4_decode_time(struct xdr_stream *xdr, struct timespec64 *time);

/**
 * dnfs4_encode_time - encode an nfstime4
 * @xdr: results
 * @time: time
 *
 * Return: false if it does not fit.
 */
bool dnfs4_encode_time(struct xdr_stream *xdr, const struct timespec64 *time);

/**
 * dnfs4_decode_name - decode a component4 (RFC 8881 section 14.5)
 * @cmp: compound
 * @name: filled; points into the arguments or into scratch, valid until the operation ends
 *
 * Names are bytes: files that local processes or clients of NFSv3 have made may have names that are
 * not UTF-8, and can be used and removed by them.
 *
 * Return: NFS4_OK; NFS4ERR_BADXDR; NFS4ERR_NAMETOOLONG, NFS4ERR_INVAL (empty), NFS4ERR_BADNAME
 * ("." and "..", '/'), NFS4ERR_BADCHAR (NUL).
 */
u32 dnfs4_decode_name(struct dnfs4_compound *cmp, struct ditto_name *name);

/**
 * dnfs4_decode_xattr_name - decode an xattrkey4 (RFC 8276 section 8.2)
 * @cmp: compound
 * @name: as for dnfs4_decode_name()
 *
 * The name of an extended attribute is no path component: it may have slashes.
 *
 * Return: as dnfs4_decode_name(), but not NFS4ERR_BADNAME.
 */
u32 dnfs4_decode_xattr_name(struct dnfs4_compound *cmp, struct ditto_name *name);

/**
 * dnfs4_scratch_alloc - allocate from the scratch after the arguments
 * @cmp: compound
 * @bytes: bytes needed
 *
 * Return: memory valid until the operation ends; NULL if the scratch is exhausted.
 */
void *dnfs4_scratch_alloc(struct dnfs4_compound *cmp, u32 bytes);

/**
 * dnfs4_decode_opaque - decode a variable-length opaque
 * @cmp: compound
 * @max: most bytes allowed
 * @data: filled; points into the arguments or into scratch, valid until the operation ends
 * @len: filled: bytes of @data
 *
 * Return: NFS4_OK or NFS4ERR_BADXDR.
 */
u32 dnfs4_decode_opaque(struct dnfs4_compound *cmp, u32 max, const void **data, u32 *len);

/**
 * dnfs4_encode_bytes - append bytes that are already XDR
 * @xdr: results
 * @data: bytes
 * @len: any number of them
 *
 * Return: false if they do not fit.
 */
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

/**
 * dnfs4_pseudo_find - find a name in the current filehandle, which is PSEUDO
 * @cmp: compound
 * @name: name of a share in the root; a step of the path of a share
 * @entry: filled; with a share, the caller drops the reference; without, it is a directory
 *
 * Return: NFS4_OK; NFS4ERR_NOENT, also for a share that the client may not use, so that its
 * existence is not revealed; NFS4ERR_DELAY while the helper is asked.
 */
u32 dnfs4_pseudo_find(struct dnfs4_compound *cmp, const struct ditto_name *name,
		      struct dnfs4_pseudo_entry *entry);

/**
 * dnfs4_pseudo_lookup - make what a name leads to the current filehandle
 * @cmp: compound; its current filehandle is PSEUDO
 * @name: as for dnfs4_pseudo_find()
 *
 * Return: as dnfs4_pseudo_find(); others of dnfs4_fh_enter().
 */
u32 dnfs4_pseudo_lookup(struct dnfs4_compound *cmp, const struct ditto_name *name);

/**
 * dnfs4_pseudo_admits - check whether a share's export rules admit the client
 * @cmp: compound
 * @share: held by the caller
 *
 * Context: may sleep, for memory.
 * Return: 0; -ENOENT if the client is refused; -EJUKEBOX while the helper is asked.
 */
int dnfs4_pseudo_admits(struct dnfs4_compound *cmp, struct ditto_share *share);

/**
 * dnfs4_pseudo_flavors - get the flavours of all shares that the client may use, listed or not
 * @cmp: compound
 * @sec: set to DITTO_SEC_* bits, 0 without a share
 * @first: set to the one that comes first for all shares with more than one, or 0
 *
 * Context: may sleep, for memory.
 * Return: 0; -EJUKEBOX while the helper is asked about a rule; -ENOMEM.
 */
int dnfs4_pseudo_flavors(struct dnfs4_compound *cmp, u32 *sec, u32 *first);

/**
 * dnfs4_pseudo_list - visit what the client may use, by shares in order of name
 * @cmp: compound; its current filehandle is PSEUDO
 * @fn: called for each share, held during the call; returns 0 to continue; may sleep
 * @arg: passed to @fn
 *
 * The root has the shares by name, and no paths, which would show each share twice. A directory may
 * be visited once for each share below it. Shares that are not browseable are left out. A share
 * whose rules are still undecided is included.
 *
 * Return: 0 or the result of @fn.
 */
int dnfs4_pseudo_list(struct dnfs4_compound *cmp,
		      int (*fn)(void *arg, const struct dnfs4_pseudo_entry *entry), void *arg);

/* pseudo_path.c: shares by their paths */

/* Whether shares are found by their paths. */
bool dnfs4_paths_are_served(const struct dnfs4_compound *cmp);
/* Find a name, or any if it is NULL, in a directory; otherwise as dnfs4_pseudo_find(). */
u32 dnfs4_path_find(struct dnfs4_compound *cmp, u64 dir, const struct ditto_name *name,
		    struct dnfs4_pseudo_entry *entry);
/* Make a directory the current filehandle. NFS4ERR_STALE if no share that admits is below it. */
u32 dnfs4_path_enter(struct dnfs4_compound *cmp, u64 dir);
/* The number of the path of a share. */
u64 dnfs4_path_id(const struct dnfs4_compound *cmp, const struct ditto_share *share);
/* Make the parent of the current filehandle, whose path_id is not 0, the current one. */
u32 dnfs4_path_parent(struct dnfs4_compound *cmp);
/* Fill in the entry of a directory that leads to a share. False if the share is not below it. */
bool dnfs4_path_entry(const struct dnfs4_compound *cmp, struct ditto_share *share, u64 dir,
		      struct dnfs4_pseudo_entry *entry);

#endif
