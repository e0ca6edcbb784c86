// SPDX-License-Identifier: GPL-2.0-only
/*
 * Covers, on a file of a tmpfs: with many ranges the VFS is shown few locks, and local processes
 * still meet exactly the ranges. POSIX locks of this thread play the local process.
 */
#include <linux/fcntl.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/random.h>

#include "../../../lockd/mirror.h"
#include "../../../lockd/mirror_private.h"
#include "claim_mirror_common.h"

/* Ranges of 5 bytes, 10 bytes apart; every third is shared. */
#define RANGE_AT(i)	((u64)(i) * 10)

static bool is_shared(u32 i)
{
	return i % 3 == 2;
}

static int cover_lock(struct mirror_test *t, u32 i)
{
	return mirror_lock(t, i % 2, !is_shared(i), RANGE_AT(i), RANGE_AT(i) + 4);
}

static int cover_unlock(struct mirror_test *t, u32 i)
{
	return mirror_unlock(t, i % 2, RANGE_AT(i), RANGE_AT(i) + 4);
}

static void lock_many(struct kunit *test, struct mirror_test *t, u32 count)
{
	for (u32 i = 0; i < count; i++)
		KUNIT_ASSERT_EQ(test, cover_lock(t, i), 0);
}

static void unlock_many(struct kunit *test, struct mirror_test *t, u32 count)
{
	for (u32 i = 0; i < count; i++)
		KUNIT_ASSERT_EQ(test, cover_unlock(t, i), 0);
}

/* Locks in the list of the VFS. */
static u32 cover_shown(struct mirror_test *t)
{
	struct file_lock_context *ctx = locks_inode_context(file_inode(t->file));
	struct file_lock *fl;
	u32 count = 0;

	if (!ctx)
		return 0;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_posix, c.flc_list)
		count++;
	spin_unlock(&ctx->flc_lock);
	return count;
}

static void expect_exact(struct kunit *test, struct mirror_test *t, u32 i)
{
	int may = is_shared(i) ? 1 : 0;

	KUNIT_EXPECT_EQ(test, mirror_local_may(t, RANGE_AT(i)), may);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, RANGE_AT(i) + 4), may);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, RANGE_AT(i) + 5), 2);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, RANGE_AT(i) + 9), 2);
}

static void many_ranges_are_one_lock(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);

	lock_many(test, t, DITTO_COVER_MAKE);
	KUNIT_EXPECT_EQ(test, cover_shown(t), DITTO_COVER_MAKE);
	KUNIT_EXPECT_EQ(test, cover_lock(t, DITTO_COVER_MAKE), 0);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	KUNIT_EXPECT_EQ(test, cover_lock(t, 1000), 0);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, RANGE_AT(1000), RANGE_AT(1000)), 0);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 1, true, RANGE_AT(1000), RANGE_AT(1000)), -EAGAIN);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, RANGE_AT(1000), RANGE_AT(1000) + 4), 0);
	/* With few ranges left they are shown again. */
	for (u32 i = DITTO_COVER_LEAVE; i <= DITTO_COVER_MAKE; i++)
		KUNIT_EXPECT_EQ(test, cover_unlock(t, i), 0);
	KUNIT_EXPECT_EQ(test, cover_shown(t), DITTO_COVER_LEAVE);
	unlock_many(test, t, DITTO_COVER_LEAVE);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 0);
	mirror_test_end(test, t);
}

