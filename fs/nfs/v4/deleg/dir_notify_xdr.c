// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding of notify4 (RFC 8881 section 20.4.1).
 *
 * Parts that are not known are left out. A removed entry must have a cookie; 0, which READDIR
 * gives to no entry, stands for an unknown one.
 */
#include <linux/bits.h>
#include <linux/sunrpc/xdr.h>

#include "dir_delegation.h"
#include "dir_notify.h"

/* Bytes of a notify_entry4 without name and attributes. */
#define ENTRY_BYTES	(4 + 4 + 4)
/* Bytes of the parts of a notify_add4, and of a notify4, without names and attributes. */
#define REMOVED_BYTES	(ENTRY_BYTES + 8)
#define PREV_BYTES	(ENTRY_BYTES + 8)
#define ADDED_BYTES	(4 + REMOVED_BYTES + ENTRY_BYTES + 4 + 8 + 4 + PREV_BYTES + 4)
#define CHANGE_BYTES	(4 + 4 + 4 + REMOVED_BYTES + ADDED_BYTES)

/*
 * Get the room that a change may need. Return: bytes, no fewer than dnfs4_dir_change_encode()
 * writes.
 */
u32 dnfs4_dir_change_bytes(const struct dnfs4_dir_change *change)
{
	return CHANGE_BYTES + xdr_align_size(change->len) * (1 + change->replaced) +
	       xdr_align_size(change->old_len) + xdr_align_size(change->prev_len) +
	       change->attrs.len;
}

/* notify_entry4 */
static bool encode_entry(struct xdr_stream *xdr, const char *name, u32 len,
			 const struct dnfs4_dir_attrs *attrs)
{
	if (xdr_stream_encode_opaque(xdr, name, len) < 0)
		return false;
	if (attrs && attrs->data)
		return xdr_stream_encode_opaque_fixed(xdr, attrs->data, attrs->len) >= 0;
	return xdr_stream_encode_u32(xdr, 0) >= 0 && xdr_stream_encode_u32(xdr, 0) >= 0;
}

/* notify_remove4 and prev_entry4 */
static bool encode_with_cookie(struct xdr_stream *xdr, const char *name, u32 len, u64 cookie)
{
	return encode_entry(xdr, name, len, NULL) && xdr_stream_encode_u64(xdr, cookie) >= 0;
}

static bool encode_added(struct xdr_stream *xdr, const struct dnfs4_dir_change *change)
{
	const char *prev = change->names + change->len + change->old_len;

	/* nad_old_entry */
	if (xdr_stream_encode_u32(xdr, change->replaced) < 0 ||
	    (change->replaced && !encode_with_cookie(xdr, change->names, change->len,
						     change->replaced_cookie)))
		return false;
	if (!encode_entry(xdr, change->names, change->len, &change->attrs))
		return false;
	/* nad_new_entry_cookie */
	if (xdr_stream_encode_u32(xdr, !!change->cookie) < 0 ||
	    (change->cookie && xdr_stream_encode_u64(xdr, change->cookie) < 0))
		return false;
	/* nad_prev_entry */
	if (xdr_stream_encode_u32(xdr, !!change->prev_len) < 0 ||
	    (change->prev_len && !encode_with_cookie(xdr, prev, change->prev_len,
						     change->prev_cookie)))
		return false;
	/* nad_last_entry */
	return xdr_stream_encode_u32(xdr, change->last) >= 0;
}

/* Encode a change as a notify4. Return: false if it does not fit. */
bool dnfs4_dir_change_encode(struct xdr_stream *xdr, const struct dnfs4_dir_change *change)
{
	unsigned int at;
	__be32 *len;
	bool ok;

	if (xdr_stream_encode_u32(xdr, 1) < 0 ||
	    xdr_stream_encode_u32(xdr, BIT(change->type)) < 0)
		return false;
	len = xdr_reserve_space(xdr, 4);
	if (!len)
		return false;
	at = xdr_stream_pos(xdr);
	switch (change->type) {
	case NOTIFY4_ADD_ENTRY:
		ok = encode_added(xdr, change);
		break;
	case NOTIFY4_REMOVE_ENTRY:
		ok = encode_with_cookie(xdr, change->names, change->len, change->old_cookie);
		break;
	case NOTIFY4_RENAME_ENTRY:
		ok = encode_with_cookie(xdr, change->names + change->len, change->old_len,
					change->old_cookie) &&
		     encode_added(xdr, change);
		break;
	default:
		ok = encode_entry(xdr, change->names, change->len, &change->attrs);
	}
	*len = cpu_to_be32(xdr_stream_pos(xdr) - at);
	return ok;
}
