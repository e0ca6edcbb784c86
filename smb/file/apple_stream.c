// SPDX-License-Identifier: GPL-2.0-only
/* The streams of macOS, see apple_stream.h. */
#include <linux/string.h>
#include <linux/uio.h>

#include "../../fs/op/check/check.h"
#include "../../fs/open/instance.h"
#include "apple_stream.h"

/* The end of the version. */
#define DSMB_AFP_VERSION_END	8

/* Signature and version, big endian; the reserved word; no backup. */
static const u8 dsmb_afp_head[DSMB_AFP_FINDER_AT] = {
	'A', 'F', 'P', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x80, 0, 0, 0,
};

enum dsmb_apple_stream dsmb_apple_stream(const char *name, u32 len)
{
	if (len == sizeof(DSMB_AFP_INFO_NAME) - 1 && !strncasecmp(name, DSMB_AFP_INFO_NAME, len))
		return DSMB_STREAM_AFP_INFO;
	if (len == sizeof(DSMB_AFP_RESOURCE_NAME) - 1 &&
	    !strncasecmp(name, DSMB_AFP_RESOURCE_NAME, len))
		return DSMB_STREAM_AFP_RESOURCE;
	return DSMB_STREAM_PLAIN;
}

/* The fewest bytes with which a stream is there. */
u32 dsmb_apple_stream_least(enum dsmb_apple_stream stream, bool apple_client)
{
	if (stream == DSMB_STREAM_AFP_INFO)
		return DSMB_AFP_INFO_SIZE;
	return stream == DSMB_STREAM_AFP_RESOURCE || apple_client;
}

/* Reads AFP_AfpInfo, which an empty stream has, too. Return: 0 or an errno of ditto_read(). */
int dsmb_afp_info_read(struct ditto_op *op, struct ditto_node *node,
		       u8 info[DSMB_AFP_INFO_SIZE])
{
	struct kvec vec = { .iov_base = info, .iov_len = DSMB_AFP_INFO_SIZE };
	struct iov_iter iter;
	ssize_t n;
	bool eof;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, DSMB_AFP_INFO_SIZE);
	n = ditto_read(op, node, 0, &iter, &eof);
	if (n < 0)
		return n;
	memset(info + n, 0, DSMB_AFP_INFO_SIZE - n);
	/* Others may have written something else. */
	memcpy(info, dsmb_afp_head, n ? DSMB_AFP_VERSION_END : sizeof(dsmb_afp_head));
	return 0;
}

/* With all of its bytes it may be written anywhere, in parts only at the start. */
static bool dsmb_afp_info_fits(const u8 *info, u32 len, u64 pos)
{
	const u32 signature = 3;

	return (len == DSMB_AFP_INFO_SIZE || (!pos && len >= signature)) &&
	       !memcmp(info, dsmb_afp_head, min(len, DSMB_AFP_VERSION_END));
}

/*
 * Writes AFP_AfpInfo. Return: the count of @from, of which only the first bytes are kept; -EINVAL
 * if they are none of an AFP_AfpInfo; or an errno of ditto_write().
 */
ssize_t dsmb_afp_info_write(struct ditto_op *op, struct ditto_node *node, u64 pos,
			    struct iov_iter *from, enum ditto_stable stable)
{
	struct ditto_setattr empty = { .valid = DITTO_SET_SIZE };
	struct ditto_op reader = *op;
	size_t all = iov_iter_count(from), len = min_t(size_t, all, DSMB_AFP_INFO_SIZE);
	u8 info[DSMB_AFP_INFO_SIZE], part[DSMB_AFP_INFO_SIZE];
	struct ditto_wcc wcc;
	struct iov_iter iter;
	struct kvec vec;
	u64 verifier;
	ssize_t n;

	if (!copy_from_iter_full(part, len, from))
		return -EFAULT;
	if (!dsmb_afp_info_fits(part, len, pos))
		return -EINVAL;
	/* The rest stays; an open that may only write need not be able to read it. */
	if (len < sizeof(info)) {
		reader.granted |= DITTO_MAY_READ;
		n = dsmb_afp_info_read(&reader, node, info);
		if (n)
			return n;
	}
	memcpy(info, part, len);
	if (!memchr_inv(info + DSMB_AFP_FINDER_AT, 0, DSMB_AFP_FINDER_SIZE)) {
		n = ditto_setattr(op, node, &empty, &wcc);
		return n ?: all;
	}
	vec = (struct kvec) { .iov_base = info, .iov_len = sizeof(info) };
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, sizeof(info));
	n = ditto_write(op, node, 0, &iter, stable, &verifier, NULL);
	return n < 0 ? n : all;
}

/* Cancels the deletion of AFP_Resource before @inst is closed: it ends only by a size of zero. */
void dsmb_afp_resource_keep(struct ditto_op *op, struct ditto_instance *inst)
{
	struct ditto_node *node;

	if (ditto_instance_begin(inst, op, &node))
		return;
	ditto_instance_set_delete(op, inst, 0);
	ditto_instance_set_delete(op, inst, DITTO_DELETE_AT_CLOSE);
	ditto_instance_end(inst, op);
}
