// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps an authenticated name to an account on this machine.
 *
 * A name of a realm or domain is not the name of an account here, even if both are equal: whoever
 * may create names there would choose whom to be here. A name becomes an account by a rule of the
 * configuration, or because the name service knows it together with its realm or domain. It never
 * becomes root or another account of the system.
 *
 * A name without an account is never mapped to another one. Over SMB it is refused: an unknown
 * name must not get the permissions of "nobody". Over NFS it is nobody, see auth_accept().
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "auth_account.h"
#include "auth_gss.h"
#include "clock.h"
#include "identity/identity.h"
#include "daemon/step_limit.h"

/* Look-ups of names that the name service does not find: how many, how long. */
#define FINDER_MOST	16
#define FINDER_TIME	4000

/*
 * Most threads of each pool that look up accounts of domain users. A directory may not answer the
 * name service for minutes; the other threads log in users of this machine.
 */
#define DOMAIN_MOST	(AUTH_THREADS / 2)

static struct step_limit domains_smb = STEP_LIMIT(DOMAIN_MOST, STEP_LIMIT_TIME);
static struct step_limit domains_nfs = STEP_LIMIT(DOMAIN_MOST, STEP_LIMIT_TIME);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct user_map map = { .min_uid = USER_MAP_MIN_UID };

/**
 * struct parts - a name and its domain
 * @kind: kind of the name
 * @user: the name without its domain
 * @domain: the domain, empty if there is none
 */
struct parts {
	enum user_kind kind;
	char user[AUTH_USER_SIZE];
	char domain[AUTH_USER_SIZE];
};

void account_set_map(const struct user_map *from)
{
	struct user_map old;

	pthread_mutex_lock(&lock);
	old = map;
	user_map_copy(&map, from);
	pthread_mutex_unlock(&lock);
	user_map_free(&old);
}

u32 account_min_uid(void)
{
	u32 min_uid;

	pthread_mutex_lock(&lock);
	min_uid = map.min_uid;
	pthread_mutex_unlock(&lock);
	return min_uid;
}

/* Split "DOMAIN\user" or "user@REALM". */
static void account_split(const char *name, struct parts *parts)
{
	const char *backslash = strchr(name, '\\');
	const char *at = backslash ? NULL : strrchr(name, '@');

	memset(parts, 0, sizeof(*parts));
	parts->kind = at ? USER_OF_REALM : USER_OF_DOMAIN;
	if (backslash) {
		memcpy(parts->domain, name, (size_t)(backslash - name));
		memcpy(parts->user, backslash + 1, strlen(backslash + 1) + 1);
	} else if (at) {
		memcpy(parts->user, name, (size_t)(at - name));
		memcpy(parts->domain, at + 1, strlen(at + 1) + 1);
	} else {
		memcpy(parts->user, name, strlen(name) + 1);
	}
}

/* Copy the rule that decides about a name. Returns false if there is none. */
static bool account_rule(const struct parts *who, struct user_rule *rule)
{
	const struct user_rule *found;

	pthread_mutex_lock(&lock);
	found = user_map_find(&map, who->kind, who->user, who->domain);
	if (found)
		*rule = *found;
	pthread_mutex_unlock(&lock);
	return found;
}

static int account_no_answer(const char *name, struct why *why)
{
	why_not(why, "the name service does not answer about %s", name);
	return -EAGAIN;
}

static int account_denied(const char *name, const struct user_rule *rule, struct why *why)
{
	char text[USER_MAP_TEXT_MAX];

	why_not(why, "%s is denied by 'user-map = %s' in ditto.conf", name,
		user_rule_text(rule, text));
	return -EACCES;
}

/* Look up the account that a rule gives to a name. */
static int account_by_rule(const char *name, const struct parts *who,
			   const struct user_rule *rule, struct nss_account *account,
			   struct why *why)
{
	char text[USER_MAP_TEXT_MAX], local[NSS_NAME_SIZE];
	int rc = -ENOENT;

