// SPDX-License-Identifier: GPL-2.0-only
/* Access control lists of version 4: encoding and decoding. */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/sunrpc/xdr.h>
#include <linux/user_namespace.h>

#include "../../../fs/nfs/v4/attr/acl.h"
#include "../../../fs/nfs/v4/engine/compound.h"
#include "../../../fs/op/check/rights.h"
#include "../../../fs/share/share.h"
#include "../../../net/helper/names.h"
#include "../../../net/helper/names_ask.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"

/* Longest list of ours in words, and some. */
#define WORDS	(2 + (DITTO_ACES_MAX + 2) * DNFS4_ACE_BYTES_MAX / XDR_UNIT)

/**
 * struct fixture - a COMPOUND of nothing, and its arguments
 * @n: words written by hand
 * @buf: of @xdr
 * @xdr: over @mem
 * @peer: of @call: the server itself
 * @call: of @cmp: AUTH_SYS
 * @cmp: reads @xdr
 * @value: what was said
 * @mem: bytes
 */
struct fixture {
	unsigned int n;
	struct xdr_buf buf;
	struct xdr_stream xdr;
	struct ditto_peer peer;
	struct dnfs_call call;
	struct dnfs4_compound cmp;
	struct dnfs4_acl_value value;
	__be32 mem[WORDS];
};

static int acl_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	f->call.peer = &f->peer;
	f->call.userns = &init_user_ns;
	f->call.sec = DITTO_SEC_SYS;
	f->cmp.call = &f->call;
	f->cmp.in = &f->xdr;
	return 0;
}

static void acl_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f)
		dnfs4_acl_value_free(&f->value);
}

static void xdr_add(struct fixture *f, u32 n)
{
	f->mem[f->n++] = cpu_to_be32(n);
}

static void put_ace(struct fixture *f, u32 type, u32 flags, u32 mask, const char *who)
{
	u32 len = strlen(who);

	xdr_add(f, type);
	xdr_add(f, flags);
	xdr_add(f, mask);
	xdr_add(f, len);
	memset(&f->mem[f->n], 0, xdr_align_size(len));
	memcpy(&f->mem[f->n], who, len);
	f->n += XDR_QUADLEN(len);
}

static u32 read_bytes(struct fixture *f, u32 len, enum dnfs4_acl_attr attr,
		      struct ditto_acl **acl)
{
	memset(&f->buf, 0, sizeof(f->buf));
	xdr_buf_init(&f->buf, f->mem, len);
	f->buf.head[0].iov_len = len;
	f->buf.len = len;
	xdr_init_decode(&f->xdr, &f->buf, f->mem, NULL);
	return dnfs4_acl_read(&f->cmp, attr, acl);
}

static u32 read_one(struct fixture *f, u32 type, u32 flags, u32 mask, const char *who,
		    struct ditto_acl **acl)
{
	f->n = 0;
	xdr_add(f, 1);
	put_ace(f, type, flags, mask, who);
	return read_bytes(f, f->n * XDR_UNIT, DNFS4_ACL, acl);
}

static u32 status_of(struct fixture *f, u32 type, u32 flags, u32 mask, const char *who)
{
	struct ditto_acl *acl;
	u32 status = read_one(f, type, flags, mask, who, &acl);

	ditto_acl_put(acl);
	return status;
}

/* An attribute that was read is encoded to the same bytes. */
static void expect_same(struct kunit *test, enum dnfs4_acl_attr attr)
{
	struct fixture *f = test->priv;
	struct ditto_acl *acl;

	KUNIT_ASSERT_EQ(test, read_bytes(f, f->n * XDR_UNIT, attr, &acl), NFS4_OK);
	KUNIT_EXPECT_EQ(test, xdr_stream_remaining(&f->xdr), 0);
	KUNIT_EXPECT_EQ(test, dnfs4_acl_encode(&f->cmp, acl, attr, &f->value), 0);
	ditto_acl_put(acl);
	KUNIT_ASSERT_EQ(test, f->value.len, f->n * XDR_UNIT);
	KUNIT_EXPECT_MEMEQ(test, f->value.data, f->mem, f->value.len);
}

