// SPDX-License-Identifier: GPL-2.0-only
/* Records of offloaded files, see record.h. */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "record.h"

static const u8 magic[4] = "DOFL", content_magic[4] = "DSTO";

#define RECORD_VERSION	1

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
} __packed;

static_assert(sizeof(struct stored_content) + DITTO_OFFLOAD_COOKIE_MAX == DITTO_STORED_MAX);
static_assert(sizeof(struct stored_record) + DITTO_OFFLOAD_COOKIE_MAX +
	      DITTO_OFFLOAD_RANGES_MAX / 8 == DITTO_OFFLOAD_RECORD_MAX);

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
	unsigned int bit;

	memcpy(head.magic, magic, sizeof(magic));
	memcpy(buf, &head, sizeof(head));
	memcpy(buf + sizeof(head), record->cookie, record->cookie_len);
	memset(map, 0, map_len);
	for_each_set_bit(bit, record->map, ranges)
		map[bit / 8] |= BIT(bit % 8);
	return sizeof(head) + record->cookie_len + map_len;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_offload_record_encode);

int ditto_offload_record_decode(struct ditto_offload_record *record, const u8 *buf, size_t len)
{
	struct stored_record head;
	size_t map_len;
	const u8 *map;

	memset(record, 0, sizeof(*record));
	if (len < sizeof(head))
		return -EINVAL;
	memcpy(&head, buf, sizeof(head));
	if (memcmp(head.magic, magic, sizeof(magic)) || head.version != RECORD_VERSION ||
	    head.flags || head.state || head.shift < DITTO_OFFLOAD_SHIFT_MIN ||
	    head.shift > DITTO_OFFLOAD_SHIFT_MAX)
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
	    len != sizeof(head) + record->cookie_len + map_len)
		return -EINVAL;
	memcpy(record->cookie, buf + sizeof(head), record->cookie_len);
	map = buf + sizeof(head) + record->cookie_len;
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

	memcpy(head.magic, content_magic, sizeof(content_magic));
	memcpy(buf, &head, sizeof(head));
	memcpy(buf + sizeof(head), stored->cookie, stored->cookie_len);
	return sizeof(head) + stored->cookie_len;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_stored_encode);

int ditto_stored_decode(struct ditto_stored *stored, const u8 *buf, size_t len)
{
	struct stored_content head;

	memset(stored, 0, sizeof(*stored));
	if (len < sizeof(head))
		return -EINVAL;
	memcpy(&head, buf, sizeof(head));
	if (memcmp(head.magic, content_magic, sizeof(content_magic)) ||
	    head.version != RECORD_VERSION ||
	    memchr_inv(head.flags, 0, sizeof(head.flags)) || head.reserved)
		return -EINVAL;
	stored->size = le64_to_cpu(head.size);
	stored->change = le64_to_cpu(head.change);
	stored->session = le64_to_cpu(head.session);
	stored->ino = le64_to_cpu(head.ino);
	stored->generation = le32_to_cpu(head.generation);
	stored->cookie_len = le16_to_cpu(head.cookie_len);
	if (!stored->size || stored->size > LLONG_MAX || !stored->cookie_len ||
	    stored->cookie_len > DITTO_OFFLOAD_COOKIE_MAX ||
	    len != sizeof(head) + stored->cookie_len)
		return -EINVAL;
	memcpy(stored->cookie, buf + sizeof(head), stored->cookie_len);
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

void ditto_offload_cut(struct ditto_offload_record *record, u64 size)
{
	if (size >= record->size)
		return;
	record->size = size;
	bitmap_clear(record->map, ditto_offload_ranges(record),
		     DITTO_OFFLOAD_RANGES_MAX - ditto_offload_ranges(record));
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
