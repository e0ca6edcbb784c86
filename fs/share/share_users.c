// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access of users and groups to a share.
 *
 * The list is part of the share's options, which are replaced as a whole under RCU, so it never
 * changes.
 */
#include <kunit/visibility.h>
#include <linux/bsearch.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "cred.h"
#include "rules.h"
#include "share.h"
#include "share_users.h"

static int entry_cmp(const void *a, const void *b)
{
	const struct ditto_share_user *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int entries_sort(struct ditto_share_user *entry, unsigned int n)
{
	sort(entry, n, sizeof(*entry), entry_cmp, NULL);
	for (unsigned int i = 1; i < n; i++)
		if (entry[i].id == entry[i - 1].id)
			return -EEXIST;
	return 0;
}

int ditto_share_users_make(struct ditto_share_users *share_users, struct ditto_share_user *users,
			   unsigned int nusers, struct ditto_share_user *groups,
			   unsigned int ngroups)
{
	int err;

	share_users->nusers = 0;
	share_users->ngroups = 0;
	share_users->entry = NULL;
	if (nusers > DITTO_SHARE_USERS_MAX || ngroups > DITTO_SHARE_USERS_MAX - nusers)
		return -E2BIG;
	if (!nusers && !ngroups)
		return 0;
	err = entries_sort(users, nusers) ?: entries_sort(groups, ngroups);
	if (err)
		return err;
	share_users->entry = kmalloc_array(nusers + ngroups, sizeof(*share_users->entry),
					   GFP_KERNEL);
	if (!share_users->entry)
		return -ENOMEM;
	memcpy(share_users->entry, users, nusers * sizeof(*users));
	memcpy(share_users->entry + nusers, groups, ngroups * sizeof(*groups));
	share_users->nusers = nusers;
	share_users->ngroups = ngroups;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_share_users_make);

int ditto_share_users_copy(struct ditto_share_users *to, const struct ditto_share_users *from)
{
	unsigned int n = from->nusers + from->ngroups;

	*to = *from;
	if (!n)
		return 0;
	to->entry = kmemdup_array(from->entry, n, sizeof(*from->entry), GFP_ATOMIC);
	return to->entry ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_share_users_copy);

void ditto_share_users_free(struct ditto_share_users *share_users)
{
	kfree(share_users->entry);
	share_users->entry = NULL;
	share_users->nusers = 0;
	share_users->ngroups = 0;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_share_users_free);

static const struct ditto_share_user *entry_find(const struct ditto_share_user *entry,
						 unsigned int n, u32 id)
{
	const struct ditto_share_user key = { .id = id };

	return n ? bsearch(&key, entry, n, sizeof(*entry), entry_cmp) : NULL;
}

/* Entry with the highest access of the groups; NULL if no group has an entry. */
static const struct ditto_share_user *groups_find(const struct ditto_share_users *share_users,
						  kgid_t gid, unsigned int n,
						  const kgid_t *groups)
{
	const struct ditto_share_user *first = share_users->entry + share_users->nusers;
	const struct ditto_share_user *found, *most = NULL;

	/* The primary group is checked after the supplementary ones. */
	for (unsigned int i = 0; i <= n; i++) {
		found = entry_find(first, share_users->ngroups,
				   __kgid_val(i < n ? groups[i] : gid));
		if (found && (!most || found->access > most->access))
			most = found;
	}
	return most;
}

static enum ditto_share_access share_users_find(const struct ditto_share_opts *opts, kuid_t uid,
						kgid_t gid, unsigned int n, const kgid_t *groups,
						struct ditto_grant_reason *why)
{
	const struct ditto_share_users *share_users = &opts->share_users;
	enum ditto_grant_by by = DITTO_GRANT_BY_USER;
	const struct ditto_share_user *entry;

	entry = entry_find(share_users->entry, share_users->nusers, __kuid_val(uid));
	if (!entry && share_users->ngroups) {
		by = DITTO_GRANT_BY_GROUP;
		entry = groups_find(share_users, gid, n, groups);
	}
	if (why) {
		why->by = entry ? by : DITTO_GRANT_BY_DEFAULT;
		why->id = entry ? entry->id : 0;
	}
	return entry ? entry->access : share_users->others;
}

enum ditto_share_access
ditto_share_users_find(const struct ditto_share_opts *opts, kuid_t uid,
		       kgid_t gid, unsigned int n, const kgid_t *groups)
{
	return share_users_find(opts, uid, gid, n, groups, NULL);
}
EXPORT_SYMBOL_NS_GPL(ditto_share_users_find, DITTO);

bool ditto_share_access_is_admin(enum ditto_share_access access, const struct ditto_ident *ident,
				 const struct ditto_verdict *verdict)
{
	if (access != DITTO_SHARE_ACCESS_ADMIN || ident->anonymous)
		return false;
	return ident->proven || verdict->squash == DITTO_SQUASH_ROOT_TO_ADMIN ||
	       verdict->squash == DITTO_SQUASH_ALL_TO_ADMIN;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_access_is_admin, DITTO);

enum ditto_share_access ditto_share_access_explain(const struct ditto_share *share,
						   const struct ditto_ident *ident,
						   const struct ditto_cred *cred,
						   struct ditto_grant_reason *why)
{
	const struct group_info *info = cred->cred->group_info;
	const struct ditto_share_opts *opts;
	enum ditto_share_access access;

	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	if (ident->anonymous)
		access = share_users_find(opts, opts->anon_uid, opts->anon_gid, 0, NULL, why);
	else if (opts->manage_gids)
		access = share_users_find(opts, ident->uid, ident->gid, info->ngroups, info->gid,
					  why);
	else
		access = share_users_find(opts, ident->uid, ident->gid, ident->ngroups,
					  ident->groups, why);
	rcu_read_unlock();
	return access;
}

enum ditto_share_access ditto_share_access_of(const struct ditto_share *share,
					      const struct ditto_ident *ident,
					      const struct ditto_cred *cred)
{
	return ditto_share_access_explain(share, ident, cred, NULL);
}
EXPORT_SYMBOL_NS_GPL(ditto_share_access_of, DITTO);
