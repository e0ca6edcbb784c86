// SPDX-License-Identifier: GPL-2.0-only
/*
 * QUERY_INFO: MS-SMB2 sections 2.2.37, 2.2.38 and 3.3.5.20. The request is parsed and its
 * information class is looked up; the table entry of the class says what is checked, and encodes
 * the information.
 */

#include "../../fs/open/instance.h"
#include "../open/open.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "info.h"
#include "quota.h"

/* The response before the output buffer: MS-SMB2 section 2.2.38 */
struct dsmb_query_head {
	__le16 structure_size;
	__le16 offset;
	__le32 len;
} __packed;

/* The request behind StructureSize: MS-SMB2 section 2.2.37 */
struct dsmb_query_wire {
	u8 type;
	u8 class;
	__le32 max;
	__le16 offset;
	__le16 reserved;
	__le32 len;
	__le32 additional;
	__le32 flags;
	u8 file_id[DSMB_FILE_ID_SIZE];
} __packed;

struct dsmb_query_args {
	u8 type;
	u8 class;
	u32 max;
	u32 additional;
	u32 flags;
	struct dsmb_cursor input;
};

struct dsmb_query_res {
	u32 len;		/* bytes of the output buffer */
	u32 needed;		/* with STATUS_BUFFER_TOO_SMALL, bytes that are enough */
};

/* Look up an information class. Return: the class, or NULL if the table does not have it. */
const struct dsmb_query_class *dsmb_query_class(const struct dsmb_query_class *table, u8 class)
{
	for (; table->put; table++)
		if (table->class == class)
			return table;
	return NULL;
}

/* For classes that MS-FSCC has, but no server sends. Return: STATUS_NOT_SUPPORTED. */
u32 dsmb_query_unsupported(struct dsmb_query *q)
{
	return STATUS_NOT_SUPPORTED;
}

/*
 * Let the reply tell the buffer size that would be enough. MS-SMB2 section 2.2.2. Return:
 * STATUS_BUFFER_TOO_SMALL.
 */
u32 dsmb_query_too_small(struct dsmb_query *q, u32 needed)
{
	q->needed = needed;
	q->call->keep_body = true;
	return STATUS_BUFFER_TOO_SMALL;
}

/* Look up the information class. Return: the class, or NULL with @status set. */
static const struct dsmb_query_class *dsmb_query_find(const struct dsmb_query *q, u8 type,
						      u32 *status)
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

