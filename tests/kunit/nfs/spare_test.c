// SPDX-License-Identifier: GPL-2.0-only
/* Pages of replies that are used again, and those that must not be. */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sunrpc/svc.h>

#include "../../../fs/nfs/rpc/spare.h"

#define REPLY	8	/* pages of a reply */

static struct svc_rqst *spare_rqst(struct kunit *test)
{
	struct svc_rqst *rqstp = kzalloc(sizeof(*rqstp), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rqstp);
	rqstp->rq_respages = rqstp->rq_pages;
	rqstp->rq_next_page = rqstp->rq_pages;
	return rqstp;
}

/* Missing pages are allocated, as sunrpc does before a call. Return: their number. */
static unsigned int spare_fill(struct kunit *test, struct svc_rqst *rqstp, unsigned int n)
{
	unsigned int made = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (rqstp->rq_pages[i])
			continue;
		rqstp->rq_pages[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, rqstp->rq_pages[i]);
		made++;
	}
	return made;
}

/* Send the first @n pages; the network has a reference to each. */
static void spare_send(struct svc_rqst *rqstp, struct page **sent, unsigned int n)
{
	rqstp->rq_next_page = rqstp->rq_pages + n;
	for (unsigned int i = 0; i < n; i++) {
		sent[i] = rqstp->rq_pages[i];
		get_page(sent[i]);
	}
}

static void spare_sent(struct page **sent, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		put_page(sent[i]);
}

/* Pages of the reply are released, as sunrpc does after a call. Return: their number. */
static unsigned int spare_release(struct svc_rqst *rqstp)
{
	unsigned int n = rqstp->rq_next_page - rqstp->rq_respages;

	for (unsigned int i = 0; i < n; i++) {
		put_page(rqstp->rq_respages[i]);
		rqstp->rq_respages[i] = NULL;
	}
	rqstp->rq_next_page = rqstp->rq_pages;
	return n;
}

static void spare_end(struct svc_rqst *rqstp, struct dnfs_spare *spare)
{
	for (size_t i = 0; i < ARRAY_SIZE(rqstp->rq_pages); i++)
		if (rqstp->rq_pages[i])
			put_page(rqstp->rq_pages[i]);
	dnfs_spare_free(spare);
	kfree(rqstp);
}

/* Once the pages of some replies are kept, no others are needed, if the network keeps up. */
static void sent_pages_are_used_again(struct kunit *test)
{
	struct dnfs_spare spare = {};
	struct svc_rqst *rqstp = spare_rqst(test);
	struct page *sent[2 * REPLY];
	unsigned int made = 0;

	for (int i = 0; i < 100; i++) {
		struct page **to = sent + i % 2 * REPLY;

		made += spare_fill(test, rqstp, REPLY);
		/* The network is behind by one reply. */
		if (i > 1)
			spare_sent(to, REPLY);
		spare_send(rqstp, to, REPLY);
		dnfs_spare_exchange(&spare, rqstp);
		KUNIT_EXPECT_EQ(test, spare_release(rqstp), 0);
		for (int at = 0; at < REPLY; at++)
			if (rqstp->rq_pages[at])
				KUNIT_EXPECT_EQ(test, page_ref_count(rqstp->rq_pages[at]), 1);
	}
	KUNIT_EXPECT_EQ(test, made, REPLY + DNFS_SPARE_PAGES);
	spare_sent(sent, 2 * REPLY);
	spare_end(rqstp, &spare);
}

/* A page that the network still has is never used; it is released, and another one is allocated. */
static void pages_in_use_stay(struct kunit *test)
{
	struct dnfs_spare spare = {};
	struct svc_rqst *rqstp = spare_rqst(test);
	struct page *sent[DNFS_SPARE_PAGES + REPLY];
	unsigned int i;

	for (i = 0; i < DNFS_SPARE_PAGES; i += REPLY) {
		spare_fill(test, rqstp, REPLY);
		spare_send(rqstp, sent + i, REPLY);
		dnfs_spare_exchange(&spare, rqstp);
		KUNIT_EXPECT_EQ(test, spare_release(rqstp), 0);
	}
	spare_fill(test, rqstp, REPLY);
	spare_send(rqstp, sent + i, REPLY);
	/* The network has one of the pages that the next reply would get. */
	spare_sent(sent, REPLY - 1);
	dnfs_spare_exchange(&spare, rqstp);
	KUNIT_EXPECT_EQ(test, spare_release(rqstp), 0);
	for (i = 0; i < REPLY - 1; i++)
		KUNIT_EXPECT_PTR_EQ(test, rqstp->rq_pages[i], sent[i]);
	KUNIT_EXPECT_NULL(test, rqstp->rq_pages[i]);
	/* The network has the last reference. */
	KUNIT_EXPECT_EQ(test, page_ref_count(sent[i]), 1);
	spare_sent(sent + REPLY - 1, DNFS_SPARE_PAGES + 1);
	spare_end(rqstp, &spare);
}

/* Pages that are held are not used before they are sent, and there are always others. */
static void held_pages_wait(struct kunit *test)
{
	struct dnfs_spare spare = {};
	struct svc_rqst *rqstp = spare_rqst(test);
	struct page *held[DNFS_SPARE_PAGES];

	spare_fill(test, rqstp, REPLY);
	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < DNFS_SPARE_PAGES; i += REPLY) {
			memcpy(held + i, rqstp->rq_pages, REPLY * sizeof(*held));
			KUNIT_EXPECT_TRUE(test, dnfs_spare_hold(&spare, rqstp->rq_pages, REPLY));
			KUNIT_EXPECT_EQ(test, spare_fill(test, rqstp, REPLY), 0);
			for (unsigned int j = 0; j < i + REPLY; j++)
				for (unsigned int at = 0; at < REPLY; at++)
					KUNIT_EXPECT_PTR_NE(test, held[j], rqstp->rq_pages[at]);
		}
		KUNIT_EXPECT_FALSE(test, dnfs_spare_hold(&spare, rqstp->rq_pages, 1));
		spare.held = 0;
	}
	/* The network has one that was sent by reference. */
	spare_send(rqstp, held, 1);
	dnfs_spare_exchange(&spare, rqstp);
	for (unsigned int i = 1; i <= DNFS_SPARE_PAGES; i++) {
		KUNIT_EXPECT_TRUE(test, dnfs_spare_hold(&spare, rqstp->rq_pages, 1));
		KUNIT_EXPECT_PTR_NE(test, held[0], rqstp->rq_pages[0]);
	}
	spare_sent(held, 1);
	spare_end(rqstp, &spare);
}

/* Longer replies are left to sunrpc. */
static void long_replies_are_released(struct kunit *test)
{
	struct dnfs_spare spare = {};
	struct svc_rqst *rqstp = spare_rqst(test);

	spare_fill(test, rqstp, DNFS_SPARE_PAGES + 1);
	rqstp->rq_next_page = rqstp->rq_pages + DNFS_SPARE_PAGES + 1;
	dnfs_spare_exchange(&spare, rqstp);
	KUNIT_EXPECT_EQ(test, spare_release(rqstp), DNFS_SPARE_PAGES + 1);
	spare_end(rqstp, &spare);
}

static struct kunit_case spare_test_cases[] = {
	KUNIT_CASE(sent_pages_are_used_again),
	KUNIT_CASE(pages_in_use_stay),
	KUNIT_CASE(held_pages_wait),
	KUNIT_CASE(long_replies_are_released),
	{}
};

static struct kunit_suite spare_suite = {
	.name = "ditto_nfs_spare",
	.test_cases = spare_test_cases,
};

kunit_test_suite(spare_suite);
