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

struct ditto_rx_data *ditto_rx_data_new(void);
void ditto_rx_data_free(struct ditto_rx_data *taken);
int ditto_rx_data_add(struct ditto_rx_data *taken, const void *data, u32 len);
bool ditto_can_take(const struct socket *sock);
int ditto_rx_data_receive(struct ditto_rx_data *taken, struct socket *sock, u32 want);
int ditto_sock_end(struct sock *sk);
int ditto_copy_arrived(struct sock *sk, u32 from, void *data, u32 len);
void ditto_report_from(struct socket *sock, u32 missing);
void ditto_rx_data_iter(const struct ditto_rx_data *taken, struct iov_iter *iter);

#endif
