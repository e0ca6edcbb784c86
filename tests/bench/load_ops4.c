// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations of versions 4.1 and 4.2 of the load generator: COMPOUNDs of RFC 8881 and
 * RFC 7862, as far as a measurement needs them. Each begins with SEQUENCE in the slot of the
 * call and puts the run's handle.
 *
 * Operations that belong together are one COMPOUND: OPEN and the CLOSE of the open, LOCK and
 * LOCKU, joined by the current stateid (section 16.2.3.1.2).
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/nfs4.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "load.h"

/* TYPE, CHANGE, SIZE, FSID, FILEID; MODE, NUMLINKS, OWNER, OWNER_GROUP, SPACE_USED, three times. */
#define ATTRS_WORD0	(BIT(1) | BIT(3) | BIT(4) | BIT(8) | BIT(20))
#define ATTRS_WORD1	(BIT(33 - 32) | BIT(35 - 32) | BIT(36 - 32) | BIT(37 - 32) | \
			 BIT(45 - 32) | BIT(47 - 32) | BIT(52 - 32) | BIT(53 - 32))
#define ATTR_RDATTR_ERROR	BIT(11)
#define ATTR_FILEHANDLE		BIT(19)
/* sr_sessionid, four numbers and flags behind operation and status. */
#define SEQUENCE_RESULT_WORDS	(LOAD_SESSION_SIZE / 4 + 5)

static __be32 *compound_begin(const struct load_run *run, const struct load_slot *slot, u32 nops,
			      __be32 *p)
{
	p = load_put_u32(p, 0);			/* no tag */
	p = load_put_u32(p, run->op->minor);
	p = load_put_u32(p, 2 + nops);
	p = load_put_u32(p, OP_SEQUENCE);
	p = load_put_fixed(p, run->session, sizeof(run->session));
	p = load_put_u32(p, slot->seq);
	p = load_put_u32(p, slot->index);
	p = load_put_u32(p, run->outstanding - 1);
	p = load_put_u32(p, 0);			/* need not be kept */
	p = load_put_u32(p, OP_PUTFH);
	return load_put_fh(p, run);
}

static __be32 *put_getattr(__be32 *p)
{
	p = load_put_u32(p, OP_GETATTR);
	p = load_put_u32(p, 2);
	p = load_put_u32(p, ATTRS_WORD0);
	return load_put_u32(p, ATTRS_WORD1);
}

static __be32 *put_current_stateid(__be32 *p)
{
	p = load_put_u32(p, 1);
	return load_put_fixed(p, "\0\0\0\0\0\0\0\0\0\0\0", 12);
}

static __be32 *put_close(__be32 *p)
{
	p = load_put_u32(load_put_u32(p, OP_CLOSE), 0);
	return put_current_stateid(p);
}

/* Each slot is an owner of opens and one of locks. Its name is its number: nobody reads it. */
static __be32 *put_owner(const struct load_run *run, const struct load_slot *slot, __be32 *p)
{
	p = load_put_u64(p, run->clientid);
	p = load_put_u32(p, sizeof(u64));
	return load_put_u64(p, slot->index);
}

/*
 * Up to the claim. Nobody wants a delegation: it would have to be given back. Each slot is an owner
 * of its own: of one owner, a second open would change the stateid that the first is to close.
 */
static __be32 *put_open(const struct load_run *run, const struct load_slot *slot, __be32 *p,
			bool create)
{
	p = load_put_u32(p, OP_OPEN);
	p = load_put_u32(p, 0);			/* seqid, of no meaning */
	p = load_put_u32(p, (create ? 3 : 1) | 0x0400);	/* access, NO_DELEG */
	p = load_put_u32(p, 0);			/* denies nothing */
	p = put_owner(run, slot, p);
	p = load_put_u32(p, create);
	if (!create)
		return p;
	p = load_put_u32(p, 0);			/* UNCHECKED4 */
	p = load_put_u32(p, 2);			/* the mode only */
	p = load_put_u32(p, 0);
	p = load_put_u32(p, BIT(33 - 32));
	p = load_put_u32(p, 4);
	return load_put_u32(p, 0644);
}

static __be32 *encode_getattr(const struct load_run *run, const struct load_slot *slot,
			      u32 n, __be32 *p)
{
	return put_getattr(compound_begin(run, slot, 1, p));
}

static __be32 *encode_lookup(const struct load_run *run, const struct load_slot *slot,
			     u32 n, __be32 *p)
{
	p = load_put_u32(compound_begin(run, slot, 3, p), OP_LOOKUP);
	p = load_put_opaque(p, run->name, strlen(run->name));
	return put_getattr(load_put_u32(p, OP_GETFH));
}

