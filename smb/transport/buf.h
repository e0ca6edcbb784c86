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

struct dsmb_buf *dsmb_buf_get(struct dsmb_server *server, u32 size);
void dsmb_buf_put(struct dsmb_server *server, struct dsmb_buf *buf);

/* Take a reference. Returns @buf. */
static inline struct dsmb_buf *dsmb_buf_hold(struct dsmb_buf *buf)
{
	refcount_inc(&buf->ref);
	return buf;
}

unsigned int dsmb_buf_lend(struct dsmb_buf *buf, u32 offset, u32 len, struct bio_vec *pages);

/* Bytes of parts of pages. */
static inline u32 dsmb_pages_len(const struct bio_vec *pages, unsigned int npages)
{
	u32 len = 0;

	for (unsigned int i = 0; i < npages; i++)
		len += pages[i].bv_len;
	return len;
}

int dsmb_buf_sg(struct dsmb_buf *buf, u32 offset, u32 len, struct scatterlist *sg, int max);
struct dsmb_buf *dsmb_buf_get_rx(struct dsmb_server *server, u32 size);
bool dsmb_buf_claim_rx(struct dsmb_server *server, u32 bytes);
void dsmb_buf_unclaim_rx(struct dsmb_server *server, u32 bytes);
long dsmb_buf_conn_max(const struct dsmb_server *server);
struct dsmb_buf_pool *dsmb_buf_pool_alloc(void);
void dsmb_buf_pool_free(struct dsmb_buf_pool *pool);
unsigned long dsmb_buf_pool_trim(struct dsmb_buf_pool *pool, unsigned long pages);

#endif
