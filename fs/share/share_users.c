// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access of users and groups to a share.
 *
 * The list is part of the share's options, which are replaced as a whole under RCU, so it never
 * changes.
 */
#include <linux/bsearch.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "../../net/helper/names.h"
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

/*
 * Build the list from unsorted entries. @share_users: filled except for @others; freed with
 * ditto_share_users_free(). Return: 0, -ENOMEM, -E2BIG (more than DITTO_SHARE_USERS_MAX entries),
 * -EEXIST (a duplicate user or group).
 */
int ditto_share_users_make(struct ditto_share_users *share_users, struct ditto_share_user *users,
			   unsigned int nusers, struct ditto_share_user *groups,
			   unsigned int ngroups)
{
	int err;

	share_users->nusers = 0;
	share_users->ngroups = 0;
	share_users->entry = NULL;
	share_users->nsids = 0;
	share_users->sid = NULL;
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

/*
 * Add entries for SIDs to a list. Return: 0, -ENOMEM, -E2BIG (more than DITTO_SHARE_SIDS_MAX, or
 * with the others more than DITTO_SHARE_USERS_MAX entries), -EEXIST (a duplicate SID).
 */
int ditto_share_users_add_sids(struct ditto_share_users *share_users,
			       const struct ditto_share_sid *sids, unsigned int nsids)
{
	if (nsids > DITTO_SHARE_SIDS_MAX ||
	    nsids > DITTO_SHARE_USERS_MAX - share_users->nusers - share_users->ngroups)
		return -E2BIG;
	for (unsigned int i = 0; i < nsids; i++)
		for (unsigned int j = 0; j < i; j++)
			if (!memcmp(sids[i].sid, sids[j].sid, ditto_sid_len(sids[i].sid)))
				return -EEXIST;
	if (!nsids)
		return 0;
	share_users->sid = kmemdup_array(sids, nsids, sizeof(*sids), GFP_KERNEL);
	if (!share_users->sid)
		return -ENOMEM;
	share_users->nsids = nsids;
	return 0;
}

/*
 * Copy a list. @to: filled; freed with ditto_share_users_free(). Context: any; allocates
 * atomically. Return: 0 or -ENOMEM.
 */
int ditto_share_users_copy(struct ditto_share_users *to, const struct ditto_share_users *from)
{
	unsigned int n = from->nusers + from->ngroups;

	*to = *from;
	to->entry = NULL;
	to->sid = NULL;
	if (n) {
		to->entry = kmemdup_array(from->entry, n, sizeof(*from->entry), GFP_ATOMIC);
		if (!to->entry)
			goto free;
	}
	if (from->nsids) {
		to->sid = kmemdup_array(from->sid, from->nsids, sizeof(*from->sid), GFP_ATOMIC);
		if (!to->sid)
			goto free;
	}
	return 0;

free:
	ditto_share_users_free(to);
	return -ENOMEM;
}

/* Free the entries of a list. Context: any. */
void ditto_share_users_free(struct ditto_share_users *share_users)
{
	kfree(share_users->entry);
	kfree(share_users->sid);
	share_users->entry = NULL;
	share_users->sid = NULL;
	share_users->nsids = 0;
	share_users->nusers = 0;
	share_users->ngroups = 0;
}

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

/**
 * struct sids_found - what the entries for SIDs say about a user
 * @user: the entry for the user himself, or NULL
 * @most: the entry with the highest access of his groups, or NULL
 * @user_undecided: of the entries that may be for the user, the one with the lowest access; or NULL
 * @group_undecided: the same of those that may be for a group of his
 */
struct sids_found {
	const struct ditto_share_sid *user;
	const struct ditto_share_sid *most;
	const struct ditto_share_sid *user_undecided;
	const struct ditto_share_sid *group_undecided;
};

static void sids_find(const struct ditto_share_users *share_users,
		      const struct ditto_token *token, struct sids_found *found)
{
	const struct ditto_share_sid **least;

	*found = (struct sids_found) {};
	for (unsigned int i = 0; i < share_users->nsids; i++) {
		const struct ditto_share_sid *sid = &share_users->sid[i];

		switch (ditto_sid_match(sid->sid, token)) {
		case DITTO_SID_OTHER:
			break;
		case DITTO_SID_HIS:
			if (!sid->is_group)
				found->user = sid;
			else if (!found->most || sid->access > found->most->access)
				found->most = sid;
			break;
		case DITTO_SID_UNDECIDED:
			least = sid->is_group ? &found->group_undecided : &found->user_undecided;
			if (!*least || sid->access < (*least)->access)
				*least = sid;
			break;
		}
	}
}

static void grant_because(struct ditto_grant_reason *why, enum ditto_grant_by by, u32 id,
			  const struct ditto_share_sid *sid)
{
	if (!why)
		return;
	*why = (struct ditto_grant_reason) { .by = by, .id = id };
	if (sid)
		memcpy(why->sid, sid->sid, sizeof(why->sid));
}

/* What an entry that may be for the user takes from his access. */
static void sid_takes(const struct ditto_share_sid *undecided, enum ditto_share_access *access,
		      struct ditto_grant_reason *why)
{
	if (!undecided || undecided->access >= *access)
		return;
	*access = undecided->access;
	grant_because(why, DITTO_GRANT_BY_UNDECIDED, 0, undecided);
}

static enum ditto_share_access share_users_find(const struct ditto_share_opts *opts, kuid_t uid,
						kgid_t gid, unsigned int n, const kgid_t *groups,
						const struct ditto_token *token,
						struct ditto_grant_reason *why)
{
	const struct ditto_share_users *share_users = &opts->share_users;
	enum ditto_share_access access = share_users->others;
	const struct ditto_share_user *entry;
	struct sids_found sids;

	entry = entry_find(share_users->entry, share_users->nusers, __kuid_val(uid));
	if (entry) {
		grant_because(why, DITTO_GRANT_BY_USER, entry->id, NULL);
		return entry->access;
	}
	sids_find(share_users, token, &sids);
	if (sids.user) {
		grant_because(why, DITTO_GRANT_BY_SID, 0, sids.user);
		return sids.user->access;
	}
	grant_because(why, DITTO_GRANT_BY_DEFAULT, 0, NULL);
	if (share_users->ngroups)
		entry = groups_find(share_users, gid, n, groups);
	if (entry) {
		access = entry->access;
		grant_because(why, DITTO_GRANT_BY_GROUP, entry->id, NULL);
	}
	if (sids.most && (!entry || sids.most->access > access)) {
		access = sids.most->access;
		grant_because(why, DITTO_GRANT_BY_SID, 0, sids.most);
	}
	if (!entry && !sids.most)
		sid_takes(sids.group_undecided, &access, why);
	sid_takes(sids.user_undecided, &access, why);
	return access;
}

enum ditto_share_access
ditto_share_users_find(const struct ditto_share_opts *opts, kuid_t uid,
		       kgid_t gid, unsigned int n, const kgid_t *groups,
		       const struct ditto_token *token)
{
	return share_users_find(opts, uid, gid, n, groups, token, NULL);
}
EXPORT_SYMBOL_NS_GPL(ditto_share_users_find, "DITTO");

/**
 * ditto_share_access_is_admin - tell whether an identity gets the administrator's privileges
 * @access: access from the share's list
 * @ident: identity of the request, before squashing
 * @verdict: result of the client rules
 *
 * The user must have logged in. If the squash mode of the client's rule or of the share makes
 * root an administrator, the claim of the client suffices: root on that client can claim any user
 * anyway.
 *
 * Context: any.
 * Return: true for an administrator; otherwise DITTO_SHARE_ACCESS_ADMIN means
 * DITTO_SHARE_ACCESS_WRITE.
 */
bool ditto_share_access_is_admin(enum ditto_share_access access, const struct ditto_ident *ident,
				 const struct ditto_verdict *verdict)
{
	if (access != DITTO_SHARE_ACCESS_ADMIN || ident->anonymous)
		return false;
	return ident->proven || verdict->squash == DITTO_SQUASH_ROOT_TO_ADMIN ||
	       verdict->squash == DITTO_SQUASH_ALL_TO_ADMIN;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_access_is_admin, "DITTO");

/*
 * Get the SIDs of an identity that did not bring them along, if the list of the share needs them.
 * Without the helper they stay unknown. Return: 0 or -EJUKEBOX.
 */
static int share_access_token(const struct ditto_share *share, const struct ditto_ident *ident,
			      struct ditto_token **token)
{
	bool needed;

	*token = NULL;
	if (ident->anonymous || ident->token)
		return 0;
	rcu_read_lock();
	needed = rcu_dereference(share->opts)->share_users.nsids;
	rcu_read_unlock();
	if (likely(!needed))
		return 0;
	return ditto_names_token(share->srv, ident->uid, token, ident->from) == -EJUKEBOX ?
	       -EJUKEBOX : 0;
}

/**
 * struct access_groups - the groups by which an identity has its access
 * @n: number of @groups
 * @groups: borrowed from the identity or its credential, or @asked
 * @asked: memory, to be freed; or NULL
 */
struct access_groups {
	unsigned int n;
	const kgid_t *groups;
	kgid_t *asked;
};

/*
 * The groups are those that the helper knows, with manage-gids. A credential has them, too, unless
 * the identity was squashed: then they are asked for here, if the list of the share needs them.
 * Without a helper the request's groups count. Return: 0, -EJUKEBOX or -ENOMEM.
 */
static int share_access_groups(const struct ditto_share *share, const struct ditto_ident *ident,
			       const struct ditto_cred *cred, struct access_groups *g)
{
	const struct group_info *info = cred->cred->group_info;
	const struct ditto_share_opts *opts;
	bool managed, needed;
	int count;

	*g = (struct access_groups) { .n = ident->ngroups, .groups = ident->groups };
	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	managed = opts->manage_gids;
	needed = opts->share_users.ngroups;
	rcu_read_unlock();
	if (!managed || ident->anonymous)
		return 0;
	if (cred->own_groups || !needed || !uid_valid(ident->uid)) {
		g->n = info->ngroups;
		g->groups = info->gid;
		return 0;
	}
	g->asked = kmalloc_array(DITTO_GROUPS_MAX, sizeof(*g->asked), GFP_KERNEL);
	if (!g->asked)
		return -ENOMEM;
	count = ditto_ident_groups(share->srv, ident, ident->uid, g->asked, DITTO_GROUPS_MAX);
	if (count == -ECONNREFUSED)
		return 0;
	if (count < 0 && count != -ENOENT) {
		kfree(g->asked);
		return -EJUKEBOX;
	}
	g->n = max(count, 0);
	g->groups = g->asked;
	return 0;
}

/*
 * The same, with the entry that decides. @why: filled; or NULL. Context: may sleep for memory.
 * Return: as ditto_share_access_of().
 */
int ditto_share_access_explain(const struct ditto_share *share, const struct ditto_ident *ident,
			       const struct ditto_cred *cred, struct ditto_grant_reason *why)
{
	const struct ditto_share_opts *opts;
	const struct ditto_token *token;
	struct access_groups g;
	struct ditto_token *asked;
	enum ditto_share_access access;
	int err;

	err = share_access_groups(share, ident, cred, &g);
	if (err)
		return err;
	err = share_access_token(share, ident, &asked);
	if (err)
		goto free;
	token = ident->token ?: asked;
	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	if (ident->anonymous)
		access = share_users_find(opts, cred->uid, cred->gid, 0, NULL,
					  &ditto_token_nobody, why);
	else
		access = share_users_find(opts, ident->uid, ident->gid, g.n, g.groups, token,
					  why);
	rcu_read_unlock();
	ditto_token_put(asked);
	err = access;
free:
	kfree(g.asked);
	return err;
}

/**
 * ditto_share_access_of - look up the current access of an identity to a share
 * @share: held
 * @ident: identity of the request, before squashing; anonymous means the user of @cred
 * @cred: credential of the identity on the share; provides the groups that the helper
 *	knows, if the share uses these
 *
 * If the list names SIDs and the identity brings none along, the helper is asked for them.
 *
 * Context: may sleep for memory.
 * Return: enum ditto_share_access; -EJUKEBOX while the helper is asked.
 */
int ditto_share_access_of(const struct ditto_share *share,
			  const struct ditto_ident *ident,
			  const struct ditto_cred *cred)
{
	return ditto_share_access_explain(share, ident, cred, NULL);
}
EXPORT_SYMBOL_NS_GPL(ditto_share_access_of, "DITTO");
