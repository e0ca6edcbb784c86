// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files cached with their nodes.
 *
 * A node has one slot for each mode. A file in a slot is also on the table's list; slot and list
 * share one reference. Using a cached file needs only RCU and a reference count. An open
 * directory has one position, so a listing takes it out of its slot. A file is closed by the task
 * that drops its last reference, before that call returns, so that no file pins a mount after its
 * share is gone. To close a file may hang with its file system. So idle files, and those above the
 * limit, are closed by the volume's worker and by threads that open files of that volume.
 *
 * An open instance keeps the files that it uses (struct ditto_pins), with references of its own.
 *
 * Locking: node->lock guards the slots; files_lock nests inside and guards the list, and the lists
 * of files to close. While files_lock is held, the node of a file on the list is valid, because
 * files leave slot and list under node->lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/backing-file.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/percpu_counter.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "../../net/callback.h"
#include "../../net/server.h"
#include "../../net/server_private.h"
#include "file.h"
#include "node_private.h"
#include "share_types.h"

/*
 * Memory for each cached file, unless a setting gives the limit. The system lets users have one
 * open file for each 10 KiB (fs.file-max), of which the cache takes a sixth.
 */
#define FILE_MEMORY	SZ_64K
#define FILES_LEAST	1024
#define FILES_MOST	1048576

/* Files to examine for the oldest one when the limit is exceeded. */
#define FILES_LOOK	8

/* Longest wait for an open or close in progress. */
#define SETTLE_MS	20

/* Files open for writing are counted separately, as in the VFS. */
static atomic_t *open_count(const struct ditto_file *df)
{
	return &df->node->opens[df->mode == DITTO_FILE_WRITE];
}

/*
 * While a file is being opened or closed, it may be mistaken for one of a local process. That is
 * safe; callers that need the exact count wait until it is done.
 */
static void move_begin(struct ditto_node *node)
{
	atomic_inc(&node->moving);
}

static void move_end(struct ditto_node *node)
{
	if (atomic_dec_and_test(&node->moving))
		wake_up_var(&node->moving);
}

static void file_close(struct ditto_file *df)
{
	struct ditto_node *node = df->node;

	ditto_assert_no_callback();
	spin_lock(&node->lock);
	hlist_del(&df->of_node);
	spin_unlock(&node->lock);
	move_begin(node);
	atomic_dec(open_count(df));
	__fput_sync(df->file);
	move_end(node);
	kfree_rcu(df, rcu);
}

/**
 * ditto_file_put - drop a reference to an open file
 * @df: the file; its node is held by the caller
 *
 * Context: may sleep: the last reference closes the file before the function returns.
 */
void ditto_file_put(struct ditto_file *df)
{
	if (refcount_dec_and_test(&df->ref))
		file_close(df);
}
EXPORT_SYMBOL_NS_GPL(ditto_file_put, "DITTO");

/* Get the cached file, on any mount. */
static struct ditto_file *slot_hold(struct ditto_node *node, enum ditto_file_mode mode)
{
	struct ditto_file *df;

	rcu_read_lock();
	df = READ_ONCE(node->files[mode]);
	if (df && !refcount_inc_not_zero(&df->ref))
		df = NULL;
	rcu_read_unlock();
	return df;
}

static struct ditto_file *slot_get(struct ditto_node *node, enum ditto_file_mode mode,
				   const struct vfsmount *mnt)
{
	struct ditto_file *df = slot_hold(node, mode);

	/* The mount of another share may be read-only, or be unmounted earlier. */
	if (df && unlikely(df->file->f_path.mnt != mnt)) {
		ditto_file_put(df);
		df = NULL;
	}
	return df;
}

static void slot_clear_locked(struct ditto_node_table *table, struct ditto_node *node,
			      struct ditto_file *df)
{
	lockdep_assert_held(&node->lock);
	WRITE_ONCE(node->files[df->mode], NULL);
	spin_lock(&table->files_lock);
	list_del_init(&df->lru);
	table->nfiles--;
	spin_unlock(&table->files_lock);
}

/*
 * Take a file out of its slot and off the list; the reference passes to the caller. A file that is
 * not in the slot may be freed.
 */
static bool file_uncache(struct ditto_node_table *table, struct ditto_node *node,
			 enum ditto_file_mode mode, struct ditto_file *df)
{
	bool mine;

	spin_lock(&node->lock);
	mine = node->files[mode] == df;
	if (mine)
		slot_clear_locked(table, node, df);
	spin_unlock(&node->lock);
	return mine;
}

