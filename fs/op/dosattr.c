// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOS attributes, see dosattr.h.
 *
 * DITTO_FLAG_READONLY is stored as a flag, not in the mode. Clearing the write bits would lock
 * out users of other protocols and local processes, and the original bits could not be restored.
 * Users of modes see only the mode. Conversely, a file without any write bit appears as
 * read-only, but only while no flags are stored. A name that begins with a dot is not reported as
 * hidden here; that is up to the protocol.
 *
 * Most files have no stored DOS attributes, so their absence is cached with the volume, in a table
 * of as many files as are likely to be listed over and over: its word for an inode tells the ctime
 * at which none was found. Setting the extended attribute changes the ctime, whether the server or
 * a local process does it. If the ctime is not in the past yet, nothing is cached, because a later
 * change could leave it the same. Words are read and written atomically, without a lock. Some file
 * systems, as HFS+, do not change the ctime, so the server clears the word when it has stored the
 * attribute.
 *
 * A change time is stored together with the inode's ctime, which storing it changes. The clock of
 * file systems advances in ticks, so the new ctime is known beforehand; if a tick passes
 * in between, the attribute is stored again. The change time is valid while the inode has this
 * ctime. A change within the same tick is not noticed, which is the precision of ctime itself.
 *
 * The extended attribute is read with the server's credential and written with the server's
 * privileges, because no other credential may access it. Quotas apply to it.
 *
 * Locking: the file's inode lock makes reading and changing the stored value one step.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "../../net/server.h"
#include "../node/node_private.h"
#include "check/acl_file.h"
#include "check/lock_check_private.h"
#include "dosattr.h"
#include "dosattr_private.h"
#include "op_private.h"

/* Attempts to store the value within one tick. */
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

/* Parse a stored value. Return: false if the value is invalid; @dosattr->valid is 0 then. */
bool ditto_dosattr_decode(const void *data, size_t len, struct ditto_dosattr *dosattr)
{
	const struct ditto_dosattr_stored *stored = data;
	struct ditto_dosattr read = { };

	memset(dosattr, 0, sizeof(*dosattr));
	if (len == DITTO_DOSATTR_SIZE_1) {
		if (stored->version != DITTO_DOSATTR_VERSION_1 ||
		    stored->valid & ~DITTO_DOSATTR_ALL_1)
			return false;
	} else if (len == sizeof(*stored)) {
		if (stored->version != DITTO_DOSATTR_VERSION ||
		    stored->valid & ~DITTO_DOSATTR_ALL ||
		    !decode_time(stored->changed_sec, stored->changed_nsec, &read.changed) ||
		    !decode_time(stored->seen_sec, stored->seen_nsec, &read.seen))
			return false;
	} else {
		return false;
	}
	if (!decode_time(stored->btime_sec, stored->btime_nsec, &read.btime))
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

/* Return: length of the stored value. */
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

/* Act as the server; ended by ditto_op_leave(). */
static const struct cred *server_enter(const struct ditto_share *share)
{
	const struct cred *old = current_cred();

	rcu_assign_pointer(current->cred, share->srv->nodes->cred);
	return old;
}

static void dosattr_find_handler(struct ditto_volume *volume)
{
	const struct xattr_handler *const *at = volume->sb->s_xattr;
	const char *name = DITTO_DOSATTR_XATTR, *prefix;
	size_t len;

	for (; at && *at; at++) {
		prefix = xattr_prefix(*at);
		len = strlen(prefix);
		/* A handler is for one name, or for all longer names that begin with its prefix. */
		if (strncmp(name, prefix, len) || !(*at)->prefix != !name[len])
			continue;
		if ((*at)->get)
			volume->dosattr_handler = *at;
		volume->dosattr_name = name + len;
		return;
	}
}

/* File systems of this machine on which each change of an extended attribute changes ctime. */
static const unsigned long xattrs_move_ctime[] = {
	EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
};

/*
 * Prepare a volume for DOS attributes. @volume: new, @caller_opens is set; @dosattr_handler,
 * @dosattr_name and @plain are filled. Return: 0 or -ENOMEM.
 */
int ditto_dosattr_volume_init(struct ditto_volume *volume)
{
	dosattr_find_handler(volume);
	/* On remote file systems, ctime comes from another clock. */
	if (volume->caller_opens)
		return 0;
	volume->plain = kvcalloc(DITTO_PLAIN_FILES, sizeof(*volume->plain), GFP_KERNEL);
	if (!volume->plain)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(xattrs_move_ctime); i++)
		volume->xattrs_move_ctime |= volume->sb->s_magic == xattrs_move_ctime[i];
	return 0;
}

/* Undo that. No share is on the volume any more. May sleep. */
void ditto_dosattr_volume_exit(struct ditto_volume *volume)
{
	kvfree(volume->plain);
}

