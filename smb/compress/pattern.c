// SPDX-License-Identifier: GPL-2.0-only
/* Pattern_V1: a byte and how often it is repeated. MS-SMB2 sections 2.2.42.2.2 and 3.1.4.4.1. */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "algorithm.h"
#include "compress.h"

/* Find the runs at the ends of @len bytes; they do not overlap. */
struct dsmb_pattern_runs dsmb_pattern_scan(const u8 *in, size_t len)
{
	struct dsmb_pattern_runs runs = {};
	const u8 *other;

	if (len < DSMB_PATTERN_MIN)
		return runs;
	other = memchr_inv(in, in[0], len);
	runs.front = other ? other - in : len;
	if (runs.front < len) {
		while (in[len - 1 - runs.back] == in[len - 1])
			runs.back++;
	}
	if (runs.front < DSMB_PATTERN_MIN)
		runs.front = 0;
	if (runs.back < DSMB_PATTERN_MIN)
		runs.back = 0;
	return runs;
}

static ssize_t pattern_compress(const u8 *in, size_t in_len, u8 *out, size_t room, void *workspace)
{
	struct dsmb_pattern_v1 payload = {};

	if (!in_len || room < sizeof(payload) || memchr_inv(in, in[0], in_len))
		return -ENOSPC;
	payload.pattern = in[0];
	payload.repetitions = cpu_to_le32(in_len);
	memcpy(out, &payload, sizeof(payload));
	return sizeof(payload);
}

static int pattern_decompress(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *workspace)
{
	const struct dsmb_pattern_v1 *payload = (const void *)in;

	if (in_len != sizeof(*payload) || le32_to_cpu(payload->repetitions) != out_len)
		return -EINVAL;
	memset(out, payload->pattern, out_len);
	return 0;
}

const struct dsmb_algorithm dsmb_pattern_v1 = {
	.compress = pattern_compress,
	.decompress = pattern_decompress,
};