static __be32 *encode_open(const struct load_run *run, const struct load_slot *slot,
			   u32 n, __be32 *p)
{
	p = put_open(run, slot, compound_begin(run, slot, 3, p), false);
	p = load_put_u32(p, 0);			/* CLAIM_NULL */
	p = load_put_opaque(p, run->name, strlen(run->name));
	return put_close(put_getattr(p));
}

/* One of @run->span files, whose open is closed. */
static __be32 *encode_pick(const struct load_run *run, const struct load_slot *slot,
			   u32 n, __be32 *p)
{
	p = put_open(run, slot, compound_begin(run, slot, 3, p), false);
	p = load_put_u32(p, 0);
	p = load_put_numbered_name(p, run, load_pick(run, n));
	return put_close(put_getattr(p));
}

/* An open that stays: of an owner whom nobody else is, or picking would close it. */
static __be32 *encode_hold(const struct load_run *run, const struct load_slot *slot,
			   u32 n, __be32 *p)
{
	p = load_put_u32(compound_begin(run, slot, 1, p), OP_OPEN);
	p = load_put_u32(p, 0);
	p = load_put_u32(p, 1 | 0x0400);
	p = load_put_u32(p, 0);
	p = load_put_u64(p, run->clientid);
	p = load_put_opaque(p, "hold", 4);
	p = load_put_u32(p, 0);
	p = load_put_u32(p, 0);
	return load_put_numbered_name(p, run, n);
}

static __be32 *encode_create(const struct load_run *run, const struct load_slot *slot,
			     u32 n, __be32 *p)
{
	p = put_open(run, slot, compound_begin(run, slot, 4, p), true);
	p = load_put_u32(p, 0);
	p = load_put_numbered_name(p, run, n);
	p = load_put_u32(p, OP_GETFH);
	return put_close(put_getattr(p));
}

static __be32 *encode_remove(const struct load_run *run, const struct load_slot *slot,
			     u32 n, __be32 *p)
{
	return load_put_numbered_name(load_put_u32(compound_begin(run, slot, 1, p), OP_REMOVE), run,
				      n);
}

/* By the open of the run, up to the owner. */
static __be32 *put_lock(const struct load_run *run, u64 offset, u64 length, __be32 *p)
{
	p = load_put_u32(p, OP_LOCK);
	p = load_put_u32(p, 2);			/* WRITE_LT */
	p = load_put_u32(p, 0);			/* no reclaim */
	p = load_put_u64(p, offset);
	p = load_put_u64(p, length);
	p = load_put_u32(p, 1);			/* by an open: */
	p = load_put_u32(p, 0);			/* its seqid, */
	p = load_put_fixed(p, run->stateid, sizeof(run->stateid));
	return load_put_u32(p, 0);		/* seqid of the lock-owner */
}

static __be32 *encode_lock(const struct load_run *run, const struct load_slot *slot,
			   u32 n, __be32 *p)
{
	p = put_lock(run, 4096 * slot->index, 4096, compound_begin(run, slot, 2, p));
	p = put_owner(run, slot, p);
	p = load_put_u32(p, OP_LOCKU);
	p = load_put_u32(p, 2);
	p = load_put_u32(p, 0);
	p = put_current_stateid(p);
	p = load_put_u64(p, 4096 * slot->index);
	return load_put_u64(p, 4096);
}

/* A range that stays, behind those that are locked and unlocked, and apart from the one before. */
static __be32 *encode_range(const struct load_run *run, const struct load_slot *slot,
			    u32 n, __be32 *p)
{
	p = put_lock(run, SZ_1M + 2 * (u64)(run->first + n), 1, compound_begin(run, slot, 1, p));
	p = load_put_u64(p, run->clientid);
	return load_put_opaque(p, "range", strlen("range"));
}

/* READ, or READ_PLUS, whose arguments are the same. */
static __be32 *put_read(const struct load_run *run, const struct load_slot *slot, u32 n, u32 op,
			__be32 *p)
{
	p = load_put_u32(compound_begin(run, slot, 1, p), op);
	p = load_put_fixed(p, run->stateid, sizeof(run->stateid));
	return load_put_u32(load_put_u64(p, load_io_offset(run, n)), run->size);
}

static __be32 *encode_read(const struct load_run *run, const struct load_slot *slot,
			   u32 n, __be32 *p)
{
	return put_read(run, slot, n, OP_READ, p);
}

static __be32 *encode_read_plus(const struct load_run *run, const struct load_slot *slot,
				u32 n, __be32 *p)
{
	return put_read(run, slot, n, OP_READ_PLUS, p);
}

