// SPDX-License-Identifier: GPL-2.0-only
/* Questions about names and groups: encoding of the request and decoding of the answer. */
#include <linux/ctype.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "../netlink.h"
#include "names.h"
#include "names_ask.h"

/* Free what an answer points to and zero it; @said itself is the caller's. */
void ditto_said_free(struct ditto_said *said)
{
	kfree(said->hosts);
	kfree(said->groups);
	kfree(said->name);
	ditto_token_put(said->token);
	kfree(said->sid);
	*said = (struct ditto_said){};
}

static void hosts_add(struct ditto_host_names *hosts, const char *name)
{
	size_t len = strlen(name);
	char *to = hosts->text + hosts->bytes;

	for (size_t i = 0; i < len; i++)
		to[i] = tolower(name[i]);
	to[len] = '\0';
	hosts->bytes += len + 1;
	hosts->count++;
}

/*
 * Build a list of host names. Return: the names in lower case, to be freed with kfree(); NULL
 * without memory.
 */
struct ditto_host_names *ditto_host_names_make(const char *const *names, unsigned int count)
{
	struct ditto_host_names *hosts;
	size_t bytes = 0;

	for (unsigned int i = 0; i < count; i++)
		bytes += strlen(names[i]) + 1;
	hosts = kzalloc(struct_size(hosts, text, bytes), GFP_KERNEL);
	if (!hosts)
		return NULL;
	for (unsigned int i = 0; i < count; i++)
		hosts_add(hosts, names[i]);
	return hosts;
}

/* Argument of the functions that write the request and read the answer. */
struct ask {
	const struct ditto_question *question;
	const struct ditto_host_names *hosts;
	struct ditto_said *said;
};

static int ask_put_addr(struct sk_buff *msg, const struct ask *ask)
{
	return ditto_nl_put_addr(msg, DITTO_A_UPCALL_ADDRESS, &ask->question->addr);
}

static int ask_put_netgroup(struct sk_buff *msg, const struct ask *ask)
{
	const char *name;

	if (ask_put_addr(msg, ask) ||
	    nla_put_string(msg, DITTO_A_UPCALL_NETGROUP, ask->question->text))
		return -EMSGSIZE;
	if (!ask->hosts)
		return 0;
	name = ask->hosts->text;
	for (unsigned int i = 0; i < ask->hosts->count; i++) {
		if (nla_put_string(msg, DITTO_A_UPCALL_HOST_NAME, name))
			return -EMSGSIZE;
		name += strlen(name) + 1;
	}
	return 0;
}

static int ask_put_uid(struct sk_buff *msg, const struct ask *ask)
{
	return nla_put_u32(msg, DITTO_A_UPCALL_UID, from_kuid(&init_user_ns, ask->question->uid));
}

static int ask_put_gid(struct sk_buff *msg, const struct ask *ask)
{
	return nla_put_u32(msg, DITTO_A_UPCALL_GID, from_kgid(&init_user_ns, ask->question->gid));
}

static int ask_put_name(struct sk_buff *msg, const struct ask *ask)
{
	return nla_put_string(msg, DITTO_A_UPCALL_USER, ask->question->text);
}

static int got_hosts(struct genl_info *info, struct ditto_said *said)
{
	struct ditto_host_names *hosts;
	const struct nlattr *attr;
	char name[DITTO_HOST_NAME_MAX + 1];
	int rem;

	hosts = kzalloc(struct_size(hosts, text, DITTO_NAMES_BYTES), GFP_KERNEL);
	if (!hosts)
		return -ENOMEM;
	nlmsg_for_each_attr_type(attr, DITTO_A_UPCALL_HOST_NAME, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_strscpy(name, attr, sizeof(name)) <= 0)
			continue;
		/* Only the first names of a machine with more names are used. */
		if (hosts->count == DITTO_NAMES_PER_HOST ||
		    hosts->bytes + strlen(name) + 1 > DITTO_NAMES_BYTES)
			break;
		hosts_add(hosts, name);
	}
	/* Trim the buffer, which was large enough for any answer. */
	said->hosts = kmemdup(hosts, struct_size(hosts, text, hosts->bytes), GFP_KERNEL);
	kfree(hosts);
	return said->hosts ? 0 : -ENOMEM;
}

