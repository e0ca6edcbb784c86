// SPDX-License-Identifier: GPL-2.0-only
/* What is known about the content of files: until when it holds, and what reads do about it. */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/in6.h>
#include <linux/iversion.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "../../../fs/op/op.h"
#include "../../../fs/op/scan.h"
#include "../../../fs/share/share.h"
#include "folder.h"

DEFINE_FOLDER(folder, "kunit-scan")

static const struct in6_addr scan_client = { { { 0xfd, 0, [15] = 1 } } };

static void scan_write(struct kunit *test, struct ditto_node *node, const char *text)
{
	struct kvec vec = { .iov_base = (void *)text, .iov_len = strlen(text) };
	struct iov_iter iter;
	u64 verifier;

	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	KUNIT_ASSERT_EQ(test, ditto_write(&folder.op, node, 0, &iter, DITTO_UNSTABLE, &verifier,
					  NULL), vec.iov_len);
}

static ssize_t scan_read(struct ditto_node *node)
{
	char buf[8];
	struct kvec vec = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct iov_iter iter;
	bool eof;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	return ditto_read(&folder.op, node, 0, &iter, &eof);
}

static ssize_t scan_read_at_last(struct ditto_node *node)
{
	ssize_t ret;

	for (int i = 0; i < 3000; i++) {
		ret = scan_read(node);
		if (ret != -EJUKEBOX)
			break;
		msleep(20);
	}
	return ret;
}

static int scan_try_option(struct kunit *test, u32 use)
{
	struct ditto_share_config cfg = { .name = folder.name };
	int err;

	cfg.opts = ditto_share_opts_alloc();
	KUNIT_ASSERT_NOT_NULL(test, cfg.opts);
	cfg.opts->scan = use;
	cfg.opts->scan_time = 1;
	err = ditto_share_set(folder.srv, &cfg, NULL);
	if (err)
		ditto_share_opts_free(cfg.opts);
	return err;
}

static void scan_set_option(struct kunit *test, u32 use)
{
	KUNIT_ASSERT_EQ(test, scan_try_option(test, use), 0);
}

static struct ditto_node *scan_file(struct kunit *test)
{
	struct ditto_node *node = folder_make(test, &folder, "file", 0644, false);

	scan_write(test, node, "data");
	return node;
}

static void scan_done(struct kunit *test, struct ditto_node *node)
{
	ditto_node_put(node);
	folder_remove(test, &folder, "file", false);
	scan_set_option(test, DITTO_SCAN_OFF);
}

static void scan_note(struct kunit *test, struct ditto_node *node, enum ditto_scan_verdict verdict)
{
	struct ditto_scan_stamp stamp;

	KUNIT_ASSERT_EQ(test, ditto_scan_get_stamp(node, &stamp), 0);
	KUNIT_ASSERT_EQ(test, ditto_scan_note(node, &stamp, verdict), 0);
	KUNIT_EXPECT_EQ(test, ditto_scan_known(node, DITTO_SCAN_REQUIRED), verdict);
}

/* An answer holds until the content changes, or the program knows more. */
static void scan_holds(struct kunit *test)
{
	struct ditto_node *node = scan_file(test);

	KUNIT_EXPECT_EQ(test, ditto_scan_known(node, DITTO_SCAN_REQUIRED), DITTO_SCAN_UNKNOWN);
	scan_note(test, node, DITTO_SCAN_CLEAN);
	scan_write(test, node, "DATA");
	KUNIT_EXPECT_EQ(test, ditto_scan_known(node, DITTO_SCAN_REQUIRED), DITTO_SCAN_UNKNOWN);
	scan_note(test, node, DITTO_SCAN_REFUSED);
	scan_write(test, node, "more data");
	KUNIT_EXPECT_EQ(test, ditto_scan_known(node, DITTO_SCAN_REQUIRED), DITTO_SCAN_UNKNOWN);
	scan_note(test, node, DITTO_SCAN_CLEAN);
	ditto_scan_forget(folder.srv);
	KUNIT_EXPECT_EQ(test, ditto_scan_known(node, DITTO_SCAN_REQUIRED), DITTO_SCAN_UNKNOWN);
	scan_note(test, node, DITTO_SCAN_UNANSWERED);
	ditto_scan_forget(folder.srv);
	KUNIT_EXPECT_EQ(test, ditto_scan_known(node, DITTO_SCAN_REQUIRED), DITTO_SCAN_UNKNOWN);
	scan_done(test, node);
}

