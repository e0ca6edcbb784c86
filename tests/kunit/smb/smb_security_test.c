// SPDX-License-Identifier: GPL-2.0-only
/* Security descriptors and lists of EAs: fs/acl/sd.c, smb/file/security.c, smb/file/ea.c. */

#include <kunit/test.h>
#include <linux/sizes.h>
#include <linux/stat.h>

#include "../../../fs/acl/acl.h"
#include "../../../net/helper/auth.h"
#include "../../../smb/file/ea.h"
#include "../../../smb/wire/posix.h"
#include "../../../smb/file/security.h"
#include "../../../smb/wire/builder.h"
#include "../../../smb/wire/status.h"

#define SMB_ALL_PARTS	(DSMB_SECURITY_OWNER | DSMB_SECURITY_GROUP | DSMB_SECURITY_DACL)

/* A buffer for descriptors, too large for the stack. */
#define SMB_SD_ROOM	SZ_32K

#define SMB_INHERITS	(DITTO_ACE_FILE_INHERIT | DITTO_ACE_DIR_INHERIT)

/* S-1-5-21-1-2-3-1103, which is uid 1103 here. */
static const struct ditto_auth_user smb_user = {
	.uid = KUIDT_INIT(1103),
	.sid = { 1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0x4f, 4 },
	.sid_len = 28,
};

static const struct ditto_sid smb_everyone = {
	.authority = 1, .nsubs = 1,
};

static const struct ditto_sid smb_creator_owner = {
	.authority = 3, .nsubs = 1,
};

static const struct ditto_sid smb_creator_group = {
	.authority = 3, .nsubs = 1, .subs = { 1 },
};

static const struct ditto_sid smb_domain_user = {
	.authority = 5, .nsubs = 5, .subs = { 21, 1, 2, 3, 1103 },
};

static const struct ditto_sid smb_builtin_users = {
	.authority = 5, .nsubs = 2, .subs = { 32, 545 },
};

static struct dsmb_builder smb_room(struct kunit *test)
{
	void *room = kunit_kzalloc(test, SMB_SD_ROOM, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, room);
	return dsmb_builder(room, SMB_SD_ROOM);
}

static const kuid_t smb_uid = KUIDT_INIT(1000);
static const kgid_t smb_gid = KGIDT_INIT(100);

static struct dsmb_secured smb_secured(struct ditto_acl *acl)
{
	return (struct dsmb_secured) {
		ditto_sid_of_uid(smb_uid), ditto_sid_of_gid(smb_gid), acl
	};
}

static void smb_put_acl(void *acl)
{
	ditto_acl_put(acl);
}

static struct ditto_acl *smb_keep(struct kunit *test, struct ditto_acl *acl)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, acl);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, smb_put_acl, acl), 0);
	return acl;
}

/* A descriptor with a DACL, entry by entry. */
static struct dsmb_builder smb_dacl(struct kunit *test, u16 control)
{
	struct dsmb_builder b = smb_room(test);

	dsmb_encode_u16(&b, 1);
	dsmb_encode_u16(&b, 0x8004 | control);
	dsmb_builder_reserve(&b, 3 * 4);
	dsmb_encode_u32(&b, 20);
	dsmb_encode_u16(&b, 2);
	dsmb_encode_u16(&b, 8);
	dsmb_encode_u32(&b, 0);
	return b;
}

static void smb_ace(struct dsmb_builder *b, u8 type, u8 flags, u32 mask,
		    const struct ditto_sid *sid)
{
	dsmb_encode_u8(b, type);
	dsmb_encode_u8(b, flags);
	dsmb_encode_u16(b, 8 + ditto_sid_size(sid));
	dsmb_encode_u32(b, mask);
	dsmb_encode_sid(b, sid);
	dsmb_fill_u16(b, 20 + 2, b->len - 20);
	dsmb_fill_u16(b, 20 + 4, get_unaligned_le16(b->data + 20 + 4) + 1);
}

/* Parse it to a list that can be stored. */
static struct ditto_acl *smb_list(struct kunit *test, const struct dsmb_builder *b, bool is_dir)
{
	struct ditto_acl *acl = NULL;
	struct ditto_sd sd;

