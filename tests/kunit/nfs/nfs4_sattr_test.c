// SPDX-License-Identifier: GPL-2.0-only
/* Attributes of version 4 that a client sets, and owners in both directions. */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "../../../fs/share/share.h"
#include "../../../net/helper/names.h"
#include "../../../net/helper/names_ask.h"
#include "../../../net/setting.h"
#include "nfs4_attr_fixture.h"

DEFINE_FOLDER(folder, "kunit-nfs4-sattr")

static int attr_init(struct kunit *test)
{
	return fixture_begin(test, &folder);
}

static void attr_exit(struct kunit *test)
{
	fixture_end(test, &folder);
}

/* Attributes to be set */

static const struct dnfs4_bitmap settable = { {
	FATTR4_WORD0_SIZE | FATTR4_WORD0_HIDDEN,
	FATTR4_WORD1_MODE | FATTR4_WORD1_OWNER | FATTR4_WORD1_OWNER_GROUP | FATTR4_WORD1_SYSTEM |
	FATTR4_WORD1_TIME_ACCESS_SET | FATTR4_WORD1_TIME_CREATE | FATTR4_WORD1_TIME_MODIFY_SET,
	0,
} };

static void put_settable(struct fixture *f)
{
	unsigned int begin = begin_values(f, &settable);

	xdr_add(f, 1);
	xdr_add(f, 2);			/* size */
	xdr_add(f, 1);			/* hidden */
	xdr_add(f, 07755);			/* mode */
	put_text(f, "1000");
	put_text(f, "4294967294");
	xdr_add(f, 0);			/* system */
	xdr_add(f, NFS4_SET_TO_SERVER_TIME);
	put_time(f, 100, 5);		/* create */
	xdr_add(f, NFS4_SET_TO_CLIENT_TIME);
	put_time(f, 200, NSEC_PER_SEC - 1);
	end_values(f, begin);
}

static void all_are_set(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_sattr sattr;

	put_settable(f);
	KUNIT_ASSERT_EQ(test, sattr_decode(f, &sattr), NFS4_OK);
	KUNIT_EXPECT_MEMEQ(test, &sattr.map, &settable, sizeof(settable));
	KUNIT_EXPECT_EQ(test, sattr.set.valid, DITTO_SET_SIZE | DITTO_SET_MODE | DITTO_SET_UID |
			DITTO_SET_GID | DITTO_SET_ATIME_NOW | DITTO_SET_MTIME);
	KUNIT_EXPECT_EQ(test, sattr.set.size, 0x100000002ULL);
	KUNIT_EXPECT_EQ(test, sattr.set.mode, 07755);
	KUNIT_EXPECT_EQ(test, __kuid_val(sattr.set.uid), 1000);
	KUNIT_EXPECT_EQ(test, __kgid_val(sattr.set.gid), 4294967294U);
	KUNIT_EXPECT_EQ(test, sattr.set.mtime.tv_sec, 200);
	KUNIT_EXPECT_EQ(test, sattr.set.mtime.tv_nsec, NSEC_PER_SEC - 1);
	KUNIT_EXPECT_EQ(test, sattr.dosattr.valid, DITTO_DOSATTR_FLAGS | DITTO_DOSATTR_BTIME);
	KUNIT_EXPECT_EQ(test, sattr.dosattr.flags, DITTO_FLAG_HIDDEN);
	KUNIT_EXPECT_EQ(test, sattr.dosattr.btime.tv_sec, 100);
	KUNIT_EXPECT_EQ(test, sattr.dosattr.btime.tv_nsec, 5);
}

static void cut_off(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_sattr sattr;
	u32 len;

	put_settable(f);
	len = f->n * XDR_UNIT;
	for (u32 i = 0; i < len; i++) {
		begin_decode(f, i);
		KUNIT_EXPECT_EQ_MSG(test, dnfs4_decode_sattr(&f->cmp, &sattr), NFS4ERR_BADXDR,
				    "%u bytes", i);
	}
}

/* The length of the values must be correct. */
static void wrong_length(struct kunit *test)
{
	static const int off[] = { -8, -4, 4, 8, 1 << 20 };
	struct fixture *f = test->priv;
	struct dnfs4_sattr sattr;

	for (size_t i = 0; i < ARRAY_SIZE(off); i++) {
		put_settable(f);
		f->mem[4] = cpu_to_be32(be32_to_cpu(f->mem[4]) + off[i]);
		xdr_add(f, 0);
		xdr_add(f, 0);
		KUNIT_EXPECT_EQ(test, sattr_decode(f, &sattr), NFS4ERR_BADXDR);
	}
}

