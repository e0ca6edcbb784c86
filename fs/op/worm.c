// SPDX-License-Identifier: GPL-2.0-only
/* Committed files, see worm.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

/* fileattr.h needs declarations of linux/fs.h */
#include <linux/fs.h>

#include <linux/dcache.h>
#include <linux/fileattr.h>
#include <linux/jiffies.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <linux/xattr.h>

#include "../../net/event.h"
#include "../../net/server.h"
#include "../../net/server_private.h"
#include "../node/hidden.h"
#include "../node/node_private.h"
#include "../offload/record.h"
#include "check/lock_check_private.h"
#include "check/worm.h"
#include "name_private.h"
#include "op_private.h"

#define DAY		86400
#define STORE_MS	(3600 * MSEC_PER_SEC)
/* Longest path that an event has. */
#define EVENT_PATH_MAX	1024

/**
 * struct worm_clock - what is stored about time with a file system
 * @clock: seconds, see check/worm.h
 * @seen: the server's clock when that was stored; 0 if it is not known
 */
struct worm_clock {
	s64 clock;
	s64 seen;
};

/**
 * struct ditto_worm - the clock of a file system with committed files
 * @volume: the file system
 * @began: what was stored when it was read
 * @boot: seconds since boot then
 * @started: the server's clock then
 * @broken: it could not be read, so it stands still, and no retention ends
 * @work: stores it
 */
struct ditto_worm {
	struct ditto_volume *volume;
	struct worm_clock began;
	s64 boot;
	s64 started;
	bool broken;
	struct delayed_work work;
};

/* Logic */

/* Write a record to @buf, of DITTO_WORM_RECORD_MAX bytes. Returns its length. Any context. */
size_t ditto_worm_record_write(const struct ditto_worm_record *record, char *buf)
{
	return scnprintf(buf, DITTO_WORM_RECORD_MAX, "1 %lld %lld %c", record->committed,
			 record->until, record->compliance ? 'c' : 'g');
}

/* Read a record of @len bytes; one that is damaged is for ever. Any context. */
void ditto_worm_record_read(struct ditto_worm_record *record, const char *text, size_t len)
{
	char buf[DITTO_WORM_RECORD_MAX], mode, more;

	*record = (struct ditto_worm_record){ .compliance = true };
	if (len >= sizeof(buf))
		return;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (sscanf(buf, "1 %lld %lld %c%c", &record->committed, &record->until, &mode,
		   &more) == 3 &&
	    record->until >= 0 && (mode == 'g' || mode == 'c')) {
		record->compliance = mode == 'c';
		return;
	}
	*record = (struct ditto_worm_record){ .compliance = true };
}

/*
 * True if a file is @age seconds old. One whose time is that much ahead is, too: the clock was set
 * back since. Any context.
 */
bool ditto_worm_is_due(const struct ditto_worm_age *a, u32 age)
{
	if (!age || abs(a->now - a->changed) < age)
		return false;
	return a->changed <= a->stopped - age || a->now - a->started >= age;
}

/* The end of the retention that begins at @clock; @days is 0 for ever. Any context. */
s64 ditto_worm_until(s64 clock, u32 days)
{
	return days ? clock + (s64)days * DAY : 0;
}

/* True if a file may be removed at @clock. Any context. */
bool ditto_worm_is_over(const struct ditto_worm_record *record, s64 clock)
{
	return record->until && clock >= record->until;
}

/* Clock */

static s64 worm_clock(const struct ditto_worm *worm)
{
	if (worm->broken)
		return S64_MIN;
	return worm->began.clock + ktime_get_boottime_seconds() - worm->boot;
}

/* Return: 0 or an errno; -ENODATA if the file system has no clock. */
static int clock_load(struct super_block *sb, struct worm_clock *stored)
{
	char buf[DITTO_WORM_RECORD_MAX];
	int len, n;

	len = __vfs_getxattr(sb->s_root, d_inode(sb->s_root), DITTO_WORM_CLOCK_XATTR, buf,
			     sizeof(buf) - 1);
	if (len < 0)
		return len == -EOPNOTSUPP ? -ENODATA : len;
	buf[len] = '\0';
	stored->seen = 0;
	n = sscanf(buf, "1 %lld %lld", &stored->clock, &stored->seen);
	return n > 0 && stored->clock > 0 ? 0 : -EIO;
}