	if (rule->deny)
		return account_denied(name, rule, why);
	if (user_rule_account(rule, who->user, local))
		rc = nss_account(local, account);
	else
		snprintf(local, sizeof(local), "%.200s", who->user);
	if (!rc)
		return 0;
	if (rc != -ENOENT)
		return account_no_answer(local, why);
	why_not(why,
		"%s has no account on this machine: by 'user-map = %s' in ditto.conf it would be '%s', which does not exist",
		name, user_rule_text(rule, text), local);
	return -ENOENT;
}

/* Tell how to give an account to a name. */
static void account_explain(const char *name, const struct parts *who, struct why *why)
{
	if (!who->domain[0])
		why_not(why,
			"%s has no account on this machine: the name has no domain, and is not in the file of local users",
			name);
	else if (strchr(who->user, '/'))
		why_not(why,
			"%s has no account on this machine: to give it one, add 'user-map = %s = ACCOUNT' to [server] in ditto.conf",
			name, name);
	else if (who->kind == USER_OF_REALM)
		why_not(why,
			"%s has no account on this machine: the name service does not know it with its realm; if accounts have the same names as its users, add 'user-map = *@%s = *' to [server] in ditto.conf",
			name, who->domain);
	else
		why_not(why,
			"%s has no account on this machine: the name service does not know it with its domain; if accounts have the same names as its users, add 'user-map = %s\\* = *' to [server] in ditto.conf",
			name, who->domain);
}

/*
 * The name service reports a user of a directory that it cannot ask as one that does not exist.
 * The identities tell the difference.
 */
static int account_not_found(const char *name, const struct parts *who, struct why *why)
{
	const struct identity_who finder = { .user = IDENTITY_FOR_ACCOUNTS, .most = FINDER_MOST,
					     .until = clock_ms() + FINDER_TIME };
	struct identity_query q = { .by = IDENTITY_BY_NAME, .kinds = IDENTITY_USER,
				    .directories = true };
	int rc = -ENOENT;

	if (who->domain[0] && !sid_split(name, &q.who.name))
		rc = identity_find(&finder, &q);
	if (rc == -EAGAIN || (!rc && q.who.kinds & IDENTITY_USER)) {
		why_not(why,
			"the name service does not find %s, but a source of 'identity' in ditto.conf does or cannot be asked: either the domain does not answer, or nsswitch.conf(5) does not name winbind or sss",
			name);
		return -EAGAIN;
	}
	account_explain(name, who, why);
	return -ENOENT;
}

/*
 * Look up the account that the name service has for a name with its domain. A rule may deny the
 * name as the name service writes it, because a user of a directory has several.
 */
static int account_by_domain(const char *name, const struct parts *who,
			     struct nss_account *account, struct why *why)
{
	struct user_rule rule;
	struct parts other;
	int rc = who->domain[0] ? nss_account(name, account) : -ENOENT;

	if (rc == -ENOENT)
		return account_not_found(name, who, why);
	if (rc)
		return account_no_answer(name, why);
	account_split(account->name, &other);
	if (other.domain[0] && account_rule(&other, &rule) && rule.deny)
		return account_denied(name, &rule, why);
	return 0;
}

/* Check that an account may belong to a name of a realm or domain. */
static int account_check(const char *name, const struct nss_account *account, struct why *why)
{
	const char *local = account->name;
	u32 min_uid = account_min_uid();
	enum nss_state state;
	uid_t uid;
	int rc;

	if (!account->uid) {
		why_not(why,
			"%s would be root here, which only a local user can be: map it to another account by 'user-map' in ditto.conf",
			name);
		return -EACCES;
	}
	if (account->uid < min_uid) {
		why_not(why,
			"%s would be the account '%s' of the system, whose uid %u is below min-uid (%u): map it to another account by 'user-map' in ditto.conf",
			name, local, account->uid, min_uid);
		return -EACCES;
	}
	if (account->uid == ACCOUNT_NOBODY) {
		why_not(why,
			"%s would be the account '%s' of the system: map it to another account by 'user-map' in ditto.conf",
			name, local);
		return -EACCES;
	}
	/*
	 * Groups are looked up by name. A name service that leaves out the domain could report a
	 * name that is another account's, and so that account's groups.
	 */
	rc = nss_user_id(local, &uid);
	if (rc && rc != -ENOENT)
		return account_no_answer(local, why);
	if (rc || uid != account->uid) {
		why_not(why,
			"%s is called '%s' by the name service (uid %u), which is the name of another account: rename one of them",
			name, local, account->uid);
		return -EACCES;
	}
	if (nss_account_state(local, &state))
		return account_no_answer(local, why);
	if (state == NSS_VALID)
		return 0;
	why_not(why, "%s would be the account '%s', which %s: '%s %s' makes it valid again", name,
		local, state == NSS_LOCKED ? "is locked" : "has expired",
		state == NSS_LOCKED ? "usermod -U" : "chage -E -1", local);
	return -EACCES;
}

