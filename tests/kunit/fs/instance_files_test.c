// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open instances keep the files that they read and write, within the limit of files, and their
 * nodes off the LRU. Each learns of lost data. Their paths are read while files are renamed. A
 * watch outlives its instance while the share is being removed.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/pagemap.h>
#include <linux/uio.h>

#include "../../../fs/node/file.h"
#include "../../../fs/node/node_private.h"
#include "../../../fs/node/watch.h"
#include "../../../fs/open/instance.h"
#include "../../../lockd/table.h"
#include "../await.h"
#include "../test_client.h"
#include "folder.h"

#define R	DITTO_RIGHT_READ_DATA
#define W	DITTO_RIGHT_WRITE_DATA

DEFINE_FOLDER(folder, "kunit-instance-files")
static struct test_client client;
static struct ditto_actor actor;

static void files_begin(struct kunit *test)
{
	folder_begin(test, &folder);
	test_client_begin(&client, folder.srv->locks);
	actor = (struct ditto_actor){ .client = &client.client, .exact = true };
	folder.op.actor = &actor;
}

static void files_end(struct kunit *test)
{
	test_client_end(&client);
	folder.op.actor = NULL;
	folder_end(test, &folder);
}

static struct ditto_instance *must_open(struct kunit *test, const char *path, u32 rights)
{
	const struct ditto_setattr plain = { .valid = DITTO_SET_MODE, .mode = 0644 };
	const struct ditto_open_request req = {
		.path = path, .path_len = strlen(path), .how = DITTO_OPEN_OR_CREATE,
		.rights = rights, .set = &plain,
	};
	static u32 owners;
	struct ditto_owner *owner;
	struct ditto_opened opened;

	owners++;
	owner = ditto_owner_get(&client.client, &owners, sizeof(owners));
	KUNIT_ASSERT_FALSE(test, IS_ERR(owner));
	actor.owner = owner;
	actor.lease_owner = owner;
	KUNIT_EXPECT_EQ(test, ditto_instance_open(&folder.op, &req, &opened), 0);
	ditto_owner_put(owner);
	KUNIT_ASSERT_NOT_NULL(test, opened.inst);
	return opened.inst;
}

/* Read or write a byte, and return the number of files that the server then has open. */
static int files_after_io(struct kunit *test, struct ditto_instance *inst, bool writes)
{
	struct kvec vec = { .iov_base = "x", .iov_len = 1 };
	struct ditto_op op = folder.op;
	struct ditto_node *node;
	struct iov_iter iter;
	u64 verifier;
	bool eof;
	char byte;
	int n;

	KUNIT_ASSERT_EQ(test, ditto_instance_begin(inst, &op, &node), 0);
	if (writes) {
		iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, 1);
		KUNIT_EXPECT_EQ(test, ditto_write(&op, node, 0, &iter, DITTO_UNSTABLE, &verifier,
						  NULL), 1);
	} else {
		vec.iov_base = &byte;
		iov_iter_kvec(&iter, ITER_DEST, &vec, 1, 1);
		KUNIT_EXPECT_EQ(test, ditto_read(&op, node, 0, &iter, &eof), 1);
	}
	/* Without the cache, what is left is what instances keep. */
	ditto_nodes_flush(folder.srv);
	n = atomic_read(&node->opens[0]) + atomic_read(&node->opens[1]);
	ditto_instance_end(inst, &op);
	return n;
}

static s64 files_pinned(void)
{
	return percpu_counter_sum(&folder.srv->nodes->pinned);
}

static void files_kept(struct kunit *test)
{
	struct ditto_instance *both, *reader, *other;

	files_begin(test);
	both = must_open(test, "file", R | W);
	reader = must_open(test, "file", R);
	KUNIT_EXPECT_EQ(test, files_pinned(), 0);
	KUNIT_EXPECT_EQ(test, files_after_io(test, both, true), 1);
	/* A file open for writing serves reads, and is used again. */
	KUNIT_EXPECT_EQ(test, files_after_io(test, both, false), 1);
	KUNIT_EXPECT_EQ(test, files_after_io(test, both, true), 1);
	KUNIT_EXPECT_EQ(test, files_pinned(), 1);
	KUNIT_EXPECT_EQ(test, files_after_io(test, reader, false), 2);
	KUNIT_EXPECT_EQ(test, files_pinned(), 2);
	ditto_instance_close(&folder.op, both);
	KUNIT_EXPECT_EQ(test, files_pinned(), 1);
	KUNIT_EXPECT_EQ(test, files_after_io(test, reader, false), 1);

	/* Opens that are not used for data keep none. */
	other = must_open(test, "other", R);
	ditto_instance_close(&folder.op, other);
	ditto_instance_close(&folder.op, reader);
	KUNIT_EXPECT_EQ(test, files_pinned(), 0);
	folder_remove(test, &folder, "file", false);
	folder_remove(test, &folder, "other", false);
	files_end(test);
}

