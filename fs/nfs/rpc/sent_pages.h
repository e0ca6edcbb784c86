/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that a service thread uses again after the network has sent them.
 *
 * A long reply is sent by reference to its pages. Freeing them and allocating others, which the
 * kernel clears, takes longer than writing entries of a directory into them. So the thread keeps
 * them, and reuses pages of earlier replies that the network has released.
 *
 * A COMPOUND needs nearly all pages of the thread. Short payloads that are sent together with later
 * replies are held here until then.
 */
#ifndef _DITTO_FS_NFS_RPC_SENT_PAGES_H
#define _DITTO_FS_NFS_RPC_SENT_PAGES_H

#include <linux/types.h>

struct page;
struct svc_rqst;

/* Pages that a thread keeps at most, 256 KiB. */
#define DNFS_SENT_PAGES	64

/**
 * struct dnfs_sent_pages - pages that were sent
 * @pages: the pages, with a reference each; NULL where there is none yet
 * @oldest: index of the page that was sent first
 * @held: number of pages, the last ones, whose replies wait to be sent
 */
struct dnfs_sent_pages {
	struct page *pages[DNFS_SENT_PAGES];
	unsigned int oldest;
	unsigned int held;
};

/**
 * dnfs_sent_pages_exchange - replace the pages of a reply by pages that were sent before
 * @sent: pages of the thread
 * @rqstp: its request; the pages before rq_next_page were sent, and none is in the page cache
 *
 * A page that the network still has is released instead. Nothing happens if the reply has more than
 * @sent keeps; then sunrpc releases its pages, as it does by itself. sunrpc allocates what is
 * missing.
 *
 * Context: any; called by the thread, when the reply is sent.
 */
void dnfs_sent_pages_exchange(struct dnfs_sent_pages *sent, struct svc_rqst *rqstp);

/**
 * dnfs_sent_pages_hold - put pages of a reply aside until it is sent
 * @sent: pages of the thread
 * @pages: the pages, none of which is in the page cache; replaced by pages that were sent before
 * @n: number of pages
 *
 * The caller sets @sent->held to 0 when all replies are sent, and does not use
 * dnfs_sent_pages_exchange() before. Addresses of pages of the request, such as the head of
 * rq_arg, are not valid any more.
 *
 * Context: any; called by the thread.
 * Return: false if there is no room or no memory. Then @pages are as they were.
 */
bool dnfs_sent_pages_hold(struct dnfs_sent_pages *sent, struct page **pages, unsigned int n);

/**
 * dnfs_sent_pages_free - release all pages
 * @sent: pages of a thread
 *
 * Context: any.
 */
void dnfs_sent_pages_free(struct dnfs_sent_pages *sent);

#endif
