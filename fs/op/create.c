// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creation of files, directories, symbolic links and device nodes.
 *
 * The VFS applies the umask of the calling thread to the mode of a new file, unless a default ACL
 * exists. Clients have applied their umask already. Protocol threads therefore have a struct
 * fs_struct of their own (unshare_fs_struct()) with an umask of 0.
 */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/unaligned.h>

#include "../node/node.h"
#include "../offload/offload.h"
#include "casefold_index.h"
#include "check/acl_file.h"
#include "check/audit.h"
#include "check/lock_check_private.h"
#include "dir_change_private.h"
#include "name_private.h"
#include "op_private.h"

/*
 * Convert a verifier of 8 bytes to the times that store it (RFC 1813 section 3.3.8).
 *
 * RFC 1813 section 3.3.8: the server stores the verifier with the file, for example in its times.
 * The seconds hold 31 bits of each half, which fits into file systems with 32-bit times; the top
 * bit is stored as a nanosecond.
 *
 * Context: any.
 */
void ditto_verifier_to_times(const u8 *verf, struct timespec64 *atime,
			     struct timespec64 *mtime)
{
	u32 high = get_unaligned_be32(verf);
	u32 low = get_unaligned_be32(verf + 4);

	atime->tv_sec = high & S32_MAX;
	atime->tv_nsec = high >> 31;
	mtime->tv_sec = low & S32_MAX;
	mtime->tv_nsec = low >> 31;
}

/*
 * Tell whether a file was created with a verifier and has not changed since. Context: any. Return:
 * true if its times match the verifier and it is empty.
 */
bool ditto_has_verifier(struct inode *inode, const u8 *verf)
{
	struct timespec64 atime, mtime, is;

	/* A file with data was changed since it was created. */
	if (i_size_read(inode))
		return false;
	ditto_verifier_to_times(verf, &atime, &mtime);
	/* A file system with coarse times has stored only a part of it. */
	atime = timestamp_truncate(atime, inode);
	mtime = timestamp_truncate(mtime, inode);
	is = inode_get_atime(inode);
	if (!timespec64_equal(&is, &atime))
		return false;
	is = inode_get_mtime(inode);
	return timespec64_equal(&is, &mtime);
}

static bool create_knows(umode_t type)
{
	return S_ISREG(type) || S_ISDIR(type) || S_ISLNK(type) || S_ISCHR(type) ||
	       S_ISBLK(type) || S_ISFIFO(type) || S_ISSOCK(type);
}

/* Remove what was just created, regardless of permissions. */
static void create_undo(struct ditto_dir_change *c)
{
	const struct cred *old = ditto_act_as(c->op->srv->nodes->cred);
	struct mnt_idmap *idmap = ditto_idmap(c->op->share);

	if (d_is_dir(c->child))
		vfs_rmdir(idmap, c->dir->inode, c->child, NULL);
	else
		vfs_unlink(idmap, c->dir->inode, c->child, NULL);
	ditto_op_leave(old);
}

/* Get the list that a new file inherits from its directory; NULL for none. */
static struct ditto_acl *create_inherit(const struct ditto_op *op,
					struct ditto_node *dir, umode_t type)
{
	struct ditto_acl *acl, *own;

	if (S_ISLNK(type))
		return NULL;
	acl = ditto_acl_in_force(op->share, dir);
	if (IS_ERR_OR_NULL(acl))
		return acl;
	own = ditto_acl_inherit(acl, S_ISDIR(type));
	ditto_acl_put(acl);
	return own;
}

/**
 * ditto_acl_is_inherited - tell whether a new file in a directory inherits a list although the
 * client sends a mode
 * @op: the caller
 * @dir: the directory, held
 * @is_dir: the new file is a directory
 *
 * Return: 1, 0 or a negative errno.
 */
int ditto_acl_is_inherited(struct ditto_op *op, struct ditto_node *dir, bool is_dir)
{
	struct ditto_acl *acl;

	/* The mode replaces the list. */
	if (ditto_share_acl_mode(op->share) == DITTO_CHMOD_DISCARD)
		return 0;
	acl = create_inherit(op, dir, is_dir ? S_IFDIR : S_IFREG);
	if (IS_ERR_OR_NULL(acl))
		return PTR_ERR_OR_ZERO(acl);
	ditto_acl_put(acl);
	return 1;
}
EXPORT_SYMBOL_NS_GPL(ditto_acl_is_inherited, "DITTO");