	KUNIT_ASSERT_FALSE(test, b->full);
	KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(b->data, b->len), &sd), STATUS_SUCCESS);
	KUNIT_ASSERT_TRUE(test, sd.parts & DSMB_SECURITY_DACL);
	KUNIT_ASSERT_EQ(test, dsmb_sd_acl(&sd, &smb_user, is_dir, &acl), STATUS_SUCCESS);
	smb_keep(test, acl);
	KUNIT_EXPECT_EQ(test, ditto_acl_check(acl, is_dir), 0);
	return acl;
}

/* It is returned as it was set. */
static void smb_same(struct kunit *test, const struct dsmb_builder *came, bool is_dir)
{
	const struct dsmb_secured secured = smb_secured(smb_list(test, came, is_dir));
	struct dsmb_builder b = smb_room(test);

	dsmb_encode_sd(&b, &secured, DSMB_SECURITY_DACL);
	KUNIT_EXPECT_EQ(test, b.len, came->len);
	KUNIT_EXPECT_EQ(test, b.len, dsmb_sd_size(&secured, DSMB_SECURITY_DACL));
	KUNIT_EXPECT_MEMEQ(test, b.data, came->data, min(b.len, came->len));
}

/* Every mode survives the conversion to a descriptor and back. */
static void smb_sd_mode_test(struct kunit *test)
{
	struct dsmb_secured secured = smb_secured(NULL);
	struct ditto_acl *made, *acl;
	struct dsmb_builder b = smb_room(test);
	struct ditto_sd sd;
	u32 mode;

	for (mode = 0; mode <= 0777; mode++) {
		made = ditto_acl_from_mode((mode & 1 ? S_IFDIR : S_IFREG) | mode);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, made);
		secured.acl = made;
		dsmb_back(&b, 0);
		dsmb_encode_sd(&b, &secured, SMB_ALL_PARTS);
		KUNIT_EXPECT_EQ(test, b.len, dsmb_sd_size(&secured, SMB_ALL_PARTS));
		ditto_acl_put(made);
		KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(b.data, b.len), &sd), STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, sd.parts, SMB_ALL_PARTS);
		/* The flags that clients expect by default: present, inherited, self-relative. */
		KUNIT_EXPECT_EQ(test, sd.control, 0x8404);
		KUNIT_ASSERT_EQ(test, dsmb_sd_acl(&sd, &smb_user, mode & 1, &acl), STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, ditto_acl_mode(acl, smb_uid, smb_gid), mode);
		ditto_acl_put(acl);
	}
}

/* A descriptor with one entry, of a SID of Windows' server for NFS. */
static void smb_sd_unix_test(struct kunit *test)
{
	struct ditto_sid sid = { .authority = 5, .nsubs = 3, .subs = { 88, 3, 06755 } };
	struct dsmb_builder b = smb_dacl(test, 0);
	struct ditto_sd sd;
	umode_t mode = 0;
	kuid_t uid;
	kgid_t gid;

	smb_ace(&b, 0, 0, 0, &sid);
	KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(b.data, b.len), &sd), STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, ditto_sd_unix_mode(&sd, &mode));
	KUNIT_EXPECT_EQ(test, mode, 06755);
	KUNIT_EXPECT_TRUE(test, ditto_sd_has_only_unix(&sd));

	sid.subs[1] = 1;
	KUNIT_EXPECT_FALSE(test, ditto_sid_to_mode(&sid, &mode));
	KUNIT_EXPECT_FALSE(test, ditto_sid_to_gid(&sid, &gid));
	KUNIT_EXPECT_TRUE(test, ditto_sid_to_uid(&sid, &uid));
	KUNIT_EXPECT_EQ(test, from_kuid(&init_user_ns, uid), 06755);
	sid.subs[1] = 2;
	KUNIT_EXPECT_TRUE(test, ditto_sid_to_gid(&sid, &gid));
	sid.subs[0] = 87;
	KUNIT_EXPECT_FALSE(test, ditto_sid_to_gid(&sid, &gid));
}

