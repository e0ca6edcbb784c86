// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: validation and lookup.
 *
 * A name is looked up in the directory's own file system. If another file system is mounted on it,
 * the directory below is found, unless the caller follows mounts and the other file system is part
 * of the share.
 */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/seqlock.h>

#include "../node/hidden.h"
#include "../node/node.h"
#include "../share/nested.h"
#include "bytes.h"
#include "check/acl_file.h"
#include "name_private.h"
#include "op_private.h"

/*
 * Check a name from the wire. Return: enum ditto_name_kind, -EILSEQ (empty, NUL or slash) or
 * -ENAMETOOLONG.
 */
int ditto_name_check(const struct ditto_name *name)
{
	if (!name->len)
		return -EILSEQ;
	if (name->len > NAME_MAX)
		return -ENAMETOOLONG;
	if (!ditto_name_is_clean(name->name, name->len))
		return -EILSEQ;
	if (name->name[0] != '.' || name->len > 2)
		return DITTO_NAME_PLAIN;
	if (name->len == 1)
		return DITTO_NAME_DOT;
	return name->name[1] == '.' ? DITTO_NAME_DOTDOT : DITTO_NAME_PLAIN;
}

/*
 * Check that a name is neither "." nor "..". Return: 0 for a plain name, @dot, @dotdot, -EILSEQ or
 * -ENAMETOOLONG.
 */
int ditto_name_plain(const struct ditto_name *name, int dot, int dotdot)
{
	switch (ditto_name_check(name)) {
	case DITTO_NAME_PLAIN:
		return 0;
	case DITTO_NAME_DOT:
		return dot;
	case DITTO_NAME_DOTDOT:
		return dotdot;
	case -ENAMETOOLONG:
		return -ENAMETOOLONG;
	}
	return -EILSEQ;
}

/**
 * ditto_parent - get the parent directory of a file within a share
 * @share: the share
 * @dentry: dentry of the file
 *
 * Return: the parent, to be put; the root of the share is its own parent; ERR_PTR(-ESTALE)
 * outside of the share.
 */
struct dentry *ditto_parent(struct ditto_share *share, struct dentry *dentry)
{
	struct dentry *parent;

	if (dentry == share->root.dentry)
		return dget(dentry);

	parent = dget_parent(dentry);
	/* A directory can be moved out of the share between two requests. */
	if (share->is_subtree && !is_subdir(parent, share->root.dentry)) {
		dput(parent);
		return ERR_PTR(-ESTALE);
	}
	return parent;
}
EXPORT_SYMBOL_NS_GPL(ditto_parent, "DITTO");

bool ditto_path_prepend(char *buf, char **at, const char *s, size_t len)
{
	if (*at - buf < len)
		return false;
	*at -= len;
	memcpy(*at, s, len);
	return true;
}

/*
 * The name may be changing, in which case the caller's result is void. Under RCU, each name ends
 * within its memory, whatever length was read with it.
 */
static bool prepend_name(const struct dentry *dentry, char *buf, char **at)
{
	/* Pairs with the release of a new name by the dcache. */
	const unsigned char *name = smp_load_acquire(&dentry->d_name.name);
	size_t len = READ_ONCE(dentry->d_name.len);

	return ditto_path_prepend(buf, at, name, strnlen(name, len));
}

static bool try_prepend_names(const struct dentry *root, const struct dentry *dentry, char *buf,
			      char **at)
{
	bool fits = true;

	while (fits && dentry != root && !IS_ROOT(dentry)) {
		const struct dentry *parent = READ_ONCE(dentry->d_parent);

		fits = prepend_name(dentry, buf, at);
		if (fits && parent != root && !IS_ROOT(parent))
			fits = ditto_path_prepend(buf, at, "/", 1);
		dentry = parent;
	}
	return fits;
}

/* Names are read under rename_lock only after a concurrent rename: all CPUs read them. */
bool ditto_path_prepend_names(const struct ditto_share *share, const struct dentry *dentry,
			      char *buf, char **at)
{
	const struct dentry *root = share->root.dentry;
	char *end = *at;
	unsigned int seq;
	bool fits;

	rcu_read_lock();
	seq = read_seqbegin(&rename_lock);
	fits = try_prepend_names(root, dentry, buf, at);
	if (unlikely(read_seqretry(&rename_lock, seq))) {
		*at = end;
		read_seqlock_excl(&rename_lock);
		fits = try_prepend_names(root, dentry, buf, at);
		read_sequnlock_excl(&rename_lock);
	}
	rcu_read_unlock();
	return fits;
}