static int got_groups(struct genl_info *info, struct ditto_said *said)
{
	const struct nlattr *attr = info->attrs[DITTO_A_UPCALL_GIDS];
	unsigned int n;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_GIDS)) {
		NL_SET_ERR_MSG(info->extack, "an answer about groups carries them");
		return -EINVAL;
	}
	if (nla_len(attr) % sizeof(u32) || nla_len(attr) > DITTO_GROUPS_MAX * sizeof(u32)) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, attr,
					"groups are numbers of 4 bytes, at most %u of them",
					DITTO_GROUPS_MAX);
		return -EINVAL;
	}
	n = nla_len(attr) / sizeof(u32);
	said->groups = kmalloc_array(n ? n : 1, sizeof(kgid_t), GFP_KERNEL);
	if (!said->groups)
		return -ENOMEM;

	said->ngroups = ditto_nl_get_gids(attr, said->groups);
	return 0;
}

static int got_member(struct genl_info *info, struct ditto_said *said)
{
	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_MEMBER)) {
		NL_SET_ERR_MSG(info->extack,
			       "an answer about a netgroup says if the host is a member");
		return -EINVAL;
	}
	said->member = nla_get_u8(info->attrs[DITTO_A_UPCALL_MEMBER]);
	if (!info->attrs[DITTO_A_UPCALL_HOST_NAME])
		return 0;
	return got_hosts(info, said);
}

static int got_name(struct genl_info *info, struct ditto_said *said)
{
	const struct nlattr *attr = info->attrs[DITTO_A_UPCALL_USER];

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_USER)) {
		NL_SET_ERR_MSG(info->extack, "an answer about a name carries it");
		return -EINVAL;
	}
	/*
	 * The policy guarantees a terminated string. An empty one wraps around here and is
	 * rejected.
	 */
	if (strnlen(nla_data(attr), nla_len(attr)) - 1 >= DITTO_NAMES_NAME_MAX) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, attr, "a name has 1 to %u bytes",
					DITTO_NAMES_NAME_MAX);
		return -EINVAL;
	}
	said->name = nla_strdup(attr, GFP_KERNEL);
	return said->name ? 0 : -ENOMEM;
}

static int got_uid(struct genl_info *info, struct ditto_said *said)
{
	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_UID)) {
		NL_SET_ERR_MSG(info->extack, "an answer about a user carries the number");
		return -EINVAL;
	}
	said->uid = make_kuid(&init_user_ns, nla_get_u32(info->attrs[DITTO_A_UPCALL_UID]));
	return uid_valid(said->uid) ? 0 : -EINVAL;
}

static int got_gid(struct genl_info *info, struct ditto_said *said)
{
	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_GID)) {
		NL_SET_ERR_MSG(info->extack, "an answer about a group carries the number");
		return -EINVAL;
	}
	said->gid = make_kgid(&init_user_ns, nla_get_u32(info->attrs[DITTO_A_UPCALL_GID]));
	return gid_valid(said->gid) ? 0 : -EINVAL;
}

static int got_sids(struct genl_info *info, struct ditto_said *said)
{
	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_SIDS)) {
		NL_SET_ERR_MSG(info->extack, "an answer about SIDs carries them");
		return -EINVAL;
	}
	return ditto_token_read(info, &said->token);
}

static int got_sid(struct genl_info *info, struct ditto_said *said)
{
	const struct nlattr *attr = info->attrs[DITTO_A_UPCALL_SID];

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_SID)) {
		NL_SET_ERR_MSG(info->extack, "an answer about a SID carries it");
		return -EINVAL;
	}
	if (!ditto_sid_is_valid(nla_data(attr), nla_len(attr))) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "this is no SID");
		return -EINVAL;
	}
	said->sid = nla_memdup(attr, GFP_KERNEL);
	return said->sid ? 0 : -ENOMEM;
}

