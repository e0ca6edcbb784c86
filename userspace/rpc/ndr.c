// SPDX-License-Identifier: GPL-2.0-only
/* Parameters of remote procedure calls in NDR 2.0; see ndr.h. */

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "ndr.h"
#include "identity/sid.h"
#include "auth/ntlm/utf16.h"

/* Referent ids may be any numbers except 0. */
#define FIRST_REFERENT	0x00020000

void ndr_in_init(struct ndr_in *in, const void *data, size_t len)
{
	memset(in, 0, sizeof(*in));
	/* A call without parameters has no data. */
	in->data = data ? data : (const u8 *)"";
	in->len = len;
}

const u8 *ndr_get(struct ndr_in *in, size_t n)
{
	const u8 *p;

	if (in->bad || n > in->len - in->pos) {
		in->bad = true;
		return NULL;
	}
	p = in->data + in->pos;
	in->pos += n;
	return p;
}

/* Read a number of @size bytes, aligned to its size. */
static u32 get_number(struct ndr_in *in, size_t size)
{
	const u8 *p;
	u32 value = 0;
	size_t i;

	ndr_get(in, -in->pos & (size - 1));
	p = ndr_get(in, size);
	for (i = 0; p && i < size; i++)
		value |= (u32)p[i] << (8 * i);
	return value;
}

u8 ndr_get8(struct ndr_in *in)
{
	return (u8)get_number(in, 1);
}

u16 ndr_get16(struct ndr_in *in)
{
	return (u16)get_number(in, 2);
}

u32 ndr_get32(struct ndr_in *in)
{
	return get_number(in, 4);
}

bool ndr_get_pointer(struct ndr_in *in)
{
	return ndr_get32(in);
}

void ndr_get_count(struct ndr_in *in, u32 count)
{
	if (ndr_get32(in) != count)
		in->bad = true;
}

/*
 * Read maximum count, offset and actual count of a conformant varying array. Returns the actual
 * count.
 */
static u32 get_extent(struct ndr_in *in)
{
	u32 room = ndr_get32(in);
	u32 offset = ndr_get32(in);
	u32 len = ndr_get32(in);

	if (offset || len > room)
		in->bad = true;
	return in->bad ? 0 : len;
}

void ndr_get_varying(struct ndr_in *in, u32 count, u32 most)
{
	if (count > most || get_extent(in) != count)
		in->bad = true;
}

/* Read text up to its first NUL or its end. Returns its length in units. */
static u32 get_text(struct ndr_in *in, u32 units, char *out, size_t size)
{
	const u8 *p = ndr_get(in, 2 * (size_t)units);
	u32 len = 0;

	out[0] = '\0';
	while (p && len < units && (p[2 * len] || p[2 * len + 1]))
		len++;
	if (!p || !utf16_to_utf8(p, len, out, size)) {
		in->bad = true;
		out[0] = '\0';
	}
	return len;
}

void ndr_get_string(struct ndr_in *in, char *out, size_t size)
{
	u32 units = get_extent(in);

	/* Some clients send more than one NUL, but at least one is required. */
	if (get_text(in, units, out, size) == units)
		in->bad = true;
}

bool ndr_get_unicode_header(struct ndr_in *in, u16 *units)
{
	u16 room;
	bool there;

	/* A structure is aligned like its widest member. */
	ndr_get(in, -in->pos & 3);
	*units = ndr_get16(in);
	room = ndr_get16(in);
	there = ndr_get_pointer(in);
	if (*units % 2 || *units > room || (*units && !there))
		in->bad = true;
	*units /= 2;
	return there;
}

void ndr_get_unicode(struct ndr_in *in, u16 units, char *out, size_t size)
{
	if (get_extent(in) != units)
		in->bad = true;
	get_text(in, units, out, size);
}

void ndr_skip_unicode(struct ndr_in *in, u16 units)
{
	if (get_extent(in) != units)
		in->bad = true;
	ndr_get(in, 2 * (size_t)units);
}