/*
 * A list that the client sent has precedence over an inherited one. A mode that the client sent
 * adapts an inherited list, replaces it, or leaves it whole. Return: true if the file will have a
 * list.
 */
static bool create_settle_list(struct ditto_setattr *set, const struct ditto_acl *inherited,
			       enum ditto_chmod how)
{
	bool moded = (set->valid & (DITTO_SET_MODE | DITTO_SET_MODE_IF_NO_ACL)) == DITTO_SET_MODE;

	if (!(set->valid & DITTO_SET_ACL)) {
		set->acl = inherited;
		if (moded && how == DITTO_CHMOD_DISCARD)
			set->acl = NULL;
		else if (moded && how != DITTO_CHMOD_GROUPMASK)
			set->valid |= DITTO_SET_MODE_IF_NO_ACL;
	}
	set->valid &= ~DITTO_SET_ACL;
	if (set->acl)
		set->valid |= DITTO_SET_ACL;
	else
		set->valid &= ~DITTO_SET_MODE_IF_NO_ACL;
	return set->acl;
}

/* Check whether the existing file satisfies the request. */
static int create_accept(const struct ditto_dir_change *c, const struct ditto_create_args *args)
{
	struct inode *inode = d_inode(c->child);

	if (!S_ISREG(args->type) || !S_ISREG(inode->i_mode) || args->how == DITTO_CREATE_GUARDED)
		return -EEXIST;
	if (args->how == DITTO_CREATE_EXCLUSIVE && !ditto_has_verifier(inode, args->verf))
		return -EEXIST;
	return 0;
}

/*
 * The name is free: check whether it may be added, and decide what the new file gets. @as is the
 * credential that list or mode of the directory permit, @inherited has a reference that the caller
 * drops. Return: 1 if the file will have a list, 0 if not, or an errno.
 */
static int create_prepare(struct ditto_dir_change *c, const struct ditto_name *name,
			  const struct ditto_create_args *args, struct ditto_setattr *set,
			  struct ditto_acl **inherited, const struct cred **as)
{
	u32 need = S_ISDIR(args->type) ? DITTO_RIGHT_APPEND_DATA : DITTO_RIGHT_WRITE_DATA;
	struct ditto_acl *acl;
	bool listed;
	int err;

	err = ditto_dir_change_check_name(c, name, NULL) ?:
	      ditto_setattr_check_new(c->op->share, args->type, args->set) ?:
	      ditto_act_on_early(c->op, c->dir, need | DITTO_RIGHT_EXECUTE,
				 ditto_has_grants(c->dir) ? MAY_WRITE | MAY_EXEC : 0, as) ?:
	      ditto_lock_check(c->op, c->dir, DITTO_INTENT_ENTRY);
	if (err)
		return err;
	acl = create_inherit(c->op, c->dir, args->type);
	if (IS_ERR(acl))
		return PTR_ERR(acl);
	*inherited = acl;
	*set = *args->set;
	listed = create_settle_list(set, acl, ditto_share_acl_mode(c->op->share));
	if (args->how == DITTO_CREATE_EXCLUSIVE) {
		ditto_verifier_to_times(args->verf, &set->atime, &set->mtime);
		set->valid |= DITTO_SET_ATIME | DITTO_SET_MTIME;
	}
	return listed;
}

/* The mode gives no access that a list would deny. */
static umode_t create_mode(umode_t type, const struct ditto_setattr *set, bool listed)
{
	/* Permit no access before the list is stored. */
	if (listed)
		return 0;
	if (set->valid & DITTO_SET_MODE)
		return set->mode & S_IALLUGO;
	/* Without a mode, the file stays private to the owner until one is set. */
	return S_ISDIR(type) ? 0700 : 0600;
}

/* RFC 1813 section 3.3.8: of the attributes, only the size applies to an existing file. */
static noinline_for_stack int create_resize(const struct ditto_dir_change *c,
					    const struct ditto_create_args *args,
					    struct ditto_node *node)
{
	struct ditto_setattr size = {
		.valid = args->set->valid & DITTO_SET_SIZE,
		.size = args->set->size,
	};
	struct ditto_wcc wcc;

	if (args->how != DITTO_CREATE_UNCHECKED || !size.valid)
		return 0;
	return ditto_setattr_dentry(c->op, node, c->child, &size, &wcc);
}

