// SPDX-License-Identifier: GPL-2.0-only
/*
 * The error response for a path that leads through a symbolic link: MS-SMB2 sections 2.2.2 and
 * 2.2.2.2.1.
 *
 * The server does not follow a link in the middle of a path. The response contains the link's
 * target and the length of the path that was not parsed, and the client resolves the link itself.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../fs/op/walk.h"
#include "../../fs/node/node.h"
#include "../file/attrs.h"
#include "../transport/call.h"
#include "../transport/conn.h"
#include "../wire/name.h"
#include "symlink_error.h"

#define DSMB_ERROR_REPLY	9	/* StructureSize */
#define DSMB_SYMLINK_TAG	0x4c4d5953
#define DSMB_SYMLINK_RELATIVE	BIT(0)
/* Bytes of the symbolic link error response before the names. */
#define DSMB_SYMLINK_HEAD	28
/* Bytes of the response besides the target. */
#define DSMB_STOPPED_REST	128

/* Length of @path up to the end of the component that begins behind @passed bytes. */
static u32 dsmb_link_end(const struct dsmb_path *path, u32 passed)
{
	const char *end;

	if (passed < path->len && path->path[passed] == '/')
		passed++;
	end = memchr(path->path + passed, '/', path->len - passed);
	return end ? end - path->path : path->len;
}

/* Number of parts of the received name behind its first one: further components, and the stream. */
static unsigned int dsmb_name_parts(const struct dsmb_path *path, struct dsmb_cursor name)
{
	u16 separator = path->posix ? '/' : '\\';
	unsigned int parts = 0;

	while (dsmb_left(&name) >= 2) {
		u16 c = dsmb_get_u16(&name);

		if (c == ':' && !path->posix)
			return parts + !!path->stream;
		/* A name may end in a separator. */
		parts += c == separator && dsmb_left(&name);
	}
	return parts;
}

/*
 * Bytes of the received name behind the component of @path that ends at @end. They are counted from
 * the end: @path may begin within the name, in a file system within the share, or before it, in a
 * snapshot.
 */
static u32 dsmb_unparsed(const struct dsmb_path *path, u32 end, struct dsmb_cursor name)
{
	unsigned int rest = !!path->stream, parts = dsmb_name_parts(path, name);
	u16 separator = path->posix ? '/' : '\\';
	u32 i;

	for (i = end; i < path->len; i++)
		rest += path->path[i] == '/';
	while (rest && dsmb_left(&name) >= 2) {
		u16 c = dsmb_get_u16(&name);

		if ((c == separator || (c == ':' && !path->posix)) && parts-- == rest)
			return dsmb_left(&name) + 2;
	}
	return 0;
}

/* Read the target of the link that the first @end bytes of @path name; freed with kfree(). */
static char *dsmb_link_target(struct dsmb_call *call, const struct dsmb_path *path, u32 end,
			      u32 *len)
{
	struct ditto_node *root = ditto_node_get_root(call->op.share);
	struct ditto_walk walk;
	char *target;
	int err;

	if (IS_ERR(root))
		return ERR_CAST(root);
	err = ditto_walk(&call->op, root, path->path, end, &walk);
	ditto_node_put(root);
	if (err)
		return ERR_PTR(err);
	target = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!target)
		err = -ENOMEM;
	else if (!walk.node)
		err = -ENOENT;
	else
		err = ditto_readlink(&call->op, walk.node, target, len);
	ditto_walk_end(&walk);
	if (err) {
		kfree(target);
		return ERR_PTR(err);
	}
	return target;
}

/*
 * The encoding is as for FSCTL_GET_REPARSE_POINT, with '\\' between components. A target is an
 * arbitrary string: clients take it without the character mapping of names, and clients with the
 * POSIX extensions expect '/'.
 */
static void dsmb_encode_target(struct dsmb_builder *b, const char *target, u32 len, bool posix)
{
	if (posix) {
		dsmb_encode_string(b, target, len);
		return;
	}
	while (len) {
		const char *end = memchr(target, '/', len);
		u32 n = end ? end - target : len;

		dsmb_encode_string(b, target, n);
		if (!end)
			return;
		dsmb_encode_u16(b, '\\');
		target += n + 1;
		len -= n + 1;
	}
}

static void dsmb_encode_link(struct dsmb_builder *out, const char *target, u32 len, u32 unparsed,
			     bool posix)
{
	bool relative = !len || (target[0] != '/' && !dsmb_target_is_nt(target, len));
	u32 start = out->len, names;
	u16 size;

	dsmb_encode_u32(out, 0);
	dsmb_encode_u32(out, DSMB_SYMLINK_TAG);
	dsmb_encode_u32(out, DSMB_REPARSE_TAG_SYMLINK);
	dsmb_encode_u16(out, 0);
	dsmb_encode_u16(out, unparsed);
	/* The substitute name and the print name, which are the same. */
	dsmb_builder_reserve(out, 4 * 2);
	dsmb_encode_u32(out, relative ? DSMB_SYMLINK_RELATIVE : 0);
	names = out->len;
	dsmb_encode_target(out, target, len, posix);
	size = out->len - names;
	dsmb_encode_target(out, target, len, posix);
	dsmb_fill_u32(out, start, out->len - start - 4);
	dsmb_fill_u16(out, start + 12, out->len - start - 16);
	dsmb_fill_u16(out, start + 16, 0);
	dsmb_fill_u16(out, start + 18, size);
	dsmb_fill_u16(out, start + 20, size);
	dsmb_fill_u16(out, start + 22, size);
}

/* An error response with data, which is an error context in 3.1.1. */
static u32 dsmb_encode_error(struct dsmb_call *call, const char *target, u32 len, u32 unparsed,
			     bool posix)
{
	bool context = call->conn->dialect == DSMB_DIALECT_311;
	struct dsmb_builder *out = &call->out;
	u32 data;

	/* The target comes twice, and a byte of it becomes one unit of UTF-16 at most. */
	if (dsmb_reply_reserve(call, DSMB_STOPPED_REST + 2 * len * sizeof(__le16)))
		return STATUS_INSUFFICIENT_RESOURCES;
	dsmb_encode_u16(out, DSMB_ERROR_REPLY);
	dsmb_encode_u8(out, context);
	dsmb_encode_u8(out, 0);
	dsmb_encode_u32(out, 0);
	data = out->len;
	if (context)
		dsmb_builder_reserve(out, 2 * 4);
	dsmb_encode_link(out, target, len, unparsed, posix);
	dsmb_fill_u32(out, data - 4, out->len - data);
	if (context)
		dsmb_fill_u32(out, data, out->len - data - 2 * 4);
	if (out->full) {
		dsmb_back(out, 0);
		return STATUS_OBJECT_NAME_INVALID;
	}
	return STATUS_STOPPED_ON_SYMLINK;
}

/*
 * Encode the STATUS_STOPPED_ON_SYMLINK response. @passed: bytes of @path before the symbolic link.
 * MS-SMB2 section 2.2.2.2.1. Return: STATUS_STOPPED_ON_SYMLINK, or the error that occurred.
 */
u32 dsmb_symlink_error_encode(struct dsmb_call *call, const struct dsmb_path *path,
			      struct dsmb_cursor name, u32 passed)
{
	u32 end = dsmb_link_end(path, passed);
	u32 len, status;
	char *target;

	target = dsmb_link_target(call, path, end, &len);
	if (IS_ERR(target))
		return dsmb_status(PTR_ERR(target));
	status = dsmb_encode_error(call, target, len, dsmb_unparsed(path, end, name), path->posix);
	kfree(target);
	return status;
}
