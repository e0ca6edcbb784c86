// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mirror of caching grants, on a file of a tmpfs: local processes break grants, and their
 * open files prevent them. This thread plays the local process.
 */
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/fcntl.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/init_task.h>
#include <linux/kthread.h>

#include "../../../lockd/acting.h"
#include "../../../lockd/lease_private.h"
#include "../await.h"
#include "claim_mirror_common.h"

static struct ditto_lease *grant_to(struct mirror_test *t, int owner, u8 want,
				    struct claim_told *told)
{
	struct ditto_lease_request req = {
		.point = &t->node->point, .actor.lease_owner = t->owner[owner],
		.style = DITTO_LEASE_TYPE_LEASE, .want = want, .break_ms = 35000,
		.ops = &claim_lease_ops, .private = told, .filp = t->file,
	};

	atomic_inc(&told->grants);
	return ditto_lease_grant(&req);
}

static struct ditto_lease *mirror_grant(struct mirror_test *t, u8 want, struct claim_told *told)
{
	return grant_to(t, 0, want, told);
}

static int local_open(struct mirror_test *t, unsigned int mode)
{
	return break_lease(file_inode(t->file), mode | O_NONBLOCK);
}

static bool lowered_soon(struct mirror_test *t, unsigned int mode)
{
	return await(!local_open(t, mode));
}

static void local_opens_break_grants(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct claim_told told = {};
	struct ditto_lease *lease;

	lease = mirror_grant(t, DITTO_LEASE_ALL, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_ALL);
	/* A reader gets on when the holder has given up WRITE. */
	KUNIT_EXPECT_EQ(test, local_open(t, O_RDONLY), -EWOULDBLOCK);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 1);
	KUNIT_EXPECT_EQ(test, told.keep, DITTO_LEASE_READ | DITTO_LEASE_HANDLE);
	KUNIT_EXPECT_EQ(test, local_open(t, O_RDONLY), -EWOULDBLOCK);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(lease, told.keep), 0);
	KUNIT_EXPECT_TRUE(test, lowered_soon(t, O_RDONLY));
	/* A writer breaks the rest, and a holder that does not answer loses it. */
	KUNIT_EXPECT_EQ(test, local_open(t, O_WRONLY), -EWOULDBLOCK);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 2);
	KUNIT_EXPECT_EQ(test, told.keep, 0);
	claim_now += 35000;
	claim_poke(test, lease);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.revokes), 1);
	KUNIT_EXPECT_TRUE(test, lowered_soon(t, O_WRONLY));
	ditto_lease_put(lease);
	mirror_test_end(test, t);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.grants), 0);
}

static void local_opens_stand_in_the_way(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct claim_told told = {};
	struct ditto_lease *lease;

	t->node->local = DITTO_OPEN_WRITE;
	KUNIT_EXPECT_TRUE(test, mirror_grant(t, DITTO_LEASE_ALL, &told) == ERR_PTR(-EAGAIN));
	t->node->local = DITTO_OPEN_READ;
	lease = mirror_grant(t, DITTO_LEASE_ALL, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_READ | DITTO_LEASE_HANDLE);
	KUNIT_EXPECT_EQ(test, local_open(t, O_RDONLY), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 0);
	ditto_lease_return(lease);
	KUNIT_EXPECT_TRUE(test, lowered_soon(t, O_WRONLY));
	ditto_lease_put(lease);
	mirror_test_end(test, t);
}

/*
 * While a break by a local process is pending, no grant is made that would keep the VFS lease up.
 * A process that does not wait is like one that was killed while it waited.
 */
static void pending_break_bars_grants(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct claim_told told[2] = {};
	struct ditto_lease *lease, *other;

	lease = grant_to(t, 0, DITTO_LEASE_READ | DITTO_LEASE_HANDLE, &told[0]);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, local_open(t, O_WRONLY), -EWOULDBLOCK);
	KUNIT_EXPECT_TRUE(test, grant_to(t, 1, DITTO_LEASE_READ, &told[1]) == ERR_PTR(-EAGAIN));
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&told[0].breaks), 1);
	KUNIT_EXPECT_TRUE(test, grant_to(t, 1, DITTO_LEASE_READ, &told[1]) == ERR_PTR(-EAGAIN));
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(lease, 0), 0);
	ditto_lease_put(lease);
	/* A rename checks once more after it was woken. */
	KUNIT_EXPECT_TRUE(test, grant_to(t, 1, DITTO_LEASE_READ, &told[1]) == ERR_PTR(-EAGAIN));
	KUNIT_EXPECT_TRUE(test, lowered_soon(t, O_WRONLY));
	claim_now += 1000;
	other = grant_to(t, 1, DITTO_LEASE_READ | DITTO_LEASE_HANDLE, &told[1]);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	KUNIT_EXPECT_EQ(test, local_open(t, O_WRONLY), -EWOULDBLOCK);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&told[1].breaks), 1);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(other, 0), 0);
	ditto_lease_put(other);
	KUNIT_EXPECT_TRUE(test, lowered_soon(t, O_WRONLY));
	mirror_test_end(test, t);
}