/*
 * The current path of a file relative to the root of a share, at the end of @buf; "" for the root.
 * Returns ERR_PTR(-ENAMETOOLONG) without room. Any context.
 */
char *ditto_dentry_path(const struct ditto_share *share, const struct dentry *dentry, char *buf,
			size_t size)
{
	char *at = buf + size;
	bool fits;

	fits = ditto_path_prepend(buf, &at, "", 1) &&
	       ditto_path_prepend_names(share, dentry, buf, &at);
	return fits ? at : ERR_PTR(-ENAMETOOLONG);
}

/*
 * Get the directory and the name of a dentry. Return: 0; -ESTALE if it was moved out of the share,
 * or an errno of ditto_node_get(), after which there is nothing to put.
 */
int ditto_dentry_name_get(struct ditto_share *share, struct dentry *dentry,
			  struct ditto_dentry_name *at)
{
	struct dentry *parent;

	/* A client that has a handle of a file in the bin has not its name. */
	if (unlikely(READ_ONCE(share->has_trash)) && ditto_is_below_hidden(share, dentry))
		return -ENOENT;
	parent = ditto_parent(share, dentry);
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	at->dir = ditto_node_get(share, parent);
	dput(parent);
	if (IS_ERR(at->dir))
		return PTR_ERR(at->dir);
	take_dentry_name_snapshot(&at->snapshot, dentry);
	at->name.name = at->snapshot.name.name;
	at->name.len = at->snapshot.name.len;
	return 0;
}

void ditto_dentry_name_put(struct ditto_dentry_name *at)
{
	release_dentry_name_snapshot(&at->snapshot);
	ditto_node_put(at->dir);
}

/*
 * Look up a name in a directory. @op: the caller, entered. Context: the directory is not locked.
 * Return: a positive dentry, to be put, or an ERR_PTR.
 */
struct dentry *ditto_lookup_dentry(struct ditto_op *op, struct ditto_node *dir,
				   struct dentry *parent, const struct ditto_name *name)
{
	const struct cred *as, *old;
	struct dentry *child;
	int err = ditto_act_on(op, dir, DITTO_RIGHT_EXECUTE, &as);

	if (err)
		return ERR_PTR(err);
	old = ditto_act_as(as);
	/* Checks search permission itself, and is mostly a lookup in the dcache. */
	child = lookup_one_positive_unlocked(ditto_idmap(op->share),
					     &QSTR_LEN(name->name, name->len), parent);
	ditto_op_leave(old);
	return child;
}

/* Look up a name that was checked. Return: as ditto_lookup(). */
int ditto_lookup_kind(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
		      int kind, struct ditto_node **out)
{
	struct dentry *parent, *child;
	const struct cred *old;
	struct ditto_node *node;
	int err;

	if (!S_ISDIR(dir->inode->i_mode))
		return -ENOTDIR;
	if (kind < 0)
		return kind;

	parent = ditto_node_dentry(dir);
	if (kind == DITTO_NAME_PLAIN && ditto_is_hidden(op->share, parent, name)) {
		dput(parent);
		return -ENOENT;
	}
	old = ditto_op_enter(op);
	if (kind == DITTO_NAME_PLAIN) {
		child = ditto_lookup_dentry(op, dir, parent, name);
	} else {
		err = ditto_node_permission(op, dir, DITTO_MAY_EXEC);
		if (err)
			child = ERR_PTR(err);
		else if (kind == DITTO_NAME_DOT)
			child = dget(parent);
		else
			child = ditto_parent(op->share, parent);
	}
	ditto_op_leave(old);
	dput(parent);
	if (IS_ERR(child))
		return PTR_ERR(child);

	node = ditto_node_get(op->share, child);
	dput(child);
	if (IS_ERR(node))
		return PTR_ERR(node);
	*out = node;
	return 0;
}

/**
 * ditto_lookup - look up a name in a directory
 * @op: the caller
 * @dir: held
 * @name: may be "." or ".."; ".." of the share's root is the root
 * @out: filled with the node, to be put
 *
 * The lookup does not cross mount points.
 *
 * Return: 0, -ENOENT, -ENOTDIR, -EACCES, -ENAMETOOLONG, -EILSEQ.
 */
