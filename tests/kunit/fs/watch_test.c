// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches of directories: changes below them, and the listeners that are notified.
 * This thread plays the local process.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/uio.h>

#include "../../../fs/node/hidden.h"
#include "../../../fs/node/node_private.h"
#include "../../../fs/node/watch.h"
#include "../../../fs/open/stream.h"
#include "folder.h"

DEFINE_FOLDER(folder, "kunit-watch")

/**
 * struct listener - a watch with its notifications
 * @watch: the watch
 * @told: notifications in order, one character for each action; a renamed entry is "<OLD>NEW"
 * @delete_on_close: number of removals of the directory
 * @ended: the watch has ended
 */
struct listener {
	struct ditto_watch watch;
	char told[256];
	int delete_on_close;
	bool ended;
};

static struct listener *listener_of(struct ditto_watch *watch)
{
	return container_of(watch, struct listener, watch);
}

static void told_changed(struct ditto_watch *watch, const struct ditto_watch_event *event)
{
	struct listener *l = listener_of(watch);
	size_t len = strlen(l->told);

	snprintf(l->told + len, sizeof(l->told) - len, "%c%.*s%s%.*s%s%.*s ",
		 "?+-*<>asm"[event->action], event->len, event->path, event->to ? ">" : "",
		 event->to_len, event->to, event->stream_len ? ":" : "", event->stream_len,
		 event->stream);
}

static void told_lost(struct ditto_watch *watch)
{
	strlcat(listener_of(watch)->told, "lost ", sizeof(listener_of(watch)->told));
}

static void told_delete_pending(struct ditto_watch *watch)
{
	listener_of(watch)->delete_on_close++;
}

static void told_ended(struct ditto_watch *watch)
{
	listener_of(watch)->ended = true;
}

static const struct ditto_watch_ops listener_ops = {
	.changed = told_changed,
	.lost = told_lost,
	.delete_pending = told_delete_pending,
	.ended = told_ended,
};

static struct listener *listener_start(struct kunit *test, struct ditto_node *dir, u32 what,
				       bool tree)
{
	struct listener *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, l);
	l->watch.ops = &listener_ops;
	l->watch.what = what;
	l->watch.tree = tree;
	KUNIT_ASSERT_EQ(test, ditto_watch_begin(dir, &l->watch), 0);
	return l;
}

static void listener_hear(struct kunit *test, struct listener *l, const char *want)
{
	KUNIT_EXPECT_STREQ(test, l->told, want);
	l->told[0] = '\0';
}

static void listener_finish(struct kunit *test, struct listener *l)
{
	listener_hear(test, l, "");
	ditto_watch_end(&l->watch);
	KUNIT_EXPECT_TRUE(test, l->ended);
	/* It is freed with the test, when no notification may be under way. */
	synchronize_rcu();
}

static const u32 names = DITTO_CHANGED_FILE_NAME | DITTO_CHANGED_DIR_NAME;

static struct ditto_node *make_in(struct kunit *test, struct ditto_node *dir, const char *name,
				  bool is_dir)
{
	const struct ditto_name entry = { .name = name, .len = strlen(name) };
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0700 };
	struct ditto_node *node;

	KUNIT_ASSERT_EQ(test, folder_create(&folder.op, dir, &entry, &set, is_dir, &node), 0);
	return node;
}

static void remove_from(struct kunit *test, struct ditto_node *dir, const char *name, bool is_dir)
{
	const struct ditto_name entry = { .name = name, .len = strlen(name) };
	struct ditto_wcc wcc;

	KUNIT_EXPECT_EQ(test, ditto_remove(&folder.op, dir, &entry, is_dir, &wcc), 0);
}

static void rename_to(struct kunit *test, struct ditto_node *from, const char *name,
		      struct ditto_node *to, const char *new)
{
	const struct ditto_name a = { .name = name, .len = strlen(name) };
	const struct ditto_name b = { .name = new, .len = strlen(new) };
	struct ditto_wcc from_wcc, to_wcc;

	KUNIT_EXPECT_EQ(test, ditto_rename(&folder.op, from, &a, &folder.op, to, &b, &from_wcc,
					   &to_wcc), 0);
}

