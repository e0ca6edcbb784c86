// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that a service thread uses again, see sent_pages.h.
 *
 * They are a ring in the order in which they were sent. A page whose only reference is the thread's
 * can be found by nobody else. One that is still in use when its turn comes is released, so that a
 * client that does not read keeps none of the ring. The newest ones may be held: their replies wait
 * to be copied into the socket.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sunrpc/svc.h>

#include "sent_pages.h"

/* Return: the place of the page that is @i behind the oldest one; empty if that is in use. */
static struct page **sent_page_at(struct dnfs_sent_pages *sent, unsigned int i)
{
	struct page **place = &sent->pages[(sent->oldest + i) % DNFS_SENT_PAGES];

	if (*place && page_ref_count(*place) != 1) {
		put_page(*place);
		*place = NULL;
	}
	return place;
}

/* Put @n pages into the ring, in place of the oldest ones. */
static void sent_pages_swap(struct dnfs_sent_pages *sent, struct page **pages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		swap(pages[i], sent->pages[sent->oldest]);
		sent->oldest = (sent->oldest + 1) % DNFS_SENT_PAGES;
	}
}

/*
 * Replace the pages of a reply by pages that were sent before. A page that the network still has is
 * released instead. Nothing happens if the reply has more than @sent keeps; then sunrpc releases
 * its pages, as it does by itself. sunrpc allocates what is missing. Context: any; called by the
 * thread, when the reply is sent.
 */
void dnfs_sent_pages_exchange(struct dnfs_sent_pages *sent, struct svc_rqst *rqstp)
{
	unsigned int n = rqstp->rq_next_page - rqstp->rq_respages;

	if (n > DNFS_SENT_PAGES)
		return;
	for (unsigned int i = 0; i < n; i++)
		sent_page_at(sent, i);
	sent_pages_swap(sent, rqstp->rq_respages, n);
	rqstp->rq_next_page = rqstp->rq_respages;
}

/*
 * Put pages of a reply aside until it is sent. The caller sets @sent->held to 0 when all replies
 * are sent, and does not use dnfs_sent_pages_exchange() before. Addresses of pages of the request,
 * such as the head of rq_arg, are not valid any more. Context: any; called by the thread. Return:
 * false if there is no room or no memory. Then @pages are as they were.
 */
bool dnfs_sent_pages_hold(struct dnfs_sent_pages *sent, struct page **pages, unsigned int n)
{
	if (sent->held + n > DNFS_SENT_PAGES)
		return false;
	for (unsigned int i = 0; i < n; i++) {
		struct page **place = sent_page_at(sent, i);

		/* Without it the bundle is sent, which takes less than to wait for memory. */
		if (!*place)
			*place = alloc_page(GFP_NOWAIT | __GFP_NOWARN);
		if (!*place)
			return false;
	}
	sent_pages_swap(sent, pages, n);
	sent->held += n;
	return true;
}

/* Release all pages. Context: any. */
void dnfs_sent_pages_free(struct dnfs_sent_pages *sent)
{
	unsigned int i;

	for (i = 0; i < DNFS_SENT_PAGES; i++)
		if (sent->pages[i])
			put_page(sent->pages[i]);
}
