// SPDX-License-Identifier: GPL-2.0-only
/*
 * Giving a file another name, also one that belongs to another file.
 *
 * The VFS cannot link in place of a file. So the new name is added first, and then taken from the
 * other file, while the directory stays locked: a failure leaves the other file its name, and
 * nobody finds the directory without it. If both are spelled the same, the name that is added is a
 * temporary one, which is renamed over the other file.
 */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/random.h>

#include "../node/node.h"
#include "../offload/offload.h"
#include "casefold_index.h"
#include "check/acl_file.h"
#include "check/audit.h"
#include "check/lock_check_private.h"
#include "dir_change_private.h"
#include "name_private.h"
#include "op_private.h"
#include "trash.h"

/**
 * struct link - a new name in progress
 * @c: change of the directory; its child is the name that is added
 * @node: file that gets the name
 * @source: dentry of @node, held
 * @as: credential to add the name
 * @taken: dentry that loses the name, held; or NULL
 * @victim: file of @taken, held until no lock is held: freeing it may free its data
 * @as_remover: credential to remove @taken
 * @moves: the added name is temporary, and moves to @taken
 * @added: the added name
 * @temporary: memory for it
 */
struct link {
	struct ditto_dir_change c;
	struct ditto_node *node;
	struct dentry *source;
	const struct cred *as;
	struct dentry *taken;
	struct ditto_node *victim;
	const struct cred *as_remover;
	bool moves;
	struct ditto_name added;
	char temporary[32];
};

/* The VFS refuses these files whoever asks, but only after grants were broken. */
static int link_check_file(const struct link *l)
{
	struct inode *inode = l->node->inode;
	u32 most = inode->i_sb->s_max_links;

	if (!inode->i_nlink)
		return -ENOENT;
	if (IS_APPEND(inode) || IS_IMMUTABLE(inode) || !l->c.dir->inode->i_op->link ||
	    HAS_UNMAPPED_ID(ditto_idmap(l->c.op->share), inode))
		return -EPERM;
	return most && inode->i_nlink >= most ? -EMLINK : 0;
}

/*
 * Another name keeps a file in existence after its owner removed it, with its set-id bits and what
 * it takes of his quota. So clients need what fs.protected_hardlinks wants of local users, which
 * vfs_link() does not check: they own the file, or may read and write it and it has no set-id bits.
 */