/* The change of a rename is taken over, but not that of a write that somebody hides. */
static void scan_renames(struct kunit *test)
{
	struct ditto_node *node = scan_file(test);
	struct timespec64 mtime = inode_get_mtime(node->inode);
	struct ditto_setattr set = { .valid = DITTO_SET_MTIME, .mtime = mtime };
	struct ditto_wcc wcc;
	u32 times_set;

	KUNIT_EXPECT_FALSE(test, ditto_scan_rename_begin(node, &times_set));
	scan_note(test, node, DITTO_SCAN_CLEAN);
	KUNIT_EXPECT_TRUE(test, ditto_scan_rename_begin(node, &times_set));
	msleep(50);
	inode_set_ctime_current(node->inode);
	inode_maybe_inc_iversion(node->inode, true);
	KUNIT_EXPECT_EQ(test, ditto_scan_known(node, DITTO_SCAN_REQUIRED), DITTO_SCAN_UNKNOWN);
	ditto_scan_rename_end(node, times_set);
	KUNIT_EXPECT_EQ(test, ditto_scan_known(node, DITTO_SCAN_REQUIRED), DITTO_SCAN_CLEAN);

	KUNIT_EXPECT_TRUE(test, ditto_scan_rename_begin(node, &times_set));
	scan_write(test, node, "DATA");
	ditto_scan_rename_end(node, times_set);
	KUNIT_EXPECT_EQ(test, ditto_scan_known(node, DITTO_SCAN_REQUIRED), DITTO_SCAN_UNKNOWN);

	scan_note(test, node, DITTO_SCAN_CLEAN);
	set.mtime = inode_get_mtime(node->inode);
	KUNIT_EXPECT_TRUE(test, ditto_scan_rename_begin(node, &times_set));
	scan_write(test, node, "data");
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, node, &set, &wcc), 0);
	ditto_scan_rename_end(node, times_set);
	KUNIT_EXPECT_EQ(test, ditto_scan_known(node, DITTO_SCAN_REQUIRED), DITTO_SCAN_UNKNOWN);
	scan_done(test, node);
}

/* A write in the tick of a rename leaves no trace if the time of modification is set back. */
static void scan_tick(struct kunit *test)
{
	struct ditto_node *node = scan_file(test);
	struct inode *inode = node->inode;
	struct ditto_setattr set = { .valid = DITTO_SET_MTIME };
	struct timespec64 ctime;
	struct ditto_wcc wcc;
	u64 change;

	scan_note(test, node, DITTO_SCAN_CLEAN);
	set.mtime = inode_get_mtime(inode);
	ctime = inode_get_ctime(inode);
	change = inode_peek_iversion_raw(inode);
	scan_write(test, node, "DATA");
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, node, &set, &wcc), 0);
	inode_set_ctime_to_ts(inode, ctime);
	inode_set_iversion_raw(inode, change);
	KUNIT_EXPECT_EQ(test, ditto_scan_known(node, DITTO_SCAN_REQUIRED), DITTO_SCAN_UNKNOWN);
	scan_done(test, node);
}

