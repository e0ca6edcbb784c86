// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading from and writing to the wire, commands of a compound, credits, sizes.
 */
#include <linux/statfs.h>
#include <kunit/test.h>

#include "../../../smb/file/info.h"
#include "../../../smb/wire/builder.h"
#include "../../../smb/transport/command.h"
#include "../../../smb/transport/credit.h"
#include "../../../smb/wire/cursor.h"
#include "../../../smb/transport/message.h"
#include "../../../smb/wire/status.h"
#include "../../../smb/wire/wire.h"

static void cursor_reads(struct kunit *test)
{
	static const u8 bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	struct dsmb_cursor c = dsmb_cursor(bytes, sizeof(bytes));

	KUNIT_EXPECT_EQ(test, dsmb_get_u8(&c), 1);
	KUNIT_EXPECT_EQ(test, dsmb_get_u16(&c), 0x0302);
	KUNIT_EXPECT_EQ(test, dsmb_get_u32(&c), 0x07060504);
	KUNIT_EXPECT_EQ(test, dsmb_get_u64(&c), 0x0f0e0d0c0b0a0908);
	KUNIT_EXPECT_EQ(test, dsmb_left(&c), 0);
	KUNIT_EXPECT_FALSE(test, c.bad);
}

static void cursor_stays_inside(struct kunit *test)
{
	static const u8 bytes[3] = { 1, 2, 3 };
	struct dsmb_cursor c = dsmb_cursor(bytes, sizeof(bytes));

	KUNIT_EXPECT_EQ(test, dsmb_get_u32(&c), 0);
	KUNIT_EXPECT_TRUE(test, c.bad);
	/* The error stays, although there is a byte left. */
	KUNIT_EXPECT_EQ(test, dsmb_get_u8(&c), 0);
	c = dsmb_cursor(bytes, sizeof(bytes));
	dsmb_seek(&c, 4);
	KUNIT_EXPECT_TRUE(test, c.bad);
	c = dsmb_cursor(bytes, sizeof(bytes));
	KUNIT_EXPECT_NULL(test, dsmb_get(&c, U32_MAX));
}

static void window_stays_inside(struct kunit *test)
{
	static const struct {
		u32 offset, len;
		bool good;
	} cases[] = {
		{ 0, 8, true }, { 8, 0, true }, { 3, 5, true },
		{ 0, 9, false }, { 9, 0, false }, { 4, 5, false },
		{ U32_MAX, 1, false }, { 1, U32_MAX, false }, { U32_MAX, U32_MAX, false },
	};
	static const u8 bytes[8];

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dsmb_cursor c = dsmb_cursor(bytes, sizeof(bytes));
		struct dsmb_cursor w = dsmb_window(&c, cases[i].offset, cases[i].len);

		KUNIT_EXPECT_EQ_MSG(test, !w.bad, cases[i].good, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, !c.bad, cases[i].good, "case %u", i);
		if (!w.bad)
			KUNIT_EXPECT_EQ(test, w.size, cases[i].len);
	}
}

static void builder_stays_inside(struct kunit *test)
{
	u8 bytes[9] = { [8] = 0x5a };
	struct dsmb_builder b = dsmb_builder(bytes, 8);

	dsmb_encode_u32(&b, 0x04030201);
	dsmb_encode_u8(&b, 5);
	dsmb_encode_align(&b, 8);
	KUNIT_EXPECT_EQ(test, b.len, 8);
	KUNIT_EXPECT_FALSE(test, b.full);
	dsmb_encode_u8(&b, 6);
	KUNIT_EXPECT_TRUE(test, b.full);
	KUNIT_EXPECT_EQ(test, bytes[8], 0x5a);
	dsmb_back(&b, 4);
	KUNIT_EXPECT_FALSE(test, b.full);
	dsmb_builder_reserve(&b, U32_MAX);
	KUNIT_EXPECT_TRUE(test, b.full);
	KUNIT_EXPECT_EQ(test, b.len, 4);
	dsmb_fill_u32(&b, 0, 7);
	KUNIT_EXPECT_EQ(test, bytes[0], 7);
	/* Not where nothing was written. */
	dsmb_fill_u32(&b, 1, 9);
	KUNIT_EXPECT_EQ(test, bytes[1], 0);
}

#define COMPOUND_BYTES	512

static void put_command(u8 *at, u32 next)
{
	struct dsmb_header header = {
		.protocol_id = cpu_to_le32(DSMB_PROTOCOL_ID),
		.structure_size = cpu_to_le16(sizeof(header)),
		.next_command = cpu_to_le32(next),
	};

	memcpy(at, &header, sizeof(header));
}

