// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compressed messages: one compressed segment behind the beginning of the message, or a chain of
 * payloads that make up all of it (MS-SMB2 section 2.2.42). See compressed.h.
 */
#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../compress/compress.h"
#include "../wire/builder.h"
#include "../wire/cursor.h"
#include "compressed.h"

/* Flags of sections 2.2.42.1 and 2.2.42.2.1. */
#define COMPRESSED_CHAINED	BIT(0)
/* Bytes of the header in front of the uncompressed beginning, and in front of a chain. */
#define UNCHAINED_HEADER	16
#define CHAINED_HEADER		8
/* Limit of OriginalCompressedSegmentSize (MS-SMB2 section 3.3.5.2.1.2). */
#define SEGMENT_MAX		(256 + UNCHAINED_HEADER + DSMB_IO_MAX)
/* Bytes of long data that are compressed first, to see whether they become shorter. */
#define SAMPLE			SZ_16K
#define SAMPLE_FROM		SZ_128K

static bool compression_has(const struct dsmb_compression *with, u16 algorithm)
{
	for (int i = 0; i < with->count; i++)
		if (with->ids[i] == algorithm)
			return true;
	return false;
}

/**
 * struct compressed_head - the header of a compressed message, or of a chain and its first payload
 * @size: OriginalCompressedSegmentSize
 * @algorithm: of the segment, or of the payload
 * @flags: COMPRESSED_CHAINED or 0
 * @plain: how many bytes come first as they are: Offset, or Length of a payload of NONE
 */
struct compressed_head {
	u32 size;
	u16 algorithm;
	u16 flags;
	u32 plain;
};

static struct compressed_head compressed_head_get(struct dsmb_cursor *c)
{
	struct compressed_head head;

	dsmb_skip(c, sizeof(__le32));
	head.size = dsmb_get_u32(c);
	head.algorithm = dsmb_get_u16(c);
	head.flags = dsmb_get_u16(c);
	head.plain = dsmb_get_u32(c);
	return head;
}

/*
 * Check the header of a compressed message: returns how long it says the message is, at most @max,
 * or 0 if the message has to be refused. The lengths in a chain are checked as it is expanded.
 */
u32 dsmb_compressed_measure(const struct dsmb_compression *with, const void *data, u32 len,
			    u32 max)
{
	struct dsmb_cursor c = dsmb_cursor(data, len);
	struct compressed_head head = compressed_head_get(&c);
	u32 size = head.size;

	if (c.bad || !size || size > SEGMENT_MAX)
		return 0;
	if (head.flags == COMPRESSED_CHAINED) {
		if (!with->chained)
			return 0;
	} else {
		if (head.flags || head.algorithm == DSMB_COMPRESS_PATTERN_V1 ||
		    !compression_has(with, head.algorithm) || head.plain > dsmb_left(&c))
			return 0;
		/* Neither of both is near the end of the type. */
		size += head.plain;
	}
	return size >= sizeof(struct dsmb_header) && size <= max ? size : 0;
}

/*
 * Find the header of the first request of a compressed message. Returns NULL if it is compressed
 * itself, or in several parts.
 */
const struct dsmb_header *dsmb_compressed_header(const void *data, u32 len)
{
	struct dsmb_cursor c = dsmb_cursor(data, len);
	struct compressed_head head = compressed_head_get(&c);

	if (head.plain < sizeof(struct dsmb_header) ||
	    (head.flags & COMPRESSED_CHAINED && head.algorithm != DSMB_COMPRESS_NONE))
		return NULL;
	return dsmb_get(&c, sizeof(struct dsmb_header));
}

static int payload_expand(u16 algorithm, struct dsmb_cursor *in, u8 *out, u32 size)
{
	size_t bytes = dsmb_decompress_workspace(algorithm);
	void *workspace = bytes ? kvmalloc(bytes, GFP_KERNEL) : NULL;
	int err;

	if (bytes && !workspace)
		return -ENOMEM;
	err = dsmb_decompress(algorithm, in->data + in->pos, dsmb_left(in), out, size, workspace);
	kvfree(workspace);
	return err;
}

/* Bytes that a payload makes. The cursor is left in front of what is decompressed. */
static u32 payload_measure(u16 algorithm, struct dsmb_cursor *payload)
{
	struct dsmb_cursor c = *payload;

	switch (algorithm) {
	case DSMB_COMPRESS_NONE:
		return payload->size;
	case DSMB_COMPRESS_PATTERN_V1:
		dsmb_skip(&c, offsetof(struct dsmb_pattern_v1, repetitions));
		return dsmb_get_u32(&c);
	default:
		return dsmb_get_u32(payload);
	}
}

static int chain_expand(const struct dsmb_compression *with, struct dsmb_cursor *c, u8 *out,
			u32 size)
{
	u32 done = 0;

	while (dsmb_left(c)) {
		u16 algorithm = dsmb_get_u16(c);
		u16 flags = dsmb_get_u16(c);
		u32 len = dsmb_get_u32(c), part;
		struct dsmb_cursor payload = dsmb_window(c, c->pos, len);
		int err;

		dsmb_skip(c, len);
		if (c->bad || flags & ~COMPRESSED_CHAINED)
			return -EINVAL;
		part = payload_measure(algorithm, &payload);
		if (payload.bad || part > size - done)
			return -EINVAL;
		if (algorithm == DSMB_COMPRESS_NONE) {
			dsmb_get_bytes(&payload, out + done, part);
		} else {
			if (!part || !compression_has(with, algorithm))
				return -EINVAL;
			err = payload_expand(algorithm, &payload, out + done, part);
			if (err)
				return err;
		}
		done += part;
		cond_resched();
	}
	return done == size ? 0 : -EINVAL;
}

