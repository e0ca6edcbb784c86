// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistent opens: removal of their records, and the end of opens that their clients have lost.
 * Records that cannot be removed are kept on a list and tried again by sweeps. See persist.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "../../net/helper/record.h"
#include "../server.h"
#include "durable.h"
#include "open.h"
#include "persist.h"

/**
 * struct sweep - how a sweep fares
 * @failed: number of records that could not be removed
 * @silent: the helper is away or does not answer
 */
struct sweep {
	unsigned int failed;
	bool silent;
};

/* Records in the order in which they are tried. */
struct chain {
	struct llist_node *first;
	struct llist_node *last;
};

void dsmb_persist_put(struct dsmb_persist *persist)
{
	if (persist && refcount_dec_and_test(&persist->ref))
		kfree(persist);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_persist_put);

static int remove_record(struct dsmb_persist *persist)
{
	__le64 key = cpu_to_le64(persist->id);

	return ditto_record_remove(persist->server->srv, DITTO_RECORD_OPEN, &key, sizeof(key));
}

/*
 * A record that stays would become an open without a client after a restart, so its removal is
 * tried again. Takes over the caller's reference.
 */
static void remove_later(struct dsmb_persist *persist, int err)
{
	struct dsmb_server *server = persist->server;

	if (atomic_inc_return(&server->nremains) <= DSMB_DURABLES_MAX) {
		llist_add(&persist->remains, &server->remains);
		queue_delayed_work(server->records, &server->retry,
				   msecs_to_jiffies(DSMB_PERSIST_RETRY_MS));
		return;
	}
	atomic_dec(&server->nremains);
	pr_warn_ratelimited("a file was closed, but its record stays: error %d\n", err);
	dsmb_persist_put(persist);
}

static void remove_work(struct work_struct *work)
{
	struct dsmb_persist *persist = container_of(work, struct dsmb_persist, work);
	int err = 0;

	mutex_lock(&persist->lock);
	if (!persist->ended)
		err = READ_ONCE(persist->server->stuck) ? -EBUSY : remove_record(persist);
	persist->ended = true;
	mutex_unlock(&persist->lock);
	if (dsmb_persist_is_silent(err))
		WRITE_ONCE(persist->server->stuck, true);
	if (err)
		remove_later(persist, err);
	else
		dsmb_persist_put(persist);
}

/*
 * A record that cannot be removed does not hold up the others. Where the sweep ends early, all
 * others are left to the next one.
 */
static bool sweep_is_over(const struct sweep *sweep)
{
	return sweep->silent || sweep->failed == DSMB_SWEEP_FAILURES_MAX;
}

static void sweep_count(struct sweep *sweep, int err)
{
	if (!err)
		return;
	sweep->failed++;
	sweep->silent = dsmb_persist_is_silent(err);
}

static void chain_add(struct chain *chain, struct llist_node *node)
{
	if (chain->last)
		chain->last->next = node;
	else
		chain->first = node;
	chain->last = node;
}

/*
 * Records that are left go back to the list. Those that a sweep that ended early did not try come
 * first, so that the next one begins with them. Return: number of records that are left.
 */
static unsigned int remains_sweep(struct dsmb_server *server, struct sweep *sweep)
{
	struct llist_node *all = llist_del_all(&server->remains);
	struct chain untried = {}, failed = {};
	struct dsmb_persist *persist, *next;
	unsigned int left = 0;
	int err;

	llist_for_each_entry_safe(persist, next, all, remains) {
		if (sweep_is_over(sweep)) {
			chain_add(&untried, &persist->remains);
			left++;
			continue;
		}
		err = remove_record(persist);
		sweep_count(sweep, err);
		if (err) {
			chain_add(&failed, &persist->remains);
			left++;
			continue;
		}
		atomic_dec(&server->nremains);
		dsmb_persist_put(persist);
	}
	if (failed.first)
		chain_add(&untried, failed.first);
	/* A sweep ends early only by failures, so these are last. */
	if (left)
		llist_add_batch(untried.first, failed.last, &server->remains);
	return left;
}

int dsmb_persist_remove(struct dsmb_persist *persist)
{
	int err = 0;

	mutex_lock(&persist->lock);
	if (!persist->ended)
		err = remove_record(persist);
	if (dsmb_persist_is_silent(err))
		WRITE_ONCE(persist->server->stuck, true);
	if (!err)
		persist->ended = true;
	mutex_unlock(&persist->lock);
	return err;
}

/* Remove the record of an expired open, and close the open. */
static int expired_close(struct dsmb_open *open)
{
	int err = dsmb_persist_remove(open->durable->persist);

	if (!err)
		dsmb_open_close_detached(open);
	return err;
}

static void close_work(struct work_struct *work)
{
	struct dsmb_open *open = container_of(work, struct dsmb_persist, close)->open;
	struct dsmb_server *server = open->server;

	if (READ_ONCE(server->stuck) || expired_close(open)) {
		WRITE_ONCE(server->expired, true);
		queue_delayed_work(server->records, &server->retry,
				   msecs_to_jiffies(DSMB_PERSIST_RETRY_MS));
	}
	dsmb_durable_put_closed(open);
}

