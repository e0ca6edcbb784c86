// SPDX-License-Identifier: GPL-2.0-only
/* The algorithms by their numbers. See compress.h. */
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/string.h>

#include "algorithm.h"
#include "compress.h"

static ssize_t none_compress(const u8 *in, size_t in_len, u8 *out, size_t room, void *workspace)
{
	if (in_len > room)
		return -ENOSPC;
	memcpy(out, in, in_len);
	return in_len;
}

static int none_decompress(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *workspace)
{
	if (in_len != out_len)
		return -EINVAL;
	memcpy(out, in, in_len);
	return 0;
}

static const struct dsmb_algorithm none_algorithm = {
	.compress = none_compress,
	.decompress = none_decompress,
};

static const struct dsmb_algorithm *const algorithms[] = {
	[DSMB_COMPRESS_NONE] = &none_algorithm,
	[DSMB_COMPRESS_LZNT1] = &dsmb_lznt1,
	[DSMB_COMPRESS_LZ77] = &dsmb_lz77,
	[DSMB_COMPRESS_LZ77_HUFFMAN] = &dsmb_lz77_huffman,
	[DSMB_COMPRESS_PATTERN_V1] = &dsmb_pattern_v1,
#if IS_ENABLED(CONFIG_LZ4_COMPRESS) && IS_ENABLED(CONFIG_LZ4_DECOMPRESS)
	[DSMB_COMPRESS_LZ4] = &dsmb_lz4,
#endif
};

static const struct dsmb_algorithm *algorithm_find(u16 algorithm)
{
	if (algorithm >= ARRAY_SIZE(algorithms))
		return NULL;
	return algorithms[array_index_nospec(algorithm, ARRAY_SIZE(algorithms))];
}

/* Can data be compressed and decompressed by it here? LZ4 depends on the kernel. */
bool dsmb_compress_has(u16 algorithm)
{
	return algorithm_find(algorithm);
}

/* Bytes of scratch memory that dsmb_compress() needs, aligned as by kvmalloc(); may be 0. */
size_t dsmb_compress_workspace(u16 algorithm)
{
	const struct dsmb_algorithm *a = algorithm_find(algorithm);

	return a ? a->compress_workspace : 0;
}

/* Bytes of scratch memory that dsmb_decompress() needs, aligned as by kvmalloc(); may be 0. */
size_t dsmb_decompress_workspace(u16 algorithm)
{
	const struct dsmb_algorithm *a = algorithm_find(algorithm);

	return a ? a->decompress_workspace : 0;
}

/*
 * Compress @in_len bytes. Returns the bytes written, at most @room; -ENOSPC if they do not fit, or
 * if they are no run that Pattern_V1 can express; or -EINVAL if there is no such algorithm.
 */
ssize_t dsmb_compress(u16 algorithm, const u8 *in, size_t in_len, u8 *out, size_t room,
		      void *workspace)
{
	const struct dsmb_algorithm *a = algorithm_find(algorithm);

	if (!a)
		return -EINVAL;
	if (in_len > INT_MAX)
		return -ENOSPC;
	return a->compress(in, in_len, out, min_t(size_t, room, INT_MAX), workspace);
}

/*
 * Decompress hostile input. Returns 0 if it is sound, complete and makes exactly @out_len bytes, or
 * -EINVAL; @out has any contents then.
 */
int dsmb_decompress(u16 algorithm, const u8 *in, size_t in_len, u8 *out, size_t out_len,
		    void *workspace)
{
	const struct dsmb_algorithm *a = algorithm_find(algorithm);

	if (!a || in_len > INT_MAX || out_len > INT_MAX)
		return -EINVAL;
	return a->decompress(in, in_len, out, out_len, workspace);
}