static const struct {
	const char *text;
	u8 who;
	u32 flags;
} whos[] = {
	{ "OWNER@", DITTO_WHO_OWNER },
	{ "GROUP@", DITTO_WHO_GROUP },
	{ "EVERYONE@", DITTO_WHO_EVERYONE },
	{ "AUTHENTICATED@", DITTO_WHO_AUTHENTICATED },
	{ "ANONYMOUS@", DITTO_WHO_ANONYMOUS },
	{ "NETWORK@", DITTO_WHO_NETWORK },
	{ "S-1-3-4@", DITTO_WHO_OWNER_RIGHTS },
	{ "INTERACTIVE@", DITTO_WHO_FOREIGN },
	{ "DIALUP@", DITTO_WHO_FOREIGN },
	{ "BATCH@", DITTO_WHO_FOREIGN },
	{ "SERVICE@", DITTO_WHO_FOREIGN },
	{ "S-1-5-21-1-2-4294967295-1013@", DITTO_WHO_FOREIGN },
	{ "S-1-0x010000000000-7@", DITTO_WHO_FOREIGN },
	{ "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15@", DITTO_WHO_FOREIGN },
	{ "0", DITTO_WHO_UID },
	{ "1000", DITTO_WHO_UID },
	{ "4294967294", DITTO_WHO_GID, NFS4_ACE_IDENTIFIER_GROUP },
	{ "S-1-3-0@", DITTO_WHO_FOREIGN },
	{ "S-1-3-1@", DITTO_WHO_FOREIGN },
};

static void everybody_goes_round(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ditto_acl *acl;

	xdr_add(f, ARRAY_SIZE(whos));
	for (size_t i = 0; i < ARRAY_SIZE(whos); i++)
		put_ace(f, i & 1, whos[i].flags, DITTO_RIGHTS_ALL, whos[i].text);
	expect_same(test, DNFS4_ACL);

	KUNIT_ASSERT_EQ(test, read_bytes(f, f->n * XDR_UNIT, DNFS4_ACL, &acl), NFS4_OK);
	KUNIT_EXPECT_EQ(test, ditto_acl_check(acl, false), 0);
	KUNIT_EXPECT_EQ(test, acl->count, ARRAY_SIZE(whos));
	for (size_t i = 0; i < ARRAY_SIZE(whos); i++) {
		KUNIT_EXPECT_EQ_MSG(test, acl->aces[i].who, whos[i].who, "%s", whos[i].text);
		KUNIT_EXPECT_EQ(test, acl->aces[i].type, i & 1);
		KUNIT_EXPECT_EQ(test, acl->aces[i].mask, DITTO_RIGHTS_ALL);
	}
	KUNIT_EXPECT_EQ(test, __kuid_val(acl->aces[15].uid), 1000);
	KUNIT_EXPECT_EQ(test, __kgid_val(acl->aces[16].gid), 4294967294U);
	ditto_acl_put(acl);
}

/* Bytes as in MS-DTYP section 2.4.2.2. */
static void sid_in_bytes(struct kunit *test)
{
	static const u8 interactive[] = { 1, 1, 0, 0, 0, 0, 0, 5, 4, 0, 0, 0 };
	static const u8 of_domain[] = { 1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 0xf5, 3, 0, 0 };
	struct fixture *f = test->priv;
	struct ditto_acl *acl;

	KUNIT_ASSERT_EQ(test, read_one(f, 0, 0, 1, "INTERACTIVE@", &acl), NFS4_OK);
	KUNIT_ASSERT_EQ(test, acl->aces[0].foreign_len, sizeof(interactive));
	KUNIT_EXPECT_MEMEQ(test, acl->aces[0].foreign, interactive, sizeof(interactive));
	ditto_acl_put(acl);
	KUNIT_ASSERT_EQ(test, read_one(f, 0, 0, 1, "S-1-5-21-1013@", &acl), NFS4_OK);
	KUNIT_ASSERT_EQ(test, acl->aces[0].foreign_len, sizeof(of_domain));
	KUNIT_EXPECT_MEMEQ(test, acl->aces[0].foreign, of_domain, sizeof(of_domain));
	ditto_acl_put(acl);
}

