// SPDX-License-Identifier: GPL-2.0-only
/* Arguments of the operations that copy (RFC 7862), whole, cut short and wrong. */
#include <kunit/test.h>
#include <linux/cred.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/nfs4.h>
#include <linux/sunrpc/xdr.h>

#include "../../../fs/nfs/v4/engine/compound.h"
#include "../../../fs/nfs/v4/engine/server.h"
#include "../../../fs/nfs/v4/op/netloc.h"
#include "../../../fs/nfs/v4/state/copy_source.h"
#include "../../../fs/nfs/v4/state/copy_user.h"
#include "../../../net/server.h"

#define WORDS		64

/**
 * struct fixture - arguments of an operation, and the COMPOUND that they are in
 * @mem: the arguments
 * @buf: of @xdr
 * @xdr: over @mem
 * @cmp: the COMPOUND
 * @args: decoded arguments, and scratch
 */
struct fixture {
	__be32 mem[WORDS];
	struct xdr_buf buf;
	struct xdr_stream xdr;
	struct dnfs4_compound cmp;
	u8 args[DNFS4_ARGS_MAX + DNFS4_SCRATCH_MAX];
};

/* Decode what begins with stateids. */
static u32 args_decode(struct kunit *test, u32 opnum, const __be32 *words, unsigned int n)
{
	const struct dnfs4_op *op = dnfs4_ops[opnum];
	struct fixture *f = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, op);
	KUNIT_EXPECT_EQ(test, op->minor_first, 2);
	memset(f, 0, sizeof(*f));
	memcpy(f->mem, words, n * XDR_UNIT);
	f->buf.head[0].iov_base = f->mem;
	f->buf.head[0].iov_len = n * XDR_UNIT;
	f->buf.len = n * XDR_UNIT;
	f->buf.buflen = n * XDR_UNIT;
	xdr_init_decode(&f->xdr, &f->buf, f->mem, NULL);
	f->cmp.in = &f->xdr;
	f->cmp.args = f->args;
	f->cmp.minor = 2;
	f->cmp.op = op;
	f->cmp.opnum = opnum;
	return op->decode(&f->cmp, f->args);
}

/**
 * struct sample - arguments of an operation
 * @opnum: its number
 * @stateids: number of stateids at the beginning
 * @n: number of words behind them
 * @words: the words
 */
struct sample {
	u32 opnum;
	unsigned int stateids;
	unsigned int n;
	u32 words[24];
};

/* Fill the words of a sample; returns their number. */
static unsigned int sample_fill(const struct sample *sample, __be32 words[WORDS])
{
	unsigned int i, n = 0;

	for (i = 0; i < sample->stateids * 4; i++)
		words[n++] = cpu_to_be32(0x01010101);
	for (i = 0; i < sample->n; i++)
		words[n++] = cpu_to_be32(sample->words[i]);
	return n;
}

static const struct sample whole[] = {
	{ OP_CLONE, 2, 6, { 0, 1, 0, 2, 0, 3 } },
	{ OP_COPY, 2, 9, { 0, 1, 0, 2, 0, 3, 1, 0, 0 } },
	/* Source servers by name, URL and address. */
	{ OP_COPY, 2, 21, { 0, 1, 0, 2, 0, 3, 1, 0, 3, NL4_NAME, 3, 0x61626300, NL4_URL, 4,
			    0x61626364, NL4_NETADDR, 3, 0x74637000, 5, 0x312e3200, 0x33000000 } },
	{ OP_COPY_NOTIFY, 1, 3, { NL4_NAME, 3, 0x61626300 } },
	{ OP_COPY_NOTIFY, 1, 6, { NL4_NETADDR, 3, 0x74637000, 5, 0x312e3200, 0x33000000 } },
	{ OP_OFFLOAD_CANCEL, 1 },
	{ OP_OFFLOAD_STATUS, 1 },
};

/* All of it is understood, and nothing that is shorter. */
static void whole_and_short(struct kunit *test)
{
	struct fixture *f = test->priv;
	__be32 words[WORDS];
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(whole); i++) {
		n = sample_fill(&whole[i], words);
		KUNIT_EXPECT_EQ(test, args_decode(test, whole[i].opnum, words, n), NFS4_OK);
		KUNIT_EXPECT_EQ(test, xdr_stream_remaining(&f->xdr), 0);
		while (n--)
			KUNIT_EXPECT_EQ_MSG(test, args_decode(test, whole[i].opnum, words, n),
					    NFS4ERR_BADXDR, "sample %u, %u words", i, n);
	}
}