static u32 decode_one(struct fixture *f, unsigned int attr, unsigned int n, const u32 *words)
{
	struct dnfs4_bitmap map = bitmap_only(attr);
	unsigned int begin = begin_values(f, &map);
	struct dnfs4_sattr sattr;
	u32 status;

	for (unsigned int i = 0; i < n; i++)
		xdr_add(f, words[i]);
	end_values(f, begin);
	status = sattr_decode(f, &sattr);
	dnfs4_sattr_free(&sattr);
	return status;
}

static void bad_values(struct kunit *test)
{
	static const struct {
		unsigned int attr;
		unsigned int n;
		u32 words[5];
		u32 status;
	} rows[] = {
		{ FATTR4_MODE, 1, { 0777 }, NFS4_OK },
		{ FATTR4_MODE, 1, { 010777 }, NFS4ERR_INVAL },
		{ FATTR4_HIDDEN, 1, { 2 }, NFS4ERR_BADXDR },
		{ FATTR4_TIME_ACCESS_SET, 1, { 2 }, NFS4ERR_BADXDR },
		{ FATTR4_TIME_ACCESS_SET, 4, { 1, 0, 0, NSEC_PER_SEC }, NFS4ERR_INVAL },
		{ FATTR4_TIME_MODIFY_SET, 4, { 1, 0, 0, U32_MAX }, NFS4ERR_INVAL },
		{ FATTR4_TIME_MODIFY_SET, 4, { 1, U32_MAX, U32_MAX, 0 }, NFS4_OK },
		{ FATTR4_TIME_CREATE, 3, { 0, 0, NSEC_PER_SEC }, NFS4ERR_INVAL },
		{ FATTR4_OWNER, 2, { 1, '0' << 24 }, NFS4_OK },
		{ FATTR4_OWNER, 1, { 0 }, NFS4ERR_INVAL },
		{ FATTR4_OWNER_GROUP, 1, { 0 }, NFS4ERR_INVAL },
		{ FATTR4_OWNER, 2, { 2, '0' << 24 | '1' << 16 }, NFS4ERR_BADOWNER },
		{ FATTR4_OWNER, 2, { 4, 0x61004061 }, NFS4ERR_BADOWNER },
		{ FATTR4_OWNER_GROUP, 1, { DNFS4_OWNER_MAX + 1 }, NFS4ERR_BADXDR },
		{ FATTR4_MODE_UMASK, 2, { 0777, 022 }, NFS4_OK },
		{ FATTR4_MODE_UMASK, 2, { 0777, 01022 }, NFS4ERR_INVAL },
		{ FATTR4_MODE_UMASK, 2, { 020000, 022 }, NFS4ERR_INVAL },
		{ FATTR4_TYPE, 1, { NF4REG }, NFS4ERR_INVAL },
		{ FATTR4_CHANGE, 2, { 0, 0 }, NFS4ERR_INVAL },
		{ FATTR4_TIME_MODIFY, 3, { 0, 0, 0 }, NFS4ERR_INVAL },
		{ FATTR4_ACL, 1, { 0 }, NFS4_OK },
		{ FATTR4_DACL, 2, { 0, 0 }, NFS4_OK },
		{ FATTR4_DACL, 2, { 8, 0 }, NFS4ERR_ATTRNOTSUPP },
		{ FATTR4_SACL, 2, { 0, 0 }, NFS4ERR_ATTRNOTSUPP },
		{ FATTR4_ACLSUPPORT, 1, { 0 }, NFS4ERR_INVAL },
		{ FATTR4_ARCHIVE, 1, { 0 }, NFS4ERR_ATTRNOTSUPP },
		{ FATTR4_TIME_BACKUP, 3, { 0, 0, 0 }, NFS4ERR_ATTRNOTSUPP },
		{ 95, 1, { 0 }, NFS4ERR_ATTRNOTSUPP },
	};
	struct fixture *f = test->priv;

	fixture_turn_dacl(&folder, true);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, decode_one(f, rows[i].attr, rows[i].n, rows[i].words),
				    rows[i].status, "attribute %u, row %zu", rows[i].attr, i);
	fixture_turn_dacl(&folder, false);
	KUNIT_EXPECT_EQ(test, decode_one(f, FATTR4_DACL, 2, (const u32 []){ 0, 0 }),
			NFS4ERR_ATTRNOTSUPP);
}

