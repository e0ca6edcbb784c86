// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freeing the blocks of a file whose content is stored elsewhere, and giving such content to an
 * empty file, see offload.h.
 *
 * For crash safety, the record is durable before a block is freed. Before, nothing
 * may use the file: the stub turns away operations of clients and opens of local processes, and
 * then there must be no file open that came earlier, neither by the server nor by somebody else.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/backing-dev.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/iversion.h>
#include <linux/netlink.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/wait_bit.h>
#include <linux/xattr.h>

#include "../../lockd/lease.h"
#include "../../net/event.h"
#include "../../net/server.h"
#include "../../net/stats.h"
#include "../node/file.h"
#include "../node/node_private.h"
#include "../share/share.h"
#include "fault.h"
#include "recall.h"
#include "stub.h"

/* Claims of clients that keep a file from being released. */
#define RELEASE_CLAIMS	(DITTO_SUM_OPEN | DITTO_SUM_LEASE_WRITE | DITTO_SUM_RANGE | \
			 DITTO_SUM_EXACT | DITTO_SUM_WAIT | DITTO_SUM_DENY_READ | \
			 DITTO_SUM_DENY_WRITE | DITTO_SUM_DENY_DELETE)

/* How long a release waits for clients that only cache what is theirs. */
#define RELEASE_RECALL_MS	5000

/**
 * struct releasing - a task that frees the blocks of a file, on its stack
 * @list: link in releases
 * @sb: its file system
 */
struct releasing {
	struct list_head list;
	const struct super_block *sb;
};

/*
 * All volumes of all servers. A file is not released while another server may serve it, since that
 * one would not notice: a volume that comes waits for the releases in its file system. It does not
 * wait for those in others, whose disks may hang. The lock guards both lists, and nests inside all
 * others.
 */
static LIST_HEAD(volumes);
static LIST_HEAD(releases);
static DEFINE_SPINLOCK(volumes_lock);

static bool release_runs_in(const struct super_block *sb)
{
	const struct releasing *r;
	bool runs = false;

	spin_lock(&volumes_lock);
	list_for_each_entry(r, &releases, list)
		runs |= r->sb == sb;
	spin_unlock(&volumes_lock);
	return runs;
}

/* A volume begins to serve a file system, when no release goes on there. May sleep. */
void ditto_release_volume_begin(struct ditto_volume *volume)
{
	spin_lock(&volumes_lock);
	list_add_tail(&volume->offload_link, &volumes);
	spin_unlock(&volumes_lock);
	wait_var_event(&releases, !release_runs_in(volume->sb));
}

/*
 * It has ended, or has never begun. Any context. Whoever releases a file holds a share of its
 * volume.
 */
void ditto_release_volume_end(struct ditto_volume *volume)
{
	spin_lock(&volumes_lock);
	list_del_init(&volume->offload_link);
	spin_unlock(&volumes_lock);
}

/* Return: true if no other volume serves the file system, or, if @first, none since earlier. */
static bool volume_is_alone_locked(const struct ditto_volume *volume, bool first)
{
	const struct ditto_volume *other;

	lockdep_assert_held(&volumes_lock);
	list_for_each_entry(other, &volumes, offload_link) {
		if (other == volume && first)
			return true;
		if (other != volume && other->sb == volume->sb)
			return false;
	}
	return true;
}

/* Return: true if this server, of all that serve the file system, may use its offloaded files. */
bool ditto_offload_volume_owns(const struct ditto_volume *volume)
{
	bool owns;

	spin_lock(&volumes_lock);
	owns = volume_is_alone_locked(volume, true);
	spin_unlock(&volumes_lock);
	return owns;
}

/* No volume of the file system comes until release_end(). Return: false if another one is there. */
static bool release_begin(struct releasing *r, const struct ditto_volume *volume)
{
	bool alone;

	spin_lock(&volumes_lock);
	alone = volume_is_alone_locked(volume, false);
	r->sb = volume->sb;
	if (alone)
		list_add(&r->list, &releases);
	spin_unlock(&volumes_lock);
	return alone;
}

static void release_end(struct releasing *r)
{
	spin_lock(&volumes_lock);
	list_del(&r->list);
	spin_unlock(&volumes_lock);
	/* Orders the list before the search for waiters. */
	smp_mb();
	wake_up_var(&releases);
}

/*
 * Clients may keep a file open, and data to themselves, long after their applications have closed
 * it. No lock is held: they may need anything of the server to give that up. Return: true if they
 * were asked, and may have changed the file.
 */
