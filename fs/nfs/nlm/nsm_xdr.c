// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decoding of NSM arguments (C702 section 11.2).
 *
 * Strings are copied, because the request may lie in scattered pages.
 */
#include <linux/string.h>
#include <linux/sunrpc/xdr.h>
#include <kunit/visibility.h>

#include "nsm.h"

static bool decode_string(struct xdr_stream *xdr, struct dnlm_bytes *bytes, u8 *room)
{
	__be32 *p;

	if (xdr_stream_decode_u32(xdr, &bytes->len) || bytes->len > NSM_STRING_MAX)
		return false;
	p = xdr_inline_decode(xdr, bytes->len);
	if (!p)
		return false;
	memcpy(room, p, bytes->len);
	bytes->data = room;
	return true;
}

bool dnsm_decode_name(struct xdr_stream *xdr, void *args)
{
	struct dnsm_args *a = args;

	return decode_string(xdr, &a->name, a->room);
}
EXPORT_SYMBOL_IF_KUNIT(dnsm_decode_name);

bool dnsm_decode_my_id(struct xdr_stream *xdr, void *args)
{
	struct dnsm_args *a = args;

	return decode_string(xdr, &a->my_name, a->room + NSM_STRING_MAX) &&
	       !xdr_stream_decode_u32(xdr, &a->program) &&
	       !xdr_stream_decode_u32(xdr, &a->version) &&
	       !xdr_stream_decode_u32(xdr, &a->procedure);
}
EXPORT_SYMBOL_IF_KUNIT(dnsm_decode_my_id);

bool dnsm_decode_mon_id(struct xdr_stream *xdr, void *args)
{
	return dnsm_decode_name(xdr, args) && dnsm_decode_my_id(xdr, args);
}
EXPORT_SYMBOL_IF_KUNIT(dnsm_decode_mon_id);

bool dnsm_decode_mon(struct xdr_stream *xdr, void *args)
{
	struct dnsm_args *a = args;

	return dnsm_decode_mon_id(xdr, args) &&
	       xdr_stream_decode_opaque_fixed(xdr, a->priv, sizeof(a->priv)) >= 0;
}
EXPORT_SYMBOL_IF_KUNIT(dnsm_decode_mon);

bool dnsm_decode_notify(struct xdr_stream *xdr, void *args)
{
	struct dnsm_args *a = args;

	return dnsm_decode_name(xdr, args) && !xdr_stream_decode_u32(xdr, &a->state);
}
EXPORT_SYMBOL_IF_KUNIT(dnsm_decode_notify);
