// SPDX-License-Identifier: GPL-2.0-only
/* Encoding and decoding of the records of persistent opens. See persist_record.h. */
#include <linux/build_bug.h>
#include <linux/limits.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "../../fs/op/check/rights.h"
#include "../../lockd/matrix.h"
#include "../../net/helper/record.h"
#include "../wire/builder.h"
#include "../wire/cursor.h"
#include "persist_record.h"

#define RANGE_SIZE	17
/* Upper bound of everything but ranges, groups and names. */
#define FIXED_SIZE	1024

static_assert(FIXED_SIZE + DSMB_PERSIST_NAME_MAX + NAME_MAX + 4 * DSMB_PERSIST_GROUPS_MAX +
	      RANGE_SIZE * DSMB_PERSIST_RANGES_MAX <= DITTO_RECORD_DATA_MAX);
static_assert(sizeof_field(struct dsmb_record, entry) >= U8_MAX);

static void encode_caching(struct dsmb_builder *out, const struct dsmb_caching *c)
{
	dsmb_encode_u8(out, c->level);
	dsmb_encode_u8(out, c->version);
	dsmb_encode_u8(out, c->state);
	dsmb_encode_u16(out, c->epoch);
	dsmb_encode_u32(out, c->flags);
	dsmb_encode_bytes(out, c->key, sizeof(c->key));
	dsmb_encode_bytes(out, c->parent, sizeof(c->parent));
}

/* Check that a CREATE can have granted this caching. Only a lease has a version. */
static bool caching_is_sound(const struct dsmb_caching *c)
{
	if (c->level == DSMB_OPLOCK_LEASE)
		return c->version == 1 || c->version == 2;
	return !c->version && (c->level == DSMB_OPLOCK_NONE || dsmb_oplock_bits(c->level));
}

static bool get_caching(struct dsmb_cursor *in, struct dsmb_caching *c)
{
	c->level = dsmb_get_u8(in);
	c->version = dsmb_get_u8(in);
	c->state = dsmb_lease_bits(dsmb_get_u8(in));
	c->epoch = dsmb_get_u16(in);
	c->flags = dsmb_get_u32(in);
	dsmb_get_bytes(in, c->key, sizeof(c->key));
	dsmb_get_bytes(in, c->parent, sizeof(c->parent));
	return caching_is_sound(c);
}

static void encode_handle(struct dsmb_builder *out, const struct ditto_handle *handle)
{
	dsmb_encode_u8(out, handle->len);
	dsmb_encode_bytes(out, handle->data, handle->len);
}

static bool get_handle(struct dsmb_cursor *in, struct ditto_handle *handle)
{
	handle->len = dsmb_get_u8(in);
	if (handle->len > sizeof(handle->data))
		return false;
	dsmb_get_bytes(in, handle->data, handle->len);
	return !in->bad;
}

static void put_user(struct dsmb_builder *out, const struct dsmb_record *r)
{
	u8 name_len = strlen(r->name);

	dsmb_encode_u32(out, r->user);
	dsmb_encode_u8(out, r->sid_len);
	dsmb_encode_bytes(out, r->sid, r->sid_len);
	dsmb_encode_u8(out, name_len);
	dsmb_encode_bytes(out, r->name, name_len);
	dsmb_encode_u32(out, r->uid);
	dsmb_encode_u32(out, r->gid);
	dsmb_encode_u8(out, r->ngroups);
	for (unsigned int i = 0; i < r->ngroups; i++)
		dsmb_encode_u32(out, r->groups[i]);
}

static bool get_user(struct dsmb_cursor *in, struct dsmb_record *r)
{
	u8 name_len;

	r->user = dsmb_get_u32(in);
	r->sid_len = dsmb_get_u8(in);
	if (r->sid_len > sizeof(r->sid))
		return false;
	dsmb_get_bytes(in, r->sid, r->sid_len);
	name_len = dsmb_get_u8(in);
	dsmb_get_bytes(in, r->name, name_len);
	r->uid = dsmb_get_u32(in);
	r->gid = dsmb_get_u32(in);
	r->ngroups = dsmb_get_u8(in);
	if (r->ngroups > DSMB_PERSIST_GROUPS_MAX)
		return false;
	for (unsigned int i = 0; i < r->ngroups; i++)
		r->groups[i] = dsmb_get_u32(in);
	return !in->bad;
}

static void encode_ranges(struct dsmb_builder *out, const struct dsmb_record *r)
{
	dsmb_encode_u16(out, r->nranges);
	for (unsigned int i = 0; i < r->nranges; i++) {
		dsmb_encode_u64(out, r->ranges[i].first);
		dsmb_encode_u64(out, r->ranges[i].length);
		dsmb_encode_u8(out, r->ranges[i].exclusive);
	}
}

