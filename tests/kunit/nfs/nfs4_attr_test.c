// SPDX-License-Identifier: GPL-2.0-only
/* Attributes of version 4: the table, encoding for files, and bitmaps. */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "../../../fs/nfs/v4/attr/attr_put.h"
#include "../../../fs/share/share.h"
#include "../../../net/setting.h"
#include "nfs4_attr_fixture.h"

DEFINE_FOLDER(folder, "kunit-nfs4-attr")

static int attr_init(struct kunit *test)
{
	return fixture_begin(test, &folder);
}

static void attr_exit(struct kunit *test)
{
	fixture_end(test, &folder);
}

/* The table */

static void table_is_whole(struct kunit *test)
{
	for (unsigned int i = 0; i <= DNFS4_ATTR_MAX; i++) {
		const struct dnfs4_attr_row *row = &dnfs4_attr_rows[i];

		KUNIT_EXPECT_EQ_MSG(test, !!(row->flags & DNFS4_ATTR_READ), !!row->put,
				    "attribute %u", i);
		KUNIT_EXPECT_EQ_MSG(test, !!(row->flags & DNFS4_ATTR_WRITE), !!row->get,
				    "attribute %u", i);
		KUNIT_EXPECT_LE(test, row->minor, DNFS4_MINOR_MAX);
		KUNIT_EXPECT_EQ(test, row->bytes % XDR_UNIT, 0);
	}
}

/* Each readable attribute is encoded as planned, in the size that was computed. */
static void each_is_encoded(struct kunit *test)
{
	struct fixture *f = test->priv;

	for (unsigned int i = 0; i <= DNFS4_ATTR_MAX; i++) {
		struct dnfs4_bitmap ask = bitmap_only(i), got;
		const struct dnfs4_attr_row *row = &dnfs4_attr_rows[i];
		struct dnfs4_attr_plan plan;
		u32 bytes, len;
		bool more;

		if (!row->put)
			continue;
		KUNIT_ASSERT_EQ(test, dnfs4_attr_plan(&f->cmp, &f->cmp.current_fh, &ask, &plan),
				NFS4_OK);
		dnfs4_attr_src_free(&f->src);
		memset(&f->src, 0, sizeof(f->src));
		KUNIT_ASSERT_EQ_MSG(test, dnfs4_attr_read(&f->cmp, &f->cmp.current_fh, NULL, &plan,
							  &f->src), 0, "attribute %u", i);
		begin_encode(f, PAGE_SIZE);
		bytes = dnfs4_attr_bytes(&f->src);
		KUNIT_EXPECT_TRUE(test, dnfs4_attr_emit(&f->xdr, &f->src));
		KUNIT_EXPECT_EQ(test, f->buf.len, bytes);

		begin_decode(f, bytes);
		KUNIT_EXPECT_EQ(test, dnfs4_decode_bitmap(&f->xdr, &got, &more), NFS4_OK);
		KUNIT_EXPECT_FALSE(test, more);
		KUNIT_EXPECT_MEMEQ(test, &got, &f->src.map, sizeof(got));
		KUNIT_EXPECT_EQ(test, xdr_stream_decode_u32(&f->xdr, &len), 0);
		KUNIT_EXPECT_EQ_MSG(test, len, xdr_stream_remaining(&f->xdr), "attribute %u", i);
		if (row->bytes && dnfs4_bitmap_has(&got, i))
			KUNIT_EXPECT_EQ_MSG(test, len, row->bytes, "attribute %u", i);
		KUNIT_EXPECT_EQ_MSG(test, be32_to_cpu(f->mem[bytes / XDR_UNIT]), 0xeeeeeeee,
				    "attribute %u", i);
	}
}

/* A device, all of whose attributes have different values. */
static void usual_fill(struct dnfs4_attr_src *src)
{
	src->attr = (struct ditto_attr){
		.st.mode = S_IFBLK | 06751,
		.st.nlink = 3,
		.st.size = 0x1112131415161718ULL,
		.st.blocks = 0x212223242526ULL,
		.st.rdev = MKDEV(0x31, 0x32),
		.st.ino = 0x4142434445464748ULL,
		.st.atime = { 0x5152535455565758LL, 51 },
		.st.mtime = { 0x6162636465666768LL, 61 },
		.st.ctime = { 0x7172737475767778LL, 71 },
		.change = 0x8182838485868788ULL,
		.fsid = 0x9192939495969798ULL,
	};
	src->mounted_on = 0xa1a2a3a4a5a6a7a8ULL;
	src->error = NFS4ERR_STALE;
	src->handle_len = 21;
	for (u32 i = 0; i < src->handle_len; i++)
		src->handle[i] = 0xb0 + i;
	src->owner = (struct dnfs4_owner_text){ .len = 14, .text = "owner@domain.x" };
	src->group = (struct dnfs4_owner_text){ .len = 3, .text = "grp" };
}