void ndr_get_sid(struct ndr_in *in, struct sid *sid)
{
	u32 count = ndr_get32(in);
	const u8 *p = ndr_get(in, 8);
	u32 i;

	memset(sid, 0, sizeof(*sid));
	if (!p || p[0] != 1 || p[1] != count || count > SID_SUBS_MAX) {
		in->bad = true;
		return;
	}
	for (i = 2; i < 8; i++)
		sid->authority = sid->authority << 8 | p[i];
	sid->nsubs = count;
	for (i = 0; i < count; i++)
		sid->sub[i] = ndr_get32(in);
}

void ndr_out_init(struct ndr_out *out, size_t max)
{
	memset(out, 0, sizeof(*out));
	out->max = max;
	out->referent = FIRST_REFERENT;
}

/* Append @len bytes. Returns NULL if the limit is exceeded. */
static u8 *ndr_extend(struct ndr_out *out, size_t len)
{
	size_t room = out->room ?: 512;
	u8 *data;

	if (out->full || len > out->max - out->len) {
		out->full = true;
		return NULL;
	}
	while (room < out->len + len)
		room *= 2;
	if (room != out->room) {
		data = realloc(out->data, room);
		if (!data)
			mem_out();
		out->data = data;
		out->room = room;
	}
	data = out->data + out->len;
	out->len += len;
	return data;
}

void ndr_put(struct ndr_out *out, const void *data, size_t len)
{
	u8 *p = ndr_extend(out, len);

	if (p && len)
		memcpy(p, data, len);
}

void ndr_align(struct ndr_out *out, size_t to)
{
	static const u8 zeros[8];

	ndr_put(out, zeros, (out->base - out->len) & (to - 1));
}

static void put_number(struct ndr_out *out, u64 value, size_t size)
{
	size_t i;
	u8 *p;

	ndr_align(out, size);
	p = ndr_extend(out, size);
	for (i = 0; p && i < size; i++)
		p[i] = (u8)(value >> (8 * i));
}

void ndr_put8(struct ndr_out *out, u8 value)
{
	put_number(out, value, 1);
}

void ndr_put16(struct ndr_out *out, u16 value)
{
	put_number(out, value, 2);
}

void ndr_put32(struct ndr_out *out, u32 value)
{
	put_number(out, value, 4);
}

void ndr_put64(struct ndr_out *out, u64 value)
{
	put_number(out, value, 8);
}

void ndr_put_pointer(struct ndr_out *out, bool there)
{
	if (there)
		out->referent += 4;
	ndr_put32(out, there ? out->referent : 0);
}

static void put_text(struct ndr_out *out, const char *text)
{
	u8 *p = ndr_extend(out, 2 * utf16_from_utf8(text, NULL));

	if (p)
		utf16_from_utf8(text, p);
}

void ndr_put_string(struct ndr_out *out, const char *text)
{
	u32 units = (u32)utf16_from_utf8(text, NULL) + 1;

	ndr_put32(out, units);
	ndr_put32(out, 0);
	ndr_put32(out, units);
	put_text(out, text);
	ndr_put16(out, 0);
}

void ndr_put_unicode_header(struct ndr_out *out, const char *text)
{
	u16 bytes = (u16)(2 * utf16_from_utf8(text, NULL));

	ndr_align(out, 4);
	ndr_put16(out, bytes);
	ndr_put16(out, bytes);
	ndr_put_pointer(out, true);
}

void ndr_put_unicode(struct ndr_out *out, const char *text)
{
	u32 units = (u32)utf16_from_utf8(text, NULL);

	ndr_put32(out, units);
	ndr_put32(out, 0);
	ndr_put32(out, units);
	put_text(out, text);
}

void ndr_put_sid(struct ndr_out *out, const struct sid *sid)
{
	u8 bytes[SID_SIZE_MAX];
	size_t len;

	ndr_put32(out, sid->nsubs);
	len = sid_put(sid, bytes);
	ndr_put(out, bytes, len);
}
