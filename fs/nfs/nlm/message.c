// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDR of NLM messages (RFC 4506), driven by two tables: the fields of each message, and the form of
 * each field.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/sunrpc/xdr.h>

#include "message.h"

enum field {
	END,
	COOKIE,
	NAME,
	FH,
	OH,
	SVID,
	RANGE,
	BLOCK,
	EXCLUSIVE,
	RECLAIM,
	STATE,
	MODE,
	ACCESS,
	STATUS,
	SEQUENCE,
	IF_DENIED,	/* the rest is present only with NLM_DENIED */
	FIELDS,
};

#define DNLM_FIELDS_MAX	12

static const u8 layouts[DNLM_LAYOUTS][DNLM_FIELDS_MAX] = {
	[DNLM_TEST_ARGS] = {
		COOKIE, EXCLUSIVE, NAME, FH, OH, SVID, RANGE,
	},
	[DNLM_LOCK_ARGS] = {
		COOKIE, BLOCK, EXCLUSIVE, NAME, FH, OH, SVID, RANGE, RECLAIM, STATE,
	},
	[DNLM_CANCEL_ARGS] = {
		COOKIE, BLOCK, EXCLUSIVE, NAME, FH, OH, SVID, RANGE,
	},
	[DNLM_UNLOCK_ARGS] = {
		COOKIE, NAME, FH, OH, SVID, RANGE,
	},
	[DNLM_SHARE_ARGS] = {
		COOKIE, NAME, FH, OH, MODE, ACCESS, RECLAIM,
	},
	[DNLM_NOTIFY_ARGS] = {
		NAME, STATE,
	},
	[DNLM_RES] = {
		COOKIE, STATUS,
	},
	[DNLM_TEST_RES] = {
		COOKIE, STATUS, IF_DENIED, EXCLUSIVE, SVID, OH, RANGE,
	},
	[DNLM_SHARE_RES] = {
		COOKIE, STATUS, SEQUENCE,
	},
};

/* Encodings of a field. */
enum form {
	FORM_NONE,
	FORM_BYTES,	/* a length, at most @max, and that number of bytes */
	FORM_WORD,	/* 32 bits, at most @max */
	FORM_RANGE,	/* offset and length of the range */
};