/*
 * Load the stored value; if there is none or it is invalid, @dosattr->valid is 0 and the rest is
 * not filled. The same as __vfs_getxattr(), but the handler is known: listings do this for each
 * entry.
 */
static int dosattr_load(struct ditto_share *share, struct dentry *dentry,
			struct ditto_dosattr *dosattr)
{
	const struct xattr_handler *handler = share->volume->dosattr_handler;
	struct inode *inode = d_inode(dentry);
	/* Filled, or not used; most files have none. */
	struct ditto_dosattr_stored stored __uninitialized;
	const struct cred *old;
	ssize_t len;

	dosattr->valid = 0;
	if (!handler || !(inode->i_opflags & IOP_XATTR))
		return 0;
	old = server_enter(share);
	len = handler->get(handler, dentry, inode, share->volume->dosattr_name, &stored,
			   sizeof(stored));
	ditto_op_leave(old);
	if (len == -ENODATA || len == -EOPNOTSUPP)
		return 0;
	if (len < 0 && len != -ERANGE)
		return len;
	if (len < 0 || !ditto_dosattr_decode(&stored, len, dosattr))
		pr_warn_ratelimited("share %s: inode %llu has a damaged %s: taken for none\n",
				    share->name, (u64)inode->i_ino, DITTO_DOSATTR_XATTR);
	return 0;
}

static struct timespec64 older_time(struct timespec64 a, struct timespec64 b)
{
	return timespec64_compare(&a, &b) < 0 ? a : b;
}

static struct timespec64 default_btime(const struct kstat *st)
{
	if (st->result_mask & STATX_BTIME)
		return st->btime;
	return older_time(st->ctime, older_time(st->mtime, st->atime));
}

/* Flags of a file without stored flags. */
static u32 default_flags(const struct ditto_share *share, struct dentry *dentry, umode_t mode)
{
	const struct cred *old;
	bool listed;

	if (!S_ISREG(mode))
		return 0;
	if (mode & 0222)
		return DITTO_FLAG_ARCHIVE;
	/* The mode permits no one to write the file; a list may. */
	old = server_enter(share);
	listed = ditto_acl_is_stored(dentry);
	ditto_op_leave(old);
	return listed ? DITTO_FLAG_ARCHIVE : DITTO_FLAG_ARCHIVE | DITTO_FLAG_READONLY;
}

static void plain_set(const struct ditto_volume *volume, const struct inode *inode, u64 word)
{
	if (volume->plain)
		WRITE_ONCE(*ditto_plain_at(volume, inode), word);
}

/* The same as dosattr_load(), but what is known to be absent is not asked for again. */
static int dosattr_load_cached(struct ditto_share *share, struct dentry *dentry,
			       const struct kstat *st, struct ditto_dosattr *dosattr)
{
	struct ditto_volume *volume = share->volume;
	struct inode *inode = d_inode(dentry);
	struct timespec64 now;
	int err;

	if (ditto_dosattr_is_plain(volume, inode, &st->ctime)) {
		dosattr->valid = 0;
		return 0;
	}
	now = current_time(inode);
	err = dosattr_load(share, dentry, dosattr);
	/* If ctime is in the past, any later change gets a different one. */
	if (!err && !dosattr->valid && timespec64_compare(&st->ctime, &now) < 0)
		plain_set(volume, inode, ditto_plain_word(inode, &st->ctime));
	return err;
}

/**
 * ditto_dosattr_get - read the DOS attributes
 * @share: share the file was reached through
 * @dentry: positive, on the file system of @share
 * @st: attributes from vfs_getattr(), with STATX_BTIME if available
 * @dosattr: filled; FLAGS, BTIME and CHANGED are always valid, and members that @valid does not
 *	name are undefined
 *
 * Cheap for a file without stored DOS attributes: their absence is cached with the node.
 *
 * Return: 0 or an errno of the file system.
 */
int ditto_dosattr_get(struct ditto_share *share, struct dentry *dentry, const struct kstat *st,
		      struct ditto_dosattr *dosattr)
{
	int err;