/* Each has one name, and comes back as the same. */
static void acl_of_nobody(struct kunit *test)
{
	static const char *const names[] = {
		"@", "FOO@", "owner@", "XOWNER@", "OWNER@@", "S@", "S-@", "S-1@", "S-1-5@",
		"S-1-5-@",
		"s-1-5-9@", "S-1-5-09@", "S-2-5-9@", "S-1-05-9@", "S-1-0x5-9@", "S-1-5-0x9@",
		"S-1-5-4294967296@", "S-1-5-9-@", "S-1-5-9 @", "S-1-5-9@@", "S-1-5--9@",
		"S-1-281474976710656-1@", "S-1-0x1000000000000-1@",
		"S-1-5-99999999999999999999999999@",
		"S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16@",
		/* They are called OWNER@ and so on. */
		"S-1-1-0@", "S-1-5-2@", "S-1-5-7@", "S-1-5-11@",
		"S-1-22-1-1000@", "S-1-22-2-0@", "S-1-5-88-3-420@",
	};
	struct fixture *f = test->priv;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		KUNIT_EXPECT_EQ_MSG(test, status_of(f, 0, 0, 1, names[i]), NFS4ERR_BADOWNER, "%s",
				    names[i]);
		KUNIT_EXPECT_EQ_MSG(test, status_of(f, 0, NFS4_ACE_IDENTIFIER_GROUP, 1, names[i]),
				    NFS4ERR_BADOWNER, "%s", names[i]);
	}
	/* So are these in entries that are inherited. */
	KUNIT_EXPECT_EQ(test, status_of(f, 0, NFS4_ACE_FILE_INHERIT_ACE, 1, "S-1-3-0@"),
			NFS4ERR_BADOWNER);
	KUNIT_EXPECT_EQ(test, status_of(f, 0, NFS4_ACE_DIRECTORY_INHERIT_ACE, 1, "S-1-3-1@"),
			NFS4ERR_BADOWNER);
	KUNIT_EXPECT_EQ(test, status_of(f, 0, 0, 1, ""), NFS4ERR_INVAL);
}

/* RFC 8881 section 6.2.1.5: for special names the group flag is ignored, and not sent. */
static void flag_of_groups(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ditto_acl *acl;

	KUNIT_ASSERT_EQ(test, read_one(f, 0, NFS4_ACE_IDENTIFIER_GROUP, 1, "GROUP@", &acl),
			NFS4_OK);
	KUNIT_EXPECT_EQ(test, acl->aces[0].who, DITTO_WHO_GROUP);
	KUNIT_EXPECT_EQ(test, acl->aces[0].flags, 0);
	KUNIT_EXPECT_EQ(test, dnfs4_acl_encode(&f->cmp, acl, DNFS4_ACL, &f->value), 0);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(f->value.data[2]), 0);
	ditto_acl_put(acl);
	KUNIT_ASSERT_EQ(test, read_one(f, 0, NFS4_ACE_IDENTIFIER_GROUP, 1, "OWNER@", &acl),
			NFS4_OK);
	KUNIT_EXPECT_EQ(test, acl->aces[0].who, DITTO_WHO_OWNER);
	ditto_acl_put(acl);
}

static void what_is_not_kept(struct kunit *test)
{
	static const struct {
		u32 type;
		u32 flags;
		u32 mask;
	} rows[] = {
		{ NFS4_ACE_SYSTEM_AUDIT_ACE_TYPE, 0, 1 },
		{ NFS4_ACE_SYSTEM_ALARM_ACE_TYPE, 0, 1 },
		{ 4, 0, 1 },
		{ U32_MAX, 0, 1 },
		{ 0, NFS4_ACE_SUCCESSFUL_ACCESS_ACE_FLAG, 1 },
		{ 0, NFS4_ACE_FAILED_ACCESS_ACE_FLAG, 1 },
		{ 0, 0x100, 1 },
		{ 0, 0x80000000, 1 },
		{ 0, 0, 0x800 },
		{ 0, 0, 0x200000 },
		{ 0, 0, 0x10000000 },
		{ 0, 0, 0x80000000 },
	};
	struct fixture *f = test->priv;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, status_of(f, rows[i].type, rows[i].flags, rows[i].mask,
						    "OWNER@"),
				    NFS4ERR_ATTRNOTSUPP, "row %zu", i);
}

/* Retention is not supported, so its rights are dropped. */
static void acl_retention(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ditto_acl *acl;

	KUNIT_ASSERT_EQ(test, read_one(f, 0, 0, NFS4_ACE_WRITE_RETENTION |
				       NFS4_ACE_WRITE_RETENTION_HOLD | 1, "OWNER@", &acl), NFS4_OK);
	KUNIT_EXPECT_EQ(test, acl->aces[0].mask, 1);
	ditto_acl_put(acl);
}

