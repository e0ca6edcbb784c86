/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of attributes of version 4: a COMPOUND at a file, and streams of words. */
#ifndef _DITTO_TESTS_KUNIT_NFS_NFS4_ATTR_FIXTURE_H
#define _DITTO_TESTS_KUNIT_NFS_NFS4_ATTR_FIXTURE_H

#include <linux/sunrpc/xdr.h>
#include <linux/user_namespace.h>

#include "../../../fs/nfs/share_options.h"
#include "../../../fs/nfs/v4/attr/attr_private.h"
#include "../../../fs/nfs/v4/engine/server.h"
#include "../../../fs/node/node.h"
#include "../../../net/peer.h"
#include "../fs/folder.h"

#define FIXTURE_WORDS	(PAGE_SIZE / sizeof(__be32))

/**
 * struct fixture - a COMPOUND of nothing, and what is encoded and decoded
 * @mem: bytes
 * @n: words written by hand
 * @buf: of @xdr
 * @xdr: over @mem
 * @server: of @cmp
 * @peer: of @call: the server itself
 * @call: of @cmp
 * @cmp: its current handle is @node
 * @src: what attributes are made from
 * @node: a file
 */
struct fixture {
	__be32 mem[FIXTURE_WORDS];
	unsigned int n;
	struct xdr_buf buf;
	struct xdr_stream xdr;
	struct dnfs4_server server;
	struct ditto_peer peer;
	struct dnfs_call call;
	struct dnfs4_compound cmp;
	struct dnfs4_attr_src src;
	struct ditto_node *node;
};

/* Begin and end a case; the file is in the folder. */
static inline int fixture_begin(struct kunit *test, struct folder *folder)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	folder_begin(test, folder);
	test->priv = f;
	f->node = folder_make(test, folder, "file", 0640, false);
	f->server.srv = folder->srv;
	f->call.srv = folder->srv;
	f->call.server = kunit_kzalloc(test, sizeof(*f->call.server), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->call.server);
	f->call.peer = &f->peer;
	f->call.userns = &init_user_ns;
	f->call.sec = DITTO_SEC_SYS;
	f->call.max_payload = DNFS_MAX_PAYLOAD;
	f->cmp.server = &f->server;
	f->cmp.call = &f->call;
	f->cmp.minor = 2;
	f->cmp.in = &f->xdr;
	f->cmp.current_fh.kind = DNFS4_FH_NODE;
	f->cmp.current_fh.target.op = folder->op;
	f->cmp.current_fh.target.node = f->node;
	return 0;
}

/* Set the option "dacl" of the share. */
static inline void fixture_turn_dacl(struct folder *folder, bool on)
{
	const struct ditto_share_opts *opts = rcu_access_pointer(folder->share->opts);

	((struct dnfs_share_options *)dnfs_share_options(opts))->dacl = on;
}

static inline void fixture_end(struct kunit *test, struct folder *folder)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	dnfs4_attr_src_free(&f->src);
	ditto_node_put(f->node);
	folder_remove(test, folder, "file", false);
	folder_end(test, folder);
}

/* A stream to encode to that has room for @len bytes. */
static inline void begin_encode(struct fixture *f, u32 len)
{
	memset(&f->buf, 0, sizeof(f->buf));
	memset(f->mem, 0xee, sizeof(f->mem));
	f->buf.head[0].iov_base = f->mem;
	f->buf.buflen = len;
	xdr_init_encode(&f->xdr, &f->buf, f->mem, NULL);
}

/* A stream of the first @len bytes. */
static inline void begin_decode(struct fixture *f, u32 len)
{
	memset(&f->buf, 0, sizeof(f->buf));
	xdr_buf_init(&f->buf, f->mem, len);
	f->buf.head[0].iov_len = len;
	f->buf.len = len;
	xdr_init_decode(&f->xdr, &f->buf, f->mem, NULL);
}

/* Words written by hand. */
static inline void xdr_add(struct fixture *f, u32 n)
{
	f->mem[f->n++] = cpu_to_be32(n);
}

static inline void put_text(struct fixture *f, const char *text)
{
	u32 len = strlen(text);

	xdr_add(f, len);
	memset(&f->mem[f->n], 0, xdr_align_size(len));
	memcpy(&f->mem[f->n], text, len);
	f->n += XDR_QUADLEN(len);
}

static inline void put_time(struct fixture *f, u32 sec, u32 nsec)
{
	xdr_add(f, 0);
	xdr_add(f, sec);
	xdr_add(f, nsec);
}

/* A bitmap of one attribute; values follow and end with end_values(). */
static inline unsigned int begin_values(struct fixture *f, const struct dnfs4_bitmap *map)
{
	f->n = 0;
	xdr_add(f, DNFS4_BITMAP_WORDS);
	for (unsigned int i = 0; i < DNFS4_BITMAP_WORDS; i++)
		xdr_add(f, map->word[i]);
	xdr_add(f, 0);
	return f->n;
}

static inline void end_values(struct fixture *f, unsigned int begin)
{
	f->mem[begin - 1] = cpu_to_be32((f->n - begin) * XDR_UNIT);
}

/* Decode what was written by hand. */
static inline u32 sattr_decode(struct fixture *f, struct dnfs4_sattr *sattr)
{
	begin_decode(f, f->n * XDR_UNIT);
	return dnfs4_decode_sattr(&f->cmp, sattr);
}

/* A bitmap of one attribute. */
static inline struct dnfs4_bitmap bitmap_only(unsigned int attr)
{
	struct dnfs4_bitmap map = {};

	dnfs4_bitmap_set(&map, attr);
	return map;
}

#endif
