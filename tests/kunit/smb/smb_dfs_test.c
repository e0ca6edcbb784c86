// SPDX-License-Identifier: GPL-2.0-only
/* DFS paths and referrals: smb/wire/dfs.c. */

#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "../../../smb/wire/dfs.h"
#include "../../../smb/wire/name.h"

static const struct ditto_share_link one_link = {
	.path = "Deep/Link",
	.count = 2,
	.target = {
		{ .server = "one", .path = "share/sub" },
		{ .server = "2001:db8::1", .path = "s" },
	},
};

static const u16 link_path[] = u"\\srv\\data\\deep\\link";
static const u16 root_path[] = u"\\srv\\data";

static struct dsmb_referral referral_of(u16 version, bool root)
{
	return (struct dsmb_referral){
		.version = version,
		.link = root ? NULL : &one_link,
		.path = root ? dsmb_cursor(root_path, sizeof(root_path) - 2) :
			       dsmb_cursor(link_path, sizeof(link_path) - 2),
	};
}

/* A terminated string at an offset, compared with one of the same form. */
static void expect_string(struct kunit *test, const struct dsmb_builder *out, u32 at,
			  const u16 *want)
{
	u32 i = 0;

	do {
		KUNIT_ASSERT_LE(test, at + 2 * i + 2, out->len);
		KUNIT_EXPECT_EQ(test, get_unaligned_le16(out->data + at + 2 * i), want[i]);
	} while (want[i++]);
}

static const u16 versions[] = { 1, 2, 3, 4 };

static void version_desc(const u16 *version, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "version %u", *version);
}

KUNIT_ARRAY_PARAM(version, versions, version_desc);

static const u32 entry_sizes[] = { 0, 0, 22, 34, 34 };
static const u32 entry_offsets[] = { 0, 0, 16, 12, 12 };

/* MS-DFSC sections 2.2.4 and 2.2.5.1 to 2.2.5.4 */
static void referral_of_link(struct kunit *test)
{
	static const u16 *const targets[] = {
		u"\\one\\share\\sub", u"\\2001-db8--1.ipv6-literal.net\\s",
	};
	u16 version = *(const u16 *)test->param_value;
	struct dsmb_referral referral = referral_of(version, false);
	u8 *buf = kunit_kzalloc(test, 1024, GFP_KERNEL);
	struct dsmb_builder out = dsmb_builder(buf, 1024);
	u32 at = 8;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	dsmb_referral_encode(&out, &referral);
	KUNIT_ASSERT_FALSE(test, out.full);
	KUNIT_EXPECT_EQ(test, get_unaligned_le16(buf), sizeof(link_path) - 2);
	KUNIT_EXPECT_EQ(test, get_unaligned_le16(buf + 2), 2);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(buf + 4), version == 1 ? 3 : 2);
	for (unsigned int i = 0; i < 2; i++) {
		u32 size = get_unaligned_le16(buf + at + 2), offsets = at + entry_offsets[version];

		KUNIT_EXPECT_EQ(test, get_unaligned_le16(buf + at), version);
		KUNIT_EXPECT_EQ(test, get_unaligned_le16(buf + at + 4), 0);
		KUNIT_EXPECT_EQ(test, get_unaligned_le16(buf + at + 6), version == 4 && !i ? 4 : 0);
		if (version == 1) {
			expect_string(test, &out, at + 8, targets[i]);
		} else {
			KUNIT_EXPECT_EQ(test, size, entry_sizes[version]);
			KUNIT_EXPECT_EQ(test, get_unaligned_le32(buf + offsets - 4), 1800);
			expect_string(test, &out, at + get_unaligned_le16(buf + offsets),
				      link_path);
			expect_string(test, &out, at + get_unaligned_le16(buf + offsets + 2),
				      link_path);
			expect_string(test, &out, at + get_unaligned_le16(buf + offsets + 4),
				      targets[i]);
		}
		at += size;
		KUNIT_ASSERT_LE(test, at, out.len);
	}
}

static void referral_of_root(struct kunit *test)
{
	u16 version = *(const u16 *)test->param_value;
	struct dsmb_referral referral = referral_of(version, true);
	u8 *buf = kunit_kzalloc(test, 1024, GFP_KERNEL);
	struct dsmb_builder out = dsmb_builder(buf, 1024);
	u32 target = 8;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	dsmb_referral_encode(&out, &referral);
	KUNIT_ASSERT_FALSE(test, out.full);
	KUNIT_EXPECT_EQ(test, get_unaligned_le16(buf), sizeof(root_path) - 2);
	KUNIT_EXPECT_EQ(test, get_unaligned_le16(buf + 2), 1);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(buf + 4), 3);
	KUNIT_EXPECT_EQ(test, get_unaligned_le16(buf + 8 + 4), 1);
	if (version > 1)
		target = get_unaligned_le16(buf + 8 + entry_offsets[version] + 4);
	expect_string(test, &out, 8 + target, root_path);
}

