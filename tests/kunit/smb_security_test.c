// SPDX-License-Identifier: GPL-2.0-only
/* Security descriptors and lists of EAs: smb/security.c, smb/sid.c, smb/ea.c. */

#include <kunit/test.h>
#include <linux/sizes.h>
#include <linux/stat.h>

#include "../../fs/rights.h"
#include "../../smb/attrs.h"
#include "../../smb/builder.h"
#include "../../smb/ea.h"
#include "../../smb/posix.h"
#include "../../smb/security.h"
#include "../../smb/status.h"

#define SMB_ALL_PARTS	(DSMB_SECURITY_OWNER | DSMB_SECURITY_GROUP | DSMB_SECURITY_DACL)

static struct dsmb_attrs smb_attrs(umode_t mode)
{
	return (struct dsmb_attrs) {
		.mode = mode,
		.is_dir = S_ISDIR(mode),
		.uid = KUIDT_INIT(1000),
		.gid = KGIDT_INIT(100),
	};
}

/* Every mode is the same after it was a descriptor. */
static void smb_sd_mode_test(struct kunit *test)
{
	struct dsmb_attrs attrs;
	struct dsmb_builder b;
	struct dsmb_sd sd;
	u8 room[DSMB_SD_MAX];
	u32 mode;

	for (mode = 0; mode <= 0777; mode++) {
		attrs = smb_attrs((mode & 1 ? S_IFDIR : S_IFREG) | mode);
		b = dsmb_builder(room, sizeof(room));
		dsmb_put_sd(&b, &attrs, SMB_ALL_PARTS);
		KUNIT_ASSERT_FALSE(test, b.full);
		KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(room, b.len), &sd), 0);
		KUNIT_EXPECT_EQ(test, sd.parts, SMB_ALL_PARTS);
		KUNIT_EXPECT_EQ(test, dsmb_sd_mode(&sd, attrs.uid, attrs.gid), mode);
	}
}

/* A descriptor with one entry, of a SID of Windows' server for NFS. */
static void smb_sd_unix_test(struct kunit *test)
{
	struct dsmb_sid sid = { .authority = 5, .nsubs = 3, .subs = { 88, 3, 06755 } };
	u8 room[DSMB_SD_MAX];
	struct dsmb_builder b = dsmb_builder(room, sizeof(room));
	struct dsmb_sd sd;
	umode_t mode = 0;
	kuid_t uid;
	kgid_t gid;

	dsmb_put_u16(&b, 1);
	dsmb_put_u16(&b, 0x8004);
	dsmb_put(&b, 3 * 4);
	dsmb_put_u32(&b, 20);
	dsmb_put_u16(&b, 2);
	dsmb_put_u16(&b, 8 + 8 + 20);
	dsmb_put_u32(&b, 1);
	dsmb_put_u16(&b, 0);
	dsmb_put_u16(&b, 8 + 20);
	dsmb_put_u32(&b, 0);
	dsmb_put_sid(&b, &sid);
	KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(room, b.len), &sd), 0);
	KUNIT_EXPECT_TRUE(test, dsmb_sd_unix_mode(&sd, &mode));
	KUNIT_EXPECT_EQ(test, mode, 06755);

	sid.subs[1] = 1;
	KUNIT_EXPECT_FALSE(test, dsmb_sid_to_mode(&sid, &mode));
	KUNIT_EXPECT_FALSE(test, dsmb_sid_to_gid(&sid, &gid));
	KUNIT_EXPECT_TRUE(test, dsmb_sid_to_uid(&sid, &uid));
	KUNIT_EXPECT_EQ(test, from_kuid(&init_user_ns, uid), 06755);
	sid.subs[1] = 2;
	KUNIT_EXPECT_TRUE(test, dsmb_sid_to_gid(&sid, &gid));
	sid.subs[0] = 87;
	KUNIT_EXPECT_FALSE(test, dsmb_sid_to_gid(&sid, &gid));
}

