// SPDX-License-Identifier: GPL-2.0-only
/* Attributes of netlink messages, for those that send and read them. */
#include <linux/string.h>
#include <linux/user_namespace.h>
#include <net/ipv6.h>

#include "netlink.h"

static const struct genl_family *netlink_family;

/*
 * Make the family known to those who send messages of their own accord. @family: registered; NULL
 * before it is unregistered, and then for good. Context: any.
 */
void ditto_nl_family_set(const struct genl_family *family)
{
	WRITE_ONCE(netlink_family, family);
}

/*
 * Get the family, to send a message that is no reply. Context: any. Return: the family; NULL while
 * it is not registered, when its number and its multicast groups may be another family's.
 */
const struct genl_family *ditto_nl_family_get(void)
{
	return READ_ONCE(netlink_family);
}

/*
 * Add a 64-bit attribute without padding. The format has no padding attributes, so readers must
 * copy the value out. Return: 0 or -EMSGSIZE.
 */
int ditto_nl_put_u64(struct sk_buff *msg, int type, u64 value)
{
	return nla_put(msg, type, sizeof(value), &value);
}

/* Add an address as 4 bytes (IPv4) or 16 bytes (IPv6). Return: 0 or -EMSGSIZE. */
int ditto_nl_put_addr(struct sk_buff *msg, int type, const struct in6_addr *addr)
{
	if (ipv6_addr_v4mapped(addr))
		return nla_put_in_addr(msg, type, addr->s6_addr32[3]);
	return nla_put_in6_addr(msg, type, addr);
}

/* Read an address of 4 or 16 bytes. Return: 0, or -EINVAL for another length. */
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

/*
 * Read group ids from an attribute. @attr: ids of 4 bytes each; a remainder is ignored; @gids:
 * filled; must have room for all ids of @attr. Ids that are not valid in the initial user namespace
 * are skipped. Return: the number of ids written to @gids.
 */
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
