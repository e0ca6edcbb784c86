// SPDX-License-Identifier: GPL-2.0-only
/* Access of users to a share (struct ditto_share_users) in netlink messages. */
#include <linux/build_bug.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <net/netlink.h>

#include "../../fs/share/share_users.h"
#include "family.h"
#include "nl_share_users.h"

static_assert(DITTO_SHARE_ACCESS_NONE == (int)DITTO_SHARE_RIGHT_NONE);
static_assert(DITTO_SHARE_ACCESS_READ == (int)DITTO_SHARE_RIGHT_READ);
static_assert(DITTO_SHARE_ACCESS_WRITE == (int)DITTO_SHARE_RIGHT_WRITE);
static_assert(DITTO_SHARE_ACCESS_ADMIN == (int)DITTO_SHARE_RIGHT_ADMIN);

/* The entries of a request, split into users and groups. */
struct share_user_lists {
	struct ditto_share_user *users;
	struct ditto_share_user *groups;
	struct ditto_share_sid *sids;
	unsigned int nusers;
	unsigned int ngroups;
	unsigned int nsids;
};

static int share_sid_read(struct share_user_lists *lists, struct nlattr **tb,
			  struct netlink_ext_ack *extack)
{
	const struct nlattr *sid = tb[DITTO_A_SHARE_USER_SID];
	const struct nlattr *is_group = tb[DITTO_A_SHARE_USER_IS_GROUP];
	struct ditto_share_sid *entry = &lists->sids[lists->nsids];

	if (!ditto_sid_is_valid(nla_data(sid), nla_len(sid))) {
		NL_SET_ERR_MSG_ATTR(extack, sid, "this is no SID");
		return -EINVAL;
	}
	*entry = (struct ditto_share_sid) {
		.is_group = is_group && nla_get_u8(is_group),
		.access = nla_get_u32(tb[DITTO_A_SHARE_USER_ACCESS]),
	};
	memcpy(entry->sid, nla_data(sid), nla_len(sid));
	lists->nsids++;
	return 0;
}

static int share_user_read(struct share_user_lists *lists, const struct nlattr *attr,
			   struct netlink_ext_ack *extack)
{
	struct nlattr *tb[DITTO_A_SHARE_USER_IS_GROUP + 1];
	struct ditto_share_user entry;
	int err;

	err = nla_parse_nested(tb, DITTO_A_SHARE_USER_IS_GROUP, attr,
			       ditto_share_user_nl_policy, extack);
	if (err)
		return err;
	if (!!tb[DITTO_A_SHARE_USER_UID] + !!tb[DITTO_A_SHARE_USER_GID] +
	    !!tb[DITTO_A_SHARE_USER_SID] != 1 || !tb[DITTO_A_SHARE_USER_ACCESS]) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "an entry is for a user or a group, and says what");
		return -EINVAL;
	}
	if (tb[DITTO_A_SHARE_USER_SID])
		return share_sid_read(lists, tb, extack);
	entry.access = nla_get_u32(tb[DITTO_A_SHARE_USER_ACCESS]);
	if (tb[DITTO_A_SHARE_USER_UID]) {
		entry.id = nla_get_u32(tb[DITTO_A_SHARE_USER_UID]);
		if (!uid_valid(make_kuid(&init_user_ns, entry.id)))
			goto invalid;
		lists->users[lists->nusers++] = entry;
	} else {
		entry.id = nla_get_u32(tb[DITTO_A_SHARE_USER_GID]);
		if (!gid_valid(make_kgid(&init_user_ns, entry.id)))
			goto invalid;
		lists->groups[lists->ngroups++] = entry;
	}
	return 0;

invalid:
	NL_SET_ERR_MSG_ATTR(extack, attr, "this number is no user or group");
	return -EINVAL;
}

/*
 * Replace the entries of a list of share users from a request. @share_users: its entries are freed
 * and replaced; its default for all other users stays. Return: 0; -EINVAL, -E2BIG, -EEXIST or
 * -ENOMEM, which leave @share_users unchanged.
 */
