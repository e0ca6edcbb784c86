// SPDX-License-Identifier: GPL-2.0-only
/* Attributes of netlink messages, for those that send and read them. */
#include <linux/string.h>
#include <linux/user_namespace.h>
#include <net/ipv6.h>

#include "netlink.h"

static const struct genl_family *netlink_family;

void ditto_nl_family_set(const struct genl_family *family)
{
	WRITE_ONCE(netlink_family, family);
}

const struct genl_family *ditto_nl_family_get(void)
{
	return READ_ONCE(netlink_family);
}

int ditto_nl_put_u64(struct sk_buff *msg, int type, u64 value)
{
	return nla_put(msg, type, sizeof(value), &value);
}

int ditto_nl_put_addr(struct sk_buff *msg, int type, const struct in6_addr *addr)
{
	if (ipv6_addr_v4mapped(addr))
		return nla_put_in_addr(msg, type, addr->s6_addr32[3]);
	return nla_put_in6_addr(msg, type, addr);
}

int ditto_nl_get_addr(const struct nlattr *attr, struct in6_addr *addr,
		      struct netlink_ext_ack *extack)
{
	switch (nla_len(attr)) {
	case sizeof(struct in_addr):
		ipv6_addr_set_v4mapped(nla_get_in_addr(attr), addr);
		return 0;
	case sizeof(struct in6_addr):
		*addr = nla_get_in6_addr(attr);
		return 0;
	default:
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "an address has 4 bytes (IPv4) or 16 bytes (IPv6)");
		return -EINVAL;
	}
}

unsigned int ditto_nl_get_gids(const struct nlattr *attr, kgid_t *gids)
{
	unsigned int n = nla_len(attr) / sizeof(u32), got = 0;
	const u8 *data = nla_data(attr);

	for (unsigned int i = 0; i < n; i++) {
		kgid_t gid;
		u32 id;

		memcpy(&id, data + i * sizeof(id), sizeof(id));
		gid = make_kgid(&init_user_ns, id);
		if (gid_valid(gid))
			gids[got++] = gid;
	}
	return got;
}
