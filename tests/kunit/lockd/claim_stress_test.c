// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stress: threads that lock, wait, cancel, grant, break, open, check and release clients, on the
 * same owners and nodes. There is no model; the kernel's own checkers must report nothing, and
 * all counters must end at zero.
 *
 * Some nodes are files of a tmpfs, on which local processes lock and open too. The threads are
 * marked for fault injection: with task-filter set, failslab makes only their allocations fail.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "../../../lockd/lease_private.h"
#include "../../../lockd/open_private.h"
#include "../await.h"
#include "../process_lock.h"
#include "claim_common.h"

#define THREADS		8
#define CLIENTS		8
#define OWNERS		64
#define NODES		1000
#define HOT_NODES	8
#define FILES		3
#define SECONDS		5

struct stress;

/* A client that is released and replaced by a new one. */
struct stress_client {
	struct ditto_client client;
	struct stress *stress;
};

struct stress_slot {
	struct mutex lock;	/* for replacing the client; its users hold a reference */
	struct stress_client *client;
};

struct stress_wait {
	struct ditto_wait wait;
	struct stress *stress;
};

struct stress_lease {
	struct stress *stress;
	struct ditto_lease *lease;
};

struct stress {
	struct kunit *test;
	struct ditto_lock_table *table;
	struct claim_node *nodes;
	struct file *files[FILES];
	struct stress_slot slots[CLIENTS];
	atomic_t clients;
	atomic_t waits;
	atomic_t leases;
	atomic_long_t operations;
	atomic_t stop;
};

struct stress_thread {
	struct stress *stress;
	struct rnd_state rnd;
	struct task_struct *task;
	struct completion done;
};

static u32 stress_random(struct stress_thread *t, u32 below)
{
	return prandom_u32_state(&t->rnd) % below;
}

static void stress_client_free(struct ditto_client *client)
{
	struct stress_client *c = container_of(client, struct stress_client, client);

	atomic_dec(&c->stress->clients);
	kfree(c);
}

static const struct ditto_client_ops stress_client_ops = {
	.free = stress_client_free,
};

static struct stress_client *stress_client_new(struct stress *s)
{
	struct stress_client *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	c->stress = s;
	atomic_inc(&s->clients);
	ditto_client_init(&c->client, s->table, &stress_client_ops, "stress", "client", 0);
	return c;
}

static struct ditto_client *pick_client(struct stress_thread *t)
{
	struct stress_slot *slot = &t->stress->slots[stress_random(t, CLIENTS)];
	struct ditto_client *client;

	mutex_lock(&slot->lock);
	client = &slot->client->client;
	ditto_client_hold(client);
	mutex_unlock(&slot->lock);
	return client;
}

static struct ditto_owner *pick_owner(struct stress_thread *t)
{
	struct ditto_client *client = pick_client(t);
	u32 key = stress_random(t, OWNERS / CLIENTS);
	struct ditto_owner *owner = ditto_owner_get(client, &key, sizeof(key));

	ditto_client_put(client);
	return IS_ERR(owner) ? NULL : owner;
}

static struct claim_node *pick_node(struct stress_thread *t)
{
	return &t->stress->nodes[stress_random(t, 4) ? stress_random(t, HOT_NODES)
						     : stress_random(t, NODES)];
}

/* The file of a node, most of the time; without it the mirror is off for this request. */
static struct file *pick_file(struct stress_thread *t, struct claim_node *node)
{
	ptrdiff_t i = node - t->stress->nodes;

	return i < FILES && stress_random(t, 8) ? t->stress->files[i] : NULL;
}

/* A local process locks or opens. */
static void do_local(struct stress_thread *t)
{
	struct file *file = t->stress->files[stress_random(t, FILES)];
	u32 a = stress_random(t, 256), b = stress_random(t, 256);
	int type = stress_random(t, 2) ? F_UNLCK : stress_random(t, 2) ? F_WRLCK : F_RDLCK;

	process_lock_set(file, t, type, min(a, b), max(a, b));
	if (!stress_random(t, 4))
		break_lease(file_inode(file),
			    O_NONBLOCK | (stress_random(t, 2) ? O_WRONLY : O_RDONLY));
}

/* The local process ends. */
static void end_local(struct stress_thread *t)
{
	for (int i = 0; i < FILES; i++)
		process_lock_set(t->stress->files[i], t, F_UNLCK, 0, OFFSET_MAX);
}

static void stress_granted(struct ditto_wait *wait, int error)
{
	/* A granted range ends with a later unlock or with its client. */
}

static void stress_wait_release(struct ditto_wait *wait)
{
	struct stress_wait *w = container_of(wait, struct stress_wait, wait);

	atomic_dec(&w->stress->waits);
	kfree(w);
}

static void do_lock(struct stress_thread *t, struct ditto_range_request *req)
{
	struct stress_wait *w = NULL;
	int err;

	if (stress_random(t, 2))
		w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (w) {
		w->stress = t->stress;
		w->wait.granted = stress_granted;
		w->wait.release = stress_wait_release;
		atomic_inc(&t->stress->waits);
	}
	err = ditto_range_lock(req, w ? &w->wait : NULL, NULL);
	if (w && err != -EINPROGRESS)
		stress_wait_release(&w->wait);
}