/* A response that is too long is noticed at every length. */
static void referral_room(struct kunit *test)
{
	struct dsmb_referral referral = referral_of(*(const u16 *)test->param_value, false);
	u8 *buf = kunit_kzalloc(test, 1024, GFP_KERNEL);
	struct dsmb_builder out = dsmb_builder(buf, 1024);
	u32 whole;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	dsmb_referral_encode(&out, &referral);
	whole = out.len;
	for (u32 size = 0; size <= whole; size++) {
		/* Of exactly this size, so that KASAN sees what is written behind it. */
		u8 *exact = kmalloc(size, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, exact);
		out = dsmb_builder(exact, size);
		dsmb_referral_encode(&out, &referral);
		kfree(exact);
		KUNIT_EXPECT_EQ(test, out.full, size < whole);
		KUNIT_EXPECT_LE(test, out.len, size);
	}
}

/* The only target of an interlink is in a namespace, and is no storage. */
static void referral_interlink(struct kunit *test)
{
	struct dsmb_referral referral = referral_of(4, false);
	u8 buf[512];
	struct dsmb_builder out = dsmb_builder(buf, sizeof(buf));

	referral.interlink = true;
	dsmb_referral_encode(&out, &referral);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(buf + 4), 1);
}

static const struct covered_path {
	const char *path;
	bool covered;
	bool posix;
} covered_paths[] = {
	{ "Deep/Link", true },
	{ "deep/LINK", true },
	{ "deep/link/file", true },
	{ "Deep/Link/file", true, true },
	{ "Deep/link", false, true },
	{ "Deep/Link2", false, true },
	{ "deep/link2", false },
	{ "deep/lin", false },
	{ "deep", false },
	{ "", false },
	{ "deep/other/link", false },
	{ "link", false },
};

static void path_covered(struct kunit *test)
{
	struct ditto_links *links = kunit_kzalloc(test, struct_size(links, link, 1), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, links);
	links->count = 1;
	links->link[0] = one_link;
	for (unsigned int i = 0; i < ARRAY_SIZE(covered_paths); i++) {
		const struct covered_path *c = &covered_paths[i];
		struct dsmb_path path = {
			.path = (char *)c->path,
			.len = strlen(c->path),
			.posix = c->posix,
		};

		KUNIT_EXPECT_EQ_MSG(test, !!dsmb_dfs_find_link(links, &path, false),
				    c->covered, "%s", c->path);
	}
}

static const struct root_path {
	const char *path;
	const char *share;
	const char *rest;
} root_paths[] = {
	{ "srv\\data", "data", "" },
	{ "srv\\DATA\\", "DATA", "" },
	{ "srv\\data\\a\\b", "data", "a\\b" },
	{ "srv\\data\\a/b", "data", "a/b" },
	{ "srv\\data/a/b", "data", "a/b" },
	{ "fd00::1\\data\\a:b", "data", "a:b" },
	{ "data", NULL, NULL },
	{ "\\data\\a", NULL, NULL },
	{ "srv\\", NULL, NULL },
	{ "srv\\\\a", NULL, NULL },
	{ "", NULL, NULL },
};

static u32 text_widen(u8 *out, const char *text)
{
	u32 len = 0;

	for (; text[len]; len++)
		put_unaligned_le16(text[len], out + 2 * len);
	return 2 * len;
}

static void expect_wide(struct kunit *test, const struct dsmb_cursor *got, const char *want)
{
	u8 text[64];

	KUNIT_ASSERT_EQ_MSG(test, got->size, text_widen(text, want), "%s", want);
	KUNIT_EXPECT_MEMEQ(test, got->data, text, got->size);
}

static void root_split(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(root_paths); i++) {
		const struct root_path *c = &root_paths[i];
		struct dsmb_cursor path, share;
		u8 text[64];
		bool found;

		path = dsmb_cursor(text, text_widen(text, c->path));
		found = dsmb_dfs_split(&path, &share);
		KUNIT_EXPECT_EQ_MSG(test, found, !!c->share, "%s", c->path);
		if (found && c->share) {
			expect_wide(test, &share, c->share);
			expect_wide(test, &path, c->rest);
		}
	}
}

static struct kunit_case dfs_cases[] = {
	KUNIT_CASE_PARAM(referral_of_link, version_gen_params),
	KUNIT_CASE_PARAM(referral_of_root, version_gen_params),
	KUNIT_CASE_PARAM(referral_room, version_gen_params),
	KUNIT_CASE(referral_interlink),
	KUNIT_CASE(path_covered),
	KUNIT_CASE(root_split),
	{}
};

static struct kunit_suite dfs_suite = {
	.name = "ditto_smb_dfs",
	.test_cases = dfs_cases,
};

kunit_test_suite(dfs_suite);
