// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes that the holder of a caching grant keeps: the size, the times, and that it has
 * modified the file. The holder is asked for them, or stores its times itself.
 *
 * They are stored as the server, which breaks no grant: neither the holder's nor others', who could
 * not see other times while it held its grant.
 */

#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>

#include "../../lockd/lease.h"
#include "../../net/server.h"
#include "../node/node_private.h"
#include "../node/watch.h"
#include "check/lock_check_private.h"
#include "op_private.h"
#include "scan.h"

/* An access time alone is stored when a local read would store one (see mount(8), relatime). */
static bool cached_atime_is_due(const struct ditto_share *share, struct inode *inode,
				const struct timespec64 *atime)
{
	struct timespec64 mtime = inode_get_mtime(inode), old = inode_get_atime(inode);
	const struct vfsmount *mnt = share->root.mnt;

	/* An earlier one was set explicitly. */
	if (timespec64_compare(atime, &old) < 0)
		return true;
	if (IS_NOATIME(inode) || mnt->mnt_flags & MNT_NOATIME)
		return false;
	if (!(mnt->mnt_flags & MNT_RELATIME))
		return true;
	return timespec64_compare(&old, &mtime) <= 0 || atime->tv_sec - old.tv_sec >= 24 * 60 * 60;
}

/* Fill what differs from the file, and what a modification changes. The inode is locked. */
static u32 cached_iattr(const struct ditto_share *share, struct inode *inode,
			const struct ditto_lease_times *times, bool modified, struct iattr *ia)
{
	struct timespec64 atime = timestamp_truncate(times->atime, inode);
	struct timespec64 mtime = timestamp_truncate(times->mtime, inode);
	struct timespec64 old_atime = inode_get_atime(inode);
	struct timespec64 old_mtime = inode_get_mtime(inode);
	u32 what = 0;

	if (times->has_mtime && !timespec64_equal(&mtime, &old_mtime)) {
		ia->ia_valid = ATTR_MTIME | ATTR_MTIME_SET | ATTR_CTIME;
		ia->ia_mtime = mtime;
		what = DITTO_CHANGED_MTIME;
	} else if (modified) {
		ia->ia_valid = ATTR_CTIME | (times->has_mtime ? 0 : ATTR_MTIME);
	}
	if (times->has_atime && !timespec64_equal(&atime, &old_atime) &&
	    (ia->ia_valid || cached_atime_is_due(share, inode, &atime))) {
		ia->ia_valid |= ATTR_ATIME | ATTR_ATIME_SET;
		ia->ia_atime = atime;
		what |= DITTO_CHANGED_ATIME;
	}
	return what;
}

/* Return: whether the file was changed, with @what filled; or an errno. */
static int cached_store(struct ditto_share *share, struct ditto_node *node, struct dentry *dentry,
			const struct ditto_lease_times *times, bool modified, u32 *what)
{
	struct inode *inode = d_inode(dentry);
	struct iattr ia = {};
	const struct cred *old;
	int err;

	err = mnt_want_write(share->root.mnt);
	if (err)
		return err;
	old = override_creds(share->volume->srv->nodes->cred);
	inode_lock(inode);
	*what = cached_iattr(share, inode, times, modified, &ia);
	if (ia.ia_valid) {
		if (ia.ia_valid & ATTR_MTIME)
			ditto_scan_times_set(node);
		/* Permission was checked when the grant was made. */
		ia.ia_valid |= ATTR_FORCE;
		err = notify_change(ditto_idmap(share), dentry, &ia, NULL);
	}
	inode_unlock(inode);
	revert_creds(old);
	mnt_drop_write(share->root.mnt);
	return err ?: !!ia.ia_valid;
}

static int asked_read(const struct ditto_op *op, struct dentry *dentry, struct ditto_attr *attr)
{
	return op->tells_change ? ditto_getattr_dentry(op->share, dentry, attr) :
				  ditto_getattr_listed(op->share, dentry, attr);
}

/* The holder did not answer: recall its grant. Other conflicts with a read do not matter. */
static bool asked_in_vain(const struct ditto_op *op, struct ditto_node *node)
{
	struct ditto_op check = *op;

	return ditto_lock_check(&check, node, DITTO_INTENT_READ) == -EJUKEBOX;
}

/* The same as ditto_getattr_asked_by(), of a file with a holder that may be asked. */
static noinline int asked_of_holder(const struct ditto_op *op, struct ditto_node *node,
				    struct dentry *dentry, struct ditto_attr *attr)
{
	struct ditto_lease_answer answer;
	int err, changing;
	u64 before;
	u32 what;

