// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access control lists of files: loading and caching.
 *
 * A list is stored in an extended attribute, which is read and written as the server because no
 * other credential may access it. The permission bits that were set along with it are stored,
 * too. If the file has other bits, a user of modes has changed them, and the list is adapted in
 * memory. A POSIX access ACL next to the list was set later, by a user of POSIX ACLs, and
 * overrides the list. A value that cannot be parsed counts as an empty list, because it may have
 * denied what the mode permits. The owner, who may always write the list, and the administrator
 * can replace it. If the share says so, a file without the attribute has the list that Samba has
 * stored (ntacl.h).
 *
 * The list is cached with the node. Every change on this machine is reported by fsnotify
 * (fs/node/volume.c), which is synchronous, and invalidates the cache; in addition, a change of
 * the mode is noticed at each use.
 *
 * Barriers: a writer first changes the disk, then increments node->acl_changes under node->lock.
 * A reader reads the count under the lock, reads the disk, and caches the result only if the
 * count is unchanged, again under the lock. A reader that missed the change on disk has the count
 * from before. Either it finds another count in the end, or the writer comes later and drops what
 * was cached. The pointer is published with rcu_assign_pointer(), so its readers see the complete
 * list; &ditto_acl_none has no contents.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/posix_acl_xattr.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "../../../net/helper/names.h"
#include "../../../net/server.h"
#include "../../acl/acl_private.h"
#include "acl_file.h"
#include "explain.h"

/* Attempts to read a list that others are changing. */
#define LOADS_MAX	16

struct ditto_acl_kept ditto_acl_none;

static umode_t acl_mode_bits(const struct inode *inode)
{
	return READ_ONCE(inode->i_mode) & 0777;
}

/* True if a file system accepts the extended attribute DITTO_ACL_XATTR. */
static bool acl_fits(const struct super_block *sb)
{
	const struct xattr_handler *const *handler;

	if (!sb->s_xattr)
		return false;
	for (handler = sb->s_xattr; *handler; handler++) {
		const char *prefix = (*handler)->prefix;

		/* A stacking file system passes on all names. */
		if (prefix && !strncmp(prefix, XATTR_TRUSTED_PREFIX, strlen(prefix)))
			return true;
	}
	return false;
}

int ditto_acl_volume_init(struct ditto_volume *volume)
{
	/* A cached list must be invalidated by every change, including other machines'. */
	volume->has_acls = !volume->is_remote && acl_fits(volume->sb);
	return 0;
}

/**
 * ditto_acl_is_supported - tell whether the share's file system can store lists
 * @op: the caller; names the share
 *
 * Context: any.
 * Return: true if it can.
 */
bool ditto_acl_is_supported(const struct ditto_op *op)
{
	return op->share->volume->has_acls;
}
EXPORT_SYMBOL_NS_GPL(ditto_acl_is_supported, "DITTO");

/* Cache */

static void kept_free(struct ditto_acl_kept *kept)
{
	if (!kept || kept == &ditto_acl_none)
		return;
	ditto_acl_put(kept->acl);
	kfree_rcu(kept, rcu);
}

/* Drop the cached lists of a node because one changed. Any context but interrupts. */
void ditto_acl_forget(struct ditto_node *node)
{
	struct ditto_acl_kept *old;
	struct ditto_acl *audit;

	if (!node->volume->has_acls || S_ISLNK(node->inode->i_mode))
		return;
	spin_lock(&node->lock);
	node->acl_changes++;
	old = rcu_replace_pointer(node->acl, NULL, lockdep_is_held(&node->lock));
	audit = ditto_audit_list_forget(node);
	spin_unlock(&node->lock);
	kept_free(old);
	ditto_audit_list_free(audit);
}

void ditto_acl_node_init(struct ditto_node *node)
{
	if (!node->volume->has_acls || S_ISLNK(node->inode->i_mode)) {
		RCU_INIT_POINTER(node->acl, &ditto_acl_none);
		RCU_INIT_POINTER(node->audit, &ditto_audit_none);
	}
}

void ditto_acl_node_free(struct ditto_node *node)
{
	struct ditto_acl_kept *old;
	struct ditto_acl *audit;

	/* A notification of a change may have found the node at the last moment. */
	spin_lock(&node->lock);
	old = rcu_replace_pointer(node->acl, NULL, lockdep_is_held(&node->lock));
	audit = ditto_audit_list_forget(node);
	spin_unlock(&node->lock);
	kept_free(old);
	ditto_audit_list_free(audit);
}

