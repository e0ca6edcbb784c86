/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of instances share among themselves; locking is in instance.h.
 *
 * References: an instance has one of who opened it and one of the share's list.
 * Who takes it off the list, closing it or removing the share, has that one
 * and lets go of the file. A close while the share is going leaves the list
 * to the share: it has killed its reference count and comes by.
 */
#ifndef _DITTO_FS_OPEN_INSTANCE_PRIVATE_H
#define _DITTO_FS_OPEN_INSTANCE_PRIVATE_H

#include "../node/node.h"
#include "../op/op_private.h"
#include "../share/share.h"
#include "instance.h"

/**
 * struct ditto_instance - see instance.h
 * @share: not counted; NULL once the file was let go of
 * @node: what is open, held
 * @base: the file; other than @node for a stream, then held
 * @dentry: the name of @base, held
 * @open: the claim; its memory stays as long as the instance
 * @closer: who asked for the deletion at the close, held; or NULL. Under @base->lock
 * @rights: DITTO_RIGHT_* bits that were granted; changed by the holder, read at any time
 * @is_dir: @node is a directory
 * @is_stream: @node is a stream of @base
 * @keeps: a stream that forbids the deletion of its file
 * @exact: it was opened so that the case of names counts, and so do names given by it;
 *	what is to go at its close goes then, whoever else has it open
 * @mode_only: see DITTO_OPENF_MODE_ONLY
 * @by_xattrs: see DITTO_OPENF_XATTRS
 * @ref: see above
 * @of_share: on the share's list, or empty
 * @written: DITTO_CHANGED_* bits of what was written through it
 * @watch: what its directory is watched by, or NULL; goes with the file
 */
struct ditto_instance {
	struct ditto_share __rcu *share;
	struct ditto_node *node;
	struct ditto_node *base;
	struct dentry *dentry;
	struct ditto_open *open;
	struct ditto_cred *closer;
	u32 rights;
	bool is_dir;
	bool is_stream;
	bool keeps;
	bool exact;
	bool mode_only;
	bool by_xattrs;
	refcount_t ref;
	struct list_head of_share;
	u32 written;
	struct ditto_watch *watch;
};

/* ditto_walk() with a choice; @walk->passed is where the last component looked at begins. */
int ditto_walk_how(struct ditto_op *op, struct ditto_node *start, const char *path, u32 len,
		   bool exact, struct ditto_walk *walk);

/* instance.c */

/**
 * ditto_instance_new - an instance of an open that was claimed
 * @op: who
 * @node: what is open, held
 * @base: the file, held; may be @node
 * @dentry: its name, held
 * @rights: DITTO_RIGHT_* bits that are granted
 * @open: consumed on success
 *
 * A stream that is open and does not share deletion keeps its file from being
 * opened for deletion, though its share modes are its own (MS-FSA section 2.1.5.1.2).
 *
 * Return: the instance, which took references of its own; ERR_PTR(-EKEYREVOKED)
 * (deletion is pending), -ETXTBSY (a stream forbids it) or -ENOMEM.
 */
struct ditto_instance *ditto_instance_new(struct ditto_op *op, struct ditto_node *node,
					  struct ditto_node *base, struct dentry *dentry,
					  u32 rights, struct ditto_open *open);

/* instance_open.c */

#define DITTO_RIGHTS_WRITE	(DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA)

/* The rights to a stream by those to its file, where it is one of the file's attributes. */
static inline u32 ditto_rights_by_xattrs(u32 rights)
{
	u32 data = (rights & DITTO_RIGHT_READ_XATTRS ? DITTO_RIGHT_READ_DATA : 0) |
		   (rights & DITTO_RIGHT_WRITE_XATTRS ? DITTO_RIGHTS_WRITE : 0);

	return (rights & ~(DITTO_RIGHT_READ_DATA | DITTO_RIGHT_EXECUTE | DITTO_RIGHTS_WRITE)) |
	       data;
}

/* Access bits of an OPEN claim with these rights. */
u8 ditto_access_of(u32 rights);
/* What is said of rights that the caller does not have. */
int ditto_open_refusal(const struct ditto_op *op, u32 missing);
/* What an operation says when the lock table says this of an OPEN claim. */
int ditto_open_error(long err);
/*
 * The directory of a file that was not walked to, to be put; NULL if it is the
 * share's root, or has no name that is known.
 */
struct ditto_node *ditto_open_parent(struct ditto_op *op, struct dentry *dentry);

/* instance_delete.c */

/* Is the node's deletion pending? */
static inline bool ditto_delete_is_pending(const struct ditto_node *node)
{
	return READ_ONCE(node->delete_dentry);
}

/* Under node->lock: set deletion pending, which it is not yet, on behalf of @delete_cred. */
void ditto_delete_pending_set(const struct ditto_op *op,
			      struct ditto_node *node, struct dentry *dentry,
			      struct ditto_cred *delete_cred);
/* The last instance of a delete-pending node went: the name goes. */
void ditto_delete_pending_go(struct ditto_op *op, struct ditto_node *node, bool is_stream);
/* An exact instance that deletes at its close goes: so does the name, at once. */
void ditto_closed_go(struct ditto_op *op, struct dentry *dentry, struct ditto_cred *closer,
		     bool is_stream);
/* What was just made goes again, if nobody has opened it yet. */
void ditto_instance_unmake(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry);
/* Flags of a node by fs/op/dosattr.c; 0 if they cannot be read. */
u32 ditto_node_flags(struct ditto_op *op, struct ditto_node *node);

/* instance_rename.c */

/**
 * ditto_instance_is_busy - does anybody have something below a directory open
 * @op: who
 * @dir: the directory's dentry
 * @exact: exact instances do not count: who has them does not go by paths
 *
 * Who caches an open that was closed already is asked to give it up.
 *
 * Return: 0, -EACCES, -EJUKEBOX.
 */
int ditto_instance_is_busy(struct ditto_op *op, struct dentry *dir, bool exact);

#endif
