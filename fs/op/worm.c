// SPDX-License-Identifier: GPL-2.0-only
/* Committed files, see worm.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

/* fileattr.h needs declarations of linux/fs.h */
#include <linux/fs.h>

#include <linux/dcache.h>
#include <linux/fileattr.h>
#include <linux/jiffies.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/printk.h>
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
 * struct ditto_worm - the clock of a file system with committed files
 * @volume: the file system
 * @began: what was stored when it was read
 * @boot: seconds since boot then
 * @work: stores it
 */
struct ditto_worm {
	struct ditto_volume *volume;
	s64 began;
	s64 boot;
	struct delayed_work work;
};

/* Logic */

size_t ditto_worm_record_write(const struct ditto_worm_record *record, char *buf)
{
	return scnprintf(buf, DITTO_WORM_RECORD_MAX, "1 %lld %lld %c", record->committed,
			 record->until, record->compliance ? 'c' : 'g');
}

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

bool ditto_worm_is_due(s64 now, s64 changed, u32 age)
{
	return age && abs(now - changed) >= age;
}

s64 ditto_worm_until(s64 clock, u32 days)
{
	return days ? clock + (s64)days * DAY : 0;
}

bool ditto_worm_is_over(const struct ditto_worm_record *record, s64 clock)
{
	return record->until && clock >= record->until;
}

/* Clock */

static s64 worm_clock(const struct ditto_worm *worm)
{
	return worm->began + ktime_get_boottime_seconds() - worm->boot;
}

/* Return: the stored clock, or an errno. */
static s64 clock_load(struct super_block *sb)
{
	char buf[DITTO_WORM_RECORD_MAX];
	s64 clock;
	int len;

	len = __vfs_getxattr(sb->s_root, d_inode(sb->s_root), DITTO_WORM_CLOCK_XATTR, buf,
			     sizeof(buf) - 1);
	if (len < 0)
		return len == -EOPNOTSUPP ? -ENODATA : len;
	buf[len] = '\0';
	return sscanf(buf, "1 %lld", &clock) == 1 && clock > 0 ? clock : -EIO;
}