int ditto_lookup(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
		 struct ditto_node **out)
{
	return ditto_lookup_kind(op, dir, name, ditto_name_check(name), out);
}
EXPORT_SYMBOL_NS_GPL(ditto_lookup, "DITTO");

/* Find the parent of the root of a file system within a share. */
static int lookup_outer(struct ditto_op *op, struct ditto_node *dir, struct ditto_share **share,
			struct ditto_node **out)
{
	struct ditto_share *inner = op->share, *outer = inner->outer;
	struct ditto_node *node;
	struct dentry *parent;
	const struct cred *old;
	int err;

	old = ditto_op_enter(op);
	err = ditto_node_permission(op, dir, DITTO_MAY_EXEC);
	ditto_op_leave(old);
	if (err)
		return err;
	/* A root that covers another root has the same parent. */
	while (outer->outer && inner->covered == outer->root.dentry) {
		inner = outer;
		outer = inner->outer;
	}
	/* It is held by the inner one, but may be on its way out. */
	if (!percpu_ref_tryget_live(&outer->ref))
		return -ESTALE;
	parent = ditto_parent(outer, inner->covered);
	node = IS_ERR(parent) ? ERR_CAST(parent) : ditto_node_get(outer, parent);
	if (!IS_ERR(parent))
		dput(parent);
	if (IS_ERR(node)) {
		ditto_share_put(outer);
		return PTR_ERR(node);
	}
	*share = outer;
	*out = node;
	return 0;
}

/**
 * ditto_lookup_follow - look up a name, and follow mounts that are part of the share
 * @op: the caller
 * @dir: held
 * @name: may be "." or ".."; ".." of the share's root is the root, ".." of the root of a file
 *	system within the share is the parent of the directory that it is mounted on
 * @share: filled with the file system of the result, to be put, if it is not @op->share; else NULL
 * @out: filled with the node, to be put
 *
 * Return: as ditto_lookup(), or -ESTALE.
 */
int ditto_lookup_follow(struct ditto_op *op, struct ditto_node *dir,
			const struct ditto_name *name, struct ditto_share **share,
			struct ditto_node **out)
{
	int kind = ditto_name_check(name);
	int err;

	*share = NULL;
	if (unlikely(kind == DITTO_NAME_DOTDOT && op->share->outer) &&
	    dir->inode == d_inode(op->share->root.dentry))
		return lookup_outer(op, dir, share, out);
	err = ditto_lookup_kind(op, dir, name, kind, out);
	if (err || kind != DITTO_NAME_PLAIN || likely(list_empty(&op->share->nested)))
		return err;
	err = ditto_nested_follow(op, share, out);
	if (err)
		ditto_node_put(*out);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_lookup_follow, "DITTO");

/**
 * ditto_readlink - read a symbolic link
 * @op: the caller
 * @node: held
 * @buf: PAGE_SIZE bytes; not terminated
 * @len: filled with the length
 *
 * Return: 0, -EINVAL (not a symbolic link), -EIO (a magic link), -ENAMETOOLONG or an errno of the
 * file system.
 */
int ditto_readlink(struct ditto_op *op, struct ditto_node *node, char *buf, u32 *len)
{
	struct path path = { .mnt = op->share->root.mnt };
	DEFINE_DELAYED_CALL(done);
	const struct cred *old;
	const char *link;
	int err = 0;
	size_t n;

	if (!S_ISLNK(node->inode->i_mode))
		return -EINVAL;
	/* A magic link, as in procfs, has no contents. */
	if (node->inode->i_op->readlink)
		return -EIO;

	path.dentry = ditto_node_dentry(node);
	old = ditto_op_enter(op);
	link = vfs_get_link(path.dentry, &done);
	if (IS_ERR(link)) {
		err = PTR_ERR(link);
		goto leave;
	}
	n = strnlen(link, PAGE_SIZE + 1);
	if (n <= PAGE_SIZE) {
		memcpy(buf, link, n);
		*len = n;
	} else {
		err = -ENAMETOOLONG;
	}
	do_delayed_call(&done);
	if (!err)
		touch_atime(&path);
leave:
	ditto_op_leave(old);
	dput(path.dentry);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_readlink, "DITTO");
