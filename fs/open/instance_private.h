/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internals shared by the files that implement instances; see instance.h for locking.
 *
 * References: an instance has one reference of the opener and one of the share's list. The task
 * that takes it off the list, to close it or to remove the share, owns the list's reference and
 * drops the file. If the share is being removed, closing leaves the instance on the list: the
 * removal has killed the share's reference count and will walk the list.
 */
#ifndef _DITTO_FS_OPEN_INSTANCE_PRIVATE_H
#define _DITTO_FS_OPEN_INSTANCE_PRIVATE_H

#include "../../lockd/open.h"
#include "../node/file.h"
#include "../node/hardlink.h"
#include "../node/node.h"
#include "../op/check/lock_check_private.h"
#include "../op/op_private.h"
#include "../share/share.h"
#include "instance.h"

/**
 * struct ditto_instance - an open instance, see instance.h
 * @share: not counted; NULL after the file was dropped
 * @node: the open file or stream, held; also @pins.node
 * @pins: of a file or stream: files kept open for reading and writing @node
 * @dir: of a directory: @node
 * @watch: of a directory: its watch, or NULL; ends when the file is dropped
 * @link: the name that @node was opened by, of @node->hardlinks; NULL if it is not known, or after
 *	the file was dropped
 * @own_link: of a file or directory: memory for its hard link, which the first instance of a name
 *	provides; others may use it after this one was closed. If the name is not known, it has only
 *	the dentry; see ditto_instance_file_dentry()
 * @base: of a stream: the file, held; see ditto_instance_file()
 * @base_link: of a stream: the same of @base as @link of @node
 * @base_dentry: of a stream: name of @base, held
 * @keeper: of a stream: link in @base->keepers, if @keeps
 * @open: the claim
 * @closer: credential of the caller that requested delete-on-close, held; or NULL.
 *	Guarded by the lock of the file's node
 * @rights: granted DITTO_RIGHT_* bits; written by the holder, read at any time
 * @may: DITTO_MAY_* bits that @rights imply; written with it by ditto_instance_set_rights()
 * @is_dir: @node is a directory
 * @is_stream: @node is a stream
 * @keeps: this stream forbids the deletion of its file; guarded by the lock of the file's node
 * @deletes: not a stream, and may delete the file; guarded likewise
 * @exact: names are case-sensitive, and delete-on-close removes the name even if others
 *	have it open; see DITTO_OPENF_ONLY_EXACT
 * @mode_only: see DITTO_OPENF_MODE_ONLY
 * @by_xattrs: see DITTO_OPENF_XATTRS
 * @ref: see above
 * @written: DITTO_CHANGED_* bits of changes made through the instance, notified at close
 * @memory: users of the memory: the instance, and @own_link while there are instances of its name
 * @of_share: link on the share's list, or empty
 * @opened: when it was put on the list, in nanoseconds of ktime_get_ns(); a list is in this order
 */
struct ditto_instance {
	struct ditto_share __rcu *share;
	union {
		struct ditto_node *node;
		struct ditto_pins pins;
		struct {
			struct ditto_node *dir;
			struct ditto_watch *watch;
		};
	};
	struct ditto_hardlink *link;
	union {
		struct ditto_hardlink own_link;
		struct {
			struct ditto_node *base;
			struct ditto_hardlink *base_link;
			struct dentry *base_dentry;
			struct ditto_keeper keeper;
		};
	};
	struct ditto_open open;
	struct ditto_cred *closer;
	struct list_head of_share;
	u64 opened;
	u32 rights;
	refcount_t ref;
	refcount_t memory;
	u16 written;
	u8 may;
	bool keeps : 1;
	bool deletes : 1;
	/* Constant from before the instance is on the list. */
	bool is_dir : 1;
	bool is_stream : 1;
	bool exact : 1;
	bool mode_only : 1;
	bool by_xattrs : 1;
};

static_assert(offsetof(struct ditto_instance, node) == offsetof(struct ditto_instance, pins.node));
static_assert(DITTO_CHANGED_BEFORE <= U16_MAX);