/* Cache the result. Return: false if it is stale by now. */
static bool acl_keep(struct ditto_node *node, struct ditto_acl_kept *kept, u32 count)
{
	struct ditto_acl_kept *old = NULL;
	bool fresh;

	spin_lock(&node->lock);
	fresh = node->acl_changes == count;
	if (fresh)
		old = rcu_replace_pointer(node->acl, kept, lockdep_is_held(&node->lock));
	spin_unlock(&node->lock);
	kept_free(fresh ? old : kept);
	return fresh;
}

/* Loading */

/*
 * Read the value, for kvfree(); 0 and NULL if there is none. The server's credential is in place.
 */
static ssize_t read_bytes(struct dentry *dentry, void **bytes)
{
	struct inode *inode = d_inode(dentry);
	ssize_t len;

	*bytes = NULL;
	if (!(inode->i_opflags & IOP_XATTR))
		return 0;
	len = __vfs_getxattr(dentry, inode, DITTO_ACL_XATTR, NULL, 0);
	if (len < 0)
		return len == -ENODATA || len == -EOPNOTSUPP ? 0 : len;
	if (!len || len > DITTO_ACL_STORED_MAX)
		return -ERANGE;
	*bytes = kvmalloc(len, GFP_KERNEL);
	if (!*bytes)
		return -ENOMEM;
	/* load_and_keep() reads it again if it changes in between. */
	len = __vfs_getxattr(dentry, inode, DITTO_ACL_XATTR, *bytes, len);
	return len == -ENODATA ? 0 : len;
}

/*
 * Tell whether a list is stored with a file. Context: the server's credential is in place. Return:
 * true if a list is stored, in force or not.
 */
bool ditto_acl_is_stored(struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);

	return inode->i_opflags & IOP_XATTR &&
	       __vfs_getxattr(dentry, inode, DITTO_ACL_XATTR, NULL, 0) >= 0;
}

/*
 * Get a POSIX ACL by its attribute name. Context: the server's credential is in place. Return: the
 * ACL, to be released; NULL if there is none; or an ERR_PTR.
 */
struct posix_acl *ditto_find_posix_acl(struct ditto_share *share, struct dentry *dentry,
				       const char *name)
{
	struct posix_acl *acl = vfs_get_acl(ditto_idmap(share), dentry, name);

	return acl == ERR_PTR(-ENODATA) || acl == ERR_PTR(-EOPNOTSUPP) ? NULL : acl;
}

/* Return an empty list in place of an unusable one. */
static struct ditto_acl *acl_lock_out(struct ditto_share *share, const struct inode *inode,
				      const char *name, const char *what)
{
	struct ditto_acl *acl;

	pr_warn_ratelimited("share %s: inode %llu: its %s %s, and only its owner and the administrator may change that: set another list\n",
			    share->name, (u64)inode->i_ino, name, what);
	acl = ditto_acl_alloc(0);
	if (!acl)
		return ERR_PTR(-ENOMEM);
	acl->flags = DITTO_ACL_DAMAGED;
	return acl;
}

/* Load the list of a file that has none of this server; or NULL. */
static struct ditto_acl *acl_load_ntacl(struct ditto_share *share, struct dentry *dentry,
					enum ditto_ntacl_use use)
{
	const struct inode *inode = d_inode(dentry);
	struct ditto_acl *acl;
	int state = ditto_ntacl_load(share, dentry, use, &acl);

	if (state < 0)
		return ERR_PTR(state);
	switch (state) {
	case DITTO_NTACL_USED:
	case DITTO_NTACL_NONE:
		return acl;
	case DITTO_NTACL_STALE:
	case DITTO_NTACL_UNPROVEN:
		pr_warn_ratelimited("share %s: inode %llu: its %s %s\n", share->name,
				    (u64)inode->i_ino, DITTO_NTACL_XATTR, ditto_ntacl_text(state));
		return NULL;
	default:
		return acl_lock_out(share, inode, DITTO_NTACL_XATTR, ditto_ntacl_text(state));
	}
}

/*
 * Load the list, adapted to kept->mode; or NULL. Sets kept->has_ntacl. The server's credential is
 * in place.
 */
static struct ditto_acl *acl_load(struct ditto_share *share, struct dentry *dentry,
				  struct ditto_acl_kept *kept)
{
	umode_t mode = kept->mode;
	const struct inode *inode = d_inode(dentry);
	struct ditto_acl *acl = NULL;
	struct posix_acl *posix;
	struct ditto_acl *fits;
	umode_t stored = 0;
	void *bytes;
	ssize_t len;

