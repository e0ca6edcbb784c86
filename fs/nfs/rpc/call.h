/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RPC calls as procedures see them, independent of the transport, and the tables that
 * describe programs and procedures.
 *
 * A procedure is a constant struct dnfs_proc in the file that implements it, with functions that
 * decode its arguments, execute it and encode its results; a table in the file of the program
 * lists the procedures by number. The operations of an NFSv4 COMPOUND have the same shape
 * (struct dnfs4_op). Procedures use the transport (empty pages for a reply, page cache pages
 * spliced into a reply) only through struct dnfs_transport, so that calls can also be served
 * without sunrpc's service threads.
 */
#ifndef _DITTO_FS_NFS_RPC_CALL_H
#define _DITTO_FS_NFS_RPC_CALL_H

#include <linux/bits.h>
#include <linux/sunrpc/xdr.h>
#include <linux/types.h>

#include "../../node/share_types.h"
#include "../../offload/offload.h"
#include "../../op/op.h"
#include "../../share/cred.h"

struct bio_vec;
struct dnfs_admitted;
struct dnfs_call;
struct dnfs_large;
struct dnfs_server;
struct ditto_peer;
struct ditto_share;
struct ditto_slow_call;
struct ditto_task;
struct dnfs_worker;
struct kvec;
struct page;
struct sockaddr;
struct svc_xprt;
struct user_namespace;

/* Largest payload of READ, WRITE or READDIR over TCP or RDMA, the limit of sunrpc in Linux 6.12. */
#define DNFS_MAX_PAYLOAD	(1024 * 1024)
/* Most pages of a call or a reply, as in sunrpc: two more, and one if they are not aligned. */
#define DNFS_PAGES		(DNFS_MAX_PAYLOAD / PAGE_SIZE + 3)

/*
 * Most bytes of the arguments that a digest, such as the reply cache's, covers. As many bytes of a
 * payload are contiguous with what is in front of it.
 */
#define DNFS_DIGEST_MAX		512

/* Result of struct dnfs_transport.once. */
enum dnfs_once {
	DNFS_ONCE_DO,		/* a new call: execute it */
	DNFS_ONCE_REPLAYED,	/* a retransmission: the stream holds the complete cached reply */
	DNFS_ONCE_BUSY,		/* the same call is in progress: send no reply */
};

/**
 * struct dnfs_transport - services of the transport for procedures
 * @pages: returns all pages available for the payload of the reply; @count is set to their
 *	number. Their content is lost unless @payload is called
 * @add_page: adds a page to the payload, in place of a page of the thread; takes a reference.
 *	Returns false if there is no room
 * @payload: ends the head of the reply and appends @len bytes from the pages, beginning at
 *	offset @base of the first one; pads to four bytes
 * @once: looks the call up in the reply cache before the first non-idempotent step. For
 *	procedures that only learn during execution whether they are idempotent; for procedures
 *	with DNFS_PROC_CACHED, rpc.c calls it
 * @may_wait: see dnfs_may_wait(); called only for calls with @batched
 */
struct dnfs_transport {
	struct page **(*pages)(struct dnfs_call *call, unsigned int *count);
	bool (*add_page)(struct dnfs_call *call, struct page *page);
	void (*payload)(struct dnfs_call *call, u32 base, u32 len);
	enum dnfs_once (*once)(struct dnfs_call *call);
	void (*may_wait)(struct dnfs_call *call);
};

/* Properties of a procedure. */
#define DNFS_PROC_CACHED	BIT(0)	/* not idempotent: uses the reply cache */
#define DNFS_PROC_MOUNTING	BIT(1)	/* any flavour is accepted on a root (RFC 2623, 2.3.2) */
#define DNFS_PROC_WHOLE		BIT(2)	/* @exec decodes, encodes and sets the status itself */
#define DNFS_PROC_RESERVED	BIT(3)	/* any flavour needs a reserved port */
#define DNFS_PROC_DIRECT	BIT(4)	/* may be executed in a batch, see batch.h */
#define DNFS_PROC_SLOW		BIT(5)	/* in a batch, dnfs_may_wait() precedes @exec */