/* All that is returned as set: order, flags, SIDs, control bits. */
static void smb_dacl_same_test(struct kunit *test)
{
	static const struct ditto_sid sids[] = {
		{ .authority = 22, .nsubs = 2, .subs = { 1, 1000 } },	/* the owner */
		{ .authority = 22, .nsubs = 2, .subs = { 2, 100 } },	/* the group */
		{ .authority = 22, .nsubs = 2, .subs = { 1, 7 } },
		{ .authority = 22, .nsubs = 2, .subs = { 2, 8 } },
		{ .authority = 1, .nsubs = 1, .subs = { 0 } },		/* Everyone */
		{ .authority = 5, .nsubs = 1, .subs = { 2 } },		/* Network */
		{ .authority = 5, .nsubs = 1, .subs = { 7 } },		/* Anonymous */
		{ .authority = 5, .nsubs = 1, .subs = { 11 } },		/* Authenticated Users */
		{ .authority = 3, .nsubs = 1, .subs = { 4 } },		/* Owner Rights */
		/* Creator Owner, which matches nobody on the file itself */
		{ .authority = 3, .nsubs = 1, .subs = { 0 } },
		{ .authority = 5, .nsubs = 1, .subs = { 18 } },		/* SYSTEM */
		{ .authority = 5, .nsubs = 2, .subs = { 32, 545 } },
		{ .authority = 5, .nsubs = 5, .subs = { 21, 9, 9, 9, 1104 } },
		{ .authority = 0xffffffffffff, .nsubs = 15, .subs = { U32_MAX, 1, [14] = 3 } },
		{ .authority = 0, .nsubs = 0 },
	};
	static const u16 controls[] = { 0, 8, 0x1000, 0x1008 };
	struct dsmb_builder b;
	u32 i, c;

	for (c = 0; c < ARRAY_SIZE(controls); c++) {
		b = smb_dacl(test, controls[c]);
		for (i = 0; i < ARRAY_SIZE(sids); i++) {
			smb_ace(&b, i & 1, i & 2 ? DITTO_ACE_INHERITED : 0,
				i ? BIT(i % 9) | DITTO_RIGHT_DELETE : 0, &sids[i]);
			/* The same in the inherited list, with the creator filled in. */
			if (sids[i].authority != 3)
				smb_ace(&b, i & 1, SMB_INHERITS | (i & 2 ? DITTO_ACE_NO_PROPAGATE :
					DITTO_ACE_INHERIT_ONLY), 1, &sids[i]);
		}
		smb_ace(&b, 0, SMB_INHERITS | DITTO_ACE_INHERIT_ONLY, 2, &smb_creator_owner);
		smb_ace(&b, 1, DITTO_ACE_FILE_INHERIT | DITTO_ACE_INHERIT_ONLY, 2,
			&smb_creator_group);
		smb_same(test, &b, true);
	}
}

/* MS-DTYP section 2.5.3.4.1: AUTO_INHERITED is kept if it is asked for, too. */
static void smb_dacl_control_test(struct kunit *test)
{
	static const struct {
		u16 set;
		u16 flags;
	} cases[] = {
		{ 0x0000, 0 },
		{ 0x0400, 0 },
		{ 0x0100, 0 },
		{ 0x0500, DITTO_ACL_AUTO_INHERITED },
		{ 0x1500, DITTO_ACL_AUTO_INHERITED | DITTO_ACL_PROTECTED },
		{ 0x1008, DITTO_ACL_DEFAULTED | DITTO_ACL_PROTECTED },
	};
	struct dsmb_builder b;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		b = smb_dacl(test, cases[i].set);
		KUNIT_EXPECT_EQ(test, smb_list(test, &b, true)->flags, cases[i].flags);
	}
}

static void smb_dacl_who_test(struct kunit *test)
{
	const struct ditto_sid nfs = { .authority = 5, .nsubs = 3, .subs = { 88, 1, 44 } };
	struct dsmb_builder b = smb_dacl(test, 0);
	struct ditto_acl *acl;

	smb_ace(&b, 0, 0, 1, &smb_domain_user);
	smb_ace(&b, 1, 0, 1, &nfs);
	smb_ace(&b, 0, 0, 1, &smb_builtin_users);
	smb_ace(&b, 0, SMB_INHERITS, 1, &smb_creator_owner);
	smb_ace(&b, 0, 0, 1, &smb_creator_owner);
	smb_ace(&b, 0, 0, 1, &smb_everyone);
	acl = smb_list(test, &b, true);
	KUNIT_ASSERT_EQ(test, acl->count, 6);
	KUNIT_EXPECT_EQ(test, acl->aces[0].who, DITTO_WHO_UID);
	KUNIT_EXPECT_EQ(test, __kuid_val(acl->aces[0].uid), 1103);
	KUNIT_EXPECT_EQ(test, acl->aces[1].who, DITTO_WHO_UID);
	KUNIT_EXPECT_EQ(test, acl->aces[1].type, DITTO_ACE_DENY);
	KUNIT_EXPECT_EQ(test, __kuid_val(acl->aces[1].uid), 44);
	KUNIT_EXPECT_EQ(test, acl->aces[2].who, DITTO_WHO_FOREIGN);
	KUNIT_EXPECT_EQ(test, acl->aces[3].who, DITTO_WHO_OWNER);
	KUNIT_EXPECT_TRUE(test, acl->aces[3].flags & DITTO_ACE_INHERIT_ONLY);
	KUNIT_EXPECT_EQ(test, acl->aces[4].who, DITTO_WHO_FOREIGN);
	KUNIT_EXPECT_EQ(test, acl->aces[5].who, DITTO_WHO_EVERYONE);
}

