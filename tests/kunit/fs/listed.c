// SPDX-License-Identifier: GPL-2.0-only
/* See listed.h. */
#include <linux/fs.h>
#include <linux/mount.h>

#include "../net/sids.h"
#include "listed.h"

struct ditto_acl *listed_make(struct kunit *test, const struct listed_entry *entries,
			      size_t count)
{
	struct ditto_acl *acl = ditto_acl_alloc(count);

	KUNIT_ASSERT_NOT_NULL(test, acl);
	for (size_t i = 0; i < count; i++) {
		struct ditto_ace *ace = &acl->aces[i];

		ace->type = entries[i].type;
		ace->who = entries[i].who;
		ace->mask = entries[i].mask;
		ace->flags = entries[i].flags;
		if (ace->who == DITTO_WHO_UID)
			ace->uid = KUIDT_INIT(entries[i].id);
		else if (ace->who == DITTO_WHO_GID)
			ace->gid = KGIDT_INIT(entries[i].id);
		if (ace->who != DITTO_WHO_FOREIGN)
			continue;
		sid_of_domain(ace->foreign, entries[i].id);
		ace->foreign_len = SID_OF_DOMAIN;
	}
	return acl;
}

int listed_set(struct folder *f, struct ditto_cred *cred, struct ditto_node *node,
	       const struct ditto_setattr *set)
{
	struct ditto_op op = f->op;
	struct ditto_wcc wcc;

	op.cred = cred;
	return ditto_setattr(&op, node, set, &wcc);
}

void listed_give(struct kunit *test, struct folder *f, struct ditto_node *node,
		 const struct listed_entry *entries, size_t count)
{
	struct ditto_acl *acl = listed_make(test, entries, count);
	const struct ditto_setattr set = { .valid = DITTO_SET_ACL, .acl = acl };

	KUNIT_ASSERT_EQ(test, listed_set(f, f->admin, node, &set), 0);
	ditto_acl_put(acl);
}

int listed_may(struct folder *f, struct ditto_node *node, u32 may)
{
	struct ditto_op op = f->op;

	op.cred = f->user;
	return ditto_permission(&op, node, may);
}

umode_t listed_mode(const struct ditto_node *node)
{
	return node->inode->i_mode & 07777;
}

int listed_chmod(struct folder *f, struct ditto_node *node, umode_t mode)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct iattr ia = {
		.ia_valid = ATTR_MODE,
		.ia_mode = (node->inode->i_mode & S_IFMT) | mode,
	};
	int err;

	inode_lock(node->inode);
	err = notify_change(mnt_idmap(f->path.mnt), dentry, &ia, NULL);
	inode_unlock(node->inode);
	dput(dentry);
	return err;
}

void listed_chmod_does(struct kunit *test, struct folder *f, u32 how)
{
	struct ditto_share_config cfg = { .name = f->name };

	rcu_read_lock();
	cfg.opts = ditto_share_opts_dup(rcu_dereference(f->share->opts));
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, cfg.opts);
	cfg.opts->acl_mode = how;
	KUNIT_ASSERT_EQ(test, ditto_share_set(f->srv, &cfg, NULL), 0);
}
