// SPDX-License-Identifier: GPL-2.0-only
/* Manifests. */

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "chunker.h"
#include "manifest.h"
#include "mem.h"

#define MAGIC		"DITTOMAN"
#define VERSION		1

/* Layout of the header; numbers are little-endian. */
struct manifest_header {
	char magic[8];
	u16 version;
	u16 record;
	u32 zero;
	u64 size;
	u64 chunks;
};

struct manifest_record {
	u8 name[HASH_SIZE];
	u32 length;
	u32 zero;
};

static_assert(sizeof(struct manifest_header) == MANIFEST_HEADER, "layout of the bucket");
static_assert(sizeof(struct manifest_record) == MANIFEST_RECORD, "layout of the bucket");

bool manifest_add(struct manifest *m, const u8 name[HASH_SIZE], u32 length)
{
	struct manifest_chunk *c;

	if (m->n == MANIFEST_CHUNKS_MAX)
		return false;
	m->chunks = mem_grow(m->chunks, m->n, sizeof(*m->chunks));
	c = &m->chunks[m->n++];
	memcpy(c->name, name, sizeof(c->name));
	c->offset = m->size;
	c->length = length;
	m->size += length;
	return true;
}

void manifest_free(struct manifest *m)
{
	free(m->chunks);
	*m = (struct manifest){ .size = 0 };
}

size_t manifest_length(const struct manifest *m)
{
	return MANIFEST_HEADER + (size_t)m->n * MANIFEST_RECORD;
}

void manifest_encode(const struct manifest *m, u8 *out)
{
	struct manifest_header head = { .magic = MAGIC, .version = htole16(VERSION),
					.record = htole16(MANIFEST_RECORD),
					.size = htole64(m->size), .chunks = htole64(m->n) };
	struct manifest_record record = { .zero = 0 };
	u32 i;

	memcpy(out, &head, sizeof(head));
	out += sizeof(head);
	for (i = 0; i < m->n; i++, out += sizeof(record)) {
		memcpy(record.name, m->chunks[i].name, sizeof(record.name));
		record.length = htole32(m->chunks[i].length);
		memcpy(out, &record, sizeof(record));
	}
}

static bool manifest_decode_records(struct manifest *m, const u8 *in, u64 n, struct why *why)
{
	struct manifest_record record;
	u32 length;
	u64 i;

	for (i = 0; i < n; i++, in += sizeof(record)) {
		memcpy(&record, in, sizeof(record));
		length = le32toh(record.length);
		if (!length || length > CHUNK_MAX || record.zero)
			return why_not(why, "wrong bytes: chunk %llu of the manifest is invalid",
				       (unsigned long long)i);
		if (!manifest_add(m, record.name, length))
			return why_not(why, "the manifest has too many chunks");
	}
	return true;
}

bool manifest_decode(struct manifest *m, const u8 *in, size_t len, struct why *why)
{
	struct manifest_header head;
	u64 n;

	*m = (struct manifest){ .size = 0 };
	if (len < sizeof(head))
		return why_not(why, "wrong bytes: the manifest is truncated");
	memcpy(&head, in, sizeof(head));
	if (memcmp(head.magic, MAGIC, sizeof(head.magic)))
		return why_not(why, "wrong bytes: this is not a manifest");
	if (le16toh(head.version) != VERSION || le16toh(head.record) != MANIFEST_RECORD ||
	    head.zero)
		return why_not(why, "the manifest has an unknown version, %u",
			       le16toh(head.version));
	n = le64toh(head.chunks);
	if (n > MANIFEST_CHUNKS_MAX || len != MANIFEST_HEADER + n * MANIFEST_RECORD)
		return why_not(why, "wrong bytes: the manifest cannot have %llu chunks",
			       (unsigned long long)n);
	if (manifest_decode_records(m, in + sizeof(head), n, why)) {
		if (m->size == le64toh(head.size))
			return true;
		why_not(why, "wrong bytes: the chunks of the manifest do not make up the file");
	}
	manifest_free(m);
	return false;
}

u32 manifest_find(const struct manifest *m, u64 offset)
{
	u32 low = 0, high = m->n, middle;

	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (m->chunks[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}