static void a_process_meets_ranges_not_covers(struct kunit *test)
{
	static const u32 some[] = { 0, 1, 2, 77, 78, 1499, 1500, 1501, 2998, 2999 };
	struct mirror_test *t = mirror_test_begin(test);
	u32 count = 3000;

	lock_many(test, t, count);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	for (u32 i = 0; i < ARRAY_SIZE(some); i++)
		expect_exact(test, t, some[i]);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, RANGE_AT(count)), 2);
	/* Only the ranges near the bytes that were asked for are shown. */
	KUNIT_EXPECT_LT(test, cover_shown(t), 500);
	/* What was shown exactly is kept exact. */
	KUNIT_EXPECT_EQ(test, cover_unlock(t, 77), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, RANGE_AT(77)), 2);
	KUNIT_EXPECT_EQ(test, cover_lock(t, 77), 0);
	expect_exact(test, t, 77);
	/* So is what was not. */
	KUNIT_EXPECT_EQ(test, cover_unlock(t, 400), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, RANGE_AT(400)), 2);
	KUNIT_EXPECT_EQ(test, cover_lock(t, 400), 0);
	expect_exact(test, t, 400);
	ditto_client_release(&t->client->client, "test");
	KUNIT_EXPECT_EQ(test, cover_shown(t), 0);
	mirror_test_end(test, t);
}

static void a_test_finds_the_range(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct file_lock fl;

	lock_many(test, t, 300);
	process_lock_fill(&fl, t->file, current, F_WRLCK, RANGE_AT(150) + 2, RANGE_AT(150) + 7);
	KUNIT_EXPECT_EQ(test, vfs_test_lock(t->file, &fl), 0);
	KUNIT_EXPECT_EQ(test, fl.c.flc_type, F_WRLCK);
	KUNIT_EXPECT_EQ(test, fl.c.flc_pid, -1);
	KUNIT_EXPECT_EQ(test, fl.fl_start, RANGE_AT(150));
	KUNIT_EXPECT_EQ(test, fl.fl_end, RANGE_AT(150) + 4);
	locks_release_private(&fl);
	ditto_client_release(&t->client->client, "test");
	mirror_test_end(test, t);
}

/* Bytes that touch leave no place to cut a cover. */
static void ranges_without_gaps(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	u32 count = 400;

	for (u32 i = 0; i < count; i++)
		KUNIT_ASSERT_EQ(test, mirror_lock(t, i % 2, i % 3, i, i), 0);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	for (u32 i = 0; i < count; i += 37)
		KUNIT_EXPECT_EQ(test, mirror_local_may(t, i), i % 3 ? 0 : 1);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, count), 2);
	ditto_client_release(&t->client->client, "test");
	mirror_test_end(test, t);
}

/* Covers are made around the locks of local processes. */
static void a_process_stands_in_the_way(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	u32 count = 200;

	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, 1005, 1009), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_RDLCK, 5000, 5009), 0);
	lock_many(test, t, count);
	KUNIT_EXPECT_LE(test, cover_shown(t), 8);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, false, 1000, 1005), -EAGAIN);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 5000, 5000), -EAGAIN);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 4990, 6000), -EAGAIN);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, false, 4990, 6000), 0);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 4990, 6000), 0);
	expect_exact(test, t, count / 3);
	ditto_client_release(&t->client->client, "test");
	KUNIT_EXPECT_EQ(test, cover_shown(t), 2);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 0, OFFSET_MAX), 0);
	mirror_test_end(test, t);
}

/* The locks of two processes, the later bytes first. */
static void processes_stand_in_the_way(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);

	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, 50000, 50009), 0);
	KUNIT_EXPECT_EQ(test, process_lock_set(t->file, t, F_WRLCK, 10005, 10009), 0);
	lock_many(test, t, 100);
	KUNIT_EXPECT_EQ_MSG(test, cover_shown(t), 5, "two locks, and covers around them");
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, false, 10009, 10010), -EAGAIN);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, false, 49999, 50000), -EAGAIN);
	KUNIT_EXPECT_EQ(test, process_lock_set(t->file, t, F_UNLCK, 10005, 10009), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 0, OFFSET_MAX), 0);
	ditto_client_release(&t->client->client, "test");
	mirror_test_end(test, t);
}