/* Another server may serve the file system, too; the clock of one that is behind is not stored. */
static int clock_store(struct super_block *sb, s64 clock)
{
	struct inode *inode = d_inode(sb->s_root);
	char buf[DITTO_WORM_RECORD_MAX];
	struct worm_clock stored;
	int len, err;

	len = scnprintf(buf, sizeof(buf), "1 %lld %lld", clock, ktime_get_real_seconds());
	inode_lock(inode);
	err = clock_load(sb, &stored);
	if (err == -ENODATA || (!err && stored.clock < clock))
		err = __vfs_setxattr(&nop_mnt_idmap, sb->s_root, inode, DITTO_WORM_CLOCK_XATTR, buf,
				     len, 0);
	inode_unlock(inode);
	return err;
}

/* A file system that is frozen or has become read-only gets it the next time. */
static void worm_store(struct ditto_worm *worm)
{
	struct super_block *sb = worm->volume->sb;
	int err = 0;

	if (worm->broken || !sb_start_write_trylock(sb))
		return;
	if (!sb_rdonly(sb))
		err = clock_store(sb, worm_clock(worm));
	sb_end_write(sb);
	if (err)
		pr_warn_ratelimited("%s: the clock of its committed files cannot be stored (error %d): they are kept longer after a restart\n",
				    sb->s_id, err);
}

static void worm_work(struct work_struct *work)
{
	struct ditto_worm *worm = container_of(to_delayed_work(work), struct ditto_worm, work);

	worm_store(worm);
	queue_delayed_work(ditto_wq, &worm->work, msecs_to_jiffies(STORE_MS));
}

/*
 * Read the clock of a volume if there is one and it was not read yet. Returns 0; -ENODATA if there
 * is none; or an errno, and then nothing is committed or removed. May sleep as long as the disk
 * hangs.
 */
int ditto_worm_start(struct ditto_volume *volume)
{
	struct worm_clock stored = { };
	struct ditto_worm *worm;
	int err;

	worm = READ_ONCE(volume->worm);
	if (worm)
		return worm->broken ? -EIO : 0;
	err = volume->caller_opens ? -ENODATA : clock_load(volume->sb, &stored);
	if (err == -ENODATA)
		return err;
	if (err)
		pr_warn("%s: the clock of its committed files cannot be read (error %d): no retention ends\n",
			volume->sb->s_id, err);
	/* Without it, the records of files would not be obeyed. */
	worm = kzalloc(sizeof(*worm), GFP_KERNEL | __GFP_NOFAIL);
	worm->volume = volume;
	worm->began = stored;
	worm->boot = ktime_get_boottime_seconds();
	worm->started = ktime_get_real_seconds();
	worm->broken = err;
	INIT_DELAYED_WORK(&worm->work, worm_work);
	/* Another share may have been faster. */
	if (cmpxchg(&volume->worm, NULL, worm))
		kfree(worm);
	else
		queue_delayed_work(ditto_wq, &worm->work, msecs_to_jiffies(STORE_MS));
	return err;
}

/* Store the clock. May sleep. */
void ditto_worm_volume_stop(struct ditto_volume *volume)
{
	if (!volume->worm)
		return;
	cancel_delayed_work_sync(&volume->worm->work);
	worm_store(volume->worm);
}

/* Free the clock. May sleep. */
void ditto_worm_volume_exit(struct ditto_volume *volume)
{
	kfree(volume->worm);
}

/*
 * Check that the file system of a share can keep committed files, and give it a clock. Returns 0,
 * or an errno with the reason in @extack. May sleep.
 */