/* An entry for the owner that is also inherited becomes two entries. */
static void smb_dacl_owner_test(struct kunit *test)
{
	const struct ditto_sid owner = ditto_sid_of_uid(KUIDT_INIT(1000));
	const struct ditto_sid group = ditto_sid_of_gid(KGIDT_INIT(100));
	struct ditto_acl *acl = smb_keep(test, ditto_acl_alloc(3));
	const struct dsmb_secured secured = smb_secured(acl);
	struct dsmb_builder b = smb_room(test), want = smb_dacl(test, 0);

	acl->aces[0] = (struct ditto_ace) {
		.who = DITTO_WHO_OWNER, .flags = SMB_INHERITS | DITTO_ACE_INHERITED, .mask = 3,
	};
	acl->aces[1] = (struct ditto_ace) {
		.who = DITTO_WHO_GROUP, .type = DITTO_ACE_DENY, .mask = 4,
	};
	acl->aces[2] = (struct ditto_ace) {
		.who = DITTO_WHO_GROUP, .flags = DITTO_ACE_DIR_INHERIT | DITTO_ACE_INHERIT_ONLY,
	};
	smb_ace(&want, 0, DITTO_ACE_INHERITED, 3, &owner);
	smb_ace(&want, 0, SMB_INHERITS | DITTO_ACE_INHERITED | DITTO_ACE_INHERIT_ONLY, 3,
		&smb_creator_owner);
	smb_ace(&want, 1, 0, 4, &group);
	smb_ace(&want, 0, DITTO_ACE_DIR_INHERIT | DITTO_ACE_INHERIT_ONLY, 0, &smb_creator_group);
	dsmb_encode_sd(&b, &secured, DSMB_SECURITY_DACL);
	KUNIT_EXPECT_EQ(test, b.len, dsmb_sd_size(&secured, DSMB_SECURITY_DACL));
	KUNIT_ASSERT_EQ(test, b.len, want.len);
	KUNIT_EXPECT_MEMEQ(test, b.data, want.data, b.len);
}

static void smb_dacl_mask_test(struct kunit *test)
{
	static const struct {
		u32 set;
		u32 mask;
	} cases[] = {
		{ 0, 0 },
		{ BIT(31), 0x120089 },
		{ BIT(30), 0x120116 },
		{ BIT(29), 0x1200a0 },
		{ BIT(28), 0x1f01ff },
		{ BIT(31) | BIT(1), 0x12008b },
		/* ACCESS_SYSTEM_SECURITY, MAXIMUM_ALLOWED and undefined bits */
		{ BIT(24) | BIT(25) | BIT(21) | BIT(9) | 1, 1 },
	};
	struct dsmb_builder b = smb_dacl(test, 0);
	struct ditto_acl *acl;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		smb_ace(&b, 0, 0, cases[i].set, &smb_everyone);
		smb_ace(&b, 0, SMB_INHERITS | DITTO_ACE_INHERIT_ONLY, cases[i].set,
			&smb_creator_owner);
	}
	acl = smb_list(test, &b, true);
	KUNIT_ASSERT_EQ(test, acl->count, 2 * ARRAY_SIZE(cases));
	for (i = 0; i < acl->count; i++)
		KUNIT_EXPECT_EQ(test, acl->aces[i].mask, cases[i / 2].mask);
}

