// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of offloaded files, see record.h. Version 2 has a checksum, which says whether a record
 * is what was written; one of version 1 is written as version 2 when it changes.
 */
#include <linux/build_bug.h>
#include <linux/crc32.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "record.h"

static const u8 magic[4] = "DOFL", content_magic[4] = "DSTO";

#define RECORD_VERSION	2

/* Bytes of a head of version 1, which is the first part of the present one. */
#define RECORD_HEAD_1	offsetof(struct stored_record, own)
#define CONTENT_HEAD_1	offsetof(struct stored_content, crc)

/**
 * struct stored_record - head of the stored form; all numbers are little endian
 * @magic: "DOFL"
 * @version: RECORD_VERSION
 * @flags: 0; a reader refuses a record with flags that it does not know
 * @state: 0
 * @shift: logarithm of the size of a range
 * @size: see struct ditto_offload_record, as the following
 * @change: see there
 * @ino: see there
 * @generation: see there
 * @cookie_len: bytes of the cookie, which follows the head
 * @map_len: bytes of the map, which follows the cookie; bit n of byte m is for range 8m + n
 * @own: see struct ditto_offload_record, as the following; not in version 1
 * @own_end: see there
 * @crc: CRC32C of the whole, with 0 here
 */
struct stored_record {
	u8 magic[4];
	u8 version;
	u8 flags;
	u8 state;
	u8 shift;
	__le64 size;
	__le64 change;
	__le64 ino;
	__le32 generation;
	__le16 cookie_len;
	__le16 map_len;
	__le16 own;
	__le16 own_end;
	__le32 crc;
} __packed;

/**
 * struct stored_content - head of the stored form of struct ditto_stored
 * @magic: "DSTO"
 * @version: RECORD_VERSION
 * @flags: 0; a reader refuses others
 * @size: see struct ditto_stored, as the following
 * @change: see there
 * @session: see there
 * @ino: see there
 * @generation: see there
 * @cookie_len: bytes of the cookie, which follows the head
 * @reserved: 0
 * @crc: CRC32C of the whole, with 0 here; not in version 1
 */
struct stored_content {
	u8 magic[4];
	u8 version;
	u8 flags[3];
	__le64 size;
	__le64 change;
	__le64 session;
	__le64 ino;
	__le32 generation;
	__le16 cookie_len;
	__le16 reserved;
	__le32 crc;
} __packed;

static_assert(sizeof(struct stored_content) + DITTO_OFFLOAD_COOKIE_MAX == DITTO_STORED_MAX);
static_assert(sizeof(struct stored_record) + DITTO_OFFLOAD_COOKIE_MAX +
	      DITTO_OFFLOAD_RANGES_MAX / 8 == DITTO_OFFLOAD_RECORD_MAX);

/* CRC32C of bytes, of which those of the checksum itself count as 0. */
static __le32 record_crc(const u8 *buf, size_t len, size_t at)
{
	const __le32 none = 0;
	u32 crc = __crc32c_le(~0, buf, at);

	crc = __crc32c_le(crc, (const u8 *)&none, sizeof(none));
	at += sizeof(none);
	return cpu_to_le32(~__crc32c_le(crc, buf + at, len - at));
}

void ditto_offload_record_init(struct ditto_offload_record *record, u64 size)
{
	memset(record, 0, sizeof(*record));
	record->size = size;
	record->shift = DITTO_OFFLOAD_SHIFT_MIN;
	while ((size - !!size) >> record->shift >= DITTO_OFFLOAD_RANGES_MAX)
		record->shift++;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_offload_record_init);

