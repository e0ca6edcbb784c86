// SPDX-License-Identifier: GPL-2.0-only
/* The server of a network namespace, as its parts and the protocols use it. */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "server.h"
#include "server_private.h"

struct workqueue_struct *ditto_wq;
unsigned int ditto_net_id;

struct ditto_server *ditto_server_of(const struct net *net)
{
	struct ditto_server **place = net_generic(net, ditto_net_id);

	return *place;
}
EXPORT_SYMBOL_NS_GPL(ditto_server_of, "DITTO");

struct net *ditto_server_hold_net(const struct ditto_server *srv)
{
	return maybe_get_net(srv->net);
}
EXPORT_SYMBOL_NS_GPL(ditto_server_hold_net, "DITTO");

void ditto_server_writeback_failed(struct ditto_server *srv)
{
	atomic64_inc(&srv->write_verifier);
}

/*
 * No signature of a handle can equal a part of a derived key: a signed handle of 16 bytes has a 1
 * in its third byte, and the input here has a 0.
 */
void ditto_key_derive(const struct ditto_server *srv, enum ditto_key_use use, siphash_key_t *key)
{
	for (u64 i = 0; i < ARRAY_SIZE(key->key); i++)
		key->key[i] = siphash_2u64(use, i, &srv->handle_key);
}
EXPORT_SYMBOL_NS_GPL(ditto_key_derive, "DITTO");