	len = read_bytes(dentry, &bytes);
	if (len > 0)
		acl = ditto_acl_decode(bytes, len, &stored);
	kvfree(bytes);
	if (len < 0 && len != -ERANGE)
		return ERR_PTR(len);
	kept->has_ntacl = !len && ditto_ntacl_exists(dentry);
	if (kept->has_ntacl && kept->use != DITTO_NTACL_OFF)
		return acl_load_ntacl(share, dentry, kept->use);
	if (len == -ERANGE || acl == ERR_PTR(-EUCLEAN))
		return acl_lock_out(share, inode, DITTO_ACL_XATTR, "is damaged");
	if (IS_ERR_OR_NULL(acl))
		return acl;
	posix = ditto_find_posix_acl(share, dentry, XATTR_NAME_POSIX_ACL_ACCESS);
	if (posix) {
		ditto_acl_put(acl);
		if (IS_ERR(posix))
			return ERR_CAST(posix);
		posix_acl_release(posix);
		return NULL;
	}
	if ((stored & 0777) == mode)
		return acl;
	fits = ditto_acl_chmod(acl, mode | (inode->i_mode & S_IFMT),
			       ditto_owner_of(share, inode), ditto_group_of(share, inode));
	/* Without a change it is @acl itself; a changed list is not shared yet. */
	if (!IS_ERR(fits) && fits != acl)
		fits->flags |= DITTO_ACL_ADAPTED;
	ditto_acl_put(acl);
	/* The list cannot express the new mode, and ignoring it would drop what it denies. */
	if (fits == ERR_PTR(-ENOSPC))
		return acl_lock_out(share, inode, DITTO_ACL_XATTR, "is too long");
	return fits;
}

static struct ditto_acl *load_and_keep(struct ditto_share *share, struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct ditto_acl_kept *kept, found;
	const struct cred *old;
	struct ditto_acl *acl;
	u32 count;

	for (int i = 0; i < LOADS_MAX; i++) {
		spin_lock(&node->lock);
		count = node->acl_changes;
		spin_unlock(&node->lock);
		found = (struct ditto_acl_kept) {
			.mode = acl_mode_bits(node->inode),
			.use = ditto_share_ntacl(share),
		};
		old = ditto_act_as(share->srv->nodes->cred);
		acl = acl_load(share, dentry, &found);
		ditto_op_leave(old);
		if (IS_ERR(acl))
			goto out;
		kept = &ditto_acl_none;
		if (acl || found.has_ntacl) {
			if (acl)
				acl = ditto_acl_intern(acl);
			found.acl = acl;
			kept = kmemdup(&found, sizeof(found), GFP_KERNEL);
			if (!kept) {
				ditto_acl_put(acl);
				acl = ERR_PTR(-ENOMEM);
				goto out;
			}
			if (acl)
				ditto_acl_hold(acl);
		}
		/*
		 * Otherwise list and mode could belong to two states, and permit more than
		 * either.
		 */
		if (acl_keep(node, kept, count))
			goto out;
		ditto_acl_put(acl);
	}
	acl = ERR_PTR(-EJUKEBOX);
out:
	dput(dentry);
	return acl;
}

/* Get the cached list unless it is stale, under RCU. NULL if it must be loaded. */
static struct ditto_acl_kept *acl_peek(const struct ditto_share *share, struct ditto_node *node)
{
	struct ditto_acl_kept *kept = rcu_dereference(node->acl);

	if (!kept || kept == &ditto_acl_none)
		return kept;
	if (kept->mode != acl_mode_bits(node->inode) ||
	    (kept->has_ntacl && kept->use != ditto_share_ntacl(share)))
		return NULL;
	return kept;
}

/*
 * Get the stored list that governs a file. Context: inode locks may be held. Return: the list, to
 * be put; NULL if the file is governed by its mode or POSIX ACL; or ERR_PTR(-ENOMEM),
 * ERR_PTR(-EJUKEBOX), an ERR_PTR of the file system.
 */
struct ditto_acl *ditto_acl_in_force(struct ditto_share *share, struct ditto_node *node)
{
	struct ditto_acl_kept *kept;
	struct ditto_acl *acl = NULL;

	rcu_read_lock();
	kept = acl_peek(share, node);
	/* A count of zero means that it was just removed from the node. */
	if (kept && kept->acl) {
		acl = kept->acl;
		if (!refcount_inc_not_zero(&acl->ref))
			kept = NULL;
	}
	rcu_read_unlock();
	return kept ? acl : load_and_keep(share, node);
}

/* Access checks */

