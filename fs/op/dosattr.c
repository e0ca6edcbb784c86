// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes that POSIX has no place for, see dosattr.h.
 *
 * DITTO_FLAG_READONLY is kept here and not as a mode: to take the write bits
 * away would lock out who reaches the file by another protocol or on the server,
 * and to give them back nobody would know which there were. Who knows modes only
 * sees the mode only. The other way round, a file that nobody has a write bit for
 * shows as read-only, but only as long as nothing is stored. A name that begins
 * with a dot says nothing: whether it is hidden is up to who lists it.
 *
 * Most files have none of this, so that there is none is kept with the node:
 * the file's time of change when it was looked for. Whoever sets the attribute,
 * here or on the server, changes that time; if it is not in the past yet, nothing
 * is kept, as a change a moment later could leave it the same. Some file systems
 * have it with the inode in memory that a file has no attributes; those are asked.
 *
 * A time of change is stored with the inode's own, which storing it changes: the
 * clock of file systems goes in ticks, so what it will be is known beforehand, and
 * when a tick came between it is stored again. It stands for as long as the inode's
 * stays that. A change within the same tick is not seen, which is how exact the
 * inode's own is.
 *
 * It is read with the server's credential and written with the server's power, as nobody else
 * may; for whom it is written the quota counts.
 *
 * Locking: the file's inode lock makes a change of what is stored one step.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/xattr.h>

#include "../acl/acl_file.h"
#include "../node/node_private.h"
#include "../server.h"
#include "dosattr.h"
#include "dosattr_private.h"
#include "op_private.h"

/* How often a tick may come between. */
#define CHANGED_TRIES	5

static_assert(DITTO_DOSATTR_SIZE_1 == 34);
static_assert(sizeof(struct ditto_dosattr_stored) == 58);

static bool is_time(const struct timespec64 *time)
{
	return time->tv_nsec >= 0 && time->tv_nsec < NSEC_PER_SEC;
}

static bool decode_time(__le64 sec, __le32 nsec, struct timespec64 *time)
{
	time->tv_sec = le64_to_cpu(sec);
	time->tv_nsec = le32_to_cpu(nsec);
	return is_time(time);
}

/* Is it of a form that is known? */
static bool is_stored(const struct ditto_dosattr_stored *stored, size_t len)
{
	if (len == DITTO_DOSATTR_SIZE_1)
		return stored->version == DITTO_DOSATTR_VERSION_1 &&
		       !(stored->valid & ~DITTO_DOSATTR_ALL_1);
	return len == sizeof(*stored) && stored->version == DITTO_DOSATTR_VERSION &&
	       !(stored->valid & ~DITTO_DOSATTR_ALL);
}

VISIBLE_IF_KUNIT bool ditto_dosattr_decode(const void *data, size_t len,
					   struct ditto_dosattr *dosattr)
{
	const struct ditto_dosattr_stored *stored = data;
	struct ditto_dosattr read = { };

	memset(dosattr, 0, sizeof(*dosattr));
	if (!is_stored(stored, len) ||
	    !decode_time(stored->btime_sec, stored->btime_nsec, &read.btime))
		return false;
	if (stored->version == DITTO_DOSATTR_VERSION &&
	    (!decode_time(stored->changed_sec, stored->changed_nsec, &read.changed) ||
	     !decode_time(stored->seen_sec, stored->seen_nsec, &read.seen)))
		return false;
	dosattr->valid = stored->valid;
	if (dosattr->valid & DITTO_DOSATTR_FLAGS)
		dosattr->flags = le32_to_cpu(stored->flags) & DITTO_FLAGS_KEPT;
	if (dosattr->valid & DITTO_DOSATTR_BTIME)
		dosattr->btime = read.btime;
	if (dosattr->valid & DITTO_DOSATTR_OBJECT_ID)
		import_uuid(&dosattr->object_id, stored->object_id);
	if (dosattr->valid & DITTO_DOSATTR_CHANGED) {
		dosattr->changed = read.changed;
		dosattr->seen = read.seen;
	}
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_dosattr_decode);

