// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of a file in the form of the wire: they are made from the file system's attributes and
 * the stored DOS attributes, in one snapshot. See attrs.h.
 */
#include "../../fs/node/node.h"
#include "../../fs/offload/offload.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/share.h"
#include "../open/open.h"
#include "apple_stream.h"
#include "attrs.h"

static u32 dsmb_reparse_tag(umode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
		return 0;
	case S_IFLNK:
		return DSMB_REPARSE_TAG_SYMLINK;
	default:
		return DSMB_REPARSE_TAG_NFS;
	}
}

static u32 dsmb_attr_flags(const struct kstat *st, umode_t mode, u32 reparse_tag, u32 dosattr)
{
	u32 flags = dosattr & DITTO_FLAGS_KEPT;

	if (S_ISDIR(mode))
		flags |= DSMB_ATTR_DIRECTORY;
	if (st->attributes & STATX_ATTR_COMPRESSED)
		flags |= DSMB_ATTR_COMPRESSED;
	if (reparse_tag)
		flags |= DSMB_ATTR_REPARSE_POINT;
	return flags ?: DSMB_ATTR_NORMAL;
}

/* POSIX hides names that begin with a dot. The share's root has no name that clients know. */
static bool dsmb_is_dot_file(const struct ditto_share *share, struct dentry *dentry)
{
	bool dot;

	if (dentry == share->root.dentry)
		return false;
	spin_lock(&dentry->d_lock);
	dot = dentry->d_name.name[0] == '.';
	spin_unlock(&dentry->d_lock);
	return dot;
}

/* All that a directory entry of any class but POSIX needs. */
static __always_inline void dsmb_attrs_fill(const struct ditto_share *share,
					    const struct ditto_attr *attr, struct dsmb_attrs *a)
{
	const struct kstat *st = &attr->st;
	umode_t mode = st->mode;
	bool has_data = S_ISREG(mode);

	a->created = dsmb_filetime(a->dosattr.btime);
	a->accessed = dsmb_filetime(st->atime);
	a->written = dsmb_filetime(st->mtime);
	a->changed = dsmb_filetime(a->dosattr.changed);
	a->allocation = has_data ? st->blocks << 9 : 0;
	a->size = has_data ? st->size : 0;
	a->reparse_tag = has_data ? 0 : dsmb_reparse_tag(mode);
	a->flags = dsmb_attr_flags(st, mode, a->reparse_tag, a->dosattr.flags);
	/* To clients a tree connect is one volume. */
	a->file_id = ditto_attr_share_fileid(share, attr);
	a->is_dir = S_ISDIR(mode);
	a->is_stream = false;
}

/* Fill in what dsmb_attrs_of_entry() leaves out. Context: any. */
void dsmb_attrs_add_posix(const struct ditto_share *share, const struct ditto_attr *fs,
			  struct dsmb_attrs *attrs)
{
	const struct kstat *st = &fs->st;

	attrs->volume_id = share->tag;
	attrs->links = st->nlink;
	attrs->mode = st->mode;
	attrs->uid = st->uid;
	attrs->gid = st->gid;
	attrs->rdev = st->rdev;
}

/* True if the DOS attributes, READONLY apart, are as if none were ever set. */
static bool dsmb_is_unmarked(const struct dsmb_attrs *a)
{
	return (a->dosattr.flags & ~DITTO_FLAG_READONLY) == (a->is_dir ? 0 : DITTO_FLAG_ARCHIVE);
}

/*
 * @attrs->dosattr is filled already, the rest is made from it and @fs. @name is the name of a
 * listed entry; NULL if the dentry is to be asked.
 */
static __always_inline void dsmb_attrs_make(struct ditto_share *share, struct dentry *dentry,
					    const struct ditto_name *name,
					    const struct ditto_attr *fs, struct dsmb_attrs *attrs)
{
	dsmb_attrs_fill(share, fs, attrs);
	attrs->is_offloaded = ditto_offload_is_used(share->volume) &&
			      ditto_offload_is_stub_dentry(share, dentry);
	if (attrs->is_offloaded)
		attrs->flags = (attrs->flags & ~DSMB_ATTR_NORMAL) | DSMB_ATTRS_OFFLOADED;
	if (dsmb_is_unmarked(attrs) &&
	    (name ? name->name[0] == '.' : dsmb_is_dot_file(share, dentry)))
		attrs->flags = (attrs->flags & ~DSMB_ATTR_NORMAL) | DITTO_FLAG_HIDDEN;
}

/* The same for a file that is no entry of a listing; all members are made. */
static void dsmb_attrs_make_all(struct ditto_share *share, struct dentry *dentry,
				const struct ditto_attr *fs, struct dsmb_attrs *attrs)
{
	dsmb_attrs_make(share, dentry, NULL, fs, attrs);
	dsmb_attrs_add_posix(share, fs, attrs);
}

/*
 * Read the attributes that the server knows of a directory entry. @name: its name; NULL for the
 * root of the share, which has none. Return: 0 or an errno of the file system.
 */
int dsmb_attrs_of_entry(struct ditto_share *share, struct dentry *dentry,
			const struct ditto_name *name, struct ditto_attr *fs,
			struct dsmb_attrs *attrs)
{
	int err = ditto_getattr_dos(share, dentry, fs, &attrs->dosattr);

