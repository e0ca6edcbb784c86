/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Message buffers: linear memory in a few size classes. Freed buffers are kept for the next
 * message. Each buffer has a scatterlist of its pages, which is built once and is used by
 * encryption.
 *
 * The memory in all buffers of a server is limited; see buf.c.
 */
#ifndef _DITTO_SMB_TRANSPORT_BUF_H
#define _DITTO_SMB_TRANSPORT_BUF_H

#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

struct dsmb_server;

/**
 * struct dsmb_buf - a message buffer
 * @data: first byte; page aligned, except in the smallest class
 * @size: size in bytes
 * @class: index of its size class
 * @ref: references; several messages may lie in one buffer, and the last dsmb_buf_put() frees
 *	it
 * @sgt: its pages in order; chained as sg_alloc_table() does
 * @lent: some of its pages were given to the network, which may still hold them when the buffer
 *	becomes idle
 * @list: on the list of idle buffers of its class
 */
struct dsmb_buf {
	u8 *data;
	u32 size;
	u8 class;
	refcount_t ref;
	struct sg_table sgt;
	bool lent;
	struct list_head list;
};

/**
 * dsmb_buf_get - allocate a message buffer
 * @server: the server
 * @size: bytes needed
 *
 * The contents are not zeroed.
 *
 * Context: process; may sleep for memory.
 * Return: a buffer of at least @size bytes with one reference; NULL if there is no memory,
 * @size is too large, or the server's limit is reached.
 */
struct dsmb_buf *dsmb_buf_get(struct dsmb_server *server, u32 size);

/**
 * dsmb_buf_put - drop a reference to a message buffer
 * @server: the server
 * @buf: the buffer; may be NULL
 *
 * The buffer becomes idle or is freed when the last reference is dropped.
 *
 * Context: process; does not sleep for long.
 */
void dsmb_buf_put(struct dsmb_server *server, struct dsmb_buf *buf);

/* Take a reference. Returns @buf. */
static inline struct dsmb_buf *dsmb_buf_hold(struct dsmb_buf *buf)
{
	refcount_inc(&buf->ref);
	return buf;
}

/**
 * dsmb_buf_lend - take pages of a buffer to send them without a copy
 * @buf: the buffer; is not written to any more
 * @offset: first byte; a multiple of PAGE_SIZE
 * @len: bytes inside the buffer
 * @pages: room for one entry for each page; filled, with a reference to each
 *
 * The buffer is used again only after all references were dropped.
 *
 * Context: any.
 * Return: the number of entries filled; 0 if the buffer is too small to have pages of its own.
 */
unsigned int dsmb_buf_lend(struct dsmb_buf *buf, u32 offset, u32 len, struct bio_vec *pages);

/* Bytes of parts of pages. */
static inline u32 dsmb_pages_len(const struct bio_vec *pages, unsigned int npages)
{
	u32 len = 0;

	for (unsigned int i = 0; i < npages; i++)
		len += pages[i].bv_len;
	return len;
}

/**
 * dsmb_buf_sg - describe a part of a buffer by a scatterlist
 * @buf: the buffer
 * @offset: first byte of the part
 * @len: bytes, at least 1
 * @sg: room for @max entries; filled and terminated
 * @max: number of entries in @sg
 *
 * Context: any.
 * Return: the number of entries used; -EMSGSIZE if the part is empty, is not inside the buffer,
 * or needs more than @max entries.
 */
int dsmb_buf_sg(struct dsmb_buf *buf, u32 offset, u32 len, struct scatterlist *sg, int max);

/**
 * dsmb_buf_get_rx - allocate a message buffer for receiving
 * @server: the server
 * @size: bytes needed
 *
 * Like dsmb_buf_get(), but with a lower limit. Receiving can wait for memory, and the
 * difference keeps room for responses.
 *
 * Context: process; may sleep for memory.
 * Return: a buffer with one reference, or NULL.
 */
struct dsmb_buf *dsmb_buf_get_rx(struct dsmb_server *server, u32 size);

/**
 * dsmb_buf_claim_rx - count received bytes that are not in a buffer
 * @server: the server
 * @bytes: their number
 *
 * They are subject to the limit of dsmb_buf_get_rx().
 *
 * Context: any.
 * Return: false if the limit does not allow them; then nothing is counted.
 */
bool dsmb_buf_claim_rx(struct dsmb_server *server, u32 bytes);

/**
 * dsmb_buf_unclaim_rx - stop to count bytes of dsmb_buf_claim_rx()
 * @server: the server
 * @bytes: their number
 *
 * Context: any.
 */
void dsmb_buf_unclaim_rx(struct dsmb_server *server, u32 bytes);

/**
 * dsmb_buf_conn_max - get the limit of bytes in flight on one connection
 * @server: the server
 *
 * Context: any.
 * Return: bytes; a part of the server's limit for all buffers.
 */
long dsmb_buf_conn_max(const struct dsmb_server *server);

/* Allocate the buffer pool of a server. Returns NULL without memory. May sleep. */
struct dsmb_buf_pool *dsmb_buf_pool_alloc(void);

/* Free the pool. All buffers were put; @pool may be NULL. */
void dsmb_buf_pool_free(struct dsmb_buf_pool *pool);

/* Free idle buffers of at least @pages pages in all, the largest first. Returns pages freed. */
unsigned long dsmb_buf_pool_trim(struct dsmb_buf_pool *pool, unsigned long pages);

#endif
