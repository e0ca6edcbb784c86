// SPDX-License-Identifier: GPL-2.0-only
/* LZ4 by the kernel's library; a payload is one block without a frame. */
#include <linux/errno.h>
#include <linux/lz4.h>

#include "algorithm.h"

#if IS_ENABLED(CONFIG_LZ4_COMPRESS) && IS_ENABLED(CONFIG_LZ4_DECOMPRESS)
static ssize_t lz4_compress(const u8 *in, size_t in_len, u8 *out, size_t room, void *workspace)
{
	return LZ4_compress_default(in, out, in_len, room, workspace) ?: -ENOSPC;
}

static int lz4_decompress(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *workspace)
{
	return LZ4_decompress_safe(in, out, in_len, out_len) == (int)out_len ? 0 : -EINVAL;
}

const struct dsmb_algorithm dsmb_lz4 = {
	.compress = lz4_compress,
	.decompress = lz4_decompress,
	.compress_workspace = LZ4_MEM_COMPRESS,
};
#endif
