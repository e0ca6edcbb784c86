// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creation of files, directories, symbolic links and device nodes.
 *
 * The VFS applies the umask of the calling thread to the mode of a new file, unless a default ACL
 * exists. Clients have applied their umask already. Protocol threads therefore have a struct
 * fs_struct of their own (unshare_fs_struct()) with an umask of 0.
 */

#include <kunit/visibility.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/unaligned.h>

#include "../acl/acl_file.h"
#include "../name/casefold_index.h"
#include "../name/name_private.h"
#include "../node/node.h"
#include "dir_change_private.h"
#include "lock_check_private.h"
#include "op_private.h"

/**
 * struct ditto_create_args - file to be created
 * @type: S_IFMT bits
 * @how: treatment of an existing name
 * @verf: verifier for DITTO_CREATE_EXCLUSIVE
 * @rdev: device number
 * @target: contents of a symbolic link
 * @set: attributes
 */
struct ditto_create_args {
	umode_t type;
	enum ditto_create_how how;
	const u8 *verf;
	dev_t rdev;
	const char *target;
	const struct ditto_setattr *set;
};

/*
 * RFC 1813 section 3.3.8: the server stores the verifier with the file, for example in its times.
 * The seconds hold 31 bits of each half, which fits into file systems with 32-bit times; the top
 * bit is stored as a nanosecond.
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
EXPORT_SYMBOL_IF_KUNIT(ditto_verifier_to_times);

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

typedef int (*ditto_create_fn)(const struct ditto_create_args *m, struct mnt_idmap *idmap,
			       struct inode *dir, struct dentry *child, umode_t mode);

static int create_file(const struct ditto_create_args *m, struct mnt_idmap *idmap,
		       struct inode *dir, struct dentry *child, umode_t mode)
{
	return vfs_create(idmap, dir, child, S_IFREG | mode, true);
}

static int create_dir(const struct ditto_create_args *m, struct mnt_idmap *idmap,
		      struct inode *dir, struct dentry *child, umode_t mode)
{
	return vfs_mkdir(idmap, dir, child, mode);
}

static int create_symlink(const struct ditto_create_args *m, struct mnt_idmap *idmap,
			  struct inode *dir, struct dentry *child, umode_t mode)
{
	return vfs_symlink(idmap, dir, child, m->target);
}

static int create_node(const struct ditto_create_args *m, struct mnt_idmap *idmap,
		       struct inode *dir, struct dentry *child, umode_t mode)
{
	return vfs_mknod(idmap, dir, child, m->type | mode, m->rdev);
}

#define DITTO_TYPE(type)	((type) >> 12)

static const ditto_create_fn creators[DITTO_TYPE(S_IFMT) + 1] = {
	[DITTO_TYPE(S_IFREG)] = create_file,
	[DITTO_TYPE(S_IFDIR)] = create_dir,
	[DITTO_TYPE(S_IFLNK)] = create_symlink,
	[DITTO_TYPE(S_IFCHR)] = create_node,
	[DITTO_TYPE(S_IFBLK)] = create_node,
	[DITTO_TYPE(S_IFIFO)] = create_node,
	[DITTO_TYPE(S_IFSOCK)] = create_node,
};

static bool is_node(umode_t type)
{
	return creators[DITTO_TYPE(type & S_IFMT)] == create_node;
}

static int check_type(const struct ditto_create_args *m)
{
	return creators[DITTO_TYPE(m->type)] ? 0 : -EBADTYPE;
}

/*
 * Create with the credential that list or mode permit. @mode gives no access that a list would
 * deny.
 */
static int create_checked(struct ditto_dir_change *c,
			  const struct ditto_create_args *m, umode_t mode)
{
	u32 need = S_ISDIR(m->type) ? DITTO_RIGHT_APPEND_DATA : DITTO_RIGHT_WRITE_DATA;
	const struct cred *as, *old;
	int err = ditto_act_on(c->op, c->dir, need | DITTO_RIGHT_EXECUTE, &as);

	if (err)
		return err;
	old = ditto_act(as);
	err = creators[DITTO_TYPE(m->type)](m, ditto_idmap(c->op->share), c->dir->inode, c->child,
					    mode);
	ditto_op_leave(old);
	return err;
}