/* Bytes that are shared are as good a place to cut a cover as free ones. */
static void ranges_of_both_kinds_without_gaps(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	u32 count = 3000;

	for (u32 i = 0; i < count; i++)
		KUNIT_ASSERT_EQ(test, mirror_lock(t, 0, i % 2, i, i), 0);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, count - 2), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, count - 1), 0);
	KUNIT_EXPECT_LT_MSG(test, cover_shown(t), 300, "nothing is shown before the last ones");
	ditto_client_release(&t->client->client, "test");
	mirror_test_end(test, t);
}

/* Calls of the mirror that succeed before one fails, and how many there were. */
static int calls_left, calls_made;

static int limited_lock(struct file *file, int cmd, struct file_lock *fl)
{
	if (cmd == F_GETLK) {
		posix_test_lock(file, fl);
		return 0;
	}
	if (fl->c.flc_owner != current) {
		calls_made++;
		if (!calls_left)
			return -ENOLCK;
		calls_left--;
	}
	return posix_lock_file(file, fl, NULL);
}

static const struct file_operations limited = { .lock = limited_lock };

/* A cover that could not be refined whole has no bytes that were given up. */
static void refined_in_part(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	const struct file_operations *real = t->file->f_op;

	lock_many(test, t, 20);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	calls_left = 1;
	t->file->f_op = &limited;
	KUNIT_EXPECT_EQ_MSG(test, mirror_local_lock(t, F_WRLCK, RANGE_AT(15) + 5, RANGE_AT(15) + 5),
			    -EAGAIN, "it cannot be shown");
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, 5, 9), 0);
	calls_left = INT_MAX;
	KUNIT_EXPECT_EQ_MSG(test, mirror_lock(t, 0, true, 5, 9), -EAGAIN, "a process has it");
	t->file->f_op = real;
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 0, OFFSET_MAX), 0);
	/* The next process has it tried again. */
	mirror_local_may(t, RANGE_AT(15) + 5);
	claim_flush(test);
	expect_exact(test, t, 15);
	ditto_client_release(&t->client->client, "test");
	mirror_test_end(test, t);
}

/* However many shared ranges an exclusive one has under it, it is shown in one step. */
static void upgrade_is_one_step(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	const struct file_operations *real = t->file->f_op;

	t->file->f_op = &limited;
	calls_left = INT_MAX;
	for (u32 i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, false, RANGE_AT(i), RANGE_AT(i)), 0);
	calls_made = 0;
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 0, RANGE_AT(10)), 0);
	KUNIT_EXPECT_EQ(test, calls_made, 1);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 0, OFFSET_MAX), 0);
	t->file->f_op = real;
	mirror_test_end(test, t);
}

/* A process that waits for a range is woken when that goes, though there are many by then. */
static void a_waiting_process_is_woken(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct file_lock fl;

	lock_many(test, t, 5);
	process_lock_fill(&fl, t->file, current, F_WRLCK, RANGE_AT(0), RANGE_AT(0));
	fl.c.flc_flags |= FL_SLEEP;
	KUNIT_EXPECT_EQ(test, vfs_lock_file(t->file, F_SETLK, &fl, NULL), FILE_LOCK_DEFERRED);
	for (u32 i = 5; i < 40; i++)
		KUNIT_EXPECT_EQ(test, cover_lock(t, i), 0);
	KUNIT_EXPECT_NOT_NULL(test, fl.c.flc_blocker);
	KUNIT_EXPECT_EQ(test, cover_unlock(t, 0), 0);
	KUNIT_EXPECT_NULL(test, fl.c.flc_blocker);
	locks_delete_block(&fl);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, RANGE_AT(0)), 2);
	ditto_client_release(&t->client->client, "test");
	mirror_test_end(test, t);
}

/* A courtesy client's range under a cover yields to a process. */
static void courtesy_under_a_cover(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);

	lock_many(test, t, 100);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client->client, true));
	current->flags &= ~PF_KTHREAD;
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, RANGE_AT(50), RANGE_AT(50)), 0);
	current->flags |= PF_KTHREAD;
	KUNIT_EXPECT_EQ(test, t->client->released, 1);
	mirror_local_lock(t, F_UNLCK, 0, OFFSET_MAX);
	mirror_test_end(test, t);
}

