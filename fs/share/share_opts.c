// SPDX-License-Identifier: GPL-2.0-only
/* Options of a share: defaults, copies, and accessors that read them under RCU. */

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/stat.h>

#include "rules.h"
#include "share.h"

/* Conventional id of the user and group "nobody". */
#define ANON_ID		65534

static const struct ditto_share_opts share_opts_defaults = {
#define OPTION(_kind, _attr, _name, _field, _initial, ...) ._field = (_initial),
#include "option_defs.h"
	.anon_uid = KUIDT_INIT(ANON_ID),
	.anon_gid = KGIDT_INIT(ANON_ID),
	.share_users.others = DITTO_SHARE_ACCESS_WRITE,
};

struct ditto_share_opts *ditto_share_opts_alloc(void)
{
	return kmemdup(&share_opts_defaults, sizeof(share_opts_defaults), GFP_KERNEL);
}
EXPORT_SYMBOL_NS_GPL(ditto_share_opts_alloc, DITTO);

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
	if (ditto_rules_copy(&opts->rules, &from->rules))
		goto no_rules;
	if (ditto_share_users_copy(&opts->share_users, &from->share_users))
		goto no_users;
	return opts;

no_users:
	ditto_rules_free(&opts->rules);
no_rules:
	kfree(opts->snapshots);
no_snapshots:
	kfree(opts->comment);
no_comment:
	kfree(opts);
	return NULL;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_opts_dup, DITTO);

void ditto_share_opts_free(struct ditto_share_opts *opts)
{
	if (!opts)
		return;
	ditto_rules_free(&opts->rules);
	ditto_share_users_free(&opts->share_users);
	kfree(opts->snapshots);
	kfree(opts->comment);
	kfree(opts);
}
EXPORT_SYMBOL_NS_GPL(ditto_share_opts_free, DITTO);

bool ditto_share_hides_unreadable(const struct ditto_share *share)
{
	bool hides;

	rcu_read_lock();
	hides = rcu_dereference(share->opts)->hide_unreadable;
	rcu_read_unlock();
	return hides;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_hides_unreadable, DITTO);

bool ditto_share_local_locks(const struct ditto_share *share)
{
	bool local_locks;

	rcu_read_lock();
	local_locks = rcu_dereference(share->opts)->local_locks;
	rcu_read_unlock();
	return local_locks;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_local_locks, DITTO);

enum ditto_chmod ditto_share_acl_mode(const struct ditto_share *share)
{
	enum ditto_chmod mode;

	rcu_read_lock();
	mode = rcu_dereference(share->opts)->acl_mode;
	rcu_read_unlock();
	return mode;
}

umode_t ditto_share_new_mode(const struct ditto_share *share, umode_t mode, bool is_dir)
{
	const struct ditto_share_opts *opts;

	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	if (is_dir)
		mode = (mode & opts->directory_mask) | opts->force_directory_mode;
	else
		mode = (mode & opts->create_mask) | opts->force_create_mode;
	rcu_read_unlock();
	return mode & S_IALLUGO;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_new_mode, DITTO);