/* A process prevents grants as long as it has the file open for writing, and no longer. */
static void writer_bars_while_open(struct kunit *test)
{
	const u8 rh = DITTO_LEASE_READ | DITTO_LEASE_HANDLE;
	struct mirror_test *t = mirror_test_begin(test);
	struct claim_told told[2] = {};
	struct ditto_lease *lease, *other;

	lease = grant_to(t, 0, rh, &told[0]);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	/* The VFS counts an open before it breaks the lease. */
	t->node->local = DITTO_OPEN_READ | DITTO_OPEN_WRITE;
	KUNIT_EXPECT_EQ(test, local_open(t, O_WRONLY), -EWOULDBLOCK);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(lease, 0), 0);
	ditto_lease_put(lease);
	KUNIT_EXPECT_TRUE(test, lowered_soon(t, O_WRONLY));
	KUNIT_EXPECT_TRUE(test, grant_to(t, 1, rh, &told[1]) == ERR_PTR(-EAGAIN));
	t->node->local = 0;
	atomic_set(&told[1].grants, 0);
	other = grant_to(t, 1, rh, &told[1]);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(other), rh);
	ditto_lease_return(other);
	ditto_lease_put(other);
	KUNIT_EXPECT_TRUE(test, lowered_soon(t, O_WRONLY));
	mirror_test_end(test, t);
}

/*
 * A process waits for the delegation of a silent client, which renews before it is withdrawn. The
 * VFS does not report the break again, but the holder is asked.
 */
static void break_is_not_lost_when_the_holder_returns(struct kunit *test)
{
	struct mirror_test *t = mirror_test_stuck(test);
	struct claim_told told = {};
	struct ditto_lease_request req = {
		.point = &t->node->point, .actor.lease_owner = t->owner[0],
		.style = DITTO_LEASE_TYPE_DELEGATION, .want = DITTO_LEASE_READ, .break_ms = 35000,
		.ops = &claim_lease_ops, .private = &told, .filp = t->file,
	};
	struct ditto_lease *lease;

	atomic_inc(&told.grants);
	lease = ditto_lease_grant(&req);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client->client, true));
	KUNIT_EXPECT_EQ(test, local_open(t, O_WRONLY), -EWOULDBLOCK);
	claim_flush(test);
	flush_workqueue(claim_table(test)->yield_wq);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.revokes), 0);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client->client, false));
	await(atomic_read(&told.breaks));
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 1);
	KUNIT_EXPECT_EQ(test, local_open(t, O_WRONLY), -EWOULDBLOCK);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(lease, 0), 0);
	KUNIT_EXPECT_TRUE(test, lowered_soon(t, O_WRONLY));
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 1);
	ditto_lease_put(lease);
	mirror_test_end(test, t);
}

/* A reader waits until WRITE is given up, and no WRITE is granted before that. */
static void pending_reader_bars_writers(struct kunit *test)
{
	const u8 rh = DITTO_LEASE_READ | DITTO_LEASE_HANDLE;
	struct mirror_test *t = mirror_test_begin(test);
	struct claim_told told[2] = {};
	struct ditto_lease *lease, *same;

	lease = grant_to(t, 0, DITTO_LEASE_ALL, &told[0]);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, local_open(t, O_RDONLY), -EWOULDBLOCK);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, told[0].keep, rh);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(lease, rh), 0);
	same = grant_to(t, 0, DITTO_LEASE_ALL, &told[0]);
	atomic_dec(&told[0].grants);
	KUNIT_EXPECT_PTR_EQ(test, same, lease);
	/* A work lowers the VFS lease: if it ran before on another CPU, the reader has gone on. */
	if (ditto_lease_bits(lease) == rh)
		KUNIT_EXPECT_TRUE(test, lowered_soon(t, O_RDONLY));
	ditto_lease_put(same);
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	KUNIT_EXPECT_TRUE(test, lowered_soon(t, O_WRONLY));
	mirror_test_end(test, t);
}

/* A thread that acts for clients of the server with a lock table. */
struct actor_thread {
	struct ditto_acting acting;
	struct cred *cred;
};

static void actor_begin(struct kunit *test, struct actor_thread *actor,
			const struct ditto_lock_table *table)
{
	actor->cred = prepare_kernel_cred(&init_task);
	KUNIT_ASSERT_NOT_NULL(test, actor->cred);
	ditto_acting_add(&actor->acting, actor->cred, table);
}

static int actor_open(struct kunit *test, struct actor_thread *actor, struct mirror_test *t)
{
	const struct cred *old = override_creds(actor->cred);
	int err = local_open(t, O_WRONLY);

	KUNIT_EXPECT_PTR_EQ(test, ditto_acting_table(), actor->acting.table);
	revert_creds(old);
	return err;
}

static void actor_end(struct actor_thread *actor)
{
	ditto_acting_del(&actor->acting);
	/* It is on the stack, and RCU readers may still look at it. */
	synchronize_rcu();
	put_cred(actor->cred);
}

