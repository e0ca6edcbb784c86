// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions about names and groups: asking the helper, and waiting for its answers. Answers are
 * kept by names_cache.c; names_cache.h has the locks.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/ipv6.h>

#include "../budget.h"
#include "../server.h"
#include "../server_private.h"
#include "names.h"
#include "names_ask.h"
#include "names_cache.h"
#include "names_private.h"

/* Jiffies before a failed request is repeated. */
#define NAMES_RETRY		HZ

/* Ends a wait. Returns false if the park does not wait. */
static bool park_unlink_locked(struct ditto_names_park *park)
{
	struct name_entry *entry = park->entry;

	lockdep_assert_held(&park->names->lock);
	if (!entry)
		return false;
	park->entry = NULL;
	list_del(&park->link);
	ditto_names_entry_put(entry);
	return true;
}

static void park_late(struct work_struct *work)
{
	struct ditto_names_park *park = container_of(to_delayed_work(work),
						     struct ditto_names_park, late);

	spin_lock(&park->names->lock);
	if (park_unlink_locked(park))
		park->done(park);
	spin_unlock(&park->names->lock);
}

static void entry_wake_parks(struct name_entry *entry)
{
	struct ditto_names_park *park, *next;

	spin_lock(&entry->names->lock);
	list_for_each_entry_safe(park, next, &entry->parks, link) {
		park_unlink_locked(park);
		park->done(park);
	}
	spin_unlock(&entry->names->lock);
}

/* Ask the helper. Context: on the workqueue of the requests. */
void ditto_names_entry_ask(struct work_struct *work)
{
	struct name_entry *entry = container_of(work, struct name_entry, work);
	const struct ditto_question *q = &entry->question;
	struct ditto_names *names = entry->names;
	struct ditto_host_names *hosts = NULL;
	struct ditto_said said = {};
	u32 epoch = ditto_names_epoch(names);
	int err;

	if (q->type == DITTO_UPCALL_NETGROUP)
		hosts = ditto_names_hosts(names, &q->addr);
	err = names->ask(names->srv, q, hosts, &said);
	kfree(hosts);
	if (err && err != -ENOENT)
		goto out;
	if (q->type == DITTO_UPCALL_NETGROUP && said.hosts) {
		ditto_names_remember_hosts(names, &q->addr, said.hosts, epoch);
		said.hosts = NULL;
	}
	err = ditto_names_entry_answer(entry, &said, err == -ENOENT);
out:
	WRITE_ONCE(entry->error, err);
	/* That one client asks too much says nothing about the question. */
	if (err != -EBUSY)
		assign_bit(NAME_FAILED, &entry->flags, err);
	WRITE_ONCE(entry->retry, err && err != -EBUSY ? jiffies + NAMES_RETRY : jiffies);
	ditto_uncharge(&entry->charge);
	/* Pairs with test_bit_acquire(): error and answer are visible once the bit is clear. */
	smp_mb__before_atomic();
	clear_bit(NAME_ASKING, &entry->flags);
	wake_up_all(&entry->wait);
	entry_wake_parks(entry);
	ditto_names_entry_put(entry);
}

/*
 * Access is decided, and a SID or account shown, without the answer rather than not at all. So an
 * error stays the answer while the helper is asked again: callers that retry seldom would otherwise
 * never get one. Without a helper each call fails immediately, and the next helper is waited for.
 */
static bool entry_keeps_error(const struct name_entry *entry)
{
	int error = READ_ONCE(entry->error);

	return error && error != -ECONNREFUSED &&
	       entry->question.type >= DITTO_UPCALL_USER_SIDS;
}

/* Charge the client that asks. */
static int entry_charge(struct name_entry *entry, const struct in6_addr *asker)
{
	if (ipv6_addr_any(asker))
		return 0;
	return ditto_charge_machine(&entry->charge, entry->names->srv, asker,
				    DITTO_BUDGET_QUESTIONS, 1);
}

static void entry_ask_soon(struct name_entry *entry, const struct in6_addr *asker)
{
	if (time_before(jiffies, READ_ONCE(entry->retry)))
		return;
	if (test_and_set_bit(NAME_ASKING, &entry->flags))
		return;
	entry->question.asker = *asker;
	if (entry_charge(entry, asker)) {
		WRITE_ONCE(entry->error, -EBUSY);
		clear_bit_unlock(NAME_ASKING, &entry->flags);
		wake_up_all(&entry->wait);
		entry_wake_parks(entry);
		return;
	}
	if (!entry_keeps_error(entry) || READ_ONCE(entry->error) == -EBUSY)
		WRITE_ONCE(entry->error, 0);
	WRITE_ONCE(entry->asked, jiffies);
	refcount_inc(&entry->ref);
	queue_work(entry->names->wq, &entry->work);
}

