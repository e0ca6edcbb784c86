// SPDX-License-Identifier: GPL-2.0-only
/* Connections by client: which one ends in favor of a new one. */
#include <kunit/test.h>
#include <linux/mm.h>

#include "../../../net/conns.h"

#define CONNS_LINKS	12

/**
 * struct conns_fixture - a table with connections
 * @conns: the table
 * @link: connections
 * @used: number of @link that were added once
 */
struct conns_fixture {
	struct ditto_conns *conns;
	struct ditto_conns_link link[CONNS_LINKS];
	unsigned int used;
};

/* The table only compares accounts. */
static struct ditto_principal conns_who(unsigned long client, enum ditto_trust trust)
{
	return (struct ditto_principal){ .peer = (void *)(client * 64), .trust = trust };
}

/* Return: the number of the first connection that was added. */
static unsigned int conns_add(struct kunit *test, unsigned long client, enum ditto_trust trust,
			      unsigned int count)
{
	struct ditto_principal who = conns_who(client, trust);
	struct conns_fixture *fix = test->priv;
	unsigned int first = fix->used;
	int err = 0;

	KUNIT_ASSERT_LE(test, first + count, CONNS_LINKS);
	spin_lock(&fix->conns->lock);
	for (unsigned int i = 0; i < count; i++)
		err = err ?: ditto_conns_add(fix->conns, &fix->link[fix->used++], &who);
	spin_unlock(&fix->conns->lock);
	KUNIT_ASSERT_EQ(test, err, 0);
	return first;
}

static void conns_remove(struct conns_fixture *fix, unsigned int i)
{
	spin_lock(&fix->conns->lock);
	ditto_conns_remove(fix->conns, &fix->link[i]);
	spin_unlock(&fix->conns->lock);
}

/* Return: the number of the connection that ends in favor of a new one; -1 if none does. */
static int conns_lesser(struct kunit *test, unsigned long client, enum ditto_trust trust)
{
	struct ditto_principal who = conns_who(client, trust);
	struct conns_fixture *fix = test->priv;
	struct ditto_conns_link *link;

	spin_lock(&fix->conns->lock);
	link = ditto_conns_take_lesser(fix->conns, &who);
	spin_unlock(&fix->conns->lock);
	return link ? link - fix->link : -1;
}

static int conns_same_level(struct kunit *test, unsigned long client, enum ditto_trust trust,
			    unsigned int most)
{
	struct ditto_principal who = conns_who(client, trust);
	struct conns_fixture *fix = test->priv;
	struct ditto_conns_link *link;

	spin_lock(&fix->conns->lock);
	link = ditto_conns_take(fix->conns, &who, most);
	spin_unlock(&fix->conns->lock);
	return link ? link - fix->link : -1;
}

static void lower_levels_end_first(struct kunit *test)
{
	int users = conns_add(test, 1, DITTO_TRUST_USER, 4);
	int unproven = conns_add(test, 2, DITTO_TRUST_UNPROVEN, 1);
	int strangers = conns_add(test, 3, DITTO_TRUST_STRANGER, 1);

	conns_add(test, 1, DITTO_TRUST_STRANGER, 1);
	KUNIT_EXPECT_EQ(test, conns_lesser(test, 1, DITTO_TRUST_USER), strangers);
	KUNIT_EXPECT_EQ(test, conns_lesser(test, 1, DITTO_TRUST_USER), strangers + 1);
	KUNIT_EXPECT_EQ(test, conns_lesser(test, 4, DITTO_TRUST_STRANGER), -1);
	KUNIT_EXPECT_EQ(test, conns_lesser(test, 1, DITTO_TRUST_USER), unproven);
	KUNIT_EXPECT_EQ(test, conns_lesser(test, 4, DITTO_TRUST_UNPROVEN), -1);
	KUNIT_EXPECT_EQ(test, conns_lesser(test, 1, DITTO_TRUST_USER), -1);
	KUNIT_EXPECT_EQ(test, conns_lesser(test, 4, DITTO_TRUST_USER), users);
}