static const struct {
	u16 offset;
	u8 form;
	u32 max;
} fields[FIELDS] = {
#define FIELD(_name, _member, _form, _max) \
	[_name] = { offsetof(struct dnlm_msg, _member), FORM_##_form, _max }
	FIELD(COOKIE,		cookie,		BYTES,	NLM_NETOBJ_MAX),
	FIELD(NAME,		name,		BYTES,	NLM_STRING_MAX),
	FIELD(FH,		fh,		BYTES,	NLM_NETOBJ_MAX),
	FIELD(OH,		oh,		BYTES,	NLM_NETOBJ_MAX),
	FIELD(SVID,		svid,		WORD,	U32_MAX),
	FIELD(RANGE,		offset,		RANGE,	0),
	FIELD(BLOCK,		block,		WORD,	1),
	FIELD(EXCLUSIVE,	exclusive,	WORD,	1),
	FIELD(RECLAIM,		reclaim,	WORD,	1),
	FIELD(STATE,		state,		WORD,	U32_MAX),
	FIELD(MODE,		mode,		WORD,	NLM_SHARE_MAX),
	FIELD(ACCESS,		access,		WORD,	NLM_SHARE_MAX),
	FIELD(STATUS,		status,		WORD,	U32_MAX),
	FIELD(SEQUENCE,		sequence,	WORD,	U32_MAX),
#undef FIELD
};

static bool decode_bytes(struct xdr_stream *xdr, struct dnlm_args *args,
			 struct dnlm_bytes *bytes, u32 max)
{
	__be32 *p;

	if (xdr_stream_decode_u32(xdr, &bytes->len) || bytes->len > max ||
	    bytes->len > sizeof(args->room) - args->used)
		return false;
	p = xdr_inline_decode(xdr, bytes->len);
	if (!p)
		return false;
	bytes->data = args->room + args->used;
	memcpy(args->room + args->used, p, bytes->len);
	args->used += bytes->len;
	return true;
}

static bool decode_range(struct xdr_stream *xdr, bool wide, struct dnlm_msg *msg)
{
	u32 offset, length;

	if (wide)
		return !xdr_stream_decode_u64(xdr, &msg->offset) &&
		       !xdr_stream_decode_u64(xdr, &msg->length);
	if (xdr_stream_decode_u32(xdr, &offset) || xdr_stream_decode_u32(xdr, &length))
		return false;
	msg->offset = offset;
	msg->length = length;
	return true;
}

/*
 * Decode a message. Return: false if it is truncated, has a string longer than allowed, or an
 * invalid bool or enum.
 */
bool dnlm_decode(struct xdr_stream *xdr, enum dnlm_layout layout, bool wide,
		 struct dnlm_args *args)
{
	const u8 *f;

	for (f = layouts[layout]; *f != END; f++) {
		void *member = (void *)&args->msg + fields[*f].offset;

		switch (fields[*f].form) {
		case FORM_BYTES:
			if (!decode_bytes(xdr, args, member, fields[*f].max))
				return false;
			break;
		case FORM_WORD:
			if (xdr_stream_decode_u32(xdr, member) ||
			    *(u32 *)member > fields[*f].max)
				return false;
			break;
		case FORM_RANGE:
			if (!decode_range(xdr, wide, &args->msg))
				return false;
			break;
		case FORM_NONE:
			if (*f == IF_DENIED && args->msg.status != NLM_DENIED)
				return true;
			break;
		}
	}
	return true;
}

/* Cuts a range that begins or ends beyond 32 bits: it then extends to the end. */
static bool encode_range(struct xdr_stream *xdr, bool wide, const struct dnlm_msg *msg)
{
	u64 offset = msg->offset, length = msg->length;

	if (wide)
		return xdr_stream_encode_u64(xdr, offset) >= 0 &&
		       xdr_stream_encode_u64(xdr, length) >= 0;
	if (offset > U32_MAX)
		offset = U32_MAX;
	if (length > U32_MAX || offset + length - 1 > U32_MAX)
		length = 0;
	return xdr_stream_encode_u32(xdr, offset) >= 0 &&
	       xdr_stream_encode_u32(xdr, length) >= 0;
}

/* Encode a message. Return: false if it does not fit. */
bool dnlm_encode(struct xdr_stream *xdr, enum dnlm_layout layout, bool wide,
		 const struct dnlm_msg *msg)
{
	const u8 *f;

	for (f = layouts[layout]; *f != END; f++) {
		const void *member = (const void *)msg + fields[*f].offset;
		const struct dnlm_bytes *bytes = member;

		switch (fields[*f].form) {
		case FORM_BYTES:
			if (xdr_stream_encode_opaque(xdr, bytes->data, bytes->len) < 0)
				return false;
			break;
		case FORM_WORD:
			if (xdr_stream_encode_u32(xdr, *(const u32 *)member) < 0)
				return false;
			break;
		case FORM_RANGE:
			if (!encode_range(xdr, wide, msg))
				return false;
			break;
		case FORM_NONE:
			if (*f == IF_DENIED && msg->status != NLM_DENIED)
				return true;
			break;
		}
	}
	return true;
}

/* Most bytes of an encoded message. Return: bytes. */
u32 dnlm_size(enum dnlm_layout layout, bool wide)
{
	u32 size = 0;
	const u8 *f;

	for (f = layouts[layout]; *f != END; f++) {
		switch (fields[*f].form) {
		case FORM_BYTES:
			size += 4 + fields[*f].max;
			break;
		case FORM_WORD:
			size += 4;
			break;
		case FORM_RANGE:
			size += wide ? 16 : 8;
			break;
		}
	}
	return size;
}

/*
 * Convert a range from the wire. @length: number of bytes; 0 means to the end of the file. Return:
 * 0, or -EFBIG if the range ends beyond the width.
 */
int dnlm_range(u64 offset, u64 length, bool wide, u64 *first, u64 *last)
{
	*first = offset;
	*last = U64_MAX;
	if (!length)
		return 0;
	if (check_add_overflow(offset, length - 1, last) || (!wide && *last > U32_MAX))
		return -EFBIG;
	return 0;
}

/* Set the range of a message that describes a holder. */
void dnlm_range_fill(u64 first, u64 last, struct dnlm_msg *msg)
{
	msg->offset = first;
	msg->length = last == U64_MAX ? 0 : last - first + 1;
}
