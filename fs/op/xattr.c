// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes of clients, see xattr.h.
 *
 * Names are case-sensitive, as for local processes. Names that begin with "ditto." are reserved
 * for the server and hidden from clients; other namespaces cannot be named at all.
 *
 * If access was granted at open, the operation runs with added privileges, because the mode may
 * have changed since. Otherwise it runs with the caller's permissions by list or mode. Quotas
 * apply in both cases.
 */

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/string.h>
#include <linux/xattr.h>

#include "../../net/server.h"
#include "../node/node_private.h"
#include "check/acl_file.h"
#include "check/lock_check_private.h"
#include "dosattr_private.h"
#include "op_private.h"
#include "xattr.h"

#define OURS	"ditto."

/* A name with its prefix, as the VFS uses it. */
struct full_name {
	char text[XATTR_NAME_MAX + 1];
};

static bool is_ours(const char *name, size_t len)
{
	return len >= strlen(OURS) && !memcmp(name, OURS, strlen(OURS));
}

static int fill_name(struct full_name *full, const struct ditto_name *name)
{
	if (!name->len || memchr(name->name, '\0', name->len))
		return -EILSEQ;
	if (name->len > XATTR_NAME_MAX - XATTR_USER_PREFIX_LEN)
		return -ENAMETOOLONG;
	memcpy(full->text, XATTR_USER_PREFIX, XATTR_USER_PREFIX_LEN);
	memcpy(full->text + XATTR_USER_PREFIX_LEN, name->name, name->len);
	full->text[XATTR_USER_PREFIX_LEN + name->len] = '\0';
	return 0;
}

/**
 * ditto_xattr_is_supported - check whether files of a share can have extended attributes
 * @share: held
 *
 * Regular files and directories can, if the file system stores them for users.
 *
 * Context: any.
 * Return: true if they can.
 */
bool ditto_xattr_is_supported(const struct ditto_share *share)
{
	const struct inode *root = d_inode(share->root.dentry);
	const struct xattr_handler *const *handler = root->i_sb->s_xattr;

	if (!(root->i_opflags & IOP_XATTR))
		return false;
	/* The prefix of a handler for all names, as overlayfs has one, is empty. */
	for (; handler && *handler; handler++)
		if (strstarts(XATTR_USER_PREFIX, xattr_prefix(*handler)))
			return true;
	return false;
}
EXPORT_SYMBOL_NS_GPL(ditto_xattr_is_supported, "DITTO");

/*
 * Enter with added privileges if access was granted at open, otherwise as the caller, whose mode
 * @mask is checked here if it is not 0. Ended by ditto_op_leave().
 */
static int xattr_enter(const struct ditto_op *op, struct ditto_node *node, u32 right, int mask,
		       const struct cred **old)
{
	const struct cred *as;
	int err = 0;

	if (op->held & right)
		as = ditto_cred_privileged(op->cred, DITTO_PRIVILEGE_OWNER);
	else
		err = ditto_act_on(op, node, right, &as);
	if (err)
		return err;
	if (!as)
		return -ENOMEM;
	*old = ditto_act_as(as);
	if (mask && as == op->cred->cred)
		err = inode_permission(ditto_idmap(op->share), node->inode, mask);
	if (err)
		ditto_op_leave(*old);
	return err;
}

/**
 * ditto_xattr_get - read an extended attribute
 * @op: the caller
 * @node: held
 * @name: name without prefix
 * @value: filled
 * @size: size of @value; 0 queries the length
 *
 * Return: length of the value, -ENODATA, -ERANGE (@value is too small), -EOPNOTSUPP, -EACCES and
 * others.
 */
