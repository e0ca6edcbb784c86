// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink operation that tells what a user may do with a file, and what decides that. The user is
 * let into the share as by a request (fs/op/access_probe.h), and the access checks explain
 * themselves (fs/op/check/explain.h).
 */
#include <linux/build_bug.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <net/genetlink.h>

#include "../../fs/node/node.h"
#include "../../fs/op/check/explain.h"
#include "../../fs/op/op.h"
#include "../../fs/op/access_probe.h"
#include "../helper/auth.h"
#include "../helper/names.h"
#include "../listener.h"
#include "../netlink.h"
#include "family.h"
#include "nl_acl.h"
#include "nl_file.h"

static_assert(DITTO_REFUSED_BY_RULE == (int)DITTO_ACCESS_REFUSAL_RULE);
static_assert(DITTO_REFUSED_BY_GRANT == (int)DITTO_ACCESS_REFUSAL_GRANT);
static_assert(DITTO_REFUSED_BY_LOGIN == (int)DITTO_ACCESS_REFUSAL_LOGIN);
static_assert(DITTO_GRANT_BY_DEFAULT == (int)DITTO_GRANT_SOURCE_DEFAULT);
static_assert(DITTO_GRANT_BY_USER == (int)DITTO_GRANT_SOURCE_USER);
static_assert(DITTO_GRANT_BY_GROUP == (int)DITTO_GRANT_SOURCE_GROUP);
static_assert(DITTO_GRANT_BY_SID == (int)DITTO_GRANT_SOURCE_SID);
static_assert(DITTO_GRANT_BY_UNDECIDED == (int)DITTO_GRANT_SOURCE_UNDECIDED_SID);
static_assert(DITTO_REASON_LIST == (int)DITTO_ACCESS_REASON_LIST);
static_assert(DITTO_REASON_TRAVERSE == (int)DITTO_ACCESS_REASON_TRAVERSE);
static_assert(DITTO_REASON_KERNEL == (int)DITTO_ACCESS_REASON_KERNEL);
static_assert(DITTO_REASON_PRIVILEGE == (int)DITTO_ACCESS_REASON_PRIVILEGE);
static_assert(DITTO_MODE_OWNER == (int)DITTO_ACCESS_CLASS_OWNER);
static_assert(DITTO_MODE_OTHER == (int)DITTO_ACCESS_CLASS_OTHER);
static_assert(MAY_EXEC == DITTO_MODE_BIT_EXECUTE);
static_assert(MAY_WRITE == DITTO_MODE_BIT_WRITE);
static_assert(MAY_READ == DITTO_MODE_BIT_READ);

/* Directories above a file. */
#define STEPS_MAX	1024

/* Bytes of a decision in a message, except for the name. */
#define DECISION_SIZE \
	nla_total_size(12 * nla_total_size(sizeof(u32)) + 2 * DITTO_NL_ACE_SIZE)

/**
 * struct access_check - a request
 * @file: the file
 * @probe: the user
 * @op: acts as the user, if he is let in
 * @groups: groups of the user
 * @steps: directories above the file, from its own to the root of the share; held
 * @nsteps: number of @steps
 * @why: what decides about the step or the right at hand
 */
struct access_check {
	struct ditto_nl_file file;
	struct ditto_access_probe probe;
	struct ditto_op op;
	kgid_t *groups;
	struct dentry **steps;
	unsigned int nsteps;
	struct ditto_explanation why;
};

static bool access_flag(const struct nlattr *attr)
{
	return attr && nla_get_u8(attr);
}

/* Parse who the user is, and where he comes from. */
static int access_read_user(struct genl_info *info, struct access_check *check,
			    struct in6_addr *addr)
{
	struct ditto_ident *ident = &check->probe.ident;
	struct nlattr **attrs = info->attrs;
	const struct nlattr *gids = attrs[DITTO_A_ACCESS_GIDS];
	int err;