/**
 * struct race - a process and a client that lock the same bytes
 * @t: the file
 * @held: for each byte, whether the client has it
 * @done: the client has ended
 * @both: both had a byte at once
 * @won: locks that the process was granted
 */
struct race {
	struct mirror_test *t;
	u8 held[64];
	bool done;
	u32 both;
	u32 won;
};

static int race_process(void *arg)
{
	struct race *race = arg;
	u32 byte;

	while (!READ_ONCE(race->done)) {
		byte = get_random_u32_below(sizeof(race->held));
		if (!mirror_local_lock(race->t, F_WRLCK, byte * 10, byte * 10 + 3)) {
			race->won++;
			race->both += READ_ONCE(race->held[byte]);
			cond_resched();
			race->both += READ_ONCE(race->held[byte]);
			mirror_local_lock(race->t, F_UNLCK, byte * 10, byte * 10 + 3);
		}
		cond_resched();
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

/* Covers are made at once and not only after a while. */
static void cover_no_quiet(struct mirror_test *t)
{
	struct ditto_mirror *mirror = ditto_mirror_begin(&t->node->point, NULL);

	if (!mirror)
		return;
	mutex_lock(&mirror->lock);
	mirror->cover_next = jiffies;
	mutex_unlock(&mirror->lock);
	ditto_mirror_end(mirror);
}

static void race_client(struct kunit *test, struct race *race)
{
	unsigned long limit = jiffies + 60 * HZ;
	u32 byte, held = 0;

	/* The process needs the CPU, too. */
	for (int i = 0; i < 20000 || (!READ_ONCE(race->won) && time_before(jiffies, limit)); i++) {
		byte = get_random_u32_below(sizeof(race->held));
		if (!(i % 64))
			cover_no_quiet(race->t);
		if (race->held[byte]) {
			WRITE_ONCE(race->held[byte], 0);
			KUNIT_EXPECT_EQ(test, mirror_unlock(race->t, byte % 2, byte * 10,
							    byte * 10 + 3), 0);
			held--;
		} else if (!mirror_lock(race->t, byte % 2, true, byte * 10, byte * 10 + 3)) {
			WRITE_ONCE(race->held[byte], 1);
			held++;
		}
		if (!(i % 1024))
			msleep(20);
		cond_resched();
	}
	KUNIT_EXPECT_GT(test, held, 0);
}

static struct ditto_open *cover_open(struct kunit *test, struct mirror_test *t)
{
	struct ditto_actor actor = { .owner = t->owner[0] };
	struct ditto_open *open;

	open = ditto_open_claim(&t->node->point, &actor, DITTO_OPEN_READ, 0, false, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	return open;
}

/* Lock and unlock a range as often as it takes until the file is covered. */
static void lock_often(struct kunit *test, struct mirror_test *t)
{
	for (u32 i = 0; i < DITTO_COVER_ASKS; i++) {
		KUNIT_EXPECT_EQ(test, cover_shown(t), 0);
		KUNIT_EXPECT_EQ(test, cover_lock(t, i % 7), 0);
		KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
		KUNIT_EXPECT_EQ(test, cover_unlock(t, i % 7), 0);
	}
}

/* Whether ranges come and go without the VFS, and so without mirror->lock. */
static bool cover_is_enough(struct mirror_test *t)
{
	struct ditto_lock_ctx *ctx;
	bool covered;

	rcu_read_lock();
	ctx = rcu_dereference(t->node->point.ctx);
	covered = ctx && READ_ONCE(ctx->covered);
	rcu_read_unlock();
	return covered;
}

/* A file whose ranges come and go stays covered as long as it is open and no process asks. */
static void a_cover_stays(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_open *open = cover_open(test, t);

	lock_often(test, t);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	KUNIT_EXPECT_FALSE(test, cover_is_enough(t));
	KUNIT_EXPECT_EQ(test, cover_lock(t, 1), 0);
	KUNIT_EXPECT_TRUE(test, cover_is_enough(t));
	KUNIT_EXPECT_EQ(test, cover_unlock(t, 1), 0);
	KUNIT_EXPECT_EQ(test, cover_lock(t, 1), 0);
	KUNIT_EXPECT_TRUE(test, cover_is_enough(t));
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, RANGE_AT(1), RANGE_AT(1)), -EAGAIN);
	expect_exact(test, t, 1);
	KUNIT_EXPECT_FALSE_MSG(test, cover_is_enough(t), "a process looks");
	KUNIT_EXPECT_EQ(test, cover_unlock(t, 1), 0);
	KUNIT_EXPECT_EQ_MSG(test, cover_shown(t), 0, "a process has met the cover");
	/* It is made again after as many requests. */
	cover_no_quiet(t);
	lock_often(test, t);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, RANGE_AT(1)), 2);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 0);
	ditto_open_release(open);
	mirror_test_end(test, t);
}

