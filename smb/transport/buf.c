// SPDX-License-Identifier: GPL-2.0-only
/*
 * Message buffers in size classes. Idle buffers are kept up to a limit, and given back when memory
 * is short. The buffers in use are limited too, so that clients cannot exhaust memory, and
 * receiving has a lower limit than responding. Small messages are not allocated here: a connection
 * keeps its own (message.c, transport.c).
 *
 * Pages of a buffer may be lent to the network, which can still hold them when the buffer becomes
 * idle. The buffer is used again when all of them were dropped.
 *
 * Locking: the lock of a class guards its list of idle buffers. The byte counts are atomic.
 */
#include <linux/mm.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "../server.h"
#include "../wire/wire.h"
#include "buf.h"

/* Most classes leave room for headers in addition to 64 KiB, 256 KiB and so on of data. */
static const u32 class_sizes[] = {
	SZ_4K,
	SZ_16K,
	SZ_64K + SZ_8K,
	SZ_256K + SZ_8K,
	SZ_1M + SZ_64K,
	SZ_4M + SZ_64K,
	SZ_8M + SZ_64K + SZ_4K,
};

/* A message of this size need not begin with the buffer. */
static_assert(SZ_8M + SZ_64K + SZ_4K >= DSMB_MESSAGE_MAX + SZ_2K);

#define CLASSES		ARRAY_SIZE(class_sizes)
/*
 * Limits of idle buffers and of buffers in use, as fractions of memory, and bounds of the
 * latter.
 */
#define IDLE_PART	64
#define USED_PART	8
#define USED_MIN	SZ_128M
#define USED_MAX	SZ_2G
/* Idle buffers that are looked at before another one is allocated. */
#define IDLE_TRIES	4
/*
 * Limit of one connection, as a fraction of the limit in use, and its bounds; the lower bound
 * is a few of the largest messages.
 */
#define CONN_PART	16
#define CONN_MIN	SZ_32M
#define CONN_MAX	SZ_64M
/* Fraction of the limit that receiving leaves to responses. */
#define REPLY_PART	4

/**
 * struct buf_class - idle buffers of one size
 * @lock: spinlock; guards @idle
 * @idle: struct dsmb_buf
 */
struct buf_class {
	spinlock_t lock;	/* see above */
	struct list_head idle;
};

/**
 * struct dsmb_buf_pool - the buffers of a server
 * @classes: idle buffers by size class
 * @idle: bytes in idle buffers
 * @used: bytes in buffers in use, and of dsmb_buf_claim_rx()
 * @idle_max: limit of @idle
 * @used_max: limit of @used
 * @shrinker: gives idle buffers back
 */
struct dsmb_buf_pool {
	struct buf_class classes[CLASSES];
	atomic_long_t idle;
	atomic_long_t used;
	long idle_max;
	long used_max;
	struct shrinker *shrinker;
};

static void buf_free(struct dsmb_buf *buf)
{
	sg_free_table(&buf->sgt);
	kvfree(buf->data);
	kfree(buf);
}

/* Free idle buffers of at least @pages pages in all, the largest first. Returns pages freed. */
unsigned long dsmb_buf_pool_trim(struct dsmb_buf_pool *pool, unsigned long pages)
{
	unsigned int class = CLASSES;
	unsigned long freed = 0;
	struct dsmb_buf *buf;

	/* The largest first. The network may still hold pages of one that is freed. */
	while (class && freed < pages) {
		struct buf_class *c = &pool->classes[class - 1];

		spin_lock(&c->lock);
		buf = list_first_entry_or_null(&c->idle, struct dsmb_buf, list);
		if (buf)
			list_del(&buf->list);
		spin_unlock(&c->lock);
		if (!buf) {
			class--;
			continue;
		}
		atomic_long_sub(buf->size, &pool->idle);
		freed += DIV_ROUND_UP(buf->size, PAGE_SIZE);
		buf_free(buf);
	}
	return freed;
}

static unsigned long pool_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct dsmb_buf_pool *pool = shrinker->private_data;

	return atomic_long_read(&pool->idle) >> PAGE_SHIFT;
}

static unsigned long pool_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long freed = dsmb_buf_pool_trim(shrinker->private_data, sc->nr_to_scan);

	/* A buffer may have many more pages than were asked for. */
	sc->nr_scanned = freed;
	return freed ?: SHRINK_STOP;
}

