// SPDX-License-Identifier: GPL-2.0-only
/*
 * Security labels of files, see label.h.
 *
 * A label belongs to the file, whoever asks. What a client does is decided by its user, not by a
 * label of the client, so the policy of the server's security module sees all clients as the
 * kernel.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/security.h>

#include "../node/node_private.h"
#include "check/acl_file.h"
#include "check/lock_check_private.h"
#include "label.h"
#include "op_private.h"

/**
 * ditto_label_is_on - check whether clients may see and set the labels of a share's files
 * @share: held
 *
 * Context: any.
 * Return: true if the administrator allows it; there need not be a security module with labels.
 */
bool ditto_label_is_on(const struct ditto_share *share)
{
	bool on;

	rcu_read_lock();
	on = rcu_dereference(share->opts)->security_labels;
	rcu_read_unlock();
	return on;
}
EXPORT_SYMBOL_NS_GPL(ditto_label_is_on, "DITTO");

/**
 * ditto_label_get - get the label of a file
 * @share: held
 * @dentry: the file, held
 * @label: filled; to be freed with ditto_label_free()
 *
 * Return: 0; -EOPNOTSUPP if labels are off, or the file has none to show; others of the
 * security module. After an error @label is empty.
 */
int ditto_label_get(const struct ditto_share *share, struct dentry *dentry,
		    struct lsm_context *label)
{
	int err = -EOPNOTSUPP;

	*label = (struct lsm_context){};
	if (ditto_label_is_on(share))
		err = ditto_inode_getsecctx(d_inode(dentry), label);
	if (err) {
		*label = (struct lsm_context){};
		return err;
	}
	if (label->context && label->len && label->len <= DITTO_LABEL_MAX)
		return 0;
	ditto_label_free(label);
	return -EOPNOTSUPP;
}
EXPORT_SYMBOL_NS_GPL(ditto_label_get, "DITTO");

/* Free and empty a label, which may be empty. Any context. */
void ditto_label_free(struct lsm_context *label)
{
	if (label->context)
		ditto_release_secctx(label);
	*label = (struct lsm_context){};
}
EXPORT_SYMBOL_NS_GPL(ditto_label_free, "DITTO");

/* Not every security module checks who sets a label. */
static int label_may_set(const struct ditto_op *op, const struct dentry *dentry)
{
	return inode_owner_or_capable(ditto_idmap(op->share), d_inode(dentry)) ? 0 : -EPERM;
}

static int label_set_locked(struct ditto_op *op, struct dentry *dentry, const void *data, u32 len)
{
	/* The owner may have changed since the lock table was checked. */
	return label_may_set(op, dentry) ?:
	       security_inode_setsecctx(dentry, (void *)data, len);
}

/**
 * ditto_label_set - set the label of a file
 * @op: the caller: the owner of the file, or may write its list
 * @node: held
 * @data: the label
 * @len: bytes of @data, DITTO_LABEL_MAX at most and not 0
 *
 * Return: 0; -EOPNOTSUPP as ditto_label_get(); -EINVAL if the security module does not know the
 * label; -EPERM, -EACCES, -EROFS, -EJUKEBOX and others.
 */
int ditto_label_set(struct ditto_op *op, struct ditto_node *node, const void *data, u32 len)
{
	struct vfsmount *mnt = op->share->root.mnt;
	const struct cred *as, *old;
	struct lsm_context there;
	struct dentry *dentry;
	int err, changing;

	err = op->writable ? mnt_want_write(mnt) : -EROFS;
	if (err)
		return err;
	dentry = ditto_node_dentry(node);
	/* Without a policy a label would be stored that nobody can read. */
	err = ditto_label_get(op->share, dentry, &there);
	if (err)
		goto put;
	ditto_label_free(&there);
	err = ditto_act_on(op, node, DITTO_RIGHT_WRITE_ACL, &as);
	if (err)
		goto put;
	old = ditto_act_as(as);
	err = label_may_set(op, dentry) ?: ditto_lock_check(op, node, DITTO_INTENT_SETATTR);
	changing = err ?: ditto_worm_change_begin(op, node, DITTO_INTENT_SETATTR);
	err = min(changing, 0);
	if (err) {
		ditto_op_leave(old);
		goto put;
	}
	inode_lock(d_inode(dentry));
	err = label_set_locked(op, dentry, data, len);
	inode_unlock(d_inode(dentry));
	ditto_op_leave(old);
	ditto_worm_change_end(op, node, changing);
	err = ditto_no_wait(err);
	ditto_lock_recheck(op, node, DITTO_INTENT_SETATTR);
	if (!err) {
		ditto_child_changed(op, node, DITTO_CHANGED_SECURITY);
		err = ditto_op_commit(op, dentry, false);
	}
put:
	dput(dentry);
	mnt_drop_write(mnt);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_label_set, "DITTO");
