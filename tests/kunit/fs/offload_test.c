// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of offloaded files: the stored form, and which ranges bytes belong to; stubs and nodes.
 */

#include <kunit/test.h>
#include <linux/crc32.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../../../fs/node/node.h"
#include "../../../fs/offload/record.h"
#include "../../../fs/offload/stub.h"

#define RANGE	SZ_8M

/* Three ranges, the last one 100 bytes long. */
static struct ditto_offload_record *offload_record(struct kunit *test, u64 size)
{
	struct ditto_offload_record *record = kunit_kzalloc(test, sizeof(*record), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, record);
	ditto_offload_record_init(record, size);
	record->change = 0x1122334455667788;
	record->ino = 42;
	record->generation = 7;
	record->cookie_len = 3;
	memcpy(record->cookie, "abc", 3);
	return record;
}

static u8 *offload_buffer(struct kunit *test)
{
	u8 *buf = kunit_kzalloc(test, DITTO_OFFLOAD_RECORD_MAX + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	return buf;
}

static void offload_sizes(struct kunit *test)
{
	static const struct {
		u64 size;
		u8 shift;
		u32 ranges;
	} cases[] = {
		{ 1, 23, 1 },
		{ RANGE, 23, 1 },
		{ RANGE + 1ULL, 23, 2 },
		{ 8192ULL * RANGE, 23, 8192 },
		{ 8192ULL * RANGE + 1, 24, 4097 },
		{ LLONG_MAX, 50, 8192 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ditto_offload_record *record = offload_record(test, cases[i].size);

		KUNIT_EXPECT_EQ(test, record->shift, cases[i].shift);
		KUNIT_EXPECT_EQ(test, ditto_offload_ranges(record), cases[i].ranges);
	}
}

static void offload_stored_form(struct kunit *test)
{
	static const u8 want[] = {
		'D', 'O', 'F', 'L', 2, 0, 0, 23,
		0x64, 0, 0, 1, 0, 0, 0, 0,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		42, 0, 0, 0, 0, 0, 0, 0,
		7, 0, 0, 0, 3, 0, 1, 0,
		2, 0, 3, 0, 0, 0, 0, 0,
		'a', 'b', 'c', 2,
	};
	/* The checksum, which is that of the other bytes. */
	const size_t crc = 44;
	struct ditto_offload_record *record = offload_record(test, 2ULL * RANGE + 100);
	struct ditto_offload_record *read = offload_record(test, 1);
	u8 *buf = offload_buffer(test);

	__set_bit(1, record->map);
	__set_bit(2, record->own);
	KUNIT_ASSERT_EQ(test, ditto_offload_record_encode(record, buf), sizeof(want));
	KUNIT_EXPECT_MEMEQ(test, buf, want, crc);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(buf + crc),
			~__crc32c_le(~0, want, sizeof(want)));
	KUNIT_EXPECT_MEMEQ(test, buf + crc + 4, want + crc + 4, sizeof(want) - crc - 4);
	KUNIT_ASSERT_EQ(test, ditto_offload_record_decode(read, buf, sizeof(want)), 0);
	KUNIT_EXPECT_MEMEQ(test, read, record, sizeof(*read));
}

/* A record of version 1 is read, and says nothing about what the server may have left. */
static void offload_older_form(struct kunit *test)
{
	static const u8 old[] = {
		'D', 'O', 'F', 'L', 1, 0, 0, 23,
		0x64, 0, 0, 1, 0, 0, 0, 0,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		42, 0, 0, 0, 0, 0, 0, 0,
		7, 0, 0, 0, 3, 0, 1, 0,
		'a', 'b', 'c', 2,
	};
	static const u8 old_content[] = {
		'D', 'S', 'T', 'O', 1, 0, 0, 0,
		8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
		3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 'a',
	};
	struct ditto_offload_record *record = offload_record(test, 2ULL * RANGE + 100);
	struct ditto_offload_record *read = offload_record(test, 1);
	struct ditto_stored *stored = kunit_kzalloc(test, sizeof(*stored), GFP_KERNEL);
	u8 *buf = offload_buffer(test);

	KUNIT_ASSERT_NOT_NULL(test, stored);
	__set_bit(1, record->map);
	__set_bit(0, record->own);
	__set_bit(2, record->own);
	KUNIT_ASSERT_EQ(test, ditto_offload_record_decode(read, old, sizeof(old)), 0);
	KUNIT_EXPECT_MEMEQ(test, read, record, sizeof(*read));
	for (size_t cut = 0; cut < sizeof(old); cut++)
		KUNIT_EXPECT_EQ(test, ditto_offload_record_decode(read, old, cut), -EINVAL);
	/* It is written as the present version. */
	KUNIT_EXPECT_EQ(test, ditto_offload_record_encode(record, buf), sizeof(old) + 9);
	KUNIT_EXPECT_EQ(test, buf[4], 2);
	KUNIT_EXPECT_EQ(test, ditto_stored_decode(stored, old_content, sizeof(old_content)), 0);
	KUNIT_EXPECT_EQ(test, stored->session, 2);
}

static void offload_expect_own(struct kunit *test, const struct ditto_offload_record *record,
			       u8 own)
{
	struct ditto_offload_record *read = offload_record(test, 1);
	u8 *buf = offload_buffer(test);
	size_t len = ditto_offload_record_encode(record, buf);

	KUNIT_EXPECT_EQ(test, bitmap_get_value8(record->own, 0), own);
	KUNIT_ASSERT_EQ(test, ditto_offload_record_decode(read, buf, len), 0);
	KUNIT_EXPECT_MEMEQ(test, read, record, sizeof(*read));
	for (size_t cut = 0; cut < len; cut++)
		KUNIT_EXPECT_EQ(test, ditto_offload_record_decode(read, buf, cut), -EINVAL);
}

/* What the server may leave is told of absent ranges alone, and of no others between them. */
static void offload_own_ranges(struct kunit *test)
{
	struct ditto_offload_record *record = offload_record(test, 8ULL * RANGE);

	KUNIT_EXPECT_TRUE(test, ditto_offload_own(record, 0));
	KUNIT_EXPECT_FALSE(test, ditto_offload_own(record, 0));
	KUNIT_EXPECT_TRUE(test, ditto_offload_own(record, 7));
	offload_expect_own(test, record, 0x81);
	/* The first and the last range come back, and nothing between them. */
	ditto_offload_cover(record, 0, RANGE);
	ditto_offload_cover(record, 7ULL * RANGE, 8ULL * RANGE);
	KUNIT_EXPECT_FALSE(test, ditto_offload_own(record, 0));
	offload_expect_own(test, record, 0);
	KUNIT_EXPECT_TRUE(test, ditto_offload_own(record, 4));
	KUNIT_EXPECT_TRUE(test, ditto_offload_own(record, 5));
	offload_expect_own(test, record, 0x30);
	ditto_offload_cut(record, 5ULL * RANGE);
	offload_expect_own(test, record, 0x10);
	ditto_offload_own_all(record);
	offload_expect_own(test, record, 0x1e);
}

static void offload_longest(struct kunit *test)
{
	struct ditto_offload_record *record = offload_record(test, 8192ULL * RANGE);
	struct ditto_offload_record *read = offload_record(test, 1);
	u8 *buf = offload_buffer(test);
	size_t len;

	record->cookie_len = DITTO_OFFLOAD_COOKIE_MAX;
	memset(record->cookie, 'x', sizeof(record->cookie));
	ditto_offload_own(record, 0);
	ditto_offload_own(record, 8191);
	len = ditto_offload_record_encode(record, buf);
	KUNIT_EXPECT_EQ(test, len, DITTO_OFFLOAD_RECORD_MAX);
	KUNIT_EXPECT_EQ(test, ditto_offload_record_decode(read, buf, len), 0);
}

/* Whatever is damaged, the record is refused and nothing is read behind it. */
static void offload_damaged(struct kunit *test)
{
	static const struct {
		u8 at;
		u8 value;
	} cases[] = {
		{ 0, 'd' }, { 4, 3 }, { 5, 1 }, { 5, 2 }, { 6, 1 }, { 7, 22 }, { 7, 51 }, { 11, 2 },
		{ 15, 0x80 }, { 36, 0 }, { 36, 4 }, { 37, 2 }, { 37, 0xff }, { 38, 0 },
		{ 38, 2 }, { 39, 0xff },
	};
	struct ditto_offload_record *record = offload_record(test, 2ULL * RANGE + 100);
	struct ditto_offload_record *read = offload_record(test, 1);
	u8 *buf = offload_buffer(test);
	size_t len = ditto_offload_record_encode(record, buf);
	u8 was;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		was = buf[cases[i].at];
		buf[cases[i].at] = cases[i].value;
		/* A size of more ranges needs a longer map. */
		if (cases[i].at == 11)
			buf[11] = 0x10;
		KUNIT_EXPECT_EQ_MSG(test, ditto_offload_record_decode(read, buf, len), -EINVAL,
				    "byte %u is %u", cases[i].at, cases[i].value);
		buf[cases[i].at] = was;
	}
	for (size_t cut = 0; cut < len; cut++)
		KUNIT_EXPECT_EQ(test, ditto_offload_record_decode(read, buf, cut), -EINVAL);
	KUNIT_EXPECT_EQ(test, ditto_offload_record_decode(read, buf, len + 1), -EINVAL);
	/* Whatever bit it is, the checksum tells. */
	for (size_t bit = 0; bit < 8 * len; bit++) {
		buf[bit / 8] ^= BIT(bit % 8);
		KUNIT_EXPECT_EQ_MSG(test, ditto_offload_record_decode(read, buf, len), -EINVAL,
				    "bit %zu", bit);
		buf[bit / 8] ^= BIT(bit % 8);
	}
	memset(buf + 8, 0, 8);
	KUNIT_EXPECT_EQ(test, ditto_offload_record_decode(read, buf, len), -EINVAL);
}

