// SPDX-License-Identifier: GPL-2.0-only
/* How long the calls of a batch use the admission of the one before them. */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "../../../fs/nfs/rpc/call.h"
#include "../../../fs/nfs/rpc/target.h"
#include "../../../fs/nfs/share_options.h"
#include "../../../fs/share/cred.h"
#include "../../../fs/share/option.h"
#include "../../../fs/share/rules.h"
#include "../../../fs/share/share.h"
#include "../../../net/budget.h"
#include "../../../net/helper/names.h"
#include "../../../net/helper/names_ask.h"
#include "../../../net/helper/upcall.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "../../../net/setting.h"
#include "../await.h"

static const struct dnfs_program program = { .index = DNFS_PROGRAM_NFS };
static const struct dnfs_program other_program = { .index = DNFS_PROGRAM_NLM4 };
/* MOUNT waits for the helper. */
static const struct dnfs_program mount_program = { .index = DNFS_PROGRAM_MOUNT };

/* Generations of options: with the first two the rules refuse the machine. */
#define REFUSING	1
#define REFUSING_TOO	2
#define ADMITTING	3
/* Rules of the share are matched with these. */
#define MATCHED		4
#define MATCHED_TOO	5

/**
 * struct gate - a share that admits nobody, and a call that was admitted before
 * @srv: the server
 * @nfs: NFS's options of the share
 * @blocks: options of protocols, of which each has those of NFS
 * @opts: options of the share
 * @newer: options that replace them when the helper is asked
 * @rule: a rule about a netgroup
 * @any: a rule for every machine
 * @asked: how often the helper was asked
 * @share: the share
 * @peer: a machine that the rules of the share refuse, unless its options are ADMITTING
 * @cred: credential of the admission
 * @last: the admission
 * @call: a call of the same batch
 */
struct gate {
	struct ditto_server srv;
	struct dnfs_share_options nfs;
	struct ditto_share_blocks blocks;
	struct ditto_share_opts opts;
	struct ditto_share_opts newer;
	struct ditto_rule rule;
	struct ditto_rule any;
	atomic_t asked;
	struct ditto_share share;
	struct ditto_peer peer;
	struct ditto_cred cred;
	struct dnfs_admitted last;
	struct dnfs_call call;
};

/* The share gets its new options before the helper answers. */
static int gate_ask(struct ditto_server *srv, const struct ditto_question *question,
		    const struct ditto_host_names *hosts, struct ditto_said *said)
{
	struct gate *g = container_of(srv, struct gate, srv);

	*said = (struct ditto_said) { .member = true };
	rcu_assign_pointer(g->share.opts, &g->newer);
	atomic_inc(&g->asked);
	return 0;
}

