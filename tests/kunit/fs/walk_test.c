// SPDX-License-Identifier: GPL-2.0-only
/* Names and paths without regard to case, on a folder of a tmpfs. */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mount.h>
#include <linux/namei.h>

#include "../../../fs/op/casefold_index.h"
#include "../../../fs/op/shortname.h"
#include "../../../fs/op/walk.h"
#include "../../../fs/node/file.h"
#include "../rounds.h"
#include "folder.h"

#define MANY	20000

DEFINE_FOLDER(folder, "kunit-walk")
static char found[NAME_MAX + 1];

static int walk_lookup(const char *name)
{
	const struct ditto_name n = { name, strlen(name) };
	struct ditto_node *node;
	int err;

	found[0] = '\0';
	err = ditto_lookup_casefold(&folder.op, folder.root, &n, found, &node);
	if (!err)
		ditto_node_put(node);
	return err;
}

static void walk_mkdir(struct kunit *test, const char *name)
{
	ditto_node_put(folder_make(test, &folder, name, 0600, false));
}

/* Create a file like a local process, not through the server. */
static void make_locally(struct kunit *test, const char *name)
{
	struct inode *dir = d_inode(folder.path.dentry);
	struct dentry *dentry;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	dentry = lookup_noperm(&QSTR(name), folder.path.dentry);
	if (!IS_ERR(dentry))
		KUNIT_EXPECT_EQ(test, vfs_create(mnt_idmap(folder.path.mnt), dentry, 0600,
						 NULL), 0);
	inode_unlock(dir);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dentry);
	dput(dentry);
}

static void unlink_locally(struct kunit *test, const char *name)
{
	struct inode *dir = d_inode(folder.path.dentry);
	struct dentry *dentry;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	dentry = lookup_noperm(&QSTR(name), folder.path.dentry);
	if (!IS_ERR(dentry))
		KUNIT_EXPECT_EQ(test, vfs_unlink(mnt_idmap(folder.path.mnt), dir, dentry, NULL),
				0);
	inode_unlock(dir);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dentry);
	dput(dentry);
}

static const struct fold_case {
	const char *has;
	const char *asked;
	bool same;
} fold_cases[] = {
	{ "Readme.TXT", "rEADME.txt", true },
	{ "a", "a", true },
	{ "a", "b", false },
	{ "a", "aa", false },
	{ "a[1]", "A{1}", false },
	{ "\xc3\x84pfel", "\xc3\xa4PFEL", true },		/* Ä */
	{ "e\xcc\x81t\xc3\xa9", "\xc3\x89T\xc3\x89", true },	/* É, composed or not */
	{ "\xce\xa3", "\xcf\x82", true },			/* sigma, final sigma */
	{ "\xd0\x96", "\xd0\xb6", true },			/* Ж */
	{ "\xd0\x96", "\xd0\xb5", false },
	{ "\xe2\x84\xaa", "k", true },				/* Kelvin */
	{ "\xff\xfe", "\xff\xfe", true },			/* not UTF-8 */
	{ "A\xff", "a\xff", false },
};

/*
 * New names are reported only after they were looked for without regard to case. The first case,
 * as the volume stays until the last one.
 */
static void walk_asks_for_names(struct kunit *test)
{
	const struct ditto_volume *volume = folder.root->volume;

	walk_mkdir(test, "name");
	KUNIT_EXPECT_NULL(test, volume->names_mark);
	KUNIT_EXPECT_EQ(test, walk_lookup("NAME"), 0);
	KUNIT_EXPECT_NOT_NULL(test, volume->names_mark);
	folder_remove(test, &folder, "name", false);
}

static void walk_folds(struct kunit *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(fold_cases); i++) {
		const struct fold_case *c = &fold_cases[i];

		walk_mkdir(test, c->has);
		KUNIT_EXPECT_EQ_MSG(test, walk_lookup(c->asked), c->same ? 0 : -ENOENT, "%zu", i);
		if (c->same)
			KUNIT_EXPECT_STREQ(test, found, c->has);
		folder_remove(test, &folder, c->has, false);
		KUNIT_EXPECT_EQ(test, walk_lookup(c->asked), -ENOENT);
	}
}