void dsmb_persist_expire(struct dsmb_open *open)
{
	dsmb_open_hold(open);
	if (!queue_work(open->server->records, &open->durable->persist->close))
		dsmb_open_put(open);
}

/*
 * Goes on behind the open at which the sweep before it ended early. Return: true if opens are left.
 */
static bool expired_sweep(struct dsmb_server *server, struct sweep *sweep)
{
	u64 id = server->swept;
	struct dsmb_open *open;
	bool left = id;
	int err;

	/* Pairs with close_work(): an open that expires now is found, or sets it again. */
	if (!xchg(&server->expired, false))
		return false;
	for (; !sweep_is_over(sweep) && (open = dsmb_durable_next(server, &id)); id++) {
		if (READ_ONCE(open->expired) && dsmb_durable_is_persistent(open)) {
			err = expired_close(open);
			sweep_count(sweep, err);
			left = left || err;
		}
		dsmb_durable_put_closed(open);
	}
	server->swept = 0;
	if (sweep_is_over(sweep)) {
		server->swept = id;
		left = true;
	}
	if (left)
		WRITE_ONCE(server->expired, true);
	return left;
}

void dsmb_persist_withdraw(struct dsmb_server *server)
{
	struct dsmb_open_state ignored;
	struct dsmb_persist *persist;
	struct dsmb_open *open;
	u64 id;

	/* Begun for all of them before the wait for the first one. */
	for (id = 0; (open = dsmb_durable_next(server, &id)); id++) {
		persist = dsmb_durable_record(open);
		if (persist && !dsmb_open_look(open, &ignored))
			dsmb_persist_end(persist);
		dsmb_open_put(open);
	}
	for (id = 0; (open = dsmb_durable_next(server, &id)); id++) {
		persist = dsmb_durable_record(open);
		if (persist)
			flush_work(&persist->work);
		dsmb_open_put(open);
	}
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_persist_withdraw);

/* Write the records that could not be written. Return: true if some are left. */
static bool late_sweep(struct dsmb_server *server, struct sweep *sweep)
{
	struct dsmb_persist *persist;
	struct dsmb_open *open;
	u64 id = 0;

	/* Pairs with persist_late(): a late open is found, or sets it again. */
	if (!xchg(&server->late, false))
		return false;
	for (; !sweep->silent && (open = dsmb_durable_next(server, &id)); id++) {
		persist = dsmb_durable_record(open);
		/* A failure makes it late again. */
		if (persist && xchg(&persist->late, false))
			sweep_count(sweep, dsmb_persist_save_renamed(open));
		dsmb_open_put(open);
	}
	/* Opens behind the one at which it ended may be late, too. */
	if (sweep->silent)
		WRITE_ONCE(server->late, true);
	return READ_ONCE(server->late);
}

void dsmb_persist_sweep(struct dsmb_server *server)
{
	struct sweep sweep = {};
	bool left = remains_sweep(server, &sweep);

	sweep.failed = 0;
	left = expired_sweep(server, &sweep) || left;
	left = late_sweep(server, &sweep) || left;
	WRITE_ONCE(server->stuck, sweep.silent);
	if (left)
		queue_delayed_work(server->records, &server->retry,
				   msecs_to_jiffies(DSMB_PERSIST_RETRY_MS));
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_persist_sweep);

void dsmb_persist_sweep_last(struct dsmb_server *server)
{
	struct sweep sweep = {};
	unsigned int left = remains_sweep(server, &sweep);
	struct dsmb_persist *persist, *next;

	if (left)
		pr_warn("%u files were closed, but their records stay\n", left);
	llist_for_each_entry_safe(persist, next, llist_del_all(&server->remains), remains)
		dsmb_persist_put(persist);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_persist_sweep_last);

struct dsmb_persist *dsmb_persist_alloc(struct dsmb_open *open)
{
	struct dsmb_persist *persist = kzalloc(sizeof(*persist), GFP_KERNEL);

	if (!persist)
		return NULL;
	refcount_set(&persist->ref, 1);
	persist->server = open->server;
	persist->id = open->persistent;
	persist->open = open;
	mutex_init(&persist->lock);
	INIT_LIST_HEAD(&persist->giving);
	INIT_WORK(&persist->work, remove_work);
	INIT_WORK(&persist->close, close_work);
	INIT_WORK(&persist->renamed, dsmb_persist_renamed_work);
	return persist;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_persist_alloc);

void dsmb_persist_end(struct dsmb_persist *persist)
{
	if (!persist || READ_ONCE(persist->kept))
		return;
	refcount_inc(&persist->ref);
	if (READ_ONCE(persist->ended) || !queue_work(persist->server->records, &persist->work))
		dsmb_persist_put(persist);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_persist_end);
