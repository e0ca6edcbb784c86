// SPDX-License-Identifier: GPL-2.0-only
/* The attribute security.NTACL: fs/op/check/ntacl.c. The bytes and hashes are those of Samba. */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/posix_acl.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "../../../fs/acl/acl.h"
#include "../../../fs/op/acl_origin.h"
#include "../../../fs/op/check/ntacl.h"
#include "../../../fs/share/share.h"
#include "listed.h"

DEFINE_FOLDER(f, "kunit-ntacl")

/* Bytes of the longest value of these tests. */
#define NTACL_ROOM	300

/*
 * Owner 1000, group 1001, and a protected list of three entries: for uid 1000 all rights, for
 * uid 1002 to read, for everyone to read and execute. @base is where the descriptor begins.
 */
static u32 ntacl_put_sd(u8 *to, u8 base)
{
	static const u8 sd[] = {
		1, 0, 0x04, 0x90, 20, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 52, 0, 0, 0,
		1, 2, 0, 0, 0, 0, 0, 22, 1, 0, 0, 0, 0xe8, 3, 0, 0,
		1, 2, 0, 0, 0, 0, 0, 22, 2, 0, 0, 0, 0xe9, 3, 0, 0,
		4, 0, 76, 0, 3, 0, 0, 0,
		0, 3, 24, 0, 0xff, 1, 0x1f, 0, 1, 2, 0, 0, 0, 0, 0, 22, 1, 0, 0, 0, 0xe8, 3, 0, 0,
		0, 0, 24, 0, 0x89, 0, 0x12, 0, 1, 2, 0, 0, 0, 0, 0, 22, 1, 0, 0, 0, 0xea, 3, 0, 0,
		0, 0, 20, 0, 0xa9, 0, 0x12, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
	};

	memcpy(to, sd, sizeof(sd));
	to[4] += base;
	to[8] += base;
	to[16] += base;
	return base + sizeof(sd);
}

/* A value of any version; version 4 with a hash. Return: its length. */
static u32 ntacl_make(u8 bytes[NTACL_ROOM], u8 version, const u8 *hash)
{
	static const u8 bases[] = { 0, 8, 28, 80, 160 };

	memset(bytes, 0, NTACL_ROOM);
	bytes[0] = version;
	bytes[2] = version;
	bytes[6] = 2;
	if (version > 1) {
		bytes[8] = 4;
		bytes[10] = 2;
	}
	if (version > 2)
		bytes[12] = 1;
	if (version == 4) {
		strscpy(bytes + 78, "posix_acl", 10);
		memcpy(bytes + 96, hash, SHA256_DIGEST_SIZE);
	}
	return ntacl_put_sd(bytes + bases[version], bases[version]);
}

static void test_ntacl_versions(struct kunit *test)
{
	static const u8 hash[SHA256_DIGEST_SIZE] = { 1, 2, 3 };
	u8 bytes[NTACL_ROOM];
	struct ditto_ntacl ntacl;
	struct ditto_acl *acl;
	u32 len;

	for (u8 version = 1; version <= 4; version++) {
		len = ntacl_make(bytes, version, hash);
		KUNIT_ASSERT_EQ(test, ditto_ntacl_decode(bytes, len, &ntacl), 0);
		KUNIT_EXPECT_EQ(test, !!ntacl.hash, version == 4);
		acl = ditto_sd_acl(&ntacl.sd, NULL, true);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, acl);
		KUNIT_EXPECT_EQ(test, acl->flags, DITTO_ACL_PROTECTED);
		KUNIT_ASSERT_EQ(test, acl->count, 3);
		KUNIT_EXPECT_EQ(test, acl->aces[1].who, DITTO_WHO_UID);
		KUNIT_EXPECT_EQ(test, __kuid_val(acl->aces[1].uid), 1002);
		KUNIT_EXPECT_EQ(test, acl->aces[2].who, DITTO_WHO_EVERYONE);
		ditto_acl_put(acl);
	}
	KUNIT_EXPECT_MEMEQ(test, ntacl.hash, hash, sizeof(hash));
	/* The type of the hash is not known. */
	bytes[12] = 2;
	KUNIT_ASSERT_EQ(test, ditto_ntacl_decode(bytes, len, &ntacl), 0);
	KUNIT_EXPECT_NULL(test, ntacl.hash);
	/* Versions that differ, or are not known. */
	bytes[2] = 3;
	KUNIT_EXPECT_EQ(test, ditto_ntacl_decode(bytes, len, &ntacl), -EINVAL);
	bytes[0] = 5;
	bytes[2] = 5;
	KUNIT_EXPECT_EQ(test, ditto_ntacl_decode(bytes, len, &ntacl), -EINVAL);
}

