// SPDX-License-Identifier: GPL-2.0-only
/* The questions about names, groups and SIDs, and how their answers are used; see names.h. */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/glob.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/string.h>

#include "names.h"
#include "names_ask.h"
#include "names_private.h"

/* The server itself asks without an address. */
static struct in6_addr asker_of(const struct in6_addr *asker)
{
	return asker ? *asker : in6addr_any;
}

static int use_hosts(const struct name_answer *answer, void *arg)
{
	const struct ditto_host_names *hosts = answer->said.hosts;
	const char *pattern = arg, *name;

	if (!hosts)
		return 0;
	name = hosts->text;
	for (unsigned int i = 0; i < hosts->count; i++) {
		if (glob_match(pattern, name))
			return 1;
		name += strlen(name) + 1;
	}
	return 0;
}

static int names_ask(struct ditto_server *srv, const struct ditto_question *q,
		     ditto_names_use_fn use, void *arg, bool wait, struct ditto_names_park *park)
{
	return park ? ditto_names_use_parked(srv, q, use, arg, park) :
		      ditto_names_use(srv, q, use, arg, wait);
}

/*
 * Match a host name pattern against an address. @park: waits instead, unless it waits already; or
 * NULL. Only names that resolve back to the address count; the helper checks that. Context: may
 * sleep: for memory, and a bounded time with @wait. Return: 1 or 0; -EJUKEBOX if there is no answer
 * yet; -ECONNREFUSED without a helper.
 */
int ditto_names_host_match(struct ditto_server *srv, const struct in6_addr *addr,
			   const char *pattern, bool wait, struct ditto_names_park *park)
{
	const struct ditto_question q = {
		.type = DITTO_UPCALL_HOST_NAME, .addr = *addr, .text = ""
	};
	char lower[DITTO_HOST_NAME_MAX + 1];
	size_t len = strlen(pattern);

	if (len > DITTO_HOST_NAME_MAX)
		return 0;
	for (size_t i = 0; i <= len; i++)
		lower[i] = tolower(pattern[i]);
	return names_ask(srv, &q, use_hosts, lower, wait, park);
}

static int use_member(const struct name_answer *answer, void *arg)
{
	return answer->said.member;
}

/*
 * Check whether a client is in a netgroup. Context: as ditto_names_host_match(). Return: as
 * ditto_names_host_match().
 */
int ditto_names_in_netgroup(struct ditto_server *srv, const struct in6_addr *addr,
			    const char *netgroup, bool wait, struct ditto_names_park *park)
{
	const struct ditto_question q = {
		.type = DITTO_UPCALL_NETGROUP, .addr = *addr, .text = netgroup
	};

	return names_ask(srv, &q, use_member, NULL, wait, park);
}

struct groups_room {
	kgid_t *groups;
	unsigned int max;
};

static int use_groups(const struct name_answer *answer, void *arg)
{
	const struct groups_room *room = arg;
	unsigned int n = min(room->max, answer->said.ngroups);

	if (answer->missing)
		return -ENOENT;
	memcpy(room->groups, answer->said.groups, n * sizeof(kgid_t));
	return n;
}

static struct ditto_question groups_question(kuid_t uid, const struct in6_addr *asker)
{
	return (struct ditto_question) {
		.type = DITTO_UPCALL_GROUPS, .uid = uid, .text = "", .asker = asker_of(asker)
	};
}

/*
 * Look up the supplementary groups of a user. @asker: address of the client that needs the answer;
 * NULL for the server itself. Context: may sleep: for memory, and a bounded time with @wait.
 * Return: the number of groups; -ENOENT if there is no such user; -EJUKEBOX; -ECONNREFUSED.
 */
int ditto_names_groups(struct ditto_server *srv, kuid_t uid, kgid_t *groups, unsigned int max,
		       const struct in6_addr *asker, bool wait, struct ditto_names_park *park)
{
	const struct ditto_question q = groups_question(uid, asker);
	struct groups_room room = { .groups = groups, .max = max };

	return names_ask(srv, &q, use_groups, &room, wait, park);
}

static int use_nothing(const struct name_answer *answer, void *arg)
{
	return 0;
}

/* Wait for the groups of a user, as ditto_names_token_prefetch() does for the SIDs. */
void ditto_names_groups_prefetch(struct ditto_server *srv, kuid_t uid,
				 const struct in6_addr *asker)
{
	const struct ditto_question q = groups_question(uid, asker);

	ditto_names_use(srv, &q, use_nothing, NULL, true);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_groups_prefetch, "DITTO");

struct name_room {
	char *name;
	size_t size;
};

static int use_name(const struct name_answer *answer, void *arg)
{
	const struct name_room *room = arg;
	size_t len;

	if (answer->missing)
		return -ENOENT;
	len = strlen(answer->said.name);
	if (len > room->size)
		return -ERANGE;
	memcpy(room->name, answer->said.name, len);
	return len;
}

