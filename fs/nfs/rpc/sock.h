/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sockets of TCP connections, and what sunrpc and TCP leave undone without memory; see sock.c.
 */
#ifndef _DITTO_FS_NFS_RPC_SOCK_H
#define _DITTO_FS_NFS_RPC_SOCK_H

#include <linux/types.h>

struct sock;

void dnfs_sock_init_listener(struct sock *sk);
void dnfs_sock_init(struct sock *sk);
bool dnfs_sock_accept_again(struct sock *sk);
bool dnfs_sock_lacks_fin(struct sock *sk);

#endif
