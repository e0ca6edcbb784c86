// SPDX-License-Identifier: GPL-2.0-only
/* Pieces of XDR (RFC 4506) for the load generator. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "load.h"

__be32 *load_put_opaque(__be32 *p, const void *data, u32 len)
{
	u32 words = DIV_ROUND_UP(len, sizeof(*p));

	p = load_put_u32(p, len);
	if (words)
		p[words - 1] = 0;
	memcpy(p, data, len);
	return p + words;
}

__be32 *load_put_fh(__be32 *p, const struct load_run *run)
{
	return load_put_opaque(p, run->fh, run->fh_len);
}

__be32 *load_put_numbered_name(__be32 *p, const struct load_run *run, u32 n)
{
	char name[16];

	return load_put_opaque(p, name, scnprintf(name, sizeof(name), "n%u", run->first + n));
}

u64 load_io_offset(const struct load_run *run, u32 n)
{
	u64 blocks = run->size ? run->span / run->size : 0;

	return blocks ? (u64)(n % (u32)blocks) * run->size : 0;
}

u32 load_pick(const struct load_run *run, u32 n)
{
	u32 index;

	if (!run->span)
		return n;
	div_u64_rem((u64)n * LOAD_STRIDE, min_t(u64, run->span, U32_MAX), &index);
	return index;
}
