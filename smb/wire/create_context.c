// SPDX-License-Identifier: GPL-2.0-only
/*
 * Create contexts of the CREATE request and response: MS-SMB2 sections 2.2.13.2 and 2.2.14.2. A
 * table describes the name, the valid lengths and the dialect of each context; a second one has the
 * functions that encode the responses.
 */
#include <linux/align.h>
#include <linux/stat.h>
#include <linux/string.h>

#include "apple.h"
#include "attrs.h"
#include "builder.h"
#include "create_context.h"
#include "name.h"
#include "oplock.h"
#include "posix.h"
#include "status.h"
#include "wire.h"

#define DSMB_CONTEXT_HEAD	16	/* before the name */
#define DSMB_CONTEXT_NAME_MIN	4
/* Far above the number that clients send; a list of tiny contexts must not keep a thread busy. */
#define DSMB_CONTEXTS_MAX	64

#define DSMB_ANY_LEN		U16_MAX
#define DSMB_LEASE_V2_SIZE	52

/**
 * struct dsmb_context_kind - format of a create context
 * @name: name, not terminated
 * @name_len: bytes of @name
 * @lens: valid lengths of the data; DSMB_ANY_LEN for any
 * @since: first dialect that has it
 */
struct dsmb_context_kind {
	const char *name;
	u8 name_len;
	u16 lens[2];
	u16 since;
};

#define DSMB_KIND(name, first, second, since) \
	{ name, sizeof(name) - 1, { first, second }, since }

static const struct dsmb_context_kind dsmb_context_kinds[DSMB_CONTEXTS] = {
	[DSMB_CONTEXT_EA] = DSMB_KIND("ExtA", DSMB_ANY_LEN, 0, DSMB_DIALECT_202),
	[DSMB_CONTEXT_SECURITY] = DSMB_KIND("SecD", DSMB_ANY_LEN, 0, DSMB_DIALECT_202),
	[DSMB_CONTEXT_DURABLE] = DSMB_KIND("DHnQ", 16, 16, DSMB_DIALECT_202),
	[DSMB_CONTEXT_RECONNECT] = DSMB_KIND("DHnC", 16, 16, DSMB_DIALECT_202),
	[DSMB_CONTEXT_ALLOCATION] = DSMB_KIND("AlSi", 8, 8, DSMB_DIALECT_202),
	[DSMB_CONTEXT_MAXIMAL] = DSMB_KIND("MxAc", 0, 8, DSMB_DIALECT_202),
	[DSMB_CONTEXT_TIMEWARP] = DSMB_KIND("TWrp", 8, 8, DSMB_DIALECT_202),
	[DSMB_CONTEXT_DISK_ID] = DSMB_KIND("QFid", 0, 0, DSMB_DIALECT_202),
	[DSMB_CONTEXT_LEASE] = DSMB_KIND("RqLs", 32, DSMB_LEASE_V2_SIZE, DSMB_DIALECT_210),
	[DSMB_CONTEXT_DURABLE_2] = DSMB_KIND("DH2Q", 32, 32, DSMB_DIALECT_300),
	[DSMB_CONTEXT_RECONNECT_2] = DSMB_KIND("DH2C", 36, 36, DSMB_DIALECT_300),
	[DSMB_CONTEXT_APPLE] = DSMB_KIND("AAPL", 16, 24, DSMB_DIALECT_202),
	[DSMB_CONTEXT_POSIX] = DSMB_KIND(DSMB_POSIX_NAME, 4, 4, DSMB_DIALECT_311),
	[DSMB_CONTEXT_APP_INSTANCE] =
		DSMB_KIND("\x45\xbc\xa6\x6a\xef\xa7\xf7\x4a\x90\x08\xfa\x46\x2e\x14\x4d\x74",
			  20, 20, DSMB_DIALECT_300),
	[DSMB_CONTEXT_APP_VERSION] =
		DSMB_KIND("\xb9\x82\xd0\xb7\x3b\x56\x07\x4f\xa0\x7b\x52\x4a\x81\x16\xa0\x10",
			  24, 24, DSMB_DIALECT_311),
};

/*
 * MS-SMB2 sections 3.3.5.9.6, 3.3.5.9.7, 3.3.5.9.10 and 3.3.5.9.12: pairs of contexts that exclude
 * each other, with whatever dialect.
 */