/* Booleans, the number of servers, the kind and the length of a server. */
static const struct sample bad[] = {
	{ OP_COPY, 2, 9, { 0, 1, 0, 2, 0, 3, 2, 0, 0 } },
	{ OP_COPY, 2, 9, { 0, 1, 0, 2, 0, 3, 0, 2, 0 } },
	{ OP_COPY, 2, 9, { 0, 1, 0, 2, 0, 3, 0, 0, U32_MAX } },
	{ OP_COPY, 2, 11, { 0, 1, 0, 2, 0, 3, 0, 0, 1, 0, 0 } },
	{ OP_COPY, 2, 11, { 0, 1, 0, 2, 0, 3, 0, 0, 1, 4, 0 } },
	{ OP_COPY, 2, 11, { 0, 1, 0, 2, 0, 3, 0, 0, 1, NL4_NAME, U32_MAX } },
	{ OP_COPY_NOTIFY, 1, 3, { 0, 3, 0x61626300 } },
	{ OP_COPY_NOTIFY, 1, 3, { 4, 3, 0x61626300 } },
	{ OP_COPY_NOTIFY, 1, 3, { NL4_URL, 1025, 0x61626300 } },
	{ OP_COPY_NOTIFY, 1, 5, { NL4_NETADDR, 3, 0x74637000, U32_MAX, 0x312e3200 } },
};

static void refuses_bad(struct kunit *test)
{
	__be32 words[WORDS];
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		n = sample_fill(&bad[i], words);
		KUNIT_EXPECT_EQ_MSG(test, args_decode(test, bad[i].opnum, words, n),
				    NFS4ERR_BADXDR, "sample %u", i);
	}
}

/**
 * struct address - an address of this server, and the netloc4 that names it
 * @family: its family
 * @text: the address
 * @n: words of the netloc4 behind its type
 * @words: the words
 */
struct address {
	int family;
	const char *text;
	unsigned int n;
	u32 words[8];
};

static const struct address addresses[] = {
	/* "tcp", "192.0.2.1.8.1" */
	{ AF_INET, "192.0.2.1", 7, { 3, 0x74637000, 13, 0x3139322e, 0x302e322e, 0x312e382e,
				     0x31000000 } },
	{ AF_INET6, "::ffff:192.0.2.1", 7, { 3, 0x74637000, 13, 0x3139322e, 0x302e322e,
					     0x312e382e, 0x31000000 } },
	/* "tcp6", "fd00::1.8.1" */
	{ AF_INET6, "fd00::1", 6, { 4, 0x74637036, 11, 0x66643030, 0x3a3a312e, 0x382e3100 } },
};

/* This server is named by the address that the client uses. */
static void names_this_server(struct kunit *test)
{
	struct sockaddr_storage sa;
	struct fixture *f = test->priv;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		const struct address *a = &addresses[i];

		KUNIT_ASSERT_EQ(test, inet_pton_with_scope(&init_net, a->family, a->text, "2049",
							   &sa), 0);
		memset(f, 0, sizeof(*f));
		f->buf.head[0].iov_base = f->mem;
		f->buf.buflen = sizeof(f->mem);
		xdr_init_encode(&f->xdr, &f->buf, f->mem, NULL);
		KUNIT_ASSERT_TRUE(test, dnfs4_netlocs_encode(&f->xdr, (struct sockaddr *)&sa));
		KUNIT_EXPECT_EQ(test, f->buf.len, (2 + a->n) * XDR_UNIT);
		KUNIT_EXPECT_LE(test, f->buf.len, XDR_UNIT + DNFS4_NETLOC_BYTES);
		KUNIT_EXPECT_EQ(test, be32_to_cpu(f->mem[0]), 1);
		KUNIT_EXPECT_EQ(test, be32_to_cpu(f->mem[1]), NL4_NETADDR);
		for (j = 0; j < a->n; j++)
			KUNIT_EXPECT_EQ_MSG(test, be32_to_cpu(f->mem[2 + j]), a->words[j],
					    "address %u, word %u", i, j);
	}
}