size_t ditto_offload_record_encode(const struct ditto_offload_record *record, u8 *buf)
{
	u32 ranges = ditto_offload_ranges(record);
	size_t map_len = DIV_ROUND_UP(ranges, 8);
	struct stored_record head = {
		.version = RECORD_VERSION,
		.shift = record->shift,
		.size = cpu_to_le64(record->size),
		.change = cpu_to_le64(record->change),
		.ino = cpu_to_le64(record->ino),
		.generation = cpu_to_le32(record->generation),
		.cookie_len = cpu_to_le16(record->cookie_len),
		.map_len = cpu_to_le16(map_len),
	};
	u8 *map = buf + sizeof(head) + record->cookie_len;
	size_t len = sizeof(head) + record->cookie_len + map_len;
	u32 own = record->own, own_end = min(record->own_end, ranges);
	unsigned int bit;

	/* Of a range that is in the file, nothing has to be said. */
	while (own < own_end && test_bit(own, record->map))
		own++;
	while (own < own_end && test_bit(own_end - 1, record->map))
		own_end--;
	if (own < own_end) {
		head.own = cpu_to_le16(own);
		head.own_end = cpu_to_le16(own_end);
	}
	memcpy(head.magic, magic, sizeof(magic));
	memcpy(buf, &head, sizeof(head));
	memcpy(buf + sizeof(head), record->cookie, record->cookie_len);
	memset(map, 0, map_len);
	for_each_set_bit(bit, record->map, ranges)
		map[bit / 8] |= BIT(bit % 8);
	head.crc = record_crc(buf, len, offsetof(struct stored_record, crc));
	memcpy(buf, &head, sizeof(head));
	return len;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_offload_record_encode);

int ditto_offload_record_decode(struct ditto_offload_record *record, const u8 *buf, size_t len)
{
	struct stored_record head = {};
	size_t head_len, map_len;
	const u8 *map;

	memset(record, 0, sizeof(*record));
	if (len < RECORD_HEAD_1)
		return -EINVAL;
	head_len = buf[offsetof(struct stored_record, version)] == 1 ? RECORD_HEAD_1 : sizeof(head);
	if (len < head_len)
		return -EINVAL;
	memcpy(&head, buf, head_len);
	if (memcmp(head.magic, magic, sizeof(magic)) || !head.version ||
	    head.version > RECORD_VERSION || head.flags || head.state ||
	    head.shift < DITTO_OFFLOAD_SHIFT_MIN || head.shift > DITTO_OFFLOAD_SHIFT_MAX)
		return -EINVAL;
	if (head.version > 1 &&
	    head.crc != record_crc(buf, len, offsetof(struct stored_record, crc)))
		return -EINVAL;
	record->shift = head.shift;
	record->size = le64_to_cpu(head.size);
	record->change = le64_to_cpu(head.change);
	record->ino = le64_to_cpu(head.ino);
	record->generation = le32_to_cpu(head.generation);
	record->cookie_len = le16_to_cpu(head.cookie_len);
	map_len = le16_to_cpu(head.map_len);
	if (!record->size || record->size > LLONG_MAX ||
	    (record->size - 1) >> record->shift >= DITTO_OFFLOAD_RANGES_MAX)
		return -EINVAL;
	if (!record->cookie_len || record->cookie_len > DITTO_OFFLOAD_COOKIE_MAX ||
	    map_len != DIV_ROUND_UP(ditto_offload_ranges(record), 8) ||
	    len != head_len + record->cookie_len + map_len)
		return -EINVAL;
	record->own = le16_to_cpu(head.own);
	record->own_end = le16_to_cpu(head.own_end);
	if (head.version == 1)
		record->own_end = ditto_offload_ranges(record);
	if (record->own > record->own_end || record->own_end > ditto_offload_ranges(record))
		return -EINVAL;
	memcpy(record->cookie, buf + head_len, record->cookie_len);
	map = buf + head_len + record->cookie_len;
	for (u32 range = 0; range < ditto_offload_ranges(record); range++)
		if (map[range / 8] & BIT(range % 8))
			__set_bit(range, record->map);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_offload_record_decode);