/*
 * Check that an account that no rule gave is not a local one by its number. A directory must not
 * choose which local account its user is; root may, in the file of users.
 */
static int account_check_number(const char *name, const struct nss_account *account,
				struct why *why)
{
	if (!identity_is_local(IDENTITY_USER, account->uid) ||
	    identity_is_local_user(name, account->uid))
		return 0;
	why_not(why,
		"%s would be uid %u, which a local account has: give one of them another number, or map it by 'user-map' in ditto.conf",
		name, account->uid);
	return -EACCES;
}

/* Look up the account of a name that a realm or domain vouches for. @by_rule: a rule decided. */
static int account_of_domain(const struct gss_peer *peer, const struct parts *who,
			     struct nss_account *account, bool *by_rule, struct why *why)
{
	struct user_rule rule;
	int rc;

	*by_rule = false;
	/*
	 * The library escapes special characters of principals by a backslash. Nothing that needs
	 * one is the name of an account, and a realm after an escaped '@' is none.
	 */
	if (peer->way == GSS_WAY_KERBEROS && strchr(peer->name, '\\')) {
		why_not(why,
			"%s has no account on this machine: its name has special characters",
			peer->name);
		return -ENOENT;
	}
	/* No realm vouches for "user@domain" of NTLM. */
	if (who->kind == (peer->way == GSS_WAY_KERBEROS ? USER_OF_REALM : USER_OF_DOMAIN) &&
	    account_rule(who, &rule))
		*by_rule = true;
	if (*by_rule)
		rc = account_by_rule(peer->name, who, &rule, account, why);
	else
		rc = account_by_domain(peer->name, who, account, why);
	rc = rc ?: account_check(peer->name, account, why);
	return rc || *by_rule ? rc : account_check_number(peer->name, account, why);
}

/*
 * Check that the SID of a name leads to its account. A login brings this SID, and is refused if
 * another account has it.
 */
static int account_check_sid(const char *name, const struct nss_account *account, struct why *why)
{
	const struct identity_who asks = { .user = account->uid,
					   .until = clock_ms() + USER_TOKEN_TIME };
	char sid[NSS_NAME_SIZE];
	struct identity found;
	int rc = identity_by_name(&asks, IDENTITY_USER, name, &found);

	if (rc && rc != -ENOENT)
		return account_no_answer(name, why);
	if (rc || !(found.kinds & IDENTITY_USER) || found.id == account->uid)
		return 0;
	sid_text(&found.sid, sid);
	why_not(why,
		"%s would be the account '%s' (uid %u), but its SID %s is that of uid %u: a login is refused",
		name, account->name, account->uid, sid, found.id);
	return -EACCES;
}

int account_map(const char *name, struct nss_account *account, char rule[USER_MAP_TEXT_MAX],
		struct why *why)
{
	struct gss_peer peer = { .way = GSS_WAY_KERBEROS };
	struct user_rule found;
	struct parts who;
	bool by_rule;
	int rc;

	rule[0] = '\0';
	if (strlen(name) >= sizeof(peer.name)) {
		why_not(why, "the name is too long");
		return -EACCES;
	}
	memcpy(peer.name, name, strlen(name) + 1);
	account_split(name, &who);
	if (!who.user[0] || !who.domain[0]) {
		why_not(why, "'%s' is not allowed: user@REALM or DOMAIN\\user is", name);
		return -EACCES;
	}
	if (who.kind == USER_OF_DOMAIN)
		peer.way = GSS_WAY_NTLM;
	rc = account_of_domain(&peer, &who, account, &by_rule, why);
	if (rc)
		return rc;
	if (!by_rule)
		return account_check_sid(name, account, why);
	if (account_rule(&who, &found))
		user_rule_text(&found, rule);
	return 0;
}

