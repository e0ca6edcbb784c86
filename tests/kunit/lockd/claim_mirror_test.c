// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mirror of ranges, on a file of a tmpfs: local processes see the ranges of owners, and
 * owners see the locks of local processes. POSIX locks of this thread play the local process.
 */
#include <linux/cred.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/fs.h>

#include "../../../lockd/mirror.h"
#include "../await.h"
#include "claim_mirror_common.h"

static void both_see_each_other(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_conflict *conflict = kunit_kzalloc(test, sizeof(*conflict), GFP_KERNEL);
	struct ditto_range_request req = mirror_req(t, 0, true, 0, 199);

	KUNIT_ASSERT_NOT_NULL(test, conflict);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_RDLCK, 100, 109), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, conflict), -EAGAIN);
	KUNIT_EXPECT_STREQ(test, conflict->protocol, "local");
	KUNIT_EXPECT_EQ(test, conflict->first, 100);
	KUNIT_EXPECT_EQ(test, conflict->last, 109);
	KUNIT_EXPECT_FALSE(test, conflict->exclusive);
	KUNIT_EXPECT_STREQ(test, conflict->client, "process 77");
	KUNIT_EXPECT_EQ(test, ditto_range_test(&req, conflict), -EAGAIN);
	/* Nothing is left of it, in the table or in the VFS. */
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&t->client->client), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 0), 2);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, false, 0, 199), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 50), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 0, 1000), 0);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 50, 59), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 49), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 50), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 59), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 60), 1);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 55, 100), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 54), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 55), 2);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 100), 2);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 101), 1);
	/* The ranges of two owners are separate. */
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 1, false, 150, 300), 0);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 0, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 149), 2);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 150), 1);
	/* Bytes that the VFS cannot express are held in the table only. */
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 1ULL << 63, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 1, true, U64_MAX, U64_MAX), -EAGAIN);
	mirror_test_end(test, t);
}

/*
 * A range that waited for a local process is undone, also in the VFS: the owner has again what it
 * had, and no more.
 */
static void undo_is_shown(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct claim_wait *w = claim_wait(test);
	struct ditto_range_request req = mirror_req(t, 0, true, 0, 29);
	struct ditto_range_before past = {};

	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, false, 10, 19), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, 25, 25), 0);
	req.past = &past;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &w->wait, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 25, 25), 0);
	await(atomic_read(&w->granted));
	KUNIT_EXPECT_EQ(test, w->result, 0);
	KUNIT_EXPECT_EQ(test, past.count, 2);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 15), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 29), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_undo(&req, &past), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 0), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 9), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 10), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 19), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 20), 2);
	mirror_test_end(test, t);
}

/* EXACT ranges stack; the VFS sees the strongest one of each byte. */
static void stacks_are_shown_as_one(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_range_request outer = mirror_req(t, 0, false, 0, 99);
	struct ditto_range_request inner = mirror_req(t, 0, true, 40, 49);
	struct ditto_range_request again = mirror_req(t, 0, false, 45, 60);

	outer.discipline = DITTO_EXACT;
	inner.discipline = DITTO_EXACT;
	again.discipline = DITTO_EXACT;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&inner, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&outer, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&again, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 39), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 40), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 49), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 50), 1);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&inner), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 45), 1);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&outer), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 44), 2);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 45), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 61), 2);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&again), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 45), 2);
	mirror_test_end(test, t);
}

