/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's requests for TLS handshakes: the generic netlink family "handshake"
 * (Documentation/networking/tls-handshake.rst of the kernel). The kernel has a queue of requests
 * for each network namespace, and tells its listeners of a new one. Whoever accepts a request gets
 * the socket as a descriptor, and says how the handshake ended.
 */
#ifndef _DITTOD_HANDSHAKE_H
#define _DITTOD_HANDSHAKE_H

#include "common/types.h"
#include "text.h"
#include "tls_session.h"

struct handshake;

/**
 * struct handshake_request - a request of the kernel
 * @fd: the socket, to be closed by the caller
 * @server: this side is the server
 * @certify: this side proves itself with a certificate
 * @timeout: ms that it may take; 0 if the kernel does not say
 * @keys: the kernel names keys of its own, which are not supported
 * @peer: name of the peer, or empty
 */
struct handshake_request {
	int fd;
	bool server;
	bool certify;
	bool keys;
	u32 timeout;
	char peer[TLS_PEER_SIZE];
};

/* Open the family. Returns NULL and fills @why if the kernel has none, or on another error. */
struct handshake *handshake_open(struct why *why);
void handshake_close(struct handshake *h);

/* Number of the multicast group of those who listen. */
int handshake_group(const struct handshake *h);

/**
 * handshake_rival - find a program that listens for requests
 * @path: /proc/net/netlink
 * @group: from handshake_group(), of which this process is no member
 *
 * Groups above 32 are not shown there, and then nothing is found.
 *
 * Return: its netlink port, which is usually its process id; 0 if there is none.
 */
u32 handshake_rival(const char *path, int group);

/* Listen for requests, or no longer. Returns 0 or a negative errno. */
int handshake_listen(struct handshake *h, bool on);
/* The descriptor is readable when handshake_drain() has work. */
int handshake_fd(const struct handshake *h);
/* Read notifications; requests may be waiting then. */
void handshake_drain(struct handshake *h);

/* Accept a request. Returns 0, -EAGAIN if there is none, or another negative errno. */
int handshake_accept(struct handshake *h, struct handshake_request *req);

/**
 * handshake_done - say how a handshake ended
 * @h: the family
 * @fd: the socket; stays the caller's
 * @error: 0 or a negative errno
 * @proved: the peer has a certificate that was verified
 *
 * Return: 0; -EBUSY if the kernel does not wait for it any more; or another negative errno.
 */
int handshake_done(struct handshake *h, int fd, int error, bool proved);

#endif
