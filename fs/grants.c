// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grants of a share.
 *
 * They lie in the share's options, which are replaced as a whole under RCU, so
 * they never change.
 */
#include <kunit/visibility.h>
#include <linux/bsearch.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "cred.h"
#include "grants.h"
#include "rules.h"
#include "share.h"

static int entry_cmp(const void *a, const void *b)
{
	const struct ditto_grant_entry *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int entries_sort(struct ditto_grant_entry *entry, unsigned int n)
{
	sort(entry, n, sizeof(*entry), entry_cmp, NULL);
	for (unsigned int i = 1; i < n; i++)
		if (entry[i].id == entry[i - 1].id)
			return -EEXIST;
	return 0;
}

int ditto_grants_make(struct ditto_grants *grants, struct ditto_grant_entry *users,
		      unsigned int nusers, struct ditto_grant_entry *groups,
		      unsigned int ngroups)
{
	int err;

	grants->nusers = 0;
	grants->ngroups = 0;
	grants->entry = NULL;
	if (nusers > DITTO_GRANTS_MAX || ngroups > DITTO_GRANTS_MAX - nusers)
		return -E2BIG;
	if (!nusers && !ngroups)
		return 0;
	err = entries_sort(users, nusers) ?: entries_sort(groups, ngroups);
	if (err)
		return err;
	grants->entry = kmalloc_array(nusers + ngroups, sizeof(*grants->entry), GFP_KERNEL);
	if (!grants->entry)
		return -ENOMEM;
	memcpy(grants->entry, users, nusers * sizeof(*users));
	memcpy(grants->entry + nusers, groups, ngroups * sizeof(*groups));
	grants->nusers = nusers;
	grants->ngroups = ngroups;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_grants_make);

int ditto_grants_copy(struct ditto_grants *to, const struct ditto_grants *from)
{
	unsigned int n = from->nusers + from->ngroups;

	*to = *from;
	if (!n)
		return 0;
	to->entry = kmemdup_array(from->entry, n, sizeof(*from->entry), GFP_ATOMIC);
	return to->entry ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_grants_copy);

void ditto_grants_free(struct ditto_grants *grants)
{
	kfree(grants->entry);
	grants->entry = NULL;
	grants->nusers = 0;
	grants->ngroups = 0;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_grants_free);

static const struct ditto_grant_entry *entry_find(const struct ditto_grant_entry *entry,
						  unsigned int n, u32 id)
{
	const struct ditto_grant_entry key = { .id = id };

	return n ? bsearch(&key, entry, n, sizeof(*entry), entry_cmp) : NULL;
}

/* The most of those of groups; false if no group has one. */
static bool groups_find(const struct ditto_grants *grants, kgid_t gid, unsigned int n,
			const kgid_t *groups, enum ditto_grant *most)
{
	const struct ditto_grant_entry *first = grants->entry + grants->nusers;
	const struct ditto_grant_entry *found;
	bool any = false;

	*most = DITTO_GRANT_NONE;
	/* His own group comes behind the others. */
	for (unsigned int i = 0; i <= n; i++) {
		found = entry_find(first, grants->ngroups, __kgid_val(i < n ? groups[i] : gid));
		if (!found)
			continue;
		any = true;
		*most = max(*most, found->grant);
	}
	return any;
}

enum ditto_grant ditto_grants_find(const struct ditto_share_opts *opts, kuid_t uid, kgid_t gid,
				   unsigned int n, const kgid_t *groups)
{
	const struct ditto_grants *grants = &opts->grants;
	const struct ditto_grant_entry *user;
	enum ditto_grant most;

	user = entry_find(grants->entry, grants->nusers, __kuid_val(uid));
	if (user)
		return user->grant;
	if (grants->ngroups && groups_find(grants, gid, n, groups, &most))
		return most;
	return grants->others;
}
EXPORT_SYMBOL_NS_GPL(ditto_grants_find, DITTO);

bool ditto_grant_is_admin(enum ditto_grant grant, const struct ditto_ident *ident,
			  const struct ditto_verdict *verdict)
{
	if (grant != DITTO_GRANT_ADMIN || ident->anonymous)
		return false;
	return ident->proven || verdict->squash == DITTO_SQUASH_ROOT_TO_ADMIN ||
	       verdict->squash == DITTO_SQUASH_ALL_TO_ADMIN;
}
EXPORT_SYMBOL_NS_GPL(ditto_grant_is_admin, DITTO);

static enum ditto_grant opts_grant(const struct ditto_share_opts *opts,
				   const struct ditto_ident *ident,
				   const struct ditto_cred *cred)
{
	const struct group_info *info = cred->cred->group_info;

	if (ident->anonymous)
		return ditto_grants_find(opts, opts->anon_uid, opts->anon_gid, 0, NULL);
	if (opts->manage_gids)
		return ditto_grants_find(opts, ident->uid, ident->gid, info->ngroups, info->gid);
	return ditto_grants_find(opts, ident->uid, ident->gid, ident->ngroups, ident->groups);
}

enum ditto_grant ditto_share_grant(const struct ditto_share *share,
				   const struct ditto_ident *ident,
				   const struct ditto_cred *cred)
{
	enum ditto_grant grant;

	rcu_read_lock();
	grant = opts_grant(rcu_dereference(share->opts), ident, cred);
	rcu_read_unlock();
	return grant;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_grant, DITTO);
