// SPDX-License-Identifier: GPL-2.0-only
/* The bin of a share, see trash.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dcache.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/netlink.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/xattr.h>

#include "../node/pattern.h"
#include "hidden_dir.h"
#include "name_private.h"
#include "op_private.h"
#include "trash.h"

/* Names in the bin are times in nanoseconds; so many are tried if the clock was set back. */
#define NAME_TRIES	8
#define NAME_LEN	16

/*
 * Write a record to the end of @buf, of DITTO_TRASH_RECORD_MAX bytes, whose end has the path of
 * @len bytes. Returns its start, or NULL without room. Any context.
 */
char *ditto_trash_record(char *buf, size_t len, u32 uid, s64 seconds, u32 owner)
{
	char *at = buf + DITTO_TRASH_RECORD_MAX - len;
	char head[64];

	len = scnprintf(head, sizeof(head), "1 %u %lld %u ", uid, seconds, owner);
	return ditto_path_prepend(buf, &at, head, len) ? at : NULL;
}

/* Write the record, or remove it if @len is 0. Holders of delegations were asked before. */
static int trash_record_write(struct dentry *dentry, const void *record, size_t len)
{
	struct inode *inode = d_inode(dentry);
	int err;

	inode_lock(inode);
	if (len)
		err = __vfs_setxattr(&nop_mnt_idmap, dentry, inode, DITTO_TRASH_XATTR, record, len,
				     0);
	else
		err = __vfs_removexattr(&nop_mnt_idmap, dentry, DITTO_TRASH_XATTR);
	inode_unlock(inode);
	return err;
}

/* Make the bin and mark it. Returns it, to be put, or an ERR_PTR with the reason in @extack. */
static struct dentry *trash_make(struct ditto_share *share, struct netlink_ext_ack *extack)
{
	struct dentry *bin = ditto_hidden_dir(share, DITTO_TRASH, true);
	int err;

	if (IS_ERR(bin)) {
		NL_SET_ERR_MSG(extack,
			       "trash: .ditto/trash in the share's root cannot be made, or others than root can change it");
		return bin;
	}
	err = trash_record_write(bin, "1", 1);
	if (err) {
		NL_SET_ERR_MSG(extack,
			       "trash: the file system of the share keeps no trusted extended attributes");
	} else if (!d_inode(bin)->i_op->link) {
		NL_SET_ERR_MSG(extack, "trash: the file system of the share has no hard links");
		err = -EOPNOTSUPP;
	}
	if (err) {
		dput(bin);
		return ERR_PTR(err);
	}
	return bin;
}

/*
 * Look for the bin, or make it, and check that its file system can keep files in it. Returns 0, or
 * an errno with the reason in @extack. May sleep.
 */
int ditto_trash_check(struct ditto_share *share, struct netlink_ext_ack *extack)
{
	const struct cred *old;
	struct dentry *bin;
	int err;

	/* Attributes and links of a file in a lower layer copy all of it. */
	if (share->root.mnt->mnt_sb->s_magic == OVERLAYFS_SUPER_MAGIC) {
		NL_SET_ERR_MSG(extack,
			       "trash: on overlayfs, a file would be copied to be removed");
		return -EOPNOTSUPP;
	}
	/* There, access depends on the user's credential. */
	if (ditto_sb_asks_server(share->root.mnt->mnt_sb)) {
		NL_SET_ERR_MSG(extack, "trash: the share is a mount of another server, or of FUSE");
		return -EOPNOTSUPP;
	}
	err = mnt_want_write(share->root.mnt);
	if (err) {
		NL_SET_ERR_MSG_FMT(extack, "trash: the share cannot be written to (error %d)", err);
		return err;
	}
	old = override_creds(share->srv->nodes->cred);
	bin = trash_make(share, extack);
	revert_creds(old);
	mnt_drop_write(share->root.mnt);
	if (IS_ERR(bin))
		return PTR_ERR(bin);
	dput(bin);
	return 0;
}

/* True if the share has a bin for files with this name. Any context. */
bool ditto_trash_is_on(const struct ditto_share *share, const struct ditto_name *name)
{
	const struct ditto_share_opts *opts;
	bool on;

	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	on = opts->trash &&
	     !(opts->trash_exclude && ditto_patterns_match(opts->trash_exclude, ',', name));
	rcu_read_unlock();
	return on;
}

/* True if a file belongs into the bin when it loses its last name. Any context. */
bool ditto_trash_takes(const struct dentry *child)
{
	const struct inode *inode = d_inode(child);

	/* Immutable ones get no other name; of those, committed ones can be removed in the end. */
	return d_is_reg(child) && i_size_read(inode) && !IS_IMMUTABLE(inode);
}

/* True if a file has a record. May sleep. */
bool ditto_trash_has(struct dentry *dentry)
{
	return __vfs_getxattr(dentry, d_inode(dentry), DITTO_TRASH_XATTR, NULL, 0) > 0;
}

static int trash_record_add(const struct ditto_op *op, const struct dentry *dir,
			    struct dentry *child)
{
	vfsuid_t owner = i_uid_into_vfsuid(ditto_idmap(op->share), d_inode(dir));
	char *buf = kmalloc(DITTO_TRASH_RECORD_MAX, GFP_KERNEL);
	char *end = buf + DITTO_TRASH_RECORD_MAX, *at = end;
	int err = -ENAMETOOLONG;

