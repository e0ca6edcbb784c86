/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call as procedures see it, free of the transport it came by, and the
 * tables that describe procedures.
 *
 * A procedure is decoded, executed and encoded by three functions. What they
 * need of the transport (empty pages for a reply, pages of the page cache put
 * into one) comes through struct dnfs_transport, so that calls can be served
 * from something else than sunrpc's service threads.
 */
#ifndef _DITTO_FS_NFS_RPC_CALL_H
#define _DITTO_FS_NFS_RPC_CALL_H

#include <linux/bits.h>
#include <linux/sunrpc/xdr.h>
#include <linux/types.h>

#include "../../op/op.h"
#include "../../share/cred.h"

struct bio_vec;
struct dnfs_call;
struct dnfs_server;
struct ditto_peer;
struct kvec;
struct page;
struct sockaddr;
struct svc_xprt;
struct user_namespace;

/* Largest payload of a READ, WRITE or READDIR over TCP: what sunrpc carries. */
#define DNFS_MAX_PAYLOAD	(1024 * 1024)

/* What struct dnfs_transport.once found. */
enum dnfs_once {
	DNFS_ONCE_DO,		/* do it */
	DNFS_ONCE_REPLAYED,	/* it was done before: its reply is in the stream, and all of it */
	DNFS_ONCE_BUSY,		/* it is being done: send nothing */
};

/**
 * struct dnfs_transport - what a procedure may ask of the transport
 * @pages: the pages for the payload of the reply, all of them; @count is
 *	filled with how many there are. Their content is lost unless
 *	@payload is called.
 * @add_page: put a page (a reference is taken) behind those added so far, in
 *	place of an own one; false if there is no room
 * @payload: end the reply's head and let @len bytes of the pages follow, the
 *	first at offset @base of the first page; pads to four bytes
 * @once: from here on the call must not be done twice: was it done before? For procedures
 *	that find that out on the way; the transport asks for those with DNFS_PROC_CACHED
 */
struct dnfs_transport {
	struct page **(*pages)(struct dnfs_call *call, unsigned int *count);
	bool (*add_page)(struct dnfs_call *call, struct page *page);
	void (*payload)(struct dnfs_call *call, u32 base, u32 len);
	enum dnfs_once (*once)(struct dnfs_call *call);
};

/* Properties of a procedure. */
#define DNFS_PROC_CACHED	BIT(0)	/* not idempotent: goes through the reply cache */
#define DNFS_PROC_MOUNTING	BIT(1)	/* on a root any flavour will do (RFC 2623, 2.3.2) */
#define DNFS_PROC_WHOLE		BIT(2)	/* @exec decodes, encodes and sets the status itself */
#define DNFS_PROC_RESERVED	BIT(3)	/* taken from reserved ports alone */

/**
 * struct dnfs_proc - a procedure
 * @name: as its RFC calls it; NULL where the number is unused
 * @decode: arguments from the wire; false if they are not valid XDR; NULL if there are none
 * @exec: does it; returns 0 or a negative errno that becomes the status; NULL if nothing is to do.
 *	With DNFS_PROC_WHOLE: 0, -EBADMSG if the arguments are not valid XDR, -EINPROGRESS if no
 *	reply is to be sent
 * @encode: results, for every status; false if they do not fit; NULL if there are none
 * @repeatable: of DNFS_PROC_CACHED: may a call with these arguments be done again? NULL if none may
 * @release: frees what @decode and @exec allocated, also if one of them failed; may be NULL
 * @argsize: bytes of the decoded arguments
 * @ressize: bytes of the results
 * @max_reply: most bytes that @encode writes; 0 if only the transport limits them
 * @flags: DNFS_PROC_*
 */
struct dnfs_proc {
	const char *name;
	bool (*decode)(struct xdr_stream *xdr, void *args);
	int (*exec)(struct dnfs_call *call);
	bool (*encode)(struct dnfs_call *call);
	bool (*repeatable)(const void *args);
	void (*release)(struct dnfs_call *call);
	u32 argsize;
	u32 ressize;
	u32 max_reply;
	u32 flags;
};

/* Flavours that prove who calls, whatever port it comes from. */
#define DNFS_SEC_PROVEN	(DITTO_SEC_KRB5 | DITTO_SEC_KRB5I | DITTO_SEC_KRB5P)

/* No program of ours has a higher version, or more procedures. */
#define DNFS_VERSION_MAX	4
#define DNFS_PROCS_MAX		32

/* Our programs, each version by itself, as indices of what each server keeps for them. */
enum dnfs_program_index {
	DNFS_PROGRAM_NFS,
	DNFS_PROGRAM_ACL,
	DNFS_PROGRAM_MOUNT,
	DNFS_PROGRAM_NLM1,
	DNFS_PROGRAM_NLM3,
	DNFS_PROGRAM_NLM4,
	DNFS_PROGRAM_NSM,
	DNFS_PROGRAM_NFS4,
	DNFS_PROGRAMS,
};

