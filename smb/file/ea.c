// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes: lists of MS-FSCC section 2.4.16 are converted to and from the xattrs of the
 * core. Names are case-insensitive for the client, and stored as they were given.
 */

#include <linux/errno.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../fs/op/xattr.h"
#include "../../fs/open/instance.h"
#include "../open/open.h"
#include "ea.h"
#include "info.h"

#define DSMB_EA_NEED		0x80
/* Before the name: offset, flags, length of the name, length of the value. */
#define DSMB_EA_HEAD		8
/* The length of a value has 16 bits. */
#define DSMB_EA_VALUE_MAX	U16_MAX
/*
 * Longest list to set, in bytes: more than file systems store. Each name is looked up, so it is
 * limited.
 */
#define DSMB_EA_LIST_MAX	(2 * SZ_64K)
/* Names that one FileGetEaInformation list may have. */
#define DSMB_EA_ASK_MAX		1024

/* Flags of QUERY_INFO: MS-SMB2 section 2.2.37 */
#define DSMB_EA_RESTART		BIT(0)
#define DSMB_EA_SINGLE		BIT(1)

/*
 * Characters not allowed in the name of an EA: MS-FSCC section 2.4.16, the same as in short names.
 */
static bool dsmb_ea_name_ok(const char *name, u32 len)
{
	u32 i;

	if (!len || len > DSMB_EA_NAME_MAX)
		return false;
	for (i = 0; i < len; i++)
		if ((u8)name[i] < 0x20 || strchr("\\/:*?\"<>|,+=[];", name[i]))
			return false;
	return true;
}

/* Decode the next entry of a list. Return: false at the end of the list or after an error. */
bool dsmb_ea_next(struct dsmb_cursor *list, struct dsmb_ea *ea, u32 *status)
{
	u32 at = list->pos, next;
	u8 flags;

	*status = STATUS_SUCCESS;
	if (!dsmb_left(list))
		return false;
	next = dsmb_get_u32(list);
	flags = dsmb_get_u8(list);
	ea->name_len = dsmb_get_u8(list);
	ea->value_len = dsmb_get_u16(list);
	ea->name = dsmb_get(list, ea->name_len);
	if (dsmb_get_u8(list) || list->bad) {
		*status = STATUS_EA_LIST_INCONSISTENT;
		return false;
	}
	ea->value = dsmb_get(list, ea->value_len);
	ea->need = flags & DSMB_EA_NEED;
	if (next) {
		/* The next entry must be aligned, behind this one, and within the list. */
		if (next % 4 || list->bad || next < list->pos - at || next >= list->size - at)
			list->bad = true;
		else
			dsmb_seek(list, at + next);
	} else {
		dsmb_seek(list, list->size);
	}
	if (list->bad)
		*status = STATUS_EA_LIST_INCONSISTENT;
	else if (!dsmb_ea_name_ok(ea->name, ea->name_len) || flags & ~DSMB_EA_NEED)
		*status = STATUS_INVALID_EA_NAME;
	return !*status;
}

/*
 * Check that a whole list is well-formed. Return: STATUS_SUCCESS, STATUS_EA_TOO_LARGE,
 * STATUS_INVALID_EA_NAME or STATUS_EA_LIST_INCONSISTENT.
 */
u32 dsmb_ea_check(struct dsmb_cursor list)
{
	struct dsmb_ea ea;
	u32 status;

	if (list.size > DSMB_EA_LIST_MAX)
		return STATUS_EA_TOO_LARGE;
	while (dsmb_ea_next(&list, &ea, &status))
		;
	return status;
}

/**
 * struct dsmb_ea_find - case-insensitive lookup of a name
 * @name: requested name
 * @found: stored name
 * @len: bytes of @found; 0 if the attribute does not exist
 */
struct dsmb_ea_find {
	struct ditto_name name;
	char found[DSMB_EA_NAME_MAX];
	u32 len;
};

static int dsmb_ea_match(void *arg, const struct ditto_name *name)
{
	struct dsmb_ea_find *find = arg;

	if (name->len != find->name.len || strncasecmp(name->name, find->name.name, name->len))
		return 0;
	find->len = name->len;
	memcpy(find->found, name->name, name->len);
	return 1;
}

/* Get the stored name, or the requested one if the attribute does not exist. */
static int dsmb_ea_lookup(struct ditto_op *op, struct ditto_node *node,
			  struct dsmb_ea_find *find, struct ditto_name *name)
{
	int err;