/* Flags of a list, and which entries were inherited: of dacl only. */
static void acl_dacl(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ditto_acl *acl;

	xdr_add(f, NFS4_ACL_PROTECTED | NFS4_ACL_AUTO_INHERIT | NFS4_ACL_DEFAULTED);
	xdr_add(f, 2);
	put_ace(f, 0, 0, 1, "OWNER@");
	put_ace(f, 1, NFS4_ACE_INHERITED_ACE | NFS4_ACE_FILE_INHERIT_ACE |
		NFS4_ACE_DIRECTORY_INHERIT_ACE | NFS4_ACE_NO_PROPAGATE_INHERIT_ACE |
		NFS4_ACE_INHERIT_ONLY_ACE, 2, "GROUP@");
	expect_same(test, DNFS4_DACL);

	KUNIT_ASSERT_EQ(test, read_bytes(f, f->n * XDR_UNIT, DNFS4_DACL, &acl), NFS4_OK);
	KUNIT_EXPECT_EQ(test, acl->flags, DITTO_ACL_PROTECTED | DITTO_ACL_AUTO_INHERITED |
			DITTO_ACL_DEFAULTED);
	KUNIT_EXPECT_EQ(test, acl->aces[1].flags, DITTO_ACE_FLAGS);
	KUNIT_EXPECT_EQ(test, dnfs4_acl_fits(acl, true), NFS4_OK);
	KUNIT_EXPECT_EQ(test, dnfs4_acl_fits(acl, false), NFS4ERR_ATTRNOTSUPP);
	KUNIT_EXPECT_EQ(test, dnfs4_acl_encode(&f->cmp, acl, DNFS4_ACL, &f->value), 0);
	KUNIT_EXPECT_EQ(test, f->value.len, (f->n - 1) * XDR_UNIT);
	/* Count, four words and two of the name, type, flags. */
	KUNIT_EXPECT_EQ(test, be32_to_cpu(f->value.data[8]), 0xf);
	ditto_acl_put(acl);

	KUNIT_ASSERT_EQ(test, read_one(f, 0, NFS4_ACE_INHERITED_ACE, 1, "OWNER@", &acl), NFS4_OK);
	KUNIT_EXPECT_EQ(test, acl->aces[0].flags, 0);
	KUNIT_EXPECT_EQ(test, dnfs4_acl_fits(acl, false), NFS4_OK);
	ditto_acl_put(acl);
}

/* Without a DACL everybody has all rights; with an empty one nobody has any. */
static void no_list(struct kunit *test)
{
	struct ditto_acl *acl = ditto_acl_alloc(0);
	struct fixture *f = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, acl);
	xdr_add(f, 0);
	expect_same(test, DNFS4_ACL);
	acl->flags = DITTO_ACL_NULL;
	KUNIT_EXPECT_EQ(test, dnfs4_acl_encode(&f->cmp, acl, DNFS4_ACL, &f->value), 0);
	f->n = 0;
	xdr_add(f, 1);
	put_ace(f, 0, 0, DITTO_RIGHTS_ALL, "EVERYONE@");
	KUNIT_ASSERT_EQ(test, f->value.len, f->n * XDR_UNIT);
	KUNIT_EXPECT_MEMEQ(test, f->value.data, f->mem, f->value.len);
	ditto_acl_put(acl);
}

static void put_many(struct fixture *f, u32 count)
{
	f->n = 0;
	xdr_add(f, count);
	for (u32 i = 0; i < count; i++)
		put_ace(f, 0, 0, 1, "S-1-5-21-1111111111-2222222222-3333333333-4@");
}

static void how_many(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ditto_acl *acl;

	put_many(f, DITTO_ACES_MAX);
	expect_same(test, DNFS4_ACL);
	put_many(f, DITTO_ACES_MAX + 1);
	KUNIT_EXPECT_EQ(test, read_bytes(f, f->n * XDR_UNIT, DNFS4_ACL, &acl), NFS4ERR_NOSPC);
	KUNIT_EXPECT_NULL(test, acl);
	/* More entries than the bytes can hold. */
	f->mem[0] = cpu_to_be32(U32_MAX);
	KUNIT_EXPECT_EQ(test, read_bytes(f, f->n * XDR_UNIT, DNFS4_ACL, &acl), NFS4ERR_BADXDR);
	KUNIT_EXPECT_NULL(test, acl);
	f->mem[0] = cpu_to_be32(1);
	f->mem[4] = cpu_to_be32(DNFS4_OWNER_MAX + 1);
	KUNIT_EXPECT_EQ(test, read_bytes(f, f->n * XDR_UNIT, DNFS4_ACL, &acl), NFS4ERR_BADXDR);
	f->mem[4] = cpu_to_be32(U32_MAX);
	KUNIT_EXPECT_EQ(test, read_bytes(f, f->n * XDR_UNIT, DNFS4_ACL, &acl), NFS4ERR_BADXDR);
}