static bool release_recall(struct ditto_node *node)
{
	if (!ditto_lock_point_held(&node->point, RELEASE_CLAIMS) ||
	    !ditto_leases_held(&node->point))
		return false;
	ditto_lease_recall(&node->point, msecs_to_jiffies(RELEASE_RECALL_MS));
	return true;
}

/* Return: NULL, or why the file cannot be released now. */
static const char *release_in_use(struct ditto_node *node)
{
	if (ditto_lock_point_held(&node->point, RELEASE_CLAIMS))
		return "a client has the file open or locked";
	if (mapping_mapped(node->inode->i_mapping))
		return "a local process has mapped the file";
	if (node->point.ops->local_access(&node->point))
		return "a local process has the file open";
	return NULL;
}

static bool release_is_stale(struct inode *inode, const struct ditto_offload_release_args *args)
{
	if (inode->i_ino != args->ino || inode->i_generation != args->generation)
		return true;
	if (args->adopt)
		return i_size_read(inode);
	return i_size_read(inode) != args->size || ditto_offload_change(inode) != args->change;
}

static const char *release_stale_text(const struct ditto_offload_release_args *args)
{
	return args->adopt ? "the file is not empty, or another one" : "the file was changed";
}

/* A file in brief use is tried so often, with a pause between two attempts. */
#define RELEASE_TRIES 10
#define RELEASE_PAUSE_MS 20

/*
 * Write data to the disk, and take it out of the page cache: to free blocks zeros the part of a
 * folio that is cached, and replies to clients may still refer to it. btrfs keeps folios for a
 * moment after they are written, until it has recorded where. Return: 0; -EBUSY if something is
 * still cached; or an errno.
 */
static int release_clean(struct address_space *mapping)
{
	/* The page cache of tmpfs is the only place of its data. */
	int err = mapping_can_writeback(mapping) ? -EBUSY : 0;

	for (int i = 0; err == -EBUSY && i < RELEASE_TRIES; i++) {
		if (i)
			msleep(RELEASE_PAUSE_MS);
		err = filemap_write_and_wait(mapping) ?: invalidate_inode_pages2(mapping);
	}
	return err;
}

/* Times of a file, and its number of names, before its blocks are freed. */
struct release_times {
	struct timespec64 mtime;
	struct timespec64 ctime;
	u64 version;
	u64 size;
	unsigned int nlink;
};

static void release_save_times(struct ditto_stub *stub, struct release_times *times)
{
	struct inode *inode = stub->node->inode;

	inode_lock(inode);
	WRITE_ONCE(stub->touched, false);
	times->mtime = inode_get_mtime(inode);
	times->ctime = inode_get_ctime(inode);
	times->version = inode_peek_iversion_raw(inode);
	times->size = i_size_read(inode);
	times->nlink = inode->i_nlink;
	inode_unlock(inode);
}

/*
 * Give a file its times back, unless its attributes were changed in between: clients and backups
 * must notice that. Then only a time of the content from before the release is set again, which the
 * freeing of the blocks may have replaced.
 */
static void release_restore_times(struct ditto_stub *stub, struct file *file,
				  const struct release_times *times)
{
	struct inode *inode = stub->node->inode;

	file_start_write(file);
	inode_lock(inode);
	if (READ_ONCE(stub->touched) || inode->i_nlink != times->nlink ||
	    i_size_read(inode) != times->size) {
		if (stub->touched && timespec64_compare(&stub->touched_mtime, &times->ctime) <= 0)
			inode_set_mtime_to_ts(inode, stub->touched_mtime);
	} else {
		inode_set_mtime_to_ts(inode, times->mtime);
		inode_set_ctime_to_ts(inode, times->ctime);
		if (IS_I_VERSION(inode))
			inode_set_iversion_raw(inode, times->version);
	}
	mark_inode_dirty(inode);
	inode_unlock(inode);
	file_end_write(file);
}

/* Free the blocks; the times stay. The record is durable. @begun: some may have been freed. */
static int release_punch(struct ditto_stub *stub, struct file *file, u64 size, bool *begun)
{
	struct inode *inode = stub->node->inode;
	u64 end = min_t(u64, round_up(size, PAGE_SIZE), inode->i_sb->s_maxbytes);
	struct release_times times;
	int err;

	release_save_times(stub, &times);
	err = ditto_fault(DITTO_FAULT_RELEASE_RECORDED);
	if (err)
		return err;
	err = vfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, end);
	*begun = err != -EOPNOTSUPP;
	if (!err)
		err = ditto_fault(DITTO_FAULT_RELEASE_FREED);
	release_restore_times(stub, file, &times);
	return err;
}