	*name = find->name;
	find->len = 0;
	err = ditto_xattr_list(op, node, dsmb_ea_match, find);
	if (err < 0)
		return err;
	if (find->len)
		*name = (struct ditto_name) { .name = find->found, .len = find->len };
	return 0;
}

/*
 * Set the extended attributes of a list. Used by SET_INFO, and by CREATE for a new file. Return: 0
 * or an errno; after -EJUKEBOX the call may be parked, and starts again with the first attribute.
 */
int dsmb_ea_set(struct ditto_op *op, struct ditto_node *node, struct dsmb_cursor list)
{
	struct dsmb_ea_find *find;
	struct ditto_name name;
	struct dsmb_ea ea;
	u32 status;
	int err = 0;

	find = kmalloc(sizeof(*find), GFP_KERNEL);
	if (!find)
		return -ENOMEM;
	while (!err && dsmb_ea_next(&list, &ea, &status)) {
		find->name = (struct ditto_name) { .name = ea.name, .len = ea.name_len };
		err = dsmb_ea_lookup(op, node, find, &name);
		if (err)
			break;
		if (ea.value_len)
			err = ditto_xattr_set(op, node, &name, ea.value, ea.value_len,
					      DITTO_XATTR_EITHER, NULL);
		else if (find->len)
			err = ditto_xattr_remove(op, node, &name, NULL);
		/* Another operation has removed it first. */
		if (err == -ENODATA)
			err = 0;
	}
	kfree(find);
	return err;
}

static u32 dsmb_ea_status(struct dsmb_call *call, int err)
{
	if (err == -EOPNOTSUPP)
		return STATUS_EAS_NOT_SUPPORTED;
	if (err == -ENOSPC || err == -E2BIG || err == -ERANGE)
		return STATUS_EA_TOO_LARGE;
	return dsmb_op_status(call, err);
}

/* Set FileFullEaInformation. Return: a status or DSMB_PARKED. */
u32 dsmb_set_full_ea(struct dsmb_change *c)
{
	u32 status = dsmb_ea_check(c->in);

	if (status)
		return status;
	return dsmb_ea_status(c->call, dsmb_ea_set(&c->call->op, ditto_instance_base(c->inst),
						   c->in));
}

/**
 * struct dsmb_ea_list - a list that is being encoded
 * @op: operation
 * @node: node of the file
 * @b: buffer; NULL to count only
 * @last: offset of the last entry
 * @any: the list has an entry
 * @size: bytes of all entries, when they are counted
 * @skip: entries that were listed before
 * @count: entries in the list
 * @single: one entry is enough
 */
struct dsmb_ea_list {
	struct ditto_op *op;
	struct ditto_node *node;
	struct dsmb_builder *b;
	u32 last;
	bool any;
	u32 size;
	u32 skip;
	u32 count;
	bool single;
};

static int dsmb_ea_count(void *arg, const struct ditto_name *name)
{
	struct dsmb_ea_list *list = arg;
	ssize_t len;

	if (!dsmb_ea_name_ok(name->name, name->len))
		return 0;
	len = ditto_xattr_get(list->op, list->node, name, NULL, 0);
	if (len <= 0 || len > DSMB_EA_VALUE_MAX)
		return 0;
	/* The size in the OS/2 form of the list: MS-FSCC section 2.4.12. */
	list->size += 4 + 1 + name->len + len;
	return 0;
}

/*
 * Compute the EaSize of a file. MS-FSCC section 2.4.12. Return: bytes; 0 without extended
 * attributes.
 */
u32 dsmb_ea_size(struct ditto_op *op, struct ditto_node *node)
{
	struct dsmb_ea_list list = { .op = op, .node = node };

	if (likely(ditto_xattr_is_bare(op->share, node)))
		return 0;
	ditto_xattr_list(op, node, dsmb_ea_count, &list);
	return list.size ? list.size + 4 : 0;
}

