/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters of remote calls in NDR 2.0 with the low byte first (C706 chapter
 * 14, MS-RPCE section 2.2.4). What is read comes from clients: every read stays
 * inside of the bytes there are; after one that cannot all give zero and @bad is
 * set, so that it is enough to look at the end.
 */
#ifndef _DITTOD_NDR_H
#define _DITTOD_NDR_H

#include "common/types.h"

struct sid;

/**
 * struct ndr_in - bytes that are read
 * @data: all
 * @len: of @data
 * @pos: next one
 * @bad: something did not fit
 */
struct ndr_in {
	const u8 *data;
	size_t len;
	size_t pos;
	bool bad;
};

/**
 * struct ndr_out - bytes that are written
 * @data: to be freed
 * @len: of @data so far
 * @room: allocated
 * @max: more are not written
 * @full: more than @max were wanted
 * @referent: last number of a pointer
 */
struct ndr_out {
	u8 *data;
	size_t len;
	size_t room;
	size_t max;
	bool full;
	u32 referent;
};

void ndr_in_init(struct ndr_in *in, const void *data, size_t len);
u8 ndr_get8(struct ndr_in *in);
u16 ndr_get16(struct ndr_in *in);
u32 ndr_get32(struct ndr_in *in);
/* @n bytes as they are; NULL if there are not so many. */
const u8 *ndr_get(struct ndr_in *in, size_t n);
/* Is a pointer not NULL? What it points to comes later. */
bool ndr_get_pointer(struct ndr_in *in);
/*
 * Elements of a conformant array, which must be @count; what @count is was read
 * before and is the only number that is used.
 */
void ndr_get_count(struct ndr_in *in, u32 count);
/* A [string] of wide characters with its NUL, as UTF-8. */
void ndr_get_string(struct ndr_in *in, char *out, size_t size);
/* The same behind a [unique] pointer; empty for NULL. */
void ndr_get_unique_string(struct ndr_in *in, char *out, size_t size);
/* Header of an RPC_UNICODE_STRING: units; true if they follow later. */
bool ndr_get_unicode_header(struct ndr_in *in, u16 *units);
/* What follows, as UTF-8. */
void ndr_get_unicode(struct ndr_in *in, u16 units, char *out, size_t size);
/* An RPC_SID. */
void ndr_get_sid(struct ndr_in *in, struct sid *sid);

void ndr_out_init(struct ndr_out *out, size_t max);
void ndr_put8(struct ndr_out *out, u8 value);
void ndr_put16(struct ndr_out *out, u16 value);
void ndr_put32(struct ndr_out *out, u32 value);
void ndr_put(struct ndr_out *out, const void *data, size_t len);
void ndr_align(struct ndr_out *out, size_t to);
/* A pointer that is NULL or not. */
void ndr_put_pointer(struct ndr_out *out, bool there);
void ndr_put_string(struct ndr_out *out, const char *text);
/* Header of an RPC_UNICODE_STRING and what follows later. */
void ndr_put_unicode_header(struct ndr_out *out, const char *text);
void ndr_put_unicode(struct ndr_out *out, const char *text);
void ndr_put_sid(struct ndr_out *out, const struct sid *sid);

#endif
