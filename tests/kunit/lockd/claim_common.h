/* SPDX-License-Identifier: GPL-2.0-only */
/* Made-up nodes, clients and a clock for the suites of the lock table. */
#ifndef _DITTO_TESTS_KUNIT_LOCKD_CLAIM_COMMON_H
#define _DITTO_TESTS_KUNIT_LOCKD_CLAIM_COMMON_H

#include <kunit/test.h>

#include "../../../lockd/lease.h"
#include "../../../lockd/open.h"
#include "../../../lockd/range.h"
#include "../../../lockd/table.h"

/* A node that is nothing but a reference count. */
struct claim_node {
	struct ditto_lock_point point;
	refcount_t ref;
	u8 local;
};

/* A client that tells what happened to it. */
struct claim_client {
	struct ditto_client client;
	unsigned int released;
	/* What its protocol says to being withdrawn, how often, and what it waits for. */
	int stuck;
	atomic_t withdrawals;
	struct completion *slow;
	struct completion freed;
};

/* What the holder of a grant was told. */
struct claim_told {
	atomic_t breaks;
	atomic_t revokes;
	atomic_t changes;
	u8 keep;
	bool ack;
	char name[16];
	/* If set, breaks are answered at once. */
	bool obey;
	/* What it takes to tell it of a break or a revocation. */
	unsigned int slow_ms;
	/* If set, a byte of this is written then. */
	struct ditto_lock_point *changes_point;
	/* Grants with it that are not freed. */
	atomic_t grants;
};

/* A request that waits. */
struct claim_wait {
	struct ditto_wait wait;
	int result;
	unsigned int order;
	atomic_t granted;
	atomic_t released;
};

/* For clients that are to be withdrawn before they go, instead of those that they have. */
extern const struct ditto_client_ops claim_recorded_ops;

/* Starts a test with a table whose clock stands still; checks at its end that nothing is left. */
int claim_test_init(struct kunit *test);
void claim_test_exit(struct kunit *test);

static inline struct ditto_lock_table *claim_table(struct kunit *test)
{
	return test->priv;
}

/* Milliseconds of the table's clock. */
extern u64 claim_now;

void claim_node_init(struct kunit *test, struct claim_node *node);
struct claim_node *claim_node(struct kunit *test);
/* A client, to be released and put by claim_client_end(). */
struct claim_client *claim_client(struct kunit *test, const char *name, u32 ttl_ms);
void claim_client_end(struct kunit *test, struct claim_client *c);
struct ditto_owner *claim_owner(struct kunit *test, struct claim_client *c, u32 key);

extern const struct ditto_lease_ops claim_cache_ops;
struct ditto_lease *claim_grant(struct claim_node *node, struct ditto_owner *key,
				enum ditto_lease_type style, u8 want, struct claim_told *told);
/* Wait until the table's callbacks are done. */
void claim_flush(struct kunit *test);
/* Let the timer of a break look at the clock. */
void claim_poke(struct kunit *test, struct ditto_lease *cache);

void claim_wait_init(struct claim_wait *w);
struct claim_wait *claim_wait(struct kunit *test);

/* A request for bytes, POSIX discipline. */
static inline struct ditto_range_request claim_req(struct claim_node *node,
						   struct ditto_owner *owner, bool exclusive,
						   u64 first, u64 last)
{
	return (struct ditto_range_request){
		.point = &node->point, .owner = owner, .exclusive = exclusive,
		.first = first, .last = last,
	};
}

#endif