/* Drop the cache's reference to a file, or close one without references; and put its node. */
static void file_drop(struct ditto_file *df)
{
	struct ditto_node *node = df->node;

	if (refcount_read(&df->ref))
		ditto_file_put(df);
	else
		file_close(df);
	ditto_node_put(node);
}

/* Let the volume's worker close a file that is in no slot, as file_drop() would. */
static void file_drop_later(struct ditto_node_table *table, struct ditto_file *df)
{
	struct ditto_volume *volume = df->node->volume;

	spin_lock(&table->files_lock);
	list_add_tail(&df->lru, &volume->closing);
	/* Under the lock: the volume may end as soon as the worker can take the file. */
	queue_work(ditto_wq, &volume->dispose_work);
	spin_unlock(&table->files_lock);
}

/*
 * Close the first file that left the cache, but was not closed. @volume: whose files; held by the
 * caller. Context: as long as the file system hangs. Return: false if there was none.
 */
bool ditto_file_close_next(struct ditto_node_table *table, struct ditto_volume *volume)
{
	struct ditto_file *df;

	spin_lock(&table->files_lock);
	df = list_first_entry_or_null(&volume->closing, struct ditto_file, lru);
	if (df)
		list_del_init(&df->lru);
	spin_unlock(&table->files_lock);
	if (df)
		file_drop(df);
	return df;
}

/*
 * Close a file on the list. Called with files_lock held, and drops it. The caller closes it itself
 * only if it is of @volume. Returns false if the worker is about to close the file, because its
 * node is being freed.
 */
static bool file_evict(struct ditto_node_table *table, struct ditto_file *df,
		       const struct ditto_volume *volume)
	__releases(&table->files_lock)
{
	enum ditto_file_mode mode = df->mode;
	struct ditto_node *node = df->node;

	if (!refcount_inc_not_zero(&node->ref)) {
		spin_unlock(&table->files_lock);
		return false;
	}
	spin_unlock(&table->files_lock);

	if (file_uncache(table, node, mode, df)) {
		if (node->volume == volume)
			file_drop(df);
		else
			file_drop_later(table, df);
	} else {
		ditto_node_put_later(node);
	}
	return true;
}

/*
 * Least recently used one of the first files on the list. One whose node is being freed is closed
 * by the worker, which may hang, so it is in question only if all of them are.
 */
static struct ditto_file *files_oldest(struct ditto_node_table *table)
{
	struct ditto_file *df, *next, *oldest = NULL, *going = NULL;
	int look = FILES_LOOK;

	lockdep_assert_held(&table->files_lock);
	list_for_each_entry_safe(df, next, &table->files, lru) {
		if (!look--)
			break;
		if (!refcount_read(&df->node->ref))
			going = df;
		else if (!oldest || time_before(READ_ONCE(df->used), READ_ONCE(oldest->used)))
			oldest = df;
		list_move_tail(&df->lru, &table->files);
	}
	return oldest ?: going;
}

static unsigned long files_limit(const struct ditto_node_table *table)
{
	return READ_ONCE(table->srv->settings.file_limit) ?: table->files_by_memory;
}

/*
 * Close a file if there are too many. @volume: where the caller has opened one, or NULL. It neither
 * runs ahead of that volume's worker nor waits for other file systems.
 */
static void files_trim(struct ditto_node_table *table, struct ditto_volume *volume)
{
	struct ditto_file *oldest;
	bool waits;

	spin_lock(&table->files_lock);
	if (table->nfiles <= files_limit(table)) {
		spin_unlock(&table->files_lock);
		return;
	}
	oldest = files_oldest(table);
	waits = oldest->node->volume == volume;
	/* The worker itself opens the directories of streams whose file was removed. */
	if (!file_evict(table, oldest, volume) && waits &&
	    current_work() != &volume->dispose_work)
		flush_work(&volume->dispose_work);
	if (volume && !list_empty(&volume->closing))
		ditto_file_close_next(table, volume);
}

static void files_arm(struct ditto_node_table *table)
{
	unsigned long idle = msecs_to_jiffies(READ_ONCE(table->srv->settings.file_idle_ms));

	queue_delayed_work(ditto_wq, &table->files_work, max(idle / 2, 1UL));
}

