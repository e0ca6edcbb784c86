// SPDX-License-Identifier: GPL-2.0-only
/* Options of a share: defaults, copies, and accessors that read them under RCU. */

#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "link.h"
#include "option.h"
#include "rules.h"
#include "share.h"

/* Conventional id of the user and group "nobody". */
#define ANON_ID		65534

/**
 * ditto_share_opts_alloc - allocate options with default values
 *
 * The defaults are: squash root_to_guest, anonymous user 65534, AUTH_SYS, read and write, all
 * protocols, no client rules, write access for all users, browsable.
 *
 * Return: the options, freed with ditto_share_opts_free() or consumed by a share; NULL without
 * memory.
 */
struct ditto_share_opts *ditto_share_opts_alloc(void)
{
	struct ditto_share_opts *opts = kzalloc(sizeof(*opts), GFP_KERNEL);

	if (!opts)
		return NULL;
	opts->blocks = kzalloc(sizeof(*opts->blocks), GFP_KERNEL);
	if (!opts->blocks) {
		kfree(opts);
		return NULL;
	}
	ditto_share_options_defaults(opts);
	opts->anon_uid = KUIDT_INIT(ANON_ID);
	opts->anon_gid = KGIDT_INIT(ANON_ID);
	opts->force_uid = INVALID_UID;
	opts->force_gid = INVALID_GID;
	opts->share_users.others = DITTO_SHARE_ACCESS_WRITE;
	return opts;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_opts_alloc, "DITTO");

/*
 * Make a deep copy of options. @from: options to copy; the caller keeps them. Context: any;
 * allocates atomically. Return: the copy, or NULL without memory.
 */
struct ditto_share_opts *ditto_share_opts_dup(const struct ditto_share_opts *from)
{
	struct ditto_share_opts *opts = kmemdup(from, sizeof(*from), GFP_ATOMIC);

	if (!opts)
		return NULL;
	opts->comment = kstrdup(from->comment, GFP_ATOMIC);
	if (from->comment && !opts->comment)
		goto no_comment;
	opts->snapshots = kstrdup(from->snapshots, GFP_ATOMIC);
	if (from->snapshots && !opts->snapshots)
		goto no_snapshots;
	opts->protocols = kstrdup(from->protocols, GFP_ATOMIC);
	if (from->protocols && !opts->protocols)
		goto no_protocols;
	opts->trash_exclude = kstrdup(from->trash_exclude, GFP_ATOMIC);
	if (from->trash_exclude && !opts->trash_exclude)
		goto no_trash_exclude;
	opts->veto = kstrdup(from->veto, GFP_ATOMIC);
	if (from->veto && !opts->veto)
		goto no_veto;
	opts->veto_folded = kstrdup(from->veto_folded, GFP_ATOMIC);
	if (from->veto_folded && !opts->veto_folded)
		goto no_veto_folded;
	opts->blocks = ditto_share_blocks_dup(from->blocks);
	if (!opts->blocks)
		goto no_blocks;
	if (ditto_rules_copy(&opts->rules, &from->rules))
		goto no_rules;
	if (ditto_share_users_copy(&opts->share_users, &from->share_users))
		goto no_users;
	if (opts->links)
		refcount_inc(&opts->links->ref);
	return opts;

no_users:
	ditto_rules_free(&opts->rules);
no_rules:
	ditto_share_blocks_free(opts->blocks);
no_blocks:
	kfree(opts->veto_folded);
no_veto_folded:
	kfree(opts->veto);
no_veto:
	kfree(opts->trash_exclude);
no_trash_exclude:
	kfree(opts->protocols);
no_protocols:
	kfree(opts->snapshots);
no_snapshots:
	kfree(opts->comment);
no_comment:
	kfree(opts);
	return NULL;
}

/**
 * ditto_share_opts_free - free options that no share uses
 * @opts: the options, or NULL
 *
 * Context: any.
 */