/* Truncated, or with any bit changed, it is refused or gives a list that can be stored. */
static void test_ntacl_hostile(struct kunit *test)
{
	static const u8 hash[SHA256_DIGEST_SIZE] = { 1, 2, 3 };
	u8 bytes[NTACL_ROOM], *cut;
	struct ditto_ntacl ntacl;
	struct ditto_acl *acl;
	u32 len, i, bit;

	for (u8 version = 1; version <= 4; version++) {
		len = ntacl_make(bytes, version, hash);
		for (i = 0; i < len; i++) {
			cut = kmemdup(bytes, i, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, cut);
			KUNIT_EXPECT_EQ(test, ditto_ntacl_decode(cut, i, &ntacl), -EINVAL);
			kfree(cut);
		}
		cut = kmemdup(bytes, len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, cut);
		for (bit = 0; bit < 8 * len; bit++) {
			cut[bit / 8] ^= BIT(bit % 8);
			if (!ditto_ntacl_decode(cut, len, &ntacl)) {
				acl = ditto_sd_acl(&ntacl.sd, NULL, true);
				if (!IS_ERR(acl)) {
					KUNIT_EXPECT_EQ(test, ditto_acl_check(acl, true), 0);
					ditto_acl_put(acl);
				}
			}
			cut[bit / 8] ^= BIT(bit % 8);
		}
		kfree(cut);
	}
	/* The text does not end. */
	len = ntacl_make(bytes, 4, hash);
	memset(bytes + 78, 'x', len - 78);
	KUNIT_EXPECT_EQ(test, ditto_ntacl_decode(bytes, len, &ntacl), -EINVAL);
	KUNIT_EXPECT_EQ(test, ditto_ntacl_decode(bytes, DITTO_SD_MAX + 1, &ntacl), -EINVAL);
}

static struct posix_acl *ntacl_posix(struct kunit *test, const struct posix_acl_entry *entries,
				     unsigned int count)
{
	struct posix_acl *acl = posix_acl_alloc(count, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, acl);
	memcpy(acl->a_entries, entries, count * sizeof(*entries));
	return acl;
}

/* What Samba computed for a file and for a directory with these ACLs. */
static void test_ntacl_hash(struct kunit *test)
{
	static const struct posix_acl_entry access_entries[] = {
		{ .e_tag = ACL_USER_OBJ, .e_perm = 7 },
		{ .e_tag = ACL_USER, .e_perm = 7, .e_uid = KUIDT_INIT(1000) },
		{ .e_tag = ACL_USER, .e_perm = 4, .e_uid = KUIDT_INIT(1002) },
		{ .e_tag = ACL_GROUP_OBJ, .e_perm = 5 },
		{ .e_tag = ACL_GROUP, .e_perm = 5, .e_gid = KGIDT_INIT(1001) },
		{ .e_tag = ACL_MASK, .e_perm = 7 },
		{ .e_tag = ACL_OTHER, .e_perm = 5 },
	};
	static const struct posix_acl_entry default_entries[] = {
		{ .e_tag = ACL_USER_OBJ, .e_perm = 7 },
		{ .e_tag = ACL_USER, .e_perm = 7, .e_uid = KUIDT_INIT(1000) },
		{ .e_tag = ACL_GROUP_OBJ },
		{ .e_tag = ACL_GROUP, .e_gid = KGIDT_INIT(1001) },
		{ .e_tag = ACL_MASK, .e_perm = 7 },
		{ .e_tag = ACL_OTHER },
	};
	static const u8 of_file[SHA256_DIGEST_SIZE] = {
		0x4a, 0x3f, 0x94, 0xf5, 0xdd, 0x9d, 0xd9, 0x6a, 0x95, 0x3b, 0xfc, 0x50, 0x03, 0x63,
		0x85, 0xe5, 0x40, 0x10, 0xaa, 0x5f, 0x61, 0x60, 0xba, 0xdf, 0x1d, 0x5b, 0x3a, 0x58,
		0xba, 0xa0, 0x8f, 0x82,
	};
	static const u8 of_dir[SHA256_DIGEST_SIZE] = {
		0xc2, 0x41, 0x13, 0x98, 0x32, 0x57, 0xc6, 0x3b, 0x10, 0x3d, 0x55, 0x35, 0x6b, 0x73,
		0x08, 0xe4, 0x77, 0xf1, 0x0b, 0x04, 0xc1, 0x56, 0xf4, 0x9d, 0x97, 0x48, 0x4f, 0x17,
		0xf7, 0xba, 0xf1, 0xf9,
	};
	struct posix_acl *access = ntacl_posix(test, access_entries, ARRAY_SIZE(access_entries));
	struct posix_acl *dflt = ntacl_posix(test, default_entries, ARRAY_SIZE(default_entries));
	struct ditto_ntacl_basis basis = {
		.uid = 1000, .gid = 1001, .mode = S_IFREG | 0775, .access = access,
		.idmap = &nop_mnt_idmap, .ns = &init_user_ns,
	};
	u8 hash[SHA256_DIGEST_SIZE], other[SHA256_DIGEST_SIZE];

	ditto_ntacl_hash(&basis, hash);
	KUNIT_EXPECT_MEMEQ(test, hash, of_file, sizeof(hash));
	basis.mode = S_IFDIR | 0775;
	basis.dflt = dflt;
	ditto_ntacl_hash(&basis, hash);
	KUNIT_EXPECT_MEMEQ(test, hash, of_dir, sizeof(hash));
	/* Everything counts. */
	basis.uid++;
	ditto_ntacl_hash(&basis, other);
	KUNIT_EXPECT_MEMNEQ(test, hash, other, sizeof(hash));
	basis.uid--;
	dflt->a_entries[2].e_perm = 1;
	ditto_ntacl_hash(&basis, other);
	KUNIT_EXPECT_MEMNEQ(test, hash, other, sizeof(hash));
	posix_acl_release(access);
	posix_acl_release(dflt);
}