/* Nobody ends a connection of a client that would have fewer then than the new one's client. */
static void clients_of_a_level_share(struct kunit *test)
{
	int large = conns_add(test, 1, DITTO_TRUST_USER, 4);

	conns_add(test, 2, DITTO_TRUST_USER, 2);
	KUNIT_EXPECT_EQ(test, conns_lesser(test, 2, DITTO_TRUST_USER), large);
	conns_add(test, 2, DITTO_TRUST_USER, 1);
	KUNIT_EXPECT_EQ(test, conns_lesser(test, 2, DITTO_TRUST_USER), -1);
	KUNIT_EXPECT_EQ(test, conns_lesser(test, 1, DITTO_TRUST_USER), -1);
	KUNIT_EXPECT_NE(test, conns_lesser(test, 3, DITTO_TRUST_USER), -1);
}

static void own_connections_end_first(struct kunit *test)
{
	int own = conns_add(test, 1, DITTO_TRUST_UNPROVEN, 3);
	int largest = conns_add(test, 2, DITTO_TRUST_UNPROVEN, 4);

	conns_add(test, 3, DITTO_TRUST_USER, 5);
	KUNIT_EXPECT_EQ(test, conns_same_level(test, 1, DITTO_TRUST_UNPROVEN, 3), largest);
	KUNIT_EXPECT_EQ(test, conns_same_level(test, 1, DITTO_TRUST_UNPROVEN, 3), own);
	KUNIT_EXPECT_EQ(test, conns_same_level(test, 1, DITTO_TRUST_UNPROVEN, 1), own + 1);
	KUNIT_EXPECT_EQ(test, conns_same_level(test, 1, DITTO_TRUST_STRANGER, 1), -1);
}

static void removed_ones_do_not_count(struct kunit *test)
{
	struct conns_fixture *fix = test->priv;
	int large = conns_add(test, 1, DITTO_TRUST_USER, 4);

	conns_remove(fix, large);
	conns_remove(fix, large);
	KUNIT_EXPECT_EQ(test, fix->conns->count, 3);
	KUNIT_EXPECT_EQ(test, conns_lesser(test, 2, DITTO_TRUST_USER), large + 1);
	KUNIT_EXPECT_EQ(test, fix->conns->count, 2);
}

static void moved_ones_count_at_their_level(struct kunit *test)
{
	struct ditto_principal who = conns_who(1, DITTO_TRUST_USER);
	struct conns_fixture *fix = test->priv;
	int strangers = conns_add(test, 1, DITTO_TRUST_STRANGER, 3);

	conns_remove(fix, strangers);
	spin_lock(&fix->conns->lock);
	for (unsigned int i = strangers; i < strangers + 2; i++)
		ditto_conns_move(fix->conns, &fix->link[i], &who);
	ditto_conns_move(fix->conns, &fix->link[strangers + 1], &who);
	spin_unlock(&fix->conns->lock);
	KUNIT_EXPECT_EQ(test, fix->conns->count, 2);
	KUNIT_EXPECT_EQ(test, conns_same_level(test, 2, DITTO_TRUST_STRANGER, 1), strangers + 2);
	KUNIT_EXPECT_EQ(test, conns_same_level(test, 2, DITTO_TRUST_STRANGER, 1), -1);
	KUNIT_EXPECT_EQ(test, conns_same_level(test, 2, DITTO_TRUST_USER, 1), strangers + 1);
}

static int conns_test_init(struct kunit *test)
{
	struct conns_fixture *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);

	if (!fix)
		return -ENOMEM;
	fix->conns = ditto_conns_alloc();
	if (!fix->conns)
		return -ENOMEM;
	test->priv = fix;
	return 0;
}

static void conns_test_exit(struct kunit *test)
{
	struct conns_fixture *fix = test->priv;

	if (!fix)
		return;
	for (unsigned int i = 0; i < fix->used; i++)
		conns_remove(fix, i);
	kvfree(fix->conns);
}

static struct kunit_case conns_cases[] = {
	KUNIT_CASE(lower_levels_end_first),
	KUNIT_CASE(clients_of_a_level_share),
	KUNIT_CASE(own_connections_end_first),
	KUNIT_CASE(removed_ones_do_not_count),
	KUNIT_CASE(moved_ones_count_at_their_level),
	{}
};

static struct kunit_suite conns_suite = {
	.name = "ditto_conns",
	.init = conns_test_init,
	.exit = conns_test_exit,
	.test_cases = conns_cases,
};

kunit_test_suite(conns_suite);