static int release_store(struct ditto_stub *stub, struct file *file,
			 struct ditto_offload_record *record, bool durable)
{
	int err;

	file_start_write(file);
	mutex_lock(&stub->io);
	err = ditto_stub_store(stub, file, record, durable);
	mutex_unlock(&stub->io);
	file_end_write(file);
	return err;
}

/*
 * The blocks are freed. If nothing is left, as after a failure, or where the file system frees only
 * larger pieces, data that is found later is not this server's. Without that in the record, such
 * data is not noticed.
 */
static void release_settle(struct ditto_stub *stub, struct file *file,
			   struct ditto_offload_record *record)
{
	u32 range;

	bitmap_zero(record->own, DITTO_OFFLOAD_RANGES_MAX);
	if (ditto_stub_conflict_find(file, record, &range) || range != DITTO_OFFLOAD_NONE ||
	    release_store(stub, file, record, false))
		return;
	spin_lock(&stub->lock);
	bitmap_zero(stub->record.own, DITTO_OFFLOAD_RANGES_MAX);
	spin_unlock(&stub->lock);
}

/*
 * Free the blocks of a file whose stub turns away all users. Return: 0; an errno, and the record is
 * gone, or it is kept if blocks may have been freed.
 */
static int release_blocks(struct ditto_stub *stub, struct file *file,
			  const struct ditto_offload_release_args *args, bool *kept)
{
	struct inode *inode = stub->node->inode;
	struct ditto_offload_record *copy;
	int err;

	err = release_clean(inode->i_mapping);
	if (err)
		return err;
	if (release_is_stale(inode, args))
		return -ESTALE;
	copy = ditto_stub_copy_record(stub);
	if (!copy)
		return -ENOMEM;
	err = ditto_fault(DITTO_FAULT_RELEASE_RECORD) ?: release_store(stub, file, copy, true);
	if (!err)
		err = release_punch(stub, file, args->size, kept);
	if (!err)
		release_settle(stub, file, copy);
	if (err && !*kept) {
		/* The file is no longer known to be in the store. */
		WRITE_ONCE(stub->forget, true);
		bitmap_fill(copy->map, DITTO_OFFLOAD_RANGES_MAX);
		*kept = release_store(stub, file, copy, true);
	}
	kfree(copy);
	return err;
}

/* Give an empty file its record and size; the stub turns away all users. */
static int release_adopt(struct ditto_stub *stub, struct file *file,
			 const struct ditto_offload_release_args *args, bool *kept)
{
	int err = release_is_stale(stub->node->inode, args) ? -ESTALE : 0;

	err = err ?: ditto_fault(DITTO_FAULT_ADOPT_RECORD);
	if (err)
		return err;
	err = ditto_stub_adopt(stub, file, args->size, kept);
	return err ?: ditto_fault(DITTO_FAULT_ADOPT_SIZED);
}

static const char *const in_use_by_server = "the file is being used by a client";

/* Wait until the server has closed its files. Return: NULL, or why the file is in use. */
static const char *release_quiesce(struct ditto_node *node)
{
	for (int i = 0; i < RELEASE_TRIES; i++) {
		ditto_files_close(node, NULL);
		ditto_file_settle(&node->point);
		if (!ditto_files_in_use(node))
			return release_in_use(node);
		msleep(RELEASE_PAUSE_MS);
	}
	return in_use_by_server;
}

static int release_begun(struct ditto_stub *stub, const struct ditto_offload_release_args *args,
			 struct netlink_ext_ack *extack, bool *kept)
{
	struct ditto_node *node = stub->node;
	const char *why = release_quiesce(node);
	struct ditto_file *own;
	int err;

	if (why) {
		NL_SET_ERR_MSG_FMT(extack, "%s", why);
		return -EBUSY;
	}
	own = ditto_file_open_own(node->volume->mnt, node);
	if (IS_ERR(own))
		return PTR_ERR(own) == -EJUKEBOX ? -EBUSY : PTR_ERR(own);
	if (args->adopt)
		err = release_adopt(stub, own->file, args, kept);
	else
		err = release_blocks(stub, own->file, args, kept);
	ditto_file_put(own);
	if (err == -ESTALE)
		NL_SET_ERR_MSG_FMT(extack, "%s", release_stale_text(args));
	else if (err == -EBUSY)
		NL_SET_ERR_MSG(extack, "data of the file is still in use");
	else if (err == -EOPNOTSUPP)
		NL_SET_ERR_MSG(extack,
			       "the file system cannot keep a record, or cannot free blocks");
	else if (err)
		NL_SET_ERR_MSG(extack, "the file system has failed");
	return err;
}