int ditto_worm_check_share(struct ditto_share *share, struct netlink_ext_ack *extack)
{
	struct super_block *sb = share->root.mnt->mnt_sb;
	struct worm_clock stored;
	const struct cred *old;
	int err;

	if (sb->s_magic == OVERLAYFS_SUPER_MAGIC || ditto_sb_asks_server(sb) ||
	    !d_inode(share->root.dentry)->i_op->fileattr_set) {
		NL_SET_ERR_MSG(extack,
			       "worm: the file system of the share has no immutable files; ext4, xfs, btrfs and tmpfs have");
		return -EOPNOTSUPP;
	}
	err = mnt_want_write(share->root.mnt);
	if (err) {
		NL_SET_ERR_MSG_FMT(extack, "worm: the share cannot be written to (error %d)", err);
		return err;
	}
	old = override_creds(share->srv->nodes->cred);
	err = clock_load(sb, &stored);
	if (err == -ENODATA)
		err = clock_store(sb, ktime_get_real_seconds());
	revert_creds(old);
	mnt_drop_write(share->root.mnt);
	if (err)
		NL_SET_ERR_MSG_FMT(extack,
				   "worm: the root of the file system cannot keep the clock (error %d)",
				   err);
	return err;
}

/* Files */

/* Return: 0, -ENODATA if the file is not committed, or an errno of the file system. */
static int worm_load(struct dentry *dentry, struct ditto_worm_record *record)
{
	char buf[DITTO_WORM_RECORD_MAX];
	int len = __vfs_getxattr(dentry, d_inode(dentry), DITTO_WORM_XATTR, buf, sizeof(buf));

	if (len == -EOPNOTSUPP)
		return -ENODATA;
	if (len < 0 && len != -ERANGE)
		return len;
	ditto_worm_record_read(record, buf, len < 0 ? sizeof(buf) : len);
	return 0;
}

/* The inode is locked. @flags: XATTR_CREATE or 0. */
static int worm_store_locked(struct dentry *dentry, const struct ditto_worm_record *record,
			     int flags)
{
	char buf[DITTO_WORM_RECORD_MAX];
	size_t len = ditto_worm_record_write(record, buf);

	return __vfs_setxattr(&nop_mnt_idmap, dentry, d_inode(dentry), DITTO_WORM_XATTR, buf, len,
			      flags);
}

/* Set or clear the immutable flag. With write access, and the server's credential. */
static int worm_set_flag(const struct ditto_share *share, struct dentry *dentry, bool on)
{
	struct file_kattr fa = { };
	u32 flags;
	int err;

	err = vfs_fileattr_get(dentry, &fa);
	if (err)
		return err;
	flags = on ? fa.flags | FS_IMMUTABLE_FL : fa.flags & ~FS_IMMUTABLE_FL;
	if (flags == fa.flags)
		return 0;
	memset(&fa, 0, sizeof(fa));
	fileattr_fill_flags(&fa, flags);
	return vfs_fileattr_set(ditto_idmap(share), dentry, &fa);
}

/**
 * struct worm_terms - what a share says about its files
 * @age: seconds after which they are committed; 0 if they are not
 * @retention: days
 * @retention_max: days that a client may ask for
 * @compliance: by which terms
 * @offload: data may leave the file system
 */
struct worm_terms {
	u32 age;
	u32 retention;
	u32 retention_max;
	bool compliance;
	bool offload;
};

static void worm_terms_of(const struct ditto_share *share, struct worm_terms *terms)
{
	const struct ditto_share_opts *opts;

	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	terms->age = opts->worm;
	terms->retention = opts->worm_retention;
	terms->retention_max = opts->worm_retention_max;
	terms->compliance = opts->worm_mode == DITTO_WORM_COMPLIANCE;
	terms->offload = opts->offload;
	rcu_read_unlock();
}

/**
 * struct worm_caller - who is about to commit a file
 * @op: the caller
 * @early: the client wants it, and gives up its delegation to write first; otherwise that counts as
 *	an open for writing
 * @changed: when the file was changed, by its age; if it is not @early
 * @writers: write accesses to the inode that the caller has itself
 */
