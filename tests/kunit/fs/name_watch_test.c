// SPDX-License-Identifier: GPL-2.0-only
/* Watches of the names of a file: fs/node/name_watch.c. */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/namei.h>

#include "../../../fs/node/name_watch.h"
#include "folder.h"

DEFINE_FOLDER(folder, "kunit-names")

static const struct ditto_name first = { .name = "first", .len = 5 };
static const struct ditto_name second = { .name = "second", .len = 6 };

static void watch_count(void *arg)
{
	(*(int *)arg)++;
}

static struct ditto_name_watch *watch_begin(struct kunit *test, struct ditto_node *node, int *told)
{
	struct ditto_name_watch *watch = ditto_name_watch_begin(node, watch_count, told);

	KUNIT_ASSERT_FALSE(test, IS_ERR(watch));
	return watch;
}

/* Told at least once since the last call. */
static bool was_told(int *told)
{
	int n = *told;

	*told = 0;
	return n;
}

static void rename_to(struct kunit *test, const struct ditto_name *from,
		      const struct ditto_name *to)
{
	struct ditto_wcc from_wcc, to_wcc;

	KUNIT_EXPECT_EQ(test, ditto_rename(&folder.op, folder.root, from, &folder.op, folder.root,
					   to, &from_wcc, &to_wcc), 0);
}

/* A local process removes an entry of the root. */
static void local_unlink(struct kunit *test, const char *name)
{
	struct dentry *root = folder.path.dentry, *dentry;

	inode_lock_nested(d_inode(root), I_MUTEX_PARENT);
	dentry = lookup_one_len(name, root, strlen(name));
	KUNIT_EXPECT_EQ(test, vfs_unlink(mnt_idmap(folder.path.mnt), d_inode(root), dentry, NULL),
			0);
	inode_unlock(d_inode(root));
	dput(dentry);
}

static void name_watch_tells(struct kunit *test)
{
	struct ditto_node *node = folder_make(test, &folder, "first", 0600, false);
	struct ditto_node *other = folder_make(test, &folder, "other", 0600, false);
	struct ditto_name_watch *watch, *again;
	int told = 0, told_again = 0;
	struct ditto_wcc wcc;

	watch = watch_begin(test, node, &told);
	again = watch_begin(test, node, &told_again);
	KUNIT_EXPECT_TRUE(test, ditto_name_watch_is_of(watch, node));
	KUNIT_EXPECT_FALSE(test, ditto_name_watch_is_of(watch, other));
	KUNIT_EXPECT_FALSE(test, was_told(&told));

	KUNIT_EXPECT_EQ(test, ditto_link(&folder.op, node, &folder.op, folder.root, &second, &wcc),
			0);
	KUNIT_EXPECT_TRUE(test, was_told(&told));
	KUNIT_EXPECT_TRUE(test, was_told(&told_again));
	local_unlink(test, "first");
	KUNIT_EXPECT_TRUE(test, was_told(&told));
	rename_to(test, &second, &first);
	KUNIT_EXPECT_TRUE(test, was_told(&told));
	folder_remove(test, &folder, "other", false);
	KUNIT_EXPECT_FALSE(test, was_told(&told));

	ditto_name_watch_end(again);
	was_told(&told_again);
	rename_to(test, &first, &second);
	KUNIT_EXPECT_TRUE(test, was_told(&told));
	KUNIT_EXPECT_FALSE(test, was_told(&told_again));
	folder_remove(test, &folder, "second", false);
	KUNIT_EXPECT_TRUE(test, was_told(&told));
	ditto_node_put(other);
	/* The watch does not pin the file, and outlives it. */
	ditto_node_put(node);
	ditto_name_watch_end(watch);
}

static struct kunit_case name_watch_cases[] = {
	KUNIT_CASE(name_watch_tells),
	{}
};

static struct kunit_suite name_watch_suite = {
	.name = "ditto_name_watch",
	FOLDER_SUITE(folder),
	FOLDER_CASES(folder),
	.test_cases = name_watch_cases,
};

kunit_test_suite(name_watch_suite);
