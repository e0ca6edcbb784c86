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

void dnfs_sent_pages_exchange(struct dnfs_sent_pages *sent, struct svc_rqst *rqstp);
bool dnfs_sent_pages_hold(struct dnfs_sent_pages *sent, struct page **pages, unsigned int n);
void dnfs_sent_pages_free(struct dnfs_sent_pages *sent);

#endif