static void cut_off(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ditto_acl *acl;

	xdr_add(f, 0);
	xdr_add(f, 2);
	put_ace(f, 0, 0, 1, "OWNER@");
	put_ace(f, 0, 0, 1, "1000");
	for (u32 len = 0; len < f->n * XDR_UNIT; len++) {
		KUNIT_EXPECT_EQ_MSG(test, read_bytes(f, len, DNFS4_DACL, &acl), NFS4ERR_BADXDR,
				    "%u bytes", len);
		KUNIT_EXPECT_NULL(test, acl);
	}
}

/* The same memory for one list after the other. */
static void memory_is_used_again(struct kunit *test)
{
	struct fixture *f = test->priv;
	__be32 *first;

	put_many(f, 8);
	expect_same(test, DNFS4_ACL);
	first = f->value.data;
	put_many(f, 3);
	expect_same(test, DNFS4_ACL);
	KUNIT_EXPECT_PTR_EQ(test, f->value.data, first);
	put_many(f, 100);
	expect_same(test, DNFS4_ACL);
}

/* Names, for callers with a principal. */

static int helper_error;

static int helper_ask(struct ditto_server *srv, const struct ditto_question *question,
		      const struct ditto_host_names *hosts, struct ditto_said *said)
{
	*said = (struct ditto_said){ .uid = KUIDT_INIT(42), .gid = KGIDT_INIT(43) };
	if (helper_error)
		return helper_error;
	said->name = kstrdup("alice@example.org", GFP_KERNEL);
	return said->name ? 0 : -ENOMEM;
}

static void acl_names(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);
	struct fixture *f = test->priv;
	struct ditto_acl *acl;

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->net = &init_net;
	ditto_settings_init(srv);
	KUNIT_ASSERT_EQ(test, ditto_names_init(srv), 0);
	ditto_names_set_ask(srv, helper_ask);
	f->call.srv = srv;
	f->call.sec = DITTO_SEC_KRB5;

	helper_error = 0;
	xdr_add(f, 3);
	put_ace(f, 0, 0, 1, "alice@example.org");
	put_ace(f, 0, NFS4_ACE_IDENTIFIER_GROUP, 1, "alice@example.org");
	put_ace(f, 0, 0, 1, "alice@example.org");
	expect_same(test, DNFS4_ACL);
	KUNIT_ASSERT_EQ(test, read_bytes(f, f->n * XDR_UNIT, DNFS4_ACL, &acl), NFS4_OK);
	KUNIT_EXPECT_EQ(test, __kuid_val(acl->aces[0].uid), 42);
	KUNIT_EXPECT_EQ(test, acl->aces[1].who, DITTO_WHO_GID);
	KUNIT_EXPECT_EQ(test, __kgid_val(acl->aces[1].gid), 43);

	/* Not known yet, or no such user. */
	helper_error = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, status_of(f, 0, 0, 1, "bob@example.org"), NFS4ERR_DELAY);
	acl->aces[2].uid = KUIDT_INIT(44);
	KUNIT_EXPECT_EQ(test, dnfs4_acl_encode(&f->cmp, acl, DNFS4_ACL, &f->value), -EJUKEBOX);
	helper_error = -ENOENT;
	KUNIT_EXPECT_EQ(test, status_of(f, 0, 0, 1, "eve@example.org"), NFS4ERR_BADOWNER);
	ditto_acl_put(acl);
	ditto_names_exit(srv);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(everybody_goes_round),
	KUNIT_CASE(sid_in_bytes),
	KUNIT_CASE(acl_of_nobody),
	KUNIT_CASE(flag_of_groups),
	KUNIT_CASE(what_is_not_kept),
	KUNIT_CASE(acl_retention),
	KUNIT_CASE(acl_dacl),
	KUNIT_CASE(no_list),
	KUNIT_CASE(how_many),
	KUNIT_CASE(cut_off),
	KUNIT_CASE(memory_is_used_again),
	KUNIT_CASE(acl_names),
	{}
};

static struct kunit_suite suite = {
	.name = "ditto_nfs4_acl",
	.init = acl_init,
	.exit = acl_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