/* Allocate the buffer pool of a server. Returns NULL without memory. May sleep. */
struct dsmb_buf_pool *dsmb_buf_pool_alloc(void)
{
	u64 memory = (u64)totalram_pages() << PAGE_SHIFT;
	struct dsmb_buf_pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return NULL;
	pool->shrinker = shrinker_alloc(0, "ditto-smb-buffers");
	if (!pool->shrinker) {
		kfree(pool);
		return NULL;
	}
	for (unsigned int i = 0; i < CLASSES; i++) {
		spin_lock_init(&pool->classes[i].lock);
		INIT_LIST_HEAD(&pool->classes[i].idle);
	}
	pool->idle_max = memory / IDLE_PART;
	pool->used_max = clamp_t(u64, memory / USED_PART, USED_MIN, USED_MAX);
	pool->shrinker->count_objects = pool_shrink_count;
	pool->shrinker->scan_objects = pool_shrink_scan;
	pool->shrinker->private_data = pool;
	shrinker_register(pool->shrinker);
	return pool;
}

/* Free the pool. All buffers were put; @pool may be NULL. */
void dsmb_buf_pool_free(struct dsmb_buf_pool *pool)
{
	struct dsmb_buf *buf, *next;

	if (!pool)
		return;
	shrinker_free(pool->shrinker);
	for (unsigned int i = 0; i < CLASSES; i++)
		list_for_each_entry_safe(buf, next, &pool->classes[i].idle, list)
			buf_free(buf);
	WARN_ON_ONCE(atomic_long_read(&pool->used));
	kfree(pool);
}