void ditto_share_opts_free(struct ditto_share_opts *opts)
{
	if (!opts)
		return;
	ditto_rules_free(&opts->rules);
	ditto_share_users_free(&opts->share_users);
	ditto_links_put(opts->links);
	ditto_share_blocks_free(opts->blocks);
	kfree(opts->veto_folded);
	kfree(opts->veto);
	kfree(opts->trash_exclude);
	kfree(opts->protocols);
	kfree(opts->snapshots);
	kfree(opts->comment);
	kfree(opts);
}
EXPORT_SYMBOL_NS_GPL(ditto_share_opts_free, "DITTO");

/* True if the options promise less than those before. */
static bool worm_is_weaker(const struct ditto_share_opts *old, const struct ditto_share_opts *opts)
{
	return !opts->worm || opts->worm > old->worm ||
	       opts->worm_mode != DITTO_WORM_COMPLIANCE ||
	       (opts->worm_retention && (!old->worm_retention ||
					 opts->worm_retention < old->worm_retention));
}

/*
 * Check options for contradictions, and against what was promised before. @old: options of before,
 * or NULL. Context: any. Return: 0, -EINVAL, or -EPERM if they are weaker than worm-mode compliance
 * permits.
 */
int ditto_share_opts_check(const struct ditto_share_opts *old, const struct ditto_share_opts *opts,
			   struct netlink_ext_ack *extack)
{
	if (old && old->worm && old->worm_mode == DITTO_WORM_COMPLIANCE &&
	    worm_is_weaker(old, opts)) {
		NL_SET_ERR_MSG(extack,
			       "worm: with worm-mode compliance, files can be committed earlier and kept longer, but not the reverse");
		return -EPERM;
	}
	if (opts->worm && opts->trash) {
		NL_SET_ERR_MSG(extack,
			       "worm: a share with a bin cannot have it: its files would move; turn trash off");
		return -EINVAL;
	}
	if (opts->worm && opts->nested) {
		NL_SET_ERR_MSG(extack,
			       "worm: file systems within the share would not have it; turn nested off and share them themselves");
		return -EINVAL;
	}
	return 0;
}

/*
 * Check options that need a file system which no other machine changes. Context: any. Return: 0 or
 * -EOPNOTSUPP.
 */
int ditto_share_check_volume(const struct ditto_share *share, const struct ditto_share_opts *opts,
			     struct netlink_ext_ack *extack)
{
	/* What another node wrote to a file that is removed here may not be known here yet. */
	if (opts->trash && share->volume->is_cluster) {
		NL_SET_ERR_MSG(extack, "trash: other nodes of a cluster have the file system, too");
		return -EOPNOTSUPP;
	}
	if (!opts->scan || !share->volume->is_remote)
		return 0;
	NL_SET_ERR_MSG_FMT(extack,
			   "scan: others may change files of a %.16s unnoticed after a scan; turn scan off",
			   share->volume->sb->s_type->name);
	return -EOPNOTSUPP;
}

/**
 * ditto_share_local_locks - check whether local processes see the locks and leases of clients
 * @share: the share
 *
 * Context: any.
 * Return: the current value of its option local_locks.
 */
bool ditto_share_local_locks(const struct ditto_share *share)
{
	bool local_locks;

	rcu_read_lock();
	local_locks = rcu_dereference(share->opts)->local_locks;
	rcu_read_unlock();
	return local_locks;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_local_locks, "DITTO");

/*
 * Get the current acl-mode of a share. Context: any. Return: effect on an access control list when
 * a client sets the mode.
 */
enum ditto_chmod ditto_share_acl_mode(const struct ditto_share *share)
{
	enum ditto_chmod mode;

	rcu_read_lock();
	mode = rcu_dereference(share->opts)->acl_mode;
	rcu_read_unlock();
	return mode;
}

/*
 * Get the current value of the option samba-acl of a share. Context: any. Return: whether lists
 * that Samba has stored are obeyed.
 */
enum ditto_ntacl_use ditto_share_ntacl(const struct ditto_share *share)
{
	enum ditto_ntacl_use use;

	rcu_read_lock();
	use = rcu_dereference(share->opts)->samba_acl;
	rcu_read_unlock();
	return use;
}

/* True if the share records accesses. Any context. */
bool ditto_share_audits(const struct ditto_share *share)
{
	bool audits;

	rcu_read_lock();
	audits = rcu_dereference(share->opts)->audit;
	rcu_read_unlock();
	return audits;
}
