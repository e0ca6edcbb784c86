// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches of directories, see watch.h: the mark that tells of changes, and the way
 * from a change to those who want to hear of it.
 *
 * On the way up a name and its parent are taken together, but not the whole path:
 * if somebody renames a directory above at this very moment, the path that is told
 * may be neither the one before nor the one after. Who was told of that rename, too,
 * looks again.
 */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/hash.h>
#include <linux/limits.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "../../lockd/acting.h"
#include "../op/op_private.h"
#include "../open/stream.h"
#include "../server.h"
#include "node_private.h"
#include "watch.h"

#define NAME_EVENTS	(FS_CREATE | FS_DELETE | FS_RENAME)
#define WATCH_EVENTS	(NAME_EVENTS | FS_MODIFY | FS_ATTRIB)

/* Of a file with more names than that, some are not told of. */
#define NAMES_TOLD	32

/* What may have changed when the file system says no more than that attributes have. */
#define ANY_ATTRIBUTES \
	(DITTO_CHANGED_ATTRIBUTES | DITTO_CHANGED_MTIME | DITTO_CHANGED_ATIME | \
	 DITTO_CHANGED_XATTR | DITTO_CHANGED_SECURITY)

/**
 * struct watch_mark - on the superblock, while anything on it is watched
 * @mark: tells
 * @volume: of what; waits for the end of the mark, see ditto_watch_settle()
 */
struct watch_mark {
	struct fsnotify_mark mark;
	struct ditto_volume *volume;
};

/**
 * struct change - on its way up
 * @what: DITTO_CHANGED_* bits
 * @otherwise: bits of those who hear of a modification, as they want none of @what
 * @event: as it is told
 * @buf: the path, from its end; PATH_MAX bytes
 */
struct change {
	u32 what;
	u32 otherwise;
	struct ditto_watch_event event;
	char *buf;
};

static struct hlist_head *bucket_of(struct ditto_watch_table *watches, const struct inode *dir)
{
	return &watches->buckets[hash_ptr(dir, ilog2(DITTO_WATCH_BUCKETS))];
}

static struct ditto_watch_table *watches_of(const struct ditto_volume *volume)
{
	return &volume->srv->nodes->watches;
}

/* The way up */

static void watch_tell(struct ditto_watch *watch, const struct change *change)
{
	struct ditto_watch_event event = change->event;

	if (!(watch->what & change->what)) {
		if (!(watch->what & change->otherwise))
			return;
		event.action = DITTO_WATCH_MODIFIED;
	}
	watch->ops->changed(watch, &event);
}

/* Those who watch this directory; under RCU. */
static void tell_dir(struct ditto_volume *volume, const struct inode *dir,
		     const struct change *change, bool direct)
{
	struct ditto_watch *watch;

	hlist_for_each_entry_rcu(watch, bucket_of(watches_of(volume), dir), link)
		if (watch->dir == dir && (direct || watch->tree))
			watch_tell(watch, change);
}

static void watch_lose(struct ditto_volume *volume)
{
	struct ditto_watch_table *watches = watches_of(volume);
	struct ditto_watch *watch;

	rcu_read_lock();
	for (int i = 0; i < DITTO_WATCH_BUCKETS; i++)
		hlist_for_each_entry_rcu(watch, &watches->buckets[i], link)
			if (watch->volume == volume)
				watch->ops->lost(watch);
	rcu_read_unlock();
}

static bool watch_path_prepend(struct change *change, const char *name, u32 len)
{
	u32 left = change->event.path - change->buf;

	if (left < len)
		return false;
	change->event.path -= len;
	change->event.len += len;
	memcpy((char *)change->event.path, name, len);
	return true;
}

/* One step; under RCU, so that dentries which are left behind stay memory. */
static struct dentry *step_up(struct ditto_volume *volume, struct dentry *dir,
			      struct change *change)
{
	struct ditto_name name;
	struct dentry *parent;
	bool fits;