/* A range that is shown is one claim from the start, unless it joins others of its owner. */
static void shown_range_is_granted_once(struct kunit *test)
{
	struct ditto_lock_table *table = claim_table(test);
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_client *client = &t->client->client;
	struct ditto_range_request req = mirror_req(t, 0, true, 10, 19);
	u64 granted = ditto_locks_events(table, DITTO_LOCK_GRANTED);

	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_locks_events(table, DITTO_LOCK_GRANTED), granted + 1);
	/* It is found as what it is. */
	KUNIT_EXPECT_TRUE(test, ditto_range_owner_has_posix(req.point, req.owner));
	/* One byte lies between them. */
	req = mirror_req(t, 0, true, 21, 29);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_client_live(client, DITTO_CLAIM_RANGE), 2);
	/* Those of another owner are not joined. */
	req = mirror_req(t, 1, true, 30, U64_MAX);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_client_live(client, DITTO_CLAIM_RANGE), 3);
	req = mirror_req(t, 0, true, 20, 20);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_client_live(client, DITTO_CLAIM_RANGE), 2);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 9), 2);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 20), 0);
	/* A part in another mode, inside of it. */
	req = mirror_req(t, 0, false, 15, 16);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_client_live(client, DITTO_CLAIM_RANGE), 4);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 15), 1);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 0, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 1, 0, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, ditto_client_live(client, DITTO_CLAIM_RANGE), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 30), 2);
	mirror_test_end(test, t);
}

static bool granted_soon(struct claim_wait *w)
{
	return await(atomic_read(&w->granted)) && !w->result;
}

static void waits_for_a_local_process(struct kunit *test)
{
	struct ditto_range_request req;
	struct mirror_test *t = mirror_test_begin(test);
	struct claim_wait *first = claim_wait(test), *second = claim_wait(test);
	struct claim_wait *gone = claim_wait(test);

	req = mirror_req(t, 0, true, 0, 99);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, 50, 59), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &first->wait, NULL), -EINPROGRESS);
	req = mirror_req(t, 1, true, 90, 120);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &second->wait, NULL), -EINPROGRESS);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&first->granted) + atomic_read(&second->granted), 0);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&t->client->client), 0);
	/* A request that is cancelled while it waits in the VFS. */
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, 1000, 1009), 0);
	req = mirror_req(t, 1, true, 1000, 1000);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &gone->wait, NULL), -EINPROGRESS);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&req), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&gone->released), 1);

	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 0, 2000), 0);
	KUNIT_EXPECT_TRUE(test, granted_soon(first));
	KUNIT_EXPECT_FALSE(test, atomic_read(&second->granted));
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 99), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 100), 2);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 0, 99), 0);
	KUNIT_EXPECT_TRUE(test, granted_soon(second));
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 0), 2);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 120), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&gone->granted), 0);
	mirror_test_end(test, t);
}

/* A request without a file that waits is shown to local processes, once others have a file. */
static void waits_until_a_file_comes(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_range_request plain[2];
	struct claim_wait *wait = claim_wait(test);

	for (u32 i = 0; i < 2; i++)
		plain[i] = claim_req(t->node, t->owner[i], true, 0, 9);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&plain[0], NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&plain[1], &wait->wait, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 100, 109), 0);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 0, 9), 0);
	KUNIT_EXPECT_TRUE(test, granted_soon(wait));
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 5), 0);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 1, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 5), 2);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 100, 109), 0);
	mirror_test_end(test, t);
}

/* A file system with locks of its own: it refuses, and does not notify waiters. */
static int refusing_lock(struct file *file, int cmd, struct file_lock *fl)
{
	int err;

	if (cmd == F_GETLK) {
		posix_test_lock(file, fl);
		return 0;
	}
	fl->c.flc_flags &= ~FL_SLEEP;
	err = posix_lock_file(file, fl, NULL);
	return err == FILE_LOCK_DEFERRED ? -EAGAIN : err;
}

static const struct file_operations refusing = { .lock = refusing_lock };

/* A request that waits there retries by itself. */
static void waits_where_nobody_tells(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	const struct file_operations *real = t->file->f_op;
	struct claim_wait *wait = claim_wait(test), *gone = claim_wait(test);
	struct ditto_range_request req = mirror_req(t, 0, true, 0, 99);

	t->file->f_op = &refusing;
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, 50, 59), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &wait->wait, NULL), -EINPROGRESS);
	req = mirror_req(t, 1, true, 55, 55);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &gone->wait, NULL), -EINPROGRESS);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&wait->granted), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&req), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 0, 100), 0);
	KUNIT_EXPECT_TRUE(test, granted_soon(wait));
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 99), 0);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 0, 99), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 99), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&gone->granted), 0);
	/* Work of the cancelled request may still use the file. */
	await(atomic_read(&gone->released));
	KUNIT_EXPECT_EQ(test, atomic_read(&gone->released), 1);
	t->file->f_op = real;
	mirror_test_end(test, t);
}

