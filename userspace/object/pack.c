// SPDX-License-Identifier: GPL-2.0-only
/* Packs. */

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "mem.h"
#include "pack.h"

#define MAGIC		"DITTOPLS"
#define TRAILER_MAGIC	"DITTOPAK"
#define VERSION		1

/* Layout of the list's header; numbers are little-endian. */
struct pack_header {
	char magic[8];
	u16 version;
	u16 record;
	u32 zero;
	u64 members;
};

struct pack_record {
	u8 name[HASH_SIZE];
	u32 offset;
	u32 room;
	u32 length;
	u32 zero;
};

/* The end of a pack: the place of the list. */
struct pack_trailer {
	char magic[8];
	u32 offset;
	u32 room;
};

static_assert(sizeof(struct pack_header) == PACK_HEADER, "layout of the bucket");
static_assert(sizeof(struct pack_record) == PACK_RECORD, "layout of the bucket");
static_assert(sizeof(struct pack_trailer) == PACK_TRAILER, "layout of the bucket");
static_assert(PACK_ROOM(0) == ENVELOPE_MAX(0), "layout of the bucket");

/* Make an envelope and fill the place of a tag that it does not have. Returns its room. */
static size_t pack_fill_room(enum envelope_kind kind, const struct key *key, bool compress,
			     const void *plain, size_t len, u8 *out)
{
	size_t size = envelope_seal(kind, key, compress, plain, len, out);

	if (!size || key)
		return size;
	memset(out + size, 0, ENVELOPE_TAG);
	return size + ENVELOPE_TAG;
}

u32 pack_seal_member(const struct key *key, bool compress, const void *plain, size_t len, u8 *out)
{
	return (u32)pack_fill_room(ENVELOPE_CHUNK, key, compress, plain, len, out);
}

static void pack_encode(const struct pack_member *members, u32 n, u8 *out)
{
	const struct pack_header head = { .magic = MAGIC, .version = htole16(VERSION),
					  .record = htole16(PACK_RECORD), .members = htole64(n) };
	struct pack_record record = { .zero = 0 };
	u32 i;

	memcpy(out, &head, sizeof(head));
	for (i = 0; i < n; i++) {
		memcpy(record.name, members[i].name, sizeof(record.name));
		record.offset = htole32(members[i].offset);
		record.room = htole32(members[i].room);
		record.length = htole32(members[i].length);
		memcpy(out + PACK_HEADER + (size_t)i * PACK_RECORD, &record, sizeof(record));
	}
}

size_t pack_seal(const struct key *key, const struct pack_member *members, u32 n, u8 *out,
		 size_t len, u8 name[HASH_SIZE])
{
	size_t size = PACK_HEADER + (size_t)n * PACK_RECORD, room;
	struct pack_trailer trailer = { .magic = TRAILER_MAGIC, .offset = htole32((u32)len) };
	u8 *list = mem_new(size);

	pack_encode(members, n, list);
	key_name(key, list, size, name);
	/* Names are random numbers: the list cannot be compressed. */
	room = pack_fill_room(ENVELOPE_PACK, key, false, list, size, out + len);
	free(list);
	if (!room)
		return 0;
	trailer.room = htole32((u32)room);
	memcpy(out + len + room, &trailer, sizeof(trailer));
	return len + room + sizeof(trailer);
}

/* Replace the envelope in the copy if it has another key. */
static bool pack_rekey(struct pack_check *c, const struct envelope *e, const u8 *in, size_t offset,
		       struct why *why)
{
	if (!c->rekey || e->key == c->rekey)
		return true;
	c->replaced++;
	return envelope_reseal(e, in, c->rekey, c->out + offset) > 0 ||
	       why_not(why, "cannot encrypt");
}

/*
 * Open and check the envelope at a place. If the length of the content is 0, it is set. Sets @plain
 * to its content, which is in @in or has to be freed as @memory. Returns false and fills @why on
 * errors.
 */
static bool pack_open(struct pack_check *c, enum envelope_kind kind, u8 *in,
		      struct pack_member *m, const u8 **plain, u8 **memory, struct why *why)
{
	size_t max = kind == ENVELOPE_PACK ? PACK_LIST_MAX : PACK_FILE_MAX;
	u8 *at = in + m->offset;
	struct envelope e;

