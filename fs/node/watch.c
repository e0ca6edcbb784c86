// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches of directories, see watch.h: the fsnotify mark that reports changes, and the way from a
 * change up to the watches.
 *
 * On the way up, the name and parent of each directory are read together, but not the whole path.
 * If a directory above is renamed at the same time, the reported path may be neither the old nor
 * the new one. A watch that was notified of that rename, too, will list the directory again.
 */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/hash.h>
#include <linux/limits.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "../../lockd/acting.h"
#include "../../net/server.h"
#include "hidden.h"
#include "local_notify.h"
#include "node_private.h"
#include "share_types.h"
#include "watch.h"

#define NAME_EVENTS	(FS_CREATE | FS_DELETE | FS_RENAME)
#define WATCH_EVENTS	(NAME_EVENTS | FS_MODIFY | FS_ATTRIB)

/* Names of one file that are reported; further ones are not. */
#define NAMES_TOLD	32

/* Possible changes when the file system reports only that attributes changed. */
#define ANY_ATTRIBUTES \
	(DITTO_CHANGED_ATTRIBUTES | DITTO_CHANGED_MTIME | DITTO_CHANGED_ATIME | \
	 DITTO_CHANGED_XATTR | DITTO_CHANGED_SECURITY)

/**
 * struct watch_mark - mark on a superblock while anything on it is watched
 * @mark: the fsnotify mark
 * @volume: its volume, which waits for the end of the mark, see ditto_watch_settle()
 */
struct watch_mark {
	struct fsnotify_mark mark;
	struct ditto_volume *volume;
};

/**
 * struct change - a change on its way up
 * @what: DITTO_CHANGED_* bits
 * @otherwise: bits for which watches that select none of @what get a modification
 * @event: event to report; each of its paths is at the end of a buffer of PATH_MAX bytes
 * @named: see ditto_watch_changed(); NULL if nobody else is notified
 * @arg: its argument
 */
struct change {
	u32 what;
	u32 otherwise;
	struct ditto_watch_event event;
	void (*named)(void *arg, const struct dentry *dir, const struct qstr *name);
	void *arg;
};

static struct hlist_head *bucket_of(struct ditto_watch_table *watches, const struct inode *dir)
{
	return &watches->buckets[hash_ptr(dir, ilog2(DITTO_WATCH_BUCKETS))];
}

static struct ditto_watch_table *watches_of(const struct ditto_volume *volume)
{
	return &volume->srv->nodes->watches;
}

/* Notification of a change up to the root */

/* Where a watch does not select names, the file with the new name was modified. */
static void event_become_modified(struct ditto_watch_event *event)
{
	event->action = DITTO_WATCH_MODIFIED;
	if (!event->to)
		return;
	event->path = event->to;
	event->len = event->to_len;
	event->to = NULL;
	event->to_len = 0;
}

/*
 * Leave out names that the watch's share vetoes: a file that gets such a name is gone for it.
 * Return: false if nothing is left.
 */
static bool event_veto(const struct ditto_watch *watch, struct ditto_watch_event *event)
{
	const struct ditto_share *share = watch->share;
	bool from = ditto_is_path_vetoed(share, event->path, event->len);

	if (!event->to)
		return !from;
	if (ditto_is_path_vetoed(share, event->to, event->to_len)) {
		event->action = DITTO_WATCH_REMOVED;
	} else if (from) {
		event->action = DITTO_WATCH_ADDED;
		event->path = event->to;
		event->len = event->to_len;
		from = false;
	} else {
		return true;
	}
	event->to = NULL;
	event->to_len = 0;
	return !from;
}