int ditto_nl_share_users_read(struct ditto_share_users *share_users, const struct nlattr *attr,
			      struct netlink_ext_ack *extack)
{
	struct ditto_share_users new;
	struct share_user_lists lists = {};
	const struct nlattr *user;
	unsigned int count = 0;
	int rem, err;

	nla_for_each_nested_type(user, DITTO_A_SHARE_USERS_USER, attr, rem)
		count++;
	if (count > DITTO_SHARE_USERS_MAX) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, attr, "more than %u users; use groups",
					DITTO_SHARE_USERS_MAX);
		return -E2BIG;
	}
	lists.users = kmalloc_array(2 * max(count, 1U), sizeof(*lists.users), GFP_KERNEL);
	lists.sids = kvmalloc_array(max(count, 1U), sizeof(*lists.sids), GFP_KERNEL);
	err = -ENOMEM;
	if (!lists.users || !lists.sids)
		goto free;
	lists.groups = lists.users + count;

	nla_for_each_nested_type(user, DITTO_A_SHARE_USERS_USER, attr, rem) {
		err = share_user_read(&lists, user, extack);
		if (err)
			goto free;
	}
	err = ditto_share_users_make(&new, lists.users, lists.nusers, lists.groups, lists.ngroups);
	if (!err)
		err = ditto_share_users_add_sids(&new, lists.sids, lists.nsids);
	if (err == -EEXIST)
		NL_SET_ERR_MSG_ATTR(extack, attr, "a user or group is there twice");
	if (err) {
		ditto_share_users_free(&new);
		goto free;
	}
	new.others = share_users->others;
	ditto_share_users_free(share_users);
	*share_users = new;
free:
	kvfree(lists.sids);
	kfree(lists.users);
	return err;
}

/* Bytes of attributes that ditto_nl_share_users_put() needs. */
size_t ditto_nl_share_users_size(const struct ditto_share_users *share_users)
{
	size_t each = nla_total_size(2 * nla_total_size(sizeof(u32)));

	size_t each_sid = nla_total_size(2 * nla_total_size(sizeof(u32)) +
					 nla_total_size(DITTO_SID_MAX));

	return nla_total_size((share_users->nusers + share_users->ngroups) * each +
			      share_users->nsids * each_sid) +
	       nla_total_size(sizeof(u32));
}

static int grant_put(struct sk_buff *msg, int type, const struct ditto_share_user *entry)
{
	struct nlattr *nest = nla_nest_start(msg, DITTO_A_SHARE_USERS_USER);

	if (!nest || nla_put_u32(msg, type, entry->id) ||
	    nla_put_u32(msg, DITTO_A_SHARE_USER_ACCESS, entry->access))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int grant_put_sid(struct sk_buff *msg, const struct ditto_share_sid *sid)
{
	struct nlattr *nest = nla_nest_start(msg, DITTO_A_SHARE_USERS_USER);

	if (!nest ||
	    nla_put(msg, DITTO_A_SHARE_USER_SID, ditto_sid_len(sid->sid), sid->sid) ||
	    (sid->is_group && nla_put_u8(msg, DITTO_A_SHARE_USER_IS_GROUP, 1)) ||
	    nla_put_u32(msg, DITTO_A_SHARE_USER_ACCESS, sid->access))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* Add a list of share users to a message. Return: 0 or -EMSGSIZE. */
int ditto_nl_share_users_put(struct sk_buff *msg, const struct ditto_share_users *share_users)
{
	struct nlattr *nest;

	if (nla_put_u32(msg, DITTO_A_SHARE_DEFAULT_ACCESS, share_users->others))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, DITTO_A_SHARE_USERS);
	if (!nest)
		return -EMSGSIZE;
	for (unsigned int i = 0; i < share_users->nusers + share_users->ngroups; i++)
		if (grant_put(msg,
			      i < share_users->nusers ? DITTO_A_SHARE_USER_UID
						      : DITTO_A_SHARE_USER_GID,
			      &share_users->entry[i]))
			return -EMSGSIZE;
	for (unsigned int i = 0; i < share_users->nsids; i++)
		if (grant_put_sid(msg, &share_users->sid[i]))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}