/* A request that leaves the queue does not wait for the retry. */
static void leaves_before_the_retry(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	const struct file_operations *real = t->file->f_op;
	struct claim_wait *cancelled = claim_wait(test), *released = claim_wait(test);
	struct ditto_range_request req[2] = {
		mirror_req(t, 0, true, 0, 9), mirror_req(t, 1, true, 20, 29),
	};

	t->file->f_op = &refusing;
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, 0, 99), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req[0], &cancelled->wait, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req[1], &released->wait, NULL), -EINPROGRESS);
	claim_flush(test);
	/* Flushing waits for no timer. */
	KUNIT_EXPECT_EQ(test, ditto_range_cancel(&req[0]), 0);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&cancelled->released), 1);
	ditto_range_release_owner(&t->node->point, t->owner[1]);
	claim_flush(test);
	KUNIT_EXPECT_EQ(test, released->result, -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, atomic_read(&released->released), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 0, 99), 0);
	t->file->f_op = real;
	mirror_test_end(test, t);
}

static fmode_t asked_with;

static int noting_lock(struct file *file, int cmd, struct file_lock *fl)
{
	if (fl->c.flc_type == F_WRLCK)
		asked_with = file->f_mode;
	return refusing_lock(file, cmd, fl);
}

static const struct file_operations noting = { .lock = noting_lock };

/* Such a file system needs a file open for writing, even if the first one was not. */
static void writers_ask_with_their_file(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct file *reader = dentry_open(&t->file->f_path, O_RDONLY, current_cred());
	struct ditto_range_request req = mirror_req(t, 0, false, 0, 9);
	const struct file_operations *real = t->file->f_op;

	KUNIT_ASSERT_FALSE(test, IS_ERR(reader));
	reader->f_op = &noting;
	t->file->f_op = &noting;
	req.filp = reader;
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 5, 5), 0);
	KUNIT_EXPECT_TRUE(test, asked_with & FMODE_WRITE);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 4), 1);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 5), 0);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 5), 2);
	claim_flush(test);
	reader->f_op = real;
	t->file->f_op = real;
	fput(reader);
	mirror_test_end(test, t);
}

/* Lock as a process of the server does; this thread is a kernel thread. */
static int process_locks(struct mirror_test *t)
{
	int err;

	current->flags &= ~PF_KTHREAD;
	err = mirror_local_lock(t, F_WRLCK, 0, 9);
	current->flags |= PF_KTHREAD;
	return err;
}

/* A courtesy client yields to local processes as to other clients. */
static void courtesy_client_yields_to_a_process(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);

	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, process_locks(t), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client->client, true));
	/* Operations of the server's own threads were checked by the table. */
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, 0, 9), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client->client, true));
	KUNIT_EXPECT_EQ(test, process_locks(t), 0);
	KUNIT_EXPECT_EQ(test, t->client->released, 1);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&t->client->client), 0);
	mirror_local_lock(t, F_UNLCK, 0, 9);
	mirror_test_end(test, t);
}

struct rescue {
	struct delayed_work work;
	struct claim_client *client;
};

static void rescue_work(struct work_struct *work)
{
	WRITE_ONCE(container_of(to_delayed_work(work), struct rescue, work)->client->stuck, 0);
}

/* If a process would wait forever, let it continue, and fail the test. */
static void rescue_begin(struct kunit *test, struct rescue *rescue, struct mirror_test *t)
{
	rescue->client = t->client;
	INIT_DELAYED_WORK_ONSTACK(&rescue->work, rescue_work);
	schedule_delayed_work(&rescue->work, 20 * HZ);
}