/* Put a file into its slot, if the slot is free. */
static bool file_cache(struct ditto_node_table *table, struct ditto_file *df)
{
	struct ditto_node *node = df->node;
	bool cached = false;

	if (node->volume->caller_opens)
		return false;

	spin_lock(&node->lock);
	if (!node->files[df->mode] && !test_bit(DITTO_NODE_DEAD, &node->flags)) {
		refcount_inc(&df->ref);
		/* Pairs with the address dependency in slot_hold(). */
		smp_store_release(&node->files[df->mode], df);
		spin_lock(&table->files_lock);
		list_add_tail(&df->lru, &table->files);
		table->nfiles++;
		spin_unlock(&table->files_lock);
		cached = true;
	}
	spin_unlock(&node->lock);

	if (cached) {
		files_trim(table, node->volume);
		files_arm(table);
	}
	return cached;
}

static const int open_flags[] = {
	[DITTO_FILE_READ] = O_RDONLY | O_LARGEFILE,
	[DITTO_FILE_WRITE] = O_RDWR | O_LARGEFILE,
	[DITTO_FILE_DIR] = O_RDONLY | O_LARGEFILE | O_DIRECTORY,
};

static struct file *open_nowait(const struct path *path, int flags, bool quiet,
				const struct cred *cred)
{
	/*
	 * Acting as the server marks the open as ours, so that it does not break a VFS lease that
	 * we hold for a client.
	 */
	const struct cred *old = override_creds(cred);
	struct file *file;

	flags |= O_NONBLOCK;
	file = quiet ? ditto_open_nonotify(path, flags, cred) : dentry_open(path, flags, cred);
	revert_creds(old);

	/* The lease break of a local process was started, and is not waited for. */
	if (file == ERR_PTR(-EWOULDBLOCK))
		return ERR_PTR(-EJUKEBOX);
	if (!IS_ERR(file)) {
		spin_lock(&file->f_lock);
		file->f_flags &= ~O_NONBLOCK;
		spin_unlock(&file->f_lock);
	}
	return file;
}

/* @flags: further flags of the open file */
static struct ditto_file *file_open(struct vfsmount *mnt, struct ditto_node *node,
				    enum ditto_file_mode mode, bool quiet)
{
	const struct ditto_volume *volume = node->volume;
	struct ditto_file *df;
	struct path path;
	struct file *file;

	df = kzalloc(sizeof(*df), GFP_KERNEL);
	if (!df)
		return ERR_PTR(-ENOMEM);

	path.mnt = mnt;
	path.dentry = ditto_node_dentry(node);
	move_begin(node);
	file = open_nowait(&path, open_flags[mode], quiet,
			   volume->caller_opens && ditto_acting_table() ? current_cred() :
								     volume->srv->nodes->cred);
	dput(path.dentry);
	if (IS_ERR(file)) {
		move_end(node);
		kfree(df);
		return ERR_CAST(file);
	}
	/* Clients get directory positions as 64-bit cookies. */
	if (mode == DITTO_FILE_DIR)
		file->f_mode |= FMODE_64BITHASH;

	df->file = file;
	df->node = node;
	df->mode = mode;
	df->used = jiffies;
	atomic_inc(open_count(df));
	move_end(node);
	INIT_LIST_HEAD(&df->lru);
	refcount_set(&df->ref, 1);
	spin_lock(&node->lock);
	hlist_add_head(&df->of_node, &node->opened);
	spin_unlock(&node->lock);
	/* The file is open before its user looks whether it is whole: fs/offload/offload.h. */
	smp_mb();
	return df;
}

/**
 * ditto_file_get - get an open file of a node
 * @share: share whose mount is used
 * @node: a regular file, held
 * @mode: DITTO_FILE_READ or DITTO_FILE_WRITE; a file open for writing also serves reads
 *
 * Return: a file with a reference, or an ERR_PTR of dentry_open(); -EROFS on a read-only mount;
 * -EJUKEBOX while the lease of a local process is being broken.
 */
struct ditto_file *ditto_file_get(struct ditto_share *share, struct ditto_node *node,
				  enum ditto_file_mode mode)
{
	const struct vfsmount *mnt = share->root.mnt;
	unsigned long now = jiffies;
	struct ditto_file *df, *other;

	df = slot_get(node, DITTO_FILE_WRITE, mnt);
	if (!df && mode == DITTO_FILE_READ)
		df = slot_get(node, DITTO_FILE_READ, mnt);
	if (df) {
		if (READ_ONCE(df->used) != now)
			WRITE_ONCE(df->used, now);
		return df;
	}