/* Look up the name and create the file if it is free, which sets @fresh. */
static int create_locked(struct ditto_dir_change *c, const struct ditto_name *name,
			 const struct ditto_create_args *args, bool *fresh)
{
	struct mnt_idmap *idmap = ditto_idmap(c->op->share);
	struct inode *dir = c->dir->inode;
	struct ditto_acl *inherited = NULL;
	struct ditto_setattr set;
	const struct cred *as, *old;
	int err, listed, audited;
	umode_t mode;

	err = ditto_dir_change_begin(c, name);
	if (err)
		return err;
	if (d_is_positive(c->child))
		return create_accept(c, args);
	listed = create_prepare(c, name, args, &set, &inherited, &as);
	if (listed < 0)
		return listed;

	*fresh = true;
	mode = create_mode(args->type, &set, listed);
	old = ditto_act_as(as);
	if (S_ISREG(args->type))
		err = vfs_create(idmap, c->child, S_IFREG | mode, NULL);
	else if (S_ISDIR(args->type))
		err = ditto_mkdir(idmap, dir, &c->child, mode);
	else if (S_ISLNK(args->type))
		err = vfs_symlink(idmap, dir, c->child, args->target, NULL);
	else
		err = vfs_mknod(idmap, dir, c->child, args->type | mode, args->rdev, NULL);
	ditto_op_leave(old);
	err = ditto_no_wait(err);
	if (err) {
		/* Another process may have made what is there now: see ditto_mkdir(). */
		if (S_ISDIR(args->type))
			*fresh = false;
		goto put;
	}
	/* Some file systems create the inode but need a lookup to instantiate it. */
	if (d_really_is_negative(c->child) || d_unhashed(c->child)) {
		err = ditto_dir_change_lookup(c, name);
		if (!err && d_really_is_negative(c->child))
			err = -ENOENT;
		if (err)
			goto put;
	}
	audited = ditto_inherit_audit_list(c->op, c->dir, c->child);
	err = audited ?: ditto_setattr_new(c->op, c->child, &set);
	/* Without its list, no one could access the file, or nothing would be recorded. */
	if (err && (listed || audited)) {
		create_undo(c);
		*fresh = false;
	}
put:
	ditto_acl_put(inherited);
	return err;
}

/**
 * ditto_create_entry - create a file of any type
 * @op: the caller
 * @dir: held
 * @name: new name
 * @args: the file
 * @out: filled with the node, to be put
 * @created: set if this call created the file, cleared if it existed; may be NULL
 * @wcc: attributes of @dir; filled on success and failure
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EEXIST, -ENOENT, -EACCES, -EROFS, -EBADTYPE, -ENOSPC, -EDQUOT and others of the file
 * system.
 */
int ditto_create_entry(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
		       const struct ditto_create_args *args, struct ditto_node **out,
		       bool *created, struct ditto_wcc *wcc)
{
	struct ditto_node *node = NULL;
	struct ditto_dir_change c;
	bool fresh = false;
	int tries = 0, err;

again:
	err = ditto_dir_change_init(&c, op, dir, wcc) ?: ditto_name_plain(name, -EEXIST, -EEXIST);
	c.tries = tries++;
	if (!err && !create_knows(args->type))
		err = -EBADTYPE;
	if (!err)
		err = create_locked(&c, name, args, &fresh);
	/* The creation may have failed after the name was added. */
	if (fresh && d_is_positive(c.child))
		c.added = name;
	ditto_dir_change_unlock(&c);
	if (err == -EACCES || err == -EROFS)
		ditto_audit(op, dir, DITTO_AUDIT_OPEN, S_ISDIR(args->type) ?
			    DITTO_RIGHT_APPEND_DATA : DITTO_RIGHT_WRITE_DATA, false);
	if (c.added)
		ditto_lock_recheck(op, dir, DITTO_INTENT_ENTRY);
	else
		err = ditto_offload_find_room(op, dir, 0, err);
	if (err)
		goto out;

	node = ditto_node_get(op->share, c.child);
	if (IS_ERR(node)) {
		err = PTR_ERR(node);
		goto out;
	}
	if (!fresh)
		err = create_resize(&c, args, node);
	/* An existing file may have been created by an earlier transmission of this request. */
	err = err ?: ditto_op_commit(op, c.child, true) ?: ditto_op_commit(op, c.parent, false);
	if (err) {
		ditto_node_put(node);
		goto out;
	}
	*out = node;
	if (created)
		*created = fresh;
out:
	ditto_dir_change_end(&c);
	if (c.unsure) {
		err = ditto_casefold_search(op->share, dir, name, NULL);
		if (!err)
			goto again;
	}
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_create_entry, "DITTO");
