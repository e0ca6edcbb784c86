// SPDX-License-Identifier: GPL-2.0-only
/* Tokens of users; see user_token.h. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "identity.h"
#include "user_token.h"
#include "login_sids.h"

/*
 * Most pending look-ups of a user: half of them can be refreshes or names on pipes, and each of
 * main.c's threads for logins needs one.
 */
#define LOOKUPS			8
/* Sub-authorities of an account of a domain: 21, three of the domain, and the account's. */
#define DOMAIN_ACCOUNT_SUBS	5

/**
 * struct filling - a token that is being filled
 * @t: the token
 * @who: limits of the look-ups
 * @own_user: nobody but the user to whom the directory gives the account may have it
 * @why: filled on error
 */
struct filling {
	struct user_token *t;
	struct identity_who who;
	bool own_user;
	struct why *why;
};

bool user_token_may_vouch(const struct sid *sid)
{
	struct sid machine, domain;

	identity_machine(&machine);
	sid_domain(sid, &domain);
	return sid->authority == SID_AUTHORITY_NT && sid->nsubs == DOMAIN_ACCOUNT_SUBS &&
	       sid->sub[0] == SID_NT_DOMAIN && !sid_same(&domain, &machine);
}

static int user_token_no_answer(struct filling *f, const struct sid *sid)
{
	char text[NSS_NAME_SIZE];

	if (sid) {
		sid_text(sid, text);
		why_not(f->why, "nobody answers about the group or user %s", text);
	} else {
		why_not(f->why, "nobody answers about the groups of uid %u", f->t->uid);
	}
	return -EAGAIN;
}

static int user_token_add_sid(struct filling *f, const struct sid *sid)
{
	if (sid_list_add(&f->t->sids, sid))
		return 0;
	why_not(f->why, "uid %u is in too many groups: at most %u SIDs are allowed", f->t->uid,
		SID_LIST_MAX);
	return -EACCES;
}

static bool user_token_has_gid(const struct user_token *t, u32 gid)
{
	unsigned int i;

	for (i = 0; i < t->ngids; i++)
		if (t->gids[i] == gid)
			return true;
	return false;
}

static int user_token_add_gid(struct filling *f, u32 gid)
{
	struct user_token *t = f->t;

	if (user_token_has_gid(t, gid))
		return 0;
	if (t->ngids == NSS_GROUPS_MAX) {
		why_not(f->why, "uid %u is in too many groups: at most %u are allowed", t->uid,
			NSS_GROUPS_MAX);
		return -EACCES;
	}
	t->gids[t->ngids++] = gid;
	return 0;
}

/*
 * Look up the SID of a number: from its source, or made of the number. @directory is set if a
 * directory knows it.
 */
static int user_token_sid_of_id(struct filling *f, unsigned int kind, u32 id, struct sid *sid,
				bool *directory)
{
	struct identity_query q = { .by = IDENTITY_BY_ID, .kinds = kind, .directories = true,
				    .who = { .id = id } };
	int rc = identity_find(&f->who, &q);

	*directory = !rc && q.who.directory;
	if (!rc)
		*sid = q.who.sid;
	else if (kind == IDENTITY_USER)
		sid_of_user(sid, id);
	else
		sid_of_group(sid, id);
	return rc == -ENOENT ? 0 : rc;
}

/* Check that the account is the one of the user for whom a domain controller vouches. */
static int user_token_check_user(struct filling *f, const struct sid *own, const struct sid *user)
{
	struct identity_query q = { .by = IDENTITY_BY_SID, .directories = true,
				    .who = { .sid = *user } };
	char text[NSS_NAME_SIZE], other[NSS_NAME_SIZE];
	struct sid domain, own_domain;
	int rc = identity_find(&f->who, &q);

	if (rc && rc != -ENOENT)
		return user_token_no_answer(f, user);
	sid_text(user, text);
	if (!rc && q.who.kinds & IDENTITY_USER && q.who.id != f->t->uid) {
		why_not(f->why,
			"the domain says that this is %s\\%s (%s), who is uid %u here, and not uid %u",
			q.who.name.domain, q.who.name.name, text, q.who.id, f->t->uid);
		return -EACCES;
	}
	sid_domain(user, &domain);
	sid_domain(own, &own_domain);
	if (!sid_same(user, own) && (f->own_user || sid_same(&domain, &own_domain))) {
		sid_text(own, other);
		why_not(f->why, "the domain says that this is %s, but uid %u is its account %s",
			text, f->t->uid, other);
		return -EACCES;
	}
	return 0;
}

/* Add the number of a group for which a domain controller vouches, if it has one. */
static int user_token_add_group_of(struct filling *f, const struct sid *sid)
{
	struct identity_query q = { .by = IDENTITY_BY_SID, .directories = true,
				    .who = { .sid = *sid } };
	int rc = identity_find(&f->who, &q);

	if (rc && rc != -ENOENT)
		return user_token_no_answer(f, sid);
	if (rc || !(q.who.kinds & IDENTITY_GROUP))
		return 0;
	return user_token_add_gid(f, q.who.id);
}

static int user_token_add_vouched(struct filling *f, const struct sid *own,
				  const struct sid_list *vouched)
{
	unsigned int i;
	int rc;

	if (!user_token_may_vouch(&vouched->sid[0])) {
		why_not(f->why, "the domain does not say who uid %u is", f->t->uid);
		return -EACCES;
	}
	rc = user_token_check_user(f, own, &vouched->sid[0]);
	for (i = 0; !rc && i < vouched->n; i++) {
		if (!user_token_may_vouch(&vouched->sid[i]))
			continue;
		rc = user_token_add_sid(f, &vouched->sid[i]);
		if (!rc && i)
			rc = user_token_add_group_of(f, &vouched->sid[i]);
	}
	return rc;
}