	spin_lock(&dir->d_lock);
	parent = dir->d_parent;
	name.len = dir->d_name.len;
	fits = watch_path_prepend(change, "/", 1) &&
	       watch_path_prepend(change, dir->d_name.name, name.len);
	spin_unlock(&dir->d_lock);
	name.name = change->event.path;
	if (!fits || ditto_is_hidden_on(volume, parent, &name))
		return NULL;
	return parent;
}

static void watch_climb(struct ditto_volume *volume, struct dentry *dir, struct change *change)
{
	bool direct = true;

	rcu_read_lock();
	while (dir) {
		struct inode *inode = d_inode_rcu(dir);

		if (inode)
			tell_dir(volume, inode, change, direct);
		if (IS_ROOT(dir))
			break;
		dir = step_up(volume, dir, change);
		direct = false;
	}
	rcu_read_unlock();
}

/* An entry of a directory, whose dentry is held, changed. @change lacks path and buffer. */
static void tell_entry(struct ditto_volume *volume, struct dentry *dir, const char *name, u32 len,
		       struct change *change)
{
	const struct ditto_name entry = { .name = name, .len = len };

	if (ditto_is_hidden_on(volume, dir, &entry))
		return;
	change->buf = kmalloc(PATH_MAX, GFP_NOFS | __GFP_NOWARN);
	if (!change->buf) {
		watch_lose(volume);
		return;
	}
	change->event.path = change->buf + PATH_MAX;
	change->event.len = 0;
	watch_path_prepend(change, name, len);
	watch_climb(volume, dir, change);
	kfree(change->buf);
}

/* The mark */

static void tell_name(struct ditto_volume *volume, struct inode *dir, const struct qstr *name,
		      enum ditto_watch_action action, bool is_dir, bool renamed)
{
	struct change change = {
		.what = is_dir ? DITTO_CHANGED_DIR_NAME : DITTO_CHANGED_FILE_NAME,
		.event = { .action = action },
	};
	struct dentry *dentry = d_find_any_alias(dir);

	if (!dentry)
		return;
	/* A file that got a name counts as changed (MS-FSA section 2.1.5.15.11). */
	if (renamed && !is_dir)
		change.otherwise = DITTO_CHANGED_ATTRIBUTES | DITTO_CHANGED_BTIME;
	tell_entry(volume, dentry, name->name, name->len, &change);
	dput(dentry);
}

/*
 * What a client's rename has replaced is gone (MS-FSA section 2.1.5.15.11). Of a process's
 * rename nobody says what it was to replace. The directory is locked.
 */
static void tell_replaced(struct ditto_volume *volume, struct inode *dir, const struct qstr *name)
{
	struct ditto_node_table *table = volume->srv->nodes;
	struct ditto_node *node = ditto_node_find_inode(table, dir);
	const struct inode *victim;

	if (!node)
		return;
	victim = READ_ONCE(node->changer) == current ? node->victim : NULL;
	if (victim)
		tell_name(volume, dir, name, DITTO_WATCH_REMOVED, S_ISDIR(victim->i_mode), false);
	if (refcount_dec_and_test(&node->ref))
		ditto_node_dispose(table, node);
}

/* @moved has its new name; its directories, of which @dir is the old one, are locked. */
static void tell_rename(struct ditto_volume *volume, struct inode *dir, const struct qstr *name,
			struct dentry *moved, bool is_dir)
{
	struct inode *to = d_inode(moved->d_parent);
	bool same = to == dir;

	tell_replaced(volume, to, &moved->d_name);
	tell_name(volume, dir, name, same ? DITTO_WATCH_RENAMED_OLD : DITTO_WATCH_REMOVED,
		  is_dir, false);
	tell_name(volume, to, &moved->d_name,
		  same ? DITTO_WATCH_RENAMED_NEW : DITTO_WATCH_ADDED, is_dir, true);
}

/**
 * struct file_names - the names of a file that the server knows, or as many of them as it tells
 * @name: held
 * @count: of @name
 */
