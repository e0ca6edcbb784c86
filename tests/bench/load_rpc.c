// SPDX-License-Identifier: GPL-2.0-only
/* Calls and replies of RPC with AUTH_SYS (RFC 5531) for the load generator. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "load.h"

#define RPC_LAST_FRAGMENT	BIT(31)
#define NFS_PROGRAM		100003

/*
 * The cost of copying a WRITE's payload depends on its alignment, and servers have handles of
 * different lengths. The machine's name is padded so that the payload has the same alignment for
 * every server.
 */
#define LOAD_NAME_AND_FH	72

static __be32 *rpc_put_header(const struct load_run *run, const struct load_slot *slot, __be32 *p)
{
	static const char machine[LOAD_NAME_AND_FH] = "load";
	u32 fh = round_up(run->fh_len, sizeof(*p));
	u32 name = fh < LOAD_NAME_AND_FH ? LOAD_NAME_AND_FH - fh : sizeof(*p);
	const u32 header[] = {
		slot->xid, 0, 2, NFS_PROGRAM, run->op->version, run->op->proc,
		1, 20 + name, 0,	/* AUTH_SYS, bytes of its body: stamp, machine, */
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(header); i++)
		*p++ = cpu_to_be32(header[i]);
	p = load_put_opaque(p, machine, name);
	/* uid, gid, no groups; verifier AUTH_NONE. */
	memset(p, 0, 5 * sizeof(*p));
	return p + 5;
}

static size_t rpc_call(struct load_run *run, struct load_slot *slot, u32 n, void *data)
{
	__be32 *p = data;

	slot->xid = (n + 1) << LOAD_SLOT_BITS | slot->index;
	p = run->op->encode(run, slot, n, rpc_put_header(run, slot, p));
	return (u8 *)p - (u8 *)data;
}

static int rpc_reply(struct load_run *run, struct load_slot *slots, const void *data, size_t len)
{
	const __be32 *p = data;
	struct load_reply reply = { .end = p + len / sizeof(*p) };
	struct load_slot *slot;
	u32 index, verf_words;

	if (len < 6 * sizeof(*p) || len % sizeof(*p))
		return -EBADMSG;
	index = be32_to_cpu(p[0]) & (LOAD_SLOTS_MAX - 1);
	slot = &slots[index];
	if (index >= run->outstanding || !slot->xid || slot->xid != be32_to_cpu(p[0]))
		return -EBADMSG;
	/* A reply, accepted, executed. The verifier is skipped. */
	verf_words = DIV_ROUND_UP(be32_to_cpu(p[4]) & 0xffff, sizeof(*p));
	if (p[1] != cpu_to_be32(1) || p[2] || p + 6 + verf_words > reply.end ||
	    p[5 + verf_words])
		return -EBADMSG;
	reply.p = p + 6 + verf_words;

	slot->xid = 0;
	if (!run->op->proc)
		return index;
	if (reply.p == reply.end)
		return -EBADMSG;
	if (*reply.p++) {
		run->errors++;
		run->status = be32_to_cpu(reply.p[-1]);
	} else if (run->op->result && run->op->result(run, slot, &reply)) {
		return -EBADMSG;
	}
	return index;
}

const struct load_proto load_proto_rpc = {
	.mark = RPC_LAST_FRAGMENT, .call = rpc_call, .reply = rpc_reply,
};
