// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots of NFSv4.1 sessions: every case of RFC 8881 section 2.10.6, and their numbers. Walks of all
 * sessions of a server.
 */
#include <kunit/test.h>
#include <linux/ktime.h>
#include <linux/nfs4.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <net/ipv6.h>

#include "../../../fs/nfs/server.h"
#include "../../../fs/nfs/v4/engine/server.h"
#include "../../../fs/nfs/v4/session/client_private.h"
#include "../../../fs/nfs/v4/session/session_private.h"
#include "../../../net/server.h"

/* A session that has only slots. */
struct fixture {
	struct ditto_server srv;
	struct dnfs_server nfs;
	struct dnfs4_server server;
	struct dnfs4_sessions sessions;
	struct dnfs4_client client;
	struct dnfs4_session session;
};

static int slots_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct in6_addr addr;

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->nfs.settings.session_slots = 128;
	f->server.srv = &f->srv;
	f->server.nfs = &f->nfs;
	f->server.sessions = &f->sessions;
	f->client.server = &f->server;
	f->session.client = &f->client;
	f->session.fore.maxresponsesize_cached = 1024;
	spin_lock_init(&f->session.lock);
	KUNIT_ASSERT_EQ(test, ditto_budget_init(&f->srv), 0);
	ipv6_addr_set_v4mapped(htonl(0xc0000201), &addr);
	KUNIT_ASSERT_EQ(test, ditto_principal_init(&f->client.who, &f->srv, &addr,
						   DITTO_TRUST_USER, INVALID_UID), 0);
	KUNIT_ASSERT_EQ(test, ditto_charge(&f->session.memory, &f->client.who,
					   DITTO_BUDGET_MEMORY, DNFS4_SESSION_BYTES), 0);
	dnfs4_slots_init(&f->session, 64);
	test->priv = f;
	return 0;
}

static void slots_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	dnfs4_slots_free(&f->session);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&f->sessions.extra_slots), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->session.slots_live), 0);
	ditto_uncharge(&f->session.memory);
	ditto_principal_exit(&f->client.who);
	/* Warns if anything is left. */
	ditto_budget_exit(&f->srv);
}

static u32 slot_begin(struct fixture *f, u32 id, u32 seqid, struct dnfs4_slot **slot,
		      bool *again)
{
	const struct dnfs4_slot_request req = { .id = id, .seqid = seqid, .highest = id };

	*again = false;
	return dnfs4_slot_begin(&f->session, &req, slot, again);
}

/* A complete request; returns its status. */
static u32 slot_request(struct fixture *f, u32 id, u32 seqid, u64 digest, bool keep, bool *again)
{
	const struct dnfs4_slot_request req = { .id = id, .seqid = seqid, .highest = id };
	struct dnfs4_slot *slot;
	u32 status;

	status = slot_begin(f, id, seqid, &slot, again);
	if (status)
		return status;
	if (*again) {
		status = dnfs4_slot_repeat(slot, digest);
	} else {
		dnfs4_slot_commit(&f->session, slot, &req);
		slot->digest = digest;
		if (keep && dnfs4_slot_reserve(slot, 64)) {
			slot->len = 4;
			slot->kept = true;
		}
	}
	dnfs4_slot_end(slot);
	return status;
}

/* A request in slot 0, while no other slot has a request that the client may repeat; a review. */
static void slots_review_spoken(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_slot *slot = xa_load(&f->session.slots, 0);
	bool again;

	KUNIT_ASSERT_EQ(test, slot_request(f, 0, slot ? slot->seqid + 1 : 1, 7, false, &again),
			NFS4_OK);
	dnfs4_slots_review(&f->session);
}

static void slot_sequence(struct kunit *test)
{
	struct fixture *f = test->priv;
	bool again;

	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 0, 7, true, &again), NFS4ERR_SEQ_MISORDERED);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 2, 7, true, &again), NFS4ERR_SEQ_MISORDERED);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 1, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_FALSE(test, again);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 1, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_TRUE(test, again);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 3, 7, true, &again), NFS4ERR_SEQ_MISORDERED);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 0, 7, true, &again), NFS4ERR_SEQ_MISORDERED);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 1, 8, true, &again), NFS4ERR_SEQ_FALSE_RETRY);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 2, 8, false, &again), NFS4_OK);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 2, 8, false, &again), NFS4ERR_RETRY_UNCACHED_REP);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 2, 9, false, &again), NFS4ERR_SEQ_FALSE_RETRY);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 3, 9, false, &again), NFS4_OK);
}

