// SPDX-License-Identifier: GPL-2.0-only
/* Oplock levels, lease states, the context of leases; the clients that hold leases. */
#include <kunit/test.h>
#include <net/net_namespace.h>

#include "../../../lockd/matrix.h"
#include "../../../lockd/table.h"
#include "../../../net/server.h"
#include "../../../smb/wire/create_context.h"
#include "../../../smb/open/late_ack.h"
#include "../../../smb/open/lease.h"
#include "../../../smb/wire/oplock.h"
#include "../../../smb/server.h"
#include "../../../smb/wire/builder.h"
#include "../../../smb/transport/conn.h"

#define R DITTO_LEASE_READ
#define H DITTO_LEASE_HANDLE
#define W DITTO_LEASE_WRITE

static void lease_levels(struct kunit *test)
{
	/* By the bits: nothing, R, H, RH, W, RW, HW, RHW. */
	static const u8 best[] = {
		DSMB_OPLOCK_NONE, DSMB_OPLOCK_II, DSMB_OPLOCK_NONE, DSMB_OPLOCK_II,
		DSMB_OPLOCK_NONE, DSMB_OPLOCK_EXCLUSIVE, DSMB_OPLOCK_NONE, DSMB_OPLOCK_BATCH,
	};

	for (unsigned int bits = 0; bits < ARRAY_SIZE(best); bits++)
		KUNIT_EXPECT_EQ(test, dsmb_oplock_level(bits), best[bits]);
	KUNIT_EXPECT_EQ(test, dsmb_oplock_bits(DSMB_OPLOCK_NONE), 0);
	KUNIT_EXPECT_EQ(test, dsmb_oplock_bits(DSMB_OPLOCK_II), R);
	KUNIT_EXPECT_EQ(test, dsmb_oplock_bits(DSMB_OPLOCK_EXCLUSIVE), R | W);
	KUNIT_EXPECT_EQ(test, dsmb_oplock_bits(DSMB_OPLOCK_BATCH), R | H | W);
	KUNIT_EXPECT_EQ(test, dsmb_oplock_bits(0x10), 0);
}

static void lease_states(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, dsmb_lease_bits(0), 0);
	KUNIT_EXPECT_EQ(test, dsmb_lease_bits(W | H), 0);
	KUNIT_EXPECT_EQ(test, dsmb_lease_bits(R | W), R | W);
	KUNIT_EXPECT_EQ(test, dsmb_lease_bits(0xffffffff), R | H | W);
}

static void caching_parse(u16 dialect, u8 level, u32 size, struct dsmb_caching *asked)
{
	static const u8 data[52] = {
		'k', [15] = 'y', [16] = R | W, [20] = 0xff, [32] = 'p', [47] = 'q', [48] = 7,
	};
	struct dsmb_contexts contexts = {};

	if (size) {
		contexts.present = BIT(DSMB_CONTEXT_LEASE);
		contexts.data[DSMB_CONTEXT_LEASE] = dsmb_cursor(data, size);
	}
	dsmb_caching_parse(dialect, level, &contexts, asked);
}

static void lease_requests(struct kunit *test)
{
	struct dsmb_caching asked;

	caching_parse(DSMB_DIALECT_210, DSMB_OPLOCK_LEASE, 32, &asked);
	KUNIT_EXPECT_EQ(test, asked.level, DSMB_OPLOCK_LEASE);
	KUNIT_EXPECT_EQ(test, asked.version, 1);
	KUNIT_EXPECT_EQ(test, asked.key[15], 'y');
	KUNIT_EXPECT_EQ(test, asked.state, R | W);
	KUNIT_EXPECT_EQ(test, asked.flags, 0);

	caching_parse(DSMB_DIALECT_311, DSMB_OPLOCK_LEASE, 52, &asked);
	KUNIT_EXPECT_EQ(test, asked.version, 2);
	KUNIT_EXPECT_EQ(test, asked.flags, DSMB_LEASE_HAS_PARENT);
	KUNIT_EXPECT_EQ(test, asked.parent[15], 'q');
	KUNIT_EXPECT_EQ(test, asked.epoch, 7);

	/* v2 needs 3.x; context and lease level are valid together only. */
	caching_parse(DSMB_DIALECT_210, DSMB_OPLOCK_LEASE, 52, &asked);
	KUNIT_EXPECT_EQ(test, asked.level, DSMB_OPLOCK_NONE);
	caching_parse(DSMB_DIALECT_311, DSMB_OPLOCK_LEASE, 0, &asked);
	KUNIT_EXPECT_EQ(test, asked.level, DSMB_OPLOCK_NONE);
	caching_parse(DSMB_DIALECT_311, DSMB_OPLOCK_BATCH, 52, &asked);
	KUNIT_EXPECT_EQ(test, asked.level, DSMB_OPLOCK_BATCH);
	KUNIT_EXPECT_EQ(test, asked.version, 0);
	caching_parse(DSMB_DIALECT_311, 0x42, 0, &asked);
	KUNIT_EXPECT_EQ(test, asked.level, DSMB_OPLOCK_NONE);
}

static void lease_answers(struct kunit *test)
{
	struct dsmb_caching answer = { .level = DSMB_OPLOCK_LEASE, .version = 1, .state = R };
	u8 room[64];
	struct dsmb_builder out = dsmb_builder(room, sizeof(room));

	dsmb_caching_encode(&out, &answer);
	KUNIT_EXPECT_EQ(test, out.len, 32);
	KUNIT_EXPECT_EQ(test, room[16], R);
	dsmb_back(&out, 0);
	answer.version = 2;
	answer.epoch = 0x1234;
	dsmb_caching_encode(&out, &answer);
	KUNIT_EXPECT_EQ(test, out.len, 52);
	KUNIT_EXPECT_EQ(test, room[48], 0x34);
}

