// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server's network interfaces, for multichannel: MS-SMB2 sections 2.2.32.5 and 3.3.5.15.11.
 *
 * The speed of a link is read from its driver under rtnl_lock(), which blocks all network
 * configuration of the machine. So the list is made at most once in some seconds, however often
 * clients request it.
 *
 * Locking: server->lock guards the cached list; it is read under RCU.
 */

#include <linux/ethtool.h>
#include <linux/inetdevice.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>

#include "../../net/server.h"
#include "../server.h"
#include "../transport/conn.h"
#include "ioctl.h"

#define DSMB_INTERFACE_SIZE	152
#define DSMB_INTERFACE_RSS	BIT(0)
/* Address families on the wire, which differ from Linux's. */
#define DSMB_FAMILY_INET	0x0002
#define DSMB_FAMILY_INET6	0x0017
/* Bits per second of an interface that does not report its speed: fast Ethernet. */
#define DSMB_SPEED_UNKNOWN	(100ULL * 1000 * 1000)
/* Seconds for which a list is used, and seconds after that for which it may still be sent. */
#define DSMB_INTERFACES_S	5
#define DSMB_INTERFACES_OLD_S	5
/* Most addresses of one list. */
#define DSMB_INTERFACES_MAX	256

/**
 * struct dsmb_interface - common part of all records of a device
 * @server: server whose listeners count
 * @dev: the device
 * @speed: bits per second
 * @out: buffer of the records
 * @last: offset of the last record
 * @any: there is a record
 */
struct dsmb_interface {
	struct dsmb_server *server;
	struct net_device *dev;
	u64 speed;
	struct dsmb_builder *out;
	u32 last;
	bool any;
};

/**
 * struct dsmb_interfaces - the cached list of interfaces
 * @rcu: freed under RCU
 * @until: in jiffies; the list is renewed then
 * @len: bytes of @records
 * @records: NETWORK_INTERFACE_INFO (MS-SMB2 section 2.2.32.5)
 */
struct dsmb_interfaces {
	struct rcu_head rcu;
	unsigned long until;
	u32 len;
	u8 records[];
};

/* Encode the fields before the address. Return: false if the record does not fit. */
static bool dsmb_encode_interface(struct dsmb_interface *itf)
{
	struct dsmb_builder *b = itf->out;
	u32 at = b->len;

	if (b->size - b->len < DSMB_INTERFACE_SIZE)
		return false;
	dsmb_encode_u32(b, 0);
	dsmb_encode_u32(b, itf->dev->ifindex);
	dsmb_encode_u32(b, itf->dev->real_num_rx_queues > 1 ? DSMB_INTERFACE_RSS : 0);
	dsmb_encode_u32(b, 0);
	dsmb_encode_u64(b, itf->speed);
	if (itf->any)
		dsmb_fill_u32(b, itf->last, at - itf->last);
	itf->last = at;
	itf->any = true;
	return true;
}

/* SOCKADDR_STORAGE always has its full length. */
static void dsmb_end_interface(struct dsmb_interface *itf)
{
	dsmb_builder_reserve(itf->out, itf->last + DSMB_INTERFACE_SIZE - itf->out->len);
}

static void dsmb_encode_inet(struct dsmb_interface *itf)
{
	struct in_device *in_dev = __in_dev_get_rtnl(itf->dev);
	const struct in_ifaddr *ifa;

	if (!in_dev)
		return;
	in_dev_for_each_ifa_rtnl(ifa, in_dev) {
		struct in6_addr addr;

		ipv6_addr_set_v4mapped(ifa->ifa_local, &addr);
		if (!dsmb_listens_on(itf->server, &addr))
			continue;
		if (!dsmb_encode_interface(itf))
			return;
		dsmb_encode_u16(itf->out, DSMB_FAMILY_INET);
		dsmb_encode_u16(itf->out, 0);
		dsmb_encode_bytes(itf->out, &ifa->ifa_local, 4);
		dsmb_end_interface(itf);
	}
}

static void dsmb_encode_inet6(struct dsmb_interface *itf)
{
	struct inet6_dev *idev = __in6_dev_get(itf->dev);
	const struct inet6_ifaddr *ifa;

	if (!idev)
		return;
	read_lock_bh(&idev->lock);
	list_for_each_entry(ifa, &idev->addr_list, if_list) {
		/* A link-local address would need the client's name of the link. */
		if (ifa->flags & IFA_F_TENTATIVE ||
		    ipv6_addr_type(&ifa->addr) & IPV6_ADDR_LINKLOCAL ||
		    !dsmb_listens_on(itf->server, &ifa->addr))
			continue;
		if (!dsmb_encode_interface(itf))
			break;
		dsmb_encode_u16(itf->out, DSMB_FAMILY_INET6);
		dsmb_encode_u16(itf->out, 0);
		dsmb_encode_u32(itf->out, 0);
		dsmb_encode_bytes(itf->out, &ifa->addr, 16);
		dsmb_end_interface(itf);
	}
	read_unlock_bh(&idev->lock);
}

