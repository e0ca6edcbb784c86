// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operation that traces slow calls. */
#include <net/genetlink.h>

#include "../server.h"
#include "../slow_call.h"
#include "family.h"

int ditto_nl_slow_trace_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	u64 lost = 0;
	void *hdr;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_SLOW_CALL_OVER_NS))
		return -EINVAL;
	msg = ditto_nl_reply_new(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!msg)
		return -ENOMEM;
	err = ditto_slow_trace(ditto_server_of(genl_info_net(info)), info->snd_portid,
			       nla_get_u64(info->attrs[DITTO_A_SLOW_CALL_OVER_NS]), &lost);
	if (err == -EUSERS)
		NL_SET_ERR_MSG(info->extack,
			       "as many as are allowed trace slow calls already; end one of them");
	if (!err)
		err = ditto_nl_put_u64(msg, DITTO_A_SLOW_CALL_LOST, lost);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}