#define CLIENTS		1024

/**
 * struct clients_case - a server with clients that hold leases
 * @srv: the server
 * @server: its SMB side
 * @client: the clients, NULL if they are gone
 */
struct clients_case {
	struct ditto_server srv;
	struct dsmb_server server;
	struct ditto_client *client[CLIENTS];
};

static void clients_exit(void *arg)
{
	struct clients_case *c = arg;

	for (unsigned int i = 0; i < CLIENTS; i++)
		if (c->client[i])
			dsmb_lease_client_unuse(c->client[i]);
	ditto_live_wait(&c->server.objects);
	/* The last one wakes us from a callback that is still running. */
	rcu_barrier();
	destroy_workqueue(c->server.slow);
	ditto_locks_destroy(c->srv.locks);
}

static struct clients_case *clients_init(struct kunit *test)
{
	struct clients_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->srv.locks = ditto_locks_create(&init_net);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c->srv.locks);
	c->server.srv = &c->srv;
	c->server.slow = alloc_workqueue("smb_lease_test", WQ_UNBOUND, 0);
	KUNIT_ASSERT_NOT_NULL(test, c->server.slow);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, clients_exit, c));
	return c;
}

/* Clients choose the ClientGuid, and one is looked up with the first lease of a session. */
static void lease_clients(struct kunit *test)
{
	struct clients_case *c = clients_init(test);
	struct ditto_client *client;
	unsigned long steps;
	guid_t guid = {};

	for (unsigned int i = 0; i < CLIENTS; i++) {
		guid.b[0] = i;
		guid.b[15] = i >> 8;
		c->client[i] = dsmb_lease_client_of(&c->server, &guid);
		KUNIT_ASSERT_NOT_NULL(test, c->client[i]);
	}
	steps = dsmb_lease_client_steps;
	for (unsigned int i = 0; i < CLIENTS; i++) {
		guid.b[0] = i;
		guid.b[15] = i >> 8;
		client = dsmb_lease_client_of(&c->server, &guid);
		KUNIT_EXPECT_PTR_EQ(test, client, c->client[i]);
		dsmb_lease_client_unuse(client);
	}
	KUNIT_EXPECT_LT(test, dsmb_lease_client_steps - steps, 8 * CLIENTS);
}

/* Each acknowledgment ends one wait, the oldest with its key, and waits end by themselves. */
static void lease_late_acks(struct kunit *test)
{
	struct dsmb_late_acks *acks = kunit_kzalloc(test, sizeof(*acks), GFP_KERNEL);
	u8 key[DSMB_LEASE_KEY_SIZE] = { 1 };

	KUNIT_ASSERT_NOT_NULL(test, acks);
	dsmb_late_acks_init(acks);
	dsmb_late_ack_await(acks, key, 7);
	KUNIT_EXPECT_TRUE(test, dsmb_late_ack_is_awaited(acks, key, 7));
	KUNIT_EXPECT_FALSE(test, dsmb_late_ack_is_awaited(acks, key, 8));
	dsmb_late_ack_await(acks, key, 8);
	KUNIT_EXPECT_TRUE(test, dsmb_late_ack_is_awaited(acks, key, 8));
	dsmb_late_ack_came(acks, key);
	KUNIT_EXPECT_FALSE(test, dsmb_late_ack_is_awaited(acks, key, 7));
	KUNIT_EXPECT_TRUE(test, dsmb_late_ack_is_awaited(acks, key, 8));
	key[0] = 2;
	KUNIT_EXPECT_FALSE(test, dsmb_late_ack_is_awaited(acks, key, 8));
	acks->awaited[0].until = jiffies;
	key[0] = 1;
	KUNIT_EXPECT_FALSE(test, dsmb_late_ack_is_awaited(acks, key, 8));
	KUNIT_EXPECT_EQ(test, acks->used, 0);
}

/* A client may leave more breaks unanswered than are remembered: any key may be one of them. */
static void lease_many_late_acks(struct kunit *test)
{
	struct dsmb_late_acks *acks = kunit_kzalloc(test, sizeof(*acks), GFP_KERNEL);
	u8 key[DSMB_LEASE_KEY_SIZE] = {};

	KUNIT_ASSERT_NOT_NULL(test, acks);
	dsmb_late_acks_init(acks);
	for (key[0] = 1; key[0] <= DSMB_LATE_ACKS_MAX; key[0]++)
		dsmb_late_ack_await(acks, key, 7);
	KUNIT_EXPECT_FALSE(test, dsmb_late_ack_is_awaited(acks, key, 7));
	dsmb_late_ack_await(acks, key, 7);
	KUNIT_EXPECT_EQ(test, acks->used, DSMB_LATE_ACKS_MAX);
	key[0] = 1;
	KUNIT_EXPECT_TRUE(test, dsmb_late_ack_is_awaited(acks, key, 7));
	acks->all_until = jiffies;
	KUNIT_EXPECT_FALSE(test, dsmb_late_ack_is_awaited(acks, key, 7));
	key[0] = 2;
	KUNIT_EXPECT_TRUE(test, dsmb_late_ack_is_awaited(acks, key, 7));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(lease_levels),
	KUNIT_CASE(lease_states),
	KUNIT_CASE(lease_requests),
	KUNIT_CASE(lease_answers),
	KUNIT_CASE(lease_clients),
	KUNIT_CASE(lease_late_acks),
	KUNIT_CASE(lease_many_late_acks),
	{}
};

static struct kunit_suite suite = {
	.name = "smb_lease",
	.test_cases = cases,
};

kunit_test_suite(suite);
