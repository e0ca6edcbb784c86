/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Load generator: a thin client of kernel threads, of NFS version 3, 4.1 or 4.2 or of SMB 3.1.1,
 * that drives any server over TCP with a fixed number of calls outstanding on one
 * connection.
 */
#ifndef _DITTO_BENCH_LOAD_H
#define _DITTO_BENCH_LOAD_H

#include <linux/string.h>
#include <linux/types.h>
#include <linux/unaligned.h>

struct kvec;
struct load_guard;
struct net;
struct socket;

/* The slot of a call is in the low bits of its xid. */
#define LOAD_SLOT_BITS		6
#define LOAD_SLOTS_MAX		BIT(LOAD_SLOT_BITS)
#define LOAD_FH_MAX		128
#define LOAD_NAME_MAX		255
#define LOAD_SESSION_SIZE	16
#define LOAD_STATEID_SIZE	16
/* RPC header with AUTH_SYS, handle, name and attributes of the longest call. */
#define LOAD_CALL_MAX		1024
/* RENAME adds this to the number of a name. */
#define LOAD_RENAMED		500000
/* A prime: calls that pick a name jump so far, and come to each name. */
#define LOAD_STRIDE		7919
#define LOAD_PAYLOAD_MAX	(1024 * 1024)
#define LOAD_KEY_SIZE		16

/* How calls of SMB are signed. */
enum load_sign {
	LOAD_SIGN_NONE,
	LOAD_SIGN_CMAC,
	LOAD_SIGN_GMAC,
};

struct load_op;
struct load_smb_part;

/**
 * struct load_run - one measurement: what is asked, and what came out
 * @net: name space of the server
 * @addr: its IPv4 address
 * @port: its port
 * @op: the operation
 * @fh: handle of the object: a directory for operations that take a name; of SMB, the file id
 * @fh_len: bytes of it
 * @name: for LOOKUP; of SMB, the path, and the directory in which names are made
 * @count: how many calls
 * @outstanding: how many of them at a time
 * @size: bytes of a READ or WRITE, or of a READDIRPLUS reply
 * @span: READ and WRITE go round the first @span bytes of the file; picks round so many names
 * @stable: stable_how of a WRITE
 * @first: number of the first name that is made, removed, held or picked, or of the first range
 * @session: of version 4.1: one that was not used before, with @outstanding slots
 * @clientid: whose it is; of SMB, the id of the session
 * @stateid: of version 4.1: an open of the file
 * @tree: of SMB, the tree that user space connected
 * @mid: of SMB, the next message id that may be used
 * @sock: of SMB, the connection that user space authenticated
 * @sign: of SMB, how calls are signed
 * @sign_key: with which key
 * @sealed: of SMB, calls and answers are encrypted with AES-128-GCM
 * @out_key: the key of calls
 * @in_key: the key of answers
 * @pin: the CPU that the generator runs on, or -1
 * @remote: the generator runs while nothing else can, so that the server has gone to sleep when a
 *	call comes, as it has for a client of another machine
 * @payload: what is written; physically contiguous
 * @ops: calls that were answered
 * @ns: from the first call to the last reply
 * @errors: answers that are not success
 * @status: the last of them
 * @bytes: payload moved
 * @entries: directory entries received
 * @received: bytes of the replies, without their record marks
 * @cpu: nanoseconds of @ns in which the generator itself ran
 * @err: errno if the run broke off
 */
struct load_run {
	struct net *net;
	__be32 addr;
	u16 port;
	const struct load_op *op;
	u8 fh[LOAD_FH_MAX];
	u32 fh_len;
	char name[LOAD_NAME_MAX + 1];
	u32 count;
	u32 outstanding;
	u32 size;
	u64 span;
	u32 stable;
	u32 first;
	u8 session[LOAD_SESSION_SIZE];
	u64 clientid;
	u8 stateid[LOAD_STATEID_SIZE];
	u32 tree;
	u64 mid;
	struct socket *sock;
	enum load_sign sign;
	u8 sign_key[LOAD_KEY_SIZE];
	bool sealed;
	u8 out_key[LOAD_KEY_SIZE];
	u8 in_key[LOAD_KEY_SIZE];
	int pin;
	bool remote;
	void *payload;

	u64 ops;
	u64 ns;
	u64 errors;
	u32 status;
	u64 bytes;
	u64 entries;
	u64 received;
	u64 cpu;
	int err;
};

/**
 * struct load_slot - one outstanding call
 * @xid: of the call; 0 while there is none
 * @mid: of SMB, the same: the message id that the reply to wait for has
 * @index: which slot it is
 * @seq: calls made in it
 * @cookie: where the next READDIRPLUS of this slot goes on
 * @verf: cookie verifier that belongs to it
 * @call: record mark, header and arguments
 */
struct load_slot {
	u32 xid;
	u64 mid;
	u32 index;
	u32 seq;
	u64 cookie;
	__be32 verf[2];
	__be32 call[LOAD_CALL_MAX / sizeof(__be32)];
};

/* The unread part of a reply. */
struct load_reply {
	const __be32 *p;
	const __be32 *end;
};