static void split_compound(struct kunit *test)
{
	u8 *bytes = kunit_kzalloc(test, COMPOUND_BYTES, GFP_KERNEL);
	u32 at[4];

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	put_command(bytes, 0);
	KUNIT_EXPECT_EQ(test, dsmb_split(bytes, COMPOUND_BYTES, at, 4), 1);
	KUNIT_EXPECT_EQ(test, at[0], 0);

	put_command(bytes, 72);
	put_command(bytes + 72, 128);
	put_command(bytes + 200, 0);
	KUNIT_EXPECT_EQ(test, dsmb_split(bytes, COMPOUND_BYTES, at, 4), 3);
	KUNIT_EXPECT_EQ(test, at[1], 72);
	KUNIT_EXPECT_EQ(test, at[2], 200);
	KUNIT_EXPECT_EQ(test, dsmb_split(bytes, COMPOUND_BYTES, at, 2), 0);
	/* The last header is cut. */
	KUNIT_EXPECT_EQ(test, dsmb_split(bytes, 263, at, 4), 0);
	KUNIT_EXPECT_EQ(test, dsmb_split(bytes, 264, at, 4), 3);
}

static void split_refuses(struct kunit *test)
{
	static const u32 bad_next[] = { 1, 8, 56, 63, 65, 68, 512, 520, 0x80000000, 0xfffffff8 };
	u8 *bytes = kunit_kzalloc(test, COMPOUND_BYTES, GFP_KERNEL);
	u32 at[4];

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_next); i++) {
		put_command(bytes, bad_next[i]);
		KUNIT_EXPECT_EQ_MSG(test, dsmb_split(bytes, COMPOUND_BYTES, at, 4), 0,
				    "next command at %u", bad_next[i]);
	}
	for (u32 len = 0; len < sizeof(struct dsmb_header); len++) {
		put_command(bytes, 0);
		KUNIT_EXPECT_EQ(test, dsmb_split(bytes, len, at, 4), 0);
	}
	put_command(bytes, 0);
	bytes[0] = 0xfd;
	KUNIT_EXPECT_EQ(test, dsmb_split(bytes, COMPOUND_BYTES, at, 4), 0);
	put_command(bytes, 0);
	bytes[4] = 65;
	KUNIT_EXPECT_EQ(test, dsmb_split(bytes, COMPOUND_BYTES, at, 4), 0);
	put_command(bytes, 0);
	bytes[offsetof(struct dsmb_header, flags)] = DSMB_FLAG_RESPONSE;
	KUNIT_EXPECT_EQ(test, dsmb_split(bytes, COMPOUND_BYTES, at, 4), 0);
}

static struct dsmb_credits *credits_new(struct kunit *test)
{
	struct dsmb_credits *credits = kunit_kzalloc(test, sizeof(*credits), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, credits);
	dsmb_credits_init(credits);
	return credits;
}

static void credits_window(struct kunit *test)
{
	struct dsmb_credits *credits = credits_new(test);

	KUNIT_EXPECT_FALSE(test, dsmb_credits_use(credits, 1, 1));
	KUNIT_EXPECT_TRUE(test, dsmb_credits_use(credits, 0, 1));
	KUNIT_EXPECT_FALSE(test, dsmb_credits_use(credits, 0, 1));
	KUNIT_EXPECT_EQ(test, dsmb_credits_grant(credits, 1, 10, DSMB_CREDITS_MAX), 10);

	/* Out of order, several at once, overlapping. */
	KUNIT_EXPECT_TRUE(test, dsmb_credits_use(credits, 5, 3));
	KUNIT_EXPECT_FALSE(test, dsmb_credits_use(credits, 7, 1));
	KUNIT_EXPECT_FALSE(test, dsmb_credits_use(credits, 4, 2));
	KUNIT_EXPECT_FALSE(test, dsmb_credits_use(credits, 10, 2));
	KUNIT_EXPECT_FALSE(test, dsmb_credits_use(credits, U64_MAX, 2));
	KUNIT_EXPECT_EQ(test, credits->free, 7);
	KUNIT_EXPECT_EQ(test, credits->low, 1);
	KUNIT_EXPECT_TRUE(test, dsmb_credits_use(credits, 1, 4));
	KUNIT_EXPECT_EQ(test, credits->low, 8);
	KUNIT_EXPECT_EQ(test, credits->free, 3);
}