/* Encode the information; the node of a file is begun. */
static u32 dsmb_query_put(struct dsmb_query *q, const struct dsmb_query_class *class)
{
	struct dsmb_call *call = q->call;
	u32 status;
	int err;

	if (class->flags & DSMB_CLASS_ATTRS) {
		err = dsmb_open_attrs(&call->op, q->open, q->node, &q->attrs);
		if (err)
			return dsmb_op_status(call, err);
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

/*
 * Make room in the reply for an output buffer of a given size. @room: bytes to reserve, or 0 to use
 * the buffer that is there. Return: STATUS_SUCCESS or STATUS_INSUFFICIENT_RESOURCES.
 */
u32 dsmb_query_room(struct dsmb_query *q, u32 room)
{
	struct dsmb_builder *out = &q->call->out;
	const u32 head = sizeof(struct dsmb_query_head);

	if (room && dsmb_reply_reserve(q->call, head + room))
		return STATUS_INSUFFICIENT_RESOURCES;
	q->out = dsmb_builder(out->data + head, out->size - head);
	return STATUS_SUCCESS;
}

static u32 dsmb_query_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in;
	const struct dsmb_query_wire *wire = dsmb_get(in, sizeof(*wire));
	struct dsmb_query_args *a = args;

	if (!wire)
		return STATUS_INVALID_PARAMETER;
	a->type = wire->type;
	a->class = wire->class;
	a->max = le32_to_cpu(wire->max);
	a->additional = le32_to_cpu(wire->additional);
	a->flags = le32_to_cpu(wire->flags);
	a->input = wire->len ? dsmb_window(in, le16_to_cpu(wire->offset), le32_to_cpu(wire->len)) :
			       (struct dsmb_cursor) { };
	return in->bad ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

static void query_begin(struct dsmb_query *q, struct dsmb_call *call,
			const struct dsmb_query_args *a)
{
	q->call = call;
	q->open = call->open;
	q->inst = call->open->inst;
	q->node = NULL;
	q->class = a->class;
	q->max = a->max;
	q->additional = a->additional;
	q->flags = a->flags;
	q->input = a->input;
	q->needed = 0;
}

static u32 dsmb_query_exec(struct dsmb_call *call, void *args, void *res)
{
	const struct dsmb_query_args *a = args;
	const struct dsmb_query_class *class;
	struct dsmb_query_res *r = res;
	/* Attributes are filled, or not used. */
	struct dsmb_query q __uninitialized;
	bool list;
	u32 status;

	query_begin(&q, call, a);
	if (max(a->max, a->input.size) > dsmb_io_max(call->conn) ||
	    !dsmb_charge_covers(call, max(a->max, a->input.size)))
		return STATUS_INVALID_PARAMETER;
	class = dsmb_query_find(&q, a->type, &status);
	if (!class)
		return status;
	if (q.max < class->least)
		return STATUS_INFO_LENGTH_MISMATCH;
	if (class->rights & ~q.open->rights)
		return STATUS_ACCESS_DENIED;
	list = class->flags & DSMB_CLASS_LIST;
	status = dsmb_query_room(&q, list ? min(class->room, q.max) : class->room);
	if (status)
		return status;
	if (list)
		q.out.size = min(q.out.size, q.max);

	if (q.inst) {
		status = dsmb_open_begin(call, q.open, &q.node);
		if (status)
			return status;
	}
	status = dsmb_query_put(&q, class);
	if (q.inst)
		dsmb_open_end(call, q.open);
	r->len = q.out.len;
	r->needed = q.needed;
	return status;
}

/* The buffer size that would be enough is error data: MS-SMB2 section 2.2.2. */
static void dsmb_query_encode_needed(struct dsmb_call *call, u32 needed)
{
	bool contexts = call->conn->dialect >= DSMB_DIALECT_311;
	struct dsmb_builder *out = &call->out;

	dsmb_encode_u16(out, 9);
	dsmb_encode_u8(out, contexts);
	dsmb_encode_u8(out, 0);
	dsmb_encode_u32(out, contexts ? 12 : 4);
	if (contexts) {
		dsmb_encode_u32(out, 4);
		dsmb_encode_u32(out, 0);
	}
	dsmb_encode_u32(out, needed);
}

/* The output buffer is there already, behind the bytes that are written here. */
static void dsmb_query_encode(struct dsmb_call *call, u32 status, const void *res)
{
	const struct dsmb_query_res *r = res;
	struct dsmb_builder *out = &call->out;
	struct dsmb_query_head *head;

	if (status == STATUS_BUFFER_TOO_SMALL) {
		dsmb_query_encode_needed(call, r->needed);
		return;
	}
	/* A response with another warning has no buffer (MS-SMB2 section 2.2.2). */
	if (status && status != STATUS_BUFFER_OVERFLOW)
		return;
	head = dsmb_room(out, sizeof(*head) + r->len);
	if (!head)
		return;
	head->structure_size = cpu_to_le16(9);
	head->offset = cpu_to_le16(DSMB_OUT_HEADER + sizeof(*head));
	head->len = cpu_to_le32(r->len);
}

const struct dsmb_command dsmb_command_query_info = {
	.name = "query_info",
	.structure_size = 41,
	.flags = DSMB_ON_TREE | DSMB_NEEDS_OPEN | DSMB_LARGE_ANSWER | DSMB_WHOLE,
	.file_id = DSMB_BODY(24),
	.args_size = sizeof(struct dsmb_query_args),
	.res_size = sizeof(struct dsmb_query_res),
	.decode = dsmb_query_decode,
	.exec = dsmb_query_exec,
	.encode = dsmb_query_encode,
};
