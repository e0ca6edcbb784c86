// SPDX-License-Identifier: GPL-2.0-only
/* Copies in the background, on a tmpfs. */
#include <linux/fs.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "../../../fs/op/job.h"
#include "../../../fs/op/space.h"
#include "../../../net/budget.h"
#include "folder.h"

/* More than one piece. */
#define JOB_SIZE	(SZ_16M + SZ_4K)
#define JOB_WAIT_MS	20000

DEFINE_FOLDER(folder, "kunit-job")

/**
 * struct owned - a job and its owner
 * @job: the job
 * @gate: result of the check; positive to wait for its change
 * @checks: number of checks
 * @pieces: number of pieces that were copied
 * @ended: completed when the owner was told
 */
struct owned {
	struct ditto_job job;
	int gate;
	atomic_t checks;
	atomic_t pieces;
	struct completion ended;
};

static int owned_check(struct ditto_job *job)
{
	struct owned *owned = container_of(job, struct owned, job);

	atomic_inc(&owned->checks);
	wait_var_event(&owned->gate, READ_ONCE(owned->gate) <= 0 || READ_ONCE(job->cancelled));
	return min(READ_ONCE(owned->gate), 0);
}

static void owned_open(struct owned *owned, int gate)
{
	WRITE_ONCE(owned->gate, gate);
	wake_up_var(&owned->gate);
}

static void owned_copied(struct ditto_job *job)
{
	atomic_inc(&container_of(job, struct owned, job)->pieces);
}

static void owned_ended(struct ditto_job *job)
{
	complete(&container_of(job, struct owned, job)->ended);
}

static const struct ditto_job_ops owned_ops = {
	.check = owned_check,
	.copied = owned_copied,
	.ended = owned_ended,
};

static struct ditto_node *file_make(struct kunit *test, const char *name, u64 size)
{
	struct ditto_node *node = folder_make(test, &folder, name, 0600, false);

	if (size)
		KUNIT_EXPECT_EQ(test, ditto_allocate(&folder.op, node, DITTO_SPACE_RESERVE, 0,
						     size), 0);
	return node;
}

static void file_drop(struct kunit *test, struct ditto_node *node, const char *name)
{
	ditto_node_put(node);
	folder_remove(test, &folder, name, false);
}

/* A prepared job that waits before its first piece if @gate is 1. */
static struct owned *owned_make(struct kunit *test, struct ditto_node *from,
				struct ditto_node *to, int gate)
{
	struct owned *owned = kunit_kzalloc(test, sizeof(*owned), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, owned);
	owned->gate = gate;
	init_completion(&owned->ended);
	owned->job = (struct ditto_job) {
		.ops = &owned_ops, .protocol = "test", .client = "client",
		.op = folder.op, .from = from, .op_to = folder.op, .to = to, .count = JOB_SIZE,
	};
	ditto_job_init(&owned->job);
	return owned;
}

static int owned_start(struct kunit *test, struct owned *owned)
{
	static const struct in6_addr addr = IN6ADDR_LOOPBACK_INIT;
	struct ditto_principal who;
	int err;

	KUNIT_ASSERT_EQ(test, ditto_principal_init(&who, folder.srv, &addr, DITTO_TRUST_USER,
						   INVALID_UID), 0);
	err = ditto_job_start(&owned->job, &who);
	ditto_principal_exit(&who);
	return err;
}

static void owned_wait(struct kunit *test, struct owned *owned)
{
	KUNIT_EXPECT_TRUE(test, ditto_job_wait(&owned->job, JOB_WAIT_MS));
	KUNIT_EXPECT_TRUE(test, ditto_job_is_over(&owned->job));
	wait_for_completion(&owned->ended);
}

static void copies_pieces(struct kunit *test)
{
	struct ditto_node *from = file_make(test, "from", JOB_SIZE), *to = file_make(test, "to", 0);
	struct owned *owned = owned_make(test, from, to, 0);

	KUNIT_ASSERT_EQ(test, owned_start(test, owned), 0);
	owned_wait(test, owned);
	KUNIT_EXPECT_EQ(test, owned->job.err, 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&owned->job.done), JOB_SIZE);
	KUNIT_EXPECT_EQ(test, atomic_read(&owned->checks), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&owned->pieces), 2);
	KUNIT_EXPECT_EQ(test, folder_stat(test, &folder, to).size, JOB_SIZE);
	/* Too late. */
	ditto_job_cancel(&owned->job, -ECANCELED);
	KUNIT_EXPECT_EQ(test, owned->job.err, 0);
	file_drop(test, from, "from");
	file_drop(test, to, "to");
}