/* A file's entries are not inherited. */
static void smb_dacl_flags_test(struct kunit *test)
{
	static const u8 all[] = {
		SMB_INHERITS | DITTO_ACE_INHERITED, DITTO_ACE_NO_PROPAGATE, DITTO_ACE_INHERIT_ONLY,
		SMB_INHERITS | DITTO_ACE_INHERIT_ONLY,
	};
	struct dsmb_builder b = smb_dacl(test, 0);
	struct ditto_acl *acl;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		smb_ace(&b, 0, all[i] | 0xe0, 1, &smb_everyone);
	acl = smb_list(test, &b, false);
	KUNIT_ASSERT_EQ(test, acl->count, 2);
	KUNIT_EXPECT_EQ(test, acl->aces[0].flags, DITTO_ACE_INHERITED);
	KUNIT_EXPECT_EQ(test, acl->aces[1].flags, 0);
	acl = smb_list(test, &b, true);
	KUNIT_ASSERT_EQ(test, acl->count, ARRAY_SIZE(all));
	for (i = 0; i < ARRAY_SIZE(all); i++)
		KUNIT_EXPECT_EQ(test, acl->aces[i].flags, all[i]);
}

/* Allowing entries of unknown types are dropped; denying ones are refused. */
static void smb_dacl_type_test(struct kunit *test)
{
	struct ditto_acl *acl = NULL;
	struct dsmb_builder b;
	struct ditto_sd sd;
	u32 type, status;

	for (type = 2; type <= U8_MAX; type++) {
		b = smb_dacl(test, 0);
		smb_ace(&b, 0, 0, 1, &smb_everyone);
		smb_ace(&b, type, 0, 1, &smb_everyone);
		KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(b.data, b.len), &sd), STATUS_SUCCESS);
		status = dsmb_sd_acl(&sd, &smb_user, false, &acl);
		if (type == 6 || type == 10 || type == 12) {
			KUNIT_EXPECT_EQ(test, status, STATUS_NOT_SUPPORTED);
			continue;
		}
		KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, acl->count, 1);
		ditto_acl_put(acl);
	}
}

static void smb_dacl_limit_test(struct kunit *test)
{
	const struct ditto_sid longest = { .authority = 5, .nsubs = 15, .subs = { 99 } };
	struct dsmb_builder b = smb_dacl(test, 0);
	struct ditto_acl *acl = NULL;
	struct ditto_sd sd;
	u32 i;

	for (i = 0; i < DITTO_ACES_MAX; i++)
		smb_ace(&b, 0, 0, 1, &longest);
	smb_same(test, &b, false);
	smb_ace(&b, 0, 0, 1, &longest);
	KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(b.data, b.len), &sd), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, dsmb_sd_acl(&sd, &smb_user, false, &acl),
			STATUS_ALLOTTED_SPACE_EXCEEDED);
	/* It is not parsed if it is longer than any valid one. */
	KUNIT_EXPECT_EQ(test, dsmb_get_sd(dsmb_cursor(b.data, DITTO_SD_MAX + 1), &sd),
			STATUS_ALLOTTED_SPACE_EXCEEDED);
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
	/* Clients without one send this. */
	KUNIT_EXPECT_EQ(test, dsmb_posix_permissions(0xffff, 0600), 0600);
	KUNIT_EXPECT_EQ(test, dsmb_posix_permissions(U32_MAX, 0600), 0600);
}

static void smb_sd_owner_test(struct kunit *test)
{
	const struct dsmb_secured secured = smb_secured(NULL);
	struct dsmb_builder b = smb_room(test);
	struct ditto_sd sd;
	kuid_t uid;
	kgid_t gid;

	dsmb_encode_sd(&b, &secured, DSMB_SECURITY_OWNER | DSMB_SECURITY_GROUP);
	KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(b.data, b.len), &sd), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, sd.parts, DSMB_SECURITY_OWNER | DSMB_SECURITY_GROUP);
	KUNIT_EXPECT_TRUE(test, ditto_sid_to_uid(&sd.owner, &uid));
	KUNIT_EXPECT_TRUE(test, uid_eq(uid, smb_uid));
	KUNIT_EXPECT_TRUE(test, ditto_sid_to_gid(&sd.group, &gid));
	KUNIT_EXPECT_TRUE(test, gid_eq(gid, smb_gid));
	KUNIT_EXPECT_FALSE(test, ditto_sid_to_uid(&sd.group, &uid));
	KUNIT_EXPECT_FALSE(test, ditto_sid_to_gid(&smb_everyone, &gid));
}

