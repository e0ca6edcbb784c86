// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operations on the grace period after a restart. */
#include <net/genetlink.h>

#include "../../lockd/table.h"
#include "../helper/record.h"
#include "../server.h"
#include "family.h"

int ditto_nl_grace_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));
	struct ditto_lock_table *table = srv->locks;
	u64 now = table->clock(), until = READ_ONCE(table->grace.until);
	u32 unfinished, known = READ_ONCE(table->grace.count);
	u32 left_s = ditto_grace_left(table, &unfinished);
	struct sk_buff *msg;
	void *hdr;

	msg = ditto_nl_reply_new(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!msg)
		return -ENOMEM;
	/* There is no remaining time for the grace period of another lock manager. */
	if (nla_put_u8(msg, DITTO_A_GRACE_ACTIVE, ditto_grace_active(table)) ||
	    ditto_nl_put_u64(msg, DITTO_A_GRACE_LEFT_MS,
			     left_s && until > now ? until - now : 0) ||
	    nla_put_u32(msg, DITTO_A_GRACE_KNOWN, known) ||
	    nla_put_u32(msg, DITTO_A_GRACE_RECLAIMED, known - min(unfinished, known)) ||
	    ditto_nl_put_u64(msg, DITTO_A_GRACE_EPOCH, ditto_server_epoch(srv))) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int ditto_nl_grace_end_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_lock_table *table = ditto_server_of(genl_info_net(info))->locks;
	u32 unfinished;

	if (ditto_grace_left(table, &unfinished))
		ditto_grace_end(table);
	else if (!ditto_grace_active(table))
		NL_SET_ERR_MSG(info->extack, "there was no grace");
	if (!ditto_grace_active(table))
		return 0;
	NL_SET_ERR_MSG(info->extack, "another lock manager of the machine is in grace");
	return -EBUSY;
}
