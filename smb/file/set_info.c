// SPDX-License-Identifier: GPL-2.0-only
/*
 * SET_INFO: MS-SMB2 sections 2.2.39, 2.2.40 and 3.3.5.21. The request is parsed and its information
 * class is looked up; the table entry of the class says what is checked, and makes the change.
 */

#include "../../fs/open/instance.h"
#include "../open/open.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "info.h"
#include "quota.h"
#include "times.h"

/* For classes that MS-FSCC has, but no client may set. Return: STATUS_NOT_SUPPORTED. */
u32 dsmb_set_unsupported(struct dsmb_change *c)
{
	return STATUS_NOT_SUPPORTED;
}

/* Clients cannot change the quota settings and ids of file systems. */
static u32 dsmb_set_denied(struct dsmb_change *c)
{
	return STATUS_ACCESS_DENIED;
}

/* MS-SMB2 section 3.3.5.21.2 */
static const struct dsmb_set_class dsmb_set_fs_classes[] = {
	{ DSMB_FS_CONTROL, 0, 48, DITTO_RIGHT_WRITE_DATA, dsmb_set_denied },
	{ DSMB_FS_OBJECT_ID, 0, 64, DITTO_RIGHT_WRITE_DATA, dsmb_set_denied },
	{ DSMB_FS_LABEL, 0, 0, 0, dsmb_set_unsupported },
	{ DSMB_FS_DRIVER_PATH, 0, 0, 0, dsmb_set_unsupported },
	{ DSMB_FS_VOLUME_FLAGS, 0, 0, 0, dsmb_set_unsupported },
	{ }
};

static u32 dsmb_set_class(struct dsmb_change *c, const struct dsmb_set_class *class)
{
	struct dsmb_times times;
	u32 status;

	while (class->set && class->class != c->class)
		class++;
	if (!class->set)
		return STATUS_INVALID_INFO_CLASS;
	if (!c->inst != !!(class->flags & DSMB_CLASS_PIPE))
		return STATUS_NOT_SUPPORTED;
	if (c->in.size < class->least)
		return STATUS_INFO_LENGTH_MISMATCH;
	if (class->rights && !(class->rights & c->open->rights))
		return STATUS_ACCESS_DENIED;
	if (!c->inst || class->flags & DSMB_CLASS_TIMES)
		return class->set(c);
	dsmb_times_save(&c->call->op, c->open, &times);
	status = class->set(c);
	dsmb_times_restore(&c->call->op, c->open, &times);
	return status;
}

struct dsmb_set_args {
	u8 type;
	u8 class;
	u32 additional;
	struct dsmb_cursor input;
};

static u32 dsmb_set_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in;
	struct dsmb_set_args *a = args;
	u16 offset;
	u32 len;

	a->type = dsmb_get_u8(in);
	a->class = dsmb_get_u8(in);
	len = dsmb_get_u32(in);
	offset = dsmb_get_u16(in);
	dsmb_skip(in, 2);
	a->additional = dsmb_get_u32(in);
	dsmb_skip(in, DSMB_FILE_ID_SIZE);
	a->input = len ? dsmb_window(in, offset, len) : dsmb_cursor(NULL, 0);
	return in->bad ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

static u32 dsmb_set_exec(struct dsmb_call *call, void *args, void *res)
{
	const struct dsmb_set_args *a = args;
	struct dsmb_change c = {
		.call = call,
		.open = call->open,
		.inst = call->open->inst,
		.class = a->class,
		.additional = a->additional,
		.in = a->input,
	};
	u32 status;

	if (a->input.size > dsmb_io_max(call->conn) || !dsmb_charge_covers(call, a->input.size))
		return STATUS_INVALID_PARAMETER;
	if (c.inst) {
		status = dsmb_open_begin(call, c.open, &c.node);
		if (status)
			return status;
	}
	switch (a->type) {
	case DSMB_INFO_FILE:
		status = dsmb_set_class(&c, dsmb_set_file_classes);
		break;
	case DSMB_INFO_SECURITY:
		status = c.inst ? dsmb_set_security(&c) : STATUS_NOT_SUPPORTED;
		break;
	case DSMB_INFO_FILESYSTEM:
		status = dsmb_set_class(&c, dsmb_set_fs_classes);
		break;
	case DSMB_INFO_QUOTA:
		status = c.inst ? dsmb_set_quota(&c) : STATUS_NOT_SUPPORTED;
		break;
	default:
		status = STATUS_INVALID_PARAMETER;
	}
	if (c.inst)
		dsmb_open_end(call, c.open);
	return status;
}

static void dsmb_set_encode(struct dsmb_call *call, u32 status, const void *res)
{
	if (!status)
		dsmb_encode_u16(&call->out, 2);
}

/*
 * No interim response, like Windows, which sends them only for the requests that section 3.3.4.2 of
 * MS-SMB2 lists. Clients do not expect one here.
 */
const struct dsmb_command dsmb_command_set_info = {
	.name = "set_info",
	.structure_size = 33,
	.flags = DSMB_ON_TREE | DSMB_NEEDS_OPEN | DSMB_CHANGES | DSMB_RECORDS | DSMB_NO_INTERIM,
	.file_id = DSMB_BODY(16),
	.args_size = sizeof(struct dsmb_set_args),
	.decode = dsmb_set_decode,
	.exec = dsmb_set_exec,
	.encode = dsmb_set_encode,
};