/* Paths begin at the watched directory, at any depth unless only entries are wanted. */
static void watch_depth(struct kunit *test)
{
	struct listener *flat, *deep, *below;
	struct ditto_node *dir, *sub;

	dir = make_in(test, folder.root, "dir", true);
	sub = make_in(test, dir, "sub", true);
	flat = listener_start(test, folder.root, names, false);
	deep = listener_start(test, folder.root, names, true);
	below = listener_start(test, dir, names, true);
	ditto_node_put(make_in(test, sub, "f", false));
	listener_hear(test, flat, "");
	listener_hear(test, deep, "+dir/sub/f ");
	listener_hear(test, below, "+sub/f ");
	rename_to(test, sub, "f", sub, "g");
	listener_hear(test, deep, "<dir/sub/f>dir/sub/g ");
	listener_hear(test, below, "<sub/f>sub/g ");
	rename_to(test, sub, "g", folder.root, "g");
	listener_hear(test, flat, "+g ");
	listener_hear(test, deep, "-dir/sub/g +g ");
	listener_hear(test, below, "-sub/g ");
	remove_from(test, folder.root, "g", false);
	listener_hear(test, flat, "-g ");
	listener_hear(test, deep, "-g ");
	remove_from(test, dir, "sub", true);
	listener_hear(test, deep, "-dir/sub ");
	listener_hear(test, below, "-sub ");
	KUNIT_EXPECT_EQ(test, below->delete_on_close, 0);
	remove_from(test, folder.root, "dir", true);
	listener_hear(test, flat, "-dir ");
	listener_hear(test, deep, "-dir ");
	KUNIT_EXPECT_EQ(test, below->delete_on_close, 1);
	listener_finish(test, flat);
	listener_finish(test, deep);
	listener_finish(test, below);
	ditto_node_put(sub);
	ditto_node_put(dir);
}

/* Each watch gets a rename as one event, so other changes are before or behind both names. */
static void watch_renamed(struct kunit *test)
{
	struct listener *deep, *flat, *modified, *all;
	struct ditto_node *a, *b, *file;

	a = make_in(test, folder.root, "a", true);
	b = make_in(test, folder.root, "b", true);
	file = make_in(test, a, "f", false);
	ditto_node_put(make_in(test, b, "g", false));
	deep = listener_start(test, folder.root, names, true);
	flat = listener_start(test, a, names, false);
	modified = listener_start(test, folder.root, DITTO_CHANGED_ATTRIBUTES, true);
	all = listener_start(test, folder.root, DITTO_CHANGED_ALL, true);
	rename_to(test, a, "f", a, "longer");
	rename_to(test, b, "g", b, "h");
	rename_to(test, folder.root, "b", folder.root, "c");
	listener_hear(test, deep, "<a/f>a/longer <b/g>b/h <b>c ");
	listener_hear(test, flat, "<f>longer ");
	listener_hear(test, modified, "*a/longer *b/h ");
	listener_hear(test, all, "<a/f>a/longer <b/g>b/h <b>c ");
	listener_finish(test, deep);
	listener_finish(test, flat);
	listener_finish(test, modified);
	listener_finish(test, all);
	remove_from(test, b, "h", false);
	remove_from(test, a, "longer", false);
	remove_from(test, folder.root, "c", true);
	remove_from(test, folder.root, "a", true);
	ditto_node_put(file);
	ditto_node_put(b);
	ditto_node_put(a);
}

/* A local process renames an entry of the root. */
static void local_rename(struct kunit *test, const char *from, const char *to)
{
	struct dentry *root = folder.path.dentry;
	struct renamedata rd = {
		.mnt_idmap = mnt_idmap(folder.path.mnt),
		.old_parent = root,
		.new_parent = root,
	};

	inode_lock_nested(d_inode(root), I_MUTEX_PARENT);
	rd.old_dentry = lookup_noperm(&QSTR(from), root);
	rd.new_dentry = lookup_noperm(&QSTR(to), root);
	KUNIT_EXPECT_EQ(test, vfs_rename(&rd), 0);
	dput(rd.old_dentry);
	dput(rd.new_dentry);
	inode_unlock(d_inode(root));
}

/* An entry that is renamed from or to a hidden name appears or goes. */
static void watch_renamed_hidden(struct kunit *test)
{
	struct listener *l = listener_start(test, folder.root, names, false);

	ditto_node_put(make_in(test, folder.root, "shown", true));
	listener_hear(test, l, "+shown ");
	local_rename(test, "shown", DITTO_HIDDEN);
	listener_hear(test, l, "-shown ");
	local_rename(test, DITTO_HIDDEN, "again");
	listener_hear(test, l, "+again ");
	remove_from(test, folder.root, "again", true);
	listener_hear(test, l, "-again ");
	listener_finish(test, l);
}