/* Encode one entry; an attribute that does not exist has an empty value. */
static int dsmb_ea_encode(struct dsmb_ea_list *list, const struct ditto_name *name)
{
	struct dsmb_builder *b = list->b;
	u32 before = b->len, at;
	ssize_t len;

	if (!dsmb_ea_name_ok(name->name, name->len))
		return 0;
	dsmb_encode_align(b, 4);
	at = b->len;
	dsmb_encode_u32(b, 0);
	dsmb_encode_u8(b, 0);
	dsmb_encode_u8(b, name->len);
	dsmb_encode_u16(b, 0);
	dsmb_encode_bytes(b, name->name, name->len);
	dsmb_encode_u8(b, 0);
	len = b->full ? -ERANGE : 0;
	if (!len)
		len = ditto_xattr_get(list->op, list->node, name, NULL, 0);
	if (len > 0) {
		u32 room = min_t(size_t, len, b->size - b->len);

		if (len <= DSMB_EA_VALUE_MAX && room < len)
			len = -ERANGE;
		else if (len <= DSMB_EA_VALUE_MAX)
			len = ditto_xattr_get(list->op, list->node, name, b->data + b->len, room);
		else
			len = -EINVAL;
	}
	if (len < 0 && len != -ENODATA) {
		dsmb_back(b, before);
		return len == -ERANGE ? -EMSGSIZE : 0;
	}
	len = max_t(ssize_t, len, 0);
	b->len += len;
	put_unaligned_le16(len, b->data + at + 6);
	if (list->any)
		dsmb_fill_u32(b, list->last, at - list->last);
	list->last = at;
	list->any = true;
	return 0;
}

static int dsmb_ea_encode_listed(void *arg, const struct ditto_name *name)
{
	struct dsmb_ea_list *list = arg;
	int err;

	if (list->skip) {
		list->skip--;
		return 0;
	}
	err = dsmb_ea_encode(list, name);
	if (err)
		return err;
	list->count++;
	return list->any && list->single;
}

/* Continue where the last listing through this open ended, unless it must restart. */
static int dsmb_ea_encode_all(struct dsmb_ea_list *list, struct dsmb_query *q)
{
	struct dsmb_open_rare *rare = dsmb_open_rare(q->open);
	u32 before;
	int err;

	if (!rare)
		return -ENOMEM;
	before = q->flags & DSMB_EA_RESTART ? 0 : READ_ONCE(rare->ea_next);
	list->skip = before;
	list->single = q->flags & DSMB_EA_SINGLE;
	err = ditto_xattr_list(list->op, list->node, dsmb_ea_encode_listed, list);
	WRITE_ONCE(rare->ea_next, before + list->count);
	if (!list->any && before && (err >= 0 || err == -EOPNOTSUPP))
		return -ENODATA;
	return min(err, 0);
}

/*
 * List the attributes named by the input buffer, FILE_GET_EA_INFORMATION: MS-FSCC section 2.4.16.1.
 */
static int dsmb_ea_encode_asked(struct dsmb_ea_list *list, struct dsmb_cursor in)
{
	struct dsmb_ea_find *find;
	struct ditto_name name;
	u32 next, at, n = 0;
	int err = 0;

	find = kmalloc(sizeof(*find), GFP_KERNEL);
	if (!find)
		return -ENOMEM;
	do {
		at = in.pos;
		next = dsmb_get_u32(&in);
		find->name.len = dsmb_get_u8(&in);
		find->name.name = dsmb_get(&in, find->name.len);
		if (in.bad || next >= in.size - at || (next && next < in.pos - at) ||
		    ++n > DSMB_EA_ASK_MAX) {
			err = -EUCLEAN;
			break;
		}
		if (!dsmb_ea_name_ok(find->name.name, find->name.len)) {
			err = -EILSEQ;
			break;
		}
		err = dsmb_ea_lookup(list->op, list->node, find, &name);
		if (!err)
			err = dsmb_ea_encode(list, &name);
		dsmb_seek(&in, at + next);
	} while (next && !err);
	kfree(find);
	return err;
}

/* Query FileFullEaInformation. MS-FSCC section 2.4.16. Return: a status. */
u32 dsmb_query_full_ea(struct dsmb_query *q)
{
	struct dsmb_ea_list list = {
		.op = &q->call->op,
		.node = ditto_instance_base(q->inst),
		.b = &q->out,
	};
	int err;

	if (q->input.size)
		err = dsmb_ea_encode_asked(&list, q->input);
	else
		err = dsmb_ea_encode_all(&list, q);
	switch (err) {
	case 0:
		return list.any ? STATUS_SUCCESS : STATUS_NO_EAS_ON_FILE;
	case -ENODATA:
		return STATUS_NO_MORE_EAS;
	case -EMSGSIZE:
		return list.any ? STATUS_BUFFER_OVERFLOW : STATUS_BUFFER_TOO_SMALL;
	case -EUCLEAN:
		return STATUS_EA_LIST_INCONSISTENT;
	case -EILSEQ:
		return STATUS_INVALID_EA_NAME;
	case -EOPNOTSUPP:
		return STATUS_NO_EAS_ON_FILE;
	}
	return dsmb_op_status(q->call, err);
}