static void offload_absent_ranges(struct kunit *test)
{
	struct ditto_offload_record *record = offload_record(test, 2ULL * RANGE + 100);

	KUNIT_EXPECT_EQ(test, ditto_offload_absent(record, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, ditto_offload_absent(record, 5, 5), DITTO_OFFLOAD_NONE);
	KUNIT_EXPECT_EQ(test, ditto_offload_absent(record, RANGE, U64_MAX), 1);
	KUNIT_EXPECT_EQ(test, ditto_offload_absent(record, 2 * RANGE + 99, U64_MAX), 2);
	KUNIT_EXPECT_EQ(test, ditto_offload_absent(record, 2 * RANGE + 100, U64_MAX),
			DITTO_OFFLOAD_NONE);
	__set_bit(0, record->map);
	KUNIT_EXPECT_EQ(test, ditto_offload_absent(record, 0, RANGE), DITTO_OFFLOAD_NONE);
	KUNIT_EXPECT_EQ(test, ditto_offload_absent(record, 0, RANGE + 1), 1);
	KUNIT_EXPECT_EQ(test, ditto_offload_resident(record), RANGE);
	__set_bit(2, record->map);
	KUNIT_EXPECT_EQ(test, ditto_offload_resident(record), RANGE + 100);
}

/* Only what is covered as a whole counts; the last range ends with the content. */
static void offload_covered_ranges(struct kunit *test)
{
	struct ditto_offload_record *record = offload_record(test, 2ULL * RANGE + 100);

	KUNIT_EXPECT_FALSE(test, ditto_offload_cover(record, 0, RANGE - 1));
	KUNIT_EXPECT_FALSE(test, ditto_offload_cover(record, 1, RANGE + 1));
	KUNIT_EXPECT_FALSE(test, ditto_offload_cover(record, 0, 0));
	KUNIT_EXPECT_TRUE(test, ditto_offload_cover(record, 1, 2 * RANGE + 50));
	KUNIT_EXPECT_EQ(test, record->map[0], BIT(1));
	KUNIT_EXPECT_FALSE(test, ditto_offload_cover(record, RANGE, 2 * RANGE));
	KUNIT_EXPECT_TRUE(test, ditto_offload_cover(record, 2 * RANGE, 2 * RANGE + 100));
	KUNIT_EXPECT_EQ(test, record->map[0], BIT(1) | BIT(2));
	KUNIT_EXPECT_FALSE(test, ditto_offload_cover(record, U64_MAX - 5, U64_MAX));
}

static void offload_cut_content(struct kunit *test)
{
	struct ditto_offload_record *record = offload_record(test, 2ULL * RANGE + 100);

	bitmap_set(record->map, 0, 3);
	ditto_offload_cut(record, 3ULL * RANGE);
	KUNIT_EXPECT_EQ(test, record->size, 2ULL * RANGE + 100);
	ditto_offload_cut(record, RANGE + 1);
	KUNIT_EXPECT_EQ(test, record->size, RANGE + 1);
	KUNIT_EXPECT_EQ(test, record->map[0], BIT(0) | BIT(1));
	KUNIT_EXPECT_EQ(test, ditto_offload_range_end(record, 1), RANGE + 1);
	ditto_offload_cut(record, 0);
	KUNIT_EXPECT_EQ(test, ditto_offload_absent(record, 0, U64_MAX), DITTO_OFFLOAD_NONE);
	KUNIT_EXPECT_EQ(test, record->map[0], 0UL);
}

/* The stored form of an attribute of a whole file, byte by byte, and what is refused. */
static void offload_stored_coded(struct kunit *test)
{
	static const u8 want[] = {
		'D', 'S', 'T', 'O', 2, 0, 0, 0,
		0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01,
		0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
		0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21,
		0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31,
		0x44, 0x43, 0x42, 0x41, 3, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c',
	};
	const size_t crc = 48;
	struct ditto_stored *stored = kunit_kzalloc(test, sizeof(*stored), GFP_KERNEL);
	struct ditto_stored *read = kunit_kzalloc(test, sizeof(*read), GFP_KERNEL);
	u8 *buf = kunit_kzalloc(test, DITTO_STORED_MAX + 1, GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, stored && read && buf);
	stored->size = 0x0102030405060708;
	stored->change = 0x1112131415161718;
	stored->session = 0x2122232425262728;
	stored->ino = 0x3132333435363738;
	stored->generation = 0x41424344;
	stored->cookie_len = 3;
	memcpy(stored->cookie, "abc", 3);
	KUNIT_ASSERT_EQ(test, ditto_stored_encode(stored, buf), sizeof(want));
	KUNIT_EXPECT_MEMEQ(test, buf, want, crc);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(buf + crc),
			~__crc32c_le(~0, want, sizeof(want)));
	KUNIT_EXPECT_MEMEQ(test, buf + crc + 4, want + crc + 4, 3);
	KUNIT_EXPECT_EQ(test, ditto_stored_decode(read, buf, sizeof(want)), 0);
	KUNIT_EXPECT_MEMEQ(test, read, stored, sizeof(*read));
	for (size_t len = 0; len < sizeof(want); len++)
		KUNIT_EXPECT_EQ(test, ditto_stored_decode(read, buf, len), -EINVAL);
	KUNIT_EXPECT_EQ(test, ditto_stored_decode(read, buf, sizeof(want) + 1), -EINVAL);
	for (size_t i = 0; i < sizeof(want); i++) {
		buf[i] ^= 0x80;
		KUNIT_EXPECT_EQ_MSG(test, ditto_stored_decode(read, buf, sizeof(want)), -EINVAL,
				    "byte %zu", i);
		buf[i] ^= 0x80;
	}
}