/**
 * ditto_names_of_user - look up the name of a user, as name@domain
 * @srv: the server
 * @uid: the user
 * @name: filled, without a terminating NUL
 * @size: bytes of @name
 * @asker: address of the client that needs the answer; NULL for the server itself
 *
 * Context: may sleep a bounded time.
 * Return: bytes of the name; -ENOENT if the user has no name; -ERANGE if it does not fit;
 * -EJUKEBOX; -ECONNREFUSED.
 */
int ditto_names_of_user(struct ditto_server *srv, kuid_t uid, char *name, size_t size,
			const struct in6_addr *asker)
{
	const struct ditto_question q = {
		.type = DITTO_UPCALL_USER_NAME, .uid = uid, .text = "", .asker = asker_of(asker)
	};
	struct name_room room = { .name = name, .size = size };

	return ditto_names_use(srv, &q, use_name, &room, true);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_of_user, "DITTO");

/**
 * ditto_names_of_group - look up the name of a group, as name@domain
 * @srv: the server
 * @gid: the group
 * @name: filled, without a terminating NUL
 * @size: bytes of @name
 * @asker: address of the client that needs the answer; NULL for the server itself
 *
 * Context: may sleep a bounded time.
 * Return: as ditto_names_of_user().
 */
int ditto_names_of_group(struct ditto_server *srv, kgid_t gid, char *name, size_t size,
			 const struct in6_addr *asker)
{
	const struct ditto_question q = {
		.type = DITTO_UPCALL_GROUP_NAME, .gid = gid, .text = "", .asker = asker_of(asker)
	};
	struct name_room room = { .name = name, .size = size };

	return ditto_names_use(srv, &q, use_name, &room, true);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_of_group, "DITTO");

static int use_uid(const struct name_answer *answer, void *arg)
{
	kuid_t *uid = arg;

	*uid = answer->said.uid;
	return answer->missing ? -ENOENT : 0;
}

/**
 * ditto_names_user - look up the user with a name
 * @srv: the server
 * @name: name@domain, at most DITTO_NAMES_NAME_MAX bytes
 * @uid: filled
 * @asker: address of the client that needs the answer; NULL for the server itself
 *
 * Context: may sleep a bounded time.
 * Return: 0; -ENOENT if there is no such user or the domain is a foreign one; -EJUKEBOX;
 * -ECONNREFUSED.
 */
int ditto_names_user(struct ditto_server *srv, const char *name, kuid_t *uid,
		     const struct in6_addr *asker)
{
	const struct ditto_question q = {
		.type = DITTO_UPCALL_USER_ID, .text = name, .asker = asker_of(asker)
	};

	return ditto_names_use(srv, &q, use_uid, uid, true);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_user, "DITTO");

static int use_gid(const struct name_answer *answer, void *arg)
{
	kgid_t *gid = arg;

	*gid = answer->said.gid;
	return answer->missing ? -ENOENT : 0;
}

/**
 * ditto_names_group - look up the group with a name
 * @srv: the server
 * @name: name@domain, at most DITTO_NAMES_NAME_MAX bytes
 * @gid: filled
 * @asker: address of the client that needs the answer; NULL for the server itself
 *
 * Context: may sleep a bounded time.
 * Return: as ditto_names_user().
 */
int ditto_names_group(struct ditto_server *srv, const char *name, kgid_t *gid,
		      const struct in6_addr *asker)
{
	const struct ditto_question q = {
		.type = DITTO_UPCALL_GROUP_ID, .text = name, .asker = asker_of(asker)
	};

	return ditto_names_use(srv, &q, use_gid, gid, true);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_group, "DITTO");

static int use_token(const struct name_answer *answer, void *arg)
{
	struct ditto_token **token = arg;

	if (answer->missing)
		return -ENOENT;
	/* The answer keeps its reference for an RCU grace period. */
	*token = ditto_token_hold(answer->said.token);
	return 0;
}

static struct ditto_question token_question(kuid_t uid, const struct in6_addr *asker)
{
	return (struct ditto_question){
		.type = DITTO_UPCALL_USER_SIDS, .uid = uid, .text = "", .asker = asker_of(asker)
	};
}

static int use_token_rcu(const struct name_answer *answer, void *arg)
{
	const struct ditto_token **token = arg;

	*token = answer->said.token;
	return 0;
}

/*
 * Get the SIDs of a user if they are cached. Context: any, under RCU. Return: the token, valid
 * until the end of the RCU read section; NULL without a fresh one.
 */
const struct ditto_token *ditto_names_token_rcu(struct ditto_server *srv, kuid_t uid)
{
	const struct ditto_question q = token_question(uid, NULL);
	const struct ditto_token *token = NULL;
	int ret;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "the token is used under RCU");
	ditto_names_use_fresh(srv, &q, use_token_rcu, &token, &ret);
	return token;
}