/**
 * struct dnfs_proc - description of a procedure
 * @name: name in the RFC
 * @flags: DNFS_PROC_*
 * @argsize: bytes of the decoded arguments; zeroed before @decode
 * @ressize: bytes of the results; zeroed before @exec
 * @max_reply: most bytes that @encode writes; 0 if only the transport limits them
 * @decode: decodes the arguments from @call->in; returns false if they are not valid XDR. NULL if
 *	there are none
 * @repeatable: for DNFS_PROC_CACHED: returns true if a call with these arguments is idempotent;
 *	NULL if none is
 * @exec: executes the call; returns 0 or a negative errno, which becomes the status; may sleep.
 *	NULL if there is nothing to do. With DNFS_PROC_WHOLE: returns 0, -EBADMSG if the arguments
 *	are not valid XDR, -EINPROGRESS if no reply must be sent, or another errno for a system
 *	error
 * @encode: encodes @call->status and the results, for every status; returns false if they do not
 *	fit. NULL if there are no results, as for NULL procedures and NLM messages
 * @release: frees what @decode and @exec allocated, also after an error; may be NULL
 * @payload: for DNFS_PROC_DIRECT: moves @in from the beginning of the arguments, whose rest may be
 *	missing, to the beginning of a payload that is written to a file, and sets its length.
 *	Where that is must not depend on how operations in front of it end. Returns false if there
 *	is no such payload; NULL if there never is
 */
struct dnfs_proc {
	const char *name;
	u32 flags;
	u32 argsize;
	u32 ressize;
	u32 max_reply;
	bool (*decode)(struct dnfs_call *call, void *args);
	bool (*repeatable)(const void *args);
	int (*exec)(struct dnfs_call *call, void *args, void *res);
	bool (*encode)(struct dnfs_call *call, const void *res);
	void (*release)(struct dnfs_call *call, void *args, void *res);
	bool (*payload)(struct xdr_stream *in, u32 *len);
};

/* The NULL procedure of every program. */
extern const struct dnfs_proc dnfs_proc_null;

/* Flavours that authenticate the caller, whatever its port. */
#define DNFS_SEC_PROVEN	(DITTO_SEC_KRB5 | DITTO_SEC_KRB5I | DITTO_SEC_KRB5P)

/* Highest version and highest number of procedures of any program. */
#define DNFS_VERSION_MAX	4
#define DNFS_PROCS_MAX		32

/* Index of each version of each program, for tables per program. */
enum dnfs_program_index {
	DNFS_PROGRAM_NFS,
	DNFS_PROGRAM_ACL,
	DNFS_PROGRAM_MOUNT,
	DNFS_PROGRAM_NLM1,
	DNFS_PROGRAM_NLM3,
	DNFS_PROGRAM_NLM4,
	DNFS_PROGRAM_NSM,
	DNFS_PROGRAM_NFS4,
	DNFS_PROGRAM_RQUOTA1,
	DNFS_PROGRAM_RQUOTA2,
	DNFS_PROGRAMS,
};

/**
 * struct dnfs_program - one version of a program
 * @index: enum dnfs_program_index
 * @prog: program number
 * @vers: version
 * @name: name for rpcbind and display
 * @group: name of its statistics
 * @any_udp: served over UDP whatever the setting, and not over RDMA
 * @no_udp: never served over UDP
 * @strangers: the procedures answer machines that no share admits, because the program has a
 *	status for them; see @stranger of struct dnfs_call
 * @any_port: AUTH_SYS is accepted from any port, because programs of users call it
 * @names_host: calls name the host whose state they change, whatever their flavour: AUTH_NONE is
 *	accepted from the ports of AUTH_SYS only
 * @no_retry: no status makes clients retry; instead, no reply makes them send the call again
 * @loopback: the loopback address need not be admitted by a share
 * @any_conn: served without TLS, too, if the share requires TLS, because clients do not use TLS
 *	for this program
 * @tells_change: results have the change attribute
 * @tells_wcc: results have the attributes of directories around their changes
 * @status: converts 0 or a negative errno to a status of the program
 * @procs: procedures by number; NULL for numbers that are not used
 * @nprocs: length of @procs
 */