/* Tell the administrator of a denial that may not be meant for this user. */
static void acl_tell_undecided(const struct ditto_op *op, const struct ditto_ace *ace)
{
	char text[DITTO_SID_TEXT];

	if (ace->type != DITTO_ACE_DENY)
		return;
	ditto_sid_text(ace->foreign, text);
	pr_warn_ratelimited("share %s: an entry that denies access to %s is applied to user %u, whose SIDs are not known\n",
			    op->share->name, text,
			    from_kuid(&init_user_ns, op->cred->uid));
}

/*
 * Evaluate a list. A user without a token gets the helper's when an entry needs it, so that
 * the helper is not asked where lists name no SIDs. Under RCU only a cached answer is used.
 * Return: false without one.
 */
static bool acl_evaluate_rcu(const struct ditto_op *op, const struct ditto_acl *acl,
			     struct ditto_acl_subject *who, u32 *rights)
{
	const struct ditto_ace *undecided;

	*rights = ditto_acl_rights(acl, who, &undecided);
	if (likely(!undecided))
		return true;
	if (!who->token) {
		who->token = ditto_names_token_rcu(op->share->srv, who->cred->fsuid);
		if (!who->token)
			return false;
		*rights = ditto_acl_rights(acl, who, &undecided);
	}
	if (undecided)
		acl_tell_undecided(op, undecided);
	return true;
}

/* The same, except that the helper is asked. Return: 0, or -EJUKEBOX until it answers. */
static int acl_evaluate(const struct ditto_op *op, const struct ditto_acl *acl,
			struct ditto_acl_subject *who, u32 *rights)
{
	const struct ditto_ace *undecided;
	struct ditto_token *token = NULL;

	*rights = ditto_acl_rights(acl, who, &undecided);
	if (undecided && !who->token) {
		if (ditto_names_token(op->share->srv, who->cred->fsuid, &token,
				      op->from) == -EJUKEBOX) {
			if (op->unresolved && !*op->unresolved)
				*op->unresolved = ditto_cred_hold(op->cred);
			return -EJUKEBOX;
		}
		who->token = token;
		*rights = ditto_acl_rights(acl, who, &undecided);
	}
	if (undecided)
		acl_tell_undecided(op, undecided);
	who->token = op->cred->token;
	ditto_token_put(token);
	return 0;
}

/*
 * Describe the caller and a file to the evaluation of a list. @node: the file, held. Context: any.
 * Return: the subject; its token is borrowed from @op, and NULL if it is not known.
 */
struct ditto_acl_subject ditto_acl_subject_of(const struct ditto_op *op,
					      const struct ditto_node *node)
{
	return (struct ditto_acl_subject) {
		.cred = op->cred->cred,
		.anonymous = op->cred->guest,
		.token = op->cred->token,
		.uid = ditto_owner_of(op->share, node->inode),
		.gid = ditto_group_of(op->share, node->inode),
		.is_dir = S_ISDIR(node->inode->i_mode),
		.decisions = ditto_decisions(op, node),
	};
}

/*
 * Compute the rights that a list grants, for a node that may have one. @op: the caller, no
 * administrator. Context: inode locks may be held. Return: as ditto_acl_access().
 */
int ditto_acl_access_slow(const struct ditto_op *op, struct ditto_node *node, u32 *rights)
{
	/* Filled where a list is evaluated: most files have none. */
	struct ditto_acl_subject who __uninitialized;
	bool decided = false, by_mode;
	struct ditto_acl_kept *kept;
	struct ditto_acl *acl;
	int err;

	rcu_read_lock();
	kept = acl_peek(op->share, node);
	by_mode = kept && !kept->acl;
	if (kept && kept->acl) {
		who = ditto_acl_subject_of(op, node);
		decided = acl_evaluate_rcu(op, kept->acl, &who, rights);
	}
	rcu_read_unlock();
	if (decided)
		return 1;
	if (by_mode)
		return 0;

	acl = ditto_acl_in_force(op->share, node);
	if (IS_ERR_OR_NULL(acl))
		return PTR_ERR_OR_ZERO(acl);
	who = ditto_acl_subject_of(op, node);
	err = acl_evaluate(op, acl, &who, rights);
	ditto_acl_put(acl);
	return err ?: 1;
}

/* Reporting */

/*
 * The VFS returns the ACL with the ids of the file system, while an idmapped mount has other ids.
 * vfs_set_acl() does the reverse mapping itself. Consumes @acl.
 */
static struct posix_acl *posix_acl_map(struct mnt_idmap *idmap, struct user_namespace *ns,
				       struct posix_acl *acl)
{
	struct posix_acl *mapped;
	unsigned int i;