static int buf_make_sgt(struct dsmb_buf *buf)
{
	unsigned int npages = DIV_ROUND_UP(buf->size, PAGE_SIZE);
	struct page **pages;
	int err;

	if (!is_vmalloc_addr(buf->data)) {
		err = sg_alloc_table(&buf->sgt, 1, GFP_KERNEL);
		if (!err)
			sg_set_buf(buf->sgt.sgl, buf->data, buf->size);
		return err;
	}
	pages = kvmalloc_array(npages, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (unsigned int i = 0; i < npages; i++)
		pages[i] = vmalloc_to_page(buf->data + i * PAGE_SIZE);
	err = sg_alloc_table_from_pages(&buf->sgt, pages, npages, 0, buf->size, GFP_KERNEL);
	kvfree(pages);
	return err;
}

static struct dsmb_buf *buf_alloc(u8 class)
{
	struct dsmb_buf *buf = kzalloc(sizeof(*buf), GFP_KERNEL);

	if (!buf)
		return NULL;
	buf->class = class;
	buf->size = class_sizes[class];
	/* Avoid high-order allocations: vmalloc() is as good. */
	if (buf->size <= SZ_16K)
		buf->data = kvmalloc(buf->size, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	else
		buf->data = vmalloc(buf->size);
	if (!buf->data || buf_make_sgt(buf)) {
		kvfree(buf->data);
		kfree(buf);
		return NULL;
	}
	return buf;
}

/*
 * Does the network still hold a page? Nobody takes more references to an idle buffer, and what is
 * written to it later depends on this result, so no barrier is needed.
 */
static bool buf_is_held(struct dsmb_buf *buf)
{
	struct sg_page_iter iter;

	if (likely(!buf->lent))
		return false;
	for_each_sgtable_page(&buf->sgt, &iter, 0)
		if (page_ref_count(sg_page_iter_page(&iter)) > 1)
			return true;
	buf->lent = false;
	return false;
}

static void buf_add_idle(struct buf_class *c, struct dsmb_buf *buf)
{
	spin_lock(&c->lock);
	if (buf->lent)
		list_add_tail(&buf->list, &c->idle);
	else
		list_add(&buf->list, &c->idle);
	spin_unlock(&c->lock);
}

/*
 * Lent buffers lie at the end, the oldest first. One that is still held goes behind the others, so
 * that a client that does not read does not keep them from being found.
 */
static struct dsmb_buf *buf_from_idle(struct dsmb_buf_pool *pool, u8 class)
{
	struct buf_class *c = &pool->classes[class];
	struct dsmb_buf *buf;

	for (unsigned int tries = 0; tries < IDLE_TRIES; tries++) {
		spin_lock(&c->lock);
		buf = list_first_entry_or_null(&c->idle, struct dsmb_buf, list);
		if (buf)
			list_del(&buf->list);
		spin_unlock(&c->lock);
		if (!buf)
			break;
		if (!buf_is_held(buf)) {
			atomic_long_sub(buf->size, &pool->idle);
			return buf;
		}
		buf_add_idle(c, buf);
	}
	return NULL;
}

static struct dsmb_buf *buf_get(struct dsmb_buf_pool *pool, u32 size, long max)
{
	struct dsmb_buf *buf;
	u8 class = 0;

	while (class < CLASSES && class_sizes[class] < size)
		class++;
	if (class == CLASSES)
		return NULL;
	if (atomic_long_add_return(class_sizes[class], &pool->used) > max)
		goto over;
	buf = buf_from_idle(pool, class) ?: buf_alloc(class);
	if (!buf)
		goto over;
	refcount_set(&buf->ref, 1);
	return buf;

over:
	atomic_long_sub(class_sizes[class], &pool->used);
	return NULL;
}

/*
 * Allocate a message buffer. The contents are not zeroed. Context: process; may sleep for memory.
 * Return: a buffer of at least @size bytes with one reference; NULL if there is no memory, @size is
 * too large, or the server's limit is reached.
 */
struct dsmb_buf *dsmb_buf_get(struct dsmb_server *server, u32 size)
{
	return buf_get(server->buffers, size, server->buffers->used_max);
}

/* Bytes in use up to which receiving may take more. */
static long pool_rx_max(const struct dsmb_buf_pool *pool)
{
	return pool->used_max - pool->used_max / REPLY_PART;
}

/*
 * Allocate a message buffer for receiving. Like dsmb_buf_get(), but with a lower limit. Receiving
 * can wait for memory, and the difference keeps room for responses. Context: process; may sleep for
 * memory. Return: a buffer with one reference, or NULL.
 */
struct dsmb_buf *dsmb_buf_get_rx(struct dsmb_server *server, u32 size)
{
	return buf_get(server->buffers, size, pool_rx_max(server->buffers));
}

/*
 * Count received bytes that are not in a buffer. They are subject to the limit of
 * dsmb_buf_get_rx(). Context: any. Return: false if the limit does not allow them; then nothing is
 * counted.
 */
bool dsmb_buf_claim_rx(struct dsmb_server *server, u32 bytes)
{
	struct dsmb_buf_pool *pool = server->buffers;

	if (atomic_long_add_return(bytes, &pool->used) <= pool_rx_max(pool))
		return true;
	atomic_long_sub(bytes, &pool->used);
	return false;
}

/* Stop to count bytes of dsmb_buf_claim_rx(). Context: any. */
void dsmb_buf_unclaim_rx(struct dsmb_server *server, u32 bytes)
{
	atomic_long_sub(bytes, &server->buffers->used);
}

/*
 * Get the limit of bytes in flight on one connection. Context: any. Return: bytes; a part of the
 * server's limit for all buffers.
 */
long dsmb_buf_conn_max(const struct dsmb_server *server)
{
	return clamp_t(long, server->buffers->used_max / CONN_PART, CONN_MIN, CONN_MAX);
}

/*
 * Drop a reference to a message buffer. @buf: the buffer; may be NULL. The buffer becomes idle or
 * is freed when the last reference is dropped. Context: process; does not sleep for long.
 */
void dsmb_buf_put(struct dsmb_server *server, struct dsmb_buf *buf)
{
	struct dsmb_buf_pool *pool = server->buffers;

	if (!buf || !refcount_dec_and_test(&buf->ref))
		return;
	atomic_long_sub(buf->size, &pool->used);
	if (atomic_long_add_return(buf->size, &pool->idle) > pool->idle_max) {
		atomic_long_sub(buf->size, &pool->idle);
		buf_free(buf);
		return;
	}
	buf_add_idle(&pool->classes[buf->class], buf);
}

/*
 * Take pages of a buffer to send them without a copy. @pages: room for one entry for each page;
 * filled, with a reference to each. The buffer is used again only after all references were
 * dropped. Context: any. Return: the number of entries filled; 0 if the buffer is too small to have
 * pages of its own.
 */
unsigned int dsmb_buf_lend(struct dsmb_buf *buf, u32 offset, u32 len, struct bio_vec *pages)
{
	struct sg_page_iter iter;
	unsigned int n = 0;

	if (!is_vmalloc_addr(buf->data))
		return 0;
	buf->lent = true;
	for_each_sgtable_page(&buf->sgt, &iter, offset >> PAGE_SHIFT) {
		u32 part = min_t(u32, len, PAGE_SIZE);

		if (!len)
			break;
		get_page(sg_page_iter_page(&iter));
		bvec_set_page(&pages[n++], sg_page_iter_page(&iter), part, 0);
		len -= part;
	}
	return n;
}

/*
 * Describe a part of a buffer by a scatterlist. @len: bytes, at least 1. Context: any. Return: the
 * number of entries used; -EMSGSIZE if the part is empty, is not inside the buffer, or needs more
 * than @max entries.
 */
int dsmb_buf_sg(struct dsmb_buf *buf, u32 offset, u32 len, struct scatterlist *sg, int max)
{
	struct scatterlist *from;
	unsigned int i;
	int n = 0;

	if (!len || offset > buf->size || len > buf->size - offset)
		return -EMSGSIZE;
	sg_init_table(sg, max);
	for_each_sg(buf->sgt.sgl, from, buf->sgt.orig_nents, i) {
		u32 part;

		if (offset >= from->length) {
			offset -= from->length;
			continue;
		}
		if (n == max)
			return -EMSGSIZE;
		part = min(len, from->length - offset);
		sg_set_page(&sg[n++], sg_page(from), part, from->offset + offset);
		offset = 0;
		len -= part;
		if (!len)
			break;
	}
	sg_mark_end(&sg[n - 1]);
	return n;
}