static int link_check_caller(const struct link *l)
{
	const struct ditto_op *op = l->c.op;
	struct inode *inode = l->node->inode;
	umode_t mode = inode->i_mode;
	int err;

	if (inode_owner_or_capable(ditto_idmap(op->share), inode))
		return 0;
	if (!S_ISREG(mode) || mode & S_ISUID ||
	    (mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
		return -EPERM;
	err = ditto_node_permission(op, l->node, DITTO_MAY_READ | DITTO_MAY_WRITE);
	return err == -EACCES ? -EPERM : err;
}

/* The other file's name was looked up: it is what is taken. */
static int link_find_victim(struct link *l)
{
	struct dentry *child = l->c.child;
	struct ditto_node *victim;

	if (d_is_negative(child))
		return -ENOENT;
	/* A mount in any namespace: the VFS would detach it there. */
	if (d_mountpoint(child))
		return -EBUSY;
	if (d_is_dir(child))
		return -EISDIR;
	if (d_inode(child) == l->node->inode)
		return -EEXIST;
	victim = ditto_node_get(l->c.op->share, child);
	if (IS_ERR(victim))
		return PTR_ERR(victim);
	l->taken = dget(child);
	l->victim = victim;
	return 0;
}

/*
 * Whoever may remove the other file may also move the temporary name there, though in a sticky
 * directory that would need the file that gets the name.
 */
static int link_check_victim(struct link *l)
{
	struct ditto_op *op = l->c.op;
	int err = ditto_act_remove(op, l->c.dir, l->victim, true, &l->as_remover);

	if (err || l->victim->volume->caller_opens)
		return err;
	l->as_remover = ditto_cred_privileged(op->cred, DITTO_PRIVILEGE_OWNER);
	return l->as_remover ? 0 : -ENOMEM;
}

static int link_check(struct link *l)
{
	struct ditto_node *dir = l->c.dir;
	bool early = ditto_has_grants(l->node) || ditto_has_grants(dir);
	struct ditto_op *op = l->c.op;
	int err;

	err = ditto_act_on_early(op, dir, DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_EXECUTE,
				 early ? MAY_WRITE | MAY_EXEC : 0, &l->as) ?:
	      link_check_file(l) ?: link_check_caller(l);
	if (!err && l->victim)
		err = link_check_victim(l) ?:
		      ditto_worm_check(op, l->victim, DITTO_INTENT_REPLACE) ?:
		      ditto_lock_check_name(op, l->victim, DITTO_INTENT_REPLACE);
	return err ?: ditto_lock_check(op, l->node, DITTO_INTENT_LINK) ?:
	       ditto_lock_check(op, dir, DITTO_INTENT_ENTRY);
}

/* Take the name from the other file, which has the same spelling if the added one moves. */
static int link_take(struct link *l)
{
	struct mnt_idmap *idmap = ditto_idmap(l->c.op->share);
	struct inode *dir = l->c.dir->inode;
	struct renamedata rd = {
		.mnt_idmap = idmap,
		.old_parent = l->c.parent,
		.old_dentry = l->c.child,
		.new_parent = l->c.parent,
		.new_dentry = l->taken,
	};
	int changing = ditto_worm_change_begin(l->c.op, l->victim, DITTO_INTENT_REPLACE);
	int lifted = changing < 0 ? changing : ditto_worm_lift(l->c.op, l->victim);
	int err = min(lifted, 0);
	const struct cred *old;

	if (err)
		goto end;
	old = ditto_act_as(l->as_remover);
	if (l->moves)
		err = vfs_rename(&rd);
	else
		err = vfs_unlink(idmap, dir, l->taken, NULL);
	ditto_op_leave(old);
	/* It may have another name. */
	if (lifted && (err || l->victim->inode->i_nlink))
		ditto_worm_restore(l->c.op, l->victim);
end:
	ditto_worm_change_end(l->c.op, l->victim, changing);
	return ditto_no_wait(err);
}

/* Add the name, and take it from the other file. */
static int link_make(struct link *l)
{
	struct mnt_idmap *idmap = ditto_idmap(l->c.op->share);
	struct inode *dir = l->c.dir->inode;
	int err, changing = ditto_worm_change_begin(l->c.op, l->node, DITTO_INTENT_LINK);
	const struct cred *old;

	if (changing < 0)
		return changing;
	old = ditto_act_as(l->as);
	err = vfs_link(l->source, idmap, dir, l->c.child, NULL);
	ditto_op_leave(old);
	ditto_worm_change_end(l->c.op, l->node, changing);
	err = ditto_no_wait(err);
	if (err || !l->victim)
		return err;
	/* Some file systems need a lookup to find the new name. */
	if (d_really_is_negative(l->c.child) || d_unhashed(l->c.child))
		err = ditto_dir_change_lookup(&l->c, &l->added);
	err = err ?: link_take(l);
	if (!err)
		return 0;
	old = ditto_act_as(l->c.op->srv->nodes->cred);
	vfs_unlink(idmap, dir, l->c.child, NULL);
	ditto_op_leave(old);
	return err;
}

static int link_look_up_temporary(struct link *l)
{
	l->added.name = l->temporary;
	l->added.len = scnprintf(l->temporary, sizeof(l->temporary), ".ditto-%016llx",
				 get_random_u64());
	return ditto_dir_change_lookup(&l->c, &l->added);
}

/* Look up @name, and @taken if it is not NULL, which another file has, and change the directory. */
static int link_locked(struct link *l, const struct ditto_name *name,
		       const struct ditto_name *taken)
{
	int err = ditto_dir_change_begin(&l->c, taken ?: name);

	if (!err && taken)
		err = link_find_victim(l) ?: ditto_dir_change_lookup(&l->c, name);
	if (err)
		return err;
	l->added = *name;
	/* To the file system, both may be the same though their case differs. */
	l->moves = l->c.child == l->taken;
	if (l->moves)
		err = link_look_up_temporary(l);
	else if (d_is_positive(l->c.child))
		err = -EEXIST;
	else
		err = ditto_dir_change_check_name(&l->c, name, taken);
	err = err ?: link_check(l);
	if (err)
		return err;
	/* Watches do not tell of the temporary name. */
	if (l->moves)
		set_bit(DITTO_NODE_LINKING, &l->c.dir->flags);
	err = link_make(l);
	clear_bit(DITTO_NODE_LINKING, &l->c.dir->flags);
	return err;
}

/* Break the grants of others, and make the change durable; nothing is locked. */
static int link_tell(struct link *l)
{
	struct ditto_op *op = l->c.op;

	ditto_count_change(l->node);
	ditto_lock_recheck(op, l->node, DITTO_INTENT_LINK);
	if (l->victim)
		ditto_name_lost(op, l->victim, l->taken, DITTO_INTENT_REPLACE);
	ditto_lock_recheck(op, l->c.dir, DITTO_INTENT_ENTRY);
	return ditto_op_commit(op, l->source, true) ?: ditto_op_commit(op, l->c.parent, false);
}

static int do_link(struct ditto_op *op, struct ditto_node *node, struct ditto_op *op_to,
		   struct ditto_node *dir, const struct ditto_name *name,
		   const struct ditto_name *taken, struct ditto_wcc *wcc)
{
	int tries = 0, err;
	struct link l;

again:
	l = (struct link){ .node = node, .source = ditto_node_dentry(node) };
	err = ditto_dir_change_init(&l.c, op_to, dir, wcc);
	l.c.tries = tries++;
	if (err)
		goto end;
	err = -EXDEV;
	if (op->share != op_to->share)
		goto end;
	err = -EISDIR;
	if (S_ISDIR(node->inode->i_mode))
		goto end;
	err = -EROFS;
	if (!op->writable)
		goto end;
	/* It may have been restored since. */
	err = -ENOENT;
	if (unlikely(test_bit(DITTO_NODE_BINNED, &node->flags)) && ditto_trash_has(l.source))
		goto end;
	err = ditto_name_plain(name, -EEXIST, -EEXIST) ?: link_locked(&l, name, taken);
	if (err)
		goto end;
	l.c.removed = taken;
	l.c.added = name;
	ditto_dir_change_unlock(&l.c);
	err = link_tell(&l);
end:
	ditto_dir_change_end(&l.c);
	if (!l.c.added)
		err = ditto_offload_find_room(op_to, dir, 0, err);
	if (l.victim) {
		if (l.c.added || err == -EACCES || err == -EPERM)
			ditto_audit(op_to, l.victim, DITTO_AUDIT_DELETE, DITTO_RIGHT_DELETE,
				    l.c.added);
		ditto_victim_gone(op_to->share, l.victim);
		ditto_node_put(l.victim);
	}
	dput(l.taken);
	dput(l.source);
	if (l.c.unsure) {
		err = ditto_casefold_search(op_to->share, dir, name, taken);
		if (!err)
			goto again;
	}
	return err;
}

/**
 * ditto_link - give a file another name
 * @op: the caller, for the file
 * @node: held; not a directory
 * @op_to: the caller, for the directory
 * @dir: held
 * @name: new name
 * @wcc: attributes of @dir; filled on success and failure
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EEXIST, -EISDIR, -EXDEV (another share), -EACCES, -EPERM (neither the caller's own
 * file nor one that he may read and write), -EROFS and others of the file system.
 */
int ditto_link(struct ditto_op *op, struct ditto_node *node, struct ditto_op *op_to,
	       struct ditto_node *dir, const struct ditto_name *name, struct ditto_wcc *wcc)
{
	return do_link(op, node, op_to, dir, name, NULL, wcc);
}
EXPORT_SYMBOL_NS_GPL(ditto_link, "DITTO");

/*
 * Give a file a name that another file has. @node: held; not a directory. If this fails, the other
 * file keeps its name. Context: no inode lock held. Return: as ditto_link(); -ENOENT if no file has
 * @taken; -EEXIST if it is a name of @node; -EISDIR if the other file is a directory.
 */
int ditto_link_over(struct ditto_op *op, struct ditto_node *node, struct ditto_node *dir,
		    const struct ditto_name *name, const struct ditto_name *taken,
		    struct ditto_wcc *wcc)
{
	return do_link(op, node, op, dir, name, taken, wcc);
}