static void smb_posix_modes_test(struct kunit *test)
{
	static const umode_t types[] = {
		S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK,
	};

	for (u32 i = 0; i < ARRAY_SIZE(types); i++)
		KUNIT_EXPECT_EQ(test, dsmb_posix_mode(types[i] | 04751), i << 12 | 04751);
	KUNIT_EXPECT_EQ(test, dsmb_posix_permissions(S_IFREG | 0640, 0600), 0640);
	KUNIT_EXPECT_EQ(test, dsmb_posix_permissions(07777, 0600), 07777);
	/* What clients send who have none. */
	KUNIT_EXPECT_EQ(test, dsmb_posix_permissions(0xffff, 0600), 0600);
	KUNIT_EXPECT_EQ(test, dsmb_posix_permissions(U32_MAX, 0600), 0600);
}

static void smb_sd_owner_test(struct kunit *test)
{
	struct dsmb_attrs attrs = smb_attrs(S_IFREG | 0640);
	u8 room[DSMB_SD_MAX];
	struct dsmb_builder b = dsmb_builder(room, sizeof(room));
	struct dsmb_sd sd;
	kuid_t uid;
	kgid_t gid;

	dsmb_put_sd(&b, &attrs, DSMB_SECURITY_OWNER | DSMB_SECURITY_GROUP);
	KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(room, b.len), &sd), 0);
	KUNIT_EXPECT_EQ(test, sd.parts, DSMB_SECURITY_OWNER | DSMB_SECURITY_GROUP);
	KUNIT_EXPECT_TRUE(test, dsmb_sid_to_uid(&sd.owner, &uid));
	KUNIT_EXPECT_TRUE(test, uid_eq(uid, attrs.uid));
	KUNIT_EXPECT_TRUE(test, dsmb_sid_to_gid(&sd.group, &gid));
	KUNIT_EXPECT_TRUE(test, gid_eq(gid, attrs.gid));
	KUNIT_EXPECT_FALSE(test, dsmb_sid_to_uid(&sd.group, &uid));
	KUNIT_EXPECT_FALSE(test, dsmb_sid_to_gid(&dsmb_sid_everyone, &gid));
}

/* Cut off anywhere, or with any byte changed: refused or taken, and nothing else. */
static void smb_sd_hostile_test(struct kunit *test)
{
	struct dsmb_attrs attrs = smb_attrs(S_IFREG | 0604);
	u8 room[DSMB_SD_MAX], copy[DSMB_SD_MAX];
	struct dsmb_builder b = dsmb_builder(room, sizeof(room));
	struct dsmb_sd sd;
	u32 i, bit;
	u8 *cut;

	dsmb_put_sd(&b, &attrs, SMB_ALL_PARTS);
	for (i = 0; i < b.len; i++) {
		cut = kmemdup(room, i, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, cut);
		KUNIT_EXPECT_EQ(test, dsmb_get_sd(dsmb_cursor(cut, i), &sd), -EINVAL);
		kfree(cut);
	}
	for (i = 0; i < b.len; i++) {
		for (bit = 0; bit < 8; bit++) {
			memcpy(copy, room, b.len);
			copy[i] ^= BIT(bit);
			if (!dsmb_get_sd(dsmb_cursor(copy, b.len), &sd))
				dsmb_sd_mode(&sd, attrs.uid, attrs.gid);
		}
	}
}

static void smb_sd_dacl_test(struct kunit *test)
{
	/* Revision 1, self-relative, DACL present but nowhere. */
	u8 null_dacl[20] = { 1, 0, 0x04, 0x80 };
	/* The same with an empty list. */
	u8 empty[28] = { 1, 0, 0x04, 0x80, [16] = 20, [20] = 2, [22] = 8 };
	/* No DACL. */
	u8 none[20] = { 1, 0, 0x00, 0x80 };
	struct dsmb_sd sd;
	kuid_t uid = KUIDT_INIT(1);
	kgid_t gid = KGIDT_INIT(1);

	KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(null_dacl, 20), &sd), 0);
	KUNIT_EXPECT_EQ(test, dsmb_sd_mode(&sd, uid, gid), 0777);
	KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(empty, 28), &sd), 0);
	KUNIT_EXPECT_EQ(test, sd.parts, DSMB_SECURITY_DACL);
	KUNIT_EXPECT_EQ(test, dsmb_sd_mode(&sd, uid, gid), 0);
	KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(none, 20), &sd), 0);
	KUNIT_EXPECT_EQ(test, sd.parts, 0);
	none[0] = 2;
	KUNIT_EXPECT_EQ(test, dsmb_get_sd(dsmb_cursor(none, 20), &sd), -EINVAL);
	null_dacl[3] = 0;
	KUNIT_EXPECT_EQ(test, dsmb_get_sd(dsmb_cursor(null_dacl, 20), &sd), -EINVAL);
}

