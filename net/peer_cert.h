/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names that clients have proved with certificates. The handshake of a connection is performed by
 * the helper, which tells the name before it tells the end of the handshake; the protocol then
 * takes the name.
 */
#ifndef _DITTO_NET_PEER_CERT_H
#define _DITTO_NET_PEER_CERT_H

#include <linux/types.h>

struct ditto_server;

/* Names that are kept until they are taken. */
#define DITTO_PEER_CERT_MAX	128
/* Time for which a name is kept at least: a handshake has ended before that. */
#define DITTO_PEER_CERT_TIME	(10 * HZ)
/* Bytes of the longest name, as of a host (RFC 1035 section 2.3.4). */
#define DITTO_PEER_CERT_NAME_MAX	255

/**
 * ditto_peer_cert_is_valid - check the form of a name
 * @name: the name
 *
 * Return: true if it has letters, digits, '-', '_' and '.' only, and at most
 * DITTO_PEER_CERT_NAME_MAX.
 */
bool ditto_peer_cert_is_valid(const char *name);

/**
 * ditto_peer_cert_add - keep the name of a connection's client
 * @srv: the server
 * @cookie: cookie of the socket, not 0
 * @name: a valid name; a copy in lower case is kept
 * @now: jiffies
 *
 * Return: 0; -ENOMEM; or -EBUSY if there are too many names. The handshake must fail then: without
 * its name a client might get what rules refuse to the name.
 */
int ditto_peer_cert_add(struct ditto_server *srv, u64 cookie, const char *name, unsigned long now);

/**
 * ditto_peer_cert_take - get the name of a connection's client
 * @srv: the server
 * @cookie: cookie of the socket
 *
 * Context: any.
 * Return: the name, to be freed with kfree(); NULL if there is none.
 */
char *ditto_peer_cert_take(struct ditto_server *srv, u64 cookie);

/* Create and destroy the names of a server. May sleep. */
int ditto_peer_cert_init(struct ditto_server *srv);
void ditto_peer_cert_exit(struct ditto_server *srv);

#endif