static bool get_ranges(struct dsmb_cursor *in, struct dsmb_record *r)
{
	r->nranges = dsmb_get_u16(in);
	if (in->bad || r->nranges > DSMB_PERSIST_RANGES_MAX)
		return false;
	for (unsigned int i = 0; i < r->nranges; i++) {
		r->ranges[i].first = dsmb_get_u64(in);
		r->ranges[i].length = dsmb_get_u64(in);
		r->ranges[i].exclusive = dsmb_get_u8(in);
	}
	return !in->bad;
}

static void encode_entry(struct dsmb_builder *out, const struct dsmb_record *r)
{
	encode_handle(out, &r->dir);
	dsmb_encode_u8(out, r->entry_len);
	dsmb_encode_bytes(out, r->entry, r->entry_len);
}

/* The end of a record, which version 1 does not have. */
static bool get_entry(struct dsmb_cursor *in, u8 version, struct dsmb_record *r)
{
	if (!get_handle(in, &r->dir))
		return false;
	r->entry_len = dsmb_get_u8(in);
	dsmb_get_bytes(in, r->entry, r->entry_len);
	if (version > 2)
		r->name_hash = dsmb_get_u64(in);
	return !in->bad;
}

/* Encode a record. @data: buffer of DITTO_RECORD_DATA_MAX bytes. Return: bytes encoded. */
u32 dsmb_record_encode(const struct dsmb_record *r, void *data)
{
	struct dsmb_builder out = dsmb_builder(data, DITTO_RECORD_DATA_MAX);

	dsmb_encode_u8(&out, DSMB_RECORD_VERSION);
	dsmb_encode_u8(&out, r->flags);
	dsmb_encode_bytes(&out, &r->client, sizeof(r->client));
	dsmb_encode_bytes(&out, r->guid, sizeof(r->guid));
	dsmb_encode_bytes(&out, &r->share, sizeof(r->share));
	encode_handle(&out, &r->handle);
	dsmb_encode_u32(&out, r->rights);
	dsmb_encode_u8(&out, r->deny);
	dsmb_encode_u32(&out, r->options);
	dsmb_encode_u8(&out, r->action);
	dsmb_encode_u32(&out, r->timeout_ms);
	encode_caching(&out, &r->caching);
	put_user(&out, r);
	dsmb_encode_bytes(&out, r->app.id, sizeof(r->app.id));
	dsmb_encode_u8(&out, r->app.versioned);
	dsmb_encode_u64(&out, r->app.high);
	dsmb_encode_u64(&out, r->app.low);
	dsmb_encode_bytes(&out, r->sequences, sizeof(r->sequences));
	encode_ranges(&out, r);
	encode_entry(&out, r);
	dsmb_encode_u64(&out, r->name_hash);
	return out.len;
}

/*
 * Decode a record. @len: bytes of @data. Return: false if the record has another version or is
 * damaged.
 */
bool dsmb_record_decode(struct dsmb_record *r, const void *data, u32 len)
{
	struct dsmb_cursor in = dsmb_cursor(data, len);
	u8 version = dsmb_get_u8(&in);

	memset(r, 0, sizeof(*r));
	if (!version || version > DSMB_RECORD_VERSION)
		return false;
	r->flags = dsmb_get_u8(&in) & DSMB_RECORD_FLAGS;
	dsmb_get_bytes(&in, &r->client, sizeof(r->client));
	dsmb_get_bytes(&in, r->guid, sizeof(r->guid));
	dsmb_get_bytes(&in, &r->share, sizeof(r->share));
	if (!get_handle(&in, &r->handle))
		return false;
	r->rights = dsmb_get_u32(&in);
	r->deny = dsmb_get_u8(&in);
	if (r->rights & ~(DITTO_RIGHTS_ALL | DITTO_RIGHT_SECURITY) || r->deny & ~DITTO_OPEN_KEPT)
		return false;
	r->options = dsmb_get_u32(&in);
	r->action = dsmb_get_u8(&in);
	r->timeout_ms = min(dsmb_get_u32(&in), DSMB_DURABLE_MS_MAX);
	if (!get_caching(&in, &r->caching) || !get_user(&in, r))
		return false;
	r->app.present = r->flags & DSMB_RECORD_APP;
	dsmb_get_bytes(&in, r->app.id, sizeof(r->app.id));
	r->app.versioned = dsmb_get_u8(&in);
	r->app.high = dsmb_get_u64(&in);
	r->app.low = dsmb_get_u64(&in);
	dsmb_get_bytes(&in, r->sequences, sizeof(r->sequences));
	return get_ranges(&in, r) && (version == 1 || get_entry(&in, version, r)) &&
	       !dsmb_left(&in);
}