static void a_cover_ends_with_the_open(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_open *open = cover_open(test, t);

	lock_often(test, t);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	/* Ranges that end with their owner leave the cover alone, too. */
	KUNIT_EXPECT_EQ(test, cover_lock(t, 2), 0);
	ditto_range_release_owner(&t->node->point, t->owner[0]);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	ditto_open_release(open);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 0);
	mirror_test_end(test, t);
}

/* Ranges that were taken without mirror->lock are waited for, and split, as others are. */
static void requests_under_a_cover(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_open *open = cover_open(test, t);
	struct ditto_range_request req = mirror_req(t, 1, true, 15, 20);
	struct claim_wait *w = claim_wait(test);

	lock_often(test, t);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 0, 100), 0);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 50, 50), 0);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, false, 10, 12), 0);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 1, false, 11, 12), 0);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 1, true, 50, 50), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &w->wait, NULL), -EINPROGRESS);
	KUNIT_EXPECT_TRUE(test, cover_is_enough(t));
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 0, 100), 0);
	KUNIT_EXPECT_TRUE(test, await(atomic_read(&w->granted)));
	KUNIT_EXPECT_EQ(test, w->result, 0);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 20, 20), -EAGAIN);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 20), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 21), 2);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 11), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 50), 0);
	ditto_client_release(&t->client->client, "test");
	ditto_open_release(open);
	mirror_test_end(test, t);
}

/*
 * Whoever only wants to be told has nothing on the node, not even when its turn comes: others find
 * that without mirror->lock.
 */
static void a_notification_claims_nothing(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_lock_table *table = t->node->point.table;
	struct ditto_range_request req = mirror_req(t, 1, true, 15, 20);
	struct ditto_open *open = cover_open(test, t);
	struct claim_wait *w = claim_wait(test);
	u64 before;

	lock_often(test, t);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 15, 20), 0);
	w->wait.tell = true;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &w->wait, NULL), -EINPROGRESS);
	KUNIT_EXPECT_TRUE(test, cover_is_enough(t));
	before = ditto_locks_events(table, DITTO_LOCK_GRANTED);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 15, 20), 0);
	KUNIT_EXPECT_TRUE(test, await(atomic_read(&w->granted)));
	KUNIT_EXPECT_EQ(test, w->result, 0);
	KUNIT_EXPECT_EQ(test, ditto_locks_events(table, DITTO_LOCK_GRANTED), before);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 15, 20), 0);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 15, 20), 0);
	ditto_open_release(open);
	mirror_test_end(test, t);
}

