/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values in DER (ITU-T X.690): a reader that stays inside what a client sent, and a writer.
 *
 * A value has a tag of one byte and a definite length of at most 4 bytes, which need not be the
 * shortest form. The reader does not recurse; the caller's code sets the depth.
 */
#ifndef _DITTOD_DER_H
#define _DITTOD_DER_H

#include "common/types.h"

#define DER_BIT_STRING		0x03
#define DER_OCTET_STRING	0x04
#define DER_OID			0x06
#define DER_ENUMERATED		0x0a
#define DER_GENERAL_STRING	0x1b
#define DER_SEQUENCE		0x30
/* Constructed tags of an application (0 to 30) and of a context, "[n]" in the text of RFCs. */
#define DER_APPLICATION(n)	(0x60 | (n))
#define DER_CONTEXT(n)		(0xa0 | (n))

/**
 * struct der - bytes that are left to read
 * @at: the next byte
 * @len: their number
 */
struct der {
	const u8 *at;
	size_t len;
};

/**
 * struct der_value - a value
 * @tag: its tag
 * @content: its content
 * @whole: the same with tag and length
 */
struct der_value {
	u8 tag;
	struct der content;
	struct der whole;
};

/* Read the next value. Returns false if there is none that lies inside @in. */
bool der_get(struct der *in, struct der_value *value);
/* Read the next value, which must have this tag, and return its content. */
bool der_enter(struct der *in, u8 tag, struct der *content);

/**
 * struct der_out - output, which grows from the end to the beginning
 * @data: the buffer
 * @start: offset of the first byte written
 * @size: size of @data
 *
 * The length of a value is known when its content has been written, so that is written first. The
 * caller makes @data large enough: for each value 6 bytes beside its content.
 */
struct der_out {
	u8 *data;
	size_t start;
	size_t size;
};

/* Put bytes in front of what was written. */
void der_put(struct der_out *out, const void *bytes, size_t len);
/* Put tag and length in front of what was written since @start was @end. */
void der_wrap(struct der_out *out, u8 tag, size_t end);

#endif