static void credits_limits(struct kunit *test)
{
	struct dsmb_credits *credits = credits_new(test);

	KUNIT_EXPECT_TRUE(test, dsmb_credits_use(credits, 0, 1));
	KUNIT_EXPECT_EQ(test, dsmb_credits_grant(credits, 1, U16_MAX, DSMB_CREDITS_MAX),
			DSMB_CREDITS_MAX);
	KUNIT_EXPECT_EQ(test, credits->free, DSMB_CREDITS_MAX);
	KUNIT_EXPECT_EQ(test, dsmb_credits_grant(credits, 1, 1, DSMB_CREDITS_MAX), 0);

	/* The first id is left out: the window ends at its limit, and opens with it. */
	for (u64 id = 2; id <= DSMB_CREDITS_MAX; id++)
		KUNIT_ASSERT_TRUE(test, dsmb_credits_use(credits, id, 1));
	KUNIT_EXPECT_EQ(test, credits->free, 1);
	KUNIT_EXPECT_EQ(test, dsmb_credits_grant(credits, 1, 100, DSMB_CREDITS_MAX), 0);
	KUNIT_EXPECT_TRUE(test, dsmb_credits_use(credits, 1, 1));
	KUNIT_EXPECT_EQ(test, credits->free, 0);
	KUNIT_EXPECT_EQ(test, credits->low, credits->high);
	/* A client without credits that requests none gets one. */
	KUNIT_EXPECT_EQ(test, dsmb_credits_grant(credits, 1, 0, DSMB_CREDITS_MAX), 1);
	KUNIT_EXPECT_TRUE(test, dsmb_credits_use(credits, DSMB_CREDITS_MAX + 1, 1));
}

static void credits_go_round(struct kunit *test)
{
	struct dsmb_credits *credits = credits_new(test);
	u64 id = 0;

	for (unsigned int i = 0; i < 3 * DSMB_CREDITS_MAX; i++) {
		KUNIT_ASSERT_TRUE(test, dsmb_credits_use(credits, id, 1));
		KUNIT_ASSERT_FALSE(test, dsmb_credits_use(credits, id, 1));
		KUNIT_ASSERT_EQ(test, dsmb_credits_grant(credits, 1, 1, 32), 1);
		id++;
	}
	KUNIT_EXPECT_EQ(test, credits->low, id);
	KUNIT_EXPECT_EQ(test, credits->free, 1);
}

