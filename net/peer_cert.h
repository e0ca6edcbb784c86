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

bool ditto_peer_cert_is_valid(const char *name);
int ditto_peer_cert_add(struct ditto_server *srv, u64 cookie, const char *name, unsigned long now);
char *ditto_peer_cert_take(struct ditto_server *srv, u64 cookie);

/* Create and destroy the names of a server. May sleep. */
int ditto_peer_cert_init(struct ditto_server *srv);
void ditto_peer_cert_exit(struct ditto_server *srv);

#endif