/* Write a fattr4 of two words by the table alone. Return: the position behind it. */
static __be32 *usual_by_table(__be32 *p, const struct dnfs4_attr_src *src)
{
	__be32 *len;

	p = dnfs4_put_u32(p, 2);
	p = dnfs4_put_u32(p, src->map.word[0]);
	p = dnfs4_put_u32(p, src->map.word[1]);
	len = p++;
	for (unsigned int i = 0; i <= DNFS4_ATTR_MAX; i++)
		if (dnfs4_bitmap_has(&src->map, i))
			p = dnfs4_attr_rows[i].put(p, src);
	*len = cpu_to_be32((p - len - 1) * XDR_UNIT);
	return p;
}

static void usual_one(struct kunit *test, const struct dnfs4_bitmap *ask)
{
	struct fixture *f = test->priv;
	struct dnfs4_attr_plan plan;
	__be32 *by_table;
	u32 bytes;

	by_table = kunit_kmalloc(test, sizeof(f->mem), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, by_table);
	memset(by_table, 0xee, sizeof(f->mem));
	KUNIT_ASSERT_EQ(test, dnfs4_attr_plan(&f->cmp, &f->cmp.current_fh, ask, &plan), NFS4_OK);
	KUNIT_ASSERT_MEMEQ(test, &plan.map, ask, sizeof(*ask));
	dnfs4_attr_begin(&f->cmp, &f->cmp.current_fh, &plan, &f->src);
	usual_fill(&f->src);

	begin_encode(f, PAGE_SIZE);
	bytes = dnfs4_attr_bytes(&f->src);
	KUNIT_ASSERT_EQ(test, (usual_by_table(by_table, &f->src) - by_table) * XDR_UNIT, bytes);
	KUNIT_ASSERT_EQ(test, (dnfs4_attr_put(f->mem, &f->src, bytes) - f->mem) * XDR_UNIT, bytes);
	KUNIT_ASSERT_MEMEQ(test, f->mem, by_table, bytes);
	KUNIT_ASSERT_NULL(test, memchr_inv((u8 *)f->mem + bytes, 0xee, sizeof(f->mem) - bytes));
	kunit_kfree(test, by_table);
}

/*
 * The attributes that are written without calls: the mask that says so, the code and the table
 * agree.
 */
static void usual_as_table(struct kunit *test)
{
	static const struct dnfs4_bitmap usual = { { DNFS4_USUAL_0, DNFS4_USUAL_1 } };
	struct dnfs4_bitmap ask = usual;

	usual_one(test, &usual);
	for (unsigned int i = 0; i <= DNFS4_ATTR_MAX; i++) {
		if (!dnfs4_bitmap_has(&usual, i))
			continue;
		dnfs4_bitmap_clear(&ask, i);
		usual_one(test, &ask);
		dnfs4_bitmap_set(&ask, i);
	}
	/* One more attribute, and all are written by the table. */
	dnfs4_bitmap_set(&ask, FATTR4_CANSETTIME);
	usual_one(test, &ask);
}