static void slot_wraps(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_slot *slot;
	bool again;

	KUNIT_ASSERT_EQ(test, slot_request(f, 0, 1, 7, true, &again), NFS4_OK);
	slot = xa_load(&f->session.slots, 0);
	slot->seqid = U32_MAX;
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 1, 7, true, &again), NFS4ERR_SEQ_MISORDERED);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 0, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_FALSE(test, again);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 1, 7, true, &again), NFS4_OK);
}

static void slot_busy(struct kunit *test)
{
	const struct dnfs4_slot_request req = { .id = 3, .seqid = 1, .highest = 3 };
	struct fixture *f = test->priv;
	struct dnfs4_slot *slot, *other;
	bool again;

	KUNIT_ASSERT_EQ(test, slot_begin(f, 3, 1, &slot, &again), NFS4_OK);
	dnfs4_slot_commit(&f->session, slot, &req);
	KUNIT_EXPECT_EQ(test, slot_begin(f, 3, 1, &other, &again), NFS4ERR_DELAY);
	KUNIT_EXPECT_EQ(test, slot_begin(f, 3, 2, &other, &again), NFS4ERR_SEQ_MISORDERED);
	KUNIT_EXPECT_EQ(test, slot_begin(f, 4, 1, &other, &again), NFS4_OK);
	dnfs4_slot_end(other);
	dnfs4_slot_end(slot);
}

/* A retry that comes while the request is being checked is not misordered. */
static void slot_retried_early(struct kunit *test)
{
	struct dnfs4_slot_request req = { .id = 3, .seqid = 1, .highest = 3 };
	struct fixture *f = test->priv;
	struct dnfs4_slot *slot, *other;
	bool again;

	for (; req.seqid < 4; req.seqid++) {
		KUNIT_ASSERT_EQ(test, slot_begin(f, 3, req.seqid, &slot, &again), NFS4_OK);
		KUNIT_EXPECT_FALSE(test, again);
		KUNIT_EXPECT_EQ(test, slot_begin(f, 3, req.seqid, &other, &again), NFS4ERR_DELAY);
		dnfs4_slot_commit(&f->session, slot, &req);
		KUNIT_EXPECT_EQ(test, slot_begin(f, 3, req.seqid, &other, &again), NFS4ERR_DELAY);
		KUNIT_EXPECT_EQ(test, slot_begin(f, 3, req.seqid + 1, &other, &again),
				NFS4ERR_SEQ_MISORDERED);
		dnfs4_slot_end(slot);
	}
}

/* A request that is refused after it took the slot leaves it unchanged. */
static void slot_untouched(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_slot *slot;
	bool again;

	KUNIT_ASSERT_EQ(test, slot_request(f, 0, 1, 7, true, &again), NFS4_OK);
	KUNIT_ASSERT_EQ(test, slot_begin(f, 0, 2, &slot, &again), NFS4_OK);
	KUNIT_EXPECT_TRUE(test, dnfs4_slot_reserve(slot, 4096));
	dnfs4_slot_end(slot);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 1, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_TRUE(test, again);
	KUNIT_EXPECT_EQ(test, slot_request(f, 0, 2, 8, true, &again), NFS4_OK);
	KUNIT_EXPECT_FALSE(test, again);
}

static void slot_bounds(struct kunit *test)
{
	struct dnfs4_slot_request req = { .id = 0, .seqid = 1, .highest = 64 };
	struct fixture *f = test->priv;
	struct dnfs4_slot *slot;
	bool again;

	KUNIT_EXPECT_EQ(test, f->session.slots_now, 64);
	KUNIT_EXPECT_EQ(test, slot_begin(f, 64, 1, &slot, &again), NFS4ERR_BADSLOT);
	KUNIT_EXPECT_EQ(test, slot_begin(f, U32_MAX, 1, &slot, &again), NFS4ERR_BADSLOT);
	KUNIT_EXPECT_EQ(test, dnfs4_slot_begin(&f->session, &req, &slot, &again),
			NFS4ERR_BAD_HIGH_SLOT);
	KUNIT_EXPECT_EQ(test, slot_request(f, 63, 1, 7, false, &again), NFS4_OK);
}

