// SPDX-License-Identifier: GPL-2.0-only
/* Pages of replies that are used again, and those that must not be. */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sunrpc/svc.h>

#include "../../../fs/nfs/rpc/sent_pages.h"

#define REPLY	8	/* pages of a reply */

static struct svc_rqst *sent_pages_rqst(struct kunit *test)
{
	struct svc_rqst *rqstp = kzalloc(sizeof(*rqstp), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rqstp);
	rqstp->rq_respages = rqstp->rq_pages;
	rqstp->rq_next_page = rqstp->rq_pages;
	return rqstp;
}

/* Missing pages are allocated, as sunrpc does before a call. Return: their number. */
static unsigned int sent_pages_fill(struct kunit *test, struct svc_rqst *rqstp, unsigned int n)
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
static void sent_pages_send(struct svc_rqst *rqstp, struct page **sent, unsigned int n)
{
	rqstp->rq_next_page = rqstp->rq_pages + n;
	for (unsigned int i = 0; i < n; i++) {
		sent[i] = rqstp->rq_pages[i];
		get_page(sent[i]);
	}
}

static void sent_pages_sent(struct page **sent, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		put_page(sent[i]);
}

/* Pages of the reply are released, as sunrpc does after a call. Return: their number. */
static unsigned int sent_pages_release(struct svc_rqst *rqstp)
{
	unsigned int n = rqstp->rq_next_page - rqstp->rq_respages;

	for (unsigned int i = 0; i < n; i++) {
		put_page(rqstp->rq_respages[i]);
		rqstp->rq_respages[i] = NULL;
	}
	rqstp->rq_next_page = rqstp->rq_pages;
	return n;
}

static void sent_pages_end(struct svc_rqst *rqstp, struct dnfs_sent_pages *ring)
{
	for (size_t i = 0; i < ARRAY_SIZE(rqstp->rq_pages); i++)
		if (rqstp->rq_pages[i])
			put_page(rqstp->rq_pages[i]);
	dnfs_sent_pages_free(ring);
	kfree(rqstp);
}

/* Once the pages of some replies are kept, no others are needed, if the network keeps up. */
static void sent_pages_are_used_again(struct kunit *test)
{
	struct dnfs_sent_pages ring = {};
	struct svc_rqst *rqstp = sent_pages_rqst(test);
	struct page *sent[2 * REPLY];
	unsigned int made = 0;

	for (int i = 0; i < 100; i++) {
		struct page **to = sent + i % 2 * REPLY;

		made += sent_pages_fill(test, rqstp, REPLY);
		/* The network is behind by one reply. */
		if (i > 1)
			sent_pages_sent(to, REPLY);
		sent_pages_send(rqstp, to, REPLY);
		dnfs_sent_pages_exchange(&ring, rqstp);
		KUNIT_EXPECT_EQ(test, sent_pages_release(rqstp), 0);
		for (int at = 0; at < REPLY; at++)
			if (rqstp->rq_pages[at])
				KUNIT_EXPECT_EQ(test, page_ref_count(rqstp->rq_pages[at]), 1);
	}
	KUNIT_EXPECT_EQ(test, made, REPLY + DNFS_SENT_PAGES);
	sent_pages_sent(sent, 2 * REPLY);
	sent_pages_end(rqstp, &ring);
}

