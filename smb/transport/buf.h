/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Message buffers: linear memory in a few sizes, kept for the next message, each
 * with the scatterlist that encryption wants, made once.
 */
#ifndef _DITTO_SMB_TRANSPORT_BUF_H
#define _DITTO_SMB_TRANSPORT_BUF_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

struct dsmb_server;

/**
 * struct dsmb_buf - one buffer
 * @data: first byte, page aligned but in the smallest class
 * @size: bytes
 * @class: index of its size class
 * @ref: several messages may lie in one; the last dsmb_buf_put() gives it back
 * @sgt: its pages, in order; chained as sg_alloc_table() does
 * @list: in the server's list of idle ones
 */
struct dsmb_buf {
	u8 *data;
	u32 size;
	u8 class;
	refcount_t ref;
	struct sg_table sgt;
	struct list_head list;
};

/* A buffer of at least @size bytes, not zeroed; NULL without memory or above the server's limit. */
struct dsmb_buf *dsmb_buf_get(struct dsmb_server *server, u32 size);
/* NULL is allowed. */
void dsmb_buf_put(struct dsmb_server *server, struct dsmb_buf *buf);

static inline struct dsmb_buf *dsmb_buf_hold(struct dsmb_buf *buf)
{
	refcount_inc(&buf->ref);
	return buf;
}

/**
 * dsmb_buf_sg - a part of a buffer as scatterlist
 * @buf: the buffer
 * @offset: first byte
 * @len: bytes
 * @sg: room for @max entries; filled and terminated
 * @max: entries
 *
 * Return: entries, or -EMSGSIZE.
 */
int dsmb_buf_sg(struct dsmb_buf *buf, u32 offset, u32 len, struct scatterlist *sg, int max);

/* For receiving, which can wait: NULL well below the limit, so that answers find room. */
struct dsmb_buf *dsmb_buf_get_rx(struct dsmb_server *server, u32 size);

/* Bytes that one connection may have in flight. */
long dsmb_buf_conn_max(const struct dsmb_server *server);

struct dsmb_buf_pool *dsmb_buf_pool_alloc(void);
/* All buffers were given back. */
void dsmb_buf_pool_free(struct dsmb_buf_pool *pool);

#endif