static void rescue_end(struct kunit *test, struct rescue *rescue)
{
	KUNIT_EXPECT_TRUE(test, cancel_delayed_work_sync(&rescue->work));
	destroy_delayed_work_on_stack(&rescue->work);
}

/* The lock of a client that cannot be withdrawn refuses instead of being waited for. */
static void process_is_refused_without_withdrawal(struct kunit *test)
{
	struct mirror_test *t = mirror_test_stuck(test);
	struct rescue rescue;

	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 0, 9), 0);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client->client, true));
	rescue_begin(test, &rescue, t);
	for (int i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, process_locks(t), -EAGAIN);
	rescue_end(test, &rescue);
	KUNIT_EXPECT_EQ(test, t->client->released, 0);
	/* Later attempts are made without a further conflict. */
	WRITE_ONCE(t->client->stuck, 0);
	flush_delayed_work(&t->client->client.yield);
	KUNIT_EXPECT_EQ(test, t->client->released, 1);
	KUNIT_EXPECT_EQ(test, process_locks(t), 0);
	mirror_local_lock(t, F_UNLCK, 0, 9);
	mirror_test_end(test, t);
}

/* A client that renewed and falls silent again is waited for again. */
static void process_waits_after_a_return(struct kunit *test)
{
	struct mirror_test *t = mirror_test_stuck(test);
	struct rescue rescue;

	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 0, 9), 0);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client->client, true));
	rescue_begin(test, &rescue, t);
	KUNIT_EXPECT_EQ(test, process_locks(t), -EAGAIN);
	rescue_end(test, &rescue);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client->client, false));
	WRITE_ONCE(t->client->stuck, 0);
	flush_delayed_work(&t->client->client.yield);
	KUNIT_EXPECT_EQ(test, process_locks(t), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client->client, true));
	KUNIT_EXPECT_EQ(test, process_locks(t), 0);
	KUNIT_EXPECT_EQ(test, t->client->released, 1);
	mirror_local_lock(t, F_UNLCK, 0, 9);
	mirror_test_end(test, t);
}

static void hang_ends(struct work_struct *work)
{
	complete(container_of(to_delayed_work(work), struct rescue, work)->client->slow);
}

/* A slow attempt is not waited for either. */
static void process_is_refused_if_withdrawal_hangs(struct kunit *test)
{
	struct ditto_range_request req;
	DECLARE_COMPLETION_ONSTACK(slow);
	struct mirror_test *t = mirror_test_begin(test);
	struct claim_client *other = claim_client(test, "other", 0);
	struct ditto_owner *owner = claim_owner(test, other, 7);
	struct rescue rescue = { .client = t->client };

	t->client->client.ops = &claim_recorded_ops;
	t->client->slow = &slow;
	req = claim_req(t->node, owner, true, 0, 9);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 0, 9), 0);
	KUNIT_EXPECT_TRUE(test, ditto_client_set_courtesy(&t->client->client, true));
	KUNIT_EXPECT_EQ(test, ditto_range_test(&req, NULL), -EBUSY);
	INIT_DELAYED_WORK_ONSTACK(&rescue.work, hang_ends);
	schedule_delayed_work(&rescue.work, 60 * HZ);
	KUNIT_EXPECT_EQ(test, process_locks(t), -EAGAIN);
	KUNIT_EXPECT_EQ(test, t->client->released, 0);
	KUNIT_EXPECT_TRUE(test, mod_delayed_work(system_wq, &rescue.work, 0));
	flush_delayed_work(&rescue.work);
	destroy_delayed_work_on_stack(&rescue.work);
	flush_delayed_work(&t->client->client.yield);
	KUNIT_EXPECT_EQ(test, process_locks(t), 0);
	mirror_local_lock(t, F_UNLCK, 0, 9);
	t->client->slow = NULL;
	ditto_owner_put(owner);
	claim_client_end(test, other);
	mirror_test_end(test, t);
}

