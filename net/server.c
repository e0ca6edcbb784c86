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

/**
 * ditto_server_of - get the server of a network namespace
 * @net: the namespace
 *
 * Context: any. The result is valid while the caller holds the namespace.
 * Return: the server; never NULL while ditto.ko is loaded.
 */
struct ditto_server *ditto_server_of(const struct net *net)
{
	struct ditto_server **place = net_generic(net, ditto_net_id);

	return *place;
}
EXPORT_SYMBOL_NS_GPL(ditto_server_of, "DITTO");

/**
 * ditto_server_hold_net - hold the namespace of a server, which may be gone
 * @srv: the server
 *
 * The kernel's objects of a namespace, such as the sockets of netlink, are there only while it is
 * held.
 *
 * Context: any.
 * Return: the namespace, for put_net(); NULL if it is ending.
 */
struct net *ditto_server_hold_net(const struct ditto_server *srv)
{
	return maybe_get_net(srv->net);
}
EXPORT_SYMBOL_NS_GPL(ditto_server_hold_net, "DITTO");

/*
 * Make clients send their unstable data again. Called when a sync has failed: answered unstable
 * writes may be lost, so the write verifier changes (RFC 1813 section 3.3.21). Context: any.
 */
void ditto_server_writeback_failed(struct ditto_server *srv)
{
	atomic64_inc(&srv->write_verifier);
}

/**
 * ditto_key_derive - derive a key for one use from the key that signs handles
 * @srv: the server
 * @use: use of the key; no two uses share a key
 * @key: filled; stable across restarts if the handle key is
 *
 * Clients that see values made with a derived key, even of chosen input, learn nothing about the
 * key that signs handles.
 *
 * No signature of a handle can equal a part of a derived key: a signed handle of 16 bytes has a 1
 * in its third byte, and the input here has a 0.
 *
 * Context: any.
 */
void ditto_key_derive(const struct ditto_server *srv, enum ditto_key_use use, siphash_key_t *key)
{
	for (u64 i = 0; i < ARRAY_SIZE(key->key); i++)
		key->key[i] = siphash_2u64(use, i, &srv->handle_key);
}
EXPORT_SYMBOL_NS_GPL(ditto_key_derive, "DITTO");