/* Others change files unnoticed, so no scan holds. */
static void scan_remote(struct kunit *test)
{
	struct ditto_node *node = scan_file(test);

	scan_set_option(test, DITTO_SCAN_REQUIRED);
	node->volume->is_remote = true;
	KUNIT_EXPECT_EQ(test, scan_try_option(test, DITTO_SCAN_ADVISED), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, scan_read(node), -EACCES);
	KUNIT_EXPECT_EQ(test, scan_try_option(test, DITTO_SCAN_OFF), 0);
	KUNIT_EXPECT_EQ(test, scan_read(node), 4);
	node->volume->is_remote = false;
	scan_done(test, node);
}

/* That nobody answered lets clients read this content only. */
static void scan_advised(struct kunit *test)
{
	struct ditto_node *node = scan_file(test);

	scan_set_option(test, DITTO_SCAN_ADVISED);
	scan_note(test, node, DITTO_SCAN_UNANSWERED);
	KUNIT_EXPECT_EQ(test, scan_read(node), 4);
	scan_write(test, node, "DATA");
	KUNIT_EXPECT_EQ(test, scan_read(node), -EJUKEBOX);
	KUNIT_EXPECT_EQ(test, scan_read_at_last(node), 4);
	scan_done(test, node);
}

/* One client leaves room for others. */
static void scan_many(struct kunit *test)
{
	struct ditto_node *node;
	char name[16];

	folder.op.from = &scan_client;
	scan_set_option(test, DITTO_SCAN_REQUIRED);
	for (int i = 0; i < 2 * DITTO_SCANS_PEER_MAX; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		node = folder_make(test, &folder, name, 0644, false);
		scan_write(test, node, "data");
		KUNIT_EXPECT_EQ(test, scan_read(node), -EJUKEBOX);
		KUNIT_EXPECT_LE(test, atomic_read(&node->volume->scans), DITTO_SCANS_PEER_MAX);
		ditto_node_put(node);
	}
	for (int i = 0; i < 2 * DITTO_SCANS_PEER_MAX; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		folder_remove(test, &folder, name, false);
	}
	folder.op.from = NULL;
	scan_set_option(test, DITTO_SCAN_OFF);
}

/* There is no helper, so nobody answers. */
static void scan_reads(struct kunit *test)
{
	struct ditto_node *node = scan_file(test);

	KUNIT_EXPECT_EQ(test, scan_read(node), 4);
	scan_set_option(test, DITTO_SCAN_REQUIRED);
	KUNIT_EXPECT_EQ(test, scan_read(node), -EJUKEBOX);
	KUNIT_EXPECT_EQ(test, scan_read_at_last(node), -EACCES);
	scan_set_option(test, DITTO_SCAN_ADVISED);
	KUNIT_EXPECT_EQ(test, scan_read_at_last(node), 4);
	scan_note(test, node, DITTO_SCAN_REFUSED);
	KUNIT_EXPECT_EQ(test, scan_read(node), -EKEYREJECTED);
	scan_set_option(test, DITTO_SCAN_REQUIRED);
	scan_note(test, node, DITTO_SCAN_CLEAN);
	KUNIT_EXPECT_EQ(test, scan_read(node), 4);
	scan_write(test, node, "DATA");
	KUNIT_EXPECT_EQ(test, scan_read(node), -EJUKEBOX);
	KUNIT_EXPECT_EQ(test, scan_read_at_last(node), -EACCES);
	scan_done(test, node);
}

static struct kunit_case scan_cases[] = {
	KUNIT_CASE(scan_holds),
	KUNIT_CASE(scan_renames),
	KUNIT_CASE(scan_tick),
	KUNIT_CASE(scan_remote),
	KUNIT_CASE_SLOW(scan_advised),
	KUNIT_CASE_SLOW(scan_many),
	KUNIT_CASE_SLOW(scan_reads),
	{}
};

static struct kunit_suite scan_suite = {
	.name = "ditto_scan",
	FOLDER_SUITE(folder),
	FOLDER_CASES(folder),
	.test_cases = scan_cases,
};

kunit_test_suite(scan_suite);
