// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifications of directory delegations: their encoding, and the cookies that are remembered.
 */
#include <kunit/test.h>
#include <linux/sunrpc/xdr.h>

#include "../../../fs/nfs/v4/deleg/dir_delegation.h"
#include "../../../fs/nfs/v4/deleg/dir_notify.h"

#define WORDS	64

struct fixture {
	struct xdr_stream xdr;
	struct xdr_buf buf;
	__be32 mem[WORDS];
	struct dnfs4_dir_change *change;
	struct dnfs4_dir_cookies cookies;
};

static int dir_notify_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	f->change = kunit_kzalloc(test, struct_size(f->change, names, 16), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->change);
	dnfs4_dir_cookies_init(&f->cookies);
	return 0;
}

static void dir_notify_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	dnfs4_dir_cookies_free(&f->cookies);
}

/* Encode into a buffer of @room bytes. */
static bool change_write(struct fixture *f, u32 room)
{
	f->buf = (struct xdr_buf){ .head[0].iov_base = f->mem, .buflen = room };
	xdr_init_encode(&f->xdr, &f->buf, f->mem, NULL);
	return dnfs4_dir_change_encode(&f->xdr, f->change);
}

static void expect_change(struct kunit *test, const u32 *words, unsigned int n)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, change_write(f, sizeof(f->mem)));
	KUNIT_ASSERT_EQ(test, f->buf.len, n * 4);
	for (unsigned int i = 0; i < n; i++)
		KUNIT_EXPECT_EQ_MSG(test, be32_to_cpu(f->mem[i]), words[i], "word %u", i);
	KUNIT_EXPECT_LE(test, f->buf.len, dnfs4_dir_change_bytes(f->change));
	for (u32 room = 0; room < n * 4; room += 4)
		KUNIT_EXPECT_FALSE_MSG(test, change_write(f, room), "%u bytes", room);
}

static void dir_notify_add_unplaced(struct kunit *test)
{
	static const u32 words[] = {
		1, BIT(NOTIFY4_ADD_ENTRY), 8 * 4, 0, 3, 0x6e657700, 0, 0, 0, 0, 0,
	};
	struct fixture *f = test->priv;

	f->change->type = NOTIFY4_ADD_ENTRY;
	f->change->len = 3;
	memcpy(f->change->names, "new", 3);
	expect_change(test, words, ARRAY_SIZE(words));
}

static void dir_notify_add_first(struct kunit *test)
{
	static const u32 words[] = {
		1, BIT(NOTIFY4_ADD_ENTRY), 10 * 4, 0, 3, 0x6e657700, 0, 0, 1, 7, 9, 0, 1,
	};
	struct fixture *f = test->priv;

	f->change->type = NOTIFY4_ADD_ENTRY;
	f->change->len = 3;
	f->change->cookie = 7ULL << 32 | 9;
	f->change->last = true;
	memcpy(f->change->names, "new", 3);
	expect_change(test, words, ARRAY_SIZE(words));
}

static void dir_notify_remove(struct kunit *test)
{
	static const u32 words[] = {
		1, BIT(NOTIFY4_REMOVE_ENTRY), 6 * 4, 3, 0x6f6c6400, 0, 0, 0, 5,
	};
	struct fixture *f = test->priv;

	f->change->type = NOTIFY4_REMOVE_ENTRY;
	f->change->len = 3;
	f->change->old_cookie = 5;
	memcpy(f->change->names, "old", 3);
	expect_change(test, words, ARRAY_SIZE(words));
}

/* Everything at once: this is also the longest change. */
static void dir_notify_rename(struct kunit *test)
{
	static const u32 words[] = {
		1, BIT(NOTIFY4_RENAME_ENTRY), (6 + 7 + 6 + 3 + 8 + 1) * 4,
		3, 0x6f6c6400, 0, 0, 0, 5,
		1, 3, 0x6e657700, 0, 0, 0, 6,
		3, 0x6e657700, 1, BIT(1), 4, 0,
		1, 0, 8,
		1, 6, 0x6265666f, 0x72650000, 0, 0, 0, 7,
		0,
	};
	static const __be32 attrs[] = {
		cpu_to_be32(1), cpu_to_be32(BIT(1)), cpu_to_be32(4), cpu_to_be32(0),
	};
	struct fixture *f = test->priv;

	f->change->type = NOTIFY4_RENAME_ENTRY;
	f->change->len = 3;
	f->change->old_len = 3;
	f->change->prev_len = 6;
	f->change->cookie = 8;
	f->change->prev_cookie = 7;
	f->change->old_cookie = 5;
	f->change->replaced_cookie = 6;
	f->change->replaced = true;
	f->change->attrs = (struct dnfs4_dir_attrs){ .data = (u8 *)attrs, .len = sizeof(attrs) };
	memcpy(f->change->names, "newoldbefore", 12);
	expect_change(test, words, ARRAY_SIZE(words));
}

static void dir_notify_attrs(struct kunit *test)
{
	static const u32 words[] = { 1, BIT(NOTIFY4_CHANGE_DIR_ATTRS), 3 * 4, 0, 0, 0 };
	struct fixture *f = test->priv;

	f->change->type = NOTIFY4_CHANGE_DIR_ATTRS;
	expect_change(test, words, ARRAY_SIZE(words));
}

/* Cookies are found whatever the order in which they come and go, and their number is limited. */
static void dir_cookies_bounded(struct kunit *test)
{
	struct fixture *f = test->priv;
	char name[16];
	u32 i, len;

	KUNIT_EXPECT_EQ(test, dnfs4_dir_cookies_take(&f->cookies, "a", 1), 0);
	for (i = 0; i < DNFS4_DIR_COOKIES_MAX + 10; i++) {
		len = scnprintf(name, sizeof(name), "%u", i);
		dnfs4_dir_cookies_set(&f->cookies, name, len, i + 100);
	}
	KUNIT_EXPECT_EQ(test, f->cookies.count, DNFS4_DIR_COOKIES_MAX);
	KUNIT_EXPECT_EQ(test, f->cookies.room, DNFS4_DIR_COOKIES_MAX);
	dnfs4_dir_cookies_set(&f->cookies, "17", 2, 5);
	for (i = 0; i < DNFS4_DIR_COOKIES_MAX + 10; i++) {
		u64 want = i >= DNFS4_DIR_COOKIES_MAX ? 0 : i == 17 ? 5 : i + 100;

		len = scnprintf(name, sizeof(name), "%u", i);
		KUNIT_EXPECT_EQ(test, dnfs4_dir_cookies_take(&f->cookies, name, len), want);
		KUNIT_EXPECT_EQ(test, dnfs4_dir_cookies_take(&f->cookies, name, len), 0);
	}
	KUNIT_EXPECT_EQ(test, f->cookies.count, 0);
	dnfs4_dir_cookies_set(&f->cookies, "a", 1, 3);
	KUNIT_EXPECT_EQ(test, dnfs4_dir_cookies_take(&f->cookies, "a", 1), 3);
}

static struct kunit_case dir_notify_cases[] = {
	KUNIT_CASE(dir_notify_add_unplaced),
	KUNIT_CASE(dir_notify_add_first),
	KUNIT_CASE(dir_notify_remove),
	KUNIT_CASE(dir_notify_rename),
	KUNIT_CASE(dir_notify_attrs),
	KUNIT_CASE(dir_cookies_bounded),
	{}
};

static struct kunit_suite dir_notify_suite = {
	.name = "nfs4_dir_notify",
	.init = dir_notify_init,
	.exit = dir_notify_exit,
	.test_cases = dir_notify_cases,
};

kunit_test_suite(dir_notify_suite);