static void labels_turn(bool on)
{
	struct ditto_share_opts *opts =
		(struct ditto_share_opts *)rcu_access_pointer(folder.share->opts);

	opts->security_labels = on;
}

/* RFC 7862 section 12.2.4: format, policy, label */
static void labels_are_decoded(struct kunit *test)
{
	static const struct {
		unsigned int n;
		u32 words[4];
		u32 status;
	} rows[] = {
		{ 4, { 0, 0, 3, 0x613a6200 }, NFS4_OK },
		{ 4, { 0, 7, 3, 0x613a6200 }, NFS4_OK },
		{ 4, { 1, 0, 3, 0x613a6200 }, NFS4ERR_WRONG_LFS },
		{ 3, { 0, 0, 0 }, NFS4ERR_BADLABEL },
		{ 3, { 0, 0, 1 }, NFS4ERR_BADXDR },
		{ 3, { 0, 0, U32_MAX }, NFS4ERR_BADXDR },
		{ 2, { 0, 0 }, NFS4ERR_BADXDR },
	};
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, decode_one(f, FATTR4_SEC_LABEL, rows[0].n, rows[0].words),
			NFS4ERR_ATTRNOTSUPP);
	labels_turn(true);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, decode_one(f, FATTR4_SEC_LABEL, rows[i].n, rows[i].words),
				    rows[i].status, "row %zu", i);
	f->cmp.current_fh.named = true;
	KUNIT_EXPECT_EQ(test, decode_one(f, FATTR4_SEC_LABEL, rows[0].n, rows[0].words),
			NFS4ERR_ATTRNOTSUPP);
	f->cmp.current_fh.named = false;
	f->cmp.minor = 1;
	KUNIT_EXPECT_EQ(test, decode_one(f, FATTR4_SEC_LABEL, rows[0].n, rows[0].words),
			NFS4ERR_ATTRNOTSUPP);
	f->cmp.minor = 2;
	labels_turn(false);
}

/* The longest label, and one byte more. */
static void labels_are_bounded(struct kunit *test)
{
	struct dnfs4_bitmap map = bitmap_only(FATTR4_SEC_LABEL);
	struct fixture *f = test->priv;
	struct dnfs4_sattr sattr;
	unsigned int begin;

	labels_turn(true);
	for (u32 len = DITTO_LABEL_MAX; len <= DITTO_LABEL_MAX + 1; len++) {
		begin = begin_values(f, &map);
		xdr_add(f, 0);
		xdr_add(f, 0);
		xdr_add(f, len);
		memset(&f->mem[f->n], 'x', xdr_align_size(len));
		f->n += XDR_QUADLEN(len);
		end_values(f, begin);
		KUNIT_EXPECT_EQ(test, sattr_decode(f, &sattr),
				len > DITTO_LABEL_MAX ? NFS4ERR_BADLABEL : NFS4_OK);
		KUNIT_EXPECT_EQ(test, sattr.label_len, len);
	}
	labels_turn(false);
}

/* RFC 9754 section 5: the holder of a delegation sets its times, and nobody with a new file. */
static void delegated_times(struct kunit *test)
{
	struct dnfs4_bitmap map = bitmap_only(FATTR4_TIME_DELEG_ACCESS);
	struct fixture *f = test->priv;
	struct dnfs4_sattr sattr;
	unsigned int begin;

	dnfs4_bitmap_set(&map, FATTR4_TIME_DELEG_MODIFY);
	begin = begin_values(f, &map);
	put_time(f, 11, 12);
	put_time(f, 21, 22);
	end_values(f, begin);
	KUNIT_ASSERT_EQ(test, sattr_decode(f, &sattr), NFS4_OK);
	KUNIT_EXPECT_TRUE(test, sattr.times.has_atime && sattr.times.has_mtime);
	KUNIT_EXPECT_EQ(test, sattr.times.atime.tv_sec, 11);
	KUNIT_EXPECT_EQ(test, sattr.times.mtime.tv_nsec, 22);
	KUNIT_EXPECT_EQ(test, sattr.set.valid, 0);
	KUNIT_EXPECT_EQ(test, dnfs4_sattr_fit(&f->cmp, &sattr, f->node, S_IFREG), NFS4_OK);
	KUNIT_EXPECT_EQ(test, dnfs4_sattr_fit(&f->cmp, &sattr, NULL, S_IFREG), NFS4ERR_INVAL);
	dnfs4_sattr_free(&sattr);

	begin = begin_values(f, &map);
	put_time(f, 11, 12);
	put_time(f, 21, NSEC_PER_SEC);
	end_values(f, begin);
	KUNIT_EXPECT_EQ(test, sattr_decode(f, &sattr), NFS4ERR_INVAL);
	dnfs4_sattr_free(&sattr);
	f->cmp.minor = 1;
	KUNIT_EXPECT_EQ(test, sattr_decode(f, &sattr), NFS4ERR_ATTRNOTSUPP);
	dnfs4_sattr_free(&sattr);
}