/* Another server may serve the file system, too; the clock of one that is behind is not stored. */
static int clock_store(struct super_block *sb, s64 clock)
{
	struct inode *inode = d_inode(sb->s_root);
	char buf[DITTO_WORM_RECORD_MAX];
	int len, err = 0;

	len = scnprintf(buf, sizeof(buf), "1 %lld", clock);
	inode_lock(inode);
	if (clock_load(sb) < clock)
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

	if (!sb_start_write_trylock(sb))
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

int ditto_worm_start(struct ditto_volume *volume)
{
	struct ditto_worm *worm;
	s64 clock;

	if (READ_ONCE(volume->worm))
		return 0;
	clock = clock_load(volume->sb);
	if (clock < 0)
		return clock;
	worm = kzalloc(sizeof(*worm), GFP_KERNEL);
	if (!worm)
		return -ENOMEM;
	worm->volume = volume;
	worm->began = clock;
	worm->boot = ktime_get_boottime_seconds();
	INIT_DELAYED_WORK(&worm->work, worm_work);
	/* Another share may have been faster. */
	if (cmpxchg(&volume->worm, NULL, worm))
		kfree(worm);
	else
		queue_delayed_work(ditto_wq, &worm->work, msecs_to_jiffies(STORE_MS));
	return 0;
}

void ditto_worm_volume_start(struct ditto_volume *volume)
{
	int err = volume->caller_opens ? -ENODATA : ditto_worm_start(volume);

	if (err && err != -ENODATA)
		pr_warn("%s: the clock of its committed files cannot be read (error %d)\n",
			volume->sb->s_id, err);
}

void ditto_worm_volume_stop(struct ditto_volume *volume)
{
	if (!volume->worm)
		return;
	cancel_delayed_work_sync(&volume->worm->work);
	worm_store(volume->worm);
}

void ditto_worm_volume_exit(struct ditto_volume *volume)
{
	kfree(volume->worm);
}

int ditto_worm_check_share(struct ditto_share *share, struct netlink_ext_ack *extack)
{
	struct super_block *sb = share->root.mnt->mnt_sb;
	const struct cred *old;
	s64 clock;
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
	clock = clock_load(sb);
	err = clock == -ENODATA ? clock_store(sb, ktime_get_real_seconds()) : min_t(s64, clock, 0);
	revert_creds(old);
	mnt_drop_write(share->root.mnt);
	if (err)
		NL_SET_ERR_MSG_FMT(extack,
				   "worm: the root of the file system cannot keep the clock (error %d), which is a trusted extended attribute",
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

static int worm_store_record(struct dentry *dentry, const struct ditto_worm_record *record)
{
	struct inode *inode = d_inode(dentry);
	char buf[DITTO_WORM_RECORD_MAX];
	size_t len = ditto_worm_record_write(record, buf);
	int err;

	inode_lock(inode);
	err = __vfs_setxattr(&nop_mnt_idmap, dentry, inode, DITTO_WORM_XATTR, buf, len, 0);
	inode_unlock(inode);
	return err;
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
 * @compliance: by which terms
 * @offload: data may leave the file system
 */
struct worm_terms {
	u32 age;
	u32 retention;
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
	terms->compliance = opts->worm_mode == DITTO_WORM_COMPLIANCE;
	terms->offload = opts->offload;
	rcu_read_unlock();
}

/* Return: 0 if nobody has the file open for writing, -ETXTBSY, or -EJUKEBOX. */
static int worm_check_writers(const struct ditto_op *op, struct ditto_node *node)
{
	const struct ditto_intent intent = {
		.kind = DITTO_INTENT_OPEN,
		.access = DITTO_OPEN_READ,
		.deny = DITTO_OPEN_WRITE,
		.empty = true,
	};
	const struct ditto_actor anonymous = { .from = op->from };
	struct ditto_conflict unwanted __uninitialized;

	switch (ditto_claim_check(&node->point, &intent, op->actor ?: &anonymous, op->park,
				  &unwanted)) {
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
	if (READ_ONCE(node->point.table->guards))
		return -EJUKEBOX;
	/* Files that the server has open itself are for the opens that were checked. */
	ditto_file_settle(&node->point);
	return atomic_read(&node->inode->i_writecount) > atomic_read(&node->opens[1]) ?
	       -ETXTBSY : 0;
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

/*
 * Commit a file. The flag is refused to nobody whom the record does not refuse, so without it the
 * file is committed all the same. A record that a crash undoes is written again when the file is
 * found to be as old as before.
 */
static int worm_commit(const struct ditto_op *op, struct dentry *dentry,
		       const struct worm_terms *terms, const struct ditto_worm_record *record)
{
	const struct cred *old;
	int err = worm_enter(op, &old);

	if (err)
		return err;
	err = worm_store_record(dentry, record);
	if (!err && !terms->offload &&
	    __vfs_getxattr(dentry, d_inode(dentry), DITTO_OFFLOAD_XATTR, NULL, 0) < 0 &&
	    worm_set_flag(op->share, dentry, true))
		pr_warn_ratelimited("share %s: inode %llu is committed, but cannot be made immutable for local processes\n",
				    op->share->name, (u64)d_inode(dentry)->i_ino);
	worm_leave(op, old);
	return err;
}

/* Commit a file if its time has come. Return: as worm_load() afterwards, or -EJUKEBOX. */
static int worm_commit_due(const struct ditto_op *op, struct ditto_node *node,
			   struct dentry *dentry, struct ditto_worm_record *record)
{
	s64 now = ktime_get_real_seconds();
	struct worm_terms terms;
	int err;

	worm_terms_of(op->share, &terms);
	if (!ditto_worm_is_due(now, inode_get_ctime_sec(node->inode), terms.age))
		return -ENODATA;
	/* Streams belong to their file. */
	if (!node->inode->i_nlink || ditto_is_below_hidden(op->share, dentry))
		return -ENODATA;
	err = worm_check_writers(op, node);
	if (err)
		return err == -ETXTBSY ? -ENODATA : err;
	record->committed = now;
	record->until = ditto_worm_until(worm_clock(node->volume->worm), terms.retention);
	record->compliance = terms.compliance;
	return worm_commit(op, dentry, &terms, record);
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

/* After its retention, a file loses the flag, without which it can be removed. */
static int worm_check_file(const struct ditto_op *op, struct ditto_node *node,
			   struct dentry *dentry, enum ditto_intent_kind kind)
{
	struct ditto_worm_record record;
	const struct cred *old;
	int err = worm_load(dentry, &record);

	if (err == -ENODATA)
		err = worm_commit_due(op, node, dentry, &record);
	if (err)
		return err == -ENODATA ? 0 : err;
	if ((kind != DITTO_INTENT_REMOVE && kind != DITTO_INTENT_REPLACE) ||
	    !ditto_worm_is_over(&record, worm_clock(node->volume->worm)))
		return -EPERM;
	if (!IS_IMMUTABLE(node->inode))
		return 0;
	err = worm_enter(op, &old);
	if (err)
		return err;
	err = worm_set_flag(op->share, dentry, false);
	worm_leave(op, old);
	return err;
}

int ditto_worm_check_slow(const struct ditto_op *op, struct ditto_node *node,
			  enum ditto_intent_kind kind, bool quiet)
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
		err = worm_check_file(op, node, dentry, kind);
	else if (S_ISDIR(node->inode->i_mode) && kind == DITTO_INTENT_RENAME)
		err = worm_check_dir(op, node);
	if (err == -EPERM && !quiet)
		worm_tell(op, dentry);
	dput(dentry);
	return err;
}

int ditto_worm_prolong(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
		       const struct ditto_setattr *set)
{
	struct ditto_worm_record record;
	const struct cred *old;
	int err;

	if (set->valid != DITTO_SET_ATIME ||
	    !S_ISREG(node->inode->i_mode) || worm_load(dentry, &record))
		return 0;
	if (!record.until || set->atime.tv_sec <= record.until ||
	    !inode_owner_or_capable(ditto_idmap(op->share), node->inode))
		return 0;
	record.until = set->atime.tv_sec;
	err = worm_enter(op, &old);
	if (err)
		return err;
	err = worm_store_record(dentry, &record);
	worm_leave(op, old);
	return err ?: ditto_op_commit(op, dentry, false) ?: 1;
}

int ditto_worm_commit_early(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry)
{
	s64 until = inode_get_atime_sec(node->inode), now = ktime_get_real_seconds();
	struct ditto_worm_record record;
	struct worm_terms terms;
	int err;

	worm_terms_of(op->share, &terms);
	if (!terms.age || op->stream_of || !S_ISREG(node->inode->i_mode) ||
	    node->inode->i_mode & 0222 || until <= now)
		return 0;
	err = worm_check_writers(op, node);
	if (err)
		return err == -ETXTBSY ? 0 : err;
	record.committed = now;
	record.until = ditto_worm_until(worm_clock(node->volume->worm), terms.retention);
	if (record.until)
		record.until = max(record.until, until);
	record.compliance = terms.compliance;
	return worm_commit(op, dentry, &terms, &record);
}
