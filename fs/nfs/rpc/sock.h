/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sockets of TCP connections, and what sunrpc and TCP leave undone without memory; see sock.c.
 */
#ifndef _DITTO_FS_NFS_RPC_SOCK_H
#define _DITTO_FS_NFS_RPC_SOCK_H

#include <linux/types.h>

struct sock;

/**
 * dnfs_sock_init_listener - prepare a listening socket
 * @sk: the socket
 *
 * A connection that sunrpc takes from it, and releases for lack of memory, ends with a reset. The
 * FIN that would else be sent needs memory, too.
 */
void dnfs_sock_init_listener(struct sock *sk);

/**
 * dnfs_sock_init - prepare the socket of an accepted connection
 * @sk: the socket
 *
 * Threads wait in it only if TCP has no memory, and two seconds at most.
 */
void dnfs_sock_init(struct sock *sk);

/**
 * dnfs_sock_accept_again - decide whether sunrpc must be made to accept again
 * @sk: a listening socket from which sunrpc has got no connection
 *
 * sunrpc does not try again on its own before one more client connects. This function waits
 * a moment for memory if connections are left.
 *
 * Return: true if a connection waits to be accepted.
 */
bool dnfs_sock_accept_again(struct sock *sk);

/**
 * dnfs_sock_lacks_fin - check whether the client does not know that the connection ends
 * @sk: a socket that was shut down
 *
 * Without memory TCP sends no FIN and does not try later, but goes on answering the client's
 * keepalive probes. Only a reset ends the connection then.
 *
 * Return: true if there is no FIN to be sent or acknowledged.
 */
bool dnfs_sock_lacks_fin(struct sock *sk);

#endif