/* A node of a whole file that is empty, on a file system without change numbers. */
static struct ditto_node *node_make(struct kunit *test)
{
	struct ditto_node *node = kunit_kzalloc(test, sizeof(*node), GFP_KERNEL);
	struct ditto_volume *volume = kunit_kzalloc(test, sizeof(*volume), GFP_KERNEL);
	struct inode *inode = kunit_kzalloc(test, sizeof(*inode), GFP_KERNEL);
	struct super_block *sb = kunit_kzalloc(test, sizeof(*sb), GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, node && volume && inode && sb);
	spin_lock_init(&volume->release_lock);
	INIT_LIST_HEAD(&volume->release_candidates);
	INIT_LIST_HEAD(&node->release_candidate);
	inode->i_sb = sb;
	node->inode = inode;
	node->volume = volume;
	set_bit(DITTO_NODE_WHOLE, &node->flags);
	return node;
}

/* A recall that ends late leaves the stub of a later release alone. */
static void offload_stub_of_node(struct kunit *test)
{
	struct ditto_node *node = node_make(test);
	struct ditto_stub *old, *new;

	old = ditto_stub_alloc(node);
	new = ditto_stub_alloc(node);
	KUNIT_ASSERT_TRUE(test, old && new);

	KUNIT_EXPECT_TRUE(test, ditto_stub_attach(old));
	KUNIT_EXPECT_FALSE(test, test_bit(DITTO_NODE_WHOLE, &node->flags));
	KUNIT_EXPECT_FALSE(test, ditto_stub_attach(new));
	ditto_stub_detach(old);
	KUNIT_EXPECT_TRUE(test, test_bit(DITTO_NODE_WHOLE, &node->flags));

	KUNIT_EXPECT_TRUE(test, ditto_stub_attach(new));
	ditto_stub_detach(old);
	KUNIT_EXPECT_FALSE(test, test_bit(DITTO_NODE_WHOLE, &node->flags));
	KUNIT_EXPECT_PTR_EQ(test, rcu_access_pointer(node->stub), new);

	ditto_stub_detach(new);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(node->stub));
	ditto_stub_put(old);
	ditto_stub_put(new);
}