/* The node of the file, also for a stream; NULL after the file was dropped. */
static inline struct ditto_node *ditto_instance_file(const struct ditto_instance *inst)
{
	return inst->is_stream ? inst->base : inst->node;
}

/* The name that the file was opened by, also for a stream; see @link. */
static inline struct ditto_hardlink *ditto_instance_file_link(const struct ditto_instance *inst)
{
	return inst->is_stream ? inst->base_link : inst->link;
}

/* A name of the file, also for a stream, until the file is dropped. */
static inline struct dentry *ditto_instance_file_dentry(const struct ditto_instance *inst)
{
	if (inst->is_stream)
		return inst->base_dentry;
	return inst->link ? inst->link->dentry : inst->own_link.dentry;
}

/* Mark a name as delete pending, as the caller asks. The node's lock is held. */
static inline void ditto_delete_pending_begin(const struct ditto_op *op, struct ditto_node *node,
					      struct ditto_hardlink *link, struct ditto_cred *cred)
{
	ditto_hardlink_delete(node, link, ditto_cred_hold(cred),
			      op->actor ? op->actor->entry_owner : NULL);
}

/* End that; @erase: also take the name off the node. The node's lock is not held. */
static inline void ditto_delete_pending_end(struct ditto_node *node, struct ditto_hardlink *link,
					    bool erase)
{
	struct ditto_cred *cred = ditto_hardlink_undelete(node, link, erase);

	if (cred)
		ditto_cred_put(cred);
}

/* instance.c */

/* instance.c */
struct ditto_instance *ditto_instance_alloc(void);
void ditto_instance_free(struct ditto_instance *inst);
int ditto_instance_enter(struct ditto_instance *inst, struct ditto_op *op,
			 struct ditto_node *node, struct ditto_node *base, struct dentry *dentry,
			 bool named, u32 rights);
void ditto_instance_set_rights(struct ditto_instance *inst, u32 rights);

/* instance_open.c */

#define DITTO_RIGHTS_WRITE	(DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA)

/* Rights to a stream that is an extended attribute, derived from the rights to the file. */
static inline u32 ditto_rights_by_xattrs(u32 rights)
{
	u32 data = (rights & DITTO_RIGHT_READ_XATTRS ? DITTO_RIGHT_READ_DATA : 0) |
		   (rights & DITTO_RIGHT_WRITE_XATTRS ? DITTO_RIGHTS_WRITE : 0);

	return (rights & ~(DITTO_RIGHT_READ_DATA | DITTO_RIGHT_EXECUTE | DITTO_RIGHTS_WRITE)) |
	       data;
}

/* instance_open.c */
u8 ditto_access_of(u32 rights);
u32 ditto_open_owner_rights(const struct ditto_op *op, const struct ditto_node *base);
int ditto_open_error(long err);
struct ditto_node *ditto_open_parent(struct ditto_op *op, struct dentry *dentry);

/* instance_truncate.c */

/* instance_truncate.c */
int ditto_instance_truncate(struct ditto_op *op, struct ditto_node *base,
			    struct ditto_node *node);

/* instance_delete.c */

/* True if a directory or a stream, which have one name, is delete pending. */
static inline bool ditto_delete_is_pending(const struct ditto_node *node)
{
	return READ_ONCE(node->deletions);
}

/* instance_delete.c */
void ditto_delete_pending_go(struct ditto_op *op, struct ditto_node *node,
			     struct ditto_hardlink *link, bool is_stream);
void ditto_closed_go(struct ditto_op *op, struct dentry *dentry, struct ditto_cred *closer,
		     bool is_stream);
void ditto_instance_unmake(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			   bool is_stream);
int ditto_delete_break_deleg(struct ditto_op *op, const struct ditto_node *node);
u32 ditto_node_flags(struct ditto_op *op, struct ditto_node *node);

/* instance_below.c */

/* instance_below.c */
int ditto_instance_is_busy(struct ditto_op *op, struct dentry *dir, bool exact);

#endif