static void slots_demand(struct kunit *test)
{
	struct fixture *f = test->priv;
	bool again;
	u32 id;

	KUNIT_EXPECT_EQ(test, f->session.slots_target, DNFS4_SLOTS_START);
	for (id = 0; id < DNFS4_SLOTS_START - 1; id++)
		KUNIT_EXPECT_EQ(test, slot_request(f, id, 1, 7, false, &again), NFS4_OK);
	KUNIT_EXPECT_EQ(test, f->session.slots_target, DNFS4_SLOTS_START);
	KUNIT_EXPECT_EQ(test, slot_request(f, id, 1, 7, false, &again), NFS4_OK);
	KUNIT_EXPECT_EQ(test, f->session.slots_target, 2 * DNFS4_SLOTS_START);
	KUNIT_EXPECT_EQ(test, slot_request(f, 40, 1, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_EQ(test, f->session.slots_target, 64);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->sessions.extra_slots), 1);

	/* Slots used lately stay. Later unused ones are freed step by step. */
	slots_review_spoken(test);
	KUNIT_EXPECT_EQ(test, f->session.slots_target, 64);
	slots_review_spoken(test);
	KUNIT_EXPECT_EQ(test, f->session.slots_target, 32);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->sessions.extra_slots), 0);
	slots_review_spoken(test);
	slots_review_spoken(test);
	KUNIT_EXPECT_EQ(test, f->session.slots_target, DNFS4_SLOTS_START);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->session.slots_live), DNFS4_SLOTS_START);
}