/*
 * Only a stub with nothing but what was released is a candidate, and only as long as it is that of
 * its node.
 */
static void offload_stub_kept(struct kunit *test)
{
	struct ditto_node *node = node_make(test);
	struct ditto_stub *stub = ditto_stub_alloc(node);

	KUNIT_ASSERT_NOT_NULL(test, stub);
	stub->change_tells = true;
	ditto_release_candidate_note(stub);
	KUNIT_EXPECT_TRUE_MSG(test, list_empty(&node->release_candidate), "not that of its node");
	KUNIT_EXPECT_TRUE(test, ditto_stub_attach(stub));
	ditto_release_candidate_note(stub);
	KUNIT_EXPECT_FALSE(test, list_empty(&node->release_candidate));
	ditto_release_candidate_drop(node);
	KUNIT_EXPECT_TRUE(test, list_empty(&node->volume->release_candidates));
	KUNIT_EXPECT_EQ(test, node->volume->release_bytes, 0);

	stub->change_tells = false;
	ditto_release_candidate_note(stub);
	KUNIT_EXPECT_TRUE_MSG(test, list_empty(&node->release_candidate), "unknown content");
	stub->change_tells = true;
	inode_set_ctime(node->inode, 1, 0);
	ditto_release_candidate_note(stub);
	KUNIT_EXPECT_TRUE_MSG(test, list_empty(&node->release_candidate), "changed");
	inode_set_ctime(node->inode, 0, 0);
	i_size_write(node->inode, 1);
	ditto_release_candidate_note(stub);
	KUNIT_EXPECT_TRUE_MSG(test, list_empty(&node->release_candidate), "longer");
	i_size_write(node->inode, 0);

	ditto_release_candidate_note(stub);
	KUNIT_EXPECT_FALSE(test, list_empty(&node->release_candidate));
	ditto_stub_detach(stub);
	KUNIT_EXPECT_TRUE_MSG(test, list_empty(&node->volume->release_candidates), "whole");
	WRITE_ONCE(stub->stored, true);
	ditto_release_candidate_note(stub);
	KUNIT_EXPECT_FALSE_MSG(test, list_empty(&node->release_candidate), "whole and stored");
	ditto_release_candidate_drop(node);
	ditto_stub_put(stub);
}

