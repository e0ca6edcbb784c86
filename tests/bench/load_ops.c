// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations of the load generator: arguments and results of RFC 1813,
 * section 3.3, as far as a measurement needs them.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "load.h"

#define FATTR3_WORDS	21
#define WCC_ATTR_WORDS	6

static __be32 *put_u32(__be32 *p, u32 value)
{
	*p = cpu_to_be32(value);
	return p + 1;
}

static __be32 *put_u64(__be32 *p, u64 value)
{
	put_unaligned_be64(value, p);
	return p + 2;
}

static __be32 *put_opaque(__be32 *p, const void *data, u32 len)
{
	u32 words = DIV_ROUND_UP(len, sizeof(*p));

	p = put_u32(p, len);
	if (words)
		p[words - 1] = 0;
	memcpy(p, data, len);
	return p + words;
}

static __be32 *put_fh(__be32 *p, const struct load_run *run)
{
	return put_opaque(p, run->fh, run->fh_len);
}

static __be32 *put_numbered_name(__be32 *p, const struct load_run *run, u32 n)
{
	char name[16];

	return put_opaque(p, name, scnprintf(name, sizeof(name), "n%u", run->first + n));
}

/* Where call number @n reads or writes. */
static u64 io_offset(const struct load_run *run, u32 n)
{
	u64 blocks = run->size ? run->span / run->size : 0;

	return blocks ? (u64)(n % (u32)blocks) * run->size : 0;
}

static const __be32 *take(struct load_reply *reply, size_t words)
{
	const __be32 *p = reply->p;

	if (words > reply->end - p)
		return NULL;
	reply->p += words;
	return p;
}

static int take_u32(struct load_reply *reply, u32 *value)
{
	const __be32 *p = take(reply, 1);

	if (!p)
		return -EBADMSG;
	*value = be32_to_cpu(*p);
	return 0;
}

static int skip_opaque(struct load_reply *reply)
{
	u32 len;

	if (take_u32(reply, &len) || !take(reply, DIV_ROUND_UP((size_t)len, sizeof(__be32))))
		return -EBADMSG;
	return 0;
}

/* Something of @words that is there only if the word before it says so. */
static int skip_optional(struct load_reply *reply, size_t words)
{
	u32 follows;

	if (take_u32(reply, &follows) || (follows && !take(reply, words)))
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
	return put_fh(p, run);
}

static __be32 *encode_lookup(const struct load_run *run, const struct load_slot *slot,
			     u32 n, __be32 *p)
{
	return put_opaque(put_fh(p, run), run->name, strlen(run->name));
}

static __be32 *encode_access(const struct load_run *run, const struct load_slot *slot,
			     u32 n, __be32 *p)
{
	return put_u32(put_fh(p, run), 0x3f);
}

static __be32 *encode_create(const struct load_run *run, const struct load_slot *slot,
			     u32 n, __be32 *p)
{
	p = put_numbered_name(put_fh(p, run), run, n);
	p = put_u32(p, 0);		/* UNCHECKED */
	p = put_u32(p, 1);		/* the mode, */
	p = put_u32(p, 0644);
	p = put_u32(p, 0);		/* but no uid, */
	p = put_u32(p, 0);		/* gid, */
	p = put_u32(p, 0);		/* size, */
	p = put_u32(p, 0);		/* atime */
	return put_u32(p, 0);		/* and mtime */
}

static __be32 *encode_remove(const struct load_run *run, const struct load_slot *slot,
			     u32 n, __be32 *p)
{
	return put_numbered_name(put_fh(p, run), run, n);
}

static __be32 *encode_read(const struct load_run *run, const struct load_slot *slot,
			   u32 n, __be32 *p)
{
	return put_u32(put_u64(put_fh(p, run), io_offset(run, n)), run->size);
}

static int result_read(struct load_run *run, struct load_slot *slot, struct load_reply *reply)
{
	u32 count;

	if (skip_optional(reply, FATTR3_WORDS) || take_u32(reply, &count))
		return -EBADMSG;
	run->bytes += count;
	return 0;
}

static __be32 *encode_write(const struct load_run *run, const struct load_slot *slot,
			    u32 n, __be32 *p)
{
	p = put_u64(put_fh(p, run), io_offset(run, n));
	p = put_u32(p, run->size);
	p = put_u32(p, run->stable);
	return put_u32(p, run->size);
}

static int result_write(struct load_run *run, struct load_slot *slot, struct load_reply *reply)
{
	u32 count;

	if (skip_optional(reply, WCC_ATTR_WORDS) || skip_optional(reply, FATTR3_WORDS) ||
	    take_u32(reply, &count))
		return -EBADMSG;
	run->bytes += count;
	return 0;
}

static __be32 *encode_readdirplus(const struct load_run *run, const struct load_slot *slot,
				  u32 n, __be32 *p)
{
	p = put_u64(put_fh(p, run), slot->cookie);
	memcpy(p, slot->verf, sizeof(slot->verf));
	return put_u32(put_u32(p + 2, run->size), run->size);
}

static int skip_entry(struct load_run *run, struct load_slot *slot, struct load_reply *reply)
{
	const __be32 *cookie;
	u32 follows;

	if (!take(reply, 2) || skip_opaque(reply))
		return -EBADMSG;
	cookie = take(reply, 2);
	if (!cookie || skip_optional(reply, FATTR3_WORDS) || take_u32(reply, &follows))
		return -EBADMSG;
	if (follows && skip_opaque(reply))
		return -EBADMSG;
	slot->cookie = get_unaligned_be64(cookie);
	run->entries++;
	return 0;
}

/* Counts the entries; at the end of the directory the slot begins again. */
static int result_readdirplus(struct load_run *run, struct load_slot *slot,
			      struct load_reply *reply)
{
	const __be32 *verf;
	u32 more;

	if (skip_optional(reply, FATTR3_WORDS))
		return -EBADMSG;
	verf = take(reply, 2);
	if (!verf)
		return -EBADMSG;
	memcpy(slot->verf, verf, sizeof(slot->verf));
	for (;;) {
		if (take_u32(reply, &more))
			return -EBADMSG;
		if (!more)
			break;
		if (skip_entry(run, slot, reply))
			return -EBADMSG;
	}
	if (take_u32(reply, &more))
		return -EBADMSG;
	if (more) {
		slot->cookie = 0;
		memset(slot->verf, 0, sizeof(slot->verf));
	}
	return 0;
}

static const struct load_op load_ops[] = {
	{ .name = "null",	 .proc = 0,  .encode = encode_nothing },
	{ .name = "getattr",	 .proc = 1,  .encode = encode_fh },
	{ .name = "lookup",	 .proc = 3,  .encode = encode_lookup },
	{ .name = "access",	 .proc = 4,  .encode = encode_access },
	{ .name = "read",	 .proc = 6,  .encode = encode_read, .result = result_read },
	{ .name = "write",	 .proc = 7,  .encode = encode_write, .result = result_write,
	  .writes = true },
	{ .name = "create",	 .proc = 8,  .encode = encode_create },
	{ .name = "remove",	 .proc = 12, .encode = encode_remove },
	{ .name = "readdirplus", .proc = 17, .encode = encode_readdirplus,
	  .result = result_readdirplus },
};

/* NULL if there is no such operation. */
const struct load_op *load_op_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(load_ops); i++) {
		if (!strcmp(load_ops[i].name, name))
			return &load_ops[i];
	}
	return NULL;
}
