// SPDX-License-Identifier: GPL-2.0-only
/*
 * SET_INFO: MS-SMB2 sections 2.2.39, 2.2.40 and 3.3.5.21. The request is parsed and its information
 * class is looked up; the table entry of the class says what is checked, and makes the change.
 */

#include "../../fs/open/instance.h"
#include "../open/open.h"
#include "../transport/conn.h"
#include "info.h"
#include "quota.h"
#include "times.h"

static const struct dsmb_set_class *dsmb_set_class(u8 class)
{
	const struct dsmb_set_class *entry;

	for (entry = dsmb_set_file_classes; entry->set; entry++)
		if (entry->class == class)
			return entry;
	return NULL;
}

static u32 dsmb_set_file(struct dsmb_change *c)
{
	const struct dsmb_set_class *class = dsmb_set_class(c->class);
	struct dsmb_times times;
	u32 status;

	if (!class)
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

static u32 dsmb_set(struct dsmb_change *c, u8 type)
{
	switch (type) {
	case DSMB_INFO_FILE:
		return dsmb_set_file(c);
	case DSMB_INFO_SECURITY:
		return c->inst ? dsmb_set_security(c) : STATUS_NOT_SUPPORTED;
	case DSMB_INFO_FILESYSTEM:
		/* Clients cannot change the quota settings and ids of file systems. */
		return STATUS_ACCESS_DENIED;
	case DSMB_INFO_QUOTA:
		return c->inst ? dsmb_set_quota(c) : STATUS_NOT_SUPPORTED;
	}
	return STATUS_INVALID_PARAMETER;
}

u32 dsmb_set_info(struct dsmb_call *call)
{
	struct dsmb_change c = { .call = call };
	struct dsmb_cursor *in = &call->in;
	u64 persistent, volatile_id;
	u32 offset, len, status;
	u8 type;

	type = dsmb_get_u8(in);
	c.class = dsmb_get_u8(in);
	len = dsmb_get_u32(in);
	offset = dsmb_get_u16(in);
	dsmb_skip(in, 2);
	c.additional = dsmb_get_u32(in);
	persistent = dsmb_get_u64(in);
	volatile_id = dsmb_get_u64(in);
	c.in = len ? dsmb_window(in, offset, len) : dsmb_cursor(NULL, 0);
	if (in->bad)
		return STATUS_INVALID_PARAMETER;

	status = dsmb_call_open(call, persistent, volatile_id, &c.open);
	if (status)
		return status;
	if (len > dsmb_io_max(call->conn) || !dsmb_charge_covers(call, len))
		return STATUS_INVALID_PARAMETER;
	c.inst = c.open->inst;
	if (c.inst) {
		status = dsmb_open_begin(call, c.open, &c.node);
		if (status)
			return status;
	}
	status = dsmb_set(&c, type);
	if (c.inst)
		dsmb_open_end(call, c.open);
	if (!status)
		dsmb_encode_u16(&call->out, 2);
	return status;
}