static void smb_ea_put(struct dsmb_builder *b, u32 next, const char *name, const char *value)
{
	dsmb_put_u32(b, next);
	dsmb_put_u8(b, 0);
	dsmb_put_u8(b, strlen(name));
	dsmb_put_u16(b, strlen(value));
	dsmb_put_bytes(b, name, strlen(name) + 1);
	dsmb_put_bytes(b, value, strlen(value));
}

static void smb_ea_test(struct kunit *test)
{
	u8 room[128];
	struct dsmb_builder b = dsmb_builder(room, sizeof(room));
	struct dsmb_cursor list;
	struct dsmb_ea ea;
	u32 status, i;
	/* Back, into itself, not aligned, beyond the end. */
	static const u32 wrong[] = { 1, 4, 8, 30, 36, 64, 0x7ffffffc, 0xfffffffc, 0xffffffff };

	smb_ea_put(&b, 0, "ONE", "first");
	dsmb_put_align(&b, 32);
	KUNIT_ASSERT_EQ(test, b.len, 32);
	dsmb_fill_u32(&b, 0, 32);
	smb_ea_put(&b, 0, "TWO", "");
	list = dsmb_cursor(room, b.len);
	KUNIT_ASSERT_TRUE(test, dsmb_ea_next(&list, &ea, &status));
	KUNIT_EXPECT_EQ(test, ea.name_len, 3);
	KUNIT_EXPECT_MEMEQ(test, ea.name, "ONE", 3);
	KUNIT_EXPECT_EQ(test, ea.value_len, 5);
	KUNIT_EXPECT_MEMEQ(test, ea.value, "first", 5);
	KUNIT_ASSERT_TRUE(test, dsmb_ea_next(&list, &ea, &status));
	KUNIT_EXPECT_EQ(test, ea.value_len, 0);
	KUNIT_EXPECT_FALSE(test, dsmb_ea_next(&list, &ea, &status));
	KUNIT_EXPECT_EQ(test, status, DSMB_SUCCESS);
	KUNIT_EXPECT_EQ(test, dsmb_ea_check(dsmb_cursor(room, b.len)), DSMB_SUCCESS);
	for (i = 1; i < b.len; i++)
		KUNIT_EXPECT_EQ(test, dsmb_ea_check(dsmb_cursor(room, i)),
				DSMB_EA_LIST_INCONSISTENT);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		dsmb_fill_u32(&b, 0, wrong[i]);
		KUNIT_EXPECT_NE(test, dsmb_ea_check(dsmb_cursor(room, b.len)), DSMB_SUCCESS);
	}
	/* It is not looked into if it is longer than any that could be kept. */
	KUNIT_EXPECT_EQ(test, dsmb_ea_check(dsmb_cursor(room, SZ_1M)), DSMB_EA_TOO_LARGE);
	dsmb_fill_u32(&b, 0, 32);
	room[8] = ':';
	KUNIT_EXPECT_EQ(test, dsmb_ea_check(dsmb_cursor(room, b.len)), DSMB_INVALID_EA_NAME);
}

static struct kunit_case smb_security_cases[] = {
	KUNIT_CASE(smb_sd_mode_test),
	KUNIT_CASE(smb_sd_owner_test),
	KUNIT_CASE(smb_sd_unix_test),
	KUNIT_CASE(smb_posix_modes_test),
	KUNIT_CASE(smb_sd_hostile_test),
	KUNIT_CASE(smb_sd_dacl_test),
	KUNIT_CASE(smb_ea_test),
	{}
};

static struct kunit_suite smb_security_suite = {
	.name = "ditto_smb_security",
	.test_cases = smb_security_cases,
};

kunit_test_suite(smb_security_suite);