static u64 dsmb_link_speed(struct net_device *dev)
{
	struct ethtool_link_ksettings cmd;

	if (__ethtool_get_link_ksettings(dev, &cmd) || !cmd.base.speed ||
	    cmd.base.speed == (u32)SPEED_UNKNOWN)
		return DSMB_SPEED_UNKNOWN;
	return (u64)cmd.base.speed * 1000 * 1000;
}

static void dsmb_interfaces_make(struct dsmb_server *server, struct dsmb_builder *out)
{
	struct dsmb_interface itf = { .server = server, .out = out };

	rtnl_lock();
	for_each_netdev(server->srv->net, itf.dev) {
		if (!(itf.dev->flags & IFF_UP) || itf.dev->flags & IFF_LOOPBACK)
			continue;
		itf.speed = dsmb_link_speed(itf.dev);
		dsmb_encode_inet(&itf);
		dsmb_encode_inet6(&itf);
	}
	rtnl_unlock();
}

/* Make a new list. Return: 0 or -ENOMEM. */
static int dsmb_interfaces_renew(struct dsmb_server *server)
{
	struct dsmb_interfaces *list, *old;
	struct dsmb_builder out;

	lockdep_assert_held(&server->lock);
	list = kvmalloc(struct_size(list, records, DSMB_INTERFACES_MAX * DSMB_INTERFACE_SIZE),
			GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	out = dsmb_builder(list->records, DSMB_INTERFACES_MAX * DSMB_INTERFACE_SIZE);
	dsmb_interfaces_make(server, &out);
	list->len = out.len;
	list->until = jiffies + DSMB_INTERFACES_S * HZ;
	old = rcu_replace_pointer(server->interfaces, list, lockdep_is_held(&server->lock));
	kvfree_rcu(old, rcu);
	return 0;
}

static void dsmb_interfaces_work(struct work_struct *work)
{
	struct dsmb_server *server = container_of(work, struct dsmb_server, interfaces_work);

	mutex_lock(&server->lock);
	if (rcu_access_pointer(server->interfaces))
		dsmb_interfaces_renew(server);
	mutex_unlock(&server->lock);
}

/* Initialize the list of reported interfaces. Context: process; before any listener exists. */
void dsmb_interfaces_init(struct dsmb_server *server)
{
	INIT_WORK(&server->interfaces_work, dsmb_interfaces_work);
}

/*
 * Drop the list of reported interfaces. To be called when a listener was added or removed. The next
 * query builds a new list. Context: process; @server->lock is held.
 */
void dsmb_interfaces_forget(struct dsmb_server *server)
{
	struct dsmb_interfaces *old;

	lockdep_assert_held(&server->lock);
	old = rcu_replace_pointer(server->interfaces, NULL, lockdep_is_held(&server->lock));
	kvfree_rcu(old, rcu);
}

static bool dsmb_interfaces_are_current(const struct dsmb_interfaces *list)
{
	return list && time_before(jiffies, list->until + DSMB_INTERFACES_OLD_S * HZ);
}

/*
 * Send the cached list, and renew it in the background. Return: false if there is none, or if it is
 * so old that it may contain addresses that are gone.
 */
static bool dsmb_interfaces_encode(struct dsmb_server *server, struct dsmb_builder *out)
{
	const struct dsmb_interfaces *list;
	bool sent;

	rcu_read_lock();
	list = rcu_dereference(server->interfaces);
	sent = dsmb_interfaces_are_current(list);
	if (sent) {
		dsmb_encode_bytes(out, list->records, list->len);
		if (time_after(jiffies, list->until))
			queue_work(server->slow, &server->interfaces_work);
	}
	rcu_read_unlock();
	return sent;
}

/* List the network interfaces of the server. MS-SMB2 section 3.3.5.15.11. Return: a status. */
u32 dsmb_fsctl_interfaces(struct dsmb_ioctl *io)
{
	const struct dsmb_conn *conn = io->call->conn;
	struct dsmb_server *server = conn->server;
	int err = 0;

	if (!(conn->server_caps & DSMB_CAP_MULTI_CHANNEL))
		return STATUS_NOT_SUPPORTED;
	if (dsmb_interfaces_encode(server, &io->out))
		return STATUS_SUCCESS;
	/* Listeners changed, or the list is old. Only then does a client wait for the drivers. */
	mutex_lock(&server->lock);
	if (!dsmb_interfaces_are_current(rcu_dereference_protected(server->interfaces,
								   lockdep_is_held(&server->lock))))
		err = dsmb_interfaces_renew(server);
	mutex_unlock(&server->lock);
	return !err && dsmb_interfaces_encode(server, &io->out) ? STATUS_SUCCESS :
							       STATUS_INSUFFICIENT_RESOURCES;
}
