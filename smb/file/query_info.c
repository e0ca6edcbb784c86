// SPDX-License-Identifier: GPL-2.0-only
/*
 * QUERY_INFO: MS-SMB2 sections 2.2.37, 2.2.38 and 3.3.5.20. The request is parsed and its
 * information class is looked up; the table entry of the class says what is checked, and encodes
 * the information.
 */

#include "../../fs/open/instance.h"
#include "../open/open.h"
#include "../transport/conn.h"
#include "info.h"
#include "quota.h"

/* Offset of the output buffer in the response, from the header. */
#define DSMB_QUERY_INFO_HEAD	(DSMB_OUT_HEADER + 8)

const struct dsmb_query_class *dsmb_query_class(const struct dsmb_query_class *table, u8 class)
{
	for (; table->put; table++)
		if (table->class == class)
			return table;
	return NULL;
}

u32 dsmb_query_too_small(struct dsmb_query *q, u32 needed)
{
	struct dsmb_call *call = q->call;
	struct dsmb_builder *out = &call->out;
	bool contexts = call->conn->dialect >= DSMB_DIALECT_311;

	dsmb_back(out, 0);
	dsmb_encode_u16(out, 9);
	dsmb_encode_u8(out, contexts);
	dsmb_encode_u8(out, 0);
	dsmb_encode_u32(out, contexts ? 12 : 4);
	if (contexts) {
		dsmb_encode_u32(out, 4);
		dsmb_encode_u32(out, 0);
	}
	dsmb_encode_u32(out, needed);
	call->keep_body = true;
	return STATUS_BUFFER_TOO_SMALL;
}

/* Look up the information class. Return: the class, or NULL with @status set. */
static const struct dsmb_query_class *dsmb_query_find(struct dsmb_query *q, u8 type, u32 *status)
{
	const struct dsmb_query_class *class;
	struct dsmb_conn *conn = q->call->conn;

	*status = STATUS_INVALID_INFO_CLASS;
	switch (type) {
	case DSMB_INFO_FILE:
		class = dsmb_query_class(dsmb_query_file_classes, q->class);
		break;
	case DSMB_INFO_FILESYSTEM:
		class = dsmb_query_class(dsmb_query_fs_classes, q->class);
		break;
	case DSMB_INFO_SECURITY:
		class = dsmb_query_security_class;
		break;
	case DSMB_INFO_QUOTA:
		class = dsmb_query_quota_class;
		break;
	default:
		*status = STATUS_INVALID_PARAMETER;
		return NULL;
	}
	if (!class || (class->flags & DSMB_CLASS_POSIX && !conn->posix))
		return NULL;
	*status = STATUS_NOT_SUPPORTED;
	if (class->flags & DSMB_CLASS_311 && conn->dialect < DSMB_DIALECT_311)
		return NULL;
	if (!q->inst && !(class->flags & DSMB_CLASS_PIPE))
		return NULL;
	return class;
}

static u32 dsmb_query_run(struct dsmb_query *q, const struct dsmb_query_class *class)
{
	struct dsmb_call *call = q->call;
	u32 status;
	int err;

	if (class->flags & DSMB_CLASS_ATTRS) {
		err = dsmb_attrs_get(&call->op, q->inst, q->node, &q->attrs);
		if (err)
			return dsmb_done(call, err);
		if (q->open->quota)
			dsmb_quota_file_attrs(&q->attrs);
	}
	status = class->put(q);
	if (dsmb_is_error(status))
		return status;
	if (q->out.full)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (q->out.len > q->max) {
		dsmb_back(&q->out, q->max);
		status = STATUS_BUFFER_OVERFLOW;
	}
	return status;
}

u32 dsmb_query_room(struct dsmb_query *q, u32 room)
{
	struct dsmb_builder *out = &q->call->out;

	if (room && dsmb_reply_reserve(q->call, room + 8))
		return STATUS_INSUFFICIENT_RESOURCES;
	dsmb_encode_u16(out, 9);
	dsmb_encode_u16(out, DSMB_QUERY_INFO_HEAD);
	dsmb_encode_u32(out, 0);
	q->out = dsmb_builder(out->data + out->len, out->size - out->len);
	return STATUS_SUCCESS;
}

/* Begin the response, with the buffer of the class in @q->out. */
static u32 dsmb_query_begin(struct dsmb_query *q, const struct dsmb_query_class *class)
{
	bool list = class->flags & DSMB_CLASS_LIST;
	u32 status;

	status = dsmb_query_room(q, list ? min(class->room, q->max) : class->room);
	if (!status && list)
		q->out.size = min(q->out.size, q->max);
	return status;
}

static u32 dsmb_query(struct dsmb_query *q, u8 type)
{
	const struct dsmb_query_class *class;
	struct dsmb_call *call = q->call;
	u32 status;

	class = dsmb_query_find(q, type, &status);
	if (!class)
		return status;
	if (q->max < class->least)
		return STATUS_INFO_LENGTH_MISMATCH;
	if (class->rights & ~q->open->rights)
		return STATUS_ACCESS_DENIED;
	status = dsmb_query_begin(q, class);
	if (status)
		return status;

	if (q->inst) {
		status = dsmb_open_begin(call, q->open, &q->node);
		if (status)
			return status;
	}
	status = dsmb_query_run(q, class);
	if (q->inst)
		dsmb_open_end(call, q->open);
	if (dsmb_is_error(status))
		return status;
	/* A response with another warning has no buffer (MS-SMB2 section 2.2.2). */
	if (status && status != STATUS_BUFFER_OVERFLOW) {
		dsmb_back(&call->out, 0);
		return status;
	}
	dsmb_fill_u32(&call->out, 4, q->out.len);
	call->out.len += q->out.len;
	return status;
}

u32 dsmb_query_info(struct dsmb_call *call)
{
	struct dsmb_cursor *in = &call->in;
	struct dsmb_query q = { .call = call };
	u64 persistent, volatile_id;
	u32 offset, len, status;
	u8 type;

	type = dsmb_get_u8(in);
	q.class = dsmb_get_u8(in);
	q.max = dsmb_get_u32(in);
	offset = dsmb_get_u16(in);
	dsmb_skip(in, 2);
	len = dsmb_get_u32(in);
	q.additional = dsmb_get_u32(in);
	q.flags = dsmb_get_u32(in);
	persistent = dsmb_get_u64(in);
	volatile_id = dsmb_get_u64(in);
	q.input = len ? dsmb_window(in, offset, len) : dsmb_cursor(NULL, 0);
	if (in->bad)
		return STATUS_INVALID_PARAMETER;

	status = dsmb_call_open(call, persistent, volatile_id, &q.open);
	if (status)
		return status;
	if (max(q.max, len) > dsmb_io_max(call->conn) ||
	    !dsmb_charge_covers(call, max(q.max, len)))
		return STATUS_INVALID_PARAMETER;
	q.inst = q.open->inst;
	return dsmb_query(&q, type);
}