/**
 * struct dnfs_program - one version of a program
 * @index: among ours
 * @prog: its number
 * @vers: its version
 * @name: for rpcbind and people
 * @group: name of its statistics
 * @any_udp: served over UDP whatever the setting
 * @no_udp: never served over UDP
 * @strangers: machines that no share admits are answered by the procedures, see @stranger of
 *	struct dnfs_call, as the program has words of its own for them
 * @loopback: the machine itself need not be admitted
 * @status: the program's status for an errno
 * @procs: its procedures by number
 * @nprocs: how many
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
	bool loopback;
	u32 (*status)(int err);
	const struct dnfs_proc *procs;
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

/**
 * struct dnfs_call - a call
 * @server: ours
 * @srv: the core's
 * @program: what is called
 * @peer: who calls; NULL for procedures that do nothing, and without memory
 * @conn: the connection it came by; NULL if it came without one
 * @addr: the caller's address
 * @local: our address that it called
 * @datagram: it came by UDP
 * @reserved_port: it came from a port below 1024
 * @undecided: whether any share admits the caller, or its port, is not known yet: it is to
 *	come again
 * @ident: the identity that the call claims
 * @principal: who authenticated by RPCSEC_GSS; NULL if that is not told
 * @userns: in which user and group numbers on the wire are meant
 * @sec: the flavour, one DITTO_SEC_* bit, or 0 for one that no share can accept
 * @max_payload: bytes that the transport carries at most
 * @can_splice: the reply is not checksummed: pages of the page cache may go into it
 * @proc: what is called
 * @args: decoded
 * @res: results; all zero before @proc->exec
 * @status: of the reply, in the program's own numbers
 * @bytes: payload moved, for statistics
 * @started: when the call had arrived
 * @ended: when the last operation of it was done, or 0 if that is not known
 * @too_weak: refuse the call: the share does not accept its flavour
 * @stranger: refuse the call: no share admits the caller
 * @again: nothing was done, the client shall come again: the reply is not to be kept
 * @dropped: no reply is to be sent
 * @in: where arguments come from, for procedures that decode as they go
 * @xdr: where results go
 * @transport: see there
 * @awaited: a node whose claims are being given back to let the call go on, held; or NULL
 * @break_wait: jiffies that it may still wait for that
 * @vec: scratch for the payload of a WRITE
 * @bvec: scratch for the payload of a READ
 * @nvec: entries of @vec and of @bvec
 * @spliced_base: offset of the first spliced byte in its page
 * @spliced: bytes spliced so far
 * @spliced_last: the page of the last one
 */
struct dnfs_call {
	struct dnfs_server *server;
	struct ditto_server *srv;
	const struct dnfs_program *program;
	struct ditto_peer *peer;
	struct svc_xprt *conn;
	const struct sockaddr *addr;
	const struct sockaddr *local;
	bool datagram;
	bool reserved_port;
	bool undecided;
	struct ditto_ident ident;
	const char *principal;
	struct user_namespace *userns;
	u32 sec;
	u32 max_payload;
	bool can_splice;

	const struct dnfs_proc *proc;
	void *args;
	void *res;
	u32 status;
	u32 bytes;
	ktime_t started;
	ktime_t ended;
	bool too_weak;
	bool stranger;
	bool again;
	bool dropped;

	struct xdr_stream *in;
	struct xdr_stream *xdr;
	const struct dnfs_transport *transport;
	struct ditto_node *awaited;
	long break_wait;
	struct kvec *vec;
	struct bio_vec *bvec;
	unsigned int nvec;
	u32 spliced_base;
	u32 spliced;
	struct page *spliced_last;
};

/* pause.c */

/* One in so many service threads may wait; the others serve those who give way. */
#define DNFS_PAUSE_SHARE	4

/* For procedures that ask the lock table themselves: holders were told to give way here. */
void dnfs_await(struct dnfs_call *call, struct ditto_node *node);

/**
 * dnfs_pause_begin - a call was refused: shall it wait, and be done again?
 * @call: nothing of it was done
 *
 * It shall if the lock table told holders to give way, for not more than its patience
 * in all, and if not too many threads wait already.
 *
 * Return: true if dnfs_pause() must follow.
 */
bool dnfs_pause_begin(struct dnfs_call *call);

/* Wait until the call is to be done again. Sleeps; holds nothing that a holder needs. */
void dnfs_pause(struct dnfs_call *call);

/* What was awaited does not matter any more. */
void dnfs_await_end(struct dnfs_call *call);

/* pages.c */

/**
 * dnfs_read - read into the pages of the reply
 * @call: the call
 * @op: who reads
 * @node: from what
 * @pos: from where
 * @count: bytes wanted; fewer are read if the reply has no room
 * @base: filled with the offset of the first byte in the first page
 * @eof: set at the end of the file
 *
 * Return: bytes read or an errno of ditto_read().
 */
ssize_t dnfs_read(struct dnfs_call *call, struct ditto_op *op, struct ditto_node *node,
		  loff_t pos, u32 count, u32 *base, bool *eof);

/**
 * dnfs_write_iter - the payload of a call as an iterator, where it arrived
 * @call: the call; its @vec is used
 * @data: the payload
 * @count: bytes of it that count
 * @iter: filled
 *
 * Return: false if it lies in more pieces than a call can have.
 */
bool dnfs_write_iter(struct dnfs_call *call, const struct xdr_buf *data, u32 count,
		     struct iov_iter *iter);

/**
 * dnfs_link_text - what a new symbolic link is to say
 * @data: as it arrived
 *
 * Context: may sleep. Return: a terminated string, to be freed, or an ERR_PTR: -EINVAL
 * (nothing, or a NUL in it), -ENAMETOOLONG, -ENOMEM.
 */
char *dnfs_link_text(const struct xdr_buf *data);

#endif