	df = file_open(share->root.mnt, node, mode, false);
	if (IS_ERR(df) || file_cache(node->volume->srv->nodes, df))
		return df;
	/* Another task was faster, or the node is being freed. */
	other = slot_get(node, mode, mnt);
	if (!other)
		return df;
	ditto_file_put(df);
	return other;
}
EXPORT_SYMBOL_NS_GPL(ditto_file_get, "DITTO");

/* Count one more kept file, unless there are as many as the cache may have. */
static bool pin_charge(struct ditto_node_table *table)
{
	if (percpu_counter_compare(&table->pinned, files_limit(table)) >= 0)
		return false;
	percpu_counter_inc(&table->pinned);
	return true;
}

/*
 * Get an open file of a node for an operation on an instance. @pins: files of the instance, which
 * is in use; NULL without an instance. If @node is the instance's, the instance keeps the file, so
 * that further operations do not depend on the cache. As many files are kept as the limit of the
 * cache allows; beyond it this is ditto_file_get(). Return: as ditto_file_get().
 */
struct ditto_file *ditto_file_get_pinned(struct ditto_share *share, struct ditto_node *node,
					 enum ditto_file_mode mode, struct ditto_pins *pins)
{
	struct ditto_node_table *table = node->volume->srv->nodes;
	struct ditto_file *df;

	if (!pins || pins->node != node)
		return ditto_file_get(share, node, mode);
	df = READ_ONCE(pins->files[DITTO_FILE_WRITE]);
	if (!df && mode == DITTO_FILE_READ)
		df = READ_ONCE(pins->files[DITTO_FILE_READ]);
	if (df) {
		/* The instance has a reference. */
		refcount_inc(&df->ref);
		return df;
	}

	df = ditto_file_get(share, node, mode);
	/* A reader does not keep a file open for writing that the cache had for a writer. */
	if (IS_ERR(df) || df->mode != mode || node->volume->caller_opens || !pin_charge(table))
		return df;
	refcount_inc(&df->ref);
	if (cmpxchg(&pins->files[mode], NULL, df)) {
		percpu_counter_dec(&table->pinned);
		refcount_dec(&df->ref);
	}
	return df;
}

/* Close the files of an instance. */
void ditto_pins_drop(struct ditto_pins *pins)
{
	for (size_t i = 0; i < ARRAY_SIZE(pins->files); i++) {
		struct ditto_file *df = pins->files[i];

		if (!df)
			continue;
		pins->files[i] = NULL;
		percpu_counter_dec(&df->node->volume->srv->nodes->pinned);
		ditto_file_put(df);
	}
}

/*
 * Set the size of an open file. @file: open for writing; the inode is locked. Context: write access
 * to the mount. The credential of the task counts. Return: 0 or an errno.
 */
int ditto_file_set_size(struct file *file, u64 size)
{
	struct iattr ia = { .ia_valid = ATTR_SIZE | ATTR_FILE, .ia_size = size, .ia_file = file };

	return notify_change(file_mnt_idmap(file), file->f_path.dentry, &ia, NULL);
}

/*
 * Open a file for writing by the server itself. @mnt: mount of a share, or of the volume; NULL if
 * the volume has none; @node: a regular file, held. The file is not cached. Writing to it changes
 * no times. No program is notified of the open or of writes. Return: a file with a reference;
 * ERR_PTR(-EOPNOTSUPP) without @mnt; or as ditto_file_get().
 */
struct ditto_file *ditto_file_open_own(struct vfsmount *mnt, struct ditto_node *node)
{
	struct ditto_file *df;

	if (!mnt)
		return ERR_PTR(-EOPNOTSUPP);
	/* Whoever is notified of the open would read data that is not there yet. */
	df = file_open(mnt, node, DITTO_FILE_WRITE, true);
	if (!IS_ERR(df))
		df->file->f_mode |= FMODE_NOCMTIME;
	return df;
}

/*
 * Open a file for reading past the server. @node: a regular file, held. The file is not cached, and
 * is on the mount of the volume. Reading it sets no time of access, and no program is notified of
 * that or of the open. Its data stays in the file while it is open. Return: as
 * ditto_file_open_own().
 */
struct ditto_file *ditto_file_open_quiet(struct ditto_node *node)
{
	struct vfsmount *mnt = node->volume->mnt;
	struct ditto_file *df;

