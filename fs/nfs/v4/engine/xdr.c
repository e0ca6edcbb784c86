// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDR of types that many operations use.
 */
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/unaligned.h>

#include "../../../op/bytes.h"
#include "../../rpc/decode.h"
#include "../../rpc/encode.h"
#include "compound.h"

/* Bytes that xdr_reserve_space() can give in one piece wherever a page ends. */
#define PIECE	1024

/* Encode a change_info4 (RFC 8881 section 3.3.4). Return: false if it does not fit. */
bool dnfs4_encode_change_info(struct xdr_stream *xdr, const struct ditto_wcc *wcc)
{
	struct ditto_change_info change = ditto_wcc_change(wcc);
	__be32 *p = dnfs_inline_reserve(xdr, DNFS4_CHANGE_INFO_BYTES);

	if (!p)
		return false;
	*p++ = cpu_to_be32(change.atomic);
	p = xdr_encode_hyper(p, change.before);
	xdr_encode_hyper(p, change.after);
	return true;
}

/* Decode a stateid4. Return: NFS4_OK or NFS4ERR_BADXDR. */
u32 dnfs4_decode_stateid(struct xdr_stream *xdr, struct dnfs4_stateid *sid)
{
	const __be32 *p = dnfs_inline_decode(xdr, sizeof(__be32) + DNFS4_OTHER_SIZE);

	if (!p)
		return NFS4ERR_BADXDR;
	dnfs4_take_stateid(p, sid);
	return NFS4_OK;
}

/* Encode a stateid4. Return: false if it does not fit. */
bool dnfs4_encode_stateid(struct xdr_stream *xdr, const struct dnfs4_stateid *sid)
{
	__be32 *p = dnfs_inline_reserve(xdr, sizeof(__be32) + DNFS4_OTHER_SIZE);

	if (!p)
		return false;
	*p++ = cpu_to_be32(sid->seqid);
	memcpy(p, sid->other, DNFS4_OTHER_SIZE);
	return true;
}

/*
 * Go back to an earlier position. Takes time for all that lies before the position, and nothing to
 * remember it. It is one word off if RPCSEC_GSS has decrypted what is no whole number of words,
 * which is no valid call; what is decoded is checked anew in any case.
 */
void dnfs4_rewind(struct xdr_stream *xdr, unsigned int words)
{
	unsigned int pos = (XDR_QUADLEN(xdr->buf->len) - words) * XDR_UNIT, bytes;
	const struct kvec scratch = xdr->scratch;

	xdr_init_decode(xdr, xdr->buf, NULL, xdr->rqst);
	xdr_set_scratch_buffer(xdr, scratch.iov_base, scratch.iov_len);
	for (; pos; pos -= bytes) {
		/* The rest of the present buffer, or the word that begins there, or behind it. */
		bytes = round_down((u8 *)xdr->end - (u8 *)xdr->p, XDR_UNIT);
		bytes = clamp(bytes, XDR_UNIT, pos);
		if (WARN_ON_ONCE(!xdr_inline_decode(xdr, bytes)))
			return;
	}
}

/*
 * Decode an nfstime4. Return: NFS4_OK; NFS4ERR_BADXDR; NFS4ERR_INVAL if the nanoseconds are out of
 * range.
 */
u32 dnfs4_decode_time(struct xdr_stream *xdr, struct timespec64 *time)
{
	__be32 *p = dnfs_inline_decode(xdr, 12);

	if (!p)
		return NFS4ERR_BADXDR;
	time->tv_sec = get_unaligned_be64(p);
	time->tv_nsec = be32_to_cpup(p + 2);
	return time->tv_nsec < NSEC_PER_SEC ? NFS4_OK : NFS4ERR_INVAL;
}

/* Encode an nfstime4. Return: false if it does not fit. */
bool dnfs4_encode_time(struct xdr_stream *xdr, const struct timespec64 *time)
{
	__be32 *p = xdr_reserve_space(xdr, 12);

	if (!p)
		return false;
	p = xdr_encode_hyper(p, time->tv_sec);
	*p = cpu_to_be32(time->tv_nsec);
	return true;
}

/*
 * Allocate from the scratch after the arguments. Return: memory valid until the operation ends;
 * NULL if the scratch is exhausted.
 */
void *dnfs4_scratch_alloc(struct dnfs4_compound *cmp, u32 bytes)
{
	void *at = cmp->args + DNFS4_ARGS_MAX + cmp->scratch_used;

	if (bytes > DNFS4_SCRATCH_MAX - cmp->scratch_used)
		return NULL;
	cmp->scratch_used += ALIGN(bytes, sizeof(u64));
	return at;
}