/**
 * ditto_names_token_prefetch - ask for the SIDs of a user that may be needed
 * @srv: the server
 * @uid: the user
 * @asker: address of the client that needs the answer; NULL for the server itself
 * @park: waits for the answer, unless it waits already; NULL to wait for DITTO_NAMES_WAIT_MS here
 *
 * Context: may sleep for memory, and without @park for the answer.
 * Return: -EJUKEBOX if there is no answer yet; another value if there is or will be none.
 */
int ditto_names_token_prefetch(struct ditto_server *srv, kuid_t uid, const struct in6_addr *asker,
			       struct ditto_names_park *park)
{
	const struct ditto_question q = token_question(uid, asker);

	return names_ask(srv, &q, use_nothing, NULL, true, park);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_token_prefetch, "DITTO");

/*
 * Look up the SIDs of a user. @asker: address of the client that needs the answer; NULL for the
 * server itself. This function does not wait for the helper: the caller may hold locks. It differs
 * from the others also in that a failed request is no reason to retry. Context: may sleep for
 * memory. Return: 0; -ENOENT if there is no such user; -EJUKEBOX while the helper is asked;
 * -ECONNREFUSED or another error of ditto_upcall() if it cannot be asked or cannot answer.
 */
int ditto_names_token(struct ditto_server *srv, kuid_t uid, struct ditto_token **token,
		      const struct in6_addr *asker)
{
	const struct ditto_question q = token_question(uid, asker);

	return ditto_names_use(srv, &q, use_token, token, false);
}

static int use_sid(const struct name_answer *answer, void *arg)
{
	if (answer->missing)
		return -ENOENT;
	memcpy(arg, answer->said.sid, ditto_sid_len(answer->said.sid));
	return 0;
}

/**
 * ditto_names_sid_of_user - look up the SID of a user
 * @srv: the server
 * @uid: the user
 * @sid: filled
 * @park: made to wait for the answer, if it is not cached and @park does not wait yet; NULL to
 *	use only fresh answers that are cached
 *
 * Context: may sleep for memory.
 * Return: 0; -ENOENT if the user has no SID but the one made of its number; -EJUKEBOX if there is
 * no answer yet; -ECONNREFUSED or another error of ditto_upcall().
 */
int ditto_names_sid_of_user(struct ditto_server *srv, kuid_t uid, u8 sid[DITTO_SID_MAX],
			    struct ditto_names_park *park)
{
	const struct ditto_question q = {
		.type = DITTO_UPCALL_SID_OF_USER, .uid = uid, .text = "",
		.asker = asker_of(park ? &park->asker : NULL),
	};

	return ditto_names_use_parked(srv, &q, use_sid, sid, park);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_sid_of_user, "DITTO");

/**
 * ditto_names_sid_of_group - look up the SID of a group
 * @srv: the server
 * @gid: the group
 * @sid: filled
 * @park: as for ditto_names_sid_of_user()
 *
 * Context: may sleep for memory.
 * Return: as ditto_names_sid_of_user().
 */
int ditto_names_sid_of_group(struct ditto_server *srv, kgid_t gid, u8 sid[DITTO_SID_MAX],
			     struct ditto_names_park *park)
{
	const struct ditto_question q = {
		.type = DITTO_UPCALL_SID_OF_GROUP, .gid = gid, .text = "",
		.asker = asker_of(park ? &park->asker : NULL),
	};

	return ditto_names_use_parked(srv, &q, use_sid, sid, park);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_sid_of_group, "DITTO");

static int use_account(const struct name_answer *answer, void *arg)
{
	struct ditto_account *account = arg;

	if (answer->missing)
		return -ENOENT;
	account->uid = answer->said.uid;
	account->gid = answer->said.gid;
	return 0;
}

/**
 * ditto_names_account_of_sid - look up the account of a SID
 * @srv: the server
 * @sid: valid
 * @account: filled
 * @park: as for ditto_names_sid_of_user()
 *
 * Only accounts whose SID is @sid are found: a SID from the history of an account is -ENOENT.
 *
 * Context: may sleep for memory.
 * Return: 0; -ENOENT if it has no account; others as ditto_names_sid_of_user().
 */
int ditto_names_account_of_sid(struct ditto_server *srv, const u8 *sid,
			       struct ditto_account *account, struct ditto_names_park *park)
{
	char text[DITTO_SID_TEXT];
	const struct ditto_question q = {
		.type = DITTO_UPCALL_ACCOUNT_OF_SID, .text = text,
		.asker = asker_of(park ? &park->asker : NULL),
	};

	ditto_sid_text(sid, text);
	return ditto_names_use_parked(srv, &q, use_account, account, park);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_account_of_sid, "DITTO");
