// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that a service thread uses again, see spare.h.
 *
 * They are a ring in the order in which they were sent. A page whose only reference is the thread's
 * can be found by nobody else. One that is still in use when its turn comes is released, so that a
 * client that does not read keeps none of the ring.
 */
#include <linux/mm.h>
#include <linux/sunrpc/svc.h>
#include <kunit/visibility.h>

#include "spare.h"

void dnfs_spare_exchange(struct dnfs_spare *spare, struct svc_rqst *rqstp)
{
	unsigned int n = rqstp->rq_next_page - rqstp->rq_pages;
	struct page **oldest;

	if (n > DNFS_SPARE_PAGES)
		return;
	for (unsigned int i = 0; i < n; i++) {
		oldest = &spare->pages[spare->oldest];
		spare->oldest = (spare->oldest + 1) % DNFS_SPARE_PAGES;
		if (*oldest && page_ref_count(*oldest) != 1) {
			put_page(*oldest);
			*oldest = NULL;
		}
		swap(rqstp->rq_pages[i], *oldest);
	}
	rqstp->rq_next_page = rqstp->rq_pages;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_spare_exchange);

void dnfs_spare_free(struct dnfs_spare *spare)
{
	unsigned int i;

	for (i = 0; i < DNFS_SPARE_PAGES; i++)
		if (spare->pages[i])
			put_page(spare->pages[i]);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs_spare_free);