/* Return: its length. */
static size_t dosattr_encode(const struct ditto_dosattr *dosattr,
			     struct ditto_dosattr_stored *stored)
{
	*stored = (struct ditto_dosattr_stored) {
		.version = DITTO_DOSATTR_VERSION_1,
		.valid = dosattr->valid,
	};
	if (dosattr->valid & DITTO_DOSATTR_FLAGS)
		stored->flags = cpu_to_le32(dosattr->flags);
	if (dosattr->valid & DITTO_DOSATTR_BTIME) {
		stored->btime_sec = cpu_to_le64(dosattr->btime.tv_sec);
		stored->btime_nsec = cpu_to_le32(dosattr->btime.tv_nsec);
	}
	if (dosattr->valid & DITTO_DOSATTR_OBJECT_ID)
		export_uuid(stored->object_id, &dosattr->object_id);
	if (!(dosattr->valid & DITTO_DOSATTR_CHANGED))
		return DITTO_DOSATTR_SIZE_1;
	stored->version = DITTO_DOSATTR_VERSION;
	stored->changed_sec = cpu_to_le64(dosattr->changed.tv_sec);
	stored->changed_nsec = cpu_to_le32(dosattr->changed.tv_nsec);
	stored->seen_sec = cpu_to_le64(dosattr->seen.tv_sec);
	stored->seen_nsec = cpu_to_le32(dosattr->seen.tv_nsec);
	return sizeof(*stored);
}

/* Act as the server; ditto_op_leave() ends it. */
static const struct cred *server_enter(const struct ditto_share *share)
{
	const struct cred *old = current_cred();

	rcu_assign_pointer(current->cred, share->srv->nodes->cred);
	return old;
}

/* What is stored; with nothing, or nothing that makes sense, @dosattr->valid is 0. */
static int dosattr_load(struct ditto_share *share, struct dentry *dentry,
			struct ditto_dosattr *dosattr)
{
	struct inode *inode = d_inode(dentry);
	struct ditto_dosattr_stored stored;
	const struct cred *old;
	ssize_t len;

	memset(dosattr, 0, sizeof(*dosattr));
	if (!(inode->i_opflags & IOP_XATTR))
		return 0;
	old = server_enter(share);
	len = __vfs_getxattr(dentry, inode, DITTO_DOSATTR_XATTR, &stored, sizeof(stored));
	ditto_op_leave(old);
	if (len == -ENODATA || len == -EOPNOTSUPP)
		return 0;
	if (len < 0 && len != -ERANGE)
		return len;
	if (len < 0 || !ditto_dosattr_decode(&stored, len, dosattr))
		pr_warn_ratelimited("share %s: inode %lu has a damaged %s: taken for none\n",
				    share->name, inode->i_ino, DITTO_DOSATTR_XATTR);
	return 0;
}

static struct timespec64 dosattr_is_older(struct timespec64 a, struct timespec64 b)
{
	return timespec64_compare(&a, &b) < 0 ? a : b;
}

static struct timespec64 default_btime(const struct kstat *st)
{
	if (st->result_mask & STATX_BTIME)
		return st->btime;
	return dosattr_is_older(st->ctime, dosattr_is_older(st->mtime, st->atime));
}

/* Nobody may write it, as far as its mode is what counts. */
static bool is_readonly(const struct ditto_share *share, struct dentry *dentry, umode_t mode)
{
	const struct cred *old;
	bool listed;

	if (mode & 0222)
		return false;
	old = server_enter(share);
	listed = ditto_acl_is_stored(dentry);
	ditto_op_leave(old);
	return !listed;
}