static void account_set_numbers(struct user_token *t, const struct nss_account *account)
{
	t->uid = account->uid;
	t->gid = account->gid;
	t->ngids = account->ngids;
	memcpy(t->gids, account->gids, account->ngids * sizeof(t->gids[0]));
}

/* Ask directories, in one of DOMAIN_MOST threads. Returns false if they do not answer others. */
static bool account_enter(const struct gss_peer *peer, struct step_limit *domains, struct why *why)
{
	return step_limit_enter(domains) ||
	       why_not(why, "the name service does not answer about others, and %s waits",
		       peer->name);
}

/* Fill the rest of the token, and say in @why whose it would be. */
static int account_fill_token(const struct gss_peer *peer, struct user_token *t, bool by_rule,
			      struct step_limit *domains, struct why *why)
{
	/* A directory is then asked for the groups, and not only for as long as for a name. */
	bool asks = by_rule && peer->way == GSS_WAY_KERBEROS && !peer->vouched.n;
	struct why reason;
	int rc;

	if (asks && !account_enter(peer, domains, why))
		return -EAGAIN;
	/* A user of NTLM for whom nobody vouches has the groups that the name service knows. */
	rc = user_token_fill(t, peer->way == GSS_WAY_KERBEROS || peer->vouched.n ?
			     &peer->vouched : NULL, by_rule ? peer->name : NULL, &reason);
	if (asks)
		step_limit_leave(domains);
	if (rc)
		why_not(why, "%s: %s", peer->name, reason.text);
	return rc;
}

int account_of(const struct gss_peer *peer, struct auth_step *step, struct why *why)
{
	struct step_limit *domains = step->rpcsec ? &domains_nfs : &domains_smb;
	struct nss_account account;
	bool by_rule = false;
	struct parts who;
	int rc;

	if (peer->way == GSS_WAY_ANONYMOUS) {
		step->anonymous = true;
		step->account.uid = ACCOUNT_NOBODY;
		step->account.gid = ACCOUNT_NOBODY;
		user_token_fill_anonymous(&step->account);
		snprintf(step->user, sizeof(step->user), "ANONYMOUS LOGON");
		snprintf(step->domain, sizeof(step->domain), "NT AUTHORITY");
		return 0;
	}
	account_split(peer->name, &who);
	if (peer->way == GSS_WAY_NTLM && peer->local[0]) {
		/* root wrote the file of local users, so it may name any account. */
		rc = nss_account(peer->local, &account);
		if (rc == -ENOENT) {
			why_not(why,
				"%s has no account on this machine: add one, or 'dittoctl user del %s'",
				peer->name, peer->local);
			return -ENOENT;
		}
		if (rc)
			return account_no_answer(peer->local, why);
	} else {
		if (!account_enter(peer, domains, why))
			return -EAGAIN;
		rc = account_of_domain(peer, &who, &account, &by_rule, why);
		step_limit_leave(domains);
		if (rc)
			return rc;
	}
	if (who.domain[0])
		snprintf(step->domain, sizeof(step->domain), "%.255s", who.domain);
	else
		sid_machine_name(step->domain);
	/*
	 * The name that was proved, and not the account: the kernel delays guesses of a password by
	 * the name that is claimed, and finds the delays of a right one by this.
	 */
	snprintf(step->user, sizeof(step->user), "%s",
		 peer->way == GSS_WAY_KERBEROS ? peer->name :
		 peer->local[0] ? account.name : who.user);
	snprintf(step->name, sizeof(step->name), "%s", account.name);
	/* A client may write any domain before a local user, and some before a user of a domain. */
	if (peer->way == GSS_WAY_KERBEROS)
		snprintf(step->vouched, sizeof(step->vouched), "%.255s", who.domain);
	else if (peer->local[0])
		sid_machine_name(step->vouched);
	else
		step->vouched[0] = '\0';
	account_set_numbers(&step->account, &account);
	return account_fill_token(peer, &step->account, by_rule, domains, why);
}
