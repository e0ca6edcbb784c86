/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists in force: kept with nodes, checked by, changed.
 *
 * What is known of a node's list is one pointer: NULL if nothing is, &ditto_acl_none if the
 * file goes by its mode, else the list. Most files have none, and find that with one load.
 *
 * Locking: the pointer is changed under node->lock, with node->acl_changes, and read under
 * RCU. Who looks for a list on disk keeps it only if nothing changed since he began to
 * look (fs/acl/acl.c).
 */
#ifndef _DITTO_FS_ACL_ACL_FILE_H
#define _DITTO_FS_ACL_ACL_FILE_H

#include <linux/fs.h>
#include <linux/posix_acl.h>

#include "../op/op_private.h"
#include "acl.h"

#define DITTO_ACL_XATTR		"trusted.ditto.acl"

/**
 * struct ditto_acl_kept - a list that a node goes by
 * @acl: as it fits @mode, held
 * @mode: the nine permission bits; the file having others, this is old
 * @rcu: freed under RCU
 */
struct ditto_acl_kept {
	struct ditto_acl *acl;
	umode_t mode;
	struct rcu_head rcu;
};

/* The file has no list, and this is its address only. */
extern struct ditto_acl_kept ditto_acl_none;

/* Can lists be stored on this file system? */
bool ditto_acl_fits(const struct super_block *sb);
/* The POSIX ACL of a name of linux/xattr.h: NULL if there is none, or ERR_PTR. The server acts. */
struct posix_acl *ditto_find_posix_acl(struct ditto_share *share, struct dentry *dentry,
				       const char *name);
/* Is one stored with it, whether it counts or not? The server acts. */
bool ditto_acl_is_stored(struct dentry *dentry);

/* A new node, of an inode that can have no list or of which nothing is known yet. */
static inline void ditto_acl_init(struct ditto_node *node)
{
	if (!node->volume->has_acls || S_ISLNK(node->inode->i_mode))
		RCU_INIT_POINTER(node->acl, &ditto_acl_none);
}

/* The owner of a file, and its group, as lists name them. */
static inline kuid_t ditto_owner_of(const struct ditto_share *share, const struct inode *inode)
{
	return vfsuid_into_kuid(i_uid_into_vfsuid(ditto_idmap(share), inode));
}

static inline kgid_t ditto_group_of(const struct ditto_share *share, const struct inode *inode)
{
	return vfsgid_into_kgid(i_gid_into_vfsgid(ditto_idmap(share), inode));
}

/* As the module is loaded, and as it goes: fs/acl/acl_intern.c. */
int ditto_acl_interning_init(void);
void ditto_acl_interning_exit(void);

/**
 * ditto_acl_intern - the one copy of a list that nodes keep
 * @acl: only the caller has it; its reference is consumed
 *
 * Context: any but interrupts. Return: an equal list, which may be @acl, to be put. Without memory
 * it is @acl, and others like it can be there, too.
 */
struct ditto_acl *ditto_acl_intern(struct ditto_acl *acl);
#if IS_ENABLED(CONFIG_KUNIT)
/* How many there are. */
unsigned int ditto_acl_interned(void);
#endif

/* What was known of the list is old. Any context but interrupts. */
void ditto_acl_forget(struct ditto_node *node);
/* The same for the inode's node, if there is one. */
void ditto_acl_forget_inode(struct ditto_node_table *table, const struct inode *inode);
/* With the node: nobody holds it. */
void ditto_acl_free(struct ditto_node *node);

/**
 * ditto_acl_in_force - the stored list that a file goes by
 * @share: through which it was reached
 * @node: held
 *
 * Context: may sleep; inode locks may be held. Return: the list, to be put, NULL if the file
 * goes by its mode or POSIX ACL, or ERR_PTR: -ENOMEM, -EJUKEBOX, an error of the file system.
 */
struct ditto_acl *ditto_acl_in_force(struct ditto_share *share, struct ditto_node *node);

/* Whom neither modes nor lists stop. */
static inline bool ditto_is_administrator(const struct ditto_op *op)
{
	return cap_raised(op->cred->cred->cap_effective, CAP_DAC_OVERRIDE);
}

int ditto_acl_access_slow(const struct ditto_op *op, struct ditto_node *node, u32 *rights);

/**
 * ditto_acl_access - what the list gives who asks
 * @op: who
 * @node: held
 * @rights: filled with DITTO_RIGHT_* bits, if there is one
 *
 * An administrator is not checked by lists. One load if there is none.
 *
 * Context: may sleep; inode locks may be held. Return: 1, 0 if no list decides, or an errno.
 */
static inline int ditto_acl_access(const struct ditto_op *op, struct ditto_node *node, u32 *rights)
{
	if (likely(rcu_access_pointer(node->acl) == &ditto_acl_none))
		return 0;
	return ditto_acl_access_slow(op, node, rights);
}