/* Add the SID of a group that the name service knows. */
static int user_token_add_group(struct filling *f, u32 gid)
{
	struct sid sid;
	bool ignored;

	if (user_token_sid_of_id(f, IDENTITY_GROUP, gid, &sid, &ignored))
		return user_token_no_answer(f, NULL);
	return user_token_add_sid(f, &sid);
}

/*
 * Add the BUILTIN aliases that stand for one of the groups. Users of this machine must not be
 * refused because the group of an alias is one of a directory that does not answer.
 */
static int user_token_add_aliases(struct filling *f)
{
	struct sid sid[IDENTITY_ALIASES_MAX];
	unsigned int n = identity_aliases_get(sid), i;
	struct identity who;
	int rc;

	for (i = 0; i < n; i++) {
		if (identity_by_sid(&f->who, &sid[i], &who) || !(who.kinds & IDENTITY_GROUP) ||
		    !user_token_has_gid(f->t, who.id))
			continue;
		rc = user_token_add_sid(f, &sid[i]);
		if (rc)
			return rc;
		if (sid[i].sub[1] == SID_RID_ADMINISTRATORS)
			f->t->privileges |= USER_TOKEN_TAKE_OWNERSHIP | USER_TOKEN_SECURITY;
	}
	return 0;
}

/*
 * Nobody vouches for a user to whom a rule gives the account. If a directory knows the user, the
 * groups there count all the same. Returns 0, and nothing in @asked if no directory knows the name.
 */
static int user_token_ask(struct filling *f, const char *name, struct sid_list *asked)
{
	struct identity_query q = { .by = IDENTITY_BY_NAME, .kinds = IDENTITY_USER,
				    .directories = true };
	int rc = sid_split(name, &q.who.name) ? -ENOENT : identity_find(&f->who, &q);

	if (rc == -ENOENT || (!rc && !q.who.directory))
		return 0;
	if (!rc) {
		sid_list_add(asked, &q.who.sid);
		rc = identity_sids(&q.who.sid, asked);
	}
	if (!rc)
		return 0;
	if (rc == -ENOENT || rc == -E2BIG) {
		why_not(f->why,
			rc == -E2BIG ? "it is in too many groups of its domain" :
			"the ticket has no PAC, and no source of 'identity' in ditto.conf can list the groups of its domain (winbind can): the account of this server must not have NO_AUTH_DATA_REQUIRED in its userAccountControl, nor may the client ask for a ticket without a PAC");
		return -EACCES;
	}
	why_not(f->why, "the ticket has no PAC, and nobody answers about the groups of its domain");
	return -EAGAIN;
}

int user_token_fill(struct user_token *t, const struct sid_list *vouched, const char *mapped,
		    struct why *why)
{
	struct filling f = { .t = t, .why = why,
			     .who = { .user = t->uid, .most = LOOKUPS,
				      .until = clock_ms() + USER_TOKEN_TIME } };
	unsigned int own_groups = t->ngids, i;
	struct sid_list kept = { 0 }, asked = { 0 };
	bool of_directory, keep;
	struct sid sid;
	int rc;

	if (user_token_sid_of_id(&f, IDENTITY_USER, t->uid, &sid, &of_directory))
		return user_token_no_answer(&f, NULL);
	if (vouched && !vouched->n) {
		/* The name alone may be an old one, or one that was given to another account. */
		if (of_directory) {
			why_not(why,
				"the ticket has no PAC, so that nothing but the name says that this is uid %u: the account of this server must not have NO_AUTH_DATA_REQUIRED in its userAccountControl, nor may the client ask for a ticket without a PAC",
				t->uid);
			return -EACCES;
		}
		rc = mapped ? user_token_ask(&f, mapped, &asked) : 0;
		if (rc)
			goto out;
		vouched = asked.n ? &asked : NULL;
	}
	f.own_user = of_directory && !mapped;
	/* Several users of a domain may have one account by a rule; they have nothing in common. */
	keep = vouched && sid_same(&vouched->sid[0], &sid);
	if (!vouched && login_sids_get(t->uid, clock_ms(), &kept) && sid_same(&kept.sid[0], &sid))
		vouched = &kept;
	rc = user_token_add_sid(&f, &sid);
	if (!rc && vouched)
		rc = user_token_add_vouched(&f, &sid, vouched);
	/* Groups behind come from @vouched, whose SIDs are there. */
	for (i = 0; !rc && i < own_groups; i++)
		rc = user_token_add_group(&f, t->gids[i]);
	t->complete = vouched || identity_knows_domains();
	rc = rc ?: user_token_add_aliases(&f);
	/* The SIDs of a refused login are dropped: later calls by number would be refused, too. */
	if (!rc && keep)
		login_sids_store(t->uid, vouched, clock_ms());
out:
	sid_list_clear(&asked);
	sid_list_clear(&kept);
	return rc;
}

void user_token_fill_anonymous(struct user_token *t)
{
	struct sid sid;

	sid_of_anonymous(&sid);
	sid_list_add(&t->sids, &sid);
	t->complete = true;
}

void user_token_clear(struct user_token *t)
{
	sid_list_clear(&t->sids);
}