/* That nothing gave way for a project is known of several, and of the file system. */
static void offload_room_in_vain(struct kunit *test)
{
	struct ditto_room *room = kunit_kzalloc(test, sizeof(*room), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, room);
	KUNIT_EXPECT_FALSE(test, ditto_room_is_vain(room, 0));
	ditto_room_note_vain(room, 0);
	KUNIT_EXPECT_FALSE(test, ditto_room_is_vain(room, 42));
	ditto_room_note_vain(room, 42);
	ditto_room_note_vain(room, 43);
	KUNIT_EXPECT_TRUE(test, ditto_room_is_vain(room, 0));
	KUNIT_EXPECT_TRUE(test, ditto_room_is_vain(room, 42));
	KUNIT_EXPECT_TRUE(test, ditto_room_is_vain(room, 43));
	KUNIT_EXPECT_FALSE(test, ditto_room_is_vain(room, 44));
	KUNIT_EXPECT_FALSE(test, ditto_room_is_vain(room, 42 + DITTO_ROOM_VAIN_SLOTS - 1));
}

/* A file is not released again while anything comes, goes, or is waited for. */
static void offload_stub_released_again(struct kunit *test)
{
	struct ditto_node *node = node_make(test);
	struct ditto_stub *stub = ditto_stub_alloc(node);
	struct list_head recall;

	KUNIT_ASSERT_NOT_NULL(test, stub);
	ditto_offload_record_init(&stub->record, 2 * RANGE);
	stub->came = jiffies;
	stub->used = true;
	KUNIT_EXPECT_TRUE(test, ditto_stub_attach(stub));
	KUNIT_EXPECT_FALSE_MSG(test, ditto_stub_release_again(stub), "all is absent");
	ditto_offload_cover(&stub->record, 0, RANGE);

	stub->used = false;
	KUNIT_EXPECT_FALSE_MSG(test, ditto_stub_release_again(stub), "nobody has seen it");
	stub->used = true;
	stub->clearing = 1;
	KUNIT_EXPECT_FALSE_MSG(test, ditto_stub_release_again(stub), "zeros are written");
	stub->clearing = 0;
	stub->whole = true;
	KUNIT_EXPECT_FALSE_MSG(test, ditto_stub_release_again(stub), "all is wanted");
	stub->whole = false;
	list_add(&recall, &stub->recalls);
	KUNIT_EXPECT_FALSE_MSG(test, ditto_stub_release_again(stub), "data comes");
	list_del(&recall);
	down_write(&stub->sem);
	KUNIT_EXPECT_FALSE_MSG(test, ditto_stub_release_again(stub), "the size changes");
	up_write(&stub->sem);

	KUNIT_EXPECT_TRUE(test, ditto_stub_release_again(stub));
	KUNIT_EXPECT_TRUE(test, stub->releasing);
	KUNIT_EXPECT_FALSE_MSG(test, ditto_stub_release_again(stub), "a release has begun");
	stub->releasing = false;

	ditto_offload_cover(&stub->record, RANGE, 2 * RANGE);
	KUNIT_EXPECT_FALSE_MSG(test, ditto_stub_release_again(stub), "all is here");
	ditto_offload_cut(&stub->record, RANGE);
	KUNIT_EXPECT_FALSE_MSG(test, ditto_stub_release_again(stub), "what was absent is cut");
	ditto_stub_detach(stub);
	ditto_offload_record_init(&stub->record, 2 * RANGE);
	ditto_offload_cover(&stub->record, 0, RANGE);
	KUNIT_EXPECT_FALSE_MSG(test, ditto_stub_release_again(stub), "not that of its node");
	ditto_stub_put(stub);
}