/* A released client's locks leave the VFS, including those it waits for. */
static void release_is_shown(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_range_request req = mirror_req(t, 1, true, 500, 509);
	struct claim_wait *wait = claim_wait(test);

	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, false, 20, 29), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_WRLCK, 505, 505), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, &wait->wait, NULL), -EINPROGRESS);
	claim_flush(test);
	ditto_client_release(&t->client->client, "test");
	KUNIT_EXPECT_EQ(test, wait->result, -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 5), 2);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 25), 2);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 0, 1000), 0);
	mirror_test_end(test, t);
}

/* One mirror shows the ranges of an old and of a new lock context. */
static void one_mirror_for_a_node(struct kunit *test)
{
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_mirror *mirror, *again;

	mirror = ditto_mirror_hold(ditto_mirror_begin(&t->node->point, t->file));
	ditto_mirror_end(mirror);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(t->node->point.ctx));
	KUNIT_EXPECT_NULL(test, ditto_mirror_begin(&t->node->point, NULL));
	again = ditto_mirror_begin(&t->node->point, t->file);
	KUNIT_EXPECT_PTR_EQ(test, again, mirror);
	ditto_mirror_put(mirror);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 5), 0);
	ditto_mirror_end(again);
	KUNIT_EXPECT_EQ(test, mirror_unlock(t, 0, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_may(t, 5), 2);
	mirror_test_end(test, t);
}

/* Local locks are mandatory for callers whose own ranges are, and advisory for others. */
static void local_locks_stop_exact_io(struct kunit *test)
{
	struct ditto_intent intent = { .kind = DITTO_INTENT_READ, .first = 5, .last = 5 };
	struct mirror_test *t = mirror_test_begin(test);
	struct ditto_actor actor = { .owner = t->owner[0] };

	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_RDLCK, 0, 9), 0);
	KUNIT_EXPECT_EQ(test, mirror_lock(t, 0, true, 100, 109), 0);
	for (int exact = 0; exact < 2; exact++) {
		actor.exact = exact;
		intent.kind = DITTO_INTENT_READ;
		KUNIT_EXPECT_EQ(test, ditto_mirror_check_io(t->file, &intent, &actor, NULL), 0);
		intent.kind = DITTO_INTENT_WRITE;
		KUNIT_EXPECT_EQ(test, ditto_mirror_check_io(t->file, &intent, &actor, NULL),
				exact ? -EAGAIN : 0);
	}
	/* The caller's own ranges do not stop it. */
	intent.first = 100;
	intent.last = 109;
	KUNIT_EXPECT_EQ(test, ditto_mirror_check_io(t->file, &intent, &actor, NULL), 0);
	KUNIT_EXPECT_EQ(test, mirror_local_lock(t, F_UNLCK, 0, 9), 0);
	mirror_test_end(test, t);
}

static struct kunit_case claim_mirror_cases[] = {
	KUNIT_CASE(local_locks_stop_exact_io),
	KUNIT_CASE(both_see_each_other),
	KUNIT_CASE(undo_is_shown),
	KUNIT_CASE(stacks_are_shown_as_one),
	KUNIT_CASE(shown_range_is_granted_once),
	KUNIT_CASE(waits_for_a_local_process),
	KUNIT_CASE(waits_until_a_file_comes),
	KUNIT_CASE(leaves_before_the_retry),
	KUNIT_CASE_SLOW(waits_where_nobody_tells),
	KUNIT_CASE(writers_ask_with_their_file),
	KUNIT_CASE(courtesy_client_yields_to_a_process),
	KUNIT_CASE(process_is_refused_without_withdrawal),
	KUNIT_CASE(process_waits_after_a_return),
	KUNIT_CASE_SLOW(process_is_refused_if_withdrawal_hangs),
	KUNIT_CASE(release_is_shown),
	KUNIT_CASE(one_mirror_for_a_node),
	{}
};

static struct kunit_suite claim_mirror_suite = {
	.name = "claim_mirror",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_mirror_cases,
};

kunit_test_suite(claim_mirror_suite);
