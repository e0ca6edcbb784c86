/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cursor reads little-endian values from a buffer and never reads beyond its end.
 *
 * A read beyond the end returns zeros and marks the cursor bad; every later read fails too. A
 * parser reads all fields and checks the mark once.
 */
#ifndef _DITTO_SMB_WIRE_CURSOR_H
#define _DITTO_SMB_WIRE_CURSOR_H

#include <linux/string.h>
#include <linux/types.h>
#include <linux/unaligned.h>

/**
 * struct dsmb_cursor - a buffer that is being read
 * @data: first byte
 * @size: bytes in the buffer
 * @pos: current position, at most @size
 * @bad: a read or seek went beyond the end
 */
struct dsmb_cursor {
	const u8 *data;
	u32 size;
	u32 pos;
	bool bad;
};

/* Start a cursor over @size bytes at @data. */
static inline struct dsmb_cursor dsmb_cursor(const void *data, u32 size)
{
	return (struct dsmb_cursor) { .data = data, .size = size };
}

/* Bytes behind the current position. */
static inline u32 dsmb_left(const struct dsmb_cursor *c)
{
	return c->size - c->pos;
}

/* Consume @len bytes. Returns the first of them, or NULL if there are fewer. */
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

/* Move to position @pos; a position beyond the end marks the cursor bad. */
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

/*
 * Get a cursor over a part, given by an offset and a length from the wire. No arithmetic on the
 * arguments can overflow. Return: a cursor over the part. If the part is not inside @c, the
 * returned cursor and @c are marked bad.
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