/*
 * Jiffies to wait for the answer. The time counts from the request, so a helper that hangs delays
 * only the callers of the first moments, not all until the request times out.
 */
static long entry_wait(const struct name_entry *entry)
{
	long left = READ_ONCE(entry->asked) + msecs_to_jiffies(DITTO_NAMES_WAIT_MS) - jiffies;

	return max(left, 0L);
}

/* True if there is an answer that may be used. */
static bool entry_serves(const struct name_entry *entry)
{
	const struct name_answer *answer;
	bool serves;

	rcu_read_lock();
	answer = rcu_dereference(entry->answer);
	serves = answer && ditto_names_answer_serves(entry, answer);
	rcu_read_unlock();
	return serves;
}

static bool entry_settled(const struct name_entry *entry)
{
	return entry_serves(entry) || !test_bit_acquire(NAME_ASKING, &entry->flags);
}

/*
 * A client of NFSv3 that has to retry waits five seconds. So what was known of a machine serves a
 * caller that does not wait, however old it is, until the new answer is there.
 */
static bool entry_is_of_machine(const struct name_entry *entry)
{
	return entry->question.type == DITTO_UPCALL_HOST_NAME ||
	       entry->question.type == DITTO_UPCALL_NETGROUP;
}

/* An old SID is shown rather than none, but what decides about access must serve. */
static bool entry_is_shown(const struct name_entry *entry)
{
	return entry->question.type > DITTO_UPCALL_USER_SIDS;
}

/* Error for a missing answer: there is no helper, or the answer is late. */
static int entry_error(const struct name_entry *entry, bool waited)
{
	if (entry_keeps_error(entry))
		return READ_ONCE(entry->error);
	if (READ_ONCE(entry->error) == -ECONNREFUSED)
		return -ECONNREFUSED;
	/* Without waiting, the request may not have failed yet for lack of a helper. */
	if (!waited && !ditto_upcall_has_helper(entry->names->srv))
		return -ECONNREFUSED;
	return -EJUKEBOX;
}

/*
 * Use the answer to a question. @use: called with the answer, under RCU. An answer that has expired
 * is requested anew, and used or waited for as names.h describes. Context: may sleep: for memory,
 * and a bounded time with @wait. Return: the result of @use; -EJUKEBOX if there is no answer yet;
 * -ECONNREFUSED without a helper.
 */
int ditto_names_use(struct ditto_server *srv, const struct ditto_question *q,
		    ditto_names_use_fn use, void *arg, bool wait)
{
	struct ditto_names *names = srv->names;
	const struct name_answer *answer;
	struct name_entry *entry;
	int ret;

	if (ditto_names_use_fresh(srv, q, use, arg, &ret))
		return ret;
	entry = ditto_names_entry_get(names, q);
	if (!entry)
		return -EJUKEBOX;

	entry_ask_soon(entry, &q->asker);
	if (wait)
		wait_event_killable_timeout(entry->wait, entry_settled(entry),
					    entry_wait(entry));
	rcu_read_lock();
	answer = rcu_dereference(entry->answer);
	if (answer && ((!wait && entry_is_of_machine(entry)) ||
		       ditto_names_answer_serves(entry, answer)))
		ret = use(answer, arg);
	else
		ret = entry_error(entry, wait);
	rcu_read_unlock();
	ditto_names_entry_put(entry);
	return ret;
}

/**
 * ditto_names_park_init - initialize a park
 * @park: the park
 * @srv: the server
 * @asker: address of the client
 * @done: see struct ditto_names_park
 *
 * Context: any.
 */
void ditto_names_park_init(struct ditto_names_park *park, struct ditto_server *srv,
			   const struct in6_addr *asker,
			   void (*done)(struct ditto_names_park *park))
{
	*park = (struct ditto_names_park){
		.done = done,
		.asker = *asker,
		.names = srv->names,
		.until = jiffies + msecs_to_jiffies(READ_ONCE(srv->settings.upcall_ms)),
	};
	INIT_DELAYED_WORK(&park->late, park_late);
}
EXPORT_SYMBOL_NS_GPL(ditto_names_park_init, "DITTO");

/**
 * ditto_names_park_begin - begin or repeat an operation that may park
 * @park: the park; if it waits, it does not any more
 *
 * Of the answers that are not cached the operation asks for several together and waits for one.
 *
 * Context: any.
 */