static int got_account(struct genl_info *info, struct ditto_said *said)
{
	said->uid = INVALID_UID;
	said->gid = INVALID_GID;
	if (!info->attrs[DITTO_A_UPCALL_UID] && !info->attrs[DITTO_A_UPCALL_GID]) {
		NL_SET_ERR_MSG(info->extack, "an answer about an account carries a number");
		return -EINVAL;
	}
	return (info->attrs[DITTO_A_UPCALL_UID] ? got_uid(info, said) : 0) ?:
	       (info->attrs[DITTO_A_UPCALL_GID] ? got_gid(info, said) : 0);
}

/* How each type of question is asked, and its answer read. */
static const struct {
	int (*put)(struct sk_buff *msg, const struct ask *ask);
	int (*got)(struct genl_info *info, struct ditto_said *said);
} questions[] = {
	[DITTO_UPCALL_HOST_NAME] = { ask_put_addr, got_hosts },
	[DITTO_UPCALL_NETGROUP] = { ask_put_netgroup, got_member },
	[DITTO_UPCALL_GROUPS] = { ask_put_uid, got_groups },
	[DITTO_UPCALL_USER_NAME] = { ask_put_uid, got_name },
	[DITTO_UPCALL_GROUP_NAME] = { ask_put_gid, got_name },
	[DITTO_UPCALL_USER_ID] = { ask_put_name, got_uid },
	[DITTO_UPCALL_GROUP_ID] = { ask_put_name, got_gid },
	[DITTO_UPCALL_USER_SIDS] = { ask_put_uid, got_sids },
	[DITTO_UPCALL_SID_OF_USER] = { ask_put_uid, got_sid },
	[DITTO_UPCALL_SID_OF_GROUP] = { ask_put_gid, got_sid },
	[DITTO_UPCALL_ACCOUNT_OF_SID] = { ask_put_name, got_account },
};

static int ask_put(struct sk_buff *msg, void *arg)
{
	const struct ask *ask = arg;
	const struct in6_addr *asker = &ask->question->asker;

	/* The helper bounds what one client keeps busy. */
	if (!ipv6_addr_any(asker) && ditto_nl_put_addr(msg, DITTO_A_UPCALL_ADDRESS, asker))
		return -EMSGSIZE;
	return questions[ask->question->type].put(msg, ask);
}

static int ask_got(struct genl_info *info, void *arg)
{
	struct ask *ask = arg;

	return questions[ask->question->type].got(info, ask->said);
}

/*
 * The network of a host stands for the name server that knows its names. If that server hangs,
 * requests about other networks still get their turns. A client may make up users, groups and SIDs,
 * so that these are asked for in its name.
 */
static void question_zone(const struct ditto_question *q, struct in6_addr *zone)
{
	*zone = q->asker;
	if (q->type == DITTO_UPCALL_HOST_NAME || q->type == DITTO_UPCALL_NETGROUP)
		ipv6_addr_prefix(zone, &q->addr, ipv6_addr_v4mapped(&q->addr) ? 120 : 48);
}

/*
 * Ask the helper a question and wait for the answer. @hosts: known names of the address, sent with
 * a question about a netgroup; or NULL; @said: filled on success; to be freed with
 * ditto_said_free(). Context: as ditto_upcall_ask(); killable. Return: 0, -ENOENT if the helper
 * says that the object does not exist, or another error of ditto_upcall().
 */
int ditto_names_ask(struct ditto_server *srv, const struct ditto_question *question,
		    const struct ditto_host_names *hosts, struct ditto_said *said)
{
	struct ask ask = { .question = question, .hosts = hosts, .said = said };
	const struct ditto_upcall call = {
		.type = question->type, .put = ask_put, .got = ask_got, .arg = &ask
	};
	struct in6_addr zone;
	int err;

	*said = (struct ditto_said){};
	question_zone(question, &zone);
	err = ditto_upcall_ask(srv, &call, &zone);
	if (err)
		ditto_said_free(said);
	return err;
}