/* An exact match wins; otherwise the match is always the same one. */
static void walk_chooses(struct kunit *test)
{
	walk_mkdir(test, "name");
	walk_mkdir(test, "NAME");
	walk_mkdir(test, "Name");
	KUNIT_EXPECT_EQ(test, walk_lookup("Name"), 0);
	KUNIT_EXPECT_STREQ(test, found, "Name");
	KUNIT_EXPECT_EQ(test, walk_lookup("nAmE"), 0);
	KUNIT_EXPECT_STREQ(test, found, "NAME");
	folder_remove(test, &folder, "NAME", false);
	KUNIT_EXPECT_EQ(test, walk_lookup("nAmE"), 0);
	KUNIT_EXPECT_STREQ(test, found, "Name");
	folder_remove(test, &folder, "Name", false);
	folder_remove(test, &folder, "name", false);
	KUNIT_EXPECT_EQ(test, walk_lookup("nAmE"), -ENOENT);
}

static void walk_sees_renames(struct kunit *test)
{
	static const struct ditto_name from = { "From", 4 }, to = { "Target", 6 };
	struct ditto_wcc wcc[2];
	int builds;

	walk_mkdir(test, "From");
	KUNIT_EXPECT_EQ(test, walk_lookup("FROM"), 0);
	builds = atomic_read(&ditto_casefold_builds);
	KUNIT_EXPECT_EQ(test, ditto_rename(&folder.op, folder.root, &from, &folder.op,
					   folder.root, &to, &wcc[0], &wcc[1]), 0);
	KUNIT_EXPECT_EQ(test, walk_lookup("FROM"), -ENOENT);
	KUNIT_EXPECT_EQ(test, walk_lookup("TARGET"), 0);
	KUNIT_EXPECT_STREQ(test, found, "Target");
	KUNIT_EXPECT_EQ(test, atomic_read(&ditto_casefold_builds), builds);
	folder_remove(test, &folder, "Target", false);
}

/* Changes by others are seen and cost one more listing. */
static void walk_sees_others(struct kunit *test)
{
	int builds;

	walk_mkdir(test, "mine");
	KUNIT_EXPECT_EQ(test, walk_lookup("THEIRS"), -ENOENT);
	builds = atomic_read(&ditto_casefold_builds);
	make_locally(test, "theirs");
	KUNIT_EXPECT_EQ(test, walk_lookup("THEIRS"), 0);
	KUNIT_EXPECT_EQ(test, walk_lookup("MINE"), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ditto_casefold_builds), builds + 1);
	unlink_locally(test, "theirs");
	KUNIT_EXPECT_EQ(test, walk_lookup("THEIRS"), -ENOENT);
	folder_remove(test, &folder, "mine", false);
}

static bool names_node(const struct ditto_name *name, const struct ditto_node *node)
{
	struct ditto_node *found;
	bool same;

	if (ditto_lookup(&folder.op, folder.root, name, &found))
		return false;
	same = found == node;
	ditto_node_put(found);
	return same;
}