struct worm_caller {
	const struct ditto_op *op;
	bool early;
	s64 changed;
	int writers;
};

/* True if a local process has the file open for writing. */
static bool worm_has_local_writer(struct ditto_node *node, int own)
{
	/* Files that the server has open itself are for the opens that were checked. */
	ditto_file_settle(&node->point);
	return atomic_read(&node->inode->i_writecount) - own > atomic_read(&node->opens[1]);
}

/* Return: 0 if nobody has the file open for writing or changes it, -ETXTBSY, or -EJUKEBOX. */
static int worm_check_writers(const struct worm_caller *by, struct ditto_node *node)
{
	/* Without access, as opens that deny it change nothing. */
	const struct ditto_intent intent = {
		.kind = DITTO_INTENT_OPEN,
		.deny = DITTO_OPEN_WRITE,
		.empty = true,
	};
	const struct ditto_op *op = by->op;
	/* Without an owner, as the caller's own opens count. */
	const struct ditto_actor actor = {
		.from = op->from,
		.lease_owner = by->early || !op->actor ? NULL : op->actor->lease_owner,
	};
	struct ditto_conflict unwanted __uninitialized;

	switch (ditto_claim_check(&node->point, &intent, &actor, op->park, &unwanted)) {
	case DITTO_ALLOWED:
		break;
	case DITTO_DENIED:
		return -ETXTBSY;
	default:
		ditto_op_await(op, node);
		return -EJUKEBOX;
	}
	/* If others had it, it would break now: the caller has it. */
	if (ditto_delegation_writes(&node->point))
		return -ETXTBSY;
	/* Some who had it open before a restart may come back. */
	if (READ_ONCE(node->point.table->state) != DITTO_STATE_NORMAL)
		return -EJUKEBOX;
	if (atomic_read(&node->changes))
		return -ETXTBSY;
	return worm_has_local_writer(node, by->writers) ? -ETXTBSY : 0;
}

/*
 * Get write access and act as the server. Some callers have write access already, so a file system
 * that is about to be frozen is not waited for. Return: 0, -EROFS or -EJUKEBOX.
 */
static int worm_enter(const struct ditto_op *op, const struct cred **old)
{
	if (__mnt_is_readonly(op->share->root.mnt))
		return -EROFS;
	if (!sb_start_write_trylock(op->share->root.mnt->mnt_sb))
		return -EJUKEBOX;
	*old = override_creds(op->srv->nodes->cred);
	return 0;
}

static void worm_leave(const struct ditto_op *op, const struct cred *old)
{
	revert_creds(old);
	sb_end_write(op->share->root.mnt->mnt_sb);
}

/* Take back the record of a file that somebody has opened for writing in the meantime. */
static void worm_take_back(const struct ditto_op *op, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	int err;

	worm_set_flag(op->share, dentry, false);
	inode_lock(inode);
	err = __vfs_removexattr(&nop_mnt_idmap, dentry, DITTO_WORM_XATTR);
	inode_unlock(inode);
	if (err)
		pr_warn_ratelimited("share %s: inode %llu was committed while it was opened for writing (error %d)\n",
				    op->share->name, (u64)inode->i_ino, err);
}

/* Make a committed file immutable, unless its data is to come and go. */
static void worm_make_immutable(const struct ditto_op *op, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	struct worm_terms terms;

	worm_terms_of(op->share, &terms);
	if (!terms.offload &&
	    __vfs_getxattr(dentry, inode, DITTO_OFFLOAD_XATTR, NULL, 0) < 0 &&
	    worm_set_flag(op->share, dentry, true))
		pr_warn_ratelimited("share %s: inode %llu is committed, but cannot be made immutable for local processes\n",
				    op->share->name, (u64)inode->i_ino);
}