size_t ditto_stored_encode(const struct ditto_stored *stored, u8 *buf)
{
	struct stored_content head = {
		.version = RECORD_VERSION,
		.size = cpu_to_le64(stored->size),
		.change = cpu_to_le64(stored->change),
		.session = cpu_to_le64(stored->session),
		.ino = cpu_to_le64(stored->ino),
		.generation = cpu_to_le32(stored->generation),
		.cookie_len = cpu_to_le16(stored->cookie_len),
	};
	size_t len = sizeof(head) + stored->cookie_len;

	memcpy(head.magic, content_magic, sizeof(content_magic));
	memcpy(buf, &head, sizeof(head));
	memcpy(buf + sizeof(head), stored->cookie, stored->cookie_len);
	head.crc = record_crc(buf, len, offsetof(struct stored_content, crc));
	memcpy(buf, &head, sizeof(head));
	return len;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_stored_encode);

int ditto_stored_decode(struct ditto_stored *stored, const u8 *buf, size_t len)
{
	struct stored_content head = {};
	size_t head_len;

	memset(stored, 0, sizeof(*stored));
	if (len < CONTENT_HEAD_1)
		return -EINVAL;
	head_len = buf[offsetof(struct stored_content, version)] == 1 ? CONTENT_HEAD_1 :
									 sizeof(head);
	if (len < head_len)
		return -EINVAL;
	memcpy(&head, buf, head_len);
	if (memcmp(head.magic, content_magic, sizeof(content_magic)) || !head.version ||
	    head.version > RECORD_VERSION ||
	    memchr_inv(head.flags, 0, sizeof(head.flags)) || head.reserved)
		return -EINVAL;
	if (head.version > 1 &&
	    head.crc != record_crc(buf, len, offsetof(struct stored_content, crc)))
		return -EINVAL;
	stored->size = le64_to_cpu(head.size);
	stored->change = le64_to_cpu(head.change);
	stored->session = le64_to_cpu(head.session);
	stored->ino = le64_to_cpu(head.ino);
	stored->generation = le32_to_cpu(head.generation);
	stored->cookie_len = le16_to_cpu(head.cookie_len);
	if (!stored->size || stored->size > LLONG_MAX || !stored->cookie_len ||
	    stored->cookie_len > DITTO_OFFLOAD_COOKIE_MAX ||
	    len != head_len + stored->cookie_len)
		return -EINVAL;
	memcpy(stored->cookie, buf + head_len, stored->cookie_len);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_stored_decode);

u32 ditto_offload_absent(const struct ditto_offload_record *record, u64 pos, u64 end)
{
	u32 last, range;

	end = min(end, record->size);
	if (pos >= end)
		return DITTO_OFFLOAD_NONE;
	last = (end - 1) >> record->shift;
	range = find_next_zero_bit(record->map, last + 1, pos >> record->shift);
	return range > last ? DITTO_OFFLOAD_NONE : range;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_offload_absent);

bool ditto_offload_cover(struct ditto_offload_record *record, u64 pos, u64 end)
{
	bool any = false;

	if (pos >= record->size || pos >= end)
		return false;
	for (u32 range = (pos + (1ULL << record->shift) - 1) >> record->shift;
	     range < ditto_offload_ranges(record) && ditto_offload_range_end(record, range) <= end;
	     range++)
		any |= !__test_and_set_bit(range, record->map);
	return any;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_offload_cover);

bool ditto_offload_own(struct ditto_offload_record *record, u32 range)
{
	if (ditto_offload_is_own(record, range))
		return false;
	if (record->own == record->own_end)
		record->own = range;
	record->own = min(record->own, range);
	record->own_end = max(record->own_end, range + 1);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_offload_own);

void ditto_offload_cut(struct ditto_offload_record *record, u64 size)
{
	if (size >= record->size)
		return;
	record->size = size;
	bitmap_clear(record->map, ditto_offload_ranges(record),
		     DITTO_OFFLOAD_RANGES_MAX - ditto_offload_ranges(record));
	record->own_end = min(record->own_end, ditto_offload_ranges(record));
	record->own = min(record->own, record->own_end);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_offload_cut);

u64 ditto_offload_resident(const struct ditto_offload_record *record)
{
	unsigned int range;
	u64 sum = 0;

	for_each_set_bit(range, record->map, ditto_offload_ranges(record))
		sum += ditto_offload_range_end(record, range) -
		       ditto_offload_range_pos(record, range);
	return sum;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_offload_resident);
