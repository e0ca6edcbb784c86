// SPDX-License-Identifier: GPL-2.0-only
/*
 * QUERY_INFO and SET_INFO for quotas: MS-SMB2 sections 2.2.37.1 and 3.3.5.20.4; entries as in
 * MS-FSCC sections 2.4.36 and 2.4.41.
 *
 * Users are named by the SIDs of their uids. A user who is not an administrator sees only the
 * user's own entry, so may query it, but cannot list other users.
 */

#include "../../fs/op/quota.h"
#include "../open/open.h"
#include "../wire/sid.h"
#include "../wire/status.h"
#include "quota.h"

/* NextEntryOffset to QuotaLimit. */
#define DSMB_QUOTA_HEAD		40
#define DSMB_QUOTA_ALIGN	8

static const char dsmb_quota_file[] = "$Extend\\$Quota:$Q:$INDEX_ALLOCATION";

/*
 * Check for the name of the quota file. Clients open "$Extend\$Quota:$Q:$INDEX_ALLOCATION" (MS-FSCC
 * section 2.1.5.4.2) to access quotas. Here this is an alias of the share's root that is good for
 * quotas only. Return: true if @utf16 is that name.
 */
bool dsmb_is_quota_file(struct dsmb_cursor utf16)
{
	u32 i, units = sizeof(dsmb_quota_file) - 1;

	if (utf16.size != 2 * units)
		return false;
	for (i = 0; i < units; i++)
		if (dsmb_get_u16(&utf16) != dsmb_quota_file[i])
			return false;
	return true;
}

/*
 * Turn attributes of the share's root into attributes of the quota file. NTFS has an index there,
 * which has no times.
 */
void dsmb_quota_file_attrs(struct dsmb_attrs *attrs)
{
	attrs->created = 0;
	attrs->accessed = 0;
	attrs->written = 0;
	attrs->changed = 0;
	attrs->flags = DITTO_FLAG_HIDDEN | DITTO_FLAG_SYSTEM | DITTO_FLAG_ARCHIVE |
		       DSMB_ATTR_DIRECTORY;
}

/**
 * struct dsmb_quota_list - quota entries that are encoded
 * @out: buffer
 * @last: offset of the last entry; U32_MAX if there is none
 * @needed: buffer size that the first entry that did not fit needs; 0 if all fit
 */
struct dsmb_quota_list {
	struct dsmb_builder *out;
	u32 last;
	u32 needed;
};

/* Return: false if the entry does not fit. */
static bool dsmb_encode_quota(struct dsmb_quota_list *list, const struct ditto_sid *sid,
			      const struct ditto_quota_record *record)
{
	struct dsmb_builder *out = list->out;
	u32 at = ALIGN(out->len, DSMB_QUOTA_ALIGN);
	u32 end = at + DSMB_QUOTA_HEAD + ditto_sid_size(sid);

	if (end > out->size) {
		list->needed = end;
		return false;
	}
	dsmb_encode_align(out, DSMB_QUOTA_ALIGN);
	if (list->last != U32_MAX)
		dsmb_fill_u32(out, list->last, at - list->last);
	list->last = at;
	dsmb_encode_u32(out, 0);
	dsmb_encode_u32(out, ditto_sid_size(sid));
	dsmb_encode_u64(out, 0);			/* the time of the change is not kept */
	dsmb_encode_u64(out, record->used);
	dsmb_encode_u64(out, record->soft);
	dsmb_encode_u64(out, record->hard);
	dsmb_encode_sid(out, sid);
	return true;
}

/*
 * Get the extent of one entry; @more is set if another follows. Return: false if it is malformed.
 */
static bool dsmb_next_quota(struct dsmb_cursor *list, struct dsmb_cursor *entry, bool *more)
{
	u32 next = dsmb_get_u32(list), size;

	size = next ? next : dsmb_left(list) + sizeof(next);
	if (list->bad || size < sizeof(next))
		return false;
	*entry = dsmb_cursor(dsmb_get(list, size - sizeof(next)), size - sizeof(next));
	*more = next;
	return !list->bad;
}