/*
 * Commit a file that nobody had open for writing. An opener reads the record after its claim is
 * there, so claims are looked for again after the record is. The flag is refused to nobody whom the
 * record does not refuse, so without it the file is committed all the same; who commits it early
 * sets the flag after the mode. A record that a crash undoes is written again when the file is
 * found to be as old as before. Return: 0; 1 if it has a record already, with @record as it is
 * stored; -ETXTBSY; -EJUKEBOX; -EROFS; -EPERM if the file cannot have a record.
 */
static int worm_commit(const struct worm_caller *by, struct ditto_node *node,
		       struct dentry *dentry, struct ditto_worm_record *record)
{
	const struct ditto_op *op = by->op;
	struct inode *inode = d_inode(dentry);
	const struct cred *old;
	int err = worm_enter(op, &old);

	if (err)
		return err;
	inode_lock(inode);
	if (by->early || inode_get_ctime_sec(inode) == by->changed)
		err = worm_store_locked(dentry, record, XATTR_CREATE);
	else
		err = -EEXIST;
	if (err == -EEXIST)
		err = worm_load(dentry, record) ?: 1;
	inode_unlock(inode);
	if (err > 0)
		goto leave;
	/* A change has begun and ended since its age was looked at. */
	if (err == -ENODATA) {
		err = -ETXTBSY;
		goto leave;
	}
	if (err) {
		pr_warn_ratelimited("share %s: inode %llu is to be committed, but cannot get a record (error %d): its changes are refused\n",
				    op->share->name, (u64)inode->i_ino, err);
		err = -EPERM;
		goto leave;
	}
	if (!by->early)
		worm_make_immutable(op, dentry);
	/*
	 * Order the record before the look at claims and changes: pairs with
	 * ditto_worm_recheck_slow() and ditto_worm_change_begin_slow().
	 */
	smp_mb();
	err = worm_check_writers(by, node);
	if (err)
		worm_take_back(op, dentry);
leave:
	worm_leave(op, old);
	return err;
}

/* Begin the record of a file that is committed now. Return: false while the clock is not known. */
static bool worm_record_init(struct ditto_worm_record *record, const struct ditto_node *node,
			     const struct worm_terms *terms)
{
	const struct ditto_worm *worm = node->volume->worm;

	record->committed = ktime_get_real_seconds();
	record->until = ditto_worm_until(worm_clock(worm), terms->retention);
	record->compliance = terms->compliance;
	return !worm->broken;
}

/* Commit a file if its time has come. Return: as worm_load() afterwards, or -EJUKEBOX. */
static int worm_commit_due(const struct ditto_op *op, struct ditto_node *node,
			   struct dentry *dentry, struct ditto_worm_record *record)
{
	const struct ditto_worm *worm = node->volume->worm;
	const struct ditto_worm_age age = {
		.now = ktime_get_real_seconds(),
		.changed = inode_get_ctime_sec(node->inode),
		.stopped = worm->began.seen,
		.started = worm->started,
	};
	const struct worm_caller by = { .op = op, .changed = age.changed };
	struct worm_terms terms;
	int err;

	worm_terms_of(op->share, &terms);
	if (!ditto_worm_is_due(&age, terms.age))
		return -ENODATA;
	/* Streams belong to their file. */
	if (!node->inode->i_nlink || ditto_is_below_hidden(op->share, dentry))
		return -ENODATA;
	err = worm_check_writers(&by, node);
	if (!err && !worm_record_init(record, node, &terms))
		return -EPERM;
	err = err ?: min(worm_commit(&by, node, dentry, record), 0);
	return err == -ETXTBSY ? -ENODATA : err;
}

static bool worm_first_name(void *arg, const struct ditto_name *name)
{
	*(bool *)arg = false;
	return false;
}

/* The path of a file in a directory is kept by refusing to rename the directory. */
static int worm_check_dir(const struct ditto_op *op, struct ditto_node *node)
{
	struct worm_terms terms;
	bool empty = true;
	int err;

	worm_terms_of(op->share, &terms);
	if (!terms.age)
		return 0;
	err = ditto_list_names(op->share, node, worm_first_name, &empty);
	return err ?: empty ? 0 : -EPERM;
}

