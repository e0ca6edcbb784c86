/* SPDX-License-Identifier: GPL-2.0-only */
/* Test nodes, clients and a test clock for the suites of the lock table. */
#ifndef _DITTO_TESTS_KUNIT_LOCKD_CLAIM_COMMON_H
#define _DITTO_TESTS_KUNIT_LOCKD_CLAIM_COMMON_H

#include <kunit/test.h>

#include "../../../lockd/lease.h"
#include "../../../lockd/open.h"
#include "../../../lockd/range.h"
#include "../../../lockd/table.h"

/**
 * struct claim_node - a node that only counts references
 * @point: its lock point
 * @ref: references
 * @local: access that local processes have, for local_access
 * @size: bytes of the file
 */
struct claim_node {
	struct ditto_lock_point point;
	refcount_t ref;
	u8 local;
	u64 size;
};

/**
 * struct claim_client - a client that records what happened to it
 * @client: the client
 * @released: number of calls of released
 * @stuck: result of withdraw
 * @withdrawals: number of calls of withdraw
 * @slow: withdraw waits for this; or NULL
 * @freed: completed by free
 */
struct claim_client {
	struct ditto_client client;
	unsigned int released;
	int stuck;
	atomic_t withdrawals;
	struct completion *slow;
	struct completion freed;
};

/**
 * struct claim_told - record of the callbacks of a grant
 * @breaks: number of breaks
 * @revokes: number of revocations
 * @changes: number of delivered changes
 * @keep: bits that the last break leaves
 * @ack: the last break needs an answer
 * @name: name in the last change
 * @obey: answer breaks at once
 * @slow_ms: duration of the callbacks of breaks and revocations, in milliseconds
 * @changes_point: if set, breaking writes a byte of this node
 * @grants: number of grants with this record that are not freed
 */
struct claim_told {
	atomic_t breaks;
	atomic_t revokes;
	atomic_t changes;
	u8 keep;
	bool ack;
	char name[16];
	bool obey;
	unsigned int slow_ms;
	struct ditto_lock_point *changes_point;
	atomic_t grants;
};

/**
 * struct claim_wait - a waiting request
 * @wait: the request
 * @result: result of granted; 1 before that
 * @order: position among all calls of granted
 * @granted: number of calls of granted
 * @released: number of calls of release
 */
struct claim_wait {
	struct ditto_wait wait;
	int result;
	unsigned int order;
	atomic_t granted;
	atomic_t released;
};

/* Operations of clients that must be withdrawn before their release, to be set by a test. */
extern const struct ditto_client_ops claim_recorded_ops;

/* Creates a table with a stopped clock; the exit checks that nothing is left. */
int claim_test_init(struct kunit *test);
void claim_test_exit(struct kunit *test);

static inline struct ditto_lock_table *claim_table(struct kunit *test)
{
	return test->priv;
}

/* The clock of the table, in milliseconds. */
extern u64 claim_now;

/* Initialise a node; claim_node() also allocates it. */
void claim_node_init(struct kunit *test, struct claim_node *node);
struct claim_node *claim_node(struct kunit *test);
/* Create a client, to be released and put by claim_client_end(). */
struct claim_client *claim_client(struct kunit *test, const char *name, u32 ttl_ms);
void claim_client_end(struct kunit *test, struct claim_client *c);
/* The owner of a client with a key of four bytes, to be put. */
struct ditto_owner *claim_owner(struct kunit *test, struct claim_client *c, u32 key);

/* Called by all callbacks of the table: a test fails if one does not count as such. */
void claim_callback(void);

extern const struct ditto_lease_ops claim_lease_ops;
/* Request a grant that @told records; the result is that of ditto_lease_grant(). */
struct ditto_lease *claim_grant(struct claim_node *node, struct ditto_owner *key,
				enum ditto_lease_type style, u8 want, struct claim_told *told);
/* Wait until the callbacks of the table are done. */
void claim_flush(struct kunit *test);
/* Let the timer of a break check the clock. */
void claim_poke(struct kunit *test, struct ditto_lease *lease);

/* Initialise a waiter; claim_wait() also allocates it. */
void claim_wait_init(struct claim_wait *w);
struct claim_wait *claim_wait(struct kunit *test);

/* A range request of POSIX discipline. */
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
