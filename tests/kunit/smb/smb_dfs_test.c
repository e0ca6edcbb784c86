// SPDX-License-Identifier: GPL-2.0-only
/* DFS paths and referrals: smb/wire/dfs.c. */

#include <kunit/test.h>
#include <linux/unaligned.h>

#include "../../../smb/wire/dfs.h"

static const struct ditto_link one_link = {
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
		out = dsmb_builder(buf, size);
		dsmb_referral_encode(&out, &referral);
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
} covered_paths[] = {
	{ "Deep/Link", true },
	{ "deep/LINK", true },
	{ "deep/link/file", true },
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

		KUNIT_EXPECT_EQ_MSG(test, !!dsmb_dfs_find_link(links, c->path, strlen(c->path)),
				    c->covered, "%s", c->path);
	}
}

static const struct root_path {
	const char *path;
	u32 skip;
} root_paths[] = {
	{ "srv/data", 8 },
	{ "srv/DATA/", 9 },
	{ "srv/data/a/b", 9 },
	{ "srv/data2/a", 0 },
	{ "srv/dat", 0 },
	{ "data", 0 },
	{ "/data/a", 0 },
	{ "srv/", 0 },
	{ "", 0 },
};

static void root_skipped(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(root_paths); i++) {
		const struct root_path *c = &root_paths[i];

		KUNIT_EXPECT_EQ_MSG(test, dsmb_dfs_skip_root(c->path, strlen(c->path), "data"),
				    c->skip, "%s", c->path);
	}
}

static struct kunit_case dfs_cases[] = {
	KUNIT_CASE_PARAM(referral_of_link, version_gen_params),
	KUNIT_CASE_PARAM(referral_of_root, version_gen_params),
	KUNIT_CASE_PARAM(referral_room, version_gen_params),
	KUNIT_CASE(referral_interlink),
	KUNIT_CASE(path_covered),
	KUNIT_CASE(root_skipped),
	{}
};

static struct kunit_suite dfs_suite = {
	.name = "ditto_smb_dfs",
	.test_cases = dfs_cases,
};

kunit_test_suite(dfs_suite);