static void do_range(struct stress_thread *t, struct ditto_owner *owner, struct claim_node *node)
{
	u32 a = stress_random(t, 256), b = stress_random(t, 256);
	struct ditto_range_request req =
		claim_req(node, owner, stress_random(t, 2), min(a, b), max(a, b));

	if (!stress_random(t, 4))
		req.discipline = DITTO_EXACT;
	req.filp = pick_file(t, node);
	switch (stress_random(t, 6)) {
	case 0:
	case 1:
		do_lock(t, &req);
		break;
	case 2:
	case 3:
		ditto_range_unlock(&req);
		break;
	case 4:
		ditto_range_cancel(&req);
		break;
	default:
		ditto_range_release_owner(&node->point, owner);
	}
}

static void do_open(struct stress_thread *t, struct ditto_owner *owner, struct claim_node *node)
{
	struct ditto_actor actor = { .owner = owner, .lease_owner = owner };
	struct ditto_open *open;

	open = ditto_open_claim(&node->point, &actor, stress_random(t, 8),
				stress_random(t, 8) ? 0 : stress_random(t, 8), false, NULL, NULL);
	if (IS_ERR(open))
		return;
	ditto_open_change(open, stress_random(t, 8), 0, NULL);
	cond_resched();
	ditto_open_release(open);
}

static void stress_breaking(struct ditto_lease *lease, u8 keep, bool ack)
{
	/* Some holders answer, some return everything, some do not answer. */
	switch (get_random_u32_below(4)) {
	case 0:
		ditto_lease_return(lease);
		break;
	case 1:
		break;
	default:
		ditto_lease_ack(lease, keep);
	}
}

static void stress_void(struct ditto_lease *lease)
{
}

static void stress_notify(struct ditto_lease *lease, const struct ditto_entry_change *change)
{
}

static void stress_lease_free(struct ditto_lease *lease)
{
	struct stress *s = ditto_lease_private(lease);

	atomic_dec(&s->leases);
}

static const struct ditto_lease_ops stress_lease_ops = {
	.breaking = stress_breaking,
	.revoked = stress_void,
	.notify = stress_notify,
	.free = stress_lease_free,
};

static void stress_hold_lease(struct stress_thread *t, struct ditto_owner *owner,
			      struct claim_node *node)
{
	struct ditto_lease_request req = {
		.point = &node->point,
		.actor.lease_owner = owner,
		.style = stress_random(t, 4),
		.want = stress_random(t, 8),
		.notify = stress_random(t, 2),
		.break_ms = stress_random(t, 50),
		.ops = &stress_lease_ops,
		.private = t->stress,
		.filp = pick_file(t, node),
	};
	struct ditto_lease *lease;
	bool first;

	lease = ditto_lease_grant(&req);
	if (IS_ERR(lease))
		return;
	/* Two threads may share a grant; it is counted once, as it is freed once. */
	first = !test_and_set_bit(31, &lease->notify_due);
	if (first)
		atomic_inc(&t->stress->leases);
	if (stress_random(t, 2))
		ditto_lease_return(lease);
	ditto_lease_put(lease);
}

static void do_check(struct stress_thread *t, struct ditto_owner *owner, struct claim_node *node)
{
	struct ditto_entry_change change = { .name = "entry", .len = 5 };
	struct ditto_actor actor = {
		.owner = owner, .lease_owner = owner, .exact = stress_random(t, 2)};
	struct ditto_intent intent = {
		.kind = stress_random(t, DITTO_INTENTS),
		.access = stress_random(t, 8),
		.deny = stress_random(t, 8),
		.first = stress_random(t, 256),
		.last = U64_MAX,
	};

	ditto_claim_check(&node->point, &intent, stress_random(t, 2) ? &actor : NULL, NULL, NULL);
	ditto_claim_recheck(&node->point, &intent, &actor);
	ditto_lease_deliver(&node->point, &actor, &change);
}

static void do_death(struct stress_thread *t)
{
	struct stress_client *fresh = stress_client_new(t->stress), *old;
	struct stress_slot *slot = &t->stress->slots[stress_random(t, CLIENTS)];

	if (!fresh)
		return;
	mutex_lock(&slot->lock);
	old = slot->client;
	slot->client = fresh;
	mutex_unlock(&slot->lock);
	ditto_client_release(&old->client, "stress");
	WARN_ON(ditto_client_claims(&old->client));
	WARN_ON(atomic_read(&old->client.waiting));
	ditto_client_put(&old->client);
}

static void stress_step(struct stress_thread *t)
{
	struct ditto_owner *owner = pick_owner(t);
	struct claim_node *node = pick_node(t);
	u32 what = stress_random(t, 1000);

	if (what < 10)
		do_death(t);
	else if (what < 15)
		ditto_lock_point_release(&node->point, "stress");
	else if (what < 50)
		do_local(t);
	else if (owner && what < 500)
		do_range(t, owner, node);
	else if (owner && what < 650)
		do_open(t, owner, node);
	else if (owner && what < 850)
		stress_hold_lease(t, owner, node);
	else
		do_check(t, owner, node);
	ditto_owner_put(owner);
}