static void worm_tell(const struct ditto_op *op, struct dentry *dentry)
{
	char *buf = kmalloc(DITTO_SHARE_NAME_MAX + 2 + EVENT_PATH_MAX, GFP_KERNEL);
	char *end = buf + DITTO_SHARE_NAME_MAX + 2 + EVENT_PATH_MAX, *at = end;

	if (!buf)
		return;
	if (!ditto_path_prepend(buf, &at, "", 1) ||
	    !ditto_path_prepend_names(op->share, dentry, buf, &at) ||
	    !ditto_path_prepend(buf, &at, ": ", 2) ||
	    !ditto_path_prepend(buf, &at, op->share->name, strlen(op->share->name))) {
		at = buf;
		snprintf(buf, end - buf, "%s: inode %llu", op->share->name,
			 (u64)d_inode(dentry)->i_ino);
	}
	ditto_event(op->srv, DITTO_EVENT_WORM_REFUSED, at);
	kfree(buf);
}

static bool worm_is_over(const struct ditto_node *node, const struct ditto_worm_record *record)
{
	return ditto_worm_is_over(record, worm_clock(node->volume->worm));
}

static int worm_check_file(const struct ditto_op *op, struct ditto_node *node,
			   struct dentry *dentry, enum ditto_intent_kind kind, u32 how)
{
	struct ditto_worm_record record;
	int err = worm_load(dentry, &record);

	if (err == -ENODATA && !(how & DITTO_WORM_RECORDED))
		err = worm_commit_due(op, node, dentry, &record);
	if (err)
		return err == -ENODATA ? 0 : err;
	return (kind == DITTO_INTENT_REMOVE || kind == DITTO_INTENT_REPLACE) &&
	       worm_is_over(node, &record) ? 0 : -EPERM;
}

/* The part of ditto_worm_check() for file systems with committed files. @how: DITTO_WORM_* bits. */
int ditto_worm_check_slow(const struct ditto_op *op, struct ditto_node *node,
			  enum ditto_intent_kind kind, u32 how)
{
	struct dentry *dentry;
	int err = 0;

	if (op->fresh)
		return 0;
	/* Any change of a stream is one of its file. */
	if (op->stream_of) {
		node = op->stream_of;
		kind = DITTO_INTENT_WRITE;
	}
	dentry = ditto_node_dentry(node);
	if (S_ISREG(node->inode->i_mode))
		err = worm_check_file(op, node, dentry, kind, how);
	else if (S_ISDIR(node->inode->i_mode) && kind == DITTO_INTENT_RENAME)
		err = worm_check_dir(op, node);
	if (err == -EPERM && !(how & DITTO_WORM_QUIET) && ditto_event_is_heard(op->srv) &&
	    __ratelimit(&op->share->worm_told))
		worm_tell(op, dentry);
	dput(dentry);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_worm_check_slow, "DITTO");

/* The part of ditto_worm_change_begin() for file systems with committed files. */
int ditto_worm_change_begin_slow(const struct ditto_op *op, struct ditto_node *node,
				 enum ditto_intent_kind kind)
{
	struct ditto_node *file = op->stream_of ?: node;
	int err;

	if (!S_ISREG(file->inode->i_mode))
		return 0;
	atomic_inc(&file->changes);
	/* Order the change before the look at the record: pairs with worm_commit(). */
	smp_mb__after_atomic();
	err = ditto_worm_check_slow(op, node, kind, DITTO_WORM_RECORDED);
	if (!err)
		return 1;
	ditto_worm_change_end(op, node, 1);
	return err;
}

/* The part of ditto_worm_recheck() for file systems with committed files. */
int ditto_worm_recheck_slow(const struct ditto_op *op, struct ditto_node *node)
{
	/* Order the claim before the look at the record: pairs with worm_commit(). */
	smp_mb();
	return ditto_worm_check_slow(op, node, DITTO_INTENT_WRITE,
				     DITTO_WORM_QUIET | DITTO_WORM_RECORDED);
}
EXPORT_SYMBOL_NS_GPL(ditto_worm_recheck_slow, "DITTO");