/* The window grows with a reader in sequence, and not with others. */
static void offload_reader_window(struct kunit *test)
{
	struct ditto_offload_reader reader = {};

	KUNIT_EXPECT_EQ(test, ditto_read_ahead(&reader, 0, 0, 8), 1 + 1);
	KUNIT_EXPECT_EQ_MSG(test, ditto_read_ahead(&reader, 0, 0, 8), 1 + 1, "the same range");
	KUNIT_EXPECT_EQ(test, ditto_read_ahead(&reader, 1, 1, 8), 2 + 2);
	KUNIT_EXPECT_EQ(test, ditto_read_ahead(&reader, 1, 2, 8), 3 + 4);
	KUNIT_EXPECT_EQ_MSG(test, ditto_read_ahead(&reader, 1, 1, 8), 3 + 4, "out of order");
	KUNIT_EXPECT_EQ(test, ditto_read_ahead(&reader, 3, 3, 8), 4 + 8);
	KUNIT_EXPECT_EQ_MSG(test, ditto_read_ahead(&reader, 4, 4, 8), 5 + 8, "the most");
	KUNIT_EXPECT_EQ_MSG(test, ditto_read_ahead(&reader, 5, 5, 3), 6 + 3, "a new setting");
	KUNIT_EXPECT_EQ_MSG(test, ditto_read_ahead(&reader, 50, 50, 8), 0, "elsewhere");
	KUNIT_EXPECT_EQ(test, ditto_read_ahead(&reader, 50, 50, 8), 51 + 1);
	KUNIT_EXPECT_EQ(test, ditto_read_ahead(&reader, 51, 51, 8), 52 + 2);
	KUNIT_EXPECT_EQ_MSG(test, ditto_read_ahead(&reader, 10, 10, 8), 0, "back");
	KUNIT_EXPECT_EQ(test, ditto_read_ahead(&reader, 11, 11, 8), 12 + 1);
}

static struct kunit_case offload_test_cases[] = {
	KUNIT_CASE(offload_sizes),
	KUNIT_CASE(offload_stored_form),
	KUNIT_CASE(offload_older_form),
	KUNIT_CASE(offload_own_ranges),
	KUNIT_CASE(offload_longest),
	KUNIT_CASE(offload_damaged),
	KUNIT_CASE(offload_absent_ranges),
	KUNIT_CASE(offload_covered_ranges),
	KUNIT_CASE(offload_cut_content),
	KUNIT_CASE(offload_stored_coded),
	KUNIT_CASE(offload_stub_of_node),
	KUNIT_CASE(offload_stub_kept),
	KUNIT_CASE(offload_room_in_vain),
	KUNIT_CASE(offload_stub_released_again),
	KUNIT_CASE(offload_reader_window),
	{}
};

static struct kunit_suite offload_suite = {
	.name = "ditto_offload",
	.test_cases = offload_test_cases,
};

kunit_test_suite(offload_suite);
