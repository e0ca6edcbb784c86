/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes taken from a TCP socket without a copy: they stay in the memory into which the network has
 * received them until they are released. What would waste memory is copied: a sender decides how
 * its bytes are divided, but not what holding them costs.
 *
 * The sender may be able to change bytes that were taken, if it is on this machine. They must not
 * be checked first and used later.
 */
#ifndef _DITTO_NET_RX_DATA_H
#define _DITTO_NET_RX_DATA_H

#include <linux/bvec.h>
#include <linux/mm_types.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <linux/types.h>

struct iov_iter;
struct socket;

/* A socket reports as many bytes though more are missing. */
#define DITTO_REPORT_MAX	SZ_128K

/*
 * One taken byte costs at most as much memory as this many; in the segments with the first and with
 * the last bytes, which may have other bytes of the sender, as the second number.
 */
#define DITTO_TAKEN_WASTE	2
#define DITTO_TAKEN_WASTE_EDGE	8

/**
 * struct ditto_rx_data - bytes taken from a socket
 * @skbs: clones of what the network received
 * @pages: pages with copied bytes, linked by page->lru
 * @vec: where the bytes are, in order
 * @nvec: number of @vec
 * @room: entries that @vec has room for
 * @copied: bytes used of the last of @pages
 * @bytes: bytes taken
 * @memory: bytes of memory that they hold
 */
struct ditto_rx_data {
	struct sk_buff_head skbs;
	struct list_head pages;
	struct bio_vec *vec;
	unsigned int nvec;
	unsigned int room;
	unsigned int copied;
	u32 bytes;
	u32 memory;
};

/**
 * ditto_rx_data_new - begin to take bytes
 *
 * Context: may sleep for memory.
 * Return: nothing taken; or NULL without memory.
 */
struct ditto_rx_data *ditto_rx_data_new(void);

/**
 * ditto_rx_data_free - release the bytes
 * @taken: from ditto_rx_data_new(); may be NULL
 *
 * Context: process or softirq; does not sleep.
 */
void ditto_rx_data_free(struct ditto_rx_data *taken);

/**
 * ditto_rx_data_add - copy bytes that were received otherwise behind those that were taken
 * @taken: from ditto_rx_data_new()
 * @data: the bytes
 * @len: their number
 *
 * Context: may sleep for memory.
 * Return: 0 or -ENOMEM; then some of the bytes may have been added.
 */
int ditto_rx_data_add(struct ditto_rx_data *taken, const void *data, u32 len);

/**
 * ditto_can_take - can bytes be taken from a socket?
 * @sock: the socket
 *
 * They cannot if TCP is not what the caller receives from, as with TLS in the kernel.
 *
 * Context: any; the socket's protocol does not change at the same time.
 * Return: true if ditto_rx_data_receive() can be called.
 */
bool ditto_can_take(const struct socket *sock);

/**
 * ditto_rx_data_receive - take bytes that have arrived
 * @taken: from ditto_rx_data_new()
 * @sock: ditto_can_take() allows it
 * @want: number of bytes to take at most
 *
 * Context: may sleep for memory and for the lock of the socket, but does not wait for bytes.
 * Return: the number of bytes taken; 0 if there are none now; -ECONNRESET if none will come,
 * -EPROTO if the sender used TCP's urgent data, -ENOMEM if there is no memory for the next ones, or
 * another errno of the socket.
 */
int ditto_rx_data_receive(struct ditto_rx_data *taken, struct socket *sock, u32 want);

/**
 * ditto_sock_end - tell why a socket without bytes will have no more
 * @sk: a TCP socket; its error is taken
 *
 * Context: any; the caller has locked the socket.
 * Return: 0 if more may come; -ECONNRESET, or the socket's error.
 */
int ditto_sock_end(struct sock *sk);

/**
 * ditto_copy_arrived - copy bytes that have arrived, and leave them in the socket
 * @sk: ditto_can_take() allows it, and it has no urgent data
 * @from: number of bytes to leave out before them
 * @data: room for them
 * @len: bytes of room
 *
 * Context: any; the caller has locked the socket.
 * Return: the number of bytes, which may be 0; or an errno.
 */
int ditto_copy_arrived(struct sock *sk, u32 from, void *data, u32 len);

/**
 * ditto_report_from - let a socket report only when bytes are worth it (SO_RCVLOWAT)
 * @sock: a TCP socket
 * @missing: bytes that the receiver waits for; 0 if any are welcome
 *
 * Context: may sleep for the lock of the socket.
 */
void ditto_report_from(struct socket *sock, u32 missing);

/**
 * ditto_rx_data_iter - read all bytes that were taken
 * @taken: from ditto_rx_data_new()
 * @iter: filled; valid until the bytes are released
 *
 * Context: any.
 */
void ditto_rx_data_iter(const struct ditto_rx_data *taken, struct iov_iter *iter);

#endif