struct file_names {
	struct dentry *name[NAMES_TOLD];
	u32 count;
};

static bool has_names(const struct inode *inode)
{
	return !S_ISDIR(inode->i_mode) && inode->i_nlink > 1;
}

static void hold_names(struct inode *inode, struct file_names *names)
{
	struct dentry *alias;

	names->count = 0;
	spin_lock(&inode->i_lock);
	hlist_for_each_entry(alias, &inode->i_dentry, d_u.d_alias) {
		if (names->count == NAMES_TOLD)
			break;
		if (IS_ROOT(alias) || d_unhashed(alias) || !lockref_get_not_dead(&alias->d_lockref))
			continue;
		names->name[names->count++] = alias;
	}
	spin_unlock(&inode->i_lock);
}

static void put_names(const struct file_names *names)
{
	for (u32 i = 0; i < names->count; i++)
		dput(names->name[i]);
}

/* Who caches the directory has sizes and times of what is in it. */
static void tell_holders(struct ditto_op *op, const struct dentry *parent,
			 const struct qstr *name)
{
	const struct ditto_entry_change change = {
		.event = DITTO_ENTRY_ATTRIBUTES,
		.name = name->name,
		.len = name->len,
	};
	struct ditto_node *dir = ditto_node_find_inode(op->srv->nodes, d_inode(parent));

	if (!dir)
		return;
	ditto_lock_recheck(op, dir, DITTO_INTENT_CHILD);
	ditto_lease_deliver(&dir->point, op->actor, &change);
	ditto_node_put(dir);
}

/*
 * A change by one of its names is one of the file, by whatever name it is listed. @op is NULL
 * if those who cache the directory need not know, or know it already.
 */
static void tell_at(struct ditto_op *op, struct ditto_volume *volume, struct dentry *dentry,
		    struct change *change)
{
	struct name_snapshot name;
	struct dentry *parent;

	if (IS_ROOT(dentry))
		return;
	parent = dget_parent(dentry);
	take_dentry_name_snapshot(&name, dentry);
	if (change->what)
		tell_entry(volume, parent, name.name.name, name.name.len, change);
	if (op)
		tell_holders(op, parent, &name.name);
	release_dentry_name_snapshot(&name);
	dput(parent);
}

/* Of processes of the server only: those who act for clients tell by themselves. */
static void tell_local(struct ditto_volume *volume, struct dentry *dentry, u32 what)
{
	struct change change = {
		.what = what,
		.event = { .action = DITTO_WATCH_MODIFIED },
	};
	struct inode *inode = d_inode(dentry);
	struct file_names names;

	if (!inode || !has_names(inode)) {
		tell_at(NULL, volume, dentry, &change);
		return;
	}
	hold_names(inode, &names);
	for (u32 i = 0; i < names.count; i++)
		tell_at(NULL, volume, names.name[i], &change);
	put_names(&names);
}

static void watch_delete_pending(struct ditto_volume *volume, const struct inode *dir)
{
	struct ditto_watch *watch;

	rcu_read_lock();
	hlist_for_each_entry_rcu(watch, bucket_of(watches_of(volume), dir), link)
		if (watch->dir == dir)
			watch->ops->delete_pending(watch);
	rcu_read_unlock();
}

static int watch_event(struct fsnotify_group *group, u32 mask, const void *data, int data_type,
		       struct inode *dir, const struct qstr *name, u32 cookie,
		       struct fsnotify_iter_info *iter_info)
{
	struct fsnotify_mark *mark = fsnotify_iter_sb_mark(iter_info);
	struct dentry *dentry = fsnotify_data_dentry(data, data_type);
	struct inode *inode = fsnotify_data_inode(data, data_type);
	struct ditto_volume *volume;