	if (err)
		return err;
	dsmb_attrs_make(share, dentry, name, fs, attrs);
	return 0;
}

/* Read the attributes that the server knows of a node. Return: 0 or an errno of the file system. */
int dsmb_attrs_of_node(struct ditto_share *share, struct ditto_node *node,
		       struct dsmb_attrs *attrs)
{
	struct dentry *dentry = ditto_node_dentry(node);
	/* Filled, or not used. */
	struct ditto_attr attr __uninitialized;
	int err;

	err = ditto_getattr_dos(share, dentry, &attr, &attrs->dosattr);
	if (!err)
		dsmb_attrs_make_all(share, dentry, &attr, attrs);
	dput(dentry);
	return err;
}

static int dsmb_attrs_asked_by(struct ditto_op *op, struct ditto_node *node,
			       struct dentry *dentry, struct dsmb_attrs *attrs)
{
	/* Filled, or not used. */
	struct ditto_attr attr __uninitialized;
	int err;

	err = ditto_getattr_asked_by(op, node, dentry, &attr) ?:
	      ditto_dosattr_get(op->share, dentry, &attr.st, &attrs->dosattr);
	if (err)
		return err;
	dsmb_attrs_make_all(op->share, dentry, &attr, attrs);
	return 0;
}

/* Read the attributes of a file by its node. Like dsmb_attrs_get(). Return: as dsmb_attrs_get(). */
int dsmb_attrs_asked(struct ditto_op *op, struct ditto_node *node, struct dsmb_attrs *attrs)
{
	struct dentry *dentry = ditto_node_dentry(node);
	int err = dsmb_attrs_asked_by(op, node, dentry, attrs);

	dput(dentry);
	return err;
}

/*
 * Read the attributes of an open file, directory or stream. A stream has the times, flags and
 * identity of its file. A client that has cached writes is asked for the size
 * (ditto_getattr_asked()). Return: 0; -EJUKEBOX if the call may be parked; or an errno of the file
 * system.
 */
int dsmb_attrs_get(struct ditto_op *op, const struct ditto_instance *inst,
		   struct ditto_node *node, struct dsmb_attrs *attrs)
{
	/* Filled, or not used. */
	struct ditto_attr stream __uninitialized;
	struct dentry *dentry;
	int err;

	/* A stream has a size of its own. */
	if (!ditto_instance_is_stream(inst)) {
		dentry = ditto_instance_dentry(inst);
		/* The name was removed, but the file may have another one. */
		if (unlikely(d_unhashed(dentry)))
			return dsmb_attrs_asked(op, node, attrs);
		return dsmb_attrs_asked_by(op, node, dentry, attrs);
	}
	err = dsmb_attrs_of_node(op->share, ditto_instance_base(inst), attrs);
	if (err)
		return err;
	err = ditto_getattr_plain(op->share, node, &stream);
	if (err)
		return err;
	attrs->allocation = stream.st.blocks << 9;
	attrs->size = stream.st.size;
	attrs->flags &= ~DSMB_ATTR_DIRECTORY;
	if (attrs->is_offloaded)
		attrs->flags = (attrs->flags & ~DSMB_ATTRS_OFFLOADED) |
			       (attrs->dosattr.flags & DSMB_ATTRS_OFFLOADED);
	attrs->is_offloaded = false;
	attrs->flags = attrs->flags ?: DSMB_ATTR_NORMAL;
	attrs->is_dir = false;
	attrs->is_stream = true;
	return 0;
}

/*
 * Read the attributes of an open file without parking the call. Like dsmb_attrs_get(), but if a
 * client with cached writes does not answer in time, the attributes are those that the server
 * knows. Return: 0 or an errno of the file system, never -EJUKEBOX.
 */
int dsmb_attrs_at_once(const struct ditto_op *op, const struct ditto_instance *inst,
		       struct ditto_node *node, struct dsmb_attrs *attrs)
{
	struct ditto_op at_once = *op;
	int err;

	at_once.park = NULL;
	err = dsmb_attrs_get(&at_once, inst, node, attrs);
	return err == -EJUKEBOX ? dsmb_attrs_of_node(op->share, node, attrs) : err;
}

/* As dsmb_attrs_get() for an open, whose AFP_AfpInfo has a size of its own. */
int dsmb_open_attrs(struct ditto_op *op, const struct dsmb_open *open, struct ditto_node *node,
		    struct dsmb_attrs *attrs)
{
	int err = dsmb_attrs_get(op, open->inst, node, attrs);

	if (unlikely(open->stream == DSMB_STREAM_AFP_INFO))
		attrs->size = DSMB_AFP_INFO_SIZE;
	return err;
}

/* The same as ditto_instance_begin() for an open, whose AFP_AfpInfo has a size of its own. */
int dsmb_open_attrs_at_once(const struct ditto_op *op, const struct dsmb_open *open,
			    struct ditto_node *node, struct dsmb_attrs *attrs)
{
	int err = dsmb_attrs_at_once(op, open->inst, node, attrs);

	if (unlikely(open->stream == DSMB_STREAM_AFP_INFO))
		attrs->size = DSMB_AFP_INFO_SIZE;
	return err;
}