static int gate_init(struct kunit *test)
{
	struct gate *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, g);
	g->srv.net = &init_net;
	ditto_settings_init(&g->srv);
	KUNIT_ASSERT_EQ(test, ditto_creds_init(&g->srv), 0);
	test->priv = g;
	KUNIT_ASSERT_EQ(test, ditto_peers_init(&g->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_budget_init(&g->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_upcalls_init(&g->srv), 0);
	KUNIT_ASSERT_EQ(test, ditto_names_init(&g->srv), 0);
	ditto_names_set_ask(&g->srv, gate_ask);
	g->share.srv = &g->srv;
	g->opts.generation = REFUSING;
	RCU_INIT_POINTER(g->share.opts, &g->opts);
	spin_lock_init(&g->peer.lock);
	seqcount_spinlock_init(&g->peer.seq, &g->peer.lock);
	for (int i = 0; i < ADMITTING; i++)
		g->peer.verdicts[i] = (struct ditto_peer_verdict) {
			.generation = i + 1,
			.level = i + 1 == ADMITTING ? DITTO_ACCESS_WRITE : DITTO_ACCESS_NONE,
			.squash = DITTO_SQUASH_NONE,
			.expires = jiffies + 3600 * HZ,
		};
	refcount_set(&g->cred.ref, 1);
	g->call.srv = &g->srv;
	g->call.program = &program;
	g->call.peer = &g->peer;
	g->call.admitted = &g->last;
	return 0;
}

static void gate_exit(struct kunit *test)
{
	struct gate *g = test->priv;

	if (!g)
		return;
	/* This waits for requests to the helper. */
	ditto_names_exit(&g->srv);
	ditto_upcalls_exit(&g->srv);
	ditto_budget_exit(&g->srv);
	ditto_peers_exit(&g->srv);
	ditto_creds_exit(&g->srv);
	kfree(g->rule.spec);
}

/* The call before has been admitted at this moment, and something has changed since. */
static int gate_admit(struct gate *g, void (*change)(struct gate *g), struct ditto_op *op)
{
	unsigned long now;
	int err;

	do {
		now = jiffies;
		g->opts.generation = REFUSING;
		g->call.program = &program;
		g->call.admitted = &g->last;
		g->last = (struct dnfs_admitted) {
			.cred = &g->cred,
			.program = &program,
			.generation = g->opts.generation,
			.epoch = ditto_creds_epoch(&g->srv),
			.when = now,
			.writable = true,
		};
		if (change)
			change(g);
		err = dnfs_admit(&g->call, &g->share, false, op);
		/* The call is refused anyway in the next moment. */
	} while (time_after(jiffies, now));
	return err;
}

static void call_after_call(struct kunit *test)
{
	struct gate *g = test->priv;
	struct ditto_op op = {};

	KUNIT_EXPECT_EQ(test, gate_admit(g, NULL, &op), 0);
	KUNIT_EXPECT_PTR_EQ(test, op.cred, &g->cred);
	KUNIT_EXPECT_PTR_EQ(test, op.share, &g->share);
	KUNIT_EXPECT_PTR_EQ(test, op.from, &g->peer.addr);
	KUNIT_EXPECT_TRUE(test, op.writable);
	KUNIT_EXPECT_GT(test, refcount_read(&g->cred.ref), 1);
}

static void change_options(struct gate *g)
{
	g->opts.generation = REFUSING_TOO;
}

static void change_names(struct gate *g)
{
	ditto_creds_flush(&g->srv);
}

static void change_program(struct gate *g)
{
	g->call.program = &other_program;
}

static void change_time(struct gate *g)
{
	g->last.when--;
}

static void change_batch(struct gate *g)
{
	g->call.admitted = NULL;
}

static void refused_after_a_change(struct kunit *test)
{
	void (*const changes[])(struct gate *g) = {
		change_options, change_names, change_time, change_program, change_batch,
	};
	struct gate *g = test->priv;
	struct ditto_op op = {};

	for (int i = 0; i < ARRAY_SIZE(changes); i++) {
		KUNIT_EXPECT_EQ_MSG(test, gate_admit(g, changes[i], &op), -EACCES, "change %d", i);
		KUNIT_EXPECT_EQ_MSG(test, refcount_read(&g->cred.ref), 1, "change %d", i);
	}
}

/* The share admits the machine from now on, with AUTH_SYS. */
static void gate_open(struct gate *g)
{
	g->nfs.xprtsec = DNFS_CONN_PLAIN;
	for (int i = 0; i < ARRAY_SIZE(g->blocks.block); i++)
		g->blocks.block[i] = &g->nfs;
	g->opts.blocks = &g->blocks;
	g->opts.generation = ADMITTING;
	g->opts.sec = DITTO_SEC_SYS;
	g->any = (struct ditto_rule) { .kind = DITTO_RULE_ANY, .level = DITTO_ACCESS_WRITE };
	g->opts.rules = (struct ditto_rules) { .rule = &g->any, .count = 1 };
	g->opts.share_users.others = DITTO_SHARE_ACCESS_WRITE;
	g->call.security = DNFS_CONN_PLAIN;
	g->call.sec = DITTO_SEC_SYS;
	g->call.ident.uid = KUIDT_INIT(1000);
	g->call.ident.gid = KGIDT_INIT(1000);
}

static void admission_remembered(struct kunit *test)
{
	struct gate *g = test->priv;

	gate_open(g);
	for (int read_only = 0; read_only < 2; read_only++) {
		struct dnfs_admitted *last = &g->last;
		unsigned long before = jiffies;
		struct ditto_op op = {};

		/* What was remembered before is of another program. */
		g->call.program = read_only ? &other_program : &program;
		g->opts.read_only = read_only;
		ditto_creds_flush(&g->srv);
		KUNIT_ASSERT_EQ(test, dnfs_admit(&g->call, &g->share, false, &op), 0);
		KUNIT_EXPECT_EQ(test, op.writable, !read_only);
		KUNIT_EXPECT_TRUE(test, uid_eq(op.cred->uid, KUIDT_INIT(1000)));

		KUNIT_EXPECT_PTR_EQ(test, last->cred, op.cred);
		KUNIT_EXPECT_PTR_EQ(test, last->program, g->call.program);
		KUNIT_EXPECT_EQ(test, last->generation, ADMITTING);
		KUNIT_EXPECT_EQ(test, last->epoch, ditto_creds_epoch(&g->srv));
		KUNIT_EXPECT_EQ(test, last->writable, !read_only);
		KUNIT_EXPECT_FALSE(test, time_before(last->when, before));
		KUNIT_EXPECT_FALSE(test, time_after(last->when, jiffies));
		/* References of the cache, of the operation, and of what is remembered. */
		KUNIT_EXPECT_EQ(test, refcount_read(&op.cred->ref), 3);
		ditto_cred_put(op.cred);
	}
	dnfs_admitted_forget(&g->last);
}

/* Begin an admission with the old options. It ends with the new ones. */
static int gate_try_change(struct gate *g, struct ditto_op *op)
{
	int asked = atomic_read(&g->asked);
	int err;

	ditto_names_flush(&g->srv);
	rcu_assign_pointer(g->share.opts, &g->opts);
	err = dnfs_admit(&g->call, &g->share, false, op);
	/* A request that is late must not change the options of the next admission. */
	await(atomic_read(&g->asked) != asked);
	return err;
}

static int gate_change(struct gate *g, struct ditto_op *op)
{
	int err;

	await((err = gate_try_change(g, op)) != -EJUKEBOX);
	return err;
}

/* The rules that admit the machine are the new ones, the share's other options perhaps not. */
static void options_changed_while_matching(struct kunit *test)
{
	struct gate *g = test->priv;
	struct ditto_op op = {};

	gate_open(g);
	g->call.program = &mount_program;
	KUNIT_ASSERT_EQ(test, ditto_rule_parse("@group", &g->rule), 0);
	g->rule.level = DITTO_ACCESS_WRITE;
	g->newer = g->opts;
	g->newer.generation = MATCHED_TOO;
	g->newer.read_only = true;
	g->opts.generation = MATCHED;
	g->opts.rules = (struct ditto_rules) { .rule = &g->rule, .count = 1 };

	KUNIT_ASSERT_EQ(test, gate_change(g, &op), 0);
	KUNIT_EXPECT_FALSE(test, op.writable);
	KUNIT_EXPECT_NULL(test, g->last.cred);
	ditto_cred_put(op.cred);

	KUNIT_ASSERT_EQ(test, dnfs_admit(&g->call, &g->share, false, &op), 0);
	KUNIT_EXPECT_PTR_EQ(test, g->last.cred, op.cred);
	KUNIT_EXPECT_EQ(test, g->last.generation, MATCHED_TOO);
	ditto_cred_put(op.cred);
	dnfs_admitted_forget(&g->last);
}

/* What was admitted with the old options is no admission with the new ones. */
static void options_changed_after_matching(struct kunit *test)
{
	struct gate *g = test->priv;
	struct ditto_op op = {};

	gate_open(g);
	g->newer = g->opts;
	g->newer.generation = REFUSING;
	/* The helper is asked for the groups. */
	g->opts.manage_gids = true;

	KUNIT_ASSERT_EQ(test, gate_change(g, &op), 0);
	KUNIT_EXPECT_TRUE(test, op.writable);
	KUNIT_EXPECT_PTR_EQ(test, g->last.cred, op.cred);
	KUNIT_EXPECT_EQ(test, g->last.generation, ADMITTING);
	ditto_cred_put(op.cred);

	/* Not refused for its age. */
	g->last.when = jiffies + HZ;
	KUNIT_EXPECT_EQ(test, dnfs_admit(&g->call, &g->share, false, &op), -EACCES);
	dnfs_admitted_forget(&g->last);
}

/* Who uses a flavour that the share does not accept is admitted for one operation only. */
static void any_flavor_not_remembered(struct kunit *test)
{
	struct gate *g = test->priv;
	struct ditto_op op = {};

	gate_open(g);
	g->opts.sec = DITTO_SEC_KRB5;
	KUNIT_ASSERT_EQ(test, dnfs_admit(&g->call, &g->share, true, &op), 0);
	KUNIT_EXPECT_TRUE(test, op.cred->anonymous);
	KUNIT_EXPECT_NULL(test, g->last.cred);
	ditto_cred_put(op.cred);
	KUNIT_EXPECT_EQ(test, dnfs_admit(&g->call, &g->share, false, &op), -EACCES);
	KUNIT_EXPECT_TRUE(test, g->call.too_weak);
	dnfs_admitted_forget(&g->last);
}

static void admission_forgotten(struct kunit *test)
{
	struct gate *g = test->priv;

	refcount_inc(&g->cred.ref);
	g->last.cred = &g->cred;
	dnfs_admitted_forget(&g->last);
	dnfs_admitted_forget(&g->last);
	KUNIT_EXPECT_EQ(test, refcount_read(&g->cred.ref), 1);
}

static struct kunit_case admit_cases[] = {
	KUNIT_CASE(call_after_call),
	KUNIT_CASE(refused_after_a_change),
	KUNIT_CASE(admission_remembered),
	KUNIT_CASE(options_changed_while_matching),
	KUNIT_CASE(options_changed_after_matching),
	KUNIT_CASE(any_flavor_not_remembered),
	KUNIT_CASE(admission_forgotten),
	{}
};

static struct kunit_suite admit_suite = {
	.name = "ditto_admit",
	.init = gate_init,
	.exit = gate_exit,
	.test_cases = admit_cases,
};

kunit_test_suite(admit_suite);
