// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations of version 3 of the load generator: arguments and results of RFC 1813,
 * section 3.3, as far as a measurement needs them.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "load.h"

#define FATTR3_WORDS	21
#define WCC_ATTR_WORDS	6

/* An optional field of @words, present if the word before it is true. */
static int skip_optional(struct load_reply *reply, size_t words)
{
	u32 follows;

	if (load_take_u32(reply, &follows) || (follows && !load_take(reply, words)))
		return -EBADMSG;
	return 0;
}

static __be32 *encode_nothing(const struct load_run *run, const struct load_slot *slot,
			      u32 n, __be32 *p)
{
	return p;
}

static __be32 *encode_fh(const struct load_run *run, const struct load_slot *slot,
			 u32 n, __be32 *p)
{
	return load_put_fh(p, run);
}

static __be32 *encode_lookup(const struct load_run *run, const struct load_slot *slot,
			     u32 n, __be32 *p)
{
	return load_put_opaque(load_put_fh(p, run), run->name, strlen(run->name));
}

/* One of @run->span files; each of the first so many calls asks for another. */
static __be32 *encode_pick(const struct load_run *run, const struct load_slot *slot,
			   u32 n, __be32 *p)
{
	return load_put_numbered_name(load_put_fh(p, run), run, load_pick(run, n));
}

static __be32 *encode_access(const struct load_run *run, const struct load_slot *slot,
			     u32 n, __be32 *p)
{
	return load_put_u32(load_put_fh(p, run), 0x3f);
}

static __be32 *encode_create(const struct load_run *run, const struct load_slot *slot,
			     u32 n, __be32 *p)
{
	p = load_put_numbered_name(load_put_fh(p, run), run, n);
	p = load_put_u32(p, 0);		/* UNCHECKED */
	p = load_put_u32(p, 1);		/* the mode, */
	p = load_put_u32(p, 0644);
	p = load_put_u32(p, 0);		/* but no uid, */
	p = load_put_u32(p, 0);		/* gid, */
	p = load_put_u32(p, 0);		/* size, */
	p = load_put_u32(p, 0);		/* atime */
	return load_put_u32(p, 0);		/* and mtime */
}

static __be32 *encode_remove(const struct load_run *run, const struct load_slot *slot,
			     u32 n, __be32 *p)
{
	return load_put_numbered_name(load_put_fh(p, run), run, n);
}

static __be32 *encode_rename(const struct load_run *run, const struct load_slot *slot,
			     u32 n, __be32 *p)
{
	p = load_put_numbered_name(load_put_fh(p, run), run, n);
	return load_put_numbered_name(load_put_fh(p, run), run, n + LOAD_RENAMED);
}

static __be32 *encode_read(const struct load_run *run, const struct load_slot *slot,
			   u32 n, __be32 *p)
{
	return load_put_u32(load_put_u64(load_put_fh(p, run), load_io_offset(run, n)), run->size);
}

static int result_read(struct load_run *run, struct load_slot *slot, struct load_reply *reply)
{
	u32 count;

	if (skip_optional(reply, FATTR3_WORDS) || load_take_u32(reply, &count))
		return -EBADMSG;
	run->bytes += count;
	return 0;
}

static __be32 *encode_write(const struct load_run *run, const struct load_slot *slot,
			    u32 n, __be32 *p)
{
	p = load_put_u64(load_put_fh(p, run), load_io_offset(run, n));
	p = load_put_u32(p, run->size);
	p = load_put_u32(p, run->stable);
	return load_put_u32(p, run->size);
}

static int result_write(struct load_run *run, struct load_slot *slot, struct load_reply *reply)
{
	u32 count;

	if (skip_optional(reply, WCC_ATTR_WORDS) || skip_optional(reply, FATTR3_WORDS) ||
	    load_take_u32(reply, &count))
		return -EBADMSG;
	run->bytes += count;
	return 0;
}

static __be32 *encode_readdirplus(const struct load_run *run, const struct load_slot *slot,
				  u32 n, __be32 *p)
{
	p = load_put_u64(load_put_fh(p, run), slot->cookie);
	memcpy(p, slot->verf, sizeof(slot->verf));
	return load_put_u32(load_put_u32(p + 2, run->size), run->size);
}

static __always_inline int skip_entry(struct load_run *run, struct load_slot *slot,
				      struct load_reply *reply)
{
	const __be32 *cookie;
	u32 follows;

	if (!load_take(reply, 2) || load_skip_opaque(reply))
		return -EBADMSG;
	cookie = load_take(reply, 2);
	if (!cookie || skip_optional(reply, FATTR3_WORDS) || load_take_u32(reply, &follows))
		return -EBADMSG;
	if (follows && load_skip_opaque(reply))
		return -EBADMSG;
	slot->cookie = get_unaligned_be64(cookie);
	run->entries++;
	return 0;
}

static int result_readdirplus(struct load_run *run, struct load_slot *slot,
			      struct load_reply *reply)
{
	if (skip_optional(reply, FATTR3_WORDS))
		return -EBADMSG;
	return load_take_listing(run, slot, reply, skip_entry);
}

static const struct load_op load_ops[] = {
	{ .name = "null",	 .version = 3, .proc = 0,  .encode = encode_nothing },
	{ .name = "getattr",	 .version = 3, .proc = 1,  .encode = encode_fh },
	{ .name = "lookup",	 .version = 3, .proc = 3,  .encode = encode_lookup },
	{ .name = "pick",	 .version = 3, .proc = 3,  .encode = encode_pick },
	{ .name = "access",	 .version = 3, .proc = 4,  .encode = encode_access },
	{ .name = "read",	 .version = 3, .proc = 6,  .encode = encode_read,
	  .result = result_read },
	{ .name = "write",	 .version = 3, .proc = 7,  .encode = encode_write,
	  .result = result_write, .writes = true },
	{ .name = "create",	 .version = 3, .proc = 8,  .encode = encode_create },
	{ .name = "remove",	 .version = 3, .proc = 12, .encode = encode_remove },
	{ .name = "rename",	 .version = 3, .proc = 14, .encode = encode_rename },
	{ .name = "readdirplus", .version = 3, .proc = 17, .encode = encode_readdirplus,
	  .result = result_readdirplus },
	{}
};

/* NULL if there is no such operation. */
const struct load_op *load_op_find(const char *name)
{
	static const struct load_op *const tables[] = { load_ops, load_ops4, load_ops_smb };
	const struct load_op *op;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		for (op = tables[i]; op->name; op++) {
			if (!strcmp(op->name, name))
				return op;
		}
	}
	return NULL;
}