	if (!mark)
		return 0;
	volume = container_of(mark, struct watch_mark, mark)->volume;
	if (mask & NAME_EVENTS && (!dir || !name))
		return 0;
	if (mask & FS_CREATE)
		tell_name(volume, dir, name, DITTO_WATCH_ADDED, mask & FS_ISDIR, false);
	if (mask & FS_DELETE)
		tell_name(volume, dir, name, DITTO_WATCH_REMOVED, mask & FS_ISDIR, false);
	/* Removed, or replaced by another. */
	if (inode && S_ISDIR(inode->i_mode) && (mask & FS_DELETE || !inode->i_nlink))
		watch_delete_pending(volume, inode);
	if (mask & FS_RENAME && dentry)
		tell_rename(volume, dir, name, dentry, mask & FS_ISDIR);
	if (!dentry || ditto_is_acting())
		return 0;
	if (mask & FS_MODIFY)
		tell_local(volume, dentry, DITTO_CHANGED_SIZE | DITTO_CHANGED_MTIME);
	if (mask & FS_ATTRIB)
		tell_local(volume, dentry, ANY_ATTRIBUTES);
	return 0;
}

static void watch_free_mark(struct fsnotify_mark *mark)
{
	kfree(container_of(mark, struct watch_mark, mark));
}

static const struct fsnotify_ops watch_fsnotify_ops = {
	.handle_event = watch_event,
	.free_mark = watch_free_mark,
};

/* Coming and going */

static int mark_begin(struct ditto_watch_table *watches, struct ditto_volume *volume)
{
	struct watch_mark *wm;
	int err;

	lockdep_assert_held(&watches->lock);
	if (!watches->group) {
		struct fsnotify_group *group = fsnotify_alloc_group(&watch_fsnotify_ops, 0);

		if (IS_ERR(group))
			return PTR_ERR(group);
		watches->group = group;
	}
	wm = kzalloc(sizeof(*wm), GFP_KERNEL);
	if (!wm)
		return -ENOMEM;
	wm->volume = volume;
	volume->was_watched = true;
	fsnotify_init_mark(&wm->mark, watches->group);
	wm->mark.mask = WATCH_EVENTS;
	err = fsnotify_add_mark(&wm->mark, volume->sb, FSNOTIFY_OBJ_TYPE_SB, 0);
	if (err)
		fsnotify_put_mark(&wm->mark);
	else
		volume->watch_mark = &wm->mark;
	return err;
}

static void mark_end(struct ditto_watch_table *watches, struct ditto_volume *volume)
{
	lockdep_assert_held(&watches->lock);
	fsnotify_destroy_mark(volume->watch_mark, watches->group);
	fsnotify_put_mark(volume->watch_mark);
	volume->watch_mark = NULL;
}

int ditto_watch_begin(struct ditto_node *dir, struct ditto_watch *watch)
{
	struct ditto_volume *volume = dir->volume;
	struct ditto_watch_table *watches = watches_of(volume);
	int err = 0;

	watch->what &= DITTO_CHANGED_ALL;
	watch->dir = dir->inode;
	watch->volume = volume;
	mutex_lock(&watches->lock);
	if (!volume->watches)
		err = mark_begin(watches, volume);
	if (!err) {
		volume->watches++;
		atomic_inc(&watches->observers);
		hlist_add_head_rcu(&watch->link, bucket_of(watches, watch->dir));
	}
	mutex_unlock(&watches->lock);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_watch_begin);

void ditto_watch_end(struct ditto_watch *watch)
{
	struct ditto_volume *volume = watch->volume;
	struct ditto_watch_table *watches = watches_of(volume);

	mutex_lock(&watches->lock);
	hlist_del_rcu(&watch->link);
	atomic_dec(&watches->observers);
	if (!--volume->watches)
		mark_end(watches, volume);
	mutex_unlock(&watches->lock);
	watch->ops->ended(watch);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_watch_end);

/* A mark that was taken off may tell until it is freed. */
void ditto_watch_settle(const struct ditto_volume *volume)
{
	if (volume->was_watched)
		fsnotify_wait_marks_destroyed();
}