void ditto_names_park_begin(struct ditto_names_park *park)
{
	spin_lock(&park->names->lock);
	park_unlink_locked(park);
	spin_unlock(&park->names->lock);
	park->waits = false;
	park->asked = 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_names_park_begin, "DITTO");

/**
 * ditto_names_park_cancel - stop waiting
 * @park: the park
 *
 * Return: true if @done will not be called; false if the park does not wait any more.
 */
bool ditto_names_park_cancel(struct ditto_names_park *park)
{
	bool waited;

	spin_lock(&park->names->lock);
	waited = park_unlink_locked(park);
	spin_unlock(&park->names->lock);
	cancel_delayed_work_sync(&park->late);
	return waited;
}
EXPORT_SYMBOL_NS_GPL(ditto_names_park_cancel, "DITTO");

/*
 * Make a park wait for an entry. As in entry_wait(), a helper that hangs delays only the first
 * operations. Returns false if the answer is there.
 */
static bool entry_park(struct name_entry *entry, struct ditto_names_park *park)
{
	struct ditto_names *names = entry->names;
	unsigned long until = READ_ONCE(entry->asked) +
			      msecs_to_jiffies(READ_ONCE(names->srv->settings.upcall_ms));
	long left = min((long)(until - jiffies), (long)(park->until - jiffies));
	bool asking;

	spin_lock(&names->lock);
	asking = test_bit(NAME_ASKING, &entry->flags);
	if (asking && left > 0 && park->done) {
		refcount_inc(&entry->ref);
		park->entry = entry;
		list_add_tail(&park->link, &entry->parks);
		park->waits = true;
		mod_delayed_work(ditto_wq, &park->late, left);
	}
	spin_unlock(&names->lock);
	return asking;
}

/*
 * Use the answer to a question, and park if there is none. @use: called with the answer, under RCU;
 * does not return -EJUKEBOX; @park: waits for the answer, unless it waits for another one or has
 * waited too long; NULL to use only a fresh answer. Context: may sleep for memory. Return: as
 * ditto_names_use(); or the error of the last request.
 */
int ditto_names_use_parked(struct ditto_server *srv, const struct ditto_question *q,
			   ditto_names_use_fn use, void *arg, struct ditto_names_park *park)
{
	const struct name_answer *answer;
	struct name_entry *entry;
	bool again;
	int ret;

	if (ditto_names_use_fresh(srv, q, use, arg, &ret))
		return ret;
	/* The operation is repeated. */
	if (!park || (park->waits && park->asked >= DITTO_NAMES_PARK_ASKS))
		return -EJUKEBOX;
	entry = ditto_names_entry_get(srv->names, q);
	if (!entry)
		return -ENOMEM;

	entry_ask_soon(entry, &q->asker);
	park->asked++;
	for (again = false;; again = true) {
		rcu_read_lock();
		answer = rcu_dereference(entry->answer);
		/* Without a helper the request fails soon, which ends the wait. */
		if (answer && ((again && entry_is_shown(entry)) ||
			       ditto_names_answer_serves(entry, answer)))
			ret = use(answer, arg);
		else
			ret = entry_error(entry, true);
		rcu_read_unlock();
		/* There is nothing to wait for if the request has ended by now. */
		if (ret != -EJUKEBOX || again || park->waits || entry_park(entry, park))
			break;
	}
	ditto_names_entry_put(entry);
	return ret;
}

#ifdef DITTO_TESTS
/* Replace ditto_names_ask() for tests. @ask: the replacement; NULL for ditto_names_ask() again. */
void ditto_names_set_ask(struct ditto_server *srv, ditto_names_ask_fn ask)
{
	srv->names->ask = ask ?: ditto_names_ask;
}

#endif

int ditto_names_init(struct ditto_server *srv)
{
	struct ditto_names *names = kzalloc(sizeof(*names), GFP_KERNEL);
	int err = -ENOMEM;

	if (!names)
		return -ENOMEM;
	names->srv = srv;
	names->ask = ditto_names_ask;
	names->wq = alloc_workqueue("ditto_names", WQ_UNBOUND, DITTO_NAMES_WORKERS);
	if (!names->wq)
		goto free;
	err = ditto_names_cache_init(names);
	if (err)
		goto destroy;
	srv->names = names;
	return 0;

destroy:
	destroy_workqueue(names->wq);
free:
	kfree(names);
	return err;
}

void ditto_names_exit(struct ditto_server *srv)
{
	struct ditto_names *names = srv->names;

	if (!names)
		return;
	if (srv->upcalls)
		ditto_upcalls_stop(srv);
	destroy_workqueue(names->wq);
	ditto_names_cache_exit(names);
	srv->names = NULL;
	kfree(names);
}