/* A reader does not keep the file that the cache has for a writer. */
static void files_kept_by_mode(struct kunit *test)
{
	struct ditto_instance *reader;
	struct ditto_node *node;
	struct ditto_file *df;
	struct ditto_op op;

	files_begin(test);
	op = folder.op;
	reader = must_open(test, "file", R);
	KUNIT_ASSERT_EQ(test, ditto_instance_begin(reader, &op, &node), 0);
	df = ditto_file_get(folder.share, node, DITTO_FILE_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(df));
	ditto_file_put(df);
	df = ditto_file_get_pinned(folder.share, node, DITTO_FILE_READ, op.pins);
	KUNIT_ASSERT_FALSE(test, IS_ERR(df));
	KUNIT_EXPECT_EQ(test, df->mode, DITTO_FILE_WRITE);
	ditto_file_put(df);
	ditto_nodes_flush(folder.srv);
	KUNIT_EXPECT_EQ(test, atomic_read(&node->opens[1]), 0);
	KUNIT_EXPECT_EQ(test, files_pinned(), 0);
	ditto_instance_end(reader, &op);
	ditto_instance_close(&folder.op, reader);
	folder_remove(test, &folder, "file", false);
	files_end(test);
}

static void files_kept_limit(struct kunit *test)
{
	struct ditto_instance *inst[4];
	char name[2] = "a";
	u32 limit;

	files_begin(test);
	limit = folder.srv->settings.file_limit;
	folder.srv->settings.file_limit = 3;
	for (size_t i = 0; i < ARRAY_SIZE(inst); i++) {
		name[0] = 'a' + i;
		inst[i] = must_open(test, name, R | W);
		KUNIT_EXPECT_EQ(test, files_after_io(test, inst[i], true), i < 3);
		KUNIT_EXPECT_EQ(test, files_pinned(), min_t(int, i + 1, 3));
	}
	/* One that is closed makes room. */
	ditto_instance_close(&folder.op, inst[0]);
	KUNIT_EXPECT_EQ(test, files_after_io(test, inst[3], true), 1);
	folder.srv->settings.file_limit = limit;
	for (size_t i = 1; i < ARRAY_SIZE(inst); i++)
		ditto_instance_close(&folder.op, inst[i]);
	KUNIT_EXPECT_EQ(test, files_pinned(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(inst); i++) {
		name[0] = 'a' + i;
		folder_remove(test, &folder, name, false);
	}
	files_end(test);
}

/* Sync through an instance. */
static int sync_error(struct kunit *test, struct ditto_instance *inst)
{
	struct ditto_op op = folder.op;
	struct ditto_node *node;
	struct ditto_wcc wcc;
	u64 verifier;
	int err;

	KUNIT_ASSERT_EQ(test, ditto_instance_begin(inst, &op, &node), 0);
	err = ditto_fsync(&op, node, 0, 0, &verifier, &wcc);
	ditto_instance_end(inst, &op);
	return err;
}

static void lose_data(struct kunit *test, struct ditto_instance *inst)
{
	struct ditto_op op = folder.op;
	struct ditto_node *node;

	KUNIT_ASSERT_EQ(test, ditto_instance_begin(inst, &op, &node), 0);
	mapping_set_error(node->inode->i_mapping, -EIO);
	ditto_instance_end(inst, &op);
}

/*
 * Each instance that wrote learns once that data was lost, whoever else did, and whether the file
 * stayed open.
 */
static void errors_told_each(struct kunit *test)
{
	struct ditto_instance *first, *second, *reader, *late;

	files_begin(test);
	first = must_open(test, "file", R | W);
	second = must_open(test, "file", R | W);
	reader = must_open(test, "file", R | W);
	late = must_open(test, "file", R | W);
	files_after_io(test, first, true);
	files_after_io(test, second, true);
	KUNIT_EXPECT_EQ(test, sync_error(test, first), 0);
	files_after_io(test, reader, false);
	lose_data(test, first);
	KUNIT_EXPECT_EQ(test, sync_error(test, second), -EIO);
	files_after_io(test, late, true);
	KUNIT_EXPECT_EQ(test, sync_error(test, first), -EIO);
	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, sync_error(test, first), 0);
		KUNIT_EXPECT_EQ(test, sync_error(test, second), 0);
		KUNIT_EXPECT_EQ(test, sync_error(test, reader), 0);
		KUNIT_EXPECT_EQ(test, sync_error(test, late), 0);
	}

	/* The next write tells nobody, and takes the error from nobody. */
	lose_data(test, first);
	files_after_io(test, second, true);
	KUNIT_EXPECT_EQ(test, sync_error(test, first), -EIO);
	KUNIT_EXPECT_EQ(test, sync_error(test, second), -EIO);
	KUNIT_EXPECT_EQ(test, sync_error(test, late), -EIO);
	KUNIT_EXPECT_EQ(test, sync_error(test, first), 0);
	ditto_instance_close(&folder.op, first);
	ditto_instance_close(&folder.op, second);
	ditto_instance_close(&folder.op, reader);
	ditto_instance_close(&folder.op, late);
	folder_remove(test, &folder, "file", false);
	files_end(test);
}