	if (!mnt)
		return ERR_PTR(-EOPNOTSUPP);
	df = file_open(mnt, node, DITTO_FILE_READ, true);
	if (!IS_ERR(df))
		df->file->f_flags |= O_NOATIME;
	return df;
}

/*
 * Tell whether the server has a file open for data. Context: any. Return: true if it has, or is
 * about to open or close one.
 */
bool ditto_files_in_use(struct ditto_node *node)
{
	struct ditto_file *df;
	bool used = atomic_read(&node->moving);

	spin_lock(&node->lock);
	hlist_for_each_entry(df, &node->opened, of_node)
		used |= !df->kept;
	spin_unlock(&node->lock);
	return used;
}

/*
 * Get an open directory for one listing. @node: a directory, held. Returns the cached file of the
 * node if no other listing uses it, otherwise a new one. Return: a file for ditto_file_give_dir(),
 * or an ERR_PTR.
 */
struct ditto_file *ditto_file_take_dir(struct ditto_share *share, struct ditto_node *node)
{
	struct ditto_file *df;

	spin_lock(&node->lock);
	df = node->files[DITTO_FILE_DIR];
	if (df && df->file->f_path.mnt == share->root.mnt)
		slot_clear_locked(node->volume->srv->nodes, node, df);
	else
		df = NULL;
	spin_unlock(&node->lock);
	return df ?: file_open(share->root.mnt, node, DITTO_FILE_DIR, false);
}

/* End a listing. */
void ditto_file_give_dir(struct ditto_file *df)
{
	WRITE_ONCE(df->used, jiffies);
	file_cache(df->node->volume->srv->nodes, df);
	ditto_file_put(df);
}

/* Find our open file for a struct file that is in use. */
static struct ditto_file *file_find(struct ditto_node *node, const struct file *file)
{
	struct ditto_file *df;

	lockdep_assert_held(&node->lock);
	hlist_for_each_entry(df, &node->opened, of_node)
		if (df->file == file)
			return df;
	return NULL;
}

/*
 * Keep a file open that represents claims towards the VFS. @point: lock context of the node; @file:
 * file of ditto_file_get(), or opened by the caller itself. If the volume has a private mount,
 * another file of the same inode is opened on it, which does not pin a share. Otherwise @file gets
 * another reference. Return: the file, for ditto_file_unkeep().
 */
struct file *ditto_file_keep(struct ditto_lock_point *point, struct file *file)
{
	struct ditto_node *node = ditto_node_of_point(point);
	struct vfsmount *mnt = node->volume->mnt;
	struct ditto_file *df;

	if (mnt) {
		df = file_open(mnt, node, file->f_mode & FMODE_WRITE ? DITTO_FILE_WRITE :
								       DITTO_FILE_READ, 0);
		if (!IS_ERR(df)) {
			df->kept = true;
			return df->file;
		}
	}
	spin_lock(&node->lock);
	df = file_find(node, file);
	if (df)
		refcount_inc(&df->ref);
	else
		get_file(file);
	spin_unlock(&node->lock);
	return file;
}

/* Drop a file that represents claims towards the VFS. @point: lock context of the node. */
void ditto_file_unkeep(struct ditto_lock_point *point, struct file *file)
{
	struct ditto_node *node = ditto_node_of_point(point);
	struct ditto_file *df;

	spin_lock(&node->lock);
	df = file_find(node, file);
	spin_unlock(&node->lock);
	if (!df) {
		__fput_sync(file);
	} else if (current_work() == &node->volume->dispose_work) {
		ditto_file_put(df);
	} else if (refcount_dec_and_test(&df->ref)) {
		/* The caller may be a callback of the lock table, and a close may need the disk. */
		ditto_node_hold(node);
		file_drop_later(node->volume->srv->nodes, df);
	}
}

/*
 * Wait a moment for the server's opens and closes in progress. @point: lock context of the node.
 * Until these are over, the count of the server's open files is not exact. Context: at most
 * SETTLE_MS.
 */
void ditto_file_settle(struct ditto_lock_point *point)
{
	struct ditto_node *node = ditto_node_of_point(point);

	if (atomic_read(&node->moving))
		wait_var_event_timeout(&node->moving, !atomic_read(&node->moving),
				       msecs_to_jiffies(SETTLE_MS));
}