	if (!buf)
		return -ENOMEM;
	if (ditto_path_prepend_names(op->share, child, buf, &at))
		at = ditto_trash_record(buf, end - at,
					from_kuid(&init_user_ns, op->cred->cred->fsuid),
					ktime_get_real_seconds(),
					from_kuid(&init_user_ns, vfsuid_into_kuid(owner)));
	else
		at = NULL;
	if (at)
		err = trash_record_write(child, at, end - at);
	kfree(buf);
	return err;
}

/* A name that nobody has. Returns a negative dentry, or an ERR_PTR. */
static struct dentry *trash_name(const struct ditto_op *op, struct dentry *bin)
{
	u64 now = ktime_get_real_ns();
	char name[NAME_LEN + 1];
	struct dentry *entry;

	for (unsigned int i = 0; i < NAME_TRIES; i++) {
		scnprintf(name, sizeof(name), "%016llx", now + i);
		entry = lookup_one(ditto_idmap(op->share), &QSTR_LEN(name, NAME_LEN), bin);
		if (IS_ERR(entry) || d_is_negative(entry))
			return entry;
		dput(entry);
	}
	return ERR_PTR(-EEXIST);
}

/* In directories with folded names, a new name is not hashed until it is looked up again. */
static struct dentry *trash_name_hash(const struct ditto_op *op, struct dentry *bin,
				      struct dentry *entry)
{
	struct dentry *found;

	if (likely(!d_unhashed(entry)))
		return entry;
	found = lookup_one(ditto_idmap(op->share),
			   &QSTR_LEN(entry->d_name.name, entry->d_name.len), bin);
	if (IS_ERR(found))
		return entry;
	dput(entry);
	return found;
}

/*
 * Give a file in a directory a name in the bin. Returns it, to be put; NULL if the bin cannot take
 * the file; ERR_PTR(-EAGAIN) if the file does not have one name, or if somebody has a delegation
 * and @now is set; or, but with @now, another ERR_PTR if the bin can take it later. May sleep;
 * write access to the mount, nothing is locked.
 */
struct dentry *ditto_trash_add(const struct ditto_op *op, const struct dentry *dir,
			       struct dentry *child, bool now)
{
	const struct cred *old = ditto_act_as(op->srv->nodes->cred);
	struct dentry *bin = ditto_hidden_dir(op->share, DITTO_TRASH, false), *entry = NULL;
	bool last = true;
	int err;

	/* Somebody has removed it. */
	if (bin == ERR_PTR(-ENOENT))
		bin = trash_make(op->share, NULL);
	/* Others give their delegations back before the removal, which asks them to. */
	err = PTR_ERR_OR_ZERO(bin) ?: break_deleg(d_inode(child), O_WRONLY | O_NONBLOCK);
	if (!err) {
		inode_lock_nested(d_inode(bin), I_MUTEX_PARENT);
		mutex_lock(&op->share->volume->trash_lock);
		last = d_inode(child)->i_nlink == 1;
		if (last) {
			entry = trash_name(op, bin);
			err = PTR_ERR_OR_ZERO(entry) ?: trash_record_add(op, dir, child);
		}
		if (last && !err) {
			err = vfs_link(child, ditto_idmap(op->share), d_inode(bin), entry, NULL);
			if (err)
				trash_record_write(child, NULL, 0);
			else
				entry = trash_name_hash(op, bin, entry);
		}
		mutex_unlock(&op->share->volume->trash_lock);
		inode_unlock(d_inode(bin));
	}
	ditto_op_leave(old);
	if (!IS_ERR(bin))
		dput(bin);
	if (!last)
		return ERR_PTR(-EAGAIN);
	if (!err && d_really_is_positive(entry))
		return entry;
	if (!IS_ERR_OR_NULL(entry))
		dput(entry);
	/* The file is in the bin. Where no lookup finds it there, nothing is undone. */
	if (!err)
		return NULL;
	err = ditto_no_wait(err);
	if (!now && (err == -EJUKEBOX || err == -ENOMEM))
		return ERR_PTR(-EJUKEBOX);
	/*
	 * A delegation that somebody still has forbids the removal, too. It may be returned before
	 * the removal, which would find the file without a name in the bin.
	 */
	if (err == -EJUKEBOX)
		return ERR_PTR(-EAGAIN);
	pr_notice_ratelimited("share %s: what clients remove is gone for good, as the bin cannot take it (error %d)\n",
			      op->share->name, err);
	return NULL;
}

/*
 * Undo that, as the file was not removed.
 *
 * The name may have to stay, as somebody has got a lease since, or as it is the last one. Then so
 * does the record.
 *
 * Returns false if the file has lost all other names since, so that it stays in the bin. May sleep;
 * write access to the mount, nothing is locked.
 */
bool ditto_trash_undo(const struct ditto_op *op, struct dentry *added)
{
	const struct cred *old = ditto_act_as(op->srv->nodes->cred);
	/* The second reference keeps it positive. */
	struct dentry *bin = dget_parent(dget(added));
	bool there, last;
	int err = -ENOENT;

	inode_lock_nested(d_inode(bin), I_MUTEX_PARENT);
	mutex_lock(&op->share->volume->trash_lock);
	there = !d_unhashed(added) && added->d_parent == bin;
	last = there && d_inode(added)->i_nlink == 1;
	if (there && !last)
		err = vfs_unlink(ditto_idmap(op->share), d_inode(bin), added, NULL);
	if (!err)
		trash_record_write(added, NULL, 0);
	mutex_unlock(&op->share->volume->trash_lock);
	inode_unlock(d_inode(bin));
	dput(added);
	dput(bin);
	ditto_op_leave(old);
	return !last;
}