static unsigned long on_lru(void)
{
	return list_lru_count(&folder.srv->nodes->lru);
}

static long off_lru(void)
{
	return atomic_long_read(&folder.srv->nodes->off_lru);
}

/* Files that clients have open are not unused: others are kept beside them, up to the limit. */
static void nodes_claimed(struct kunit *test)
{
	u32 limit = folder.srv->settings.node_limit;
	struct ditto_instance *inst[40];
	unsigned long most = 0;
	char name[8];

	files_begin(test);
	ditto_nodes_flush(folder.srv);
	KUNIT_EXPECT_EQ(test, off_lru(), 0);
	folder.srv->settings.node_limit = 16;
	for (size_t i = 0; i < ARRAY_SIZE(inst); i++) {
		snprintf(name, sizeof(name), "c%zu", i);
		inst[i] = must_open(test, name, R);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ditto_node_put(folder_make(test, &folder, name, 0644, false));
		/* The first scans take the claimed nodes off. */
		if (i >= 10)
			most = max(most, on_lru());
	}
	KUNIT_EXPECT_LE(test, most, 18);
	KUNIT_EXPECT_GE(test, most, 10);
	KUNIT_EXPECT_EQ(test, off_lru(), ARRAY_SIZE(inst));
	KUNIT_EXPECT_EQ(test, ditto_nodes_count(folder.srv), on_lru() + off_lru());

	/* Removed while it is open, or closed: each node is counted once. */
	folder_remove(test, &folder, "c0", false);
	for (size_t i = 0; i < ARRAY_SIZE(inst); i++)
		ditto_instance_close(&folder.op, inst[i]);
	KUNIT_EXPECT_EQ(test, off_lru(), 0);
	KUNIT_EXPECT_EQ(test, ditto_nodes_count(folder.srv), on_lru());
	folder.srv->settings.node_limit = limit;
	for (size_t i = 1; i < ARRAY_SIZE(inst); i++) {
		snprintf(name, sizeof(name), "c%zu", i);
		folder_remove(test, &folder, name, false);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		folder_remove(test, &folder, name, false);
	}
	files_end(test);
}

#define SHORT_NAME	"short"
#define LONG_NAME	"a name too long to be kept within its dentry, so that it is elsewhere"

static atomic_t path_reads;
static atomic_t path_errors;

static int path_reader(void *arg)
{
	struct ditto_instance *inst = arg;
	char buf[128], *path;

	while (!kthread_should_stop()) {
		path = ditto_instance_path(inst, buf, sizeof(buf));
		if (IS_ERR(path) || (strcmp(path, SHORT_NAME) && strcmp(path, LONG_NAME)))
			atomic_inc(&path_errors);
		atomic_inc(&path_reads);
		cond_resched();
	}
	return 0;
}