/**
 * struct source - a server that a client wants to have copied from
 * @type: kind of its netloc4
 * @netid: network
 * @text: name or address
 * @allowed: it may be connected to
 */
struct source {
	u32 type;
	const char *netid;
	const char *text;
	bool allowed;
};

static const struct source sources[] = {
	{ NL4_NETADDR, "tcp", "192.0.2.1.8.1", true },
	{ NL4_NETADDR, "tcp6", "fd00::1.8.1", true },
	/* No address. */
	{ NL4_NAME, "tcp", "192.0.2.1.8.1" },
	{ NL4_URL, "tcp", "192.0.2.1.8.1" },
	{ NL4_NETADDR, "tcp", "localhost.8.1" },
	{ NL4_NETADDR, "tcp", "192.0.2.1" },
	{ NL4_NETADDR, "tcp", "" },
	/* The network of another one. */
	{ NL4_NETADDR, "tcp6", "192.0.2.1.8.1" },
	{ NL4_NETADDR, "tcp", "fd00::1.8.1" },
	{ NL4_NETADDR, "udp", "192.0.2.1.8.1" },
	{ NL4_NETADDR, "rdma", "192.0.2.1.8.1" },
	{ NL4_NETADDR, "", "192.0.2.1.8.1" },
	/* Another port. */
	{ NL4_NETADDR, "tcp", "192.0.2.1.0.22" },
	{ NL4_NETADDR, "tcp", "192.0.2.1.0.0" },
	{ NL4_NETADDR, "tcp", "192.0.2.1.8.2" },
	{ NL4_NETADDR, "tcp", "192.0.2.1.8.257" },
	/* This machine, or several. */
	{ NL4_NETADDR, "tcp", "127.0.0.1.8.1" },
	{ NL4_NETADDR, "tcp", "0.0.0.0.8.1" },
	{ NL4_NETADDR, "tcp", "169.254.1.1.8.1" },
	{ NL4_NETADDR, "tcp", "224.0.0.1.8.1" },
	{ NL4_NETADDR, "tcp", "255.255.255.255.8.1" },
	{ NL4_NETADDR, "tcp6", "::1.8.1" },
	{ NL4_NETADDR, "tcp6", "::.8.1" },
	{ NL4_NETADDR, "tcp6", "fe80::1.8.1" },
	{ NL4_NETADDR, "tcp6", "ff02::1.8.1" },
	{ NL4_NETADDR, "tcp6", "::ffff:127.0.0.1.8.1" },
};

/* Only servers of NFS at addresses of other machines. */
static void sources_allowed(struct kunit *test)
{
	struct sockaddr_storage addr;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		const struct source *s = &sources[i];
		const struct dnfs4_netloc loc = {
			.type = s->type, .netid = s->netid, .text = s->text,
			.netid_len = strlen(s->netid), .text_len = strlen(s->text),
		};

		KUNIT_EXPECT_EQ_MSG(test, dnfs4_copy_source_parse(&init_net, &loc, &addr),
				    s->allowed, "source %u", i);
	}
}

/* A file at the address 192.0.2.0 plus @host. */
static void source_file(struct dnfs4_copy_from *from, u32 host, u8 file)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&from->addr;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = cpu_to_be32(0xc0000200 + host);
	from->fh.size = 1;
	from->fh.data[0] = file;
}