static void umask_is_applied(struct kunit *test)
{
	struct dnfs4_bitmap map = bitmap_only(FATTR4_MODE_UMASK);
	struct fixture *f = test->priv;
	struct dnfs4_sattr sattr;
	unsigned int begin;

	f->cmp.current_fh.target.node = folder.root;
	begin = begin_values(f, &map);
	xdr_add(f, 0666);
	xdr_add(f, 027);
	end_values(f, begin);
	KUNIT_EXPECT_EQ(test, sattr_decode(f, &sattr), NFS4_OK);
	KUNIT_EXPECT_EQ(test, dnfs4_sattr_fit(&f->cmp, &sattr, NULL, S_IFREG), NFS4_OK);
	KUNIT_EXPECT_EQ(test, sattr.set.mode, 0640);
	/* Not together with the mode (RFC 8275 section 5). */
	dnfs4_bitmap_set(&map, FATTR4_MODE);
	begin = begin_values(f, &map);
	xdr_add(f, 0666);
	xdr_add(f, 0666);
	xdr_add(f, 027);
	end_values(f, begin);
	KUNIT_EXPECT_EQ(test, sattr_decode(f, &sattr), NFS4ERR_INVAL);
	f->cmp.current_fh.target.node = f->node;
}

/* Owners */

static void attr_numbers(struct kunit *test)
{
	static const struct {
		const char *text;
		bool good;
		u32 id;
	} rows[] = {
		{ "0", true, 0 }, { "7", true, 7 }, { "4294967295", true, U32_MAX },
		{ "4294967296", false }, { "9999999999", false }, { "00", false },
		{ "01", false }, { "", false }, { "-1", false }, { "+1", false },
		{ "1 ", false }, { "0x1", false }, { "12345678901", false }, { "a", false },
	};
	u32 id;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool good = dnfs4_read_number(rows[i].text, strlen(rows[i].text), &id);

		KUNIT_EXPECT_EQ_MSG(test, good, rows[i].good, "'%s'", rows[i].text);
		if (good && rows[i].good)
			KUNIT_EXPECT_EQ(test, id, rows[i].id);
	}
}

static void numbers_are_said(struct kunit *test)
{
	static const u32 ids[] = { 0, 9, 10, 1000, 65534, U32_MAX - 1 };
	struct fixture *f = test->priv;
	struct dnfs4_owner_text text = {};
	kuid_t uid;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		KUNIT_EXPECT_EQ(test, dnfs4_uid_name(&f->cmp, KUIDT_INIT(ids[i]), &text), 0);
		KUNIT_EXPECT_EQ(test, dnfs4_owner_read(&f->cmp, text.text, text.len, &uid),
				NFS4_OK);
		KUNIT_EXPECT_EQ(test, __kuid_val(uid), ids[i]);
	}
}

/* Names, for callers with a principal. */

static struct {
	const char *name;
	int error;
	unsigned int asked;
} helper;

static int helper_ask(struct ditto_server *srv, const struct ditto_question *question,
		      const struct ditto_host_names *hosts, struct ditto_said *said)
{
	helper.asked++;
	*said = (struct ditto_said){ .uid = KUIDT_INIT(42), .gid = KGIDT_INIT(43) };
	if (helper.error)
		return helper.error;
	said->name = kstrdup(helper.name, GFP_KERNEL);
	return said->name ? 0 : -ENOMEM;
}

static struct ditto_server *begin_names(struct kunit *test, struct fixture *f)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->net = &init_net;
	ditto_settings_init(srv);
	KUNIT_ASSERT_EQ(test, ditto_names_init(srv), 0);
	ditto_names_set_ask(srv, helper_ask);
	f->call.srv = srv;
	f->call.sec = DITTO_SEC_KRB5;
	memset(&helper, 0, sizeof(helper));
	return srv;
}

