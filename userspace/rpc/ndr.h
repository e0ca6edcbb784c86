/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters of remote procedure calls in NDR 2.0, little endian (C706 chapter 14, MS-RPCE
 * section 2.2.4).
 *
 * The input comes from clients, so every read is bounds-checked. After a failed read @bad is set
 * and all further reads return zero; it is enough to check @bad once at the end. Numbers are
 * aligned to their size before they are read or written.
 *
 * A buffer is used by one thread at a time.
 */
#ifndef _DITTOD_NDR_H
#define _DITTOD_NDR_H

#include "common/types.h"

struct sid;

/**
 * struct ndr_in - input buffer
 * @data: the bytes
 * @len: length of @data
 * @pos: offset of the next byte
 * @bad: a read failed
 * @excess: an array has more elements than its description lets it have
 */
struct ndr_in {
	const u8 *data;
	size_t len;
	size_t pos;
	bool bad;
	bool excess;
};

/**
 * struct ndr_out - output buffer
 * @data: the bytes, freed by the owner
 * @len: number of bytes written
 * @room: number of bytes allocated
 * @max: limit of @len
 * @full: a write exceeded @max and was dropped
 * @base: where the present message begins, from which alignment is counted
 * @referent: referent id of the last pointer
 */
struct ndr_out {
	u8 *data;
	size_t len;
	size_t room;
	size_t max;
	bool full;
	size_t base;
	u32 referent;
};

/* Start to read @data, which stays the caller's; NULL is allowed if @len is 0. */
void ndr_in_init(struct ndr_in *in, const void *data, size_t len);
u8 ndr_get8(struct ndr_in *in);
u16 ndr_get16(struct ndr_in *in);
u32 ndr_get32(struct ndr_in *in);
/* Read @n bytes without alignment. Returns a pointer into the input; NULL if fewer are left. */
const u8 *ndr_get(struct ndr_in *in, size_t n);
/* Read a pointer. Returns true if it is not NULL; the referent follows later. */
bool ndr_get_pointer(struct ndr_in *in);
/*
 * Read the element count of a conformant array, which must equal @count. @count was read earlier,
 * and only that number is used afterwards.
 */
void ndr_get_count(struct ndr_in *in, u32 count);
/*
 * Read the three counts of a conformant varying array of @count elements, at most @most; @count was
 * read earlier.
 */
void ndr_get_varying(struct ndr_in *in, u32 count, u32 most);
/* Read a [string] of wide characters with its NUL, as UTF-8. */
void ndr_get_string(struct ndr_in *in, char *out, size_t size);
/*
 * Read the header of an RPC_UNICODE_STRING. @units is the number of UTF-16 units; returns true if
 * the text follows later.
 */
bool ndr_get_unicode_header(struct ndr_in *in, u16 *units);
/* Read the text that belongs to such a header, as UTF-8. */
void ndr_get_unicode(struct ndr_in *in, u16 units, char *out, size_t size);
/* Read such a text and drop it. */
void ndr_skip_unicode(struct ndr_in *in, u16 units);
/* Read an RPC_SID. */
void ndr_get_sid(struct ndr_in *in, struct sid *sid);

/* Start to write; the buffer grows up to @max bytes. */
void ndr_out_init(struct ndr_out *out, size_t max);
void ndr_put8(struct ndr_out *out, u8 value);
void ndr_put16(struct ndr_out *out, u16 value);
void ndr_put32(struct ndr_out *out, u32 value);
void ndr_put64(struct ndr_out *out, u64 value);
void ndr_put(struct ndr_out *out, const void *data, size_t len);
/* Pad with zeros up to a multiple of @to, which is 2, 4 or 8. */
void ndr_align(struct ndr_out *out, size_t to);
/* Write a pointer, either NULL or a new referent id. */
void ndr_put_pointer(struct ndr_out *out, bool there);
/* Write a [string] of wide characters with its NUL, from UTF-8. */
void ndr_put_string(struct ndr_out *out, const char *text);
/* Write the header of an RPC_UNICODE_STRING, and later its text. */
void ndr_put_unicode_header(struct ndr_out *out, const char *text);
void ndr_put_unicode(struct ndr_out *out, const char *text);
/* Write an RPC_SID. */
void ndr_put_sid(struct ndr_out *out, const struct sid *sid);

#endif