	ident->anonymous = access_flag(attrs[DITTO_A_ACCESS_ANONYMOUS]);
	if (!ident->anonymous && (!attrs[DITTO_A_ACCESS_UID] || !attrs[DITTO_A_ACCESS_GID])) {
		NL_SET_ERR_MSG(info->extack, "which user? give the numbers of user and group");
		return -EINVAL;
	}
	ident->uid = ident->anonymous ? INVALID_UID :
		     make_kuid(&init_user_ns, nla_get_u32(attrs[DITTO_A_ACCESS_UID]));
	ident->gid = ident->anonymous ? INVALID_GID :
		     make_kgid(&init_user_ns, nla_get_u32(attrs[DITTO_A_ACCESS_GID]));
	if (gids && nla_len(gids) > DITTO_GROUPS_MAX * sizeof(u32)) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, gids, "more than %u groups",
					DITTO_GROUPS_MAX);
		return -E2BIG;
	}
	if (gids && !ident->anonymous) {
		check->groups = kvmalloc_array(nla_len(gids) / sizeof(u32) + 1,
					       sizeof(*check->groups), GFP_KERNEL);
		if (!check->groups)
			return -ENOMEM;
		ident->ngroups = ditto_nl_get_gids(gids, check->groups);
		ident->groups = check->groups;
	}
	ident->proven = !ident->anonymous && access_flag(attrs[DITTO_A_ACCESS_PROVEN]);
	check->probe.logins = access_flag(attrs[DITTO_A_ACCESS_LOGINS]);
	if (ident->anonymous)
		check->probe.login = DITTO_LOGIN_AS_GUEST;
	else if (attrs[DITTO_A_ACCESS_LOGIN])
		check->probe.login = nla_get_u32(attrs[DITTO_A_ACCESS_LOGIN]);
	if (attrs[DITTO_A_ACCESS_FLAVOR])
		check->probe.flavor = nla_get_u32(attrs[DITTO_A_ACCESS_FLAVOR]);
	if (!attrs[DITTO_A_ACCESS_ADDRESS])
		return 0;
	err = ditto_nl_get_addr(attrs[DITTO_A_ACCESS_ADDRESS], addr, info->extack);
	if (!err)
		check->probe.addr = addr;
	return err;
}

static bool access_is_served(const struct ditto_share *share, unsigned int bit)
{
	bool served;

	rcu_read_lock();
	served = !(rcu_dereference(share->opts)->unserved & BIT(bit));
	rcu_read_unlock();
	return served;
}

static int access_ask_protocol(struct ditto_server *srv, const struct ditto_protocol *protocol,
			       void *arg)
{
	struct ditto_access_probe *probe = arg;

	if (protocol->logins)
		probe->logins_taken &= protocol->logins(probe->share);
	else if (!access_is_served(probe->share, protocol->bit))
		probe->flavors_taken = 0;
	return 0;
}

/* Ask the protocols which logins, and which flavours, are taken for the share. */
static void access_find_taken(struct ditto_access_probe *probe)
{
	probe->logins_taken = DITTO_LOGIN_ALL;
	probe->flavors_taken = U32_MAX;
	for (unsigned int bit = 0; bit < DITTO_PROTOCOLS_MAX; bit++)
		ditto_protocol_with(probe->share->srv, bit, access_ask_protocol, probe);
}

/* Collect the directories above the file. */
static int access_find_steps(struct genl_info *info, struct access_check *check)
{
	const struct dentry *root = check->file.share->root.dentry;
	struct dentry *at = check->file.path.dentry;

	check->steps = kvmalloc_array(STEPS_MAX, sizeof(*check->steps), GFP_KERNEL);
	if (!check->steps)
		return -ENOMEM;
	while (at != root && !IS_ROOT(at)) {
		if (check->nsteps == STEPS_MAX) {
			NL_SET_ERR_MSG_FMT(info->extack,
					   "more than %u directories are above the file",
					   STEPS_MAX);
			return -ENAMETOOLONG;
		}
		at = dget_parent(at);
		check->steps[check->nsteps++] = at;
	}
	return 0;
}

/* Add an entry that decides, with its number from 1. */
static int decision_put_entry(struct sk_buff *msg, const struct ditto_acl_decision *decision,
			      int number, int ace)
{
	if (nla_put_u32(msg, number, decision->number + 1))
		return -EMSGSIZE;
	return ditto_nl_ace_put(msg, ace, &decision->ace);
}

