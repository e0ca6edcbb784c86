// SPDX-License-Identifier: GPL-2.0-only
/*
 * File systems whose last share was removed, while this module is loaded: local processes must not
 * read zeros where data is not here, or write over it. Nobody can bring it back, so an open of such
 * a file fails. A mark on the superblock sees to that until a share serves the file system again,
 * or it is unmounted.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "../../lockd/acting.h"
#include "../node/node_private.h"
#include "offload.h"
#include "stub.h"

/**
 * struct unserved - a file system that is guarded
 * @list: in the list of all, which has a reference to @mark
 * @session: of the volume that was served; 0 before it is known
 * @candidates: files of that volume that may give way
 * @mark: on the superblock, unless that is gone
 */
struct unserved {
	struct list_head list;
	u64 session;
	struct list_head candidates;
	struct fsnotify_mark mark;
};

static DEFINE_MUTEX(unserved_lock);
static LIST_HEAD(unserved_list);
static struct fsnotify_group *unserved_group;

static int unserved_event(struct fsnotify_group *group, u32 mask, const void *data, int data_type,
			  struct inode *dir, const struct qstr *file_name, u32 cookie,
			  struct fsnotify_iter_info *iter_info)
{
	struct dentry *dentry = fsnotify_data_dentry(data, data_type);

	/* A server of this module has learned itself what is in the file. */
	if (!dentry || !d_inode(dentry) || !S_ISREG(d_inode(dentry)->i_mode) ||
	    ditto_acting_table() ||
	    __vfs_getxattr(dentry, d_inode(dentry), DITTO_OFFLOAD_XATTR, NULL, 0) <= 0)
		return 0;
	pr_warn_ratelimited("%s: the data of inode %llu is offloaded, and no share serves it: the file is not opened; add its share\n",
			    dentry->d_sb->s_id, (u64)d_inode(dentry)->i_ino);
	return -EIO;
}

static void unserved_free_mark(struct fsnotify_mark *mark)
{
	kfree(container_of(mark, struct unserved, mark));
}

static const struct fsnotify_ops unserved_ops = {
	.handle_event = unserved_event,
	.free_mark = unserved_free_mark,
};

/* Forget candidates. Any context. */
void ditto_candidates_free(struct list_head *list)
{
	struct ditto_candidate *c, *next;

	list_for_each_entry_safe(c, next, list, list)
		kfree(c);
	INIT_LIST_HEAD(list);
}

static void unserved_end_locked(struct unserved *unserved)
{
	lockdep_assert_held(&unserved_lock);
	list_del(&unserved->list);
	ditto_candidates_free(&unserved->candidates);
	fsnotify_destroy_mark(&unserved->mark, unserved_group);
	fsnotify_put_mark(&unserved->mark);
}

/* The entry of a file system, valid while the lock is held; or NULL. */
static struct unserved *unserved_find_locked(const struct super_block *sb)
{
	struct fsnotify_mark *found;

	lockdep_assert_held(&unserved_lock);
	found = fsnotify_find_mark((void *)sb, FSNOTIFY_OBJ_TYPE_SB, unserved_group);
	if (!found)
		return NULL;
	fsnotify_put_mark(found);
	return container_of(found, struct unserved, mark);
}

/* Forget file systems that were unmounted. */
static void unserved_end_unmounted_locked(void)
{
	struct unserved *unserved, *next;

	list_for_each_entry_safe(unserved, next, &unserved_list, list)
		if (!(READ_ONCE(unserved->mark.flags) & FSNOTIFY_MARK_FLAG_ATTACHED))
			unserved_end_locked(unserved);
}

/*
 * Let opens of files whose data is not here fail while no share serves their file system, from now
 * on or no more. May sleep.
 */
void ditto_unserved_begin(struct super_block *sb)
{
	struct unserved *unserved = kzalloc(sizeof(*unserved), GFP_KERNEL);
	int err = unserved ? 0 : -ENOMEM;

	mutex_lock(&unserved_lock);
	unserved_end_unmounted_locked();
	if (unserved) {
		INIT_LIST_HEAD(&unserved->candidates);
		fsnotify_init_mark(&unserved->mark, unserved_group);
		unserved->mark.mask = FS_OPEN_PERM | FS_OPEN_EXEC_PERM;
		err = fsnotify_add_mark(&unserved->mark, sb, FSNOTIFY_OBJ_TYPE_SB, 0);
	}
	if (!err)
		list_add(&unserved->list, &unserved_list);
	else if (unserved)
		fsnotify_put_mark(&unserved->mark);
	mutex_unlock(&unserved_lock);
	/* It has been there since another share was removed. */
	if (err && err != -EEXIST)
		pr_warn("%s: offloaded files can be opened while no share serves them, and have zeros, error %d\n",
			sb->s_id, -err);
}

/* @candidates gets what ditto_unserved_save() was given. */
void ditto_unserved_end(struct super_block *sb, struct list_head *candidates)
{
	struct unserved *unserved;

	mutex_lock(&unserved_lock);
	unserved_end_unmounted_locked();
	unserved = unserved_find_locked(sb);
	if (unserved) {
		list_splice_tail_init(&unserved->candidates, candidates);
		unserved_end_locked(unserved);
	}
	mutex_unlock(&unserved_lock);
}

/*
 * Remember session and candidates of a volume while no share serves the file system, which takes
 * them from the list; nothing is done if opens do not fail then. May sleep.
 */
void ditto_unserved_save(const struct super_block *sb, u64 session, struct list_head *candidates)
{
	struct unserved *unserved;

	mutex_lock(&unserved_lock);
	unserved = unserved_find_locked(sb);
	/* The first one of several servers is believed. */
	if (unserved && !unserved->session) {
		unserved->session = session;
		list_splice_tail_init(candidates, &unserved->candidates);
	}
	mutex_unlock(&unserved_lock);
}

/* May sleep. Return: the session of the last volume; 0 if the number of a file may not tell. */
u64 ditto_unserved_session(const struct super_block *sb)
{
	struct unserved *unserved;
	u64 session;

	mutex_lock(&unserved_lock);
	unserved = unserved_find_locked(sb);
	session = unserved ? unserved->session : 0;
	mutex_unlock(&unserved_lock);
	return session;
}

int __init ditto_unserved_init(void)
{
	int err;

	unserved_group = fsnotify_alloc_group(&unserved_ops, 0);
	if (IS_ERR(unserved_group))
		return PTR_ERR(unserved_group);
	/* Opens ask no group below this, and a share that serves the file system first. */
	unserved_group->priority = FSNOTIFY_PRIO_CONTENT;
	err = ditto_handover_init();
	if (err)
		fsnotify_put_group(unserved_group);
	return err;
}

void ditto_unserved_exit(void)
{
	struct unserved *unserved, *next;

	ditto_handover_exit();
	mutex_lock(&unserved_lock);
	list_for_each_entry_safe(unserved, next, &unserved_list, list)
		unserved_end_locked(unserved);
	mutex_unlock(&unserved_lock);
	/* Marks are freed by a callback in this module, after the last event. */
	fsnotify_wait_marks_destroyed();
	fsnotify_put_group(unserved_group);
}