struct dnfs_program {
	enum dnfs_program_index index;
	u32 prog;
	u32 vers;
	char *name;
	const char *group;
	bool any_udp;
	bool no_udp;
	bool strangers;
	bool any_port;
	bool names_host;
	bool no_retry;
	bool loopback;
	bool any_conn;
	bool tells_change;
	bool tells_wcc;
	u32 (*status)(int err);
	const struct dnfs_proc *const *procs;
	unsigned int nprocs;
};

extern const struct dnfs_program dnfs3_program;
extern const struct dnfs_program dnfs_acl3_program;
extern const struct dnfs_program dnfs_mount3_program;
extern const struct dnfs_program dnlm1_program;
extern const struct dnfs_program dnlm3_program;
extern const struct dnfs_program dnlm4_program;
extern const struct dnfs_program dnsm1_program;
extern const struct dnfs_program dnfs4_program;
extern const struct dnfs_program dnfs_rquota1_program;
extern const struct dnfs_program dnfs_rquota2_program;

/**
 * struct dnfs_call - a call
 * @server: the NFS server of the namespace
 * @srv: the core's server
 * @program: the program called
 * @worker: the service thread; NULL if another one executes the call
 * @conn: the connection it arrived on; NULL for datagrams
 * @addr: the caller's address
 * @local: the server's address that was called
 * @datagram: it arrived over UDP
 * @reserved_port: it came from a port below 1024
 * @can_splice: the reply is not checksummed, so page cache pages may be spliced into it
 * @principal: principal authenticated by RPCSEC_GSS; NULL if it is not known
 * @service: the same as "service@host" if the principal is a service of a machine, or NULL
 * @acceptor: principal of this machine that RPCSEC_GSS was asked for, in the same form, or NULL
 * @userns: user namespace of the user and group ids on the wire
 * @sec: the flavour, one DITTO_SEC_* bit; 0 for a flavour that no share can accept
 * @security: TLS of the connection, one DNFS_CONN_* bit
 * @max_payload: most bytes that the transport carries
 * @proc: the procedure called
 * @args: decoded arguments
 * @res: results
 * @started: time of arrival
 * @in: stream of the arguments
 * @xdr: stream of the results
 * @transport: services of the transport
 * @break_wait: jiffies that the call may still wait for holders
 * @vec: scratch for the payload of a WRITE
 * @bvec: scratch for the payload of a READ
 * @nvec: entries in each of @vec and @bvec
 * @spliced_base: offset of the first spliced byte in its page, if there is one
 * @spliced_last: page of the last spliced byte, likewise
 * @ident: the identity that the call claims
 * @peer: the caller's machine; NULL for procedures that do nothing, and without memory
 * @share: the share that it is counted for, held, see dnfs_call_set_share(); or NULL
 * @admitted: last admission of the same caller, see dnfs_admit(); NULL outside a batch
 * @large: the call, if its payload was received apart; else NULL
 * @awaited: node whose holders were asked to give way to this call, with a reference; or NULL
 * @absent: data that this call needs and that is being brought back, with a reference to its file
 * @unresolved: credential of a user whose SIDs the helper is asked for, with a reference; or NULL
 * @recording: task of a record that must be on disk before the call can be executed, with
 *	a reference; or NULL
 * @ended: time when the last operation was done; 0 if not known
 * @grouping: groups of a user that the helper is asked for
 * @slow: where its time goes; NULL unless slow calls are traced
 * @status: status of the reply, in the program's own numbers
 * @bytes: bytes of payload transferred, for statistics
 * @read: bytes that READs have returned
 * @written: bytes that WRITEs have written
 * @spliced: bytes spliced so far
 * @batched: it is executed in a batch, see batch.h
 * @undecided: it is not known yet whether a share admits the caller, or its port; the client
 *	must retry
 * @too_weak: refuse the call: the share does not accept its flavour, or its connection without
 *	TLS
 * @stranger: refuse the call: no share admits the caller
 * @browsing: it looks which shares admit the caller, so a refusal is not worth a line in the log
 * @again: nothing was done and the client must retry: do not cache the reply
 * @dropped: send no reply
 * @unresolved_ident: the helper is asked for the SIDs of @ident, whose user may have been squashed
 * @grouped: the call has waited for the groups of a user, and does not again
 * @resolved: the call has waited for the SIDs of a user, and does not again
 * @record_awaited: the call has waited for a record, and does not again
 */