/* Each path is that of one moment. */
static void path_while_renamed(struct kunit *test)
{
	const struct ditto_name names[] = {
		{ .name = SHORT_NAME, .len = strlen(SHORT_NAME) },
		{ .name = LONG_NAME, .len = strlen(LONG_NAME) },
	};
	struct ditto_wcc from, to;
	struct ditto_instance *inst;
	struct task_struct *reader;

	files_begin(test);
	inst = must_open(test, SHORT_NAME, DITTO_RIGHT_READ_ATTRS);
	atomic_set(&path_reads, 0);
	atomic_set(&path_errors, 0);
	reader = kthread_run(path_reader, inst, "ditto-kunit-path");
	KUNIT_ASSERT_FALSE(test, IS_ERR(reader));
	for (int i = 0; i < 2000; i++) {
		KUNIT_EXPECT_EQ(test, ditto_rename(&folder.op, folder.root, &names[i & 1],
						   &folder.op, folder.root, &names[~i & 1],
						   &from, &to), 0);
		if (!(i % 16))
			cond_resched();
	}
	/* The reader may not have run yet, on one CPU. */
	while (!atomic_read(&path_reads))
		schedule_timeout_uninterruptible(1);
	kthread_stop(reader);
	KUNIT_EXPECT_EQ(test, atomic_read(&path_errors), 0);
	ditto_instance_close(&folder.op, inst);
	folder_remove(test, &folder, SHORT_NAME, false);
	files_end(test);
}

/**
 * struct closed_watch - a watch whose instance is closed
 * @watch: the watch
 * @ended: how often it has ended
 */
struct closed_watch {
	struct ditto_watch watch;
	atomic_t ended;
};

static void closed_watch_changed(struct ditto_watch *watch, const struct ditto_watch_event *event)
{
}

static void closed_watch_told(struct ditto_watch *watch) {}

static void closed_watch_ended(struct ditto_watch *watch)
{
	atomic_inc(&container_of(watch, struct closed_watch, watch)->ended);
}

static const struct ditto_watch_ops closed_watch_ops = {
	.changed = closed_watch_changed,
	.lost = closed_watch_told,
	.delete_pending = closed_watch_told,
	.ended = closed_watch_ended,
};

/* A request keeps a share from being removed; an instance is closed meanwhile. */
static void watch_outlives_close(struct kunit *test)
{
	struct closed_watch *closed = kunit_kzalloc(test, sizeof(*closed), GFP_KERNEL);
	u32 drain = folder.srv->settings.drain_ms;
	struct ditto_instance *inst;

	KUNIT_ASSERT_NOT_NULL(test, closed);
	closed->watch.ops = &closed_watch_ops;
	closed->watch.what = DITTO_CHANGED_FILE_NAME;
	files_begin(test);
	ditto_node_put(folder_make(test, &folder, "dir", 0700, true));
	inst = must_open(test, "dir", R);
	KUNIT_EXPECT_EQ(test, ditto_instance_watch(inst, &closed->watch), 0);

	folder.srv->settings.drain_ms = 100;
	KUNIT_EXPECT_EQ(test, ditto_share_del(folder.srv, folder.name, NULL), -ETIMEDOUT);
	folder.srv->settings.drain_ms = drain;
	ditto_instance_close(&folder.op, inst);
	KUNIT_EXPECT_EQ(test, atomic_read(&closed->ended), 0);

	folder_end(test, &folder);
	await(atomic_read(&closed->ended));
	KUNIT_EXPECT_EQ(test, atomic_read(&closed->ended), 1);
	/* Its memory goes with the test, when no notification may be under way. */
	synchronize_rcu();

	KUNIT_ASSERT_EQ(test, folder_share(&folder), 0);
	folder_begin(test, &folder);
	folder_remove(test, &folder, "dir", true);
	files_end(test);
}

static struct kunit_case files_cases[] = {
	KUNIT_CASE(files_kept),
	KUNIT_CASE(files_kept_by_mode),
	KUNIT_CASE(files_kept_limit),
	KUNIT_CASE(errors_told_each),
	KUNIT_CASE(nodes_claimed),
	KUNIT_CASE(path_while_renamed),
	KUNIT_CASE(watch_outlives_close),
	{}
};

static struct kunit_suite files_suite = {
	.name = "ditto_instance_files",
	.suite_init = folder_suite_init,
	.suite_exit = folder_suite_exit,
	.test_cases = files_cases,
};

kunit_test_suite(files_suite);