/* Add what a list decides. */
static int decision_put_list(struct sk_buff *msg, const struct ditto_acl_decision *decision)
{
	switch ((enum ditto_acl_decider)decision->by) {
	case DITTO_DECIDED_BY_ENTRY:
		return decision_put_entry(msg, decision, DITTO_A_DECISION_NUMBER,
					  DITTO_A_DECISION_ACE);
	case DITTO_DECIDED_BY_OWNER:
		return nla_put_u8(msg, DITTO_A_DECISION_BY_OWNER, 1);
	case DITTO_DECIDED_BY_NULL:
		return nla_put_u8(msg, DITTO_A_DECISION_NO_LIST, 1);
	case DITTO_DECIDED_BY_NOBODY:
		break;
	}
	return 0;
}

static int decision_put_mode(struct sk_buff *msg, const struct ditto_right_reason *right)
{
	bool named = right->class == DITTO_MODE_USER || right->class == DITTO_MODE_NAMED_GROUP;

	if (nla_put_u32(msg, DITTO_A_DECISION_CLASS, right->class) ||
	    (named && nla_put_u32(msg, DITTO_A_DECISION_CLASS_ID, right->id)) ||
	    nla_put_u32(msg, DITTO_A_DECISION_BITS, right->bits) ||
	    nla_put_u32(msg, DITTO_A_DECISION_NEED, right->need))
		return -EMSGSIZE;
	return 0;
}

/* Add what the file's own list says, if the directory had to decide. */
static int decision_put_own(struct sk_buff *msg, const struct ditto_explanation *why,
			    unsigned int bit)
{
	if (!why->list.evaluated)
		return 0;
	if (nla_put_u8(msg, DITTO_A_DECISION_OWN_LIST, 1))
		return -EMSGSIZE;
	if (why->list.right[bit].by != DITTO_DECIDED_BY_ENTRY)
		return 0;
	return decision_put_entry(msg, &why->list.right[bit], DITTO_A_DECISION_OWN_NUMBER,
				  DITTO_A_DECISION_OWN_ACE);
}

/* The right to the directory that gives a right to the files in it. */
static unsigned int decision_parent_bit(unsigned int bit)
{
	return bit == ilog2(DITTO_RIGHT_DELETE) ? ilog2(DITTO_RIGHT_DELETE_CHILD) :
						  ilog2(DITTO_RIGHT_READ_DATA);
}

static int decision_put_why(struct sk_buff *msg, const struct ditto_explanation *why,
			    unsigned int bit)
{
	const struct ditto_right_reason *right = &why->right[bit];
	int err;

	switch ((enum ditto_reason)right->reason) {
	case DITTO_REASON_LIST:
		return decision_put_list(msg, &why->list.right[bit]);
	case DITTO_REASON_MODE:
		return decision_put_mode(msg, right);
	case DITTO_REASON_PARENT_LIST:
		err = decision_put_list(msg, &why->parent_list.right[decision_parent_bit(bit)]);
		return err ?: decision_put_own(msg, why, bit);
	case DITTO_REASON_PARENT_MODE:
		err = decision_put_mode(msg, right);
		return err ?: decision_put_own(msg, why, bit);
	default:
		return 0;
	}
}

/* Add a decision; @name is a directory's name or NULL. */
static int decision_put(struct sk_buff *msg, int type, const struct ditto_explanation *why,
			unsigned int bit, bool granted, const char *name)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	if (!nest || (name && nla_put_string(msg, DITTO_A_DECISION_NAME, name)) ||
	    nla_put_u32(msg, DITTO_A_DECISION_RIGHT, bit) ||
	    nla_put_u8(msg, DITTO_A_DECISION_GRANTED, granted) ||
	    nla_put_u32(msg, DITTO_A_DECISION_REASON, why->right[bit].reason) ||
	    decision_put_why(msg, why, bit))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* Check whether the user gets through a directory. */
static int access_put_step(struct sk_buff *msg, struct access_check *check, struct dentry *dir)
{
	struct ditto_share *share = check->file.share;
	struct name_snapshot name;
	struct ditto_node *node;
	int err, put;

	node = ditto_node_get(share, dir);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = ditto_explain_traverse(&check->op, node, &check->why);
	ditto_node_put(node);
	if (err && err != -EACCES && err != -EPERM)
		return err;
	take_dentry_name_snapshot(&name, dir);
	put = decision_put(msg, DITTO_A_ACCESS_STEP, &check->why, ilog2(DITTO_RIGHT_EXECUTE), !err,
			   dir == share->root.dentry ? "" : (const char *)name.name.name);
	release_dentry_name_snapshot(&name);
	return put;
}