/* Any input is refused, or parsed to a list that can be stored. */
static void smb_sd_try(struct kunit *test, const void *data, u32 len)
{
	struct ditto_acl *acl = NULL;
	struct ditto_sd sd;
	umode_t mode;

	if (dsmb_get_sd(dsmb_cursor(data, len), &sd))
		return;
	ditto_sd_unix_mode(&sd, &mode);
	if (dsmb_sd_acl(&sd, &smb_user, true, &acl))
		return;
	KUNIT_EXPECT_EQ(test, ditto_acl_check(acl, true), 0);
	ditto_acl_put(acl);
}

/* Truncated, or with any byte changed, it is refused or accepted without damage. */
static void smb_sd_hostile_test(struct kunit *test)
{
	const struct dsmb_secured secured =
		smb_secured(smb_keep(test, ditto_acl_from_mode(S_IFREG | 0604)));
	struct dsmb_builder b = smb_room(test);
	struct ditto_sd sd;
	u32 i, bit;
	u8 *cut;

	dsmb_encode_sd(&b, &secured, SMB_ALL_PARTS);
	for (i = 0; i < b.len; i++) {
		cut = kmemdup(b.data, i, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, cut);
		KUNIT_EXPECT_EQ(test, dsmb_get_sd(dsmb_cursor(cut, i), &sd),
				STATUS_INVALID_SECURITY_DESCR);
		kfree(cut);
	}
	/* In memory of exactly its size. */
	cut = kmemdup(b.data, b.len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cut);
	for (i = 0; i < b.len; i++) {
		for (bit = 0; bit < 8; bit++) {
			cut[i] ^= BIT(bit);
			smb_sd_try(test, cut, b.len);
			cut[i] ^= BIT(bit);
		}
	}
	kfree(cut);
}

/* Wrong sizes and counts. */
static void smb_dacl_lies_test(struct kunit *test)
{
	static const struct {
		u32 at;
		u16 value;
	} lies[] = {
		{ 22, 0 }, { 22, 7 }, { 22, 8 }, { 22, 27 }, { 22, 29 }, { 22, U16_MAX },
		{ 24, 2 }, { 24, U16_MAX },
		{ 30, 0 }, { 30, 4 }, { 30, 8 }, { 30, 16 }, { 30, 19 }, { 30, 24 },
		{ 30, U16_MAX },
	};
	struct dsmb_builder b;
	struct ditto_sd sd;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		b = smb_dacl(test, 0);
		smb_ace(&b, 0, 0, 1, &smb_everyone);
		KUNIT_ASSERT_EQ(test, b.len, 48);
		dsmb_fill_u16(&b, lies[i].at, lies[i].value);
		KUNIT_EXPECT_EQ_MSG(test, dsmb_get_sd(dsmb_cursor(b.data, b.len), &sd),
				    STATUS_INVALID_SECURITY_DESCR, "%u: %u", lies[i].at,
				    lies[i].value);
	}
}

/* Parts that overlap are each parsed where they are. */
static void smb_sd_overlap_test(struct kunit *test)
{
	struct dsmb_builder b = smb_dacl(test, 0);
	struct ditto_sd sd;
	u32 i;

	smb_ace(&b, 0, 0, 1, &smb_everyone);
	/* The entry's SID is the owner's, and the group's. */
	dsmb_fill_u32(&b, 4, 36);
	dsmb_fill_u32(&b, 8, 36);
	KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(b.data, b.len), &sd), STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, ditto_sid_eq(&sd.owner, &smb_everyone));
	KUNIT_EXPECT_TRUE(test, ditto_sid_eq(&sd.group, &smb_everyone));
	for (i = 0; i < 3 * b.len; i++) {
		dsmb_fill_u32(&b, 4 + i % 3 * 4 + (i % 3 == 2 ? 4 : 0), i / 3);
		smb_sd_try(test, b.data, b.len);
	}
	dsmb_fill_u32(&b, 4, U32_MAX);
	KUNIT_EXPECT_EQ(test, dsmb_get_sd(dsmb_cursor(b.data, b.len), &sd),
			STATUS_INVALID_SECURITY_DESCR);
}