	if (likely(ditto_dosattr_get_plain(share->volume, d_inode(dentry), st, dosattr)))
		return 0;
	err = dosattr_load_cached(share, dentry, st, dosattr);
	if (err)
		return err;

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
EXPORT_SYMBOL_NS_GPL(ditto_dosattr_get, "DITTO");

/* Merge the new values into the stored ones. Return: false if nothing changes. */
static bool dosattr_merge(struct ditto_dosattr *there,
			  const struct ditto_dosattr *set, u32 defaults)
{
	struct ditto_dosattr before = *there;
	u32 flags = there->valid & DITTO_DOSATTR_FLAGS ? there->flags : defaults;

	if (set->valid & DITTO_DOSATTR_FLAGS)
		there->flags = ((flags & set->keep) | (set->flags & ~set->keep)) & DITTO_FLAGS_KEPT;
	if (set->valid & DITTO_DOSATTR_BTIME)
		there->btime = set->btime;
	/* An existing object id is kept, so that two concurrent creators find the same one. */
	if (set->valid & DITTO_DOSATTR_OBJECT_ID && !(there->valid & DITTO_DOSATTR_OBJECT_ID))
		there->object_id = set->object_id;
	if (set->valid & DITTO_DOSATTR_CHANGED)
		there->changed = set->changed;
	there->valid |= set->valid & DITTO_DOSATTR_ALL;
	/* Most new files are given the default flags, which need not be stored. */
	if (!before.valid && there->valid == DITTO_DOSATTR_FLAGS &&
	    there->flags == defaults)
		return false;
	if (set->valid & DITTO_DOSATTR_CHANGED)
		return true;
	if (!memcmp(&before, there, sizeof(before)))
		return false;
	/* Any other change invalidates a stored change time. */
	there->valid &= ~DITTO_DOSATTR_CHANGED;
	return true;
}

/*
 * Store the value. A change time is stored with the ctime that the inode will have afterwards;
 * if the clock advances in between, the value is stored again.
 */
static int dosattr_store(struct ditto_op *op, struct dentry *dentry,
			 struct ditto_dosattr *dosattr)
{
	const struct cred *as = ditto_cred_privileged(op->cred, DITTO_PRIVILEGE_SERVER);
	struct mnt_idmap *idmap = ditto_idmap(op->share);
	struct inode *inode = d_inode(dentry);
	struct ditto_dosattr_stored stored;
	struct timespec64 ctime;
	const struct cred *old;
	int tries = 0, err;
	size_t len;

	if (!as)
		return -ENOMEM;
	old = ditto_act_as(as);
	do {
		dosattr->seen = current_time(inode);
		len = dosattr_encode(dosattr, &stored);
		err = __vfs_setxattr_locked(idmap, dentry, DITTO_DOSATTR_XATTR, &stored, len, 0,
					    NULL);
		ctime = inode_get_ctime(inode);
	} while (!err && dosattr->valid & DITTO_DOSATTR_CHANGED &&
		 !timespec64_equal(&ctime, &dosattr->seen) && ++tries < CHANGED_TRIES);
	ditto_op_leave(old);
	return err;
}

/**
 * ditto_dosattr_set - change DOS attributes
 * @op: the caller; the caller of this function has checked the permission
 * @node: held
 * @dosattr: members with a bit in @dosattr->valid are set
 *
 * A caller that does not set all flags names the others in @dosattr->keep: what was read before may
 * have changed.
 *
 * The lock table is checked as for a change of attributes. Any other change of the file
 * invalidates a change time that is set here, so it must be set last.
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EINVAL, -EROFS, -EOPNOTSUPP (the file system has no extended attributes), -EJUKEBOX
 * and others.
 */
int ditto_dosattr_set(struct ditto_op *op, struct ditto_node *node,
		      const struct ditto_dosattr *dosattr)
{
	struct vfsmount *mnt = op->share->root.mnt;
	struct inode *inode = node->inode;
	struct ditto_dosattr there = { };
	struct dentry *dentry;
	int err, changing;

	if ((dosattr->valid & DITTO_DOSATTR_BTIME && !is_time(&dosattr->btime)) ||
	    (dosattr->valid & DITTO_DOSATTR_CHANGED && !is_time(&dosattr->changed)))
		return -EINVAL;
	err = op->writable ? mnt_want_write(mnt) : -EROFS;
	if (err)
		return err;
	err = ditto_lock_check(op, node, DITTO_INTENT_SETATTR);
	changing = err ?: ditto_worm_change_begin(op, node, DITTO_INTENT_SETATTR);
	err = min(changing, 0);
	if (err)
		goto drop;

	dentry = ditto_node_dentry(node);
	inode_lock(inode);
	err = dosattr_load(op->share, dentry, &there);
	if (err)
		goto unlock;
	if (!dosattr_merge(&there, dosattr, default_flags(op->share, dentry, inode->i_mode)))
		goto unlock;
	err = dosattr_store(op, dentry, &there);
	plain_set(op->share->volume, inode, 0);
unlock:
	inode_unlock(inode);
	ditto_worm_change_end(op, node, changing);
	err = ditto_no_wait(err);
	ditto_lock_recheck(op, node, DITTO_INTENT_SETATTR);
	if (!err) {
		ditto_child_changed(op, node,
				    (dosattr->valid & DITTO_DOSATTR_FLAGS ?
				     DITTO_CHANGED_ATTRIBUTES : 0) |
				    (dosattr->valid & DITTO_DOSATTR_BTIME ?
				     DITTO_CHANGED_BTIME : 0) |
				    (dosattr->valid & DITTO_DOSATTR_CHANGED ?
				     DITTO_CHANGED_CTIME : 0));
		err = ditto_op_commit(op, dentry, false);
	}
	dput(dentry);
drop:
	mnt_drop_write(mnt);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_dosattr_set, "DITTO");