int ditto_act_on_slow(const struct ditto_op *op, struct ditto_node *node, u32 need,
		      const struct cred **as);

/**
 * ditto_act_on - as whom to call the VFS for what it checks by one node
 * @op: who
 * @node: held
 * @need: DITTO_RIGHT_* bits that a list must give
 * @as: filled: the caller's own credential, or one that the mode does not stop
 *
 * Context: may sleep; inode locks may be held. Return: 0, -EACCES or another errno.
 */
static inline int ditto_act_on(const struct ditto_op *op, struct ditto_node *node, u32 need,
			       const struct cred **as)
{
	*as = op->cred->cred;
	if (likely(rcu_access_pointer(node->acl) == &ditto_acl_none))
		return 0;
	return ditto_act_on_slow(op, node, need, as);
}

/* May he take this out of the directory: by either one's list, or by mode. */
int ditto_may_remove(const struct ditto_op *op, struct ditto_node *dir,
		     struct ditto_node *child);
/* May he put a name into the directory? */
int ditto_may_create(const struct ditto_op *op, struct ditto_node *dir, bool is_dir);

/**
 * struct ditto_act_dirs - what a rename or removal is about
 * @from: the directory of @file
 * @file: gets another name, or none
 * @to: the directory of the other name, or NULL
 * @victim: has that name, or NULL
 */
struct ditto_act_dirs {
	struct ditto_node *from;
	struct ditto_node *file;
	struct ditto_node *to;
	struct ditto_node *victim;
};

/* As whom to rename: where no list has a say, the VFS checks. */
int ditto_act_rename(const struct ditto_op *op, const struct ditto_op *op_to,
		     const struct ditto_act_dirs *dirs, const struct cred **as);
/* The same for removing a name. */
int ditto_act_remove(const struct ditto_op *op, struct ditto_node *dir, struct ditto_node *child,
		     const struct cred **as);

/**
 * struct ditto_acl_change - a change of the list that is being made
 * @op: who
 * @dentry: of what; its inode is locked until the end
 * @node: of it, or NULL if it is new
 * @to: to be stored, held, or NULL for none
 * @from: was in force, held, or NULL
 * @access: POSIX ACL that was there, held, or NULL
 * @dflt: the same of a directory's default one
 * @mode_from: the nine bits before
 * @mode_to: and after
 * @took_access: @access was taken away
 * @took_default: @dflt was taken away
 */
struct ditto_acl_change {
	struct ditto_op *op;
	struct dentry *dentry;
	struct ditto_node *node;
	struct ditto_acl *to;
	struct ditto_acl *from;
	struct posix_acl *access;
	struct posix_acl *dflt;
	umode_t mode_from;
	umode_t mode_to;
	bool took_access;
	bool took_default;
};

/* Does this change a list? Return: 1, 0 or an errno. */
int ditto_acl_change_init(struct ditto_acl_change *ch, struct ditto_op *op,
			  struct dentry *dentry, struct ditto_node *node,
			  const struct ditto_setattr *set);
/**
 * ditto_acl_change_begin - store the list
 * @ch: from ditto_acl_change_init()
 *
 * At no moment may anybody do what neither the old nor the new state lets him: the mode is
 * first narrowed to what it has in both.
 *
 * Return: 0, or an errno with everything as before.
 */
int ditto_acl_change_begin(struct ditto_acl_change *ch);
/* The rest failed with @err: back; else the mode is set. Return: what went wrong. */
int ditto_acl_change_end(struct ditto_acl_change *ch, int err);
/* Let go of what it holds; once for each ditto_acl_change_init(). */
void ditto_acl_change_drop(struct ditto_acl_change *ch);
/**
 * ditto_acl_drop_inert - remove a stored list that does not count
 * @op: who
 * @node: of what
 * @dentry: of it
 *
 * For before a POSIX ACL is set: a list beside one would count again without it. A list in
 * force stays.
 *
 * Context: may sleep; the inode is not locked. Return: 0 or an errno.
 */
int ditto_acl_drop_inert(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry);
/**
 * ditto_acl_replace_by_posix - set a POSIX ACL for access in place of the stored list
 * @op: who
 * @node: of what
 * @dentry: of it
 * @posix: as the file system has its ids
 * @as: a credential that may set it
 *
 * One step with the inode locked. From when the POSIX ACL is there it counts; if the list
 * cannot be removed then, the POSIX ACL goes again.
 *
 * Context: may sleep; the inode is not locked. Return: 0, or an errno with all as before.
 */
int ditto_acl_replace_by_posix(struct ditto_op *op, struct ditto_node *node,
			       struct dentry *dentry, struct posix_acl *posix,
			       const struct cred *as);

#endif