static void smb_sd_dacl_test(struct kunit *test)
{
	/* Revision 1, self-relative, DACL present with offset 0. */
	u8 null_dacl[20] = { 1, 0, 0x04, 0x80 };
	/* The same with an empty list. */
	u8 empty[28] = { 1, 0, 0x04, 0x80, [16] = 20, [20] = 2, [22] = 8 };
	/* No DACL. */
	u8 none[20] = { 1, 0, 0x00, 0x80 };
	struct dsmb_builder b;
	struct ditto_sd sd;

	b = (struct dsmb_builder) { null_dacl, 20, 20 };
	KUNIT_EXPECT_EQ(test, smb_list(test, &b, false)->flags, DITTO_ACL_NULL);
	smb_same(test, &b, false);
	b = (struct dsmb_builder) { empty, 28, 28 };
	KUNIT_EXPECT_EQ(test, smb_list(test, &b, false)->flags, 0);
	KUNIT_EXPECT_EQ(test, smb_list(test, &b, false)->count, 0);
	smb_same(test, &b, false);
	KUNIT_ASSERT_EQ(test, dsmb_get_sd(dsmb_cursor(none, 20), &sd), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, sd.parts, 0);
	none[0] = 2;
	KUNIT_EXPECT_EQ(test, dsmb_get_sd(dsmb_cursor(none, 20), &sd),
			STATUS_INVALID_SECURITY_DESCR);
	null_dacl[3] = 0;
	KUNIT_EXPECT_EQ(test, dsmb_get_sd(dsmb_cursor(null_dacl, 20), &sd),
			STATUS_INVALID_SECURITY_DESCR);
}

static void smb_ea_put(struct dsmb_builder *b, u32 next, const char *name, const char *value)
{
	dsmb_encode_u32(b, next);
	dsmb_encode_u8(b, 0);
	dsmb_encode_u8(b, strlen(name));
	dsmb_encode_u16(b, strlen(value));
	dsmb_encode_bytes(b, name, strlen(name) + 1);
	dsmb_encode_bytes(b, value, strlen(value));
}

static void smb_ea_test(struct kunit *test)
{
	u8 room[128];
	struct dsmb_builder b = dsmb_builder(room, sizeof(room));
	struct dsmb_cursor list;
	struct dsmb_ea ea;
	u32 status, i;
	/* Offsets backwards, into the entry itself, unaligned, beyond the end. */
	static const u32 wrong[] = { 1, 4, 8, 30, 36, 64, 0x7ffffffc, 0xfffffffc, 0xffffffff };

	smb_ea_put(&b, 0, "ONE", "first");
	dsmb_encode_align(&b, 32);
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
	KUNIT_EXPECT_EQ(test, status, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, dsmb_ea_check(dsmb_cursor(room, b.len)), STATUS_SUCCESS);
	for (i = 1; i < b.len; i++)
		KUNIT_EXPECT_EQ(test, dsmb_ea_check(dsmb_cursor(room, i)),
				STATUS_EA_LIST_INCONSISTENT);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		dsmb_fill_u32(&b, 0, wrong[i]);
		KUNIT_EXPECT_NE(test, dsmb_ea_check(dsmb_cursor(room, b.len)), STATUS_SUCCESS);
	}
	/* It is not parsed if it is longer than any that can be stored. */
	KUNIT_EXPECT_EQ(test, dsmb_ea_check(dsmb_cursor(room, SZ_1M)), STATUS_EA_TOO_LARGE);
	dsmb_fill_u32(&b, 0, 32);
	room[8] = ':';
	KUNIT_EXPECT_EQ(test, dsmb_ea_check(dsmb_cursor(room, b.len)), STATUS_INVALID_EA_NAME);
}

static struct kunit_case smb_security_cases[] = {
	KUNIT_CASE(smb_sd_mode_test),
	KUNIT_CASE(smb_sd_owner_test),
	KUNIT_CASE(smb_sd_unix_test),
	KUNIT_CASE(smb_posix_modes_test),
	KUNIT_CASE(smb_sd_hostile_test),
	KUNIT_CASE(smb_sd_overlap_test),
	KUNIT_CASE(smb_sd_dacl_test),
	KUNIT_CASE(smb_dacl_same_test),
	KUNIT_CASE(smb_dacl_control_test),
	KUNIT_CASE(smb_dacl_who_test),
	KUNIT_CASE(smb_dacl_owner_test),
	KUNIT_CASE(smb_dacl_mask_test),
	KUNIT_CASE(smb_dacl_flags_test),
	KUNIT_CASE(smb_dacl_type_test),
	KUNIT_CASE(smb_dacl_limit_test),
	KUNIT_CASE(smb_dacl_lies_test),
	KUNIT_CASE(smb_ea_test),
	{}
};

static struct kunit_suite smb_security_suite = {
	.name = "ditto_smb_security",
	.test_cases = smb_security_cases,
};

kunit_test_suite(smb_security_suite);