/* Files */

static void ntacl_use(struct kunit *test, enum ditto_ntacl_use use)
{
	struct ditto_share_config cfg = { .name = f.name };

	rcu_read_lock();
	cfg.opts = ditto_share_opts_dup(rcu_dereference(f.share->opts));
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, cfg.opts);
	cfg.opts->samba_acl = use;
	KUNIT_ASSERT_EQ(test, ditto_share_set(f.srv, &cfg, NULL), 0);
}

static void ntacl_give(struct kunit *test, struct ditto_node *node, const void *bytes, size_t len)
{
	struct dentry *dentry = ditto_node_dentry(node);

	KUNIT_EXPECT_EQ(test, vfs_setxattr(mnt_idmap(f.path.mnt), dentry, DITTO_NTACL_XATTR, bytes,
					   len, 0), 0);
	dput(dentry);
}

/* The hash for a file without ACLs that is owned by root. */
static void ntacl_hash_of(umode_t mode, u8 hash[SHA256_DIGEST_SIZE])
{
	const struct ditto_ntacl_basis basis = {
		.mode = S_IFREG | mode, .idmap = &nop_mnt_idmap, .ns = &init_user_ns,
	};

	ditto_ntacl_hash(&basis, hash);
}

static int ntacl_origin(struct kunit *test, struct ditto_node *node)
{
	struct ditto_acl *acl = ditto_get_acl(&f.op, node);
	int origin;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, acl);
	origin = ditto_acl_origin(&f.op, node, acl);
	ditto_acl_put(acl);
	return origin;
}

static int ntacl_chmod(struct ditto_node *node, umode_t mode)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = mode };

	return listed_set(&f, f.admin, node, &set);
}

static void ntacl_done(struct kunit *test, struct ditto_node *node)
{
	ntacl_use(test, DITTO_NTACL_OFF);
	ditto_node_put(node);
	folder_remove(test, &f, "file", false);
}

/* Only if the share says so, and while it belongs to the mode; a list of ours takes its place. */
static void test_ntacl_obeyed(struct kunit *test)
{
	struct ditto_node *node = folder_make(test, &f, "file", 0600, false);
	u8 bytes[NTACL_ROOM], hash[SHA256_DIGEST_SIZE];
	u32 len;

	ntacl_hash_of(0600, hash);
	len = ntacl_make(bytes, 4, hash);
	ntacl_give(test, node, bytes, len);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_MODE);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	ntacl_use(test, DITTO_NTACL_CHECKED);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_NTACL);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), 0);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), 0);
	/* A local chmod outdates it; the same mode as before does not. */
	KUNIT_EXPECT_EQ(test, listed_chmod(&f, node, 0604), 0);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_MODE);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), -EACCES);
	ntacl_use(test, DITTO_NTACL_ALWAYS);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_NTACL);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), 0);
	ntacl_use(test, DITTO_NTACL_CHECKED);
	KUNIT_EXPECT_EQ(test, listed_chmod(&f, node, 0600), 0);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_NTACL);
	SET_LIST(&f, node, ALLOW(UID, READS, USER));
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_STORE);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), -EACCES);
	ntacl_use(test, DITTO_NTACL_ALWAYS);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_STORE);
	ntacl_done(test, node);
}