/*
 * Data that straddles two pages of the request lies in the stream's scratch
 * page, where the next such piece would overwrite it. It is copied.
 */
static const void *xdr_keep(struct dnfs4_compound *cmp, const void *data, u32 len)
{
	const struct kvec *scratch = &cmp->in->scratch;
	void *copy;

	if (data < scratch->iov_base || data >= scratch->iov_base + scratch->iov_len)
		return data;
	copy = dnfs4_scratch_alloc(cmp, len);
	return copy ? memcpy(copy, data, len) : NULL;
}

/*
 * Decode a variable-length opaque. @len: filled: bytes of @data. Return: NFS4_OK or NFS4ERR_BADXDR.
 */
u32 dnfs4_decode_opaque(struct dnfs4_compound *cmp, u32 max, const void **data, u32 *len)
{
	if (dnfs_decode_u32(cmp->in, len) || *len > max)
		return NFS4ERR_BADXDR;
	*data = dnfs_inline_decode(cmp->in, *len);
	if (!*data)
		return NFS4ERR_BADXDR;
	*data = xdr_keep(cmp, *data, *len);
	return *data ? NFS4_OK : NFS4ERR_BADXDR;
}

static u32 check_bytes(const struct ditto_name *name)
{
	if (!name->len)
		return NFS4ERR_INVAL;
	return name->len > NAME_MAX ? NFS4ERR_NAMETOOLONG : NFS4_OK;
}

static u32 check_text(const struct ditto_name *name)
{
	u32 status = check_bytes(name);

	if (status)
		return status;
	return memchr(name->name, '\0', name->len) ? NFS4ERR_BADCHAR : NFS4_OK;
}

/* RFC 8881 section 14.5: "." and ".." are not valid, nor is a name with a slash. */
static u32 check_name(const struct ditto_name *name)
{
	u32 status = check_bytes(name);

	if (status)
		return status;
	if (unlikely(!ditto_name_is_clean(name->name, name->len)))
		return memchr(name->name, '\0', name->len) ? NFS4ERR_BADCHAR : NFS4ERR_BADNAME;
	if (name->name[0] == '.' &&
	    (name->len == 1 || (name->len == 2 && name->name[1] == '.')))
		return NFS4ERR_BADNAME;
	return NFS4_OK;
}

static u32 decode_checked(struct dnfs4_compound *cmp, struct ditto_name *name,
			  u32 (*check)(const struct ditto_name *name))
{
	u32 len, status;

	if (dnfs_decode_u32(cmp->in, &len))
		return NFS4ERR_BADXDR;
	/* The length is limited by the request only: skip reading a name that is too long. */
	if (len > PIECE)
		return xdr_stream_pos(cmp->in) + (u64)len <= cmp->in->buf->len ?
		       NFS4ERR_NAMETOOLONG : NFS4ERR_BADXDR;
	name->len = len;
	name->name = (const char *)dnfs_inline_decode(cmp->in, len);
	if (!name->name)
		return NFS4ERR_BADXDR;
	status = check(name);
	if (status)
		return status;
	name->name = xdr_keep(cmp, name->name, len);
	return name->name ? NFS4_OK : NFS4ERR_BADXDR;
}

/*
 * Decode a component4 (RFC 8881 section 14.5). Names are bytes: files that local processes or
 * clients of NFSv3 have made may have names that are not UTF-8, and can be used and removed by
 * them. Return: NFS4_OK; NFS4ERR_BADXDR; NFS4ERR_NAMETOOLONG, NFS4ERR_INVAL (empty),
 * NFS4ERR_BADNAME ("." and "..", '/'), NFS4ERR_BADCHAR (NUL).
 */
u32 dnfs4_decode_name(struct dnfs4_compound *cmp, struct ditto_name *name)
{
	return decode_checked(cmp, name, check_name);
}

/*
 * Decode an xattrkey4 (RFC 8276 section 8.2). The name of an extended attribute is no path
 * component: it may have slashes. Return: as dnfs4_decode_name(), but not NFS4ERR_BADNAME.
 */
u32 dnfs4_decode_xattr_name(struct dnfs4_compound *cmp, struct ditto_name *name)
{
	return decode_checked(cmp, name, check_text);
}

/* Append bytes that are already XDR. Return: false if they do not fit. */
bool dnfs4_encode_bytes(struct xdr_stream *xdr, const void *data, u32 len)
{
	u32 n;

	for (; len; len -= n, data += n) {
		__be32 *p;

		n = min_t(u32, len, PIECE);
		p = xdr_reserve_space(xdr, n);
		if (!p)
			return false;
		memcpy(p, data, n);
	}
	return true;
}
