// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of offloaded files, see record.h. Version 2 has a checksum, which says whether a record
 * is what was written; one of version 1 is written as version 2 when it changes.
 */
#include <linux/build_bug.h>
#include <linux/crc32.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "record.h"

static const u8 magic[4] = "DOFL", content_magic[4] = "DSTO";

#define RECORD_VERSION	2

/* A second map, behind the first one, names the ranges that struct stored_record has no run for. */
#define RECORD_OWN_MAP	1

/* Bytes of a head of version 1, which is the first part of the present one. */
#define RECORD_HEAD_1	offsetof(struct stored_record, own)
#define CONTENT_HEAD_1	offsetof(struct stored_content, crc)

/**
 * struct stored_record - head of the stored form; all numbers are little endian
 * @magic: "DOFL"
 * @version: RECORD_VERSION
 * @flags: RECORD_OWN_MAP or 0; a reader refuses a record with flags that it does not know
 * @state: 0
 * @shift: logarithm of the size of a range
 * @size: see struct ditto_offload_record, as the following
 * @change: see there
 * @ino: see there
 * @generation: see there
 * @cookie_len: bytes of the cookie, which follows the head
 * @map_len: bytes of the map, which follows the cookie; bit n of byte m is for range 8m + n
 * @own: first of the ranges in @own of struct ditto_offload_record, if they are a run; otherwise
 *	0, with @own_end; not in version 1, as the following
 * @own_end: the range behind the last of them
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
	      2 * DITTO_OFFLOAD_RANGES_MAX / 8 == DITTO_OFFLOAD_RECORD_MAX);

/* CRC32C of bytes; the bytes of the checksum itself count as 0. */
static __le32 record_crc(const u8 *buf, size_t len, size_t at)
{
	const __le32 none = 0;
	u32 crc = crc32c(~0, buf, at);

	crc = crc32c(crc, (const u8 *)&none, sizeof(none));
	at += sizeof(none);
	return cpu_to_le32(~crc32c(crc, buf + at, len - at));
}

/* Set the size of a record, and no range in the file. */
void ditto_offload_record_init(struct ditto_offload_record *record, u64 size)
{
	memset(record, 0, sizeof(*record));
	record->size = size;
	record->shift = DITTO_OFFLOAD_SHIFT_MIN;
	while ((size - !!size) >> record->shift >= DITTO_OFFLOAD_RANGES_MAX)
		record->shift++;
}

static void record_encode_map(const unsigned long *map, u32 ranges, u8 *to)
{
	unsigned int bit;

	memset(to, 0, DIV_ROUND_UP(ranges, 8));
	for_each_set_bit(bit, map, ranges)
		to[bit / 8] |= BIT(bit % 8);
}

static void record_decode_map(unsigned long *map, u32 ranges, const u8 *from)
{
	for (u32 range = 0; range < ranges; range++)
		if (from[range / 8] & BIT(range % 8))
			__set_bit(range, map);
}

/*
 * Write the stored form of a record. @buf: DITTO_OFFLOAD_RECORD_MAX bytes. Return: bytes written.
 */
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
	u32 own = find_first_bit(record->own, ranges);
	u32 own_end = find_next_zero_bit(record->own, ranges, own);

	if (find_next_bit(record->own, ranges, own_end) < ranges) {
		head.flags = RECORD_OWN_MAP;
		record_encode_map(record->own, ranges, map + map_len);
		len += map_len;
	} else if (own < ranges) {
		head.own = cpu_to_le16(own);
		head.own_end = cpu_to_le16(own_end);
	}
	memcpy(head.magic, magic, sizeof(magic));
	memcpy(buf, &head, sizeof(head));
	memcpy(buf + sizeof(head), record->cookie, record->cookie_len);
	record_encode_map(record->map, ranges, map);
	head.crc = record_crc(buf, len, offsetof(struct stored_record, crc));
	memcpy(buf, &head, sizeof(head));
	return len;
}

/*
 * Read the stored form of a record. @len: bytes of @buf. A record of version 1 does not tell what
 * this server may have left, so that is in all ranges. Return: 0; -EINVAL if @buf is not a record
 * that this version can read, or is damaged.
 */