static void status_numbers(struct kunit *test)
{
	static const struct {
		int err;
		u32 status;
	} cases[] = {
		{ 0, STATUS_SUCCESS },
		{ -EAGAIN, STATUS_FILE_LOCK_CONFLICT },
		{ -ETXTBSY, STATUS_SHARING_VIOLATION },
		{ -EILSEQ, STATUS_OBJECT_NAME_INVALID },
		{ -EKEYREVOKED, STATUS_DELETE_PENDING },
		{ -EROFS, STATUS_MEDIA_WRITE_PROTECTED },
		{ -EHWPOISON, STATUS_UNEXPECTED_IO_ERROR },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ(test, dsmb_status(cases[i].err), cases[i].status);
	KUNIT_EXPECT_TRUE(test, dsmb_is_error(STATUS_ACCESS_DENIED));
	KUNIT_EXPECT_FALSE(test, dsmb_is_error(STATUS_BUFFER_OVERFLOW));
	KUNIT_EXPECT_FALSE(test, dsmb_is_error(STATUS_PENDING));
}

/* Sizes of file systems whose blocks clients do not accept are the same number of bytes. */
static void odd_blocks(struct kunit *test)
{
	static const struct {
		long block;
		u64 blocks;
		u32 cluster;
		u64 total;
	} cases[] = {
		{ 4096, 1000, 4096, 1000 },
		{ 512, 7, 512, 7 },
		{ 2 << 20, U64_MAX, 2 << 20, U64_MAX },
		{ 3072, 1000, 512, 6000 },
		{ 256, 1001, 512, 500 },
		{ 1000, 512, 512, 1000 },
		{ 4 << 20, 3, 512, 3 * 8192 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kstatfs st = {
			.f_frsize = cases[i].block,
			.f_blocks = cases[i].blocks,
			.f_bfree = cases[i].blocks,
			.f_bavail = cases[i].blocks,
		};
		struct dsmb_space space;

		dsmb_space_fill(&space, &st);
		KUNIT_EXPECT_EQ(test, space.cluster, cases[i].cluster);
		KUNIT_EXPECT_EQ(test, space.total, cases[i].total);
		KUNIT_EXPECT_EQ(test, space.free, cases[i].total);
		KUNIT_EXPECT_EQ(test, space.available, cases[i].total);
	}
}

#define UNKNOWN DSMB_SECTORS_OFFSET_UNKNOWN

/* FileFsSectorSizeInformation says of a device what is known of it. */
static void odd_sectors(struct kunit *test)
{
	static const struct {
		u32 sector;
		struct dsmb_device device;	/* none if @device.physical is 0 */
		struct dsmb_sectors want;
	} cases[] = {
		{ 512, { }, { 512, 512, 8192, 512, 0, UNKNOWN, UNKNOWN } },
		{ 512, { 512, 512, 0, 0, true, false }, { 512, 512, 512, 512, 0x3, 0, 0 } },
		{ 512, { 512, 4096, 0, 1 << 20, false, true },
		  { 512, 4096, 4096, 4096, 0xf, 0, 0 } },
		{ 4096, { 4096, 4096, 0, 0, true, true }, { 4096, 4096, 4096, 4096, 0xb, 0, 0 } },
		/* A partition at the 63rd sector, as old tools made them. */
		{ 512, { 512, 4096, 0, 63 * 512, true, false },
		  { 512, 4096, 4096, 4096, 0x1, 0, 3584 } },
		/* The same on a disk that shifts its sectors for it. */
		{ 512, { 512, 4096, 3584, 63 * 512, true, false },
		  { 512, 4096, 4096, 4096, 0x2, 512, 0 } },
		/* A partition at 1 MiB of that disk. */
		{ 512, { 512, 4096, 3584, 1 << 20, true, false },
		  { 512, 4096, 4096, 4096, 0, 512, 512 } },
		{ 512, { 512, 4096, -1, 63 * 512, true, false },
		  { 512, 4096, 4096, 4096, 0, UNKNOWN, UNKNOWN } },
		{ 512, { 512, 1 << 16, 0, 0, true, false },
		  { 512, 1 << 16, 1 << 16, PAGE_SIZE, 0x3, 0, 0 } },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct dsmb_space space = { .sector = cases[i].sector, .cluster = 8192 };
		const struct dsmb_device *device = &cases[i].device;
		struct dsmb_sectors have;

		dsmb_sectors_fill(&have, &space, device->physical ? device : NULL);
		KUNIT_EXPECT_MEMEQ_MSG(test, &have, &cases[i].want, sizeof(have), "%u", i);
	}
}

/* The dispatcher trusts the descriptions of the commands. */
static void commands_are_sound(struct kunit *test)
{
	for (unsigned int i = 0; i < DSMB_COMMANDS; i++) {
		const struct dsmb_command *cmd = dsmb_commands[i];

		KUNIT_ASSERT_NOT_NULL(test, cmd);
		KUNIT_EXPECT_NOT_NULL_MSG(test, cmd->name, "%u", i);
		KUNIT_EXPECT_NOT_NULL_MSG(test, cmd->exec, "%s", cmd->name);
		/* A request whose open is looked up has a FileId inside of its fixed part. */
		if (cmd->flags & DSMB_NEEDS_OPEN)
			KUNIT_EXPECT_TRUE_MSG(test, cmd->file_id, "%s", cmd->name);
		if (cmd->file_id)
			KUNIT_EXPECT_LE_MSG(test, cmd->file_id + DSMB_FILE_ID_SIZE,
					    DSMB_BODY(cmd->structure_size), "%s", cmd->name);
		/* Flags that need others. */
		if (cmd->flags & DSMB_NEEDS_DISK)
			KUNIT_EXPECT_TRUE_MSG(test, cmd->flags & DSMB_NEEDS_TREE, "%s", cmd->name);
		if (cmd->flags & (DSMB_NEEDS_TREE | DSMB_NEEDS_OPEN))
			KUNIT_EXPECT_TRUE_MSG(test, cmd->flags & DSMB_NEEDS_SESSION, "%s",
					      cmd->name);
		/* Arguments are decoded. */
		if (cmd->args_size)
			KUNIT_EXPECT_NOT_NULL_MSG(test, cmd->decode, "%s", cmd->name);
		if (i != DSMB_CREATE)
			KUNIT_EXPECT_LE_MSG(test,
					    ALIGN(cmd->args_size, sizeof(u64)) + cmd->res_size,
					    DSMB_CALL_ROOM, "%s", cmd->name);
	}
}

static struct kunit_case smb_codec_cases[] = {
	KUNIT_CASE(cursor_reads),
	KUNIT_CASE(cursor_stays_inside),
	KUNIT_CASE(window_stays_inside),
	KUNIT_CASE(builder_stays_inside),
	KUNIT_CASE(split_compound),
	KUNIT_CASE(split_refuses),
	KUNIT_CASE(credits_window),
	KUNIT_CASE(credits_limits),
	KUNIT_CASE(credits_go_round),
	KUNIT_CASE(status_numbers),
	KUNIT_CASE(odd_blocks),
	KUNIT_CASE(odd_sectors),
	KUNIT_CASE(commands_are_sound),
	{}
};

static struct kunit_suite smb_codec_suite = {
	.name = "smb_codec",
	.test_cases = smb_codec_cases,
};

kunit_test_suite(smb_codec_suite);