/* Remove what was just created, regardless of permissions. */
static void create_undo(struct ditto_dir_change *c)
{
	const struct cred *old = ditto_act(c->op->srv->nodes->cred);
	struct mnt_idmap *idmap = ditto_idmap(c->op->share);

	if (d_is_dir(c->child))
		vfs_rmdir(idmap, c->dir->inode, c->child);
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
EXPORT_SYMBOL_NS_GPL(ditto_acl_is_inherited, DITTO);

/*
 * A list that the client sent has precedence over an inherited one. A mode that the client sent
 * adapts an inherited list, replaces it, or leaves it whole. Return: true if the file will have a
 * list.
 */
static bool settle_list(struct ditto_setattr *set, const struct ditto_acl *inherited,
			enum ditto_chmod how)
{
	bool moded = (set->valid & (DITTO_SET_MODE | DITTO_SET_MODE_SPARE)) == DITTO_SET_MODE;

	if (!(set->valid & DITTO_SET_ACL)) {
		set->acl = inherited;
		if (moded && how == DITTO_CHMOD_DISCARD)
			set->acl = NULL;
		else if (moded && how != DITTO_CHMOD_GROUPMASK)
			set->valid |= DITTO_SET_MODE_SPARE;
	}
	set->valid &= ~DITTO_SET_ACL;
	if (set->acl)
		set->valid |= DITTO_SET_ACL;
	else
		set->valid &= ~DITTO_SET_MODE_SPARE;
	return set->acl;
}

static umode_t first_mode(const struct ditto_create_args *m, const struct ditto_setattr *set,
			  bool listed)
{
	/* Permit no access before the list is stored. */
	if (listed)
		return 0;
	if (set->valid & DITTO_SET_MODE)
		return set->mode & S_IALLUGO;
	/* Without a mode, the file stays private to the owner until one is set. */
	return S_ISDIR(m->type) ? 0700 : 0600;
}

/* Create a file; the name is free. @acl is the inherited list, or NULL. */
static int create_new(struct ditto_dir_change *c, const struct ditto_create_args *m,
		      const struct ditto_name *name, const struct ditto_acl *acl, bool *fresh)
{
	struct ditto_setattr set = *m->set;
	bool listed;
	int err;

	listed = settle_list(&set, acl, ditto_share_acl_mode(c->op->share));
	err = create_checked(c, m, first_mode(m, &set, listed));
	if (err)
		return err;

	/* Some file systems create the inode but need a lookup to instantiate it. */
	if (d_really_is_negative(c->child) || d_unhashed(c->child)) {
		err = ditto_dir_change_lookup(c, name);
		if (err)
			return err;
		if (d_really_is_negative(c->child))
			return -ENOENT;
	}

	if (m->how == DITTO_CREATE_EXCLUSIVE) {
		ditto_verifier_to_times(m->verf, &set.atime, &set.mtime);
		set.valid |= DITTO_SET_ATIME | DITTO_SET_MTIME;
	}
	err = ditto_setattr_new(c->op, c->child, &set);
	/* Without its list, no one could access the file. */
	if (err && listed) {
		create_undo(c);
		*fresh = false;
	}
	return err;
}

/* Check whether the existing file satisfies the request. */
static int accept_old(struct ditto_dir_change *c, const struct ditto_create_args *m)
{
	struct inode *inode = d_inode(c->child);

	if (!S_ISREG(m->type) || !S_ISREG(inode->i_mode) || m->how == DITTO_CREATE_GUARDED)
		return -EEXIST;
	if (m->how == DITTO_CREATE_EXCLUSIVE && !ditto_has_verifier(inode, m->verf))
		return -EEXIST;
	return 0;
}

/* RFC 1813 section 3.3.8: of the attributes, only the size applies to an existing file. */
static noinline_for_stack int resize_old(struct ditto_dir_change *c,
					 const struct ditto_create_args *m,
					 struct ditto_node *node)
{
	struct ditto_setattr size = {
		.valid = m->set->valid & DITTO_SET_SIZE,
		.size = m->set->size,
	};
	struct ditto_wcc wcc;

	if (m->how != DITTO_CREATE_UNCHECKED || !size.valid)
		return 0;
	return ditto_setattr_dentry(c->op, node, c->child, &size, &wcc);
}

static int commit_new(struct ditto_dir_change *c)
{
	return ditto_op_commit(c->op, c->child, true) ?:
	       ditto_op_commit(c->op, c->parent, false);
}

static int create_locked(struct ditto_dir_change *c, const struct ditto_create_args *m,
			 const struct ditto_name *name, bool *fresh)
{
	struct ditto_acl *acl;
	int err;

	if (d_is_positive(c->child))
		return accept_old(c, m);
	if (c->op->casefold && ditto_casefold_is_taken(c->dir, c->wcc, name, NULL))
		return -EEXIST;
	err = ditto_setattr_check_new(c->op->share, m->type, m->set) ?:
	      ditto_lock_check(c->op, c->dir, DITTO_INTENT_ENTRY);
	if (err)
		return err;
	acl = create_inherit(c->op, c->dir, m->type);
	if (IS_ERR(acl))
		return PTR_ERR(acl);
	*fresh = true;
	err = create_new(c, m, name, acl, fresh);
	if (acl)
		ditto_acl_put(acl);
	return err;
}

/* No lock is held any more. @node is the file that has the name now. */
static int create_unlocked(struct ditto_dir_change *c, const struct ditto_create_args *m,
			   struct ditto_node *node, bool fresh)
{
	int err = fresh ? 0 : resize_old(c, m, node);

	/* An existing file may have been created by an earlier transmission of this request. */
	return err ?: commit_new(c);
}

static int create_entry(struct ditto_op *op, struct ditto_node *dir,
			const struct ditto_name *name,
			const struct ditto_create_args *m,
			struct ditto_node **out, struct ditto_wcc *wcc)
{
	struct ditto_dir_change c;
	struct ditto_node *node;
	bool fresh = false;
	int err;

	err = ditto_dir_change_init(&c, op, dir, wcc) ?:
	      ditto_name_plain(name, -EEXIST, -EEXIST) ?:
	      check_type(m) ?:
	      ditto_dir_change_begin(&c, name) ?:
	      create_locked(&c, m, name, &fresh);
	/* The creation may have failed after the name was added. */
	if (fresh && d_is_positive(c.child))
		c.added = name;
	ditto_dir_change_unlock(&c);
	if (c.added)
		ditto_dir_change_tell(&c, DITTO_ENTRY_ADDED, name, NULL);
	if (!err) {
		node = ditto_node_get(op->share, c.child);
		err = PTR_ERR_OR_ZERO(node);
	}
	if (!err) {
		err = create_unlocked(&c, m, node, fresh);
		if (err)
			ditto_node_put(node);
	}
	ditto_dir_change_end(&c);
	if (!err)
		*out = node;
	return err;
}

int ditto_create(struct ditto_op *op, struct ditto_node *dir,
		 const struct ditto_name *name, enum ditto_create_how how,
		 const struct ditto_setattr *set, const u8 *verf,
		 struct ditto_node **out, struct ditto_wcc *wcc)
{
	const struct ditto_create_args m = {
		.type = S_IFREG,
		.how = how,
		.verf = verf,
		.set = set,
	};

	return create_entry(op, dir, name, &m, out, wcc);
}
EXPORT_SYMBOL_NS_GPL(ditto_create, DITTO);

int ditto_mkdir(struct ditto_op *op, struct ditto_node *dir,
		const struct ditto_name *name, const struct ditto_setattr *set,
		struct ditto_node **out, struct ditto_wcc *wcc)
{
	const struct ditto_create_args m = {
		.type = S_IFDIR,
		.how = DITTO_CREATE_GUARDED,
		.set = set,
	};

	return create_entry(op, dir, name, &m, out, wcc);
}
EXPORT_SYMBOL_NS_GPL(ditto_mkdir, DITTO);

int ditto_symlink(struct ditto_op *op, struct ditto_node *dir,
		  const struct ditto_name *name, const char *target,
		  const struct ditto_setattr *set,
		  struct ditto_node **out, struct ditto_wcc *wcc)
{
	const struct ditto_create_args m = {
		.type = S_IFLNK,
		.how = DITTO_CREATE_GUARDED,
		.target = target,
		.set = set,
	};

	return create_entry(op, dir, name, &m, out, wcc);
}
EXPORT_SYMBOL_NS_GPL(ditto_symlink, DITTO);

int ditto_mknod(struct ditto_op *op, struct ditto_node *dir,
		const struct ditto_name *name, umode_t type, dev_t rdev,
		const struct ditto_setattr *set,
		struct ditto_node **out, struct ditto_wcc *wcc)
{
	const struct ditto_create_args m = {
		.type = is_node(type) ? type & S_IFMT : 0,
		.how = DITTO_CREATE_GUARDED,
		.rdev = S_ISCHR(type) || S_ISBLK(type) ? rdev : 0,
		.set = set,
	};

	return create_entry(op, dir, name, &m, out, wcc);
}
EXPORT_SYMBOL_NS_GPL(ditto_mknod, DITTO);