/* A client that is silent may yet repeat its last request in each slot. */
static void slots_of_the_silent(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_slot *slot;
	bool again;

	KUNIT_ASSERT_EQ(test, slot_request(f, 3, 1, 7, true, &again), NFS4_OK);
	KUNIT_ASSERT_EQ(test, slot_request(f, 40, 1, 7, true, &again), NFS4_OK);
	WRITE_ONCE(f->nfs.settings.session_slots, 8);
	for (int i = 0; i < 8; i++)
		dnfs4_slots_review(&f->session);
	KUNIT_EXPECT_EQ(test, f->session.slots_target, 8);
	KUNIT_EXPECT_EQ(test, f->session.slots_now, 64);
	/* The slots that are kept are paid. */
	KUNIT_EXPECT_EQ(test, f->session.slots_paid, 64);
	KUNIT_EXPECT_EQ(test, slot_request(f, 40, 1, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_TRUE(test, again);

	/* Now it says that only slot 0 has a request without a reply. */
	slots_review_spoken(test);
	KUNIT_EXPECT_EQ(test, f->session.slots_now, 8);
	KUNIT_EXPECT_EQ(test, f->session.slots_paid, 8);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->session.slots_live), 2);
	KUNIT_EXPECT_EQ(test, slot_begin(f, 40, 1, &slot, &again), NFS4ERR_BADSLOT);
	KUNIT_EXPECT_EQ(test, slot_request(f, 3, 1, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_TRUE(test, again);
}

/* A request that ends while a review is under way may yet be repeated. */
static void slots_of_the_quick(struct kunit *test)
{
	struct fixture *f = test->priv;
	bool again;

	KUNIT_ASSERT_EQ(test, slot_request(f, 30, 1, 7, true, &again), NFS4_OK);
	KUNIT_ASSERT_EQ(test, slot_request(f, 40, 1, 7, true, &again), NFS4_OK);
	KUNIT_ASSERT_EQ(test, slot_request(f, 5, 1, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_EQ(test, f->session.slots_peak, 41);
	dnfs4_slots_trim(&f->session, DNFS4_SLOTS_START);
	KUNIT_EXPECT_EQ(test, slot_request(f, 30, 1, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_TRUE(test, again);
	KUNIT_EXPECT_EQ(test, slot_request(f, 40, 1, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_TRUE(test, again);

	/* The next review does not forget it, and what no request needs goes. */
	dnfs4_slots_review(&f->session);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->session.slots_live), 3);
	KUNIT_ASSERT_EQ(test, slot_request(f, 30, 2, 7, true, &again), NFS4_OK);
	dnfs4_slots_trim(&f->session, DNFS4_SLOTS_START);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->session.slots_live), 2);
	KUNIT_EXPECT_EQ(test, slot_request(f, 30, 2, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_TRUE(test, again);
}

/* A review that lowers the number of slots does not refuse the repetition of a request before. */
static void slots_of_the_slow(struct kunit *test)
{
	const struct dnfs4_slot_request req = { .id = 40, .seqid = 1, .highest = 40 };
	struct fixture *f = test->priv;
	struct dnfs4_slot *slot;
	bool again;

	KUNIT_ASSERT_EQ(test, slot_begin(f, 40, 1, &slot, &again), NFS4_OK);
	WRITE_ONCE(f->nfs.settings.session_slots, 8);
	slots_review_spoken(test);
	KUNIT_EXPECT_EQ(test, f->session.slots_now, 8);
	dnfs4_slot_commit(&f->session, slot, &req);
	slot->digest = 7;
	KUNIT_ASSERT_TRUE(test, dnfs4_slot_reserve(slot, 64));
	slot->len = 4;
	slot->kept = true;
	dnfs4_slot_end(slot);
	KUNIT_EXPECT_EQ(test, f->session.slots_now, 41);
	KUNIT_EXPECT_EQ(test, f->session.slots_paid, 41);
	dnfs4_slots_review(&f->session);
	KUNIT_EXPECT_EQ(test, slot_request(f, 40, 1, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_TRUE(test, again);
	slots_review_spoken(test);
	KUNIT_EXPECT_EQ(test, f->session.slots_now, 8);
	KUNIT_EXPECT_EQ(test, f->session.slots_paid, 8);
}

/* On a freed slot the client may continue its sequence, or begin again. */
static void slot_made_again(struct kunit *test)
{
	struct fixture *f = test->priv;
	bool again;

	for (u32 id = 40; id < 42; id++) {
		KUNIT_ASSERT_EQ(test, slot_request(f, id, 1, 7, true, &again), NFS4_OK);
		KUNIT_ASSERT_EQ(test, slot_request(f, id, 2, 7, true, &again), NFS4_OK);
	}
	for (int i = 0; i < 3; i++)
		slots_review_spoken(test);
	KUNIT_ASSERT_EQ(test, atomic_read(&f->session.slots_live), 1);
	KUNIT_EXPECT_EQ(test, slot_request(f, 40, 2, 7, true, &again), NFS4ERR_SEQ_MISORDERED);
	KUNIT_EXPECT_EQ(test, slot_request(f, 40, 4, 7, true, &again), NFS4ERR_SEQ_MISORDERED);
	KUNIT_EXPECT_EQ(test, slot_request(f, 40, 3, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_EQ(test, slot_request(f, 41, 1, 7, true, &again), NFS4_OK);
	KUNIT_EXPECT_EQ(test, slot_request(f, 41, 2, 7, true, &again), NFS4_OK);
}

static void slots_setting(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs4_slot *slot;
	bool again;

	WRITE_ONCE(f->nfs.settings.session_slots, 8);
	slots_review_spoken(test);
	KUNIT_EXPECT_EQ(test, f->session.slots_target, 8);
	KUNIT_EXPECT_EQ(test, f->session.slots_now, 8);
	KUNIT_EXPECT_EQ(test, slot_begin(f, 8, 1, &slot, &again), NFS4ERR_BADSLOT);
	WRITE_ONCE(f->nfs.settings.session_slots, 1024);
	dnfs4_slots_review(&f->session);
	KUNIT_EXPECT_EQ(test, f->session.slots_now, 64);
	KUNIT_EXPECT_EQ(test, slot_request(f, 63, 1, 7, false, &again), NFS4_OK);
}

static long slots_charge(u32 slots)
{
	return DNFS4_SESSION_BYTES + slots * (sizeof(struct dnfs4_slot) + 1024);
}

/* Slots are charged when they are granted, up to the client's limit. */
static void slots_are_paid(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 limit = ditto_budget_peer_limit(&f->srv, DITTO_TRUST_USER, DITTO_BUDGET_MEMORY);
	struct ditto_charge other = {};

	KUNIT_EXPECT_EQ(test, f->session.memory.amount, slots_charge(64));
	WRITE_ONCE(f->nfs.settings.session_slots, 8);
	slots_review_spoken(test);
	KUNIT_EXPECT_EQ(test, f->session.memory.amount, slots_charge(8));

	KUNIT_ASSERT_EQ(test, ditto_charge(&other, &f->client.who, DITTO_BUDGET_MEMORY,
					   limit - slots_charge(8 + 20)), 0);
	WRITE_ONCE(f->nfs.settings.session_slots, 1024);
	dnfs4_slots_review(&f->session);
	KUNIT_EXPECT_EQ(test, f->session.slots_now, 8 + 14);
	KUNIT_EXPECT_EQ(test, f->session.memory.amount, slots_charge(8 + 14));
	/* The rest is held by others, which is not reported each time. */
	KUNIT_EXPECT_EQ(test, ditto_account_refused(f->client.who.peer), 0);
	ditto_uncharge(&other);
	dnfs4_slots_review(&f->session);
	KUNIT_EXPECT_EQ(test, f->session.slots_now, 64);
	KUNIT_EXPECT_EQ(test, f->session.memory.amount, slots_charge(64));
}

/* Without room for a slot there is no session. */
static void slots_of_the_poor(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 limit = ditto_budget_peer_limit(&f->srv, DITTO_TRUST_USER, DITTO_BUDGET_MEMORY);
	struct dnfs4_session session = {
		.client = &f->client, .fore.maxresponsesize_cached = 1024,
	};
	struct ditto_charge other = {};

	spin_lock_init(&session.lock);
	KUNIT_ASSERT_EQ(test, ditto_charge(&session.memory, &f->client.who,
					   DITTO_BUDGET_MEMORY, DNFS4_SESSION_BYTES), 0);
	KUNIT_ASSERT_EQ(test, ditto_charge(&other, &f->client.who, DITTO_BUDGET_MEMORY,
					   limit - DNFS4_SESSION_BYTES - slots_charge(64)), 0);
	KUNIT_EXPECT_EQ(test, dnfs4_slots_init(&session, 64), 0);
	KUNIT_EXPECT_EQ(test, ditto_account_refused(f->client.who.peer), 1);
	KUNIT_EXPECT_EQ(test, ditto_charge_resize(&other, other.amount - slots_charge(1)), 0);
	KUNIT_EXPECT_GE(test, dnfs4_slots_init(&session, 64), 1);
	ditto_uncharge(&session.memory);
	ditto_uncharge(&other);
}

static struct kunit_case slot_cases[] = {
	KUNIT_CASE(slot_sequence),
	KUNIT_CASE(slot_wraps),
	KUNIT_CASE(slot_busy),
	KUNIT_CASE(slot_retried_early),
	KUNIT_CASE(slot_untouched),
	KUNIT_CASE(slot_bounds),
	KUNIT_CASE(slots_demand),
	KUNIT_CASE(slots_of_the_silent),
	KUNIT_CASE(slots_of_the_quick),
	KUNIT_CASE(slots_of_the_slow),
	KUNIT_CASE(slot_made_again),
	KUNIT_CASE(slots_setting),
	KUNIT_CASE(slots_are_paid),
	KUNIT_CASE(slots_of_the_poor),
	{}
};

static struct kunit_suite slot_suite = {
	.name = "nfs4_session",
	.init = slots_init,
	.exit = slots_exit,
	.test_cases = slot_cases,
};

kunit_test_suite(slot_suite);

/* All sessions of a server */

#define WALK_SESSIONS	16384
#define WALK_PART	1024

struct walk {
	struct dnfs4_clients clients;
	struct dnfs4_server server;
	struct dnfs4_client client;
	struct dnfs4_session *session;
	u64 ns[WALK_SESSIONS / WALK_PART];
};

static struct walk *walk_begin(struct kunit *test)
{
	struct walk *walk = kunit_kzalloc(test, sizeof(*walk), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, walk);
	walk->session = kvcalloc(WALK_SESSIONS, sizeof(*walk->session), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, walk->session);
	walk->server.clients = &walk->clients;
	walk->client.server = &walk->server;
	mutex_init(&walk->client.sessions_lock);
	INIT_LIST_HEAD(&walk->client.sessions);
	KUNIT_ASSERT_EQ(test, dnfs4_sessions_init(&walk->server), 0);
	for (int i = 0; i < WALK_SESSIONS; i++) {
		struct dnfs4_session *session = &walk->session[i];

		refcount_set(&session->ref, 1);
		session->client = &walk->client;
		spin_lock_init(&session->lock);
		INIT_LIST_HEAD(&session->conns);
		KUNIT_ASSERT_EQ(test, dnfs4_session_publish(session), 0);
	}
	return walk;
}

static void walk_end(struct kunit *test, struct walk *walk)
{
	for (int i = 0; i < WALK_SESSIONS; i++) {
		dnfs4_session_end(&walk->session[i]);
		KUNIT_EXPECT_EQ(test, refcount_read(&walk->session[i].ref), 1);
	}
	dnfs4_sessions_exit(&walk->server);
	kvfree(walk->session);
}

/* The next session of a walk, without a reference; or NULL. */
static struct dnfs4_session *walk_next(struct walk *walk, u64 number)
{
	struct dnfs4_session *session;

	if (!dnfs4_sessions_from(&walk->server, number, &session, 1))
		return NULL;
	refcount_dec(&session->ref);
	return session;
}

/* A step of a walk costs the same at its end as at its beginning. */
static void sessions_walked(struct kunit *test)
{
	struct walk *walk = walk_begin(test);
	u64 next, begin, ns;

	for (int round = 0; round < 5; round++) {
		next = 0;
		for (int part = 0; part < ARRAY_SIZE(walk->ns); part++) {
			begin = ktime_get_ns();
			for (int i = 0; i < WALK_PART; i++) {
				struct dnfs4_session *session = walk_next(walk, next);

				KUNIT_ASSERT_PTR_EQ(test, session,
						    &walk->session[part * WALK_PART + i]);
				next = session->number + 1;
			}
			ns = ktime_get_ns() - begin;
			walk->ns[part] = round ? min(walk->ns[part], ns) : ns;
		}
		KUNIT_EXPECT_NULL(test, walk_next(walk, next));
	}
	KUNIT_EXPECT_LT(test, walk->ns[ARRAY_SIZE(walk->ns) - 1], 8 * walk->ns[0]);
	walk_end(test, walk);
}

/* A walk goes on behind a session that has ended. */
static void sessions_end_while_walked(struct kunit *test)
{
	struct walk *walk = walk_begin(test);
	struct dnfs4_session *list[3];

	for (int i = 0; i < 12; i += 2)
		KUNIT_EXPECT_TRUE(test, dnfs4_session_end(&walk->session[i]));
	KUNIT_EXPECT_FALSE(test, dnfs4_session_end(&walk->session[0]));
	KUNIT_EXPECT_PTR_EQ(test, walk_next(walk, 0), &walk->session[1]);
	KUNIT_EXPECT_PTR_EQ(test, walk_next(walk, walk->session[6].number), &walk->session[7]);
	KUNIT_EXPECT_EQ(test, dnfs4_sessions_from(&walk->server, walk->session[8].number, list, 3),
			3);
	for (int i = 0; i < 3; i++) {
		static const int found[] = { 9, 11, 12 };

		KUNIT_EXPECT_PTR_EQ(test, list[i], &walk->session[found[i]]);
		refcount_dec(&list[i]->ref);
	}
	walk_end(test, walk);
}

static struct kunit_case sessions_cases[] = {
	KUNIT_CASE(sessions_walked),
	KUNIT_CASE(sessions_end_while_walked),
	{}
};

static struct kunit_suite sessions_suite = {
	.name = "nfs4_sessions",
	.test_cases = sessions_cases,
};

kunit_test_suite(sessions_suite);