static int stress_fn(void *arg)
{
	struct stress_thread *t = arg;

#ifdef CONFIG_FAULT_INJECTION
	current->make_it_fail = 1;
#endif
	while (!atomic_read(&t->stress->stop)) {
		stress_step(t);
		atomic_long_inc(&t->stress->operations);
		cond_resched();
	}
	end_local(t);
	complete(&t->done);
	return 0;
}

static void stress_begin(struct kunit *test, struct stress *s)
{
	s->test = test;
	s->table = claim_table(test);
	s->table->settings.quiet_ms = 1;
	s->nodes = kunit_kcalloc(test, NODES, sizeof(*s->nodes), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s->nodes);
	for (int i = 0; i < NODES; i++)
		claim_node_init(test, &s->nodes[i]);
	for (int i = 0; i < FILES; i++) {
		s->files[i] = shmem_file_setup("ditto-kunit-stress", 4096, 0);
		KUNIT_ASSERT_FALSE(test, IS_ERR(s->files[i]));
	}
	for (int i = 0; i < CLIENTS; i++) {
		mutex_init(&s->slots[i].lock);
		s->slots[i].client = stress_client_new(s);
		KUNIT_ASSERT_NOT_NULL(test, s->slots[i].client);
	}
}

/* Callbacks queue callbacks, and lowering a VFS lease may take several tries. */
static bool stress_is_over(struct stress *s)
{
	flush_workqueue(s->table->wq);
	for (int i = 0; i < NODES; i++)
		if (rcu_access_pointer(s->nodes[i].point.ctx) ||
		    refcount_read(&s->nodes[i].ref) > 1)
			return false;
	for (int i = 0; i < FILES; i++)
		if (vfs_inode_has_locks(file_inode(s->files[i])))
			return false;
	return !atomic_read(&s->clients) && !atomic_read(&s->waits) && !atomic_read(&s->leases);
}

static void stress_end(struct kunit *test, struct stress *s)
{
	for (int i = 0; i < CLIENTS; i++) {
		ditto_client_release(&s->slots[i].client->client, "end");
		ditto_client_put(&s->slots[i].client->client);
	}
	await(stress_is_over(s));
	KUNIT_EXPECT_EQ(test, atomic_read(&s->clients), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->waits), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->leases), 0);
	for (int i = 0; i < NODES; i++) {
		KUNIT_EXPECT_NULL(test, rcu_access_pointer(s->nodes[i].point.ctx));
		KUNIT_EXPECT_EQ(test, refcount_read(&s->nodes[i].ref), 1);
	}
	for (int i = 0; i < FILES; i++) {
		KUNIT_EXPECT_FALSE(test, vfs_inode_has_locks(file_inode(s->files[i])));
		KUNIT_EXPECT_EQ(test, break_lease(file_inode(s->files[i]), O_WRONLY | O_NONBLOCK),
				0);
		fput(s->files[i]);
	}
	kunit_info(test, "%ld operations, %llu granted, %llu conflicts, %llu waits, %llu deadlocks, %llu breaks, %llu revoked\n",
		   atomic_long_read(&s->operations),
		   ditto_locks_events(s->table, DITTO_LOCK_GRANTED),
		   ditto_locks_events(s->table, DITTO_LOCK_CONFLICT),
		   ditto_locks_events(s->table, DITTO_LOCK_WAITED),
		   ditto_locks_events(s->table, DITTO_LOCK_DEADLOCK),
		   ditto_locks_events(s->table, DITTO_LOCK_BREAK),
		   ditto_locks_events(s->table, DITTO_LOCK_REVOKED));
}

static void everything_at_once(struct kunit *test)
{
	struct stress *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	struct stress_thread *threads = kunit_kcalloc(test, THREADS, sizeof(*threads), GFP_KERNEL);
	int started = 0;

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_NOT_NULL(test, threads);
	stress_begin(test, s);
	for (; started < THREADS; started++) {
		struct stress_thread *t = &threads[started];

		t->stress = s;
		prandom_seed_state(&t->rnd, 1000 + started);
		init_completion(&t->done);
		t->task = kthread_run(stress_fn, t, "ditto-stress-%d", started);
		if (IS_ERR(t->task))
			break;
	}
	KUNIT_EXPECT_EQ(test, started, THREADS);
	for (int i = 0; i < SECONDS * 10; i++) {
		schedule_timeout_uninterruptible(HZ / 10);
		WRITE_ONCE(claim_now, claim_now + 100);
	}
	atomic_set(&s->stop, 1);
	while (started--)
		wait_for_completion(&threads[started].done);
	stress_end(test, s);
}

static struct kunit_case claim_stress_cases[] = {
	KUNIT_CASE_SLOW(everything_at_once),
	{}
};

static struct kunit_suite claim_stress_suite = {
	.name = "claim_stress",
	.init = claim_test_init,
	.exit = claim_test_exit,
	.test_cases = claim_stress_cases,
};

kunit_test_suite(claim_stress_suite);
