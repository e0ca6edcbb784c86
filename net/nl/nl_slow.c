// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operation that traces slow calls. */
#include <net/genetlink.h>

#include "../server.h"
#include "../slow_call.h"
#include "family.h"

int ditto_nl_slow_trace_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_SLOW_CALL_OVER_NS))
		return -EINVAL;
	err = ditto_slow_trace(ditto_server_of(genl_info_net(info)), info->snd_portid,
			       nla_get_u64(info->attrs[DITTO_A_SLOW_CALL_OVER_NS]));
	if (err == -EUSERS)
		NL_SET_ERR_MSG(info->extack,
			       "as many as are allowed trace slow calls already; end one of them");
	return err;
}