/* Only wanted changes; without names a new name is reported as a change. */
static void watch_filter(struct kunit *test)
{
	struct listener *files, *dirs, *attributes, *data;
	struct ditto_setattr set = { .valid = DITTO_SET_SIZE, .size = 7 };
	struct ditto_node *file;
	struct ditto_wcc wcc;

	files = listener_start(test, folder.root, DITTO_CHANGED_FILE_NAME, false);
	dirs = listener_start(test, folder.root, DITTO_CHANGED_DIR_NAME, false);
	attributes = listener_start(test, folder.root, DITTO_CHANGED_ATTRIBUTES, false);
	data = listener_start(test, folder.root, DITTO_CHANGED_SIZE, false);
	file = make_in(test, folder.root, "f", false);
	listener_hear(test, files, "+f ");
	ditto_node_put(make_in(test, folder.root, "d", true));
	listener_hear(test, dirs, "+d ");
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, file, &set, &wcc), 0);
	listener_hear(test, data, "*f ");
	/* A second call does not change it. */
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, file, &set, &wcc), 0);
	rename_to(test, folder.root, "f", folder.root, "g");
	listener_hear(test, files, "<f>g ");
	listener_hear(test, attributes, "*g ");
	rename_to(test, folder.root, "d", folder.root, "e");
	listener_hear(test, dirs, "<d>e ");
	remove_from(test, folder.root, "e", true);
	listener_hear(test, dirs, "-e ");
	remove_from(test, folder.root, "g", false);
	listener_hear(test, files, "-g ");
	listener_finish(test, files);
	listener_finish(test, dirs);
	listener_finish(test, attributes);
	listener_finish(test, data);
	ditto_node_put(file);
}

/* A replaced entry is reported as removed before the new name is reported. */
static void watch_replaced(struct kunit *test)
{
	struct listener *l;
	struct ditto_node *dir;

	dir = make_in(test, folder.root, "dir", true);
	ditto_node_put(make_in(test, folder.root, "f", false));
	ditto_node_put(make_in(test, folder.root, "g", false));
	ditto_node_put(make_in(test, dir, "h", false));
	ditto_node_put(make_in(test, dir, "empty", true));
	l = listener_start(test, folder.root, names, true);
	rename_to(test, folder.root, "f", folder.root, "g");
	listener_hear(test, l, "-g <f>g ");
	rename_to(test, folder.root, "g", dir, "h");
	listener_hear(test, l, "-dir/h -g +dir/h ");
	ditto_node_put(make_in(test, folder.root, "other", true));
	listener_hear(test, l, "+other ");
	rename_to(test, folder.root, "other", dir, "empty");
	listener_hear(test, l, "-dir/empty -other +dir/empty ");
	/* Nothing is left for the next listener. */
	rename_to(test, dir, "h", dir, "i");
	listener_hear(test, l, "<dir/h>dir/i ");
	listener_finish(test, l);
	remove_from(test, dir, "i", false);
	remove_from(test, dir, "empty", true);
	remove_from(test, folder.root, "dir", true);
	ditto_node_put(dir);
}

/* A client's change of a file is reported for each of its names. */
static void watch_names(struct kunit *test)
{
	const struct ditto_name second = { .name = "second", .len = 6 };
	struct ditto_setattr set = { .valid = DITTO_SET_SIZE, .size = 7 };
	struct listener *here, *there;
	struct ditto_node *dir, *file;
	struct ditto_wcc wcc;

	dir = make_in(test, folder.root, "dir", true);
	file = make_in(test, folder.root, "first", false);
	KUNIT_ASSERT_EQ(test, ditto_link(&folder.op, file, &folder.op, dir, &second, &wcc), 0);
	here = listener_start(test, folder.root, DITTO_CHANGED_SIZE, false);
	there = listener_start(test, dir, DITTO_CHANGED_SIZE, false);
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, file, &set, &wcc), 0);
	listener_hear(test, here, "*first ");
	listener_hear(test, there, "*second ");
	remove_from(test, folder.root, "first", false);
	set.size = 8;
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, file, &set, &wcc), 0);
	listener_hear(test, here, "");
	listener_hear(test, there, "*second ");
	listener_finish(test, here);
	listener_finish(test, there);
	remove_from(test, dir, "second", false);
	remove_from(test, folder.root, "dir", true);
	ditto_node_put(file);
	ditto_node_put(dir);
}

/* A file that gets the name of another one is reported by that name only. */
static void watch_link_over(struct kunit *test)
{
	const struct ditto_name second = { .name = "second", .len = 6 };
	struct ditto_node *file, *other;
	struct listener *l;
	struct ditto_wcc wcc;

	file = make_in(test, folder.root, "first", false);
	other = make_in(test, folder.root, "second", false);
	l = listener_start(test, folder.root, names, false);
	KUNIT_EXPECT_EQ(test, ditto_link_over(&folder.op, file, folder.root, &second, &second,
					      &wcc), 0);
	listener_hear(test, l, "-second +second ");
	KUNIT_EXPECT_EQ(test, other->inode->i_nlink, 0);
	KUNIT_EXPECT_EQ(test, ditto_link_over(&folder.op, file, folder.root, &second, &second,
					      &wcc), -EEXIST);
	listener_finish(test, l);
	remove_from(test, folder.root, "first", false);
	remove_from(test, folder.root, "second", false);
	ditto_node_put(other);
	ditto_node_put(file);
}