/* A file replaces the one that was asked for, and none that has its name by now. */
static void renames_over(struct kunit *test, bool is_dir)
{
	static const struct ditto_name name = { "name", 4 }, aside = { "aside", 5 };
	static const struct ditto_name fresh_name = { "fresh", 5 }, nobody = { "nobody", 6 };
	struct ditto_node *old = folder_make(test, &folder, "name", 0700, is_dir);
	struct ditto_node *fresh = folder_make(test, &folder, "fresh", 0600, false);
	struct ditto_node *other;
	struct ditto_wcc wcc[2];

	KUNIT_ASSERT_EQ(test, ditto_rename(&folder.op, folder.root, &name, &folder.op, folder.root,
					   &aside, &wcc[0], &wcc[1]), 0);
	other = folder_make(test, &folder, "name", 0700, is_dir);
	KUNIT_EXPECT_EQ(test, ditto_rename_over(&folder.op, fresh, folder.root, &name, old),
			-ESTALE);
	KUNIT_EXPECT_TRUE(test, names_node(&name, other));
	KUNIT_EXPECT_TRUE(test, names_node(&aside, old));
	KUNIT_EXPECT_TRUE(test, names_node(&fresh_name, fresh));
	KUNIT_EXPECT_EQ(test, ditto_rename_over(&folder.op, fresh, folder.root, &nobody, old),
			-ESTALE);
	KUNIT_EXPECT_EQ(test, ditto_rename_over(&folder.op, fresh, folder.root, &aside, old), 0);
	KUNIT_EXPECT_TRUE(test, names_node(&name, other));
	KUNIT_EXPECT_TRUE(test, names_node(&aside, fresh));
	ditto_node_put(old);
	ditto_node_put(other);
	ditto_node_put(fresh);
	folder_remove(test, &folder, "name", is_dir);
	folder_remove(test, &folder, "aside", false);
}

static void walk_renames_over(struct kunit *test)
{
	renames_over(test, false);
	renames_over(test, true);
}

/* Ways of a client that is not case-sensitive to add a name; return an errno. */

static int add_file(const struct ditto_name *name)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0600 };
	struct ditto_node *node;
	int err = folder_create(&folder.op, folder.root, name, &set, false, &node);

	if (!err)
		ditto_node_put(node);
	return err;
}

static int add_by_rename(const struct ditto_name *name)
{
	static const struct ditto_name from = { "mine", 4 };
	struct ditto_wcc wcc[2];

	return ditto_rename(&folder.op, folder.root, &from, &folder.op, folder.root, name, &wcc[0],
			    &wcc[1]);
}

static int add_link(const struct ditto_name *name)
{
	static const struct ditto_name from = { "mine", 4 };
	struct ditto_node *node;
	struct ditto_wcc wcc;
	int err = ditto_lookup(&folder.op, folder.root, &from, &node);

	if (err)
		return err;
	err = ditto_link(&folder.op, node, &folder.op, folder.root, name, &wcc);
	ditto_node_put(node);
	return err;
}

/* A local process between look-up and change keeps out no name and lets in no twin. */
static void walk_adds_beside_others(struct kunit *test)
{
	static int (*const ways[])(const struct ditto_name *name) = {
		add_file, add_by_rename, add_link,
	};
	static const struct ditto_name new = { "NEW", 3 }, own = { "Mine", 4 };

	for (int i = 0; i < ARRAY_SIZE(ways); i++) {
		walk_mkdir(test, "mine");
		folder.op.casefold = true;
		KUNIT_EXPECT_EQ(test, walk_lookup("NEW"), -ENOENT);
		make_locally(test, "new");
		KUNIT_EXPECT_EQ_MSG(test, ways[i](&new), -EEXIST, "%d", i);
		KUNIT_EXPECT_EQ(test, walk_lookup("NEW"), 0);
		KUNIT_EXPECT_STREQ(test, found, "new");
		unlink_locally(test, "new");
		KUNIT_EXPECT_EQ(test, walk_lookup("NEW"), -ENOENT);
		make_locally(test, "other");
		KUNIT_EXPECT_EQ_MSG(test, ways[i](&new), 0, "%d", i);
		folder.op.casefold = false;
		folder_remove(test, &folder, "NEW", false);
		unlink_locally(test, "other");
		if (ways[i] != add_by_rename)
			folder_remove(test, &folder, "mine", false);
	}
	/* The name that goes does not count. */
	walk_mkdir(test, "mine");
	folder.op.casefold = true;
	KUNIT_EXPECT_EQ(test, walk_lookup("NEW"), -ENOENT);
	make_locally(test, "other");
	KUNIT_EXPECT_EQ(test, add_by_rename(&own), 0);
	folder.op.casefold = false;
	unlink_locally(test, "other");
	folder_remove(test, &folder, "Mine", false);
}

