/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing to the wire: a builder that never passes its end.
 *
 * What does not fit is dropped and the builder marked; the mark stays. Handlers
 * that may run out of room (listings) keep the place before an entry and go
 * back to it.
 */
#ifndef _DITTO_SMB_TRANSPORT_BUILDER_H
#define _DITTO_SMB_TRANSPORT_BUILDER_H

#include <linux/string.h>
#include <linux/types.h>
#include <linux/unaligned.h>

/**
 * struct dsmb_builder - bytes being written
 * @data: first byte
 * @size: room
 * @len: bytes written
 * @full: something did not fit
 */
struct dsmb_builder {
	u8 *data;
	u32 size;
	u32 len;
	bool full;
};

static inline struct dsmb_builder dsmb_builder(void *data, u32 size)
{
	return (struct dsmb_builder) { .data = data, .size = size };
}

/* Room for @len bytes, zeroed, or NULL. */
static inline void *dsmb_put(struct dsmb_builder *b, u32 len)
{
	u8 *p = b->data + b->len;

	if (unlikely(b->full || len > b->size - b->len)) {
		b->full = true;
		return NULL;
	}
	b->len += len;
	return memset(p, 0, len);
}

/* Room for @len bytes as they are, or NULL: the caller fills it, or goes back with dsmb_back(). */
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

static inline void dsmb_put_u8(struct dsmb_builder *b, u8 v)
{
	u8 *p = dsmb_put(b, 1);

	if (p)
		*p = v;
}

static inline void dsmb_put_u16(struct dsmb_builder *b, u16 v)
{
	void *p = dsmb_put(b, 2);

	if (p)
		put_unaligned_le16(v, p);
}

static inline void dsmb_put_u32(struct dsmb_builder *b, u32 v)
{
	void *p = dsmb_put(b, 4);

	if (p)
		put_unaligned_le32(v, p);
}

static inline void dsmb_put_u64(struct dsmb_builder *b, u64 v)
{
	void *p = dsmb_put(b, 8);

	if (p)
		put_unaligned_le64(v, p);
}

static inline void dsmb_put_bytes(struct dsmb_builder *b, const void *data, u32 len)
{
	void *p = dsmb_put(b, len);

	if (p)
		memcpy(p, data, len);
}

/* Zeros up to a multiple of @align from the first byte. */
static inline void dsmb_put_align(struct dsmb_builder *b, u32 align)
{
	dsmb_put(b, -b->len & (align - 1));
}

/* What was left out before: @at was b->len when its room was put. */
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

/* Forget what came after @len bytes, and that it did not fit. */
static inline void dsmb_back(struct dsmb_builder *b, u32 len)
{
	b->len = len;
	b->full = false;
}

#endif