/* Version 1 tells no mode; a damaged value lets nobody in. */
static void test_ntacl_unproven(struct kunit *test)
{
	struct ditto_node *node = folder_make(test, &f, "file", 0606, false);
	u8 bytes[NTACL_ROOM];
	u32 len = ntacl_make(bytes, 1, NULL);

	ntacl_give(test, node, bytes, len);
	ntacl_use(test, DITTO_NTACL_CHECKED);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_MODE);
	ntacl_use(test, DITTO_NTACL_ALWAYS);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_NTACL);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), 0);
	ntacl_give(test, node, bytes, len - 4);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_NOTHING);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	ntacl_done(test, node);
}

/* What clients change makes it a list of ours, so that it does not just stop to count. */
static void test_ntacl_changed(struct kunit *test)
{
	const struct ditto_setattr give = { .valid = DITTO_SET_UID, .uid = KUIDT_INIT(77) };
	struct ditto_node *node = folder_make(test, &f, "file", 0640, false);
	u8 bytes[NTACL_ROOM], hash[SHA256_DIGEST_SIZE];
	u32 len;

	ntacl_hash_of(0640, hash);
	len = ntacl_make(bytes, 4, hash);
	ntacl_give(test, node, bytes, len);
	ntacl_use(test, DITTO_NTACL_CHECKED);
	KUNIT_EXPECT_EQ(test, ntacl_chmod(node, 0640), 0);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_NTACL);
	KUNIT_EXPECT_EQ(test, listed_set(&f, f.admin, node, &give), 0);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_STORE);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_WRITE), 0);
	ditto_node_put(node);
	folder_remove(test, &f, "file", false);

	/* A chmod that discards lists leaves none, not that of Samba again. */
	node = folder_make(test, &f, "file", 0640, false);
	ntacl_give(test, node, bytes, len);
	ntacl_use(test, DITTO_NTACL_ALWAYS);
	listed_chmod_does(test, &f, DITTO_CHMOD_DISCARD);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_NTACL);
	KUNIT_EXPECT_EQ(test, ntacl_chmod(node, 0600), 0);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_STORE);
	KUNIT_EXPECT_EQ(test, listed_may(&f, node, DITTO_MAY_READ), -EACCES);
	listed_chmod_does(test, &f, DITTO_CHMOD_GROUPMASK);
	ntacl_done(test, node);
}

static void test_ntacl_import(struct kunit *test)
{
	struct ditto_node *node = folder_make(test, &f, "file", 0600, false);
	u8 bytes[NTACL_ROOM], hash[SHA256_DIGEST_SIZE];
	u32 len;

	KUNIT_EXPECT_EQ(test, ditto_ntacl_import(&f.op, node, DITTO_NTACL_CHECKED, false),
			DITTO_NTACL_NONE);
	ntacl_hash_of(0640, hash);
	len = ntacl_make(bytes, 4, hash);
	ntacl_give(test, node, bytes, len);
	KUNIT_EXPECT_EQ(test, ditto_ntacl_import(&f.op, node, DITTO_NTACL_CHECKED, false),
			DITTO_NTACL_STALE);
	KUNIT_EXPECT_EQ(test, ditto_ntacl_import(&f.op, node, DITTO_NTACL_ALWAYS, true),
			DITTO_NTACL_USED);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_MODE);
	KUNIT_EXPECT_EQ(test, ditto_ntacl_import(&f.op, node, DITTO_NTACL_ALWAYS, false),
			DITTO_NTACL_USED);
	KUNIT_EXPECT_EQ(test, ntacl_origin(test, node), DITTO_ACL_FROM_STORE);
	KUNIT_EXPECT_EQ(test, ditto_ntacl_import(&f.op, node, DITTO_NTACL_ALWAYS, false),
			DITTO_NTACL_OWN);
	ntacl_done(test, node);
}

static struct kunit_case ntacl_cases[] = {
	KUNIT_CASE(test_ntacl_versions),
	KUNIT_CASE(test_ntacl_hostile),
	KUNIT_CASE(test_ntacl_hash),
	KUNIT_CASE(test_ntacl_obeyed),
	KUNIT_CASE(test_ntacl_unproven),
	KUNIT_CASE(test_ntacl_changed),
	KUNIT_CASE(test_ntacl_import),
	{}
};

static struct kunit_suite ntacl_suite = {
	.name = "ditto_ntacl",
	FOLDER_SUITE(f),
	FOLDER_CASES(f),
	.test_cases = ntacl_cases,
};

kunit_test_suite(ntacl_suite);