int ditto_offload_record_decode(struct ditto_offload_record *record, const u8 *buf, size_t len)
{
	struct stored_record head = {};
	u32 ranges, own, own_end;
	size_t head_len, map_len;
	const u8 *map;
	bool own_map;

	memset(record, 0, sizeof(*record));
	if (len < RECORD_HEAD_1)
		return -EINVAL;
	head_len = buf[offsetof(struct stored_record, version)] == 1 ? RECORD_HEAD_1 : sizeof(head);
	if (len < head_len)
		return -EINVAL;
	memcpy(&head, buf, head_len);
	if (memcmp(head.magic, magic, sizeof(magic)) || !head.version ||
	    head.version > RECORD_VERSION || head.flags & ~RECORD_OWN_MAP || head.state ||
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
	ranges = ditto_offload_ranges(record);
	own_map = head.flags & RECORD_OWN_MAP;
	if (!record->cookie_len || record->cookie_len > DITTO_OFFLOAD_COOKIE_MAX ||
	    map_len != DIV_ROUND_UP(ranges, 8) ||
	    len != head_len + record->cookie_len + (own_map ? 2 * map_len : map_len))
		return -EINVAL;
	own = le16_to_cpu(head.own);
	own_end = head.version == 1 ? ranges : le16_to_cpu(head.own_end);
	if (own > own_end || own_end > ranges || (own_map && (own_end || head.version == 1)))
		return -EINVAL;
	memcpy(record->cookie, buf + head_len, record->cookie_len);
	map = buf + head_len + record->cookie_len;
	record_decode_map(record->map, ranges, map);
	if (own_map)
		record_decode_map(record->own, ranges, map + map_len);
	else
		bitmap_set(record->own, own, own_end - own);
	/* Of a range that is in the file, nothing is to be said. */
	bitmap_andnot(record->own, record->own, record->map, DITTO_OFFLOAD_RANGES_MAX);
	return 0;
}

/* Write the stored form, DITTO_STORED_MAX bytes at most. Return: bytes written. */
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

/* Read the stored form. Return: 0; -EINVAL if this version cannot read it. */
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

/*
 * Find the first absent range. @pos: first byte of the bytes to look at. Return: the range, or
 * DITTO_OFFLOAD_NONE if all bytes are in the file.
 */
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

/* Mark the ranges that lie in some bytes as a whole. Return: true if a range was absent before. */
bool ditto_offload_cover(struct ditto_offload_record *record, u64 pos, u64 end)
{
	bool any = false;

	if (pos >= record->size || pos >= end)
		return false;
	for (u32 range = (pos + (1ULL << record->shift) - 1) >> record->shift;
	     range < ditto_offload_ranges(record) && ditto_offload_range_end(record, range) <= end;
	     range++) {
		any |= !__test_and_set_bit(range, record->map);
		__clear_bit(range, record->own);
	}
	return any;
}

/* Note that this server may leave data in a range. Return: true if that was not noted before. */
bool ditto_offload_own(struct ditto_offload_record *record, u32 range)
{
	return !test_bit(range, record->map) && !__test_and_set_bit(range, record->own);
}

/* Note all ranges, as ditto_offload_own() notes one. */
void ditto_offload_own_all(struct ditto_offload_record *record)
{
	bitmap_set(record->own, 0, ditto_offload_ranges(record));
	bitmap_andnot(record->own, record->own, record->map, DITTO_OFFLOAD_RANGES_MAX);
}

/* Forget what lies behind @size. */
void ditto_offload_cut(struct ditto_offload_record *record, u64 size)
{
	u32 ranges;

	if (size >= record->size)
		return;
	record->size = size;
	ranges = ditto_offload_ranges(record);
	bitmap_clear(record->map, ranges, DITTO_OFFLOAD_RANGES_MAX - ranges);
	bitmap_clear(record->own, ranges, DITTO_OFFLOAD_RANGES_MAX - ranges);
}

/* Bytes of the content that are in the file. */
u64 ditto_offload_resident(const struct ditto_offload_record *record)
{
	unsigned int range;
	u64 sum = 0;

	for_each_set_bit(range, record->map, ditto_offload_ranges(record))
		sum += ditto_offload_range_end(record, range) -
		       ditto_offload_range_pos(record, range);
	return sum;
}