static __be32 *encode_write(const struct load_run *run, const struct load_slot *slot,
			    u32 n, __be32 *p)
{
	p = load_put_u32(compound_begin(run, slot, 1, p), OP_WRITE);
	p = load_put_fixed(p, run->stateid, sizeof(run->stateid));
	p = load_put_u64(p, load_io_offset(run, n));
	p = load_put_u32(p, run->stable);
	return load_put_u32(p, run->size);
}

static __be32 *encode_readdir(const struct load_run *run, const struct load_slot *slot,
			      u32 n, __be32 *p)
{
	p = load_put_u32(compound_begin(run, slot, 1, p), OP_READDIR);
	p = load_put_u64(p, slot->cookie);
	p = load_put_fixed(p, slot->verf, sizeof(slot->verf));
	p = load_put_u32(load_put_u32(p, run->size), run->size);
	p = load_put_u32(p, 2);
	p = load_put_u32(p, ATTRS_WORD0 | ATTR_RDATTR_ERROR | ATTR_FILEHANDLE);
	return load_put_u32(p, ATTRS_WORD1);
}

/* Behind the status: tag, number of results, SEQUENCE and PUTFH; up to the next one's status. */
static int skip_begin(struct load_reply *reply)
{
	if (load_skip_opaque(reply) || !load_take(reply, 1) ||
	    !load_take(reply, 2 + SEQUENCE_RESULT_WORDS) || !load_take(reply, 2) ||
	    !load_take(reply, 2))
		return -EBADMSG;
	return 0;
}

/* Behind the status, of READ: eof, data. Of WRITE: the count. */
static int result_read(struct load_run *run, struct load_slot *slot, struct load_reply *reply)
{
	u32 count;

	if (skip_begin(reply) || !load_take(reply, 1) || load_take_u32(reply, &count))
		return -EBADMSG;
	run->bytes += count;
	return 0;
}

/*
 * Behind the status: eof, the number of segments, and the only one: kind, offset, data. The floor
 * answers without any.
 */
static int result_read_plus(struct load_run *run, struct load_slot *slot,
			    struct load_reply *reply)
{
	u32 segments, kind, count;

	if (skip_begin(reply) || !load_take(reply, 1) || load_take_u32(reply, &segments))
		return -EBADMSG;
	if (!segments)
		return 0;
	if (load_take_u32(reply, &kind) || !load_take(reply, 2) || load_take_u32(reply, &count) ||
	    segments != 1 || kind != NFS4_CONTENT_DATA)
		return -EBADMSG;
	run->bytes += count;
	return 0;
}

static int result_write(struct load_run *run, struct load_slot *slot, struct load_reply *reply)
{
	u32 count;

	if (skip_begin(reply) || load_take_u32(reply, &count))
		return -EBADMSG;
	run->bytes += count;
	return 0;
}

static __always_inline int skip_entry(struct load_run *run, struct load_slot *slot,
				      struct load_reply *reply)
{
	const __be32 *cookie = load_take(reply, 2);
	u32 words;

	/* The name; bitmap and values of the attributes. */
	if (!cookie || load_skip_opaque(reply) || load_take_u32(reply, &words) ||
	    !load_take(reply, words) || load_skip_opaque(reply))
		return -EBADMSG;
	slot->cookie = get_unaligned_be64(cookie);
	run->entries++;
	return 0;
}

static int result_readdir(struct load_run *run, struct load_slot *slot,
			  struct load_reply *reply)
{
	if (skip_begin(reply))
		return -EBADMSG;
	return load_take_listing(run, slot, reply, skip_entry);
}

#define OP4_MINOR(_name, _minor, _encode) \
	.name = _name, .version = 4, .minor = _minor, .proc = 1, .encode = _encode
#define OP4(_name, _encode)	OP4_MINOR(_name, 1, _encode)

const struct load_op load_ops4[] = {
	{ OP4("getattr4", encode_getattr) },
	{ OP4("lookup4", encode_lookup) },
	{ OP4("open4", encode_open) },
	{ OP4("pick4", encode_pick) },
	{ OP4("hold4", encode_hold) },
	{ OP4("range4", encode_range) },
	{ OP4("create4", encode_create) },
	{ OP4("remove4", encode_remove) },
	{ OP4("lock4", encode_lock) },
	{ OP4("read4", encode_read), .result = result_read },
	{ OP4_MINOR("readplus4", 2, encode_read_plus), .result = result_read_plus },
	{ OP4("write4", encode_write), .result = result_write, .writes = true },
	{ OP4("readdir4", encode_readdir), .result = result_readdir },
	{}
};