ssize_t ditto_xattr_get(struct ditto_op *op, struct ditto_node *node,
			const struct ditto_name *name, void *value, size_t size)
{
	const struct cred *old;
	struct full_name full;
	struct dentry *dentry;
	ssize_t ret;

	ret = fill_name(&full, name);
	if (ret)
		return ret;
	if (is_ours(name->name, name->len))
		return -ENODATA;
	dentry = ditto_node_dentry(node);
	ret = xattr_enter(op, node, DITTO_RIGHT_READ_XATTRS, 0, &old);
	if (!ret) {
		ret = vfs_getxattr(ditto_idmap(op->share), dentry, full.text, value, size);
		ditto_op_leave(old);
	}
	dput(dentry);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(ditto_xattr_get, "DITTO");

/**
 * struct xattr_change - change of an extended attribute
 * @name: full name
 * @value: new value; NULL removes the attribute
 * @size: size of @value
 * @flags: XATTR_CREATE, XATTR_REPLACE or 0
 */
struct xattr_change {
	struct full_name name;
	const void *value;
	size_t size;
	int flags;
};

static int change_xattr(struct ditto_op *op, struct ditto_node *node,
			const struct xattr_change *change, struct ditto_wcc *wcc)
{
	struct mnt_idmap *idmap = ditto_idmap(op->share);
	struct vfsmount *mnt = op->share->root.mnt;
	const struct cred *old;
	struct dentry *dentry;
	int err, changing;

	err = op->writable ? mnt_want_write(mnt) : -EROFS;
	if (err)
		return err;
	err = xattr_enter(op, node, DITTO_RIGHT_WRITE_XATTRS,
			  ditto_has_grants(node) ? MAY_WRITE : 0, &old);
	if (err)
		goto drop;
	err = ditto_lock_check(op, node, DITTO_INTENT_SETATTR);
	changing = err ?: ditto_worm_change_begin(op, node, DITTO_INTENT_SETATTR);
	err = min(changing, 0);
	if (err) {
		ditto_op_leave(old);
		goto drop;
	}
	dentry = ditto_node_dentry(node);
	inode_lock(d_inode(dentry));
	if (wcc) {
		ditto_wcc_init(op, wcc);
		ditto_wcc_pre(op->share, dentry, wcc);
	}
	if (change->value)
		err = __vfs_setxattr_locked(idmap, dentry, change->name.text, change->value,
					    change->size, change->flags, NULL);
	else
		err = __vfs_removexattr_locked(idmap, dentry, change->name.text, NULL);
	if (wcc)
		ditto_wcc_post(op->share, dentry, wcc);
	inode_unlock(d_inode(dentry));
	ditto_op_leave(old);
	ditto_worm_change_end(op, node, changing);
	err = ditto_no_wait(err);
	ditto_lock_recheck(op, node, DITTO_INTENT_SETATTR);
	if (!err) {
		ditto_child_changed(op, node, DITTO_CHANGED_XATTR);
		err = ditto_op_commit(op, dentry, false);
	}
	dput(dentry);
drop:
	mnt_drop_write(mnt);
	return err;
}

/**
 * ditto_xattr_set - set an extended attribute
 * @op: the caller
 * @node: held
 * @name: name without prefix
 * @value: the value
 * @size: size of @value in bytes, DITTO_XATTR_VALUE_MAX at most
 * @how: treatment of an existing attribute
 * @wcc: filled on success, with attributes read atomically with the change; may be NULL
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EEXIST, -ENODATA, -E2BIG, -EPERM (reserved name), -EACCES, -EROFS, -EJUKEBOX and
 * others.
 */
int ditto_xattr_set(struct ditto_op *op, struct ditto_node *node, const struct ditto_name *name,
		    const void *value, size_t size, enum ditto_xattr_how how,
		    struct ditto_wcc *wcc)
{
	static const int flags[] = {
		[DITTO_XATTR_EITHER] = 0,
		[DITTO_XATTR_CREATE] = XATTR_CREATE,
		[DITTO_XATTR_REPLACE] = XATTR_REPLACE,
	};
	struct xattr_change change = {
		/* NULL means removal, so an empty value needs a pointer. */
		.value = size ? value : "",
		.size = size,
		.flags = flags[how],
	};
	int err;

	err = fill_name(&change.name, name);
	if (err)
		return err;
	if (is_ours(name->name, name->len))
		return -EPERM;
	if (size > DITTO_XATTR_VALUE_MAX)
		return -E2BIG;
	return change_xattr(op, node, &change, wcc);
}
EXPORT_SYMBOL_NS_GPL(ditto_xattr_set, "DITTO");

/**
 * ditto_xattr_remove - remove an extended attribute
 * @op: the caller
 * @node: held
 * @name: name without prefix
 * @wcc: as for ditto_xattr_set()
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENODATA, -EACCES, -EROFS, -EJUKEBOX and others.
 */
int ditto_xattr_remove(struct ditto_op *op, struct ditto_node *node,
		       const struct ditto_name *name, struct ditto_wcc *wcc)
{
	struct xattr_change change = {};
	int err;

	err = fill_name(&change.name, name);
	if (err)
		return err;
	if (is_ours(name->name, name->len))
		return -ENODATA;
	return change_xattr(op, node, &change, wcc);
}
EXPORT_SYMBOL_NS_GPL(ditto_xattr_remove, "DITTO");

/**
 * ditto_xattr_is_bare - tell whether a file is known to have no extended attributes of users
 * @share: share the node was reached through
 * @node: held
 *
 * Context: any.
 * Return: true if ditto_xattr_list() found none, and the file was not changed since.
 */
bool ditto_xattr_is_bare(const struct ditto_share *share, const struct ditto_node *node)
{
	const struct ditto_volume *volume = share->volume;
	struct timespec64 ctime = inode_get_ctime(node->inode);

	return volume->xattrs_move_ctime && READ_ONCE(*ditto_plain_at(volume, node->inode)) ==
				(ditto_plain_word(node->inode, &ctime) | DITTO_PLAIN_BARE);
}
EXPORT_SYMBOL_NS_GPL(ditto_xattr_is_bare, "DITTO");

/*
 * Remember that there was nothing to list. @ctime was read before. The word is only there if that
 * was in the past already, so that any later change gets a different one.
 */
static void xattr_was_bare(const struct ditto_share *share, const struct ditto_node *node,
			   const struct timespec64 *ctime)
{
	const struct ditto_volume *volume = share->volume;
	u64 word = ditto_plain_word(node->inode, ctime);

	if (volume->xattrs_move_ctime)
		cmpxchg64(ditto_plain_at(volume, node->inode), word, word | DITTO_PLAIN_BARE);
}

/* Tells the names of users' attributes. @none: cleared if there is one. */
static int tell_names(const char *names, size_t len, bool *none,
		      int (*fn)(void *arg, const struct ditto_name *name), void *arg)
{
	const char *end = names + len;
	size_t size;
	int ret = 0;

	for (; !ret && names < end; names += size) {
		struct ditto_name name;

		size = strnlen(names, end - names) + 1;
		if (!strstarts(names, XATTR_USER_PREFIX))
			continue;
		name.name = names + XATTR_USER_PREFIX_LEN;
		name.len = size - 1 - XATTR_USER_PREFIX_LEN;
		if (!name.len || is_ours(name.name, name.len))
			continue;
		*none = false;
		ret = fn(arg, &name);
	}
	return ret;
}

/**
 * ditto_xattr_list - call a function for each extended attribute
 * @op: the caller
 * @node: held
 * @fn: receives a name without prefix; may sleep; a nonzero value ends the list
 * @arg: passed to @fn
 *
 * Return: 0, the nonzero value of @fn, or a negative errno.
 */
int ditto_xattr_list(struct ditto_op *op, struct ditto_node *node,
		     int (*fn)(void *arg, const struct ditto_name *name), void *arg)
{
	struct timespec64 ctime = inode_get_ctime(node->inode);
	struct dentry *dentry = ditto_node_dentry(node);
	const struct cred *old;
	char *names = NULL;
	bool none = true;
	ssize_t ret;

	ret = xattr_enter(op, node, DITTO_RIGHT_READ_XATTRS, 0, &old);
	if (ret)
		goto put;
	if (!(op->held & DITTO_RIGHT_READ_XATTRS))
		ret = inode_permission(ditto_idmap(op->share), node->inode, MAY_READ);
	if (!ret)
		ret = vfs_listxattr(dentry, NULL, 0);
	if (ret <= 0)
		goto leave;
	/* Larger than needed now, because names may be added. */
	names = kvmalloc(DITTO_XATTR_LIST_MAX, GFP_KERNEL);
	ret = names ? vfs_listxattr(dentry, names, DITTO_XATTR_LIST_MAX) : -ENOMEM;
leave:
	ditto_op_leave(old);
put:
	dput(dentry);
	if (ret > 0)
		ret = tell_names(names, ret, &none, fn, arg);
	if (!ret && none)
		xattr_was_bare(op->share, node, &ctime);
	kvfree(names);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(ditto_xattr_list, "DITTO");
