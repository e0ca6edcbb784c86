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

const struct ditto_token *ditto_names_token_rcu(struct ditto_server *srv, kuid_t uid)
{
	const struct ditto_question q = token_question(uid, NULL);
	const struct ditto_token *token = NULL;
	int ret;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "the token is used under RCU");
	ditto_names_use_fresh(srv, &q, use_token_rcu, &token, &ret);
	return token;
}

int ditto_names_token_prefetch(struct ditto_server *srv, kuid_t uid, const struct in6_addr *asker,
			       struct ditto_names_park *park)
{
	const struct ditto_question q = token_question(uid, asker);

	return names_ask(srv, &q, use_nothing, NULL, true, park);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_token_prefetch, "DITTO");

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