/* Check what the user may do with the file itself. */
static int access_put_rights(struct sk_buff *msg, struct access_check *check)
{
	struct ditto_node *parent = NULL;
	u32 rights;
	int err;

	if (check->nsteps) {
		parent = ditto_node_get(check->file.share, check->steps[0]);
		if (IS_ERR(parent))
			return PTR_ERR(parent);
	}
	err = ditto_explain_rights(&check->op, check->file.node, parent, &check->why, &rights);
	for (unsigned int bit = 0; !err && bit < DITTO_RIGHT_BITS; bit++)
		if (DITTO_RIGHTS_ALL & BIT(bit))
			err = decision_put(msg, DITTO_A_ACCESS_DECISION, &check->why, bit,
					   rights & BIT(bit), NULL);
	if (parent)
		ditto_node_put(parent);
	return err;
}

static int access_put_acting(struct sk_buff *msg, const struct access_check *check)
{
	const struct ditto_cred *cred = check->probe.cred;
	const struct group_info *groups = cred->cred->group_info;
	const struct inode *inode = check->file.node->inode;
	struct mnt_idmap *idmap = mnt_idmap(check->file.share->root.mnt);
	bool owns = vfsuid_eq_kuid(i_uid_into_vfsuid(idmap, inode), cred->cred->fsuid);
	struct nlattr *gids;

	if (nla_put_u32(msg, DITTO_A_ACCESS_ACTING_UID, from_kuid(&init_user_ns, cred->uid)) ||
	    nla_put_u32(msg, DITTO_A_ACCESS_ACTING_GID, from_kgid(&init_user_ns, cred->gid)) ||
	    nla_put_u8(msg, DITTO_A_ACCESS_ADMIN, cred->admin) ||
	    nla_put_u32(msg, DITTO_A_ACCESS_PRIVILEGES, cred->admin ? 0 : cred->privileges) ||
	    nla_put_u8(msg, DITTO_A_ACCESS_GUEST, cred->guest) ||
	    nla_put_u8(msg, DITTO_A_ACCESS_OWNS, owns) ||
	    nla_put_u8(msg, DITTO_A_ACCESS_WRITABLE, check->probe.writable))
		return -EMSGSIZE;
	gids = nla_reserve(msg, DITTO_A_ACCESS_ACTING_GIDS, groups->ngroups * sizeof(u32));
	if (!gids)
		return -EMSGSIZE;
	for (unsigned int i = 0; i < groups->ngroups; i++)
		((u32 *)nla_data(gids))[i] = from_kgid(&init_user_ns, groups->gid[i]);
	return 0;
}

/* Add how the user is let into the share, or why he is not. */
static int access_put_probe(struct sk_buff *msg, const struct access_check *check)
{
	const struct ditto_access_probe *probe = &check->probe;
	const struct ditto_rule_reason *rule = &probe->rule;
	bool granted = probe->admitted || probe->refusal == DITTO_REFUSED_BY_GRANT;

	if (nla_put_string(msg, DITTO_A_ACCESS_PATH, check->file.text) ||
	    nla_put_string(msg, DITTO_A_ACCESS_SHARE, probe->share->name) ||
	    nla_put_u8(msg, DITTO_A_ACCESS_DIRECTORY, S_ISDIR(check->file.node->inode->i_mode)) ||
	    nla_put_u8(msg, DITTO_A_ACCESS_HAS_RULES, probe->has_rules) ||
	    nla_put_u8(msg, DITTO_A_ACCESS_READ_ONLY, probe->read_only) ||
	    nla_put_u32(msg, DITTO_A_ACCESS_SQUASH, probe->verdict.squash) ||
	    (!probe->admitted && nla_put_u32(msg, DITTO_A_ACCESS_REFUSED, probe->refusal)))
		return -EMSGSIZE;
	if (probe->logins && nla_put_u32(msg, DITTO_A_ACCESS_LOGIN, probe->logins_taken))
		return -EMSGSIZE;
	if (rule->number && (nla_put_string(msg, DITTO_A_ACCESS_RULE, rule->spec) ||
			     nla_put_u32(msg, DITTO_A_ACCESS_RULE_NUMBER, rule->number) ||
			     nla_put_u32(msg, DITTO_A_ACCESS_RULE_ACCESS, rule->level)))
		return -EMSGSIZE;
	if (!granted)
		return 0;
	if (nla_put_u32(msg, DITTO_A_ACCESS_GRANT, probe->grant) ||
	    nla_put_u32(msg, DITTO_A_ACCESS_GRANT_BY, probe->grant_reason.by) ||
	    nla_put_u32(msg, DITTO_A_ACCESS_GRANT_ID, probe->grant_reason.id))
		return -EMSGSIZE;
	if (probe->grant_reason.by >= DITTO_GRANT_BY_SID &&
	    nla_put(msg, DITTO_A_ACCESS_GRANT_SID, ditto_sid_len(probe->grant_reason.sid),
		    probe->grant_reason.sid))
		return -EMSGSIZE;
	return probe->admitted ? access_put_acting(msg, check) : 0;
}

