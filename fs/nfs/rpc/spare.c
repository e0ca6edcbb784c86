// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that a service thread uses again, see spare.h.
 *
 * They are a ring in the order in which they were sent. A page whose only reference is the thread's
 * can be found by nobody else. One that is still in use when its turn comes is released, so that a
 * client that does not read keeps none of the ring. The newest ones may be held: their replies wait
 * to be copied into the socket.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sunrpc/svc.h>
#include <kunit/visibility.h>

#include "spare.h"

/* Return: the place of the page that is @i behind the oldest one; empty if that is in use. */
static struct page **spare_place(struct dnfs_spare *spare, unsigned int i)
{
	struct page **place = &spare->pages[(spare->oldest + i) % DNFS_SPARE_PAGES];

	if (*place && page_ref_count(*place) != 1) {
		put_page(*place);
		*place = NULL;
	}
	return place;
}

/* Put @n pages into the ring, in place of the oldest ones. */
static void spare_swap(struct dnfs_spare *spare, struct page **pages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		swap(pages[i], spare->pages[spare->oldest]);
		spare->oldest = (spare->oldest + 1) % DNFS_SPARE_PAGES;
	}
}

void dnfs_spare_exchange(struct dnfs_spare *spare, struct svc_rqst *rqstp)
{
	unsigned int n = rqstp->rq_next_page - rqstp->rq_pages;

	if (n > DNFS_SPARE_PAGES)
		return;
	for (unsigned int i = 0; i < n; i++)
		spare_place(spare, i);
	spare_swap(spare, rqstp->rq_pages, n);
	rqstp->rq_next_page = rqstp->rq_pages;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_spare_exchange);

bool dnfs_spare_hold(struct dnfs_spare *spare, struct page **pages, unsigned int n)
{
	if (spare->held + n > DNFS_SPARE_PAGES)
		return false;
	for (unsigned int i = 0; i < n; i++) {
		struct page **place = spare_place(spare, i);

		/* Without it the bundle is sent, which takes less than to wait for memory. */
		if (!*place)
			*place = alloc_page(GFP_NOWAIT | __GFP_NOWARN);
		if (!*place)
			return false;
	}
	spare_swap(spare, pages, n);
	spare->held += n;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_spare_hold);

void dnfs_spare_free(struct dnfs_spare *spare)
{
	unsigned int i;

	for (i = 0; i < DNFS_SPARE_PAGES; i++)
		if (spare->pages[i])
			put_page(spare->pages[i]);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_spare_free);
