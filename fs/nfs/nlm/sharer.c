// SPDX-License-Identifier: GPL-2.0-only
/* Share reservations of the machine that sends a request of NFSv3. See sharer.h. */
#include <linux/hashtable.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <net/ipv6.h>

#include "host.h"
#include "sharer.h"

/* Find a client at an address that holds share reservations. It is to be put; NULL if none. */
struct ditto_client *dnlm_sharer_find(struct dnlm_server *nlm, const struct in6_addr *addr)
{
	struct ditto_client *found = NULL;
	struct dnlm_client *dc;
	struct dnlm_host *host;

	rcu_read_lock();
	hash_for_each_possible_rcu(nlm->hosts, host, hash, dnlm_host_hash(nlm, addr)) {
		if (!ipv6_addr_equal(&host->route.addr, addr))
			continue;
		dc = rcu_dereference(host->client);
		if (!dc || RB_EMPTY_ROOT(&dc->shares) || !refcount_inc_not_zero(&dc->client.ref))
			continue;
		found = &dc->client;
		break;
	}
	rcu_read_unlock();
	return found;
}