/* Close the cached files of a node. @mnt: close only the files on this mount; NULL for all. */
void ditto_files_close(struct ditto_node *node, const struct vfsmount *mnt)
{
	struct ditto_node_table *table = node->volume->srv->nodes;
	int mode;

	for (mode = 0; mode < DITTO_FILE_MODES; mode++) {
		struct ditto_file *df = slot_hold(node, mode);

		if (!df)
			continue;
		if ((!mnt || df->file->f_path.mnt == mnt) &&
		    file_uncache(table, node, mode, df))
			ditto_file_put(df);
		ditto_file_put(df);
	}
}

static bool node_has_files(const struct ditto_node *node)
{
	return READ_ONCE(node->files[DITTO_FILE_READ]) ||
	       READ_ONCE(node->files[DITTO_FILE_WRITE]) ||
	       READ_ONCE(node->files[DITTO_FILE_DIR]);
}

/* Close every cached file of a volume that is open on a mount. */
void ditto_files_close_mount(struct ditto_volume *volume, const struct vfsmount *mnt)
{
	struct ditto_node_table *table = volume->srv->nodes;
	struct rhashtable_iter iter;
	struct ditto_node *node;

	rhashtable_walk_enter(&table->by_inode, &iter);
	rhashtable_walk_start(&iter);
	while ((node = rhashtable_walk_next(&iter))) {
		/* -EAGAIN: the table was resized and the walk starts over. */
		if (IS_ERR(node) || node->volume != volume || !node_has_files(node) ||
		    !refcount_inc_not_zero(&node->ref))
			continue;
		rhashtable_walk_stop(&iter);
		ditto_files_close(node, mnt);
		ditto_node_put(node);
		rhashtable_walk_start(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	/* Files that left the cache, and files of evicted nodes, are closed by the worker. */
	flush_work(&volume->dispose_work);
}

/*
 * Drop files that were not used since @before, in one pass over the list. The others move to its
 * end. A file that an instance keeps stays open, and is not looked at again.
 */
static void files_reap(struct ditto_node_table *table, unsigned long before)
{
	unsigned long todo;

	spin_lock(&table->files_lock);
	todo = table->nfiles;
	while (todo-- && !list_empty(&table->files)) {
		struct ditto_file *df = list_first_entry(&table->files, struct ditto_file, lru);

		list_move_tail(&df->lru, &table->files);
		if (time_before_eq(READ_ONCE(df->used), before)) {
			file_evict(table, df, NULL);
			cond_resched();
			spin_lock(&table->files_lock);
		} else {
			cond_resched_lock(&table->files_lock);
		}
	}
	spin_unlock(&table->files_lock);
}

static void files_workfn(struct work_struct *work)
{
	struct ditto_node_table *table =
		container_of(to_delayed_work(work), struct ditto_node_table, files_work);
	u32 idle_ms = READ_ONCE(table->srv->settings.file_idle_ms);
	unsigned long todo;

	files_reap(table, jiffies - msecs_to_jiffies(idle_ms));
	/* Close files above the limit, in one pass over the list. */
	todo = READ_ONCE(table->nfiles);
	while (READ_ONCE(table->nfiles) > files_limit(table) && todo--) {
		files_trim(table, NULL);
		cond_resched();
	}
	if (READ_ONCE(table->nfiles))
		files_arm(table);
}

/* Let the worker close files that exceed changed limits. Context: any. */
void ditto_files_settings_changed(struct ditto_node_table *table)
{
	/* The work may be queued with the previous, longer delay. */
	mod_delayed_work(ditto_wq, &table->files_work, 0);
}

/* Let the volumes' workers close all cached files that are not in use. */
void ditto_files_flush(struct ditto_node_table *table)
{
	files_reap(table, jiffies);
}

/*
 * Get the number of cached open files, for statistics and tests. Context: any. Return: the number.
 */
unsigned long ditto_files_count(struct ditto_server *srv)
{
	return READ_ONCE(srv->nodes->nfiles);
}

int ditto_files_init(struct ditto_node_table *table)
{
	table->files_by_memory = clamp_t(u64, ((u64)totalram_pages() << PAGE_SHIFT) / FILE_MEMORY,
					 FILES_LEAST, FILES_MOST);
	spin_lock_init(&table->files_lock);
	INIT_LIST_HEAD(&table->files);
	INIT_DELAYED_WORK(&table->files_work, files_workfn);
	return percpu_counter_init(&table->pinned, 0, GFP_KERNEL);
}

void ditto_files_exit(struct ditto_node_table *table)
{
	cancel_delayed_work_sync(&table->files_work);
	WARN_ON(percpu_counter_sum(&table->pinned));
	percpu_counter_destroy(&table->pinned);
}