/* A local process that adds and removes a name all the time. */
static int walk_toggler(void *arg)
{
	struct inode *dir = d_inode(folder.path.dentry);
	struct mnt_idmap *idmap = mnt_idmap(folder.path.mnt);
	struct dentry *dentry;

	while (!kthread_should_stop()) {
		inode_lock_nested(dir, I_MUTEX_PARENT);
		dentry = lookup_noperm(&QSTR("busy"), folder.path.dentry);
		if (!IS_ERR(dentry)) {
			if (!vfs_create(idmap, dentry, 0600, NULL))
				vfs_unlink(idmap, dir, dentry, NULL);
			dput(dentry);
		}
		inode_unlock(dir);
		cond_resched();
	}
	return 0;
}

/* Names can be added to a directory that never rests. */
static void walk_adds_to_busy(struct kunit *test)
{
	struct task_struct *other = kthread_run(walk_toggler, NULL, "ditto-kunit-busy");
	char text[16];

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	folder.op.casefold = true;
	for (int i = 0; i < 100; i++) {
		const struct ditto_name name = {
			text, snprintf(text, sizeof(text), "File%03d", i),
		};

		KUNIT_EXPECT_EQ(test, walk_lookup(text), -ENOENT);
		KUNIT_EXPECT_EQ(test, add_file(&name), 0);
		cond_resched();
	}
	kthread_stop(other);
	folder.op.casefold = false;
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "File%03d", i);
		folder_remove(test, &folder, text, false);
	}
}

static void walk_has_shorts(bool on)
{
	struct ditto_share_opts *opts = rcu_dereference_protected(folder.share->opts, true);

	opts->short_names = on;
}

/* The short name of @name, terminated. */
static const char *walk_short(const char *name)
{
	static char made[DITTO_SHORT_MAX + 1];
	const struct ditto_name n = { name, strlen(name) };

	made[ditto_shortname(&n, made)] = '\0';
	return made;
}

/* Where the last listing of the directory ended, in the open file that was used for it. */
static loff_t *walk_position(struct kunit *test)
{
	struct ditto_file *file = folder.root->files[DITTO_FILE_DIR];

	KUNIT_ASSERT_NOT_NULL(test, file);
	return &file->file->f_pos;
}

/* A search by short name, too, lists a directory only once. */
static void walk_shorts(struct kunit *test)
{
	static const struct ditto_name from = { "first long name", 15 }, to = { "second", 6 },
				       back = { "third long name", 15 };
	struct ditto_wcc wcc[2];

	walk_mkdir(test, "first long name");
	walk_mkdir(test, "fourth long name");
	KUNIT_EXPECT_EQ(test, walk_lookup(walk_short("first long name")), -ENOENT);
	walk_has_shorts(true);
	KUNIT_EXPECT_EQ(test, walk_lookup(walk_short("first long name")), 0);
	KUNIT_EXPECT_STREQ(test, found, "first long name");
	*walk_position(test) = 1;
	KUNIT_EXPECT_EQ(test, walk_lookup("f12345~6"), -ENOENT);
	KUNIT_EXPECT_EQ(test, walk_lookup("FIRST LONG NAME"), 0);
	KUNIT_EXPECT_EQ(test, walk_lookup(walk_short("fourth long name")), 0);
	KUNIT_EXPECT_STREQ(test, found, "fourth long name");
	KUNIT_EXPECT_EQ(test, ditto_rename(&folder.op, folder.root, &from, &folder.op,
					   folder.root, &to, &wcc[0], &wcc[1]), 0);
	KUNIT_EXPECT_EQ(test, walk_lookup(walk_short("first long name")), -ENOENT);
	KUNIT_EXPECT_EQ(test, walk_lookup(walk_short("second")), -ENOENT);
	KUNIT_EXPECT_EQ(test, ditto_rename(&folder.op, folder.root, &to, &folder.op,
					   folder.root, &back, &wcc[0], &wcc[1]), 0);
	KUNIT_EXPECT_EQ(test, walk_lookup(walk_short("third long name")), 0);
	KUNIT_EXPECT_STREQ(test, found, "third long name");
	folder_remove(test, &folder, "third long name", false);
	KUNIT_EXPECT_EQ(test, walk_lookup(walk_short("third long name")), -ENOENT);
	KUNIT_EXPECT_EQ(test, *walk_position(test), 1);
	/* What others do is found by one more listing. */
	make_locally(test, "their long name");
	KUNIT_EXPECT_EQ(test, walk_lookup(walk_short("their long name")), 0);
	KUNIT_EXPECT_STREQ(test, found, "their long name");
	unlink_locally(test, "their long name");
	KUNIT_EXPECT_EQ(test, walk_lookup(walk_short("their long name")), -ENOENT);
	folder_remove(test, &folder, "fourth long name", false);
	walk_has_shorts(false);
}