static const u32 dsmb_contexts_exclusive[] = {
	BIT(DSMB_CONTEXT_DURABLE) | BIT(DSMB_CONTEXT_DURABLE_2),
	BIT(DSMB_CONTEXT_DURABLE) | BIT(DSMB_CONTEXT_RECONNECT_2),
	BIT(DSMB_CONTEXT_RECONNECT) | BIT(DSMB_CONTEXT_DURABLE_2),
	BIT(DSMB_CONTEXT_RECONNECT) | BIT(DSMB_CONTEXT_RECONNECT_2),
	BIT(DSMB_CONTEXT_DURABLE_2) | BIT(DSMB_CONTEXT_RECONNECT_2),
};

static bool dsmb_context_len_ok(const struct dsmb_context_kind *kind, u32 len)
{
	return kind->lens[0] == DSMB_ANY_LEN || len == kind->lens[0] || len == kind->lens[1];
}

/* Return: the context, or DSMB_CONTEXTS if it is unknown. */
static enum dsmb_context dsmb_context_find(const void *name, u32 len)
{
	unsigned int i;

	for (i = 0; i < DSMB_CONTEXTS; i++)
		if (dsmb_context_kinds[i].name_len == len &&
		    !memcmp(dsmb_context_kinds[i].name, name, len))
			break;
	return i;
}

/* Parse one context, which has a window of its own. */
static bool dsmb_context_parse(u16 dialect, bool posix, struct dsmb_cursor c,
			       struct dsmb_contexts *contexts)
{
	u16 name_offset, name_len, data_offset;
	struct dsmb_cursor name, data;
	enum dsmb_context which;
	u32 data_len;

	dsmb_skip(&c, 4);
	name_offset = dsmb_get_u16(&c);
	name_len = dsmb_get_u16(&c);
	dsmb_skip(&c, 2);
	data_offset = dsmb_get_u16(&c);
	data_len = dsmb_get_u32(&c);
	if (name_len < DSMB_CONTEXT_NAME_MIN || name_offset < DSMB_CONTEXT_HEAD)
		return false;
	if (data_len && data_offset < name_offset + name_len)
		return false;
	name = dsmb_window(&c, name_offset, name_len);
	data = dsmb_window(&c, data_len ? data_offset : 0, data_len);
	if (c.bad)
		return false;
	which = dsmb_context_find(name.data, name_len);
	if (which == DSMB_CONTEXTS)
		return true;
	contexts->named |= BIT(which);
	if (dialect < dsmb_context_kinds[which].since || (which == DSMB_CONTEXT_POSIX && !posix))
		return true;
	if (dsmb_has_context(contexts, which) ||
	    !dsmb_context_len_ok(&dsmb_context_kinds[which], data_len))
		return false;
	contexts->present |= BIT(which);
	contexts->data[which] = data;
	return true;
}

static bool dsmb_contexts_agree(const struct dsmb_contexts *contexts)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dsmb_contexts_exclusive); i++) {
		u32 both = dsmb_contexts_exclusive[i];

		if ((contexts->named & both) == both)
			return false;
	}
	return true;
}

/*
 * Parse the create contexts of a CREATE. MS-SMB2 section 2.2.13.2. Return: STATUS_SUCCESS;
 * STATUS_INVALID_PARAMETER if a context is malformed, comes twice, or excludes another one.
 */
u32 dsmb_contexts_parse(u16 dialect, bool posix, struct dsmb_cursor list,
			struct dsmb_contexts *contexts)
{
	unsigned int count = 0;
	u32 at = 0, next;