/* RFC 9754 section 3: each list of open_arguments is a bitmap4. */
static void open_arguments(struct kunit *test)
{
	static const u32 supported[] = {
		BIT(1) | BIT(2) | BIT(3),
		BIT(0) | BIT(1) | BIT(2) | BIT(3),
		BIT(3) | BIT(4) | BIT(5) | BIT(17) | BIT(20) | BIT(21),
		BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6),
		BIT(0) | BIT(1) | BIT(2) | BIT(3),
	};
	struct dnfs4_bitmap ask = bitmap_only(FATTR4_OPEN_ARGUMENTS), got;
	struct fixture *f = test->priv;
	struct dnfs4_attr_plan plan;
	bool more;
	u32 len;

	KUNIT_ASSERT_EQ(test, dnfs4_attr_plan(&f->cmp, &f->cmp.current_fh, &ask, &plan), NFS4_OK);
	KUNIT_ASSERT_EQ(test, dnfs4_attr_read(&f->cmp, &f->cmp.current_fh, NULL, &plan, &f->src),
			0);
	begin_encode(f, PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, dnfs4_attr_emit(&f->xdr, &f->src));
	begin_decode(f, f->buf.len);
	KUNIT_EXPECT_EQ(test, dnfs4_decode_bitmap(&f->xdr, &got, &more), NFS4_OK);
	KUNIT_EXPECT_MEMEQ(test, &got, &ask, sizeof(got));
	KUNIT_EXPECT_EQ(test, xdr_stream_decode_u32(&f->xdr, &len), 0);
	for (size_t i = 0; i < ARRAY_SIZE(supported); i++) {
		KUNIT_EXPECT_EQ(test, dnfs4_decode_bitmap(&f->xdr, &got, &more), NFS4_OK);
		KUNIT_EXPECT_EQ_MSG(test, got.word[0], supported[i], "list %zu", i);
	}
	KUNIT_EXPECT_EQ(test, xdr_stream_remaining(&f->xdr), 0);
}

static void encode_all(struct kunit *test, struct dnfs4_attr_plan *plan)
{
	struct fixture *f = test->priv;
	struct dnfs4_bitmap ask;

	dnfs4_attrs_here(&f->cmp, &f->cmp.current_fh, &ask);
	dnfs4_bitmap_clear(&ask, FATTR4_TIME_ACCESS_SET);
	dnfs4_bitmap_clear(&ask, FATTR4_TIME_MODIFY_SET);
	dnfs4_bitmap_clear(&ask, FATTR4_MODE_UMASK);
	dnfs4_bitmap_clear(&ask, FATTR4_TIME_DELEG_ACCESS);
	dnfs4_bitmap_clear(&ask, FATTR4_TIME_DELEG_MODIFY);
	KUNIT_ASSERT_EQ(test, dnfs4_attr_plan(&f->cmp, &f->cmp.current_fh, &ask, plan), NFS4_OK);
	KUNIT_ASSERT_EQ(test, dnfs4_attr_read(&f->cmp, &f->cmp.current_fh, NULL, plan, &f->src),
			0);
}

/* Without room for all nothing is written. */
static void no_room(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_attr_plan plan;
	u32 bytes;

	encode_all(test, &plan);
	bytes = dnfs4_attr_bytes(&f->src);
	for (u32 len = 0; len < bytes; len += XDR_UNIT) {
		begin_encode(f, len);
		KUNIT_EXPECT_FALSE(test, dnfs4_attr_emit(&f->xdr, &f->src));
		KUNIT_EXPECT_EQ(test, f->buf.len, 0);
	}
	begin_encode(f, bytes);
	KUNIT_EXPECT_TRUE(test, dnfs4_attr_emit(&f->xdr, &f->src));
	KUNIT_EXPECT_EQ(test, f->buf.len, bytes);
}

/* Without memory for a long fattr4 the client must retry: it is not too big. */
static void long_without_memory(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->src.map = bitmap_only(FATTR4_ACL);
	f->src.acl.len = 0x90000000;	/* more than can be allocated */
	KUNIT_EXPECT_EQ(test, dnfs4_attr_build(&f->src), -ENOMEM);
	KUNIT_EXPECT_NULL(test, f->src.built);
}

/* A fattr4 longer than a page is complete, or not there at all. */
static void longer_than_a_page(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 len = 3 * PAGE_SIZE;
	__be32 *room = kunit_kzalloc(test, 4 * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, room);
	f->src.acl.data = kvzalloc(len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->src.acl.data);
	memset(f->src.acl.data, 0xaa, len);
	f->src.acl.len = len;
	f->src.map = bitmap_only(FATTR4_ACL);
	KUNIT_ASSERT_EQ(test, dnfs4_attr_build(&f->src), 0);
	KUNIT_ASSERT_NOT_NULL(test, f->src.built);
	KUNIT_EXPECT_EQ(test, f->src.built_len, 8 + 4 + len);

	f->buf = (struct xdr_buf) { .buflen = 8 + len };
	f->buf.head[0].iov_base = room;
	xdr_init_encode(&f->xdr, &f->buf, NULL, NULL);
	KUNIT_EXPECT_FALSE(test, dnfs4_attr_emit(&f->xdr, &f->src));
	KUNIT_EXPECT_EQ(test, f->buf.len, 0);

	f->buf.buflen = 4 * PAGE_SIZE;
	xdr_init_encode(&f->xdr, &f->buf, NULL, NULL);
	KUNIT_EXPECT_TRUE(test, dnfs4_attr_emit(&f->xdr, &f->src));
	KUNIT_EXPECT_EQ(test, f->buf.len, 8 + 4 + len);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(room[2]), len);
	KUNIT_EXPECT_MEMEQ(test, room + 3, f->src.acl.data, len);
}