/*
 * The same as ditto_worm_check() for who asks what is allowed: it waits for nobody, and a refusal
 * is no event. What cannot be known now is refused with an errno of its own.
 */
int ditto_worm_query(const struct ditto_op *op, struct ditto_node *node,
		     enum ditto_intent_kind kind, u32 how)
{
	struct ditto_op at_once = *op;

	at_once.park = NULL;
	at_once.awaited = NULL;
	at_once.conflict = NULL;
	return ditto_worm_check_slow(&at_once, node, kind, how | DITTO_WORM_QUIET);
}

/* True if a file was committed, and its retention is over. May sleep. */
bool ditto_worm_has_ended(struct ditto_node *node)
{
	struct ditto_worm_record record;
	struct dentry *dentry;
	bool ended;

	if (!READ_ONCE(node->volume->worm) || !S_ISREG(node->inode->i_mode))
		return false;
	dentry = ditto_node_dentry(node);
	ended = !worm_load(dentry, &record) && worm_is_over(node, &record);
	dput(dentry);
	return ended;
}

/* The part of ditto_worm_lift() for immutable files. */
int ditto_worm_lift_slow(const struct ditto_op *op, struct ditto_node *node)
{
	struct dentry *dentry;
	const struct cred *old;
	int err;

	if (!ditto_worm_has_ended(node))
		return 0;
	err = worm_enter(op, &old);
	if (err)
		return err;
	dentry = ditto_node_dentry(node);
	err = worm_set_flag(op->share, dentry, false);
	dput(dentry);
	worm_leave(op, old);
	return err ?: 1;
}

/* Set the flag again. May sleep; the inode of the file is not locked. */
void ditto_worm_restore(const struct ditto_op *op, struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	const struct cred *old;
	int err = worm_enter(op, &old);

	if (!err) {
		err = worm_set_flag(op->share, dentry, true);
		worm_leave(op, old);
	}
	if (err)
		pr_warn_ratelimited("share %s: inode %llu is committed, but is not immutable any more for local processes (error %d)\n",
				    op->share->name, (u64)node->inode->i_ino, err);
	dput(dentry);
}

/*
 * Set the time of access of a committed file: prolong its retention. @op: the caller, entered; with
 * write access to the mount. The option worm-retention-max of the share limits it; without,
 * retention is not prolonged. Context: no inode lock held. Return: 1 if that is what was done; 0 if
 * it is something else; or an errno.
 */
int ditto_worm_prolong(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
		       const struct ditto_setattr *set)
{
	struct ditto_worm_record record;
	struct worm_terms terms;
	const struct cred *old;
	s64 until;
	int err;

	worm_terms_of(op->share, &terms);
	if (set->valid != DITTO_SET_ATIME || !terms.retention_max ||
	    !S_ISREG(node->inode->i_mode) || worm_load(dentry, &record) ||
	    !inode_owner_or_capable(ditto_idmap(op->share), node->inode))
		return 0;
	until = min(set->atime.tv_sec,
		    ditto_worm_until(worm_clock(node->volume->worm), terms.retention_max));
	err = worm_enter(op, &old);
	if (err)
		return err;
	inode_lock(node->inode);
	err = worm_load(dentry, &record);
	if (!err && record.until && until > record.until) {
		swap(record.until, until);
		err = worm_store_locked(dentry, &record, XATTR_REPLACE) ?: 1;
		/* Pairs with ditto_worm_change_begin_slow(): a removal has seen the old end. */
		smp_mb();
		if (err > 0 && atomic_read(&node->changes)) {
			record.until = until;
			err = worm_store_locked(dentry, &record, XATTR_REPLACE) ?: -EJUKEBOX;
		}
	}
	inode_unlock(node->inode);
	worm_leave(op, old);
	if (err > 0)
		return ditto_op_commit(op, dentry, false) ?: 1;
	return err == -ENODATA ? 0 : err;
}