/**
 * struct load_op - how an operation is asked and its answer read
 * @name: as the run file spells it
 * @version: of NFS, 3 or 4; 0 for SMB
 * @minor: minor version of 4
 * @proc: procedure
 * @writes: the payload follows the arguments
 * @encode: append the arguments of call number @n at @p; returns the end
 * @result: read a successful answer, after its status; -EBADMSG if it is malformed. Optional.
 * @parts: of SMB, the requests that it is made of
 */
struct load_op {
	const char *name;
	u32 version;
	u32 minor;
	u32 proc;
	bool writes;
	__be32 *(*encode)(const struct load_run *run, const struct load_slot *slot,
			  u32 n, __be32 *p);
	int (*result)(struct load_run *run, struct load_slot *slot, struct load_reply *reply);
	const struct load_smb_part *parts;
};

/**
 * struct load_proto - how the calls and replies of a protocol are made up
 * @mark: flags beside the length of a record
 * @call: write call number @n behind the record mark; returns its bytes without the payload
 * @reply: read a reply, and count its errors; returns the slot of the call it answers,
 *	-EINPROGRESS if the answer is still to come, or -EBADMSG
 */
struct load_proto {
	u32 mark;
	size_t (*call)(struct load_run *run, struct load_slot *slot, u32 n, void *data);
	int (*reply)(struct load_run *run, struct load_slot *slots, const void *data, size_t len);
};

extern const struct load_proto load_proto_rpc;
extern const struct load_proto load_proto_smb;

/* Operations of versions 4.1 and 4.2: load_ops4.c; the last has no name. */
extern const struct load_op load_ops4[];
/* The same for SMB: load_smb.c. */
extern const struct load_op load_ops_smb[];

const struct load_op *load_op_find(const char *name);

/* Pieces of XDR (RFC 4506). A call has many numbers, and what they cost is no server's. */
static inline __be32 *load_put_u32(__be32 *p, u32 value)
{
	*p = cpu_to_be32(value);
	return p + 1;
}

static inline __be32 *load_put_u64(__be32 *p, u64 value)
{
	put_unaligned_be64(value, p);
	return p + 2;
}

static inline __be32 *load_put_fixed(__be32 *p, const void *data, u32 len)
{
	memcpy(p, data, len);
	return p + len / sizeof(*p);
}

/* Those that read return -EBADMSG, or NULL, at the end of a reply. A listing has many of them. */
static inline const __be32 *load_take(struct load_reply *reply, size_t words)
{
	const __be32 *p = reply->p;

	if (words > reply->end - p)
		return NULL;
	reply->p += words;
	return p;
}

static inline int load_take_u32(struct load_reply *reply, u32 *value)
{
	const __be32 *p = load_take(reply, 1);

	if (!p)
		return -EBADMSG;
	*value = be32_to_cpu(*p);
	return 0;
}

static inline int load_skip_opaque(struct load_reply *reply)
{
	u32 len;

	if (load_take_u32(reply, &len) ||
	    !load_take(reply, DIV_ROUND_UP((size_t)len, sizeof(__be32))))
		return -EBADMSG;
	return 0;
}

/* Reads an entry of a directory: counts it, and keeps its cookie. */
typedef int (*load_skip_entry)(struct load_run *run, struct load_slot *slot,
			       struct load_reply *reply);

/*
 * A listing from its verifier on; at the end of the directory the slot begins again. Inlined, so
 * that @skip_entry is.
 */
static __always_inline int load_take_listing(struct load_run *run, struct load_slot *slot,
					     struct load_reply *reply, load_skip_entry skip_entry)
{
	const __be32 *verf;
	u32 more;

	verf = load_take(reply, 2);
	if (!verf)
		return -EBADMSG;
	memcpy(slot->verf, verf, sizeof(slot->verf));
	for (;;) {
		if (load_take_u32(reply, &more))
			return -EBADMSG;
		if (!more)
			break;
		if (skip_entry(run, slot, reply))
			return -EBADMSG;
	}
	if (load_take_u32(reply, &more))
		return -EBADMSG;
	if (more) {
		slot->cookie = 0;
		memset(slot->verf, 0, sizeof(slot->verf));
	}
	return 0;
}

/* The rest: load_xdr.c. */
__be32 *load_put_opaque(__be32 *p, const void *data, u32 len);
__be32 *load_put_fh(__be32 *p, const struct load_run *run);
__be32 *load_put_numbered_name(__be32 *p, const struct load_run *run, u32 n);
/* The number of the name that call number @n picks out of @run->span. */
u32 load_pick(const struct load_run *run, u32 n);
/* The offset that call number @n reads or writes. */
u64 load_io_offset(const struct load_run *run, u32 n);

/* Make the keys of @run. NULL if nothing is signed or encrypted, or an ERR_PTR: load_guard.c. */
struct load_guard *load_guard_new(struct load_run *run);
void load_guard_free(struct load_guard *guard);
/*
 * Sign or encrypt a call of @len bytes behind the record mark of @slot, and @size of payload.
 * If it is encrypted, @out is what to send, record mark and payload included.
 */
int load_guard_call(struct load_guard *guard, struct load_slot *slot, size_t len,
		    const void *payload, size_t size, struct kvec *out);
/* Decrypt an answer in place; returns where it begins, or a negative errno. */
int load_guard_reply(struct load_guard *guard, u8 *data, size_t len);

/* Carry @run out in the calling thread; fills its results. */
void load_run_execute(struct load_run *run);

#endif
