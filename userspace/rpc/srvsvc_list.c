// SPDX-License-Identifier: GPL-2.0-only
/* Lists of information structures; see srvsvc.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "srvsvc.h"

/* Bytes reserved for the data around a list. */
#define LIST_MARGIN	256

const struct srvsvc_level *srvsvc_level_find(const struct srvsvc_level *levels, size_t n,
					     u32 number)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (levels[i].level == number)
			return &levels[i];
	return NULL;
}

u32 srvsvc_error(int rc)
{
	if (!rc)
		return ERROR_SUCCESS;
	return rc == -EACCES ? ERROR_ACCESS_DENIED : ERROR_GEN_FAILURE;
}

static void item_put_fixed(struct ndr_out *out, const struct srvsvc_level *level,
			   const struct srvsvc_items *items, const void *item)
{
	struct srvsvc_value value;
	const u8 *m;

	for (m = level->member; *m; m++) {
		memset(&value, 0, sizeof(value));
		items->value(item, *m, &value);
		if (value.pointer)
			ndr_put_pointer(out, value.text);
		else
			ndr_put32(out, value.number);
	}
}

static void item_put_deferred(struct ndr_out *out, const struct srvsvc_level *level,
			      const struct srvsvc_items *items, const void *item)
{
	struct srvsvc_value value;
	const u8 *m;

	for (m = level->member; *m; m++) {
		memset(&value, 0, sizeof(value));
		items->value(item, *m, &value);
		if (value.pointer && value.text)
			ndr_put_string(out, value.text);
	}
}

static const void *item_at(const struct srvsvc_items *items, u32 i)
{
	return (const u8 *)items->items + i * items->size;
}

/* Return the encoded size of an item in bytes. */
static size_t item_len(const struct srvsvc_level *level, const struct srvsvc_items *items, u32 i)
{
	struct ndr_out out;

	ndr_out_init(&out, RPC_REPLY_MAX);
	item_put_fixed(&out, level, items, item_at(items, i));
	item_put_deferred(&out, level, items, item_at(items, i));
	ndr_align(&out, 4);
	free(out.data);
	return out.len;
}

u32 srvsvc_part_get(struct ndr_in *in, struct srvsvc_part *part)
{
	memset(part, 0, sizeof(*part));
	part->level = ndr_get32(in);
	if (ndr_get32(in) != part->level)
		return RPC_FAULT_NDR;
	/* A container, which is empty in the request; some clients send an array of nothing. */
	if (ndr_get_pointer(in)) {
		ndr_get32(in);
		if (ndr_get_pointer(in) && ndr_get32(in))
			return RPC_FAULT_NDR;
	}
	part->wanted_len = ndr_get32(in);
	part->resume = ndr_get_pointer(in);
	if (part->resume)
		part->first = ndr_get32(in);
	return in->bad ? RPC_FAULT_NDR : 0;
}

/* Count the items from an index on that fit, at least one. */
static u32 items_that_fit(const struct srvsvc_items *items, const struct srvsvc_level *level,
			  u32 first, u32 wanted_len)
{
	size_t room = RPC_REPLY_MAX - LIST_MARGIN, len = 0;
	u32 i;

	if (wanted_len < room)
		room = wanted_len;
	for (i = first; i < items->n; i++) {
		len += item_len(level, items, i);
		if (len > room && i > first)
			break;
	}
	return i - first;
}

/* The structures that MS-SRVS calls ..._ENUM_STRUCT (sections 2.2.4.37 to 2.2.4.41). */
static void put_list(struct ndr_out *out, const struct srvsvc_level *level, u32 number,
		     const struct srvsvc_items *items, u32 first, u32 n)
{
	u32 i;

	ndr_put32(out, number);
	ndr_put32(out, number);
	ndr_put_pointer(out, level);
	if (!level)
		return;
	ndr_put32(out, n);
	ndr_put_pointer(out, n);
	if (n)
		ndr_put32(out, n);
	for (i = 0; i < n; i++)
		item_put_fixed(out, level, items, item_at(items, first + i));
	for (i = 0; i < n; i++)
		item_put_deferred(out, level, items, item_at(items, first + i));
}

u32 srvsvc_part_put(struct rpc_call *call, const struct srvsvc_part *part,
		    const struct srvsvc_level *level, const struct srvsvc_items *items, u32 result)
{
	u32 total = result || !level ? 0 : items->n;
	u32 first = part->first < total ? part->first : total;
	struct ndr_out *out = &call->out;
	u32 n = 0;

	if (!level)
		result = ERROR_INVALID_LEVEL;
	else if (!result)
		n = items_that_fit(items, level, first, part->wanted_len);
	if (!result && first + n < total)
		result = ERROR_MORE_DATA;
	put_list(out, level, part->level, items, first, n);
	ndr_put32(out, total - first);
	ndr_put_pointer(out, part->resume);
	if (part->resume)
		ndr_put32(out, result == ERROR_MORE_DATA ? first + n : 0);
	return rpc_put_status(call, result);
}

void srvsvc_item_put(struct ndr_out *out, u32 number, const struct srvsvc_level *level,
		     const struct srvsvc_items *items, const void *item)
{
	ndr_put32(out, number);
	ndr_put_pointer(out, item);
	if (!item)
		return;
	item_put_fixed(out, level, items, item);
	item_put_deferred(out, level, items, item);
}