static void write_only(struct kunit *test)
{
	static const u8 attrs[] = {
		FATTR4_TIME_ACCESS_SET, FATTR4_TIME_MODIFY_SET, FATTR4_MODE_UMASK,
		FATTR4_TIME_DELEG_ACCESS, FATTR4_TIME_DELEG_MODIFY,
	};
	struct fixture *f = test->priv;
	struct dnfs4_attr_plan plan;

	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++) {
		struct dnfs4_bitmap ask = bitmap_only(attrs[i]);

		KUNIT_EXPECT_EQ(test, dnfs4_attr_plan(&f->cmp, &f->cmp.current_fh, &ask, &plan),
				NFS4ERR_INVAL);
	}
}

/* Attributes that a version does not have are left out. */
static void minor_versions(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_bitmap map;

	dnfs4_attrs_here(&f->cmp, &f->cmp.current_fh, &map);
	KUNIT_EXPECT_FALSE(test, dnfs4_bitmap_has(&map, FATTR4_DACL));
	fixture_turn_dacl(&folder, true);
	for (f->cmp.minor = 0; f->cmp.minor <= DNFS4_MINOR_MAX; f->cmp.minor++) {
		dnfs4_attrs_here(&f->cmp, &f->cmp.current_fh, &map);
		KUNIT_EXPECT_TRUE(test, dnfs4_bitmap_has(&map, FATTR4_MOUNTED_ON_FILEID));
		KUNIT_EXPECT_EQ(test, dnfs4_bitmap_has(&map, FATTR4_SUPPATTR_EXCLCREAT),
				f->cmp.minor >= 1);
		KUNIT_EXPECT_EQ(test, dnfs4_bitmap_has(&map, FATTR4_MODE_UMASK),
				f->cmp.minor >= 2);
		KUNIT_EXPECT_EQ(test, dnfs4_bitmap_has(&map, FATTR4_OPEN_ARGUMENTS),
				f->cmp.minor >= 2);
		KUNIT_EXPECT_TRUE(test, dnfs4_bitmap_has(&map, FATTR4_ACL));
		KUNIT_EXPECT_EQ(test, dnfs4_bitmap_has(&map, FATTR4_DACL), f->cmp.minor >= 1);
		KUNIT_EXPECT_FALSE(test, dnfs4_bitmap_has(&map, FATTR4_SACL));
	}
	fixture_turn_dacl(&folder, false);
}

/* A file system that cannot store a list has no ACL attribute. */
static void no_lists(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_bitmap ask = bitmap_only(FATTR4_ACL);
	struct dnfs4_attr_plan plan;

	KUNIT_ASSERT_TRUE(test, folder.share->volume->has_acls);
	KUNIT_EXPECT_EQ(test, dnfs4_attr_plan(&f->cmp, &f->cmp.current_fh, &ask, &plan), NFS4_OK);
	KUNIT_EXPECT_EQ(test, plan.need, DNFS4_NEED_ACL);
	folder.share->volume->has_acls = false;
	dnfs4_attrs_here(&f->cmp, &f->cmp.current_fh, &plan.map);
	folder.share->volume->has_acls = true;
	KUNIT_EXPECT_FALSE(test, dnfs4_bitmap_has(&plan.map, FATTR4_ACL));
	KUNIT_EXPECT_FALSE(test, dnfs4_bitmap_has(&plan.map, FATTR4_ACLSUPPORT));
	KUNIT_EXPECT_FALSE(test, dnfs4_bitmap_has(&plan.map, FATTR4_DACL));
	KUNIT_EXPECT_TRUE(test, dnfs4_bitmap_has(&plan.map, FATTR4_MODE));
	f->cmp.current_fh.named = true;
	dnfs4_attrs_here(&f->cmp, &f->cmp.current_fh, &plan.map);
	KUNIT_EXPECT_FALSE(test, dnfs4_bitmap_has(&plan.map, FATTR4_ACL));
	f->cmp.current_fh.named = false;
}