/* Of a file for which none were set. */
static u32 default_flags(const struct ditto_share *share, struct dentry *dentry, umode_t mode)
{
	if (!S_ISREG(mode))
		return 0;
	return DITTO_FLAG_ARCHIVE | (is_readonly(share, dentry, mode) ? DITTO_FLAG_READONLY : 0);
}

/* A time as one number that can be read in one piece; 0 is none. */
static u64 as_number(const struct timespec64 *time)
{
	return time->tv_sec * NSEC_PER_SEC + time->tv_nsec;
}

/* Is it known that nothing is stored? */
static bool is_plain(const struct ditto_share *share, const struct inode *inode,
		     const struct kstat *st)
{
	const struct ditto_node *node;
	u64 plain;

	if (share->volume->knows_absence)
		return false;
	rcu_read_lock();
	node = ditto_node_peek_inode(share->srv->nodes, inode);
	plain = node ? READ_ONCE(node->plain) : 0;
	rcu_read_unlock();
	return plain && plain == as_number(&st->ctime);
}

/* Nothing is stored, and when @now came that was so: any change is later than the last one. */
static void keep_plain(const struct ditto_share *share, const struct inode *inode,
		       const struct kstat *st, const struct timespec64 *now)
{
	struct ditto_node *node;

	if (share->volume->knows_absence || timespec64_compare(&st->ctime, now) >= 0)
		return;
	node = ditto_node_find_inode(share->srv->nodes, inode);
	if (!node)
		return;
	/* The clock is another one where others have the file system, too. */
	if (!node->volume->caller_opens)
		WRITE_ONCE(node->plain, as_number(&st->ctime));
	ditto_node_put(node);
}

int ditto_dosattr_get(struct ditto_share *share, struct dentry *dentry, const struct kstat *st,
		      struct ditto_dosattr *dosattr)
{
	struct inode *inode = d_inode(dentry);
	struct timespec64 now;
	int err;

	if (is_plain(share, inode, st)) {
		memset(dosattr, 0, sizeof(*dosattr));
	} else {
		now = current_time(inode);
		err = dosattr_load(share, dentry, dosattr);
		if (err)
			return err;
		if (!dosattr->valid)
			keep_plain(share, inode, st, &now);
	}

	if (!(dosattr->valid & DITTO_DOSATTR_FLAGS))
		dosattr->flags = default_flags(share, dentry, st->mode);
	if (!(dosattr->valid & DITTO_DOSATTR_BTIME))
		dosattr->btime = default_btime(st);
	if (!(dosattr->valid & DITTO_DOSATTR_CHANGED) ||
	    !timespec64_equal(&dosattr->seen, &st->ctime))
		dosattr->changed = st->ctime;
	dosattr->valid |= DITTO_DOSATTR_FLAGS | DITTO_DOSATTR_BTIME | DITTO_DOSATTR_CHANGED;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_dosattr_get, DITTO);

/* Lay what is to be set over what is there. Return: false if that changes nothing. */
static bool dosattr_merge(struct ditto_dosattr *there,
			  const struct ditto_dosattr *set, u32 defaults)
{
	struct ditto_dosattr before = *there;

	if (set->valid & DITTO_DOSATTR_FLAGS)
		there->flags = set->flags & DITTO_FLAGS_KEPT;
	if (set->valid & DITTO_DOSATTR_BTIME)
		there->btime = set->btime;
	/* One that is there stays, so that of two who make one both find the same. */
	if (set->valid & DITTO_DOSATTR_OBJECT_ID && !(there->valid & DITTO_DOSATTR_OBJECT_ID))
		there->object_id = set->object_id;
	if (set->valid & DITTO_DOSATTR_CHANGED)
		there->changed = set->changed;
	there->valid |= set->valid & DITTO_DOSATTR_ALL;
	/* Most new files are given what they have anyway. */
	if (!before.valid && there->valid == DITTO_DOSATTR_FLAGS &&
	    there->flags == defaults)
		return false;
	if (set->valid & DITTO_DOSATTR_CHANGED)
		return true;
	if (!memcmp(&before, there, sizeof(before)))
		return false;
	/* This is a change of its own. */
	there->valid &= ~DITTO_DOSATTR_CHANGED;
	return true;
}

