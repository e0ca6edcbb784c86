/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A builder writes little-endian values to a buffer and never writes beyond its end.
 *
 * A value that does not fit is dropped and the builder is marked full; every later write fails
 * too. A command that may run out of room (a directory listing) remembers the position before
 * an entry and returns to it by dsmb_back().
 */
#ifndef _DITTO_SMB_WIRE_BUILDER_H
#define _DITTO_SMB_WIRE_BUILDER_H

#include <linux/string.h>
#include <linux/types.h>
#include <linux/unaligned.h>

/**
 * struct dsmb_builder - a buffer that is being written
 * @data: first byte
 * @size: bytes of room
 * @len: bytes written
 * @full: a value did not fit
 */
struct dsmb_builder {
	u8 *data;
	u32 size;
	u32 len;
	bool full;
};

/* Start a builder over @size bytes at @data. */
static inline struct dsmb_builder dsmb_builder(void *data, u32 size)
{
	return (struct dsmb_builder) { .data = data, .size = size };
}

/* Append @len zero bytes. Returns the first of them, or NULL if they do not fit. */
static inline void *dsmb_builder_reserve(struct dsmb_builder *b, u32 len)
{
	u8 *p = b->data + b->len;

	if (unlikely(b->full || len > b->size - b->len)) {
		b->full = true;
		return NULL;
	}
	b->len += len;
	return memset(p, 0, len);
}

/*
 * Append @len bytes without initializing them. The caller must fill them, or remove them by
 * dsmb_back(). Returns the first of them, or NULL if they do not fit.
 */
static inline void *dsmb_room(struct dsmb_builder *b, u32 len)
{
	u8 *p = b->data + b->len;

	if (unlikely(b->full || len > b->size - b->len)) {
		b->full = true;
		return NULL;
	}
	b->len += len;
	return p;
}

static inline void dsmb_encode_u8(struct dsmb_builder *b, u8 v)
{
	u8 *p = dsmb_builder_reserve(b, 1);

	if (p)
		*p = v;
}

static inline void dsmb_encode_u16(struct dsmb_builder *b, u16 v)
{
	void *p = dsmb_builder_reserve(b, 2);

	if (p)
		put_unaligned_le16(v, p);
}

static inline void dsmb_encode_u32(struct dsmb_builder *b, u32 v)
{
	void *p = dsmb_builder_reserve(b, 4);

	if (p)
		put_unaligned_le32(v, p);
}

static inline void dsmb_encode_u64(struct dsmb_builder *b, u64 v)
{
	void *p = dsmb_builder_reserve(b, 8);

	if (p)
		put_unaligned_le64(v, p);
}

static inline void dsmb_encode_bytes(struct dsmb_builder *b, const void *data, u32 len)
{
	void *p = dsmb_builder_reserve(b, len);

	if (p)
		memcpy(p, data, len);
}

/* Append zeros until the length is a multiple of @align, a power of two. */
static inline void dsmb_encode_align(struct dsmb_builder *b, u32 align)
{
	dsmb_builder_reserve(b, -b->len & (align - 1));
}

/*
 * Set a field that was appended before its value was known: @at was b->len before it was
 * appended.
 */
static inline void dsmb_fill_u16(struct dsmb_builder *b, u32 at, u16 v)
{
	if (at + 2 <= b->len)
		put_unaligned_le16(v, b->data + at);
}

static inline void dsmb_fill_u32(struct dsmb_builder *b, u32 at, u32 v)
{
	if (at + 4 <= b->len)
		put_unaligned_le32(v, b->data + at);
}

/* Truncate to @len bytes and clear the mark of a full builder. */
static inline void dsmb_back(struct dsmb_builder *b, u32 len)
{
	b->len = len;
	b->full = false;
}

#endif