static void of_an_exclusive_create(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_bitmap map;

	dnfs4_attrs_exclcreat(&f->cmp, &f->cmp.current_fh, &map);
	KUNIT_EXPECT_TRUE(test, dnfs4_bitmap_has(&map, FATTR4_MODE));
	KUNIT_EXPECT_TRUE(test, dnfs4_bitmap_has(&map, FATTR4_OWNER));
	KUNIT_EXPECT_FALSE(test, dnfs4_bitmap_has(&map, FATTR4_TIME_ACCESS_SET));
	KUNIT_EXPECT_FALSE(test, dnfs4_bitmap_has(&map, FATTR4_TIME_MODIFY_SET));
	KUNIT_EXPECT_FALSE(test, dnfs4_bitmap_has(&map, FATTR4_TYPE));
}

/* The root above all shares is a file system of its own that takes no space. */
static void pseudo_root(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_attr_plan plan;

	f->cmp.current_fh.kind = DNFS4_FH_PSEUDO;
	encode_all(test, &plan);
	KUNIT_EXPECT_TRUE(test, S_ISDIR(f->src.attr.st.mode));
	KUNIT_EXPECT_FALSE(test, dnfs4_bitmap_has(&plan.map, FATTR4_SPACE_TOTAL));
	KUNIT_EXPECT_FALSE(test, dnfs4_bitmap_has(&plan.map, FATTR4_HIDDEN));
	KUNIT_EXPECT_TRUE(test, dnfs4_bitmap_has(&plan.map, FATTR4_CHANGE));
	KUNIT_EXPECT_GT(test, dnfs4_pseudo_fileid(folder.share), 2);
	KUNIT_EXPECT_LE(test, dnfs4_pseudo_fileid(folder.share), S64_MAX);
	begin_encode(f, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, dnfs4_attr_emit(&f->xdr, &f->src));
}

/* The root of a share has its own fileid, and that of its entry above. */
static void mounted_on(struct kunit *test)
{
	struct dnfs4_bitmap ask = bitmap_only(FATTR4_MOUNTED_ON_FILEID);
	struct fixture *f = test->priv;
	struct dnfs4_attr_plan plan;

	KUNIT_ASSERT_EQ(test, dnfs4_attr_plan(&f->cmp, &f->cmp.current_fh, &ask, &plan), NFS4_OK);
	KUNIT_ASSERT_EQ(test, dnfs4_attr_read(&f->cmp, &f->cmp.current_fh, NULL, &plan, &f->src),
			0);
	KUNIT_EXPECT_EQ(test, f->src.mounted_on, f->src.attr.st.ino);
	f->cmp.current_fh.target.node = folder.root;
	KUNIT_ASSERT_EQ(test, dnfs4_attr_read(&f->cmp, &f->cmp.current_fh, NULL, &plan, &f->src),
			0);
	KUNIT_EXPECT_EQ(test, f->src.mounted_on, dnfs4_pseudo_fileid(folder.share));
	f->cmp.current_fh.target.node = f->node;
}

/* An unreadable entry has its fileid and rdattr_error, if requested. */
static void failed_entry(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_attr_plan plan;

	encode_all(test, &plan);
	dnfs4_attr_fail(&plan, &f->src, 77, NFS4ERR_ACCESS);
	KUNIT_EXPECT_EQ(test, f->src.map.word[0], FATTR4_WORD0_RDATTR_ERROR | FATTR4_WORD0_FILEID);
	KUNIT_EXPECT_EQ(test, f->src.map.word[1], FATTR4_WORD1_MOUNTED_ON_FILEID);
	KUNIT_EXPECT_EQ(test, f->src.map.word[2], 0);
	begin_encode(f, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, dnfs4_attr_emit(&f->xdr, &f->src));
	KUNIT_EXPECT_EQ(test, f->buf.len, 12 + 4 + 4 + 8 + 8);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(f->mem[4]), NFS4ERR_ACCESS);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(f->mem[6]), 77);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(f->mem[8]), 77);
}