/* Copies from one address share a source, one of each file; the addresses are limited. */
static void sources_limited(struct kunit *test)
{
	struct dnfs4_server *server = kunit_kzalloc(test, sizeof(*server), GFP_KERNEL);
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);
	struct dnfs4_copy_source *shared, *first = NULL;
	struct dnfs4_copy_from *from;
	unsigned int i;

	from = kunit_kcalloc(test, DNFS4_COPY_SOURCES_MAX + 1, sizeof(*from), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, server);
	KUNIT_ASSERT_NOT_NULL(test, srv);
	KUNIT_ASSERT_NOT_NULL(test, from);
	srv->net = &init_net;
	server->srv = srv;
	server->started = true;
	for (i = 0; i < DNFS4_COPY_SOURCES_MAX; i++) {
		source_file(&from[i], i, 1);
		shared = dnfs4_copy_source_get(server, &from[i]);
		KUNIT_ASSERT_FALSE(test, IS_ERR(shared));
		if (!i)
			first = shared;
		else
			dnfs4_copy_source_put(shared, &from[i]);
	}
	source_file(&from[i], i, 1);
	KUNIT_EXPECT_PTR_EQ(test, dnfs4_copy_source_get(server, &from[i]), ERR_PTR(-EREMOTEIO));
	source_file(&from[i], 0, 1);
	KUNIT_EXPECT_PTR_EQ(test, dnfs4_copy_source_get(server, &from[i]), ERR_PTR(-EJUKEBOX));
	source_file(&from[i], 0, 2);
	KUNIT_EXPECT_PTR_EQ(test, dnfs4_copy_source_get(server, &from[i]), first);
	dnfs4_copy_source_put(first, &from[i]);
	dnfs4_copy_source_put(first, &from[0]);
	/* Those that are not mounted go with the service. */
	server->started = false;
	dnfs4_copy_sources_stop(server);
	KUNIT_EXPECT_PTR_EQ(test, dnfs4_copy_source_get(server, &from[0]), ERR_PTR(-EREMOTEIO));
	server->started = true;
	source_file(&from[i], DNFS4_COPY_SOURCES_MAX, 1);
	shared = dnfs4_copy_source_get(server, &from[i]);
	KUNIT_EXPECT_FALSE(test, IS_ERR(shared));
	if (!IS_ERR(shared))
		dnfs4_copy_source_put(shared, &from[i]);
	server->started = false;
	dnfs4_copy_sources_stop(server);
}

/* Begin to open a file as a user. */
static struct dnfs4_copy_user *user_begin(struct kunit *test, struct dnfs4_copy_users *users,
					  u32 uid)
{
	struct dnfs4_copy_user *user;
	struct cred *cred = prepare_creds();

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cred->fsuid = KUIDT_INIT(uid);
	user = dnfs4_copy_user_begin(users, cred);
	put_cred(cred);
	return user;
}

/* Users are limited; nobody counts who could not open a file, or twice. */
static void users_limited(struct kunit *test)
{
	struct dnfs4_copy_user *user, *again;
	struct dnfs4_copy_users users;
	u32 uid;

	dnfs4_copy_users_init(&users);
	for (uid = 1; uid < DNFS4_COPY_USERS_MAX; uid++) {
		user = user_begin(test, &users, uid);
		KUNIT_EXPECT_NOT_NULL(test, user);
		if (user)
			dnfs4_copy_user_end(&users, user, true);
	}
	KUNIT_EXPECT_EQ(test, users.count, DNFS4_COPY_USERS_MAX - 1);
	user = user_begin(test, &users, 0);
	KUNIT_ASSERT_NOT_NULL(test, user);
	KUNIT_EXPECT_NULL(test, user_begin(test, &users, uid));
	again = user_begin(test, &users, 0);
	KUNIT_EXPECT_PTR_EQ(test, again, user);
	dnfs4_copy_user_end(&users, user, false);
	KUNIT_EXPECT_NULL(test, user_begin(test, &users, uid));
	dnfs4_copy_user_end(&users, user, false);
	again = user_begin(test, &users, 1);
	KUNIT_EXPECT_NOT_NULL(test, again);
	if (again)
		dnfs4_copy_user_end(&users, again, false);
	KUNIT_EXPECT_EQ(test, users.count, DNFS4_COPY_USERS_MAX - 1);
	user = user_begin(test, &users, uid);
	KUNIT_EXPECT_NOT_NULL(test, user);
	if (user)
		dnfs4_copy_user_end(&users, user, true);
	KUNIT_EXPECT_NULL(test, user_begin(test, &users, 0));
	dnfs4_copy_users_exit(&users);
	KUNIT_EXPECT_EQ(test, users.count, 0);
}

static int fixture_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct fixture), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static struct kunit_case cases[] = {
	KUNIT_CASE(whole_and_short),
	KUNIT_CASE(refuses_bad),
	KUNIT_CASE(names_this_server),
	KUNIT_CASE(sources_allowed),
	KUNIT_CASE(sources_limited),
	KUNIT_CASE(users_limited),
	{}
};

static struct kunit_suite suite = {
	.name = "ditto_nfs42_copy",
	.init = fixture_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