/* A miss in a large directory does not list it each time. */
static void walk_many(struct kunit *test)
{
	const int many = ditto_test_rounds(MANY);
	char name[16];
	int builds, i;

	folder.op.unstable = true;
	builds = atomic_read(&ditto_casefold_builds);
	for (i = 0; i < many; i++) {
		snprintf(name, sizeof(name), "FILE%06d", i);
		KUNIT_ASSERT_EQ(test, walk_lookup(name), -ENOENT);
		snprintf(name, sizeof(name), "File%06d", i);
		walk_mkdir(test, name);
		/* Sometimes another user. */
		if (i % (many / 4) == many / 8)
			make_locally(test, "foreign");
		if (i % (many / 4) == many / 8 + 1)
			unlink_locally(test, "foreign");
	}
	KUNIT_EXPECT_LT(test, atomic_read(&ditto_casefold_builds) - builds, 24);
	builds = atomic_read(&ditto_casefold_builds);
	for (i = 0; i < many; i++) {
		snprintf(name, sizeof(name), "fILE%06d", i);
		KUNIT_ASSERT_EQ(test, walk_lookup(name), 0);
		snprintf(name, sizeof(name), "File%06d", i);
		KUNIT_ASSERT_STREQ(test, found, name);
	}
	KUNIT_EXPECT_LE(test, atomic_read(&ditto_casefold_builds) - builds, 1);
	for (i = 0; i < many; i++) {
		snprintf(name, sizeof(name), "File%06d", i);
		folder_remove(test, &folder, name, false);
	}
	KUNIT_EXPECT_EQ(test, walk_lookup("fILE000000"), -ENOENT);
}

/* A caller that may traverse but not list finds names, too. */
static void walk_without_reading(struct kunit *test)
{
	struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0711 };
	struct ditto_wcc wcc;

	walk_mkdir(test, "File");
	KUNIT_ASSERT_EQ(test, ditto_setattr(&folder.op, folder.root, &set, &wcc), 0);
	folder.op.cred = folder.user;
	KUNIT_EXPECT_EQ(test, walk_lookup("FILE"), 0);
	folder.op.cred = folder.admin;
	set.mode = 0700;
	KUNIT_ASSERT_EQ(test, ditto_setattr(&folder.op, folder.root, &set, &wcc), 0);
	folder.op.cred = folder.user;
	KUNIT_EXPECT_EQ(test, walk_lookup("FILE"), -EACCES);
	folder.op.cred = folder.admin;
	set.mode = 0777;
	KUNIT_ASSERT_EQ(test, ditto_setattr(&folder.op, folder.root, &set, &wcc), 0);
	folder_remove(test, &folder, "File", false);
}

static const struct path_case {
	const char *path;
	int err;
	const char *last;	/* as found; NULL if it is missing */
	u32 passed;
} path_cases[] = {
	{ "", 0, "" },
	{ "dir", 0, "Dir" },
	{ "DIR/SUB", 0, "Sub" },
	{ "dir/sub/FILE", 0, "File" },
	{ "dir/sub/none", 0, NULL },
	{ "none", 0, NULL },
	{ "none/none", -ENOENT },
	{ "dir/none/none", -ENOENT },
	{ "dir/sub/file/none", -ENOTDIR },
	{ "dir/LINK", 0, "Link" },
	{ "dir/link/none", -ELOOP, NULL, 4 },
	{ "dir/../dir", -EILSEQ },
	{ "./dir", -EILSEQ },
	{ "dir//sub", -EILSEQ },
	{ "/dir", -EILSEQ },
	{ ".ditto", 0, NULL },
	{ ".DITTO/streams", -ENOENT },
};