struct dnfs_call {
	struct dnfs_server *server;
	struct ditto_server *srv;
	const struct dnfs_program *program;
	struct dnfs_worker *worker;
	struct svc_xprt *conn;
	const struct sockaddr *addr;
	const struct sockaddr *local;
	bool datagram;
	bool reserved_port;
	bool can_splice;
	const char *principal;
	const char *service;
	const char *acceptor;
	struct user_namespace *userns;
	u32 sec;
	u32 security;
	u32 max_payload;
	const struct dnfs_proc *proc;
	void *args;
	void *res;
	ktime_t started;
	struct xdr_stream *in;
	struct xdr_stream *xdr;
	const struct dnfs_transport *transport;
	long break_wait;
	struct kvec *vec;
	struct bio_vec *bvec;
	unsigned int nvec;
	u32 spliced_base;
	struct page *spliced_last;
	struct ditto_ident ident;

	struct ditto_peer *peer;
	struct ditto_share *share;
	struct dnfs_admitted *admitted;
	const struct dnfs_large *large;
	struct ditto_node *awaited;
	struct ditto_absence absent;
	struct ditto_cred *unresolved;
	struct ditto_task *recording;
	ktime_t ended;
	struct ditto_groups_query grouping;
	struct ditto_slow_call *slow;
	u32 status;
	u32 bytes;
	u32 read;
	u32 written;
	u32 spliced;
	bool batched;
	bool undecided;
	bool too_weak;
	bool stranger;
	bool browsing;
	bool again;
	bool dropped;
	bool unresolved_ident;
	bool grouped;
	bool resolved;
	bool record_awaited;
};

/* Count the call for the first share that it is given. Consumes a reference. Any context. */
static inline void dnfs_call_set_share(struct dnfs_call *call, struct ditto_share *share)
{
	if (call->share)
		ditto_share_put(share);
	else
		call->share = share;
}

/* Count the call for no share, until it is given one again. Any context. */
static inline void dnfs_call_drop_share(struct dnfs_call *call)
{
	if (call->share)
		ditto_share_put(call->share);
	call->share = NULL;
}

/* Let other calls of the connection go on. */
static inline void dnfs_may_wait(struct dnfs_call *call)
{
	if (unlikely(call->batched))
		call->transport->may_wait(call);
}

/* Longest payload of a READ or WRITE for which other calls of the connection wait. */
#define DNFS_BRIEF_IO		(64 * 1024)

/* pause.c */

/* One service thread in this many may wait; the others serve the holders that give way. */
#define DNFS_PAUSE_SHARE	4

/* pause.c */
void dnfs_await(struct dnfs_call *call, struct ditto_node *node);
void dnfs_await_record(struct dnfs_call *call, struct ditto_task *task);
bool dnfs_pause_begin(struct dnfs_call *call);
void dnfs_await_trace(struct dnfs_call *call, const struct ditto_share *share);
void dnfs_pause(struct dnfs_call *call);
void dnfs_await_end(struct dnfs_call *call);

/* True if there is something that the call was to wait for. */
static inline bool dnfs_awaits(const struct dnfs_call *call)
{
	return unlikely(call->awaited || call->absent.node || call->unresolved ||
			call->grouping.needed || call->recording);
}

/* pages.c */

/* pages.c */
ssize_t dnfs_read(struct dnfs_call *call, struct ditto_op *op, struct ditto_node *node,
		  loff_t pos, u32 count, u32 *base, bool *eof);
void dnfs_place_payload(struct dnfs_call *call, u32 len);
bool dnfs_write_iter(struct dnfs_call *call, const struct xdr_buf *data, u32 count,
		     struct iov_iter *iter);
char *dnfs_link_text(const struct xdr_buf *data);
int dnfs_rdev(u32 major, u32 minor, dev_t *rdev);

#endif