	err = ditto_lease_query(&node->point, op->actor, &answer);
	if (err == -EBUSY && asked_in_vain(op, node))
		return -EJUKEBOX;
	if (err || !(answer.modified || answer.times.has_atime || answer.times.has_mtime))
		return asked_read(op, dentry, attr);

	/*
	 * RFC 8881 section 10.4.3: the number of changes is not known, so each query counts as one
	 * more. Times and change attribute are advanced in the file itself, so that no client sees
	 * older values after the holder has written.
	 */
	err = asked_read(op, dentry, attr);
	if (err)
		return err;
	before = op->tells_change ? attr->change : 0;
	/* The holder may have returned the grant by now, and the file been committed. */
	changing = ditto_worm_change_begin(op, node, DITTO_INTENT_SETATTR);
	if (changing < 0)
		return asked_read(op, dentry, attr);
	if (cached_store(op->share, node, dentry, &answer.times, answer.modified, &what) > 0)
		err = asked_read(op, dentry, attr);
	ditto_worm_change_end(op, node, changing);
	if (!answer.modified)
		return err;
	/* The clock has not advanced yet; it will have by the next change. */
	if (op->tells_change && attr->change <= before)
		attr->change = before + 1;
	attr->st.size = answer.size;
	return err;
}

/**
 * ditto_getattr_asked_by - as ditto_getattr_asked(), by a name that the caller holds already
 * @op: the caller
 * @node: held
 * @dentry: a name of the file, perhaps a removed one
 * @attr: as ditto_getattr_asked()
 *
 * Context: as ditto_getattr_asked().
 * Return: as ditto_getattr_asked().
 */
int ditto_getattr_asked_by(const struct ditto_op *op, struct ditto_node *node,
			   struct dentry *dentry, struct ditto_attr *attr)
{
	if (ditto_is_claimed(node) &&
	    unlikely(ditto_lock_point_held(&node->point, DITTO_SUM_LEASE_WRITE)))
		return asked_of_holder(op, node, dentry, attr);
	return asked_read(op, dentry, attr);
}
EXPORT_SYMBOL_NS_GPL(ditto_getattr_asked_by, "DITTO");

/**
 * ditto_getattr_asked - read the attributes, including changes that a client has cached
 * @op: the caller
 * @node: held
 * @attr: filled; @attr->change only with @op->tells_change
 *
 * If another client caches writes of the file and can be queried, its answer gives the size. If
 * it has modified the file, times and change attribute advance with every query (RFC 8881 section
 * 10.4.3), as they will when the writes arrive. Times that the client keeps itself are stored. If
 * it does not answer in time, its write caching is recalled.
 *
 * Context: may sleep, at most the setting break-wait-ms for the holder.
 * Return: as ditto_getattr(); -EJUKEBOX if the holder's grant is being broken; @op->park waits
 * for that if it was queued.
 */
int ditto_getattr_asked(const struct ditto_op *op, struct ditto_node *node,
			struct ditto_attr *attr)
{
	struct dentry *dentry = ditto_node_dentry(node);
	int err = ditto_getattr_asked_by(op, node, dentry, attr);

	dput(dentry);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_getattr_asked, "DITTO");

/**
 * ditto_store_times - store the times of a file that a client has kept itself
 * @op: the client, which holds a grant with WRITE of the file
 * @node: held
 * @times: the times; which of them the client may set was checked
 *
 * Breaks no caching grant. An access time alone is stored only if the mount's rules for access
 * times say so, and does not change the change attribute of most file systems.
 *
 * Return: 0, -EROFS, or an errno of the file system.
 */
int ditto_store_times(struct ditto_op *op, struct ditto_node *node,
		      const struct ditto_lease_times *times)
{
	struct dentry *dentry;
	int ret, changing;
	u32 what;

	if (!op->writable)
		return -EROFS;
	changing = ditto_worm_change_begin(op, node, DITTO_INTENT_SETATTR);
	if (changing < 0)
		return changing;
	dentry = ditto_node_dentry(node);
	ret = cached_store(op->share, node, dentry, times, false, &what);
	ditto_worm_change_end(op, node, changing);
	if (ret > 0) {
		ditto_child_changed(op, node, what);
		ret = ditto_op_commit(op, dentry, false);
	}
	dput(dentry);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(ditto_store_times, "DITTO");