static struct ditto_node *make_in(struct kunit *test, struct ditto_node *dir, const char *name,
				  bool is_dir)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0755 };
	const struct ditto_name n = { name, strlen(name) };
	struct ditto_node *node;

	KUNIT_ASSERT_EQ(test, folder_create(&folder.op, dir, &n, &set, is_dir, &node), 0);
	return node;
}

static void check_path(struct kunit *test, const struct path_case *c)
{
	struct ditto_walk walk;

	KUNIT_EXPECT_EQ_MSG(test, ditto_walk(&folder.op, folder.root, c->path, strlen(c->path),
					     &walk), c->err, "%s", c->path);
	if (c->passed)
		KUNIT_EXPECT_EQ(test, walk.passed, c->passed);
	if (c->err)
		return;
	KUNIT_EXPECT_EQ_MSG(test, !!walk.node, !!c->last, "%s", c->path);
	KUNIT_EXPECT_EQ(test, !!walk.parent, !!*c->path);
	if (walk.node && c->last)
		KUNIT_EXPECT_STREQ(test, walk.found, c->last);
	ditto_walk_end(&walk);
}

static void walk_paths(struct kunit *test)
{
	static const struct ditto_name link = { "Link", 4 }, file = { "File", 4 };
	static const struct ditto_name sub = { "Sub", 3 };
	const struct ditto_create_args to_sub = {
		.type = S_IFLNK, .how = DITTO_CREATE_GUARDED, .target = "Sub",
		.set = &(struct ditto_setattr){},
	};
	struct ditto_node *node[4];
	struct ditto_wcc wcc;

	node[0] = folder_make(test, &folder, "Dir", 0755, true);
	node[1] = make_in(test, node[0], "Sub", true);
	node[2] = make_in(test, node[1], "File", false);
	KUNIT_ASSERT_EQ(test, ditto_create_entry(&folder.op, node[0], &link, &to_sub, &node[3],
						 NULL, &wcc), 0);
	for (size_t i = 0; i < ARRAY_SIZE(path_cases); i++)
		check_path(test, &path_cases[i]);
	KUNIT_EXPECT_EQ(test, ditto_remove(&folder.op, node[0], &link, false, &wcc), 0);
	KUNIT_EXPECT_EQ(test, ditto_remove(&folder.op, node[1], &file, false, &wcc), 0);
	KUNIT_EXPECT_EQ(test, ditto_remove(&folder.op, node[0], &sub, true, &wcc), 0);
	for (int i = 0; i < 4; i++)
		ditto_node_put(node[i]);
	folder_remove(test, &folder, "Dir", true);
}

static struct kunit_case walk_cases[] = {
	KUNIT_CASE(walk_asks_for_names),
	KUNIT_CASE(walk_folds),
	KUNIT_CASE(walk_chooses),
	KUNIT_CASE(walk_sees_renames),
	KUNIT_CASE(walk_sees_others),
	KUNIT_CASE(walk_adds_beside_others),
	KUNIT_CASE(walk_adds_to_busy),
	KUNIT_CASE(walk_renames_over),
	KUNIT_CASE(walk_shorts),
	KUNIT_CASE_SLOW(walk_many),
	KUNIT_CASE(walk_without_reading),
	KUNIT_CASE(walk_paths),
	{}
};

static struct kunit_suite walk_suite = {
	.name = "ditto_walk",
	FOLDER_SUITE(folder),
	FOLDER_CASES(folder),
	.test_cases = walk_cases,
};

kunit_test_suite(walk_suite);