static void job_cancels(struct kunit *test)
{
	struct ditto_node *from = file_make(test, "from", JOB_SIZE), *to = file_make(test, "to", 0);
	struct owned *early = owned_make(test, from, to, 1);
	struct owned *late = owned_make(test, from, to, 1);
	struct ditto_job_info info;

	/* Before the start. */
	ditto_job_cancel(&early->job, -EINTR);
	KUNIT_EXPECT_FALSE(test, ditto_job_is_over(&early->job));
	KUNIT_ASSERT_EQ(test, owned_start(test, early), 0);
	owned_wait(test, early);
	KUNIT_EXPECT_EQ(test, early->job.err, -EINTR);
	KUNIT_EXPECT_EQ(test, atomic_read(&early->checks), 0);

	KUNIT_ASSERT_EQ(test, owned_start(test, late), 0);
	KUNIT_ASSERT_TRUE(test, ditto_job_next(folder.srv, 0, &info));
	KUNIT_EXPECT_EQ(test, info.number, late->job.number);
	KUNIT_EXPECT_PTR_EQ(test, info.node, from);
	KUNIT_EXPECT_PTR_EQ(test, info.node_to, to);
	KUNIT_EXPECT_STREQ(test, info.client, "client");
	ditto_job_info_put(&info);
	KUNIT_EXPECT_FALSE(test, ditto_job_next(folder.srv, late->job.number, &info));
	KUNIT_EXPECT_EQ(test, ditto_job_cancel_number(folder.srv, late->job.number + 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, ditto_job_cancel_number(folder.srv, late->job.number), 0);
	/* The first one counts. */
	ditto_job_cancel(&late->job, -EINTR);
	owned_open(late, 0);
	owned_wait(test, late);
	KUNIT_EXPECT_EQ(test, late->job.err, -ECANCELED);
	KUNIT_EXPECT_FALSE(test, ditto_job_next(folder.srv, 0, &info));
	file_drop(test, from, "from");
	file_drop(test, to, "to");
}

static void owner_ends_it(struct kunit *test)
{
	struct ditto_node *from = file_make(test, "from", JOB_SIZE), *to = file_make(test, "to", 0);
	struct owned *owned = owned_make(test, from, to, 1);

	KUNIT_ASSERT_EQ(test, owned_start(test, owned), 0);
	KUNIT_EXPECT_FALSE(test, ditto_job_wait(&owned->job, 1));
	owned_open(owned, -EKEYREVOKED);
	owned_wait(test, owned);
	KUNIT_EXPECT_EQ(test, owned->job.err, -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, atomic64_read(&owned->job.done), 0);
	file_drop(test, from, "from");
	file_drop(test, to, "to");
}

static void needs_permission(struct kunit *test)
{
	struct ditto_node *from = file_make(test, "from", JOB_SIZE), *to = file_make(test, "to", 0);
	struct owned *owned = owned_make(test, from, to, 0);

	owned->job.op_to.cred = folder.user;
	KUNIT_ASSERT_EQ(test, owned_start(test, owned), 0);
	owned_wait(test, owned);
	KUNIT_EXPECT_EQ(test, owned->job.err, -EACCES);
	KUNIT_EXPECT_EQ(test, folder_stat(test, &folder, to).size, 0);
	file_drop(test, from, "from");
	file_drop(test, to, "to");
}

static struct kunit_case job_cases[] = {
	KUNIT_CASE_SLOW(copies_pieces),
	KUNIT_CASE(job_cancels),
	KUNIT_CASE(owner_ends_it),
	KUNIT_CASE(needs_permission),
	{}
};

static struct kunit_suite job_suite = {
	.name = "ditto_job",
	FOLDER_SUITE(folder),
	FOLDER_CASES(folder),
	.test_cases = job_cases,
};

kunit_test_suite(job_suite);
