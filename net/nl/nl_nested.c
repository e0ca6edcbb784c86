// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operations on file systems that are mounted within shares. */
#include <linux/mount.h>
#include <linux/sizes.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../../fs/share/nested.h"
#include "../../fs/share/share.h"
#include "../server.h"
#include "family.h"

/* Message size for a file system with the longest path. */
#define NESTED_MESSAGE	SZ_16K
/* Longest fsid as text, with its NUL. */
#define NESTED_FSID_MAX	17

int ditto_nl_nested_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_SHARE_NAME) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_SHARE_PATH)) {
		NL_SET_ERR_MSG(info->extack, "a mount needs the name of a share, and a path");
		return -EINVAL;
	}
	return ditto_nested_add(srv, nla_data(info->attrs[DITTO_A_SHARE_NAME]),
				nla_data(info->attrs[DITTO_A_SHARE_PATH]), info->extack);
}

int ditto_nl_nested_check_doit(struct sk_buff *skb, struct genl_info *info)
{
	ditto_nested_check(ditto_server_of(genl_info_net(info)));
	return 0;
}

/**
 * struct nested_dump - one call of the dump
 * @msg: message being filled
 * @cb: callback of the dump
 * @share: name of the share; NULL for all
 * @last: number of the file system shown last, kept between calls; they are listed in the order of
 *	their numbers
 */
struct nested_dump {
	struct sk_buff *msg;
	struct netlink_callback *cb;
	const char *share;
	u32 *last;
};

static enum ditto_nested_state nested_state(const struct ditto_share *nested)
{
	bool read_only;

	rcu_read_lock();
	read_only = rcu_dereference(nested->opts)->read_only;
	rcu_read_unlock();
	if (read_only || __mnt_is_readonly(nested->root.mnt))
		return DITTO_NESTED_STATE_READ_ONLY;
	return DITTO_NESTED_STATE_WRITABLE;
}

static int nested_put(struct ditto_share *nested, void *arg)
{
	const char *share = ditto_nested_outermost(nested)->name;
	struct nested_dump *dump = arg;
	struct sk_buff *msg = dump->msg;
	char fsid[NESTED_FSID_MAX];
	void *hdr;

	if (nested->number <= *dump->last || (dump->share && strcmp(dump->share, share)))
		return 0;
	hdr = ditto_nl_dump_put(msg, dump->cb);
	if (!hdr)
		return -EMSGSIZE;
	snprintf(fsid, sizeof(fsid), "%llx", nested->tag);
	if (nla_put_string(msg, DITTO_A_NESTED_SHARE, share) ||
	    nla_put_string(msg, DITTO_A_NESTED_PATH, ditto_share_path(nested)) ||
	    nla_put_string(msg, DITTO_A_NESTED_FS_TYPE, nested->root.mnt->mnt_sb->s_type->name) ||
	    nla_put_string(msg, DITTO_A_NESTED_FSID, fsid) ||
	    nla_put_u32(msg, DITTO_A_NESTED_STATE, nested_state(nested))) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	*dump->last = nested->number;
	return 0;
}

int ditto_nl_nested_get_start(struct netlink_callback *cb)
{
	int err = ditto_nl_deferred_dump(cb);

	if (err)
		return err;
	cb->min_dump_alloc = max_t(size_t, cb->min_dump_alloc, NESTED_MESSAGE);
	return 0;
}

int ditto_nl_nested_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct nlattr *share = genl_info_dump(cb)->attrs[DITTO_A_NESTED_SHARE];
	struct nested_dump dump = {
		.msg = skb,
		.cb = cb,
		.share = share ? nla_data(share) : NULL,
		/* The context is set to zero before the first call. */
		.last = (u32 *)cb->ctx,
	};
	int err;

	err = ditto_nested_for_each(ditto_server_of(sock_net(skb->sk)), nested_put, &dump);
	return skb->len ?: err;
}