/* True if the request makes a file read-only with a time of access to come. */
static bool worm_is_early(const struct ditto_op *op, const struct ditto_node *node,
			  const struct ditto_setattr *set, const struct worm_terms *terms,
			  s64 *until)
{
	const struct inode *inode = node->inode;

	if (!terms->age || op->stream_of || !S_ISREG(inode->i_mode) ||
	    !(set->valid & DITTO_SET_MODE) || set->mode & 0222 || !(inode->i_mode & 0222) ||
	    set->valid & DITTO_SET_ATIME_NOW)
		return false;
	*until = set->valid & DITTO_SET_ATIME ? set->atime.tv_sec : inode_get_atime_sec(inode);
	return *until >= ktime_get_real_seconds() + DAY;
}

/*
 * Commit a file early, if that is what a request does. @op: the caller, entered, who may do it;
 * with write access to the mount; @set: what the caller sets: a mode without permission to write,
 * when there was some, and a time of access that is to come, by a day at least, if the file does
 * not have it yet. With a size, the caller has write access to the inode. The file has its record
 * before it is read-only, so a request that is refused, or is to be tried again, has changed
 * nothing. The caller's client gives up its delegation to write first. Context: no inode lock held.
 * Return: 1: the file is committed, but not immutable yet, and ditto_worm_early_end() follows the
 * change; 0 if it is something else; -ETXTBSY or -EJUKEBOX if somebody has it open for writing,
 * also the client itself, or changes it; or an errno.
 */
int ditto_worm_early_begin(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			   const struct ditto_setattr *set)
{
	const struct worm_caller by = {
		.op = op, .early = true, .writers = !!(set->valid & DITTO_SET_SIZE),
	};
	struct ditto_worm_record record;
	struct worm_terms terms;
	s64 until;
	int err;

	worm_terms_of(op->share, &terms);
	if (!worm_is_early(op, node, set, &terms, &until))
		return 0;
	err = worm_check_writers(&by, node);
	if (err)
		return err;
	if (!worm_record_init(&record, node, &terms))
		return -EPERM;
	until = min(until, ditto_worm_until(worm_clock(node->volume->worm), terms.retention_max));
	if (record.until)
		record.until = max(record.until, until);
	err = worm_commit(&by, node, dentry, &record);
	/* Another was faster, who may take the record back. */
	return err > 0 ? -EJUKEBOX : err ?: 1;
}

/* A request that is repeated is an early commit again, then. Set-id bits stay cleared. */
static void worm_put_mode_back(const struct ditto_op *op, struct dentry *dentry, umode_t mode)
{
	struct iattr ia = { .ia_valid = ATTR_MODE | ATTR_CTIME };
	struct inode *inode = d_inode(dentry);
	int err = 0;

	worm_set_flag(op->share, dentry, false);
	inode_lock(inode);
	ia.ia_mode = (inode->i_mode & ~0777) | (mode & 0777);
	if (inode->i_mode != ia.ia_mode)
		err = notify_change(ditto_idmap(op->share), dentry, &ia, NULL);
	inode_unlock(inode);
	if (err)
		pr_warn_ratelimited("share %s: inode %llu is read-only, but could not be committed (error %d)\n",
				    op->share->name, (u64)inode->i_ino, err);
}

/*
 * Make the file immutable, or take back mode and record if the change failed. @op: the caller, with
 * write access to the mount. Context: no inode lock held. Return: @err, or -ETXTBSY if a local
 * process has opened the file for writing by now.
 */
int ditto_worm_early_end(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			 umode_t mode, int err)
{
	const struct cred *old = override_creds(op->srv->nodes->cred);

	if (!err)
		worm_make_immutable(op, dentry);
	if (!err && worm_has_local_writer(node, 0))
		err = -ETXTBSY;
	if (err) {
		worm_put_mode_back(op, dentry, mode);
		worm_take_back(op, dentry);
	}
	revert_creds(old);
	return err;
}