/* MS-FSCC section 2.4.36: query the listed users. */
static u32 dsmb_quota_of_list(struct dsmb_query *q, struct dsmb_quota_list *list, u32 len)
{
	const void *bytes = dsmb_get(&q->input, len);
	struct ditto_quota_record record;
	struct dsmb_cursor sids, entry;
	struct ditto_sid sid;
	bool more = true;
	kuid_t uid;
	int err;

	if (!bytes)
		return STATUS_INVALID_PARAMETER;
	sids = dsmb_cursor(bytes, len);
	while (more && !list->needed) {
		if (!dsmb_next_quota(&sids, &entry, &more))
			return STATUS_INVALID_PARAMETER;
		dsmb_skip(&entry, 4);
		if (!dsmb_get_sid(&entry, &sid))
			return STATUS_INVALID_PARAMETER;
		/* There are no quotas for groups and for unknown users. */
		if (!ditto_sid_to_uid(&sid, &uid))
			continue;
		err = ditto_quota_get(&q->call->op, uid, &record);
		if (err)
			return dsmb_op_status(q->call, err);
		dsmb_encode_quota(list, &sid, &record);
	}
	return STATUS_SUCCESS;
}

/* List all users, from where the last listing through this open ended. */
static u32 dsmb_quota_of_all(struct dsmb_query *q, struct dsmb_quota_list *list, bool single)
{
	struct user_namespace *ns = &init_user_ns;
	struct ditto_quota_record record;
	u64 *next = &q->open->rare->quota_next;
	struct ditto_sid sid;
	int err;

	while (*next < U32_MAX) {
		err = ditto_quota_next(&q->call->op, make_kuid(ns, *next), &record);
		if (err == -ENOENT)
			break;
		if (err)
			return dsmb_op_status(q->call, err);
		sid = ditto_sid_of_uid(record.uid);
		if (!dsmb_encode_quota(list, &sid, &record))
			return STATUS_SUCCESS;
		*next = (u64)from_kuid(ns, record.uid) + 1;
		if (single)
			return STATUS_SUCCESS;
	}
	return list->last == U32_MAX ? STATUS_NO_MORE_ENTRIES : STATUS_SUCCESS;
}

static u32 dsmb_query_quota(struct dsmb_query *q)
{
	struct dsmb_quota_list list = { .out = &q->out, .last = U32_MAX };
	struct dsmb_cursor *in = &q->input;
	struct dsmb_open_rare *rare;
	bool single, restart;
	u32 list_len, status;

	single = dsmb_get_u8(in);
	restart = dsmb_get_u8(in);
	dsmb_skip(in, 2);
	list_len = dsmb_get_u32(in);
	dsmb_skip(in, 8);		/* StartSid: the open has the position */
	if (in->bad)
		return STATUS_INVALID_PARAMETER;

	rare = dsmb_open_rare(q->open);
	if (!rare)
		return STATUS_INSUFFICIENT_RESOURCES;
	mutex_lock(&rare->lock);
	if (restart)
		rare->quota_next = 0;
	if (list_len)
		status = dsmb_quota_of_list(q, &list, list_len);
	else
		status = dsmb_quota_of_all(q, &list, single);
	mutex_unlock(&rare->lock);
	if (!status && list.needed && list.last == U32_MAX)
		return dsmb_query_too_small(q, list.needed);
	return status;
}

const struct dsmb_query_class dsmb_query_quota_class[] = {
	{ 0, DSMB_CLASS_LIST, 0, 0, DSMB_INFO_LIST_ROOM, dsmb_query_quota },
};

/* Set quotas of users. MS-FSCC section 2.4.41. Return: a status or DSMB_PARKED. */
u32 dsmb_set_quota(struct dsmb_change *c)
{
	struct dsmb_cursor entry;
	bool more = true;

	while (more) {
		struct ditto_quota_record record = {};
		struct ditto_sid sid;
		int err;

		if (!dsmb_next_quota(&c->in, &entry, &more))
			return STATUS_INVALID_PARAMETER;
		dsmb_skip(&entry, 4 + 8 + 8);
		record.soft = dsmb_get_u64(&entry);
		record.hard = dsmb_get_u64(&entry);
		if (!dsmb_get_sid(&entry, &sid))
			return STATUS_INVALID_PARAMETER;
		if (!ditto_sid_to_uid(&sid, &record.uid))
			return STATUS_INVALID_SID;
		err = ditto_quota_set(&c->call->op, &record);
		if (err)
			return dsmb_op_status(c->call, err);
	}
	return STATUS_SUCCESS;
}