static void names_are_said(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ditto_server *srv = begin_names(test, f);
	struct dnfs4_owner_text text = {};
	kuid_t uid;
	kgid_t gid;

	helper.name = "alice@example.org";
	KUNIT_EXPECT_EQ(test, dnfs4_uid_name(&f->cmp, KUIDT_INIT(7), &text), 0);
	KUNIT_EXPECT_EQ(test, text.len, 17);
	KUNIT_EXPECT_MEMEQ(test, text.text, "alice@example.org", 17);
	KUNIT_EXPECT_EQ(test, dnfs4_owner_read(&f->cmp, text.text, text.len, &uid), NFS4_OK);
	KUNIT_EXPECT_EQ(test, __kuid_val(uid), 42);
	KUNIT_EXPECT_EQ(test, dnfs4_group_read(&f->cmp, "staff@x", 7, &gid), NFS4_OK);
	KUNIT_EXPECT_EQ(test, __kgid_val(gid), 43);
	/* Numbers are accepted from everybody, without a look-up. */
	KUNIT_EXPECT_EQ(test, dnfs4_owner_read(&f->cmp, "9", 1, &uid), NFS4_OK);
	KUNIT_EXPECT_EQ(test, __kuid_val(uid), 9);
	/* The same owner again. */
	KUNIT_EXPECT_EQ(test, dnfs4_uid_name(&f->cmp, KUIDT_INIT(7), &text), 0);
	KUNIT_EXPECT_EQ(test, helper.asked, 3);
	ditto_names_exit(srv);
}

/* A user without a known name is encoded as a number. */
static void names_are_not_known(struct kunit *test)
{
	static const int errors[] = { -ENOENT, -ECONNREFUSED };
	struct fixture *f = test->priv;
	struct ditto_server *srv = begin_names(test, f);
	struct dnfs4_owner_text text = {};
	kuid_t uid;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		helper.error = errors[i];
		KUNIT_EXPECT_EQ(test, dnfs4_uid_name(&f->cmp, KUIDT_INIT(70 + i), &text), 0);
		KUNIT_EXPECT_EQ(test, text.len, 2);
		KUNIT_EXPECT_EQ(test, text.text[1], '0' + i);
		KUNIT_EXPECT_EQ(test, dnfs4_owner_read(&f->cmp, i ? "a@b" : "c@d", 3, &uid),
				NFS4ERR_BADOWNER);
	}
	helper.error = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, dnfs4_uid_name(&f->cmp, KUIDT_INIT(99), &text), -EJUKEBOX);
	KUNIT_EXPECT_EQ(test, dnfs4_owner_read(&f->cmp, "e@f", 3, &uid), NFS4ERR_DELAY);
	ditto_names_exit(srv);
}

/* Impossible names are not looked up. */
static void names_of_nobody(struct kunit *test)
{
	static char name[DNFS4_OWNER_MAX];
	struct fixture *f = test->priv;
	struct ditto_server *srv = begin_names(test, f);
	kuid_t uid;

	memset(name, 'n', sizeof(name));
	KUNIT_EXPECT_EQ(test, dnfs4_owner_read(&f->cmp, name, sizeof(name), &uid),
			NFS4ERR_BADOWNER);
	KUNIT_EXPECT_EQ(test, dnfs4_owner_read(&f->cmp, name, DITTO_NAMES_NAME_MAX + 1, &uid),
			NFS4ERR_BADOWNER);
	KUNIT_EXPECT_EQ(test, dnfs4_owner_read(&f->cmp, "a\0b@c", 5, &uid), NFS4ERR_BADOWNER);
	KUNIT_EXPECT_EQ(test, helper.asked, 0);
	ditto_names_exit(srv);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(all_are_set),
	KUNIT_CASE(cut_off),
	KUNIT_CASE(wrong_length),
	KUNIT_CASE(bad_values),
	KUNIT_CASE(labels_are_decoded),
	KUNIT_CASE(labels_are_bounded),
	KUNIT_CASE(delegated_times),
	KUNIT_CASE(umask_is_applied),
	KUNIT_CASE(attr_numbers),
	KUNIT_CASE(numbers_are_said),
	KUNIT_CASE(names_are_said),
	KUNIT_CASE(names_are_not_known),
	KUNIT_CASE(names_of_nobody),
	{}
};

static struct kunit_suite suite = {
	.name = "ditto_nfs4_sattr",
	FOLDER_SUITE(folder),
	.init = attr_init,
	.exit = attr_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