/* Operations of the server's own threads were checked before, and break no VFS lease. */
static void own_threads_break_nothing(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct actor_thread own = {};
	struct claim_told told = {};
	struct ditto_lease *lease;

	actor_begin(test, &own, claim_table(test));
	KUNIT_EXPECT_NULL(test, ditto_acting_table());
	lease = mirror_grant(t, DITTO_LEASE_ALL, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, actor_open(test, &own, t), 0);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 0);
	actor_end(&own);
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	KUNIT_EXPECT_TRUE(test, lowered_soon(t, O_WRONLY));
	mirror_test_end(test, t);
}

/**
 * struct grant_task - a thread that asks for a grant
 * @t: the node
 * @told: callbacks of the grant
 * @lease: the grant, or an ERR_PTR
 * @done: completed when it has it
 */
struct grant_task {
	struct mirror_test *t;
	struct claim_told told;
	struct ditto_lease *lease;
	struct completion done;
};

static int grant_run(void *data)
{
	struct grant_task *g = data;

	g->lease = mirror_grant(g->t, DITTO_LEASE_ALL, &g->told);
	complete(&g->done);
	return 0;
}

static enum ditto_answer node_read(struct mirror_test *t, struct ditto_owner *owner)
{
	const struct ditto_intent intent = { .kind = DITTO_INTENT_READ, .last = U64_MAX };
	const struct ditto_actor actor = { .owner = owner, .client = owner->client };

	return ditto_claim_check(&t->node->point, &intent, &actor, NULL, NULL);
}

/* What the VFS does not know of goes in any case, also if a break of a part of it has begun. */
static void break_meets_what_is_not_shown(struct kunit *test)
{
	struct grant_task *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);
	struct mirror_test *t = mirror_test_begin(test);
	struct claim_client *other = claim_client(test, "other", 0);
	struct ditto_owner *reader = claim_owner(test, other, 7);

	KUNIT_ASSERT_NOT_NULL(test, g);
	g->t = t;
	init_completion(&g->done);
	/* While the inode is locked, no VFS lease is set. */
	inode_lock(file_inode(t->file));
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(grant_run, g, "kunit-grant")));
	KUNIT_EXPECT_TRUE(test, await(node_read(t, reader) != DITTO_ALLOWED));
	wait_for_completion(&g->done);
	inode_unlock(file_inode(t->file));
	KUNIT_ASSERT_FALSE(test, IS_ERR(g->lease));
	/* WRITE goes, then HANDLE, and READ, which needs no answer. */
	for (int i = 1; i <= 3; i++) {
		claim_flush(test);
		KUNIT_EXPECT_EQ(test, atomic_read(&g->told.breaks), i);
		KUNIT_EXPECT_EQ(test, g->told.ack, i < 3);
		KUNIT_EXPECT_EQ(test, ditto_lease_ack(g->lease, g->told.keep),
				g->told.ack ? 0 : -ENOENT);
	}
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(g->lease), 0);
	KUNIT_EXPECT_EQ(test, local_open(t, O_WRONLY), 0);
	ditto_lease_return(g->lease);
	ditto_lease_put(g->lease);
	ditto_owner_put(reader);
	claim_client_end(test, other);
	mirror_test_end(test, t);
}

/* Threads of another server were checked by its own table only, and break like local processes. */
static void other_servers_break_grants(struct kunit *test)
{
	struct ditto_lock_table *other = ditto_locks_create(&init_net);
	struct mirror_test *t = mirror_test_begin(test);
	struct actor_thread stranger = {};
	struct claim_told told = {};
	struct ditto_lease *lease;

	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	actor_begin(test, &stranger, other);
	lease = mirror_grant(t, DITTO_LEASE_ALL, &told);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, actor_open(test, &stranger, t), -EWOULDBLOCK);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 1);
	KUNIT_EXPECT_EQ(test, ditto_lease_ack(lease, 0), 0);
	KUNIT_EXPECT_TRUE(test, lowered_soon(t, O_WRONLY));
	KUNIT_EXPECT_EQ(test, actor_open(test, &stranger, t), 0);
	actor_end(&stranger);
	ditto_lease_put(lease);
	mirror_test_end(test, t);
	ditto_locks_destroy(other);
}

static struct kunit_case claim_lease_cases[] = {
	KUNIT_CASE(local_opens_break_grants),
	KUNIT_CASE(local_opens_stand_in_the_way),
	KUNIT_CASE(pending_break_bars_grants),
	KUNIT_CASE(writer_bars_while_open),
	KUNIT_CASE_SLOW(break_is_not_lost_when_the_holder_returns),
	KUNIT_CASE(pending_reader_bars_writers),
	KUNIT_CASE(own_threads_break_nothing),
	KUNIT_CASE(break_meets_what_is_not_shown),
	KUNIT_CASE(other_servers_break_grants),
	{}
};

static struct kunit_suite claim_lease_suite = {
	.name = "claim_lease",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_lease_cases,
};

kunit_test_suite(claim_lease_suite);