/* A watch reports no name that its share vetoes: a file that gets one is gone, or comes. */
static void watch_vetoed(struct kunit *test)
{
	struct listener *l, *all;

	rcu_assign_pointer(folder.share->veto, "*.exe/sec");
	all = listener_start(test, folder.root, names, true);
	l = listener_start(test, folder.root, names, true);
	l->watch.share = folder.share;
	KUNIT_EXPECT_TRUE(test, ditto_is_path_vetoed(folder.share, "a/sec/b", 7));
	KUNIT_EXPECT_FALSE(test, ditto_is_path_vetoed(folder.share, "a/secret/b", 10));
	ditto_node_put(make_in(test, folder.root, "a", true));
	listener_hear(test, l, "+a ");
	local_rename(test, "a", "b");
	listener_hear(test, l, "<a>b ");
	local_rename(test, "b", "b.exe");
	listener_hear(test, l, "-b ");
	local_rename(test, "b.exe", "c.EXE");
	listener_hear(test, l, "");
	local_rename(test, "c.EXE", "c");
	listener_hear(test, l, "+c ");
	listener_hear(test, all, "+a <a>b <b>b.exe <b.exe>c.EXE <c.EXE>c ");
	remove_from(test, folder.root, "c", true);
	listener_hear(test, l, "-c ");
	all->told[0] = '\0';
	listener_finish(test, l);
	listener_finish(test, all);
	RCU_INIT_POINTER(folder.share->veto, NULL);
}

/* Where a directory folds names, a file is hidden by all spellings that find it. */
static void watch_veto_folded(struct kunit *test)
{
	/* A long s, the sign for kelvin, and a pattern that is not ASCII. */
	static const char *const hidden[] = {
		"\305\277ecret", "\342\204\252ey", "\303\211t\303\251",
	};
	struct dentry *dir = folder.share->root.dentry;
	struct ditto_name name;

	rcu_assign_pointer(folder.share->veto, "/secret/k?y/\xc3\xa9*/");
	rcu_assign_pointer(folder.share->veto_folded, "/secret/k?y/e\xcc\x81*/");
	for (int i = 0; i < ARRAY_SIZE(hidden); i++) {
		name = (struct ditto_name) { .name = hidden[i], .len = strlen(hidden[i]) };
		KUNIT_EXPECT_FALSE_MSG(test, ditto_is_hidden(folder.share, dir, &name), "%d", i);
		d_inode(dir)->i_flags |= S_CASEFOLD;
		KUNIT_EXPECT_TRUE_MSG(test, ditto_is_hidden(folder.share, dir, &name), "%d", i);
		d_inode(dir)->i_flags &= ~S_CASEFOLD;
	}
	RCU_INIT_POINTER(folder.share->veto_folded, NULL);
	RCU_INIT_POINTER(folder.share->veto, NULL);
}

/* Directories without a watch cost nothing, and the mark ends with the last watch. */
static void watch_none(struct kunit *test)
{
	struct ditto_volume *volume;
	struct listener *a, *b;

	volume = folder.root->volume;
	KUNIT_EXPECT_NULL(test, volume->watch_mark);
	a = listener_start(test, folder.root, names, false);
	b = listener_start(test, folder.root, names, false);
	KUNIT_EXPECT_NOT_NULL(test, volume->watch_mark);
	listener_finish(test, a);
	KUNIT_EXPECT_NOT_NULL(test, volume->watch_mark);
	listener_finish(test, b);
	KUNIT_EXPECT_NULL(test, volume->watch_mark);
	KUNIT_EXPECT_EQ(test, atomic_read(&folder.srv->nodes->watches.observers), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(watch_depth),
	KUNIT_CASE(watch_renamed),
	KUNIT_CASE(watch_renamed_hidden),
	KUNIT_CASE(watch_filter),
	KUNIT_CASE(watch_replaced),
	KUNIT_CASE(watch_names),
	KUNIT_CASE(watch_link_over),
	KUNIT_CASE(watch_vetoed),
	KUNIT_CASE(watch_veto_folded),
	KUNIT_CASE(watch_none),
	{}
};

static struct kunit_suite suite = {
	.name = "watch",
	FOLDER_SUITE(folder),
	FOLDER_CASES(folder),
	.test_cases = cases,
};

kunit_test_suite(suite);
