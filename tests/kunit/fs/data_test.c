// SPDX-License-Identifier: GPL-2.0-only
/* Reads and writes, and what others do at the same moment, on a tmpfs. */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/uio.h>

#include "../../../fs/node/file.h"
#include "../../../fs/op/op.h"
#include "folder.h"

DEFINE_FOLDER(folder, "kunit-data")

/**
 * struct meeting - a file, and what happens while it is read or written
 * @node: the file
 * @df: its open file
 * @real: operations of @df
 * @meanwhile: called once, when the file system has read or written, before the server goes on
 * @synced: result of a sync by @meanwhile
 * @failure: result of writes that fail
 */
struct meeting {
	struct ditto_node *node;
	struct ditto_file *df;
	const struct file_operations *real;
	void (*meanwhile)(void);
	int synced;
	int failure;
};

static struct meeting meeting;

static void data_meet(void)
{
	void (*meanwhile)(void) = meeting.meanwhile;

	meeting.meanwhile = NULL;
	if (meanwhile)
		meanwhile();
}

static ssize_t data_meet_read(struct kiocb *kiocb, struct iov_iter *iter)
{
	ssize_t n = meeting.real->read_iter(kiocb, iter);

	data_meet();
	return n;
}

static ssize_t data_meet_write(struct kiocb *kiocb, struct iov_iter *iter)
{
	ssize_t n = meeting.real->write_iter(kiocb, iter);

	data_meet();
	return n;
}

static const struct file_operations meeting_ops = {
	.read_iter = data_meet_read,
	.write_iter = data_meet_write,
	.fsync = noop_fsync,
};

static ssize_t data_write(loff_t pos, const char *text, enum ditto_stable stable, u64 *verifier)
{
	struct kvec vec = { .iov_base = (void *)text, .iov_len = strlen(text) };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	return ditto_write(&folder.op, meeting.node, pos, &iter, stable, verifier, NULL);
}

static ssize_t data_read(loff_t pos, size_t count, bool *eof)
{
	static char buffer[64];
	struct kvec vec = { .iov_base = buffer, .iov_len = count };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	return ditto_read(&folder.op, meeting.node, pos, &iter, eof);
}

static int data_fsync(u64 *verifier)
{
	struct ditto_wcc wcc;

	return ditto_fsync(&folder.op, meeting.node, 0, 0, verifier, &wcc);
}

/* A file of four bytes, whose open file is used for all that follows. */
static void data_begin(struct kunit *test, const struct file_operations *ops)
{
	u64 verifier;

	meeting.node = folder_make(test, &folder, "file", 0600, false);
	KUNIT_EXPECT_EQ(test, data_write(0, "data", DITTO_UNSTABLE, &verifier), 4);
	meeting.df = ditto_file_get(folder.share, meeting.node, DITTO_FILE_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(meeting.df));
	meeting.real = meeting.df->file->f_op;
	meeting.df->file->f_op = ops;
}

static void data_end(struct kunit *test)
{
	meeting.df->file->f_op = meeting.real;
	ditto_file_put(meeting.df);
	ditto_node_put(meeting.node);
	folder_remove(test, &folder, "file", false);
}

static void data_grow(void)
{
	u64 verifier;

	data_write(4, "more", DITTO_UNSTABLE, &verifier);
}

/* Clients take a read of nothing without the end of the file for an error. */
static void read_meets_growth(struct kunit *test)
{
	bool eof = false;

	data_begin(test, &meeting_ops);
	meeting.meanwhile = data_grow;
	KUNIT_EXPECT_EQ(test, data_read(4, 16, &eof), 0);
	KUNIT_EXPECT_TRUE(test, eof);
	KUNIT_EXPECT_EQ(test, data_read(4, 16, &eof), 4);
	KUNIT_EXPECT_TRUE(test, eof);
	KUNIT_EXPECT_EQ(test, data_read(4, 2, &eof), 2);
	KUNIT_EXPECT_FALSE(test, eof);
	KUNIT_EXPECT_EQ(test, data_read(4, 0, &eof), 0);
	KUNIT_EXPECT_FALSE(test, eof);
	data_end(test);
}

/* Another caller's sync writes the data back, which fails, and receives the error. */
static void data_lose(void)
{
	u64 verifier;

	mapping_set_error(meeting.node->inode->i_mapping, -EIO);
	meeting.synced = data_fsync(&verifier);
}

static void write_meets_sync(struct kunit *test)
{
	u64 before, verifier;

	data_begin(test, &meeting_ops);
	KUNIT_EXPECT_EQ(test, data_fsync(&before), 0);
	meeting.meanwhile = data_lose;
	KUNIT_EXPECT_EQ(test, data_write(0, "lost", DITTO_FILE_SYNC, &verifier), -EIO);
	KUNIT_EXPECT_EQ(test, meeting.synced, -EIO);
	KUNIT_EXPECT_EQ(test, data_write(0, "kept", DITTO_FILE_SYNC, &verifier), 4);

	/* The client of an unstable write finds another verifier later. */
	meeting.meanwhile = data_lose;
	KUNIT_EXPECT_EQ(test, data_write(0, "lost", DITTO_UNSTABLE, &before), 4);
	KUNIT_EXPECT_EQ(test, data_fsync(&verifier), 0);
	KUNIT_EXPECT_NE(test, before, verifier);
	data_end(test);
}

static ssize_t data_fail(struct kiocb *kiocb, struct iov_iter *iter)
{
	return meeting.failure;
}

static const struct file_operations failing_ops = {
	.write_iter = data_fail,
	.fsync = noop_fsync,
};

/* Clients send data again after an error of the disk, and not because a copy was cancelled. */
static void write_interrupted(struct kunit *test)
{
	static const struct {
		int err;
		int told;
		bool loses;
	} failures[] = {
		{ -EIO, -EIO, true }, { -EINTR, -EJUKEBOX, false },
		{ -ERESTARTSYS, -EJUKEBOX, false }, { -ENOSPC, -ENOSPC, false },
	};
	u64 before, after, verifier;

	data_begin(test, &failing_ops);
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		KUNIT_EXPECT_EQ(test, data_fsync(&before), 0);
		meeting.failure = failures[i].err;
		KUNIT_EXPECT_EQ(test, data_write(0, "none", DITTO_UNSTABLE, &verifier),
				failures[i].told);
		KUNIT_EXPECT_EQ(test, data_fsync(&after), 0);
		KUNIT_EXPECT_EQ(test, before != after, failures[i].loses);
	}
	data_end(test);
}

static struct kunit_case data_cases[] = {
	KUNIT_CASE(read_meets_growth),
	KUNIT_CASE(write_meets_sync),
	KUNIT_CASE(write_interrupted),
	{}
};

static struct kunit_suite data_suite = {
	.name = "ditto_data",
	FOLDER_SUITE(folder),
	FOLDER_CASES(folder),
	.test_cases = data_cases,
};

kunit_test_suite(data_suite);