	contexts->named = 0;
	contexts->present = 0;
	if (!list.size)
		return STATUS_SUCCESS;
	do {
		struct dsmb_cursor one;

		if (count++ == DSMB_CONTEXTS_MAX)
			return STATUS_INVALID_PARAMETER;
		dsmb_seek(&list, at);
		next = dsmb_get_u32(&list);
		if (next % 8 || (next && next < DSMB_CONTEXT_HEAD) || next > list.size - at)
			return STATUS_INVALID_PARAMETER;
		one = dsmb_window(&list, at, next ?: list.size - at);
		if (list.bad || !dsmb_context_parse(dialect, posix, one, contexts))
			return STATUS_INVALID_PARAMETER;
		at += next;
	} while (next);
	return dsmb_contexts_agree(contexts) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/*
 * Get the first 64-bit value of a context's data. Return: the value, or 0 if the context is not
 * present.
 */
u64 dsmb_context_u64(const struct dsmb_contexts *contexts, enum dsmb_context which)
{
	struct dsmb_cursor data;

	if (!dsmb_has_context(contexts, which))
		return 0;
	data = contexts->data[which];
	return dsmb_get_u64(&data);
}

/*
 * Get the permission bits of the POSIX create context. Return: the permission bits, or @fallback.
 */
umode_t dsmb_context_mode(const struct dsmb_contexts *contexts, umode_t fallback)
{
	struct dsmb_cursor data;

	if (!dsmb_has_context(contexts, DSMB_CONTEXT_POSIX))
		return fallback;
	data = contexts->data[DSMB_CONTEXT_POSIX];
	return dsmb_posix_permissions(dsmb_get_u32(&data), fallback);
}

/* MS-SMB2 section 3.3.5.9.8, and section 3.3.5.9.11 for version 2, which needs SMB 3.x. */
static void dsmb_lease_parse(u16 dialect, struct dsmb_cursor data, struct dsmb_caching *asked)
{
	bool second = data.size == DSMB_LEASE_V2_SIZE;

	if (second && !dsmb_dialect_is_3x(dialect))
		return;
	asked->level = DSMB_OPLOCK_LEASE;
	asked->version = second ? 2 : 1;
	dsmb_get_bytes(&data, asked->key, sizeof(asked->key));
	asked->state = dsmb_lease_bits(dsmb_get_u32(&data));
	asked->flags = dsmb_get_u32(&data) & DSMB_LEASE_HAS_PARENT;
	dsmb_skip(&data, 8);
	if (!second) {
		asked->flags = 0;
		return;
	}
	dsmb_get_bytes(&data, asked->parent, sizeof(asked->parent));
	/*
	 * MS-SMB2 section 2.2.13.2.10: without the flag ParentLeaseKey is ignored, and is zero in
	 * the response.
	 */
	if (!asked->flags)
		memset(asked->parent, 0, sizeof(asked->parent));
	asked->epoch = dsmb_get_u16(&data);
}

/* Read the caching requested by a CREATE. MS-SMB2 sections 3.3.5.9.8 and 3.3.5.9.11. */
void dsmb_caching_parse(u16 dialect, u8 level, const struct dsmb_contexts *contexts,
			struct dsmb_caching *asked)
{
	memset(asked, 0, sizeof(*asked));
	if (level != DSMB_OPLOCK_LEASE)
		asked->level = dsmb_oplock_bits(level) ? level : DSMB_OPLOCK_NONE;
	else if (dsmb_has_context(contexts, DSMB_CONTEXT_LEASE))
		dsmb_lease_parse(dialect, contexts->data[DSMB_CONTEXT_LEASE], asked);
}

/* Read the durability contexts of a CREATE. */
void dsmb_durable_parse(const struct dsmb_contexts *contexts, struct dsmb_durable_ask *ask)
{
	struct dsmb_cursor in;

	memset(ask, 0, sizeof(*ask));
	if (dsmb_has_context(contexts, DSMB_CONTEXT_RECONNECT_2)) {
		in = contexts->data[DSMB_CONTEXT_RECONNECT_2];
		ask->version = 2;
		ask->reconnect = true;
		ask->id = dsmb_get_u64(&in);
		dsmb_skip(&in, 8);
		dsmb_get_bytes(&in, ask->guid, sizeof(ask->guid));
		ask->persistent = dsmb_get_u32(&in) & DSMB_DURABLE_PERSISTENT;
	} else if (dsmb_has_context(contexts, DSMB_CONTEXT_RECONNECT)) {
		ask->version = 1;
		ask->reconnect = true;
		ask->id = dsmb_context_u64(contexts, DSMB_CONTEXT_RECONNECT);
	} else if (dsmb_has_context(contexts, DSMB_CONTEXT_DURABLE_2)) {
		in = contexts->data[DSMB_CONTEXT_DURABLE_2];
		ask->version = 2;
		ask->timeout_ms = dsmb_get_u32(&in);
		ask->persistent = dsmb_get_u32(&in) & DSMB_DURABLE_PERSISTENT;
		dsmb_skip(&in, 8);
		dsmb_get_bytes(&in, ask->guid, sizeof(ask->guid));
	} else if (dsmb_has_context(contexts, DSMB_CONTEXT_DURABLE)) {
		ask->version = 1;
	}
}

/* Read the application instance contexts of a CREATE. */
void dsmb_app_parse(const struct dsmb_contexts *contexts, struct dsmb_app_ask *ask)
{
	struct dsmb_cursor in;

	memset(ask, 0, sizeof(*ask));
	if (!dsmb_has_context(contexts, DSMB_CONTEXT_APP_INSTANCE))
		return;
	in = contexts->data[DSMB_CONTEXT_APP_INSTANCE];
	dsmb_skip(&in, 4);
	dsmb_get_bytes(&in, ask->id, sizeof(ask->id));
	ask->present = true;
	if (!dsmb_has_context(contexts, DSMB_CONTEXT_APP_VERSION))
		return;
	in = contexts->data[DSMB_CONTEXT_APP_VERSION];
	dsmb_skip(&in, 8);
	ask->high = dsmb_get_u64(&in);
	ask->low = dsmb_get_u64(&in);
	ask->versioned = true;
}

/*
 * MS-SMB2 section 3.3.5.9.5: a client that knows the latest change of the file knows its rights,
 * too.
 */
static bool dsmb_encode_maximal(struct dsmb_builder *out, const struct dsmb_contexts *contexts,
				const struct dsmb_context_reply *reply)
{
	u64 known = dsmb_context_u64(contexts, DSMB_CONTEXT_MAXIMAL);
	bool same = known && known == reply->attrs->written;
	u32 status = same ? STATUS_NONE_MAPPED : reply->maximal_status;

	dsmb_encode_u32(out, status);
	dsmb_encode_u32(out, status ? 0 : reply->maximal);
	return true;
}

static bool dsmb_encode_disk_id(struct dsmb_builder *out, const struct dsmb_contexts *contexts,
				const struct dsmb_context_reply *reply)
{
	dsmb_encode_u64(out, reply->attrs->file_id);
	dsmb_encode_u64(out, reply->attrs->volume_id);
	dsmb_builder_reserve(out, 16);
	return true;
}

/* The path of a file id. Macs take it as relative to the root of the share. */
static void dsmb_encode_apple_path(struct dsmb_builder *out,
				   const struct dsmb_context_reply *reply)
{
	u32 at;

	dsmb_encode_u32(out, DSMB_APPLE_RESOLVE_ID);
	dsmb_encode_u32(out, 0);
	dsmb_encode_u32(out, reply->path_status);
	at = out->len;
	dsmb_encode_u32(out, 0);
	if (reply->path)
		dsmb_encode_path(out, reply->path, strlen(reply->path));
	dsmb_fill_u32(out, at, out->len - at - 4);
	dsmb_encode_align(out, 8);
}

/*
 * The answer to a query of the properties of server, volume and machine. The name of the model ends
 * at a multiple of eight bytes.
 */
static bool dsmb_encode_apple(struct dsmb_builder *out, const struct dsmb_contexts *contexts,
			      const struct dsmb_context_reply *reply)
{
	struct dsmb_cursor in = contexts->data[DSMB_CONTEXT_APPLE];
	static const char model[] = "Ditto";
	u32 command = dsmb_get_u32(&in);
	u64 asked;

	dsmb_skip(&in, 4);
	asked = dsmb_get_u64(&in);
	if (command == DSMB_APPLE_RESOLVE_ID && reply->apple & DSMB_APPLE_RESOLVES_ID) {
		dsmb_encode_apple_path(out, reply);
		return true;
	}
	if (command != DSMB_APPLE_QUERY || !reply->apple)
		return false;
	asked &= DSMB_APPLE_SERVER_CAPS | DSMB_APPLE_VOLUME_CAPS | DSMB_APPLE_MODEL;
	dsmb_encode_u32(out, DSMB_APPLE_QUERY);
	dsmb_encode_u32(out, 0);
	dsmb_encode_u64(out, asked);
	if (asked & DSMB_APPLE_SERVER_CAPS)
		dsmb_encode_u64(out, DSMB_APPLE_OFFERED);
	if (asked & DSMB_APPLE_VOLUME_CAPS)
		dsmb_encode_u64(out, reply->apple);
	if (asked & DSMB_APPLE_MODEL) {
		dsmb_encode_u32(out, 0);
		dsmb_encode_u32(out, 2 * (sizeof(model) - 1));
		dsmb_encode_string(out, model, sizeof(model) - 1);
		dsmb_encode_align(out, 8);
	}
	return true;
}

/* Sets @negotiated to what client and server have in common, if the client asks for that. */
void dsmb_apple_negotiate(const struct dsmb_contexts *contexts, u8 *negotiated)
{
	struct dsmb_cursor in = contexts->data[DSMB_CONTEXT_APPLE];
	u32 command = dsmb_get_u32(&in);
	u64 asked;

	dsmb_skip(&in, 4);
	asked = dsmb_get_u64(&in);
	if (command == DSMB_APPLE_QUERY && asked & DSMB_APPLE_SERVER_CAPS)
		WRITE_ONCE(*negotiated, dsmb_get_u64(&in) & DSMB_APPLE_OFFERED);
}

/* Return: true if the client asks for the path of a file id. */
bool dsmb_apple_resolve_id(const struct dsmb_contexts *contexts, u64 *id)
{
	struct dsmb_cursor in = contexts->data[DSMB_CONTEXT_APPLE];
	u32 command = dsmb_get_u32(&in);

	dsmb_skip(&in, 4);
	*id = dsmb_get_u64(&in);
	return command == DSMB_APPLE_RESOLVE_ID;
}

static bool dsmb_encode_posix_context(struct dsmb_builder *out,
				      const struct dsmb_contexts *contexts,
				      const struct dsmb_context_reply *reply)
{
	dsmb_encode_posix_owners(out, reply->attrs);
	return true;
}

static bool dsmb_encode_lease(struct dsmb_builder *out, const struct dsmb_contexts *contexts,
			      const struct dsmb_context_reply *reply)
{
	if (!reply->lease)
		return false;
	dsmb_caching_encode(out, reply->lease);
	return true;
}

/* No response context means that durability is not granted. */
static bool dsmb_encode_durable(struct dsmb_builder *out, const struct dsmb_contexts *contexts,
				const struct dsmb_context_reply *reply)
{
	const struct dsmb_durable_reply *durable = &reply->durable;

	if (durable->version == 1) {
		dsmb_encode_u64(out, 0);
	} else if (durable->version) {
		dsmb_encode_u32(out, durable->timeout_ms);
		dsmb_encode_u32(out, durable->persistent ? DSMB_DURABLE_PERSISTENT : 0);
	}
	return durable->version;
}

static const struct {
	enum dsmb_context which;
	bool (*put)(struct dsmb_builder *out, const struct dsmb_contexts *contexts,
		    const struct dsmb_context_reply *reply);
} dsmb_context_replies[] = {
	{ DSMB_CONTEXT_MAXIMAL, dsmb_encode_maximal },
	{ DSMB_CONTEXT_DISK_ID, dsmb_encode_disk_id },
	{ DSMB_CONTEXT_LEASE, dsmb_encode_lease },
	{ DSMB_CONTEXT_DURABLE, dsmb_encode_durable },
	{ DSMB_CONTEXT_DURABLE_2, dsmb_encode_durable },
	{ DSMB_CONTEXT_APPLE, dsmb_encode_apple },
	{ DSMB_CONTEXT_POSIX, dsmb_encode_posix_context },
};

/*
 * Begin a context: header and name. Return: the offset of its Next field, to be filled when another
 * context follows.
 */
static u32 dsmb_context_begin(struct dsmb_builder *out, u32 last, enum dsmb_context which)
{
	const struct dsmb_context_kind *kind = &dsmb_context_kinds[which];
	u32 data_offset = ALIGN(DSMB_CONTEXT_HEAD + kind->name_len, 8);
	u32 at;

	dsmb_encode_align(out, 8);
	at = out->len;
	if (last)
		dsmb_fill_u32(out, last, at - last);
	dsmb_encode_u32(out, 0);
	dsmb_encode_u16(out, DSMB_CONTEXT_HEAD);
	dsmb_encode_u16(out, kind->name_len);
	dsmb_encode_u16(out, 0);
	dsmb_encode_u16(out, data_offset);
	dsmb_encode_u32(out, 0);
	dsmb_encode_bytes(out, kind->name, kind->name_len);
	dsmb_encode_align(out, 8);
	return at;
}

/* Encode the response contexts. MS-SMB2 section 2.2.14.2. Return: bytes encoded. */
u32 dsmb_contexts_encode(struct dsmb_builder *out, const struct dsmb_contexts *contexts,
			 const struct dsmb_context_reply *reply)
{
	u32 start = out->len, last = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dsmb_context_replies); i++) {
		enum dsmb_context which = dsmb_context_replies[i].which;
		u32 before = out->len, at, data;

		if (!dsmb_has_context(contexts, which))
			continue;
		at = dsmb_context_begin(out, last, which);
		data = out->len;
		if (!dsmb_context_replies[i].put(out, contexts, reply)) {
			dsmb_back(out, before);
			if (last)
				dsmb_fill_u32(out, last, 0);
			continue;
		}
		dsmb_fill_u32(out, at + 12, out->len - data);
		last = at;
	}
	return out->len - start;
}