void ditto_watch_delete_pending(struct ditto_node *dir)
{
	if (S_ISDIR(dir->inode->i_mode))
		watch_delete_pending(dir->volume, dir->inode);
}

void ditto_watch_init(struct ditto_watch_table *watches)
{
	mutex_init(&watches->lock);
}

void ditto_watch_exit(struct ditto_watch_table *watches)
{
	if (!watches->group)
		return;
	/* They are freed by code of ours. */
	fsnotify_wait_marks_destroyed();
	fsnotify_put_group(watches->group);
}

/* Changes made for clients */

/* A name of the node that leads to its directory; the one it is known by may lead nowhere. */
static struct dentry *named_alias(struct ditto_node *node)
{
	struct inode *inode = node->inode;
	struct dentry *dentry = ditto_node_dentry(node), *alias;

	if (S_ISDIR(inode->i_mode) || (!IS_ROOT(dentry) && !d_unhashed(dentry)))
		return dentry;
	spin_lock(&inode->i_lock);
	hlist_for_each_entry(alias, &inode->i_dentry, d_u.d_alias) {
		if (IS_ROOT(alias) || d_unhashed(alias) || !lockref_get_not_dead(&alias->d_lockref))
			continue;
		spin_unlock(&inode->i_lock);
		dput(dentry);
		return alias;
	}
	spin_unlock(&inode->i_lock);
	return dentry;
}

/* What a stream is told of is of the same kind, but has bits of its own. */
static u32 stream_what(u32 what)
{
	u32 bits = 0;

	if (what & DITTO_CHANGED_SIZE)
		bits |= DITTO_CHANGED_STREAM_SIZE;
	if (what & DITTO_CHANGED_MTIME)
		bits |= DITTO_CHANGED_STREAM_DATA;
	return bits;
}

/* By each of its names; @op: see tell_at(). */
static void tell_named(struct ditto_op *op, struct ditto_node *node, struct change *change)
{
	struct file_names names;

	if (has_names(node->inode)) {
		hold_names(node->inode, &names);
	} else {
		names.name[0] = named_alias(node);
		names.count = 1;
	}
	for (u32 i = 0; i < names.count; i++)
		tell_at(op, node->volume, names.name[i], change);
	put_names(&names);
}

void ditto_child_changed_slow(struct ditto_op *op, struct ditto_node *node, u32 what)
{
	struct change change = {
		.what = what & DITTO_CHANGED_BEFORE ? 0 : what & ~DITTO_CHANGED_LATER,
		.event = { .action = DITTO_WATCH_MODIFIED },
	};
	struct name_snapshot stream;
	struct dentry *dentry;

	if (!op->stream_of || node == op->stream_of) {
		tell_named(what & DITTO_CHANGED_LATER ? NULL : op, node, &change);
		return;
	}
	change.what = stream_what(what);
	dentry = ditto_node_dentry(node);
	take_dentry_name_snapshot(&stream, dentry);
	change.event.action = DITTO_WATCH_STREAM_MODIFIED;
	change.event.stream = stream.name.name;
	change.event.stream_len = stream.name.len;
	tell_named(NULL, op->stream_of, &change);
	release_dentry_name_snapshot(&stream);
	dput(dentry);
}

void ditto_watch_stream(struct ditto_node *base, enum ditto_watch_action action,
			const char *name, u32 len, const char *old, u32 old_len)
{
	struct change change = {
		.what = DITTO_CHANGED_STREAM_NAME,
		.event = { .action = action, .stream = name, .stream_len = len },
	};
	struct change before = {
		.what = DITTO_CHANGED_STREAM_NAME,
		.event = {
			.action = DITTO_WATCH_STREAM_REMOVED,
			.stream = old,
			.stream_len = old_len,
		},
	};

	if (likely(!atomic_read(&watches_of(base->volume)->observers)))
		return;
	if (old)
		tell_named(NULL, base, &before);
	tell_named(NULL, base, &change);
}