static int dosattr_store(struct ditto_op *op, struct dentry *dentry,
			 const struct ditto_dosattr *dosattr, struct inode **delegated)
{
	const struct cred *as = ditto_cred_privileged(op->cred, DITTO_PRIVILEGE_SERVER);
	struct ditto_dosattr_stored stored;
	size_t len = dosattr_encode(dosattr, &stored);
	const struct cred *old;
	int err;

	if (!as)
		return -ENOMEM;
	old = ditto_act(as);
	err = __vfs_setxattr_locked(ditto_idmap(op->share), dentry, DITTO_DOSATTR_XATTR, &stored,
				    len, 0, delegated);
	ditto_op_leave(old);
	return err;
}

/* With the inode's time of change as it is then. */
static int store_changed(struct ditto_op *op, struct dentry *dentry,
			 struct ditto_dosattr *dosattr, struct inode **delegated)
{
	struct inode *inode = d_inode(dentry);
	struct timespec64 ctime;
	int tries, err = 0;

	for (tries = 0; !err && tries < CHANGED_TRIES; tries++) {
		dosattr->seen = current_time(inode);
		err = dosattr_store(op, dentry, dosattr, delegated);
		ctime = inode_get_ctime(inode);
		if (timespec64_equal(&ctime, &dosattr->seen))
			break;
	}
	return err;
}

static int dosattr_change(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			  const struct ditto_dosattr *set)
{
	struct inode *inode = node->inode;
	struct inode *delegated = NULL;
	struct ditto_dosattr there;
	int err;

	inode_lock(inode);
	err = dosattr_load(op->share, dentry, &there);
	if (!err && dosattr_merge(&there, set, default_flags(op->share, dentry, inode->i_mode))) {
		WRITE_ONCE(node->plain, 0);
		if (there.valid & DITTO_DOSATTR_CHANGED)
			err = store_changed(op, dentry, &there, &delegated);
		else
			err = dosattr_store(op, dentry, &there, &delegated);
	}
	inode_unlock(inode);
	return ditto_no_deleg_wait(err, delegated);
}

static u32 what_changes(const struct ditto_dosattr *dosattr)
{
	return (dosattr->valid & DITTO_DOSATTR_FLAGS ? DITTO_CHANGED_ATTRIBUTES : 0) |
	       (dosattr->valid & DITTO_DOSATTR_BTIME ? DITTO_CHANGED_BTIME : 0) |
	       (dosattr->valid & DITTO_DOSATTR_CHANGED ? DITTO_CHANGED_CTIME : 0);
}

int ditto_dosattr_set(struct ditto_op *op, struct ditto_node *node,
		      const struct ditto_dosattr *dosattr)
{
	struct vfsmount *mnt = op->share->root.mnt;
	struct dentry *dentry;
	int err;

	if ((dosattr->valid & DITTO_DOSATTR_BTIME && !is_time(&dosattr->btime)) ||
	    (dosattr->valid & DITTO_DOSATTR_CHANGED && !is_time(&dosattr->changed)))
		return -EINVAL;
	err = op->writable ? mnt_want_write(mnt) : -EROFS;
	if (err)
		return err;
	err = ditto_lock_check(op, node, DITTO_INTENT_SETATTR);
	if (!err) {
		dentry = ditto_node_dentry(node);
		err = dosattr_change(op, node, dentry, dosattr);
		ditto_lock_recheck(op, node, DITTO_INTENT_SETATTR);
		if (!err)
			ditto_child_changed(op, node, what_changes(dosattr));
		if (!err)
			err = ditto_op_commit(op, dentry, false);
		dput(dentry);
	}
	mnt_drop_write(mnt);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_dosattr_set, DITTO);
