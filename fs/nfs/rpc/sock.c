// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets of TCP connections, and what sunrpc and TCP leave undone without memory.
 *
 * A client waits for the reply to a call until the connection ends: with NFSv4 it must not send the
 * call again before (RFC 8881 section 2.9.2). So a server that does not answer must end the
 * connection, and the client must learn of that.
 */
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/tcp.h>
#include <net/inet_connection_sock.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "sock.h"

/* Send buffer, more than is ever queued: at the socket's own limit, threads would wait. */
#define SOCK_SNDBUF_BYTES	SZ_1G
/* Time that a thread waits for the socket if TCP has no memory. */
#define SOCK_SEND_WAIT		(2 * HZ)

/*
 * Prepare a listening socket. A connection that sunrpc takes from it, and releases for lack of
 * memory, ends with a reset. The FIN that would else be sent needs memory, too.
 */
void dnfs_sock_init_listener(struct sock *sk)
{
	sock_no_linger(sk);
}

/*
 * Prepare the socket of an accepted connection. Threads wait in it only if TCP has no memory, and
 * two seconds at most.
 */
void dnfs_sock_init(struct sock *sk)
{
	lock_sock(sk);
	sock_reset_flag(sk, SOCK_LINGER);
	sk->sk_userlocks |= SOCK_SNDBUF_LOCK;
	WRITE_ONCE(sk->sk_sndbuf, SOCK_SNDBUF_BYTES);
	WRITE_ONCE(sk->sk_sndtimeo, SOCK_SEND_WAIT);
	WRITE_ONCE(tcp_sk(sk)->notsent_lowat, UINT_MAX);
	release_sock(sk);
}

/*
 * Decide whether sunrpc must be made to accept again. sunrpc does not try again on its own before
 * one more client connects. This function waits a moment for memory if connections are left.
 * Return: true if a connection waits to be accepted.
 */
bool dnfs_sock_accept_again(struct sock *sk)
{
	if (reqsk_queue_empty(&inet_csk(sk)->icsk_accept_queue))
		return false;
	memalloc_retry_wait(GFP_KERNEL);
	return true;
}

/*
 * Check whether the client does not know that the connection ends. Without memory TCP sends no FIN
 * and does not try later, but goes on answering the client's keepalive probes. Only a reset ends
 * the connection then. Return: true if there is no FIN to be sent or acknowledged.
 */
bool dnfs_sock_lacks_fin(struct sock *sk)
{
	const struct sk_buff *last;
	bool lacks = false;

	lock_sock(sk);
	if ((1 << sk->sk_state) & (TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_LAST_ACK)) {
		last = tcp_write_queue_tail(sk) ?: tcp_rtx_queue_tail(sk);
		lacks = !last || !(TCP_SKB_CB(last)->tcp_flags & TCPHDR_FIN);
	}
	release_sock(sk);
	return lacks;
}
