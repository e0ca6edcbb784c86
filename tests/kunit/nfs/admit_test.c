// SPDX-License-Identifier: GPL-2.0-only
/* How long the calls of a batch use the admission of the one before them. */
#include <kunit/test.h>
#include <linux/jiffies.h>

#include "../../../fs/nfs/rpc/call.h"
#include "../../../fs/nfs/rpc/target.h"
#include "../../../fs/share/cred.h"
#include "../../../fs/share/rules.h"
#include "../../../fs/share/share.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"

static const struct dnfs_program program = { .index = DNFS_PROGRAM_NFS };
static const struct dnfs_program other_program = { .index = DNFS_PROGRAM_NLM4 };

/**
 * struct gate - a share that admits nobody, and a call that was admitted before
 * @srv: the server
 * @opts: options of the share
 * @share: the share
 * @peer: a machine that the rules of the share refuse
 * @cred: credential of the admission
 * @last: the admission
 * @call: a call of the same batch
 */
struct gate {
	struct ditto_server srv;
	struct ditto_share_opts opts;
	struct ditto_share share;
	struct ditto_peer peer;
	struct ditto_cred cred;
	struct dnfs_admitted last;
	struct dnfs_call call;
};

static int gate_init(struct kunit *test)
{
	struct gate *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, g);
	KUNIT_ASSERT_EQ(test, ditto_creds_init(&g->srv), 0);
	g->share.srv = &g->srv;
	g->opts.generation = 1;
	RCU_INIT_POINTER(g->share.opts, &g->opts);
	spin_lock_init(&g->peer.lock);
	seqcount_spinlock_init(&g->peer.seq, &g->peer.lock);
	for (int i = 0; i < 2; i++)
		g->peer.verdicts[i] = (struct ditto_peer_verdict) {
			.generation = i + 1,
			.level = DITTO_ACCESS_NONE,
			.expires = jiffies + 3600 * HZ,
		};
	refcount_set(&g->cred.ref, 1);
	g->call.srv = &g->srv;
	g->call.program = &program;
	g->call.peer = &g->peer;
	g->call.admitted = &g->last;
	test->priv = g;
	return 0;
}

static void gate_exit(struct kunit *test)
{
	struct gate *g = test->priv;

	if (g)
		ditto_creds_exit(&g->srv);
}

/* The call before has been admitted at this moment, and something has changed since. */
static int gate_admit(struct gate *g, void (*change)(struct gate *g), struct ditto_op *op)
{
	unsigned long now;
	int err;

	do {
		now = jiffies;
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
		/* In the next moment it is refused anyway. */
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
	g->opts.generation = 2;
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

	for (int i = 0; i < ARRAY_SIZE(changes); i++)
		KUNIT_EXPECT_EQ_MSG(test, gate_admit(g, changes[i], &op), -EACCES, "change %d", i);
	KUNIT_EXPECT_EQ(test, refcount_read(&g->cred.ref), 1);
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