/* Bitmaps */

static void bitmap_words(struct kunit *test)
{
	static const struct dnfs4_bitmap maps[] = {
		{ { 0, 0, 0 } }, { { 1, 0, 0 } }, { { 0, 2, 0 } }, { { 3, 2, 0x80000000 } },
	};
	struct fixture *f = test->priv;
	struct dnfs4_bitmap got;
	bool more;

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		begin_encode(f, PAGE_SIZE);
		KUNIT_EXPECT_TRUE(test, dnfs4_encode_bitmap(&f->xdr, &maps[i]));
		KUNIT_EXPECT_EQ(test, f->buf.len, 4 + 4 * i);
		begin_decode(f, f->buf.len);
		KUNIT_EXPECT_EQ(test, dnfs4_decode_bitmap(&f->xdr, &got, &more), NFS4_OK);
		KUNIT_EXPECT_MEMEQ(test, &got, &maps[i], sizeof(got));
		for (u32 len = 0; len < 4 + 4 * i; len++) {
			begin_decode(f, len);
			KUNIT_EXPECT_EQ(test, dnfs4_decode_bitmap(&f->xdr, &got, &more),
					NFS4ERR_BADXDR);
		}
	}
}

static void bitmaps_of_the_future(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_bitmap got;
	bool more;

	f->n = 0;
	xdr_add(f, 5);
	xdr_add(f, 1);
	xdr_add(f, 2);
	xdr_add(f, 3);
	xdr_add(f, 0);
	xdr_add(f, 0);
	begin_decode(f, f->n * XDR_UNIT);
	KUNIT_EXPECT_EQ(test, dnfs4_decode_bitmap(&f->xdr, &got, &more), NFS4_OK);
	KUNIT_EXPECT_FALSE(test, more);
	f->mem[5] = cpu_to_be32(1);
	begin_decode(f, f->n * XDR_UNIT);
	KUNIT_EXPECT_EQ(test, dnfs4_decode_bitmap(&f->xdr, &got, &more), NFS4_OK);
	KUNIT_EXPECT_TRUE(test, more);
	KUNIT_EXPECT_EQ(test, got.word[2], 3);
	f->mem[0] = cpu_to_be32(U32_MAX);
	begin_decode(f, f->n * XDR_UNIT);
	KUNIT_EXPECT_EQ(test, dnfs4_decode_bitmap(&f->xdr, &got, &more), NFS4ERR_BADXDR);
}

static void labels_are_encoded(struct kunit *test)
{
	static const u32 words[] = {
		3, 0, 0, BIT(FATTR4_SEC_LABEL - 64), 16, 0, 0, 3, 0x613a6200,
	};
	struct fixture *f = test->priv;

	f->src.map = bitmap_only(FATTR4_SEC_LABEL);
	f->src.label = (struct lsm_context){ .context = "a:b", .len = 3 };
	begin_encode(f, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dnfs4_attr_bytes(&f->src), sizeof(words));
	KUNIT_EXPECT_TRUE(test, dnfs4_attr_emit(&f->xdr, &f->src));
	f->src.label = (struct lsm_context){};
	KUNIT_ASSERT_EQ(test, f->buf.len, sizeof(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		KUNIT_EXPECT_EQ_MSG(test, be32_to_cpu(f->mem[i]), words[i], "word %zu", i);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(table_is_whole),
	KUNIT_CASE(each_is_encoded),
	KUNIT_CASE(usual_as_table),
	KUNIT_CASE(open_arguments),
	KUNIT_CASE(no_room),
	KUNIT_CASE(long_without_memory),
	KUNIT_CASE(longer_than_a_page),
	KUNIT_CASE(write_only),
	KUNIT_CASE(minor_versions),
	KUNIT_CASE(no_lists),
	KUNIT_CASE(of_an_exclusive_create),
	KUNIT_CASE(pseudo_root),
	KUNIT_CASE(mounted_on),
	KUNIT_CASE(failed_entry),
	KUNIT_CASE(bitmap_words),
	KUNIT_CASE(bitmaps_of_the_future),
	KUNIT_CASE(labels_are_encoded),
	{}
};

static struct kunit_suite suite = {
	.name = "ditto_nfs4_attr",
	FOLDER_SUITE(folder),
	.init = attr_init,
	.exit = attr_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
