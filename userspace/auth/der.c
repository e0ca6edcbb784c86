// SPDX-License-Identifier: GPL-2.0-only
/* Values in DER; see der.h. */

#include <stdlib.h>
#include <string.h>

#include "der.h"

#define TAG_LONG	0x1f	/* the tag continues in further bytes */
#define LENGTH_LONG	0x80	/* the low bits are the number of bytes of the length */
#define LENGTH_BYTES	4

/* Read a length. An indefinite one, and one that exceeds what is left, is none. */
static bool der_get_length(struct der *in, size_t *length)
{
	unsigned int n;

	if (!in->len)
		return false;
	*length = *in->at++;
	in->len--;
	if (*length & LENGTH_LONG) {
		n = *length & ~LENGTH_LONG;
		if (!n || n > LENGTH_BYTES || n > in->len)
			return false;
		for (*length = 0; n; n--, in->len--)
			*length = *length << 8 | *in->at++;
	}
	return *length <= in->len;
}

bool der_get(struct der *in, struct der_value *value)
{
	struct der rest = *in;
	size_t length;

	if (!rest.len)
		return false;
	value->tag = *rest.at++;
	rest.len--;
	if ((value->tag & TAG_LONG) == TAG_LONG || !der_get_length(&rest, &length))
		return false;
	value->content = (struct der){ rest.at, length };
	value->whole = (struct der){ in->at, (size_t)(rest.at - in->at) + length };
	in->at += value->whole.len;
	in->len -= value->whole.len;
	return true;
}

bool der_enter(struct der *in, u8 tag, struct der *content)
{
	struct der_value value;

	if (!der_get(in, &value) || value.tag != tag)
		return false;
	*content = value.content;
	return true;
}

void der_put(struct der_out *out, const void *bytes, size_t len)
{
	if (len > out->start)
		abort();
	out->start -= len;
	if (len)
		memcpy(out->data + out->start, bytes, len);
}

void der_wrap(struct der_out *out, u8 tag, size_t end)
{
	size_t length = end - out->start;
	u8 head[2 + LENGTH_BYTES];
	unsigned int at = sizeof(head);

	if (length < LENGTH_LONG) {
		head[--at] = (u8)length;
	} else {
		for (; length; length >>= 8)
			head[--at] = (u8)length;
		head[at - 1] = (u8)(LENGTH_LONG | (sizeof(head) - at));
		at--;
	}
	head[--at] = tag;
	der_put(out, head + at, sizeof(head) - at);
}
