// SPDX-License-Identifier: GPL-2.0-only
/* Attributes of version 4: the table, encoding for files, and decoding. */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/sunrpc/xdr.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "../../../fs/nfs/v4/attr/attr_private.h"
#include "../../../fs/nfs/v4/engine/server.h"
#include "../../../fs/node/node.h"
#include "../../../fs/share/share.h"
#include "../../../net/helper/names.h"
#include "../../../net/helper/names_ask.h"
#include "../fs/folder.h"
#include "../../../net/setting.h"

DEFINE_FOLDER(folder, "kunit-nfs4-attr")

#define WORDS	(PAGE_SIZE / sizeof(__be32))

/**
 * struct fixture - a COMPOUND of nothing, and what is encoded and decoded
 * @mem: bytes
 * @n: words written by hand
 * @buf: of @xdr
 * @xdr: over @mem
 * @server: of @cmp
 * @call: of @cmp
 * @cmp: its current handle is @node
 * @src: what attributes are made from
 * @node: a file
 */
struct fixture {
	__be32 mem[WORDS];
	unsigned int n;
	struct xdr_buf buf;
	struct xdr_stream xdr;
	struct dnfs4_server server;
	struct dnfs_call call;
	struct dnfs4_compound cmp;
	struct dnfs4_attr_src src;
	struct ditto_node *node;
};

static int attr_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	folder_begin(test, &folder);
	test->priv = f;
	f->node = folder_make(test, &folder, "file", 0640, false);
	f->server.srv = folder.srv;
	f->call.srv = folder.srv;
	f->call.userns = &init_user_ns;
	f->call.sec = DITTO_SEC_SYS;
	f->call.max_payload = DNFS_MAX_PAYLOAD;
	f->cmp.server = &f->server;
	f->cmp.call = &f->call;
	f->cmp.minor = 2;
	f->cmp.in = &f->xdr;
	f->cmp.current_fh.kind = DNFS4_FH_NODE;
	f->cmp.current_fh.target.op = folder.op;
	f->cmp.current_fh.target.node = f->node;
	return 0;
}

static void attr_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	dnfs4_attr_src_free(&f->src);
	ditto_node_put(f->node);
	folder_remove(test, &folder, "file", false);
	folder_end(test, &folder);
}

/* A stream to encode to that has room for @len bytes. */
static void begin_encode(struct fixture *f, u32 len)
{
	memset(&f->buf, 0, sizeof(f->buf));
	memset(f->mem, 0xee, sizeof(f->mem));
	f->buf.head[0].iov_base = f->mem;
	f->buf.buflen = len;
	xdr_init_encode(&f->xdr, &f->buf, f->mem, NULL);
}

/* A stream of the first @len bytes. */
static void begin_decode(struct fixture *f, u32 len)
{
	memset(&f->buf, 0, sizeof(f->buf));
	xdr_buf_init(&f->buf, f->mem, len);
	f->buf.head[0].iov_len = len;
	f->buf.len = len;
	xdr_init_decode(&f->xdr, &f->buf, f->mem, NULL);
}

static void xdr_add(struct fixture *f, u32 n)
{
	f->mem[f->n++] = cpu_to_be32(n);
}

static void put_text(struct fixture *f, const char *text)
{
	u32 len = strlen(text);

	xdr_add(f, len);
	memset(&f->mem[f->n], 0, xdr_align_size(len));
	memcpy(&f->mem[f->n], text, len);
	f->n += XDR_QUADLEN(len);
}

static void put_time(struct fixture *f, u32 sec, u32 nsec)
{
	xdr_add(f, 0);
	xdr_add(f, sec);
	xdr_add(f, nsec);
}

/* A bitmap of one attribute; values follow and end with end_values(). */
static unsigned int begin_values(struct fixture *f, const struct dnfs4_bitmap *map)
{
	f->n = 0;
	xdr_add(f, DNFS4_BITMAP_WORDS);
	for (unsigned int i = 0; i < DNFS4_BITMAP_WORDS; i++)
		xdr_add(f, map->word[i]);
	xdr_add(f, 0);
	return f->n;
}

static void end_values(struct fixture *f, unsigned int begin)
{
	f->mem[begin - 1] = cpu_to_be32((f->n - begin) * XDR_UNIT);
}