/* To free blocks of a file, or to write them, takes the capabilities from it. */
static bool release_has_capabilities(struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	int len = __vfs_getxattr(dentry, node->inode, XATTR_NAME_CAPS, NULL, 0);

	dput(dentry);
	return len > 0;
}

/* The blocks of such a file cannot be freed, which would be noticed when its record is stored. */
static bool release_is_fixed(const struct inode *inode)
{
	return IS_IMMUTABLE(inode) || IS_APPEND(inode);
}

/*
 * Tell what prevents a release of any file. Context: any. Return: as long as the volume exists, the
 * same.
 */
enum ditto_offload_obstacle_kind ditto_offload_obstacle(const struct ditto_volume *volume)
{
	if (ditto_sb_is_overlay(volume->sb))
		return DITTO_OFFLOAD_IS_OVERLAY;
	if (volume->is_remote)
		return DITTO_OFFLOAD_IS_REMOTE;
	if (!IS_ENABLED(CONFIG_FANOTIFY_ACCESS_PERMISSIONS))
		return DITTO_OFFLOAD_HAS_NO_EVENTS;
	return volume->mnt ? DITTO_OFFLOAD_HAS_NO_OBSTACLE : DITTO_OFFLOAD_HAS_NO_MOUNT;
}

/* Can the file be released, if nobody uses it? */
static int release_check(struct ditto_share *share, struct ditto_node *node,
			 const struct ditto_offload_release_args *args,
			 struct netlink_ext_ack *extack)
{
	bool on;

	rcu_read_lock();
	on = rcu_dereference(share->opts)->offload;
	rcu_read_unlock();
	if (!on) {
		NL_SET_ERR_MSG_FMT(extack, "the share \"%.40s\" does not have the option offload",
				   share->name ?: "");
		return -EACCES;
	}
	if (!S_ISREG(node->inode->i_mode) || !args->size || !args->cookie_len ||
	    args->cookie_len > DITTO_OFFLOAD_COOKIE_MAX) {
		NL_SET_ERR_MSG_FMT(extack,
				   "only data of regular files is released, with a cookie of 1 to %u bytes",
				   DITTO_OFFLOAD_COOKIE_MAX);
		return -EINVAL;
	}
	if (ditto_offload_obstacle(node->volume)) {
		NL_SET_ERR_MSG(extack, "files of this file system cannot be released");
		return -EOPNOTSUPP;
	}
	if (release_has_capabilities(node)) {
		NL_SET_ERR_MSG(extack, "the file has capabilities, which it would lose");
		return -EOPNOTSUPP;
	}
	if (release_is_fixed(node->inode)) {
		NL_SET_ERR_MSG(extack, "the file is immutable, or can only be appended to");
		return -EPERM;
	}
	if (release_is_stale(node->inode, args)) {
		NL_SET_ERR_MSG_FMT(extack, "%s", release_stale_text(args));
		return -ESTALE;
	}
	return 0;
}

/* The same for now. */
static int release_check_use(struct ditto_node *node,
			     const struct ditto_offload_release_args *args,
			     struct netlink_ext_ack *extack)
{
	const char *why;

	/* A file in use stays so after the next upload, too. */
	why = release_in_use(node);
	if (why) {
		NL_SET_ERR_MSG_FMT(extack, "%s", why);
		return -EBUSY;
	}
	if (release_is_stale(node->inode, args)) {
		NL_SET_ERR_MSG_FMT(extack, "%s", release_stale_text(args));
		return -ESTALE;
	}
	return 0;
}

static struct ditto_stub *release_stub(struct ditto_node *node,
				       const struct ditto_offload_release_args *args)
{
	struct ditto_stub *stub = ditto_stub_alloc(node);
	struct ditto_offload_record *record;

	if (!stub)
		return NULL;
	record = &stub->record;
	ditto_offload_record_init(record, args->size);
	/* The blocks of an empty file need not be freed. */
	if (!args->adopt)
		ditto_offload_own_all(record);
	record->change = args->change;
	record->ino = args->ino;
	record->generation = args->generation;
	record->cookie_len = args->cookie_len;
	memcpy(record->cookie, args->cookie, args->cookie_len);
	stub->releasing = true;
	stub->checked = true;
	stub->replaces = args->stored;
	/* The change number of an adopted file does not belong to its content. */
	stub->change_tells = !args->adopt && ditto_stub_counts(node);
	return stub;
}