/*
 * Expand a message to @size bytes, which dsmb_compressed_measure() returned for it. Returns 0,
 * -EINVAL or -ENOMEM. Context: process; may sleep for memory.
 */
int dsmb_compressed_expand(const struct dsmb_compression *with, const void *data, u32 len,
			   u8 *out, u32 size)
{
	struct dsmb_cursor c = dsmb_cursor(data, len);
	struct compressed_head head = compressed_head_get(&c);

	if (head.flags & COMPRESSED_CHAINED) {
		dsmb_seek(&c, CHAINED_HEADER);
		return chain_expand(with, &c, out, size);
	}
	dsmb_get_bytes(&c, out, head.plain);
	return payload_expand(head.algorithm, &c, out + head.plain, size - head.plain);
}

/* Appends @data, compressed. Returns false if that has no fewer bytes, or there is no room. */
static bool data_encode(u16 algorithm, struct dsmb_builder *out, const u8 *data, u32 len)
{
	u32 room = min(out->size - out->len, len - 1);
	u8 *to = out->data + out->len;
	void *workspace;
	ssize_t n = 1;

	if (out->full || algorithm == DSMB_COMPRESS_NONE)
		return false;
	workspace = kvmalloc(dsmb_compress_workspace(algorithm), GFP_KERNEL);
	if (!workspace)
		return false;
	if (len > SAMPLE_FROM)
		n = dsmb_compress(algorithm, data, SAMPLE, to, min(room, SAMPLE - 1), workspace);
	if (n > 0)
		n = dsmb_compress(algorithm, data, len, to, room, workspace);
	kvfree(workspace);
	if (n < 0)
		return false;
	out->len += n;
	return true;
}

static void payload_encode(struct dsmb_builder *out, u16 algorithm, u16 flags, u32 len)
{
	dsmb_encode_u16(out, algorithm);
	dsmb_encode_u16(out, flags);
	dsmb_encode_u32(out, len);
}

static void pattern_encode(struct dsmb_builder *out, u8 byte, u32 count)
{
	const struct dsmb_pattern_v1 pattern = {
		.pattern = byte,
		.repetitions = cpu_to_le32(count),
	};

	if (!count)
		return;
	payload_encode(out, DSMB_COMPRESS_PATTERN_V1, 0, sizeof(pattern));
	dsmb_encode_bytes(out, &pattern, sizeof(pattern));
}

/* The beginning as it is, then runs of one byte at the ends of the rest, and what is between. */
static void chain_encode(const struct dsmb_compression *with, u16 algorithm,
			 struct dsmb_builder *out, const u8 *data, u32 len, u32 head)
{
	struct dsmb_pattern_runs runs = { };
	u32 start;

	payload_encode(out, DSMB_COMPRESS_NONE, COMPRESSED_CHAINED, head);
	dsmb_encode_bytes(out, data, head);
	data += head;
	len -= head;
	if (compression_has(with, DSMB_COMPRESS_PATTERN_V1))
		runs = dsmb_pattern_scan(data, len);
	pattern_encode(out, data[0], runs.front);
	data += runs.front;
	len -= runs.front + runs.back;
	/* What is appended here is taken back if there is no room for it, but nothing else. */
	if (len && !out->full) {
		start = out->len;
		payload_encode(out, algorithm, 0, 0);
		dsmb_encode_u32(out, len);
		if (data_encode(algorithm, out, data, len)) {
			dsmb_fill_u32(out, start + 4, out->len - start - 8);
		} else {
			dsmb_back(out, start);
			payload_encode(out, DSMB_COMPRESS_NONE, 0, len);
			dsmb_encode_bytes(out, data, len);
		}
	}
	if (runs.back)
		pattern_encode(out, data[len], runs.back);
}

/*
 * Compress a message of @len bytes but for its first @head bytes. Returns the bytes written to
 * @out, which are fewer than @len; 0 if there would be no fewer, if the message is longer than may
 * be compressed, or without memory. Context: process; may sleep for memory.
 */
u32 dsmb_compressed_make(const struct dsmb_compression *with, const u8 *data, u32 len, u32 head,
			 u8 *out)
{
	struct dsmb_builder b = dsmb_builder(out, len - 1);
	u16 algorithm = DSMB_COMPRESS_NONE;

	if (len <= head || len - (with->chained ? 0 : head) > SEGMENT_MAX)
		return 0;
	/* The client's order decides; Pattern_V1 is used for runs whatever its place is. */
	for (int i = with->count - 1; i >= 0; i--)
		if (with->ids[i] != DSMB_COMPRESS_PATTERN_V1)
			algorithm = with->ids[i];
	dsmb_encode_u32(&b, DSMB_COMPRESSED_ID);
	if (with->chained) {
		dsmb_encode_u32(&b, len);
		chain_encode(with, algorithm, &b, data, len, head);
	} else {
		dsmb_encode_u32(&b, len - head);
		payload_encode(&b, algorithm, 0, head);
		dsmb_encode_bytes(&b, data, head);
		b.full |= !data_encode(algorithm, &b, data + head, len - head);
	}
	return b.full ? 0 : b.len;
}