static u32 sattr_decode(struct fixture *f, struct dnfs4_sattr *sattr)
{
	begin_decode(f, f->n * XDR_UNIT);
	return dnfs4_decode_sattr(&f->cmp, sattr);
}

static struct dnfs4_bitmap bitmap_only(unsigned int attr)
{
	struct dnfs4_bitmap map = {};

	dnfs4_bitmap_set(&map, attr);
	return map;
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

/* RFC 9754 section 3: each list of open_arguments is a bitmap4. */
static void open_arguments(struct kunit *test)
{
	static const u32 supported[] = {
		BIT(1) | BIT(2) | BIT(3),
		BIT(0) | BIT(1) | BIT(2) | BIT(3),
		BIT(3) | BIT(4) | BIT(5) | BIT(20) | BIT(21),
		BIT(0) | BIT(1) | BIT(2) | BIT(4) | BIT(5),
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

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, decode_one(f, rows[i].attr, rows[i].n, rows[i].words),
				    rows[i].status, "attribute %u, row %zu", rows[i].attr, i);
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

static void labels_are_encoded(struct kunit *test)
{
	static const u32 words[] = {
		3, 0, 0, BIT(FATTR4_SEC_LABEL - 64), 16, 0, 0, 3, 0x613a6200,
	};
	struct fixture *f = test->priv;

	f->src.map = bitmap_only(FATTR4_SEC_LABEL);
	f->src.label = (struct ditto_label){ .data = "a:b", .len = 3 };
	begin_encode(f, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dnfs4_attr_bytes(&f->src), sizeof(words));
	KUNIT_EXPECT_TRUE(test, dnfs4_attr_emit(&f->xdr, &f->src));
	f->src.label = (struct ditto_label){};
	KUNIT_ASSERT_EQ(test, f->buf.len, sizeof(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		KUNIT_EXPECT_EQ_MSG(test, be32_to_cpu(f->mem[i]), words[i], "word %zu", i);
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
		KUNIT_EXPECT_EQ(test, dnfs4_owner_say(&f->cmp, KUIDT_INIT(ids[i]), &text), 0);
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
	KUNIT_EXPECT_EQ(test, dnfs4_owner_say(&f->cmp, KUIDT_INIT(7), &text), 0);
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
	KUNIT_EXPECT_EQ(test, dnfs4_owner_say(&f->cmp, KUIDT_INIT(7), &text), 0);
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
		KUNIT_EXPECT_EQ(test, dnfs4_owner_say(&f->cmp, KUIDT_INIT(70 + i), &text), 0);
		KUNIT_EXPECT_EQ(test, text.len, 2);
		KUNIT_EXPECT_EQ(test, text.text[1], '0' + i);
		KUNIT_EXPECT_EQ(test, dnfs4_owner_read(&f->cmp, i ? "a@b" : "c@d", 3, &uid),
				NFS4ERR_BADOWNER);
	}
	helper.error = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, dnfs4_owner_say(&f->cmp, KUIDT_INIT(99), &text), -EJUKEBOX);
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
	KUNIT_CASE(table_is_whole),
	KUNIT_CASE(each_is_encoded),
	KUNIT_CASE(open_arguments),
	KUNIT_CASE(no_room),
	KUNIT_CASE(long_without_memory),
	KUNIT_CASE(longer_than_a_page),
	KUNIT_CASE(write_only),
	KUNIT_CASE(delegated_times),
	KUNIT_CASE(minor_versions),
	KUNIT_CASE(no_lists),
	KUNIT_CASE(of_an_exclusive_create),
	KUNIT_CASE(pseudo_root),
	KUNIT_CASE(mounted_on),
	KUNIT_CASE(failed_entry),
	KUNIT_CASE(bitmap_words),
	KUNIT_CASE(bitmaps_of_the_future),
	KUNIT_CASE(all_are_set),
	KUNIT_CASE(cut_off),
	KUNIT_CASE(wrong_length),
	KUNIT_CASE(bad_values),
	KUNIT_CASE(labels_are_decoded),
	KUNIT_CASE(labels_are_bounded),
	KUNIT_CASE(labels_are_encoded),
	KUNIT_CASE(umask_is_applied),
	KUNIT_CASE(attr_numbers),
	KUNIT_CASE(numbers_are_said),
	KUNIT_CASE(names_are_said),
	KUNIT_CASE(names_are_not_known),
	KUNIT_CASE(names_of_nobody),
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