/* Where a process has a lock, ranges are shown one by one. */
static void no_cover_stays_beside_a_process(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_open *open = cover_open(test, t);

	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, 50000, 50009), 0);
	for (u32 i = 0; i < 3 * DITTO_COVER_ASKS; i++) {
		KUNIT_EXPECT_EQ(test, cover_lock(t, 3), 0);
		KUNIT_EXPECT_EQ(test, cover_unlock(t, 3), 0);
		KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
		cover_no_quiet(t);
	}
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 0, OFFSET_MAX), 0);
	for (u32 i = 0; i < DITTO_COVER_ASKS; i++) {
		KUNIT_EXPECT_EQ(test, cover_lock(t, 3), 0);
		KUNIT_EXPECT_EQ(test, cover_unlock(t, 3), 0);
	}
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, RANGE_AT(3)), 2);
	ditto_open_release(open);
	mirror_test_end(test, t);
}

/* Requests that a process refuses show that it looks. */
static void refusals_make_no_cover(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_open *open = cover_open(test, t);

	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, RANGE_AT(3), RANGE_AT(3)), 0);
	for (u32 i = 0; i < 2 * DITTO_COVER_ASKS; i++)
		KUNIT_EXPECT_EQ(test, cover_lock(t, 3), -EAGAIN);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 0, OFFSET_MAX), 0);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 0);
	ditto_open_release(open);
	mirror_test_end(test, t);
}

/* A cover without ranges is not in the way of tests, nor of those who would wait. */
static void a_cover_without_ranges(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_open *open = cover_open(test, t);
	struct file_lock fl;

	lock_often(test, t);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	process_lock_fill(&fl, t->file, current, F_WRLCK, 0, OFFSET_MAX);
	KUNIT_EXPECT_EQ(test, vfs_test_lock(t->file, &fl), 0);
	KUNIT_EXPECT_EQ(test, fl.c.flc_type, F_UNLCK);
	cover_no_quiet(t);
	lock_often(test, t);
	KUNIT_EXPECT_EQ(test, cover_shown(t), 1);
	process_lock_fill(&fl, t->file, current, F_WRLCK, 0, OFFSET_MAX);
	fl.c.flc_flags |= FL_SLEEP;
	KUNIT_EXPECT_EQ(test, vfs_lock_file(t->file, F_SETLK, &fl, NULL), 0);
	KUNIT_EXPECT_EQ(test, cover_lock(t, 0), -EAGAIN);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 0, OFFSET_MAX), 0);
	ditto_open_release(open);
	mirror_test_end(test, t);
}

static void never_both(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	struct task_struct *task;

	KUNIT_ASSERT_NOT_NULL(test, race);
	race->t = mirror_test_begin(test);
	task = kthread_run(race_process, race, "ditto-kunit-race");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	race_client(test, race);
	WRITE_ONCE(race->done, true);
	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, race->both, 0);
	KUNIT_EXPECT_GT(test, race->won, 0);
	ditto_client_release(&race->t->client->client, "test");
	mirror_test_end(test, race->t);
}

static struct kunit_case claim_cover_cases[] = {
	KUNIT_CASE(many_ranges_are_one_lock),
	KUNIT_CASE(a_process_meets_ranges_not_covers),
	KUNIT_CASE(a_test_finds_the_range),
	KUNIT_CASE(ranges_without_gaps),
	KUNIT_CASE(a_process_stands_in_the_way),
	KUNIT_CASE(processes_stand_in_the_way),
	KUNIT_CASE(ranges_of_both_kinds_without_gaps),
	KUNIT_CASE(refined_in_part),
	KUNIT_CASE(upgrade_is_one_step),
	KUNIT_CASE(a_waiting_process_is_woken),
	KUNIT_CASE(courtesy_under_a_cover),
	KUNIT_CASE(a_cover_stays),
	KUNIT_CASE(requests_under_a_cover),
	KUNIT_CASE(a_notification_claims_nothing),
	KUNIT_CASE(a_cover_ends_with_the_open),
	KUNIT_CASE(no_cover_stays_beside_a_process),
	KUNIT_CASE(refusals_make_no_cover),
	KUNIT_CASE(a_cover_without_ranges),
	KUNIT_CASE_SLOW(never_both),
	{}
};

static struct kunit_suite claim_cover_suite = {
	.name = "claim_cover",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_cover_cases,
};

kunit_test_suite(claim_cover_suite);