/* Between release_begin() and release_end(). */
static int release_alone(struct ditto_node *node, const struct ditto_offload_release_args *args,
			 struct netlink_ext_ack *extack)
{
	int err = release_check_use(node, args, extack);
	struct ditto_stub *stub;
	bool kept = false;

	if (err)
		return err;
	stub = ditto_stub_get(node);
	if (stub) {
		if (IS_ERR(stub))
			return PTR_ERR(stub);
		ditto_stub_put(stub);
		NL_SET_ERR_MSG(extack, "data of the file is released already");
		return -EALREADY;
	}
	err = ditto_offload_guard(node->volume);
	if (err) {
		NL_SET_ERR_MSG(extack, "local processes cannot be made to wait for the data");
		return err;
	}
	stub = release_stub(node, args);
	if (!stub)
		return -ENOMEM;
	if (!ditto_stub_attach(stub)) {
		ditto_stub_put(stub);
		return -EBUSY;
	}
	err = release_begun(stub, args, extack, &kept);
	if (err && !kept)
		ditto_stub_detach(stub);
	WRITE_ONCE(stub->releasing, false);
	ditto_stub_wake(stub);
	ditto_stub_put(stub);
	return err;
}

static int release_do(struct ditto_node *node, const struct ditto_offload_release_args *args,
		      struct netlink_ext_ack *extack)
{
	struct releasing r;
	int err;

	if (!release_begin(&r, node->volume)) {
		NL_SET_ERR_MSG(extack,
			       "the file system is served in another network namespace, too");
		return -EBUSY;
	}
	err = release_alone(node, args, extack);
	release_end(&r);
	return err;
}

static void release_report(struct ditto_node *node, const char *share)
{
	char text[DITTO_SHARE_NAME_MAX + 64];

	snprintf(text, sizeof(text), "%s: inode %llu", share ?: "", (u64)node->inode->i_ino);
	ditto_event(node->volume->srv, DITTO_EVENT_OFFLOAD_RELEASED, text);
}

/*
 * Free the blocks of a file whose content is stored elsewhere, or give an empty file such content.
 * @share: share that contains the file, held; @node: a regular file, held. Context: no inode lock
 * held. Return: 0; -ESTALE if the file was changed; -EAGAIN if a client was asked for what it had
 * cached, and has changed the file; -EBUSY if it is in use; -EALREADY if it is offloaded;
 * -EOPNOTSUPP, -EACCES, -EPERM if it is immutable, or an errno of the file system.
 */
int ditto_offload_release(struct ditto_share *share, struct ditto_node *node,
			  const struct ditto_offload_release_args *args,
			  struct netlink_ext_ack *extack)
{
	struct ditto_server *srv = share->srv;
	u64 began = ktime_get_ns();
	bool asked;
	int err;

	err = release_check(share, node, args, extack);
	if (!err) {
		asked = release_recall(node);
		err = release_do(node, args, extack);
		if (err == -ESTALE && asked && !args->adopt) {
			NL_SET_ERR_MSG(extack, "a client had changes that it had not written");
			err = -EAGAIN;
		}
	}
	ditto_stats_count(srv->offload->stats,
			  args->adopt ? DITTO_OFFLOAD_COUNT_ADOPT : DITTO_OFFLOAD_COUNT_RELEASE,
			  err, ktime_get_ns() - began, err ? 0 : args->size);
	if (!err && !args->adopt)
		release_report(node, share->name);
	return err;
}

/*
 * Get a share that keeps the volume from being stopped, and allows releases; NULL if none does. Any
 * context.
 */