static int access_put(struct sk_buff *msg, struct access_check *check)
{
	int err = access_put_probe(msg, check);

	if (err || !check->probe.admitted)
		return err;
	for (unsigned int i = check->nsteps; !err && i; i--)
		err = access_put_step(msg, check, check->steps[i - 1]);
	return err ?: access_put_rights(msg, check);
}

static size_t access_size(const struct access_check *check)
{
	size_t size = nla_total_size(strlen(check->file.text) + 1) +
		      nla_total_size(strlen(check->probe.share->name) + 1) +
		      nla_total_size(sizeof(check->probe.rule.spec)) +
		      nla_total_size(DITTO_SID_MAX) + 17 * nla_total_size(sizeof(u32)) +
		      DITTO_RIGHT_BITS * DECISION_SIZE;

	if (check->probe.cred)
		size += nla_total_size(check->probe.cred->cred->group_info->ngroups * sizeof(u32));
	/* A name may become longer before it is added. */
	return size + check->nsteps * (DECISION_SIZE + nla_total_size(NAME_MAX + 1));
}

static int access_reply(struct genl_info *info, struct access_check *check)
{
	struct sk_buff *msg;
	void *hdr;
	int err;

	msg = ditto_nl_reply_new(info, access_size(check), &hdr);
	if (!msg)
		return -ENOMEM;
	err = access_put(msg, check);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

/* Let the user into the share, and tell what he may do there. */
static int access_run(struct genl_info *info, struct access_check *check)
{
	struct in6_addr addr;
	int err;

	check->probe.share = check->file.share;
	err = access_read_user(info, check, &addr);
	err = err ?: access_find_steps(info, check);
	access_find_taken(&check->probe);
	err = err ?: ditto_access_probe_run(&check->probe);
	if (err)
		return err;
	check->op = (struct ditto_op) {
		.srv = check->file.share->srv,
		.share = check->file.share,
		.cred = check->probe.cred,
		.writable = check->probe.writable,
		.traverses = check->probe.logins,
	};
	return access_reply(info, check);
}

static void access_check_free(struct access_check *check)
{
	if (check->probe.cred)
		ditto_cred_put(check->probe.cred);
	for (unsigned int i = 0; i < check->nsteps; i++)
		dput(check->steps[i]);
	kvfree(check->steps);
	kvfree(check->groups);
	ditto_nl_file_put(&check->file);
	kfree(check);
}

int ditto_nl_access_check_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct access_check *check = kzalloc(sizeof(*check), GFP_KERNEL);
	int err;

	if (!check)
		return -ENOMEM;
	err = ditto_nl_file_get(info, info->attrs[DITTO_A_ACCESS_PATH],
				info->attrs[DITTO_A_ACCESS_SHARE], &check->file);
	if (err) {
		kfree(check);
		return err;
	}
	err = access_run(info, check);
	if (err == -EJUKEBOX) {
		NL_SET_ERR_MSG(info->extack, "the helper has not answered yet");
		err = -EBUSY;
	} else if (err == -EACCES) {
		NL_SET_ERR_MSG(info->extack, "a client rule needs the helper, which does not run");
	}
	access_check_free(check);
	return err;
}
