/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading from the wire: a cursor over bytes that never leaves them.
 *
 * Reading beyond the end gives zeros and marks the cursor; the mark stays. A
 * parser reads all it needs and looks at the mark once.
 */
#ifndef _DITTO_SMB_TRANSPORT_CURSOR_H
#define _DITTO_SMB_TRANSPORT_CURSOR_H

#include <linux/string.h>
#include <linux/types.h>
#include <linux/unaligned.h>

/**
 * struct dsmb_cursor - bytes and a place in them
 * @data: first byte
 * @size: how many
 * @pos: place, at most @size
 * @bad: something beyond the end was asked for
 */
struct dsmb_cursor {
	const u8 *data;
	u32 size;
	u32 pos;
	bool bad;
};

static inline struct dsmb_cursor dsmb_cursor(const void *data, u32 size)
{
	return (struct dsmb_cursor) { .data = data, .size = size };
}

static inline u32 dsmb_left(const struct dsmb_cursor *c)
{
	return c->size - c->pos;
}

/* The next @len bytes, or NULL. */
static inline const void *dsmb_get(struct dsmb_cursor *c, u32 len)
{
	const u8 *p = c->data + c->pos;

	if (unlikely(c->bad || len > c->size - c->pos)) {
		c->bad = true;
		return NULL;
	}
	c->pos += len;
	return p;
}

static inline void dsmb_skip(struct dsmb_cursor *c, u32 len)
{
	dsmb_get(c, len);
}

static inline void dsmb_seek(struct dsmb_cursor *c, u32 pos)
{
	if (pos > c->size)
		c->bad = true;
	else
		c->pos = pos;
}

static inline u8 dsmb_get_u8(struct dsmb_cursor *c)
{
	const u8 *p = dsmb_get(c, 1);

	return p ? *p : 0;
}

static inline u16 dsmb_get_u16(struct dsmb_cursor *c)
{
	const u8 *p = dsmb_get(c, 2);

	return p ? get_unaligned_le16(p) : 0;
}

static inline u32 dsmb_get_u32(struct dsmb_cursor *c)
{
	const u8 *p = dsmb_get(c, 4);

	return p ? get_unaligned_le32(p) : 0;
}

static inline u64 dsmb_get_u64(struct dsmb_cursor *c)
{
	const u8 *p = dsmb_get(c, 8);

	return p ? get_unaligned_le64(p) : 0;
}

static inline void dsmb_get_bytes(struct dsmb_cursor *c, void *out, u32 len)
{
	const u8 *p = dsmb_get(c, len);

	if (p)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

/**
 * dsmb_window - a cursor over a part, given by offset and length from the wire
 * @c: the whole
 * @offset: from the first byte of @c
 * @len: bytes
 *
 * No arithmetic on them can overflow. A part that is not inside gives a cursor
 * that is marked, and marks @c.
 */
static inline struct dsmb_cursor dsmb_window(struct dsmb_cursor *c, u32 offset, u32 len)
{
	struct dsmb_cursor w = { .bad = true };

	if (c->bad || offset > c->size || len > c->size - offset) {
		c->bad = true;
		return w;
	}
	w.data = c->data + offset;
	w.size = len;
	w.bad = false;
	return w;
}

#endif