struct ditto_share *ditto_release_share(struct ditto_volume *volume)
{
	struct ditto_share *share, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(share, &volume->shares, volume_link) {
		if (rcu_dereference(share->opts)->offload && percpu_ref_tryget_live(&share->ref)) {
			found = share;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

static bool again_is_unchanged(struct ditto_stub *stub)
{
	struct inode *inode = stub->node->inode;
	bool unchanged;

	inode_lock(inode);
	unchanged = ditto_stub_is_unchanged(stub);
	inode_unlock(inode);
	return unchanged;
}

/* Free the blocks of a stub, which has a record, see release_blocks(). */
static int again_blocks(struct ditto_stub *stub, struct file *file)
{
	struct ditto_offload_record *next = ditto_stub_copy_record(stub);
	bool begun = false;
	int err;

	if (!next)
		return -ENOMEM;
	bitmap_zero(next->map, DITTO_OFFLOAD_RANGES_MAX);
	ditto_offload_own_all(next);
	err = again_is_unchanged(stub) ? ditto_fault(DITTO_FAULT_RELEASE_RECORD) : -ESTALE;
	if (err)
		goto free;
	/* After an error the disk may have either record; what is in the file comes once more. */
	spin_lock(&stub->lock);
	bitmap_zero(stub->record.map, DITTO_OFFLOAD_RANGES_MAX);
	ditto_offload_own_all(&stub->record);
	spin_unlock(&stub->lock);
	err = release_store(stub, file, next, true) ?:
	      release_punch(stub, file, next->size, &begun);
	if (!err)
		release_settle(stub, file, next);
free:
	kfree(next);
	return err;
}

/* The stub turns away all users. */
static int again_begun(struct ditto_stub *stub)
{
	struct ditto_node *node = stub->node;
	struct ditto_file *own;
	struct releasing r;
	int err;

	if (release_quiesce(node))
		return -EBUSY;
	own = ditto_file_open_own(node->volume->mnt, node);
	if (IS_ERR(own))
		return PTR_ERR(own) == -EJUKEBOX ? -EBUSY : PTR_ERR(own);
	err = release_clean(node->inode->i_mapping);
	if (!err && !release_begin(&r, node->volume))
		err = -EBUSY;
	if (err)
		goto put;
	err = again_blocks(stub, own->file);
	release_end(&r);
put:
	ditto_file_put(own);
	return err;
}

/*
 * Free the blocks of a stub into whose file data has come back. Context: may sleep for the disk,
 * and a moment for users of the file. Return: 0; -ESTALE if the file was changed; -EBUSY if it is
 * in use; or another errno.
 */
int ditto_release_again(struct ditto_stub *stub)
{
	struct ditto_node *node = stub->node;
	u64 bytes, began = ktime_get_ns();
	struct ditto_share *share;
	int err = -EBUSY;

	if (!ditto_stub_is_unchanged(stub))
		return -ESTALE;
	if (release_is_fixed(node->inode))
		return -EPERM;
	share = ditto_release_share(node->volume);
	if (!share)
		return -EBUSY;
	if (release_in_use(node) || ditto_offload_guard(node->volume) ||
	    !ditto_stub_release_again(stub))
		goto put;
	bytes = ditto_stub_resident(stub);
	err = again_begun(stub);
	ditto_stub_released(stub);
	/* A file that cannot be released now is no failure: nobody asked for this one. */
	if (!err) {
		ditto_stats_count(share->srv->offload->stats, DITTO_OFFLOAD_COUNT_RELEASE, 0,
				  ktime_get_ns() - began, bytes);
		release_report(node, share->name);
	}
put:
	ditto_share_put(share);
	return err;
}

/*
 * Release a file that is whole, and whose content is still stored. @node: a regular file, held;
 * @bytes: filled with the bytes that were freed. Context: as ditto_release_again(). Return: 0;
 * -ESTALE or -ENODATA if the content is not stored; -EBUSY if the file is in use; or another errno.
 */
int ditto_release_stored(struct ditto_node *node, u64 *bytes)
{
	struct ditto_stored *stored = kmalloc(sizeof(*stored), GFP_KERNEL);
	struct ditto_offload_release_args args;
	u64 began = ktime_get_ns();
	struct ditto_share *share;
	int err;

	if (!stored)
		return -ENOMEM;
	share = ditto_release_share(node->volume);
	err = share ? ditto_stored_read(node, stored) : -EBUSY;
	if (err)
		goto free;
	args = (struct ditto_offload_release_args) {
		.stored = true,
		.ino = stored->ino,
		.generation = stored->generation,
		.change = stored->change,
		.size = stored->size,
		.cookie = stored->cookie,
		.cookie_len = stored->cookie_len,
	};
	err = release_check(share, node, &args, NULL) ?: release_do(node, &args, NULL);
	if (!err) {
		*bytes = args.size;
		ditto_stats_count(share->srv->offload->stats, DITTO_OFFLOAD_COUNT_RELEASE, 0,
				  ktime_get_ns() - began, args.size);
		release_report(node, share->name);
	}
free:
	if (share)
		ditto_share_put(share);
	kfree(stored);
	return err;
}