	if (idmap == &nop_mnt_idmap)
		return acl;

	mapped = posix_acl_clone(acl, GFP_KERNEL);
	posix_acl_release(acl);
	if (!mapped)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < mapped->a_count; i++) {
		struct posix_acl_entry *e = &mapped->a_entries[i];

		if (e->e_tag == ACL_USER)
			e->e_uid = vfsuid_into_kuid(make_vfsuid(idmap, ns, e->e_uid));
		else if (e->e_tag == ACL_GROUP)
			e->e_gid = vfsgid_into_kgid(make_vfsgid(idmap, ns, e->e_gid));
	}
	return mapped;
}

/**
 * ditto_get_posix_acl - get a POSIX ACL
 * @op: the caller
 * @node: held
 * @type: ACL_TYPE_ACCESS or ACL_TYPE_DEFAULT
 *
 * Return: the ACL with a reference; without a stored access ACL one made from the mode; NULL
 * without a default ACL; or an ERR_PTR, -EOPNOTSUPP among others.
 */
struct posix_acl *ditto_get_posix_acl(struct ditto_op *op, struct ditto_node *node, int type)
{
	struct mnt_idmap *idmap = ditto_idmap(op->share);
	struct inode *inode = node->inode;
	struct dentry *dentry;
	const struct cred *old;
	struct posix_acl *acl;

	/* Only directories have one, but some file systems would search for it. */
	if (type == ACL_TYPE_DEFAULT && !S_ISDIR(inode->i_mode))
		return NULL;

	dentry = ditto_node_dentry(node);
	old = ditto_op_enter(op);
	acl = vfs_get_acl(idmap, dentry, type == ACL_TYPE_DEFAULT ?
			  XATTR_NAME_POSIX_ACL_DEFAULT : XATTR_NAME_POSIX_ACL_ACCESS);
	ditto_op_leave(old);
	dput(dentry);
	if (!IS_ERR(acl))
		return posix_acl_map(idmap, i_user_ns(inode), acl);
	if (acl != ERR_PTR(-ENODATA))
		return acl;
	return type == ACL_TYPE_ACCESS ? posix_acl_from_mode(inode->i_mode, GFP_KERNEL) : NULL;
}
EXPORT_SYMBOL_NS_GPL(ditto_get_posix_acl, "DITTO");

/**
 * ditto_get_acl - get the list of a file
 * @op: the caller; permission is not checked
 * @node: held
 *
 * Returns the stored list, adapted to the current mode, or a list derived from mode and POSIX
 * ACLs.
 *
 * Return: the list, to be put; ERR_PTR(-ENOMEM), ERR_PTR(-EJUKEBOX) (others keep changing it),
 * ERR_PTR(-EOPNOTSUPP) (a POSIX ACL needs too many entries), or an ERR_PTR of the file system.
 */
struct ditto_acl *ditto_get_acl(struct ditto_op *op, struct ditto_node *node)
{
	umode_t mode = node->inode->i_mode;
	struct posix_acl *access, *dflt = NULL;
	struct ditto_acl *acl;

	if (S_ISLNK(mode))
		return ditto_acl_from_mode(mode);
	acl = ditto_acl_in_force(op->share, node);
	if (acl)
		return acl;

	/* Derive the list of a file without a stored one. */
	access = ditto_get_posix_acl(op, node, ACL_TYPE_ACCESS);
	if (access == ERR_PTR(-EOPNOTSUPP))
		access = NULL;
	if (IS_ERR(access))
		return ERR_CAST(access);
	if (S_ISDIR(mode))
		dflt = ditto_get_posix_acl(op, node, ACL_TYPE_DEFAULT);
	if (dflt == ERR_PTR(-EOPNOTSUPP))
		dflt = NULL;
	if (IS_ERR(dflt)) {
		posix_acl_release(access);
		return ERR_CAST(dflt);
	}
	acl = ditto_acl_from_posix(mode, access, dflt);
	/* Inheritable entries may be omitted; effective ones may not. */
	if (acl == ERR_PTR(-E2BIG))
		acl = ditto_acl_from_posix(mode, access, NULL);
	posix_acl_release(access);
	posix_acl_release(dflt);
	if (!IS_ERR(acl))
		ditto_acl_canonicalize(acl, ditto_owner_of(op->share, node->inode));
	return acl == ERR_PTR(-E2BIG) ? ERR_PTR(-EOPNOTSUPP) : acl;
}
EXPORT_SYMBOL_NS_GPL(ditto_get_acl, "DITTO");