/* Notify the watches of one directory; under RCU. */
static void tell_dir(struct ditto_volume *volume, const struct inode *dir,
		     const struct change *change, bool direct)
{
	struct ditto_watch_event event;
	struct ditto_watch *watch;

	hlist_for_each_entry_rcu(watch, bucket_of(watches_of(volume), dir), link) {
		if (watch->dir != dir || !(direct || watch->tree))
			continue;
		event = change->event;
		if (!(watch->what & change->what)) {
			if (!(watch->what & change->otherwise))
				continue;
			event_become_modified(&event);
		}
		if (watch->share && unlikely(rcu_access_pointer(watch->share->veto)) &&
		    !event_veto(watch, &event))
			continue;
		watch->ops->changed(watch, &event);
	}
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

static bool path_prepend(const char **path, u32 *path_len, const char *name, u32 len)
{
	if (PATH_MAX - *path_len < len)
		return false;
	*path -= len;
	*path_len += len;
	memcpy((char *)*path, name, len);
	return true;
}

static bool event_prepend(struct ditto_watch_event *event, const char *name, u32 len)
{
	return path_prepend(&event->path, &event->len, name, len) &&
	       (!event->to || path_prepend(&event->to, &event->to_len, name, len));
}

/* Go to the parent directory; under RCU, so that dentries left behind stay valid memory. */
static struct dentry *step_up(struct ditto_volume *volume, struct dentry *dir,
			      struct change *change)
{
	struct ditto_name name;
	struct dentry *parent;
	bool fits;

	spin_lock(&dir->d_lock);
	parent = dir->d_parent;
	name.len = dir->d_name.len;
	fits = event_prepend(&change->event, "/", 1) &&
	       event_prepend(&change->event, dir->d_name.name, name.len);
	spin_unlock(&dir->d_lock);
	name.name = change->event.path;
	if (!fits || ditto_is_hidden_on(volume, parent, &name))
		return NULL;
	return parent;
}

static bool is_hidden(struct ditto_volume *volume, const struct dentry *dir,
		      const struct qstr *name)
{
	const struct ditto_name entry = { .name = name->name, .len = name->len };

	return ditto_is_hidden_on(volume, dir, &entry);
}

/*
 * Report a change of an entry of a directory, whose dentry is held, to the watches of the
 * directory and of all above it. @to is the new name of an entry that was renamed within the
 * directory, or NULL. The paths of @change are not set yet.
 */
static void tell_entry(struct ditto_volume *volume, struct dentry *dir, const struct qstr *name,
		       const struct qstr *to, struct change *change)
{
	struct ditto_watch_event *event = &change->event;
	bool direct = true;
	struct inode *inode;
	char *buf;

	if (is_hidden(volume, dir, name))
		return;
	buf = kmalloc(to ? 2 * PATH_MAX : PATH_MAX, GFP_NOFS | __GFP_NOWARN);
	if (!buf) {
		watch_lose(volume);
		return;
	}
	event->path = buf + PATH_MAX;
	event->len = 0;
	path_prepend(&event->path, &event->len, name->name, name->len);
	if (to) {
		event->to = buf + 2 * PATH_MAX;
		path_prepend(&event->to, &event->to_len, to->name, to->len);
	}

	rcu_read_lock();
	while (dir) {
		inode = d_inode_rcu(dir);
		if (inode)
			tell_dir(volume, inode, change, direct);
		if (IS_ROOT(dir))
			break;
		dir = step_up(volume, dir, change);
		direct = false;
	}
	rcu_read_unlock();
	kfree(buf);
}

/* Events of the mark */

static u32 name_bit(bool is_dir)
{
	return is_dir ? DITTO_CHANGED_DIR_NAME : DITTO_CHANGED_FILE_NAME;
}

static void tell_name(struct ditto_volume *volume, struct inode *dir, const struct qstr *name,
		      enum ditto_watch_action action, bool is_dir)
{
	struct change change = { .what = name_bit(is_dir), .event = { .action = action } };
	struct dentry *dentry = d_find_any_alias(dir);

	if (!dentry)
		return;
	tell_entry(volume, dentry, name, NULL, &change);
	dput(dentry);
}

/*
 * The file that a client's rename replaced is reported as removed (MS-FSA section 2.1.5.15.11).
 * For renames by local processes the replaced file is not known.
 */
static void tell_replaced(struct ditto_volume *volume, struct inode *dir, const struct qstr *name)
{
	struct ditto_node_table *table = volume->srv->nodes;
	struct ditto_node *node = ditto_node_find_inode(table, dir);
	const struct inode *victim = NULL;

	if (node && READ_ONCE(node->changer) == current)
		victim = node->victim;
	if (victim)
		tell_name(volume, dir, name, DITTO_WATCH_REMOVED, S_ISDIR(victim->i_mode));
	if (node)
		ditto_node_put_later(node);
}

/* @moved has its new name. Its directories are locked; @dir is the old one. */
static void tell_rename(struct ditto_volume *volume, struct inode *dir, const struct qstr *name,
			struct dentry *moved, bool is_dir)
{
	struct dentry *to = moved->d_parent;
	struct change change = { .what = name_bit(is_dir) };

	tell_replaced(volume, d_inode(to), &moved->d_name);
	/* A renamed file counts as modified (MS-FSA section 2.1.5.15.11). */
	if (!is_dir)
		change.otherwise = DITTO_CHANGED_ATTRIBUTES | DITTO_CHANGED_BTIME;
	/* Both names or none are of use to a watch. */
	if (d_inode(to) == dir && !is_hidden(volume, to, name) &&
	    !is_hidden(volume, to, &moved->d_name)) {
		change.event.action = DITTO_WATCH_RENAMED_OLD;
		tell_entry(volume, to, name, &moved->d_name, &change);
		return;
	}
	tell_name(volume, dir, name, DITTO_WATCH_REMOVED, is_dir);
	change.event.action = DITTO_WATCH_ADDED;
	tell_entry(volume, to, &moved->d_name, NULL, &change);
}

/* Whether this task gives a file another name by way of a temporary one: fs/op/link.c. */
static bool is_linking(const struct ditto_volume *volume, const struct inode *dir)
{
	const struct ditto_node *node;
	bool linking;

	rcu_read_lock();
	node = ditto_node_peek_inode(volume->srv->nodes, dir);
	linking = node && READ_ONCE(node->changer) == current &&
		  test_bit(DITTO_NODE_LINKING, &node->flags);
	rcu_read_unlock();
	return linking;
}

static bool is_named(const struct dentry *dentry)
{
	return !IS_ROOT(dentry) && !d_unhashed(dentry);
}

/**
 * struct file_names - cached names of a file, NAMES_TOLD at most
 * @name: dentries, held
 * @count: number of @name
 */
struct file_names {
	struct dentry *name[NAMES_TOLD];
	u32 count;
};

static void hold_names(struct inode *inode, struct file_names *names)
{
	struct dentry *alias;

	names->count = 0;
	spin_lock(&inode->i_lock);
	hlist_for_each_entry(alias, &inode->i_dentry, d_alias) {
		if (names->count == NAMES_TOLD)
			break;
		if (!is_named(alias) || !lockref_get_not_dead(&alias->d_lockref))
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

/* Report a change of a file for one of its names. */
static void tell_at(struct ditto_volume *volume, struct dentry *dentry, struct change *change)
{
	struct name_snapshot name;
	struct dentry *parent;

	if (IS_ROOT(dentry))
		return;
	parent = dget_parent(dentry);
	take_dentry_name_snapshot(&name, dentry);
	if (change->what)
		tell_entry(volume, parent, &name.name, NULL, change);
	if (change->named)
		change->named(change->arg, parent, &name.name);
	release_dentry_name_snapshot(&name);
	dput(parent);
}

/* Report a change by a local process; operations for clients report their changes themselves. */
static void tell_local(struct ditto_volume *volume, struct dentry *dentry, u32 what)
{
	struct change change = {
		.what = what,
		.event = { .action = DITTO_WATCH_MODIFIED },
	};
	struct inode *inode = d_inode(dentry);
	struct file_names names;

	if (!inode || S_ISDIR(inode->i_mode) || inode->i_nlink <= 1) {
		tell_at(volume, dentry, &change);
		return;
	}
	hold_names(inode, &names);
	for (u32 i = 0; i < names.count; i++)
		tell_at(volume, names.name[i], &change);
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
	if (mask & NAME_EVENTS && is_linking(volume, dir)) {
		/* Only the last step is one that others see: a file has got the name of another. */
		if (mask & FS_RENAME && dentry) {
			tell_name(volume, dir, &dentry->d_name, DITTO_WATCH_REMOVED, false);
			tell_name(volume, dir, &dentry->d_name, DITTO_WATCH_ADDED, false);
		}
		return 0;
	}
	if (mask & FS_CREATE)
		tell_name(volume, dir, name, DITTO_WATCH_ADDED, mask & FS_ISDIR);
	if (mask & FS_DELETE)
		tell_name(volume, dir, name, DITTO_WATCH_REMOVED, mask & FS_ISDIR);
	/* The directory was removed, or replaced by a rename. */
	if (inode && S_ISDIR(inode->i_mode) && (mask & FS_DELETE || !inode->i_nlink))
		watch_delete_pending(volume, inode);
	if (mask & FS_RENAME && dentry)
		tell_rename(volume, dir, name, dentry, mask & FS_ISDIR);
	if (!dentry || ditto_acting_table() == volume->srv->locks)
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

/* Begin and end */

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

/*
 * Start a watch. @dir: directory, held until the watch ends. For fs/open/instance.c. Return: 0,
 * -ENOMEM or an errno of fsnotify.
 */
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

/* End a watch. */
void ditto_watch_end(struct ditto_watch *watch)
{
	struct ditto_volume *volume = watch->volume;
	struct ditto_watch_table *watches = watches_of(volume);

	mutex_lock(&watches->lock);
	hlist_del_rcu(&watch->link);
	atomic_dec(&watches->observers);
	if (!--volume->watches) {
		fsnotify_destroy_mark(volume->watch_mark, watches->group);
		fsnotify_put_mark(volume->watch_mark);
		volume->watch_mark = NULL;
	}
	mutex_unlock(&watches->lock);
	watch->ops->ended(watch);
}

/*
 * Wait until no callback of a volume is running. @volume: a volume without watches that is about to
 * be freed. A mark may report events until it is freed.
 */
void ditto_watch_settle(const struct ditto_volume *volume)
{
	if (volume->was_watched)
		fsnotify_wait_marks_destroyed();
}

/* Notify watches that their directory is delete pending or deleted. Context: any. */
void ditto_watch_delete_pending(struct ditto_node *dir)
{
	if (S_ISDIR(dir->inode->i_mode))
		watch_delete_pending(dir->volume, dir->inode);
}

/* Set up the table. */
void ditto_watch_init(struct ditto_watch_table *watches)
{
	mutex_init(&watches->lock);
}

/* Tear down; no watch is left. May sleep. */
void ditto_watch_exit(struct ditto_watch_table *watches)
{
	if (!watches->group)
		return;
	/* Marks are freed by a callback in this module. */
	fsnotify_wait_marks_destroyed();
	fsnotify_put_group(watches->group);
}

/* Changes made for clients */

/* Get a name of the node that leads to its directory; the node's own alias may be disconnected. */
static struct dentry *named_alias(struct ditto_node *node)
{
	struct inode *inode = node->inode;
	struct dentry *dentry = ditto_node_dentry(node), *alias;

	if (S_ISDIR(inode->i_mode) || is_named(dentry) || !ditto_node_links(node))
		return dentry;
	spin_lock(&inode->i_lock);
	hlist_for_each_entry(alias, &inode->i_dentry, d_alias) {
		if (!is_named(alias) || !lockref_get_not_dead(&alias->d_lockref))
			continue;
		spin_unlock(&inode->i_lock);
		dput(dentry);
		return alias;
	}
	spin_unlock(&inode->i_lock);
	return dentry;
}

/* Report a change for each name of the file. */
static void tell_named(struct ditto_node *node, struct change *change)
{
	unsigned int links = ditto_node_links(node);
	struct inode *inode = node->inode;
	struct file_names names;
	u32 known;

	if (!S_ISDIR(inode->i_mode) && links > 1) {
		hold_names(inode, &names);
		known = names.count;
	} else {
		names.name[0] = named_alias(node);
		names.count = 1;
		known = is_named(names.name[0]);
	}
	if (change->named && known < links && !S_ISDIR(inode->i_mode))
		ditto_local_notify_unnamed(node->volume);
	for (u32 i = 0; i < names.count; i++)
		tell_at(node->volume, names.name[i], change);
	put_names(&names);
}

/*
 * Notify of a change of data or attributes that a client has made. @named: called for each name of
 * the file, with its directory; or NULL. Context: no inode lock held.
 */
void ditto_watch_changed(struct ditto_node *node, u32 what, const struct ditto_watch_event *event,
			 void (*named)(void *arg, const struct dentry *dir,
				       const struct qstr *name),
			 void *arg)
{
	struct change change = { .what = what, .event = *event, .named = named, .arg = arg };

	tell_named(node, &change);
}

/*
 * Notify that a stream was added, removed or renamed. @old: previous name of a renamed stream,
 * reported as removed; or NULL.
 */
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
		tell_named(base, &before);
	tell_named(base, &change);
}