	*memory = NULL;
	if (!envelope_parse(&e, kind, c->keys, c->n_keys, at, envelope_in_room(at, m->room), max,
			    why) ||
	    !envelope_decrypt(&e, at, why))
		return false;
	*plain = at + ENVELOPE_HEADER;
	if (e.zstd) {
		*memory = mem_new(e.plain + 1);
		*plain = *memory;
		if (!envelope_inflate(&e, at, *memory, why))
			return false;
	}
	if (m->length && m->length != e.plain)
		return why_not(why, "a member has %zu bytes, but the list says %u", e.plain,
			       m->length);
	m->length = (u32)e.plain;
	c->content += kind == ENVELOPE_CHUNK ? e.plain : 0;
	if (kind == ENVELOPE_PACK)
		c->keyed = e.name_key;
	return envelope_check_name(&e, *plain, m->name, why) &&
	       pack_rekey(c, &e, at, m->offset, why);
}

/* The place of the list, by the end of the pack. */
static bool pack_find_list(struct pack_member *list, const u8 *in, size_t len, struct why *why)
{
	struct pack_trailer trailer;

	if (len < sizeof(trailer))
		return why_not(why, "the pack is truncated: it has %zu bytes", len);
	memcpy(&trailer, in + len - sizeof(trailer), sizeof(trailer));
	list->offset = le32toh(trailer.offset);
	list->room = le32toh(trailer.room);
	return (!memcmp(trailer.magic, TRAILER_MAGIC, sizeof(trailer.magic)) &&
		list->offset <= PACK_SIZE && list->room <= PACK_ROOM(PACK_LIST_MAX) &&
		(u64)list->offset + list->room + sizeof(trailer) == len) ||
	       why_not(why, "the end of the pack is not valid");
}

/* Read the entry of a list, whose length was checked. */
static bool pack_decode(struct pack_member *m, const u8 *list, u64 i, u32 end, struct why *why)
{
	struct pack_record record;

	memcpy(&record, list + PACK_HEADER + i * PACK_RECORD, sizeof(record));
	memcpy(m->name, record.name, sizeof(m->name));
	m->offset = le32toh(record.offset);
	m->room = le32toh(record.room);
	m->length = le32toh(record.length);
	return (m->length && !record.zero && m->room <= end && m->offset <= end - m->room) ||
	       why_not(why, "the list of the pack is not valid");
}

static bool pack_check_members(struct pack_check *c, u8 *in, u32 end, const u8 *list, u32 len,
			       struct why *why)
{
	struct pack_header head = { .version = 0 };
	struct pack_member m;
	const u8 *plain;
	bool good = true;
	u8 *memory;
	u64 i;

	if (len >= sizeof(head))
		memcpy(&head, list, sizeof(head));
	if (memcmp(head.magic, MAGIC, sizeof(head.magic)) || le16toh(head.version) != VERSION ||
	    le16toh(head.record) != PACK_RECORD || head.zero ||
	    le64toh(head.members) > PACK_MEMBERS_MAX ||
	    len != PACK_HEADER + le64toh(head.members) * PACK_RECORD)
		return why_not(why, "the list of the pack is of another version");
	for (i = 0; i < le64toh(head.members) && good; i++) {
		memory = NULL;
		good = pack_decode(&m, list, i, end, why) &&
		       pack_open(c, ENVELOPE_CHUNK, in, &m, &plain, &memory, why);
		free(memory);
	}
	return good;
}

bool pack_check(struct pack_check *c, u8 *in, size_t len, struct why *why)
{
	struct pack_member list = { .length = 0 };
	u8 *memory = NULL;
	const u8 *plain;
	bool good;

	c->content = 0;
	c->keyed = false;
	c->replaced = 0;
	if (!pack_find_list(&list, in, len, why))
		return false;
	memcpy(list.name, c->name, sizeof(list.name));
	good = pack_open(c, ENVELOPE_PACK, in, &list, &plain, &memory, why) &&
	       pack_check_members(c, in, list.offset, plain, list.length, why);
	free(memory);
	return good;
}