/* A page that the network still has is never used; it is released, and another one is allocated. */
static void pages_in_use_stay(struct kunit *test)
{
	struct dnfs_sent_pages ring = {};
	struct svc_rqst *rqstp = sent_pages_rqst(test);
	struct page *sent[DNFS_SENT_PAGES + REPLY];
	unsigned int i;

	for (i = 0; i < DNFS_SENT_PAGES; i += REPLY) {
		sent_pages_fill(test, rqstp, REPLY);
		sent_pages_send(rqstp, sent + i, REPLY);
		dnfs_sent_pages_exchange(&ring, rqstp);
		KUNIT_EXPECT_EQ(test, sent_pages_release(rqstp), 0);
	}
	sent_pages_fill(test, rqstp, REPLY);
	sent_pages_send(rqstp, sent + i, REPLY);
	/* The network has one of the pages that the next reply would get. */
	sent_pages_sent(sent, REPLY - 1);
	dnfs_sent_pages_exchange(&ring, rqstp);
	KUNIT_EXPECT_EQ(test, sent_pages_release(rqstp), 0);
	for (i = 0; i < REPLY - 1; i++)
		KUNIT_EXPECT_PTR_EQ(test, rqstp->rq_pages[i], sent[i]);
	KUNIT_EXPECT_NULL(test, rqstp->rq_pages[i]);
	/* The network has the last reference. */
	KUNIT_EXPECT_EQ(test, page_ref_count(sent[i]), 1);
	sent_pages_sent(sent + REPLY - 1, DNFS_SENT_PAGES + 1);
	sent_pages_end(rqstp, &ring);
}

/* Pages that are held are not used before they are sent, and there are always others. */
static void held_pages_wait(struct kunit *test)
{
	struct dnfs_sent_pages ring = {};
	struct svc_rqst *rqstp = sent_pages_rqst(test);
	struct page *held[DNFS_SENT_PAGES];

	sent_pages_fill(test, rqstp, REPLY);
	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < DNFS_SENT_PAGES; i += REPLY) {
			memcpy(held + i, rqstp->rq_pages, REPLY * sizeof(*held));
			KUNIT_EXPECT_TRUE(test, dnfs_sent_pages_hold(&ring, rqstp->rq_pages,
								     REPLY));
			KUNIT_EXPECT_EQ(test, sent_pages_fill(test, rqstp, REPLY), 0);
			for (unsigned int j = 0; j < i + REPLY; j++)
				for (unsigned int at = 0; at < REPLY; at++)
					KUNIT_EXPECT_PTR_NE(test, held[j], rqstp->rq_pages[at]);
		}
		KUNIT_EXPECT_FALSE(test, dnfs_sent_pages_hold(&ring, rqstp->rq_pages, 1));
		ring.held = 0;
	}
	/* The network has one that was sent by reference. */
	sent_pages_send(rqstp, held, 1);
	dnfs_sent_pages_exchange(&ring, rqstp);
	for (unsigned int i = 1; i <= DNFS_SENT_PAGES; i++) {
		KUNIT_EXPECT_TRUE(test, dnfs_sent_pages_hold(&ring, rqstp->rq_pages, 1));
		KUNIT_EXPECT_PTR_NE(test, held[0], rqstp->rq_pages[0]);
	}
	sent_pages_sent(held, 1);
	sent_pages_end(rqstp, &ring);
}

/* Longer replies are left to sunrpc. */
static void long_replies_are_released(struct kunit *test)
{
	struct dnfs_sent_pages ring = {};
	struct svc_rqst *rqstp = sent_pages_rqst(test);

	sent_pages_fill(test, rqstp, DNFS_SENT_PAGES + 1);
	rqstp->rq_next_page = rqstp->rq_pages + DNFS_SENT_PAGES + 1;
	dnfs_sent_pages_exchange(&ring, rqstp);
	KUNIT_EXPECT_EQ(test, sent_pages_release(rqstp), DNFS_SENT_PAGES + 1);
	sent_pages_end(rqstp, &ring);
}

static struct kunit_case sent_pages_test_cases[] = {
	KUNIT_CASE(sent_pages_are_used_again),
	KUNIT_CASE(pages_in_use_stay),
	KUNIT_CASE(held_pages_wait),
	KUNIT_CASE(long_replies_are_released),
	{}
};

static struct kunit_suite sent_pages_suite = {
	.name = "ditto_nfs_sent_pages",
	.test_cases = sent_pages_test_cases,
};

kunit_test_suite(sent_pages_suite);
