// SPDX-License-Identifier: GPL-2.0-only
/* Recorders. See recorder.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait_bit.h>

#include "../callback.h"
#include "../peer.h"
#include "../server_private.h"
#include "recorder.h"
#include "upcall.h"

static u64 recorder_hash(const struct ditto_recorders *all, enum ditto_record_kind kind,
			 const void *key, size_t key_len)
{
	return siphash(key, key_len, &all->key) + kind;
}

static struct ditto_recorder *recorder_find(struct ditto_recorders *all,
					    enum ditto_record_kind kind, const void *key,
					    size_t key_len)
{
	struct ditto_recorder *rec;

	lockdep_assert_held(&all->lock);
	hash_for_each_possible(all->table, rec, hash, recorder_hash(all, kind, key, key_len))
		if (rec->kind == kind && rec->key_len == key_len &&
		    !memcmp(rec->key_bytes, key, key_len))
			return rec;
	return NULL;
}

static void recorder_free(struct ditto_recorder *rec)
{
	ditto_uncharge(&rec->charge);
	kfree(rec->data);
	kfree(rec);
}

/*
 * Drop a reference; what is wanted is done nevertheless. NULL is allowed. Any context but hard
 * interrupts, after ditto_recorder_leave() one that may sleep.
 */
void ditto_recorder_put(struct ditto_recorder *rec)
{
	struct ditto_record record;
	bool last;

	if (!rec)
		return;
	spin_lock_bh(&rec->all->lock);
	last = refcount_dec_and_test(&rec->ref);
	if (last) {
		hash_del(&rec->hash);
		rec->all->count--;
		rec->all->left += rec->stored && !rec->present;
	}
	spin_unlock_bh(&rec->all->lock);
	if (!last)
		return;
	if (rec->kept) {
		record = (struct ditto_record) {
			.kind = rec->kind, .key = rec->key_bytes, .key_len = rec->key_len,
			.data = rec->data, .data_len = rec->data_len,
		};
		if (ditto_record_keep(rec->all->srv, &record))
			pr_warn_ratelimited("a client may not reclaim: no memory for its record\n");
	}
	recorder_free(rec);
}
EXPORT_SYMBOL_NS_GPL(ditto_recorder_put, "DITTO");

static struct ditto_recorder *recorder_of(struct ditto_task *task)
{
	return container_of(task, struct ditto_recorder, task);
}

static void recorder_hold(struct ditto_task *task)
{
	struct ditto_recorder *rec = recorder_of(task);

	refcount_inc(&rec->ref);
	atomic_inc(&rec->all->busy[rec->kind]);
}

static void recorder_release(struct ditto_task *task)
{
	struct ditto_recorder *rec = recorder_of(task);

	atomic_dec(&rec->all->busy[rec->kind]);
	ditto_recorder_put(rec);
}

/* The helper has let a deadline pass, so that all others would wait, too. */
static bool recorders_are_stuck(const struct ditto_recorders *all)
{
	return READ_ONCE(all->stuck) &&
	       (READ_ONCE(all->ending) || ditto_upcall_is_stuck(all->srv));
}

/* Return: 0, or why the helper is not to be asked. */
static int recorder_blocked(struct ditto_recorder *rec)
{
	lockdep_assert_held(&rec->lock);
	if (!ditto_upcall_has_helper(rec->all->srv))
		return -ECONNREFUSED;
	return recorders_are_stuck(rec->all) && !rec->probe ? -ETIMEDOUT : 0;
}

/* Have the record written or removed. Return: 0, or an errno. */
static int recorder_ask(struct ditto_recorder *rec, bool present, const void *data, size_t data_len)
{
	struct ditto_recorders *all = rec->all;

	if (present)
		return ditto_record_put(all->srv, rec->kind, rec->key_bytes, rec->key_len, data,
					data_len);
	return ditto_record_remove(all->srv, rec->kind, rec->key_bytes, rec->key_len);
}

static bool is_silence(int err)
{
	return err == -ETIMEDOUT || err == -ECONNREFUSED;
}

static const char *record_name(enum ditto_record_kind kind)
{
	switch (kind) {
	case DITTO_RECORD_MONITORED_HOST:
		return "a host that locks";
	case DITTO_RECORD_CLIENT:
		return "a client";
	case DITTO_RECORD_OPEN:
		return "an open";
	default:
		return "something";
	}
}

/* Once until a request succeeds, and once for each record. */
static void recorder_log(struct ditto_recorder *rec, int err)
{
	char machine[DITTO_ADDR_TEXT];

	if (rec->error || xchg(&rec->all->refused, true))
		return;
	pr_warn_ratelimited("the record of %s (machine %s) cannot be written or removed, and is tried again: error %d; is dittod running?\n",
			    record_name(rec->kind), ditto_addr_text(&rec->task.peer, machine),
			    err);
}

/* Try to fulfil the present wish. */
static int recorder_try(struct ditto_recorder *rec)
{
	struct ditto_recorders *all = rec->all;
	size_t data_len;
	bool present, asks;
	u64 wanted;
	void *data;
	int err;

	mutex_lock(&rec->lock);
	wanted = rec->wanted;
	present = rec->present;
	if (rec->written == wanted) {
		rec->probe = false;
		mutex_unlock(&rec->lock);
		return 0;
	}
	data_len = rec->data_len;
	/* One of before a restart may lack its data for want of memory. */
	data = present && rec->data ? kmemdup(rec->data, max(data_len, 1U), GFP_KERNEL) : NULL;
	err = present && !data ? -ENOMEM : 0;
	asks = !err && (present || rec->stored);
	if (asks)
		err = recorder_blocked(rec);
	asks = asks && !err;
	rec->probe = false;
	/* After an error it is not known what was written. */
	rec->stored |= present && asks;
	mutex_unlock(&rec->lock);

	if (asks) {
		err = recorder_ask(rec, present, data, data_len);
		WRITE_ONCE(all->stuck, is_silence(err));
		if (!err)
			WRITE_ONCE(all->refused, false);
	}
	kfree(data);
	if (err)
		recorder_log(rec, err);

	mutex_lock(&rec->lock);
	rec->error = err;
	if (!err) {
		rec->stored = present;
		WRITE_ONCE(rec->written, wanted);
	}
	WRITE_ONCE(rec->tried, wanted);
	mutex_unlock(&rec->lock);
	/* Pairs with the barrier in wait_var_event(). */
	smp_mb();
	wake_up_var(&rec->tried);
	return err;
}

/* Tell those whose wish is fulfilled; with an error all. */
static void recorder_tell(struct ditto_recorder *rec, int err)
{
	struct ditto_recorder_wait *wait, *next;
	LIST_HEAD(done);

	mutex_lock(&rec->lock);
	list_for_each_entry_safe(wait, next, &rec->waits, list)
		if (err || wait->wish <= rec->written)
			list_move_tail(&wait->list, &done);
	mutex_unlock(&rec->lock);
	list_for_each_entry_safe(wait, next, &done, list)
		wait->done(wait, err);
}

/* Return: false if nothing is tried again. */
static bool recorder_again(struct ditto_recorder *rec)
{
	struct ditto_recorders *all = rec->all;
	bool again;

	spin_lock_bh(&all->lock);
	again = !all->ending;
	if (again && list_empty(&rec->again)) {
		refcount_inc(&rec->ref);
		list_add_tail(&rec->again, &all->failed);
	}
	spin_unlock_bh(&all->lock);
	if (again)
		queue_delayed_work(ditto_wq, &all->retry,
				   msecs_to_jiffies(DITTO_RECORDER_RETRY_MS));
	return again;
}

static void recorder_run(struct ditto_task *task)
{
	struct ditto_recorder *rec = recorder_of(task);
	int err = recorder_try(rec);

	recorder_tell(rec, !err || recorder_again(rec) ? 0 : -ESHUTDOWN);
}

static const struct ditto_task_ops recorder_ops = {
	.run = recorder_run,
	.hold = recorder_hold,
	.put = recorder_release,
};

/* Find the recorder of a key and get a reference to it. */
static struct ditto_recorder *recorder_get(struct ditto_recorders *all, enum ditto_record_kind kind,
					   const void *key, size_t key_len)
{
	struct ditto_recorder *rec;

	spin_lock_bh(&all->lock);
	rec = recorder_find(all, kind, key, key_len);
	if (rec)
		refcount_inc(&rec->ref);
	spin_unlock_bh(&all->lock);
	return rec;
}

/**
 * ditto_recorder_get - find or create the recorder of a key
 * @all: the recorders
 * @kind: kind of the record
 * @key: its key
 * @key_len: 1 to DITTO_RECORD_KEY_MAX
 * @peer: the machine that a new one is charged to and waits for its turn with; NULL for none
 *
 * Return: the recorder, to be put, or an ERR_PTR: -EINVAL, -EDQUOT, -ENOMEM.
 */
struct ditto_recorder *ditto_recorder_get(struct ditto_recorders *all, enum ditto_record_kind kind,
					  const void *key, size_t key_len,
					  const struct in6_addr *peer)
{
	static const struct in6_addr nobody;
	struct ditto_recorder *rec, *new;
	int err = 0;

	if (!key_len || key_len > DITTO_RECORD_KEY_MAX)
		return ERR_PTR(-EINVAL);
	/* One that is there is charged already. */
	rec = recorder_get(all, kind, key, key_len);
	if (rec)
		return rec;
	new = kzalloc(struct_size(new, key_bytes, key_len), GFP_KERNEL);
	if (!new)
		return ERR_PTR(-ENOMEM);
	if (peer)
		err = ditto_charge_machine(&new->charge, all->srv, peer, DITTO_BUDGET_MEMORY,
					   sizeof(*new) + key_len);
	if (err) {
		kfree(new);
		return ERR_PTR(err);
	}
	new->all = all;
	refcount_set(&new->ref, 1);
	ditto_task_init(&new->task, &all->tasks, &recorder_ops, peer ?: &nobody);
	INIT_LIST_HEAD(&new->again);
	mutex_init(&new->lock);
	INIT_LIST_HEAD(&new->waits);
	new->kind = kind;
	new->key_len = key_len;
	memcpy(new->key_bytes, key, key_len);

	spin_lock_bh(&all->lock);
	rec = recorder_find(all, kind, key, key_len);
	if (rec) {
		refcount_inc(&rec->ref);
	} else {
		hash_add(all->table, &new->hash, recorder_hash(all, kind, key, key_len));
		all->count++;
		swap(rec, new);
	}
	spin_unlock_bh(&all->lock);
	if (new)
		recorder_free(new);
	return rec;
}
EXPORT_SYMBOL_NS_GPL(ditto_recorder_get, "DITTO");

/* One of before a restart is charged to nobody. Less memory always succeeds. */
static int recorder_charge(struct ditto_recorder *rec, size_t data_len)
{
	lockdep_assert_held(&rec->lock);
	if (!rec->charge.peer)
		return 0;
	return ditto_charge_resize(&rec->charge, sizeof(*rec) + rec->key_len + data_len);
}

/* Return: 0 if it changed, 1 if it was the same, -EDQUOT or -ENOMEM. */
static int recorder_data_set(struct ditto_recorder *rec, const void *data, size_t data_len)
{
	void *copy;
	int err;

	lockdep_assert_held(&rec->lock);
	if (rec->data && rec->data_len == data_len && !memcmp(rec->data, data, data_len))
		return 1;
	copy = kmalloc(max(data_len, 1U), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	err = recorder_charge(rec, data_len);
	if (err) {
		kfree(copy);
		return err;
	}
	memcpy(copy, data, data_len);
	kfree(rec->data);
	rec->data = copy;
	rec->data_len = data_len;
	return 0;
}

static void recorder_wish(struct ditto_recorder *rec)
{
	lockdep_assert_held(&rec->lock);
	WRITE_ONCE(rec->wanted, rec->wanted + 1);
}

/* May this owner have the record, which it may have taken back? */
static bool recorder_admits(const struct ditto_recorder *rec, u64 owner)
{
	lockdep_assert_held(&rec->lock);
	return owner > rec->owner || (owner == rec->owner && rec->present);
}

/**
 * ditto_recorder_set - have the record written
 * @rec: the recorder
 * @owner: token of the caller
 * @data: what it is to contain; copied
 * @data_len: at most DITTO_RECORD_DATA_MAX
 * @wish: filled with the number of the wish, or of the last one after -ESTALE; may be NULL
 *
 * Nothing is done if the record is like that already.
 *
 * Context: may sleep, but not for the helper.
 * Return: 0; -ESTALE if the record belongs to a newer owner or was taken back; -EDQUOT if the
 * machine may not have so much memory; -ENOMEM.
 */
int ditto_recorder_set(struct ditto_recorder *rec, u64 owner, const void *data, size_t data_len,
		       u64 *wish)
{
	bool start = false, failed;
	int same = -ESTALE;

	mutex_lock(&rec->lock);
	if (recorder_admits(rec, owner))
		same = recorder_data_set(rec, data, data_len);
	if (same >= 0) {
		/* The same that was not tried yet, or is being tried, is no new wish. */
		failed = rec->written != rec->wanted && rec->tried == rec->wanted;
		start = !same || !rec->present || failed;
		if (start)
			recorder_wish(rec);
		WRITE_ONCE(rec->present, true);
		/* Pairs with ditto_recorder_is_written(). */
		smp_store_release(&rec->owner, owner);
	}
	if (wish)
		*wish = rec->wanted;
	mutex_unlock(&rec->lock);
	if (start)
		ditto_task_start(&rec->task);
	return min(same, 0);
}
EXPORT_SYMBOL_NS_GPL(ditto_recorder_set, "DITTO");

/* The record of a newer owner stays, but not what that one took back. Return: the task must run. */
static bool recorder_take_back(struct ditto_recorder *rec, u64 owner, u64 *wish)
{
	bool start = owner >= rec->owner && rec->present;

	lockdep_assert_held(&rec->lock);
	*wish = rec->present ? 0 : rec->wanted;
	if (owner < rec->owner)
		return false;
	if (start)
		recorder_wish(rec);
	WRITE_ONCE(rec->present, false);
	WRITE_ONCE(rec->owner, owner);
	*wish = rec->wanted;
	return start;
}

/**
 * ditto_recorder_unset - take back the record, for good
 * @rec: the recorder
 * @owner: token of the caller; nothing is done for one that is not the newest
 * @wait: notified when the record is gone; may be NULL
 *
 * Context: may sleep, but not for the helper.
 * Return: the number of the wish.
 */
u64 ditto_recorder_unset(struct ditto_recorder *rec, u64 owner, struct ditto_recorder_wait *wait)
{
	bool start;
	u64 wish;

	mutex_lock(&rec->lock);
	start = recorder_take_back(rec, owner, &wish);
	if (rec->owner == owner) {
		/* A wish of its own even if there is none: a withdrawal may fail just now. */
		if (!start)
			recorder_wish(rec);
		start = true;
		wish = rec->wanted;
		kfree(rec->data);
		rec->data = NULL;
		recorder_charge(rec, 0);
	}
	if (wait) {
		wait->wish = wish;
		list_add_tail(&wait->list, &rec->waits);
	}
	mutex_unlock(&rec->lock);
	if (start || wait)
		ditto_task_start(&rec->task);
	return wish;
}
EXPORT_SYMBOL_NS_GPL(ditto_recorder_unset, "DITTO");

/**
 * ditto_recorder_withdraw - take back the record, and wait until it is gone
 * @rec: the recorder
 * @owner: token of the caller
 *
 * After an error the owner has its record as before, which is written again.
 *
 * Context: sleeps for the helper; killable.
 * Return: 0, also for an owner that is not the newest; or as ditto_recorder_wait().
 */
int ditto_recorder_withdraw(struct ditto_recorder *rec, u64 owner)
{
	u64 before, wish;
	bool present;
	int err;

	mutex_lock(&rec->lock);
	before = rec->owner;
	present = recorder_take_back(rec, owner, &wish);
	mutex_unlock(&rec->lock);
	if (present)
		ditto_task_start(&rec->task);
	err = ditto_recorder_wait(rec, wish);
	if (!err)
		return 0;

	mutex_lock(&rec->lock);
	/* Unless it was taken back for good, or a newer owner has it by now. */
	present = present && rec->wanted == wish;
	if (rec->wanted == wish)
		WRITE_ONCE(rec->owner, before);
	if (present) {
		recorder_wish(rec);
		WRITE_ONCE(rec->present, true);
	}
	mutex_unlock(&rec->lock);
	if (present)
		ditto_task_start(&rec->task);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_recorder_withdraw, "DITTO");

/* The record exists with this @data, of before a restart, and belongs to @owner. May sleep. */
int ditto_recorder_restore(struct ditto_recorder *rec, u64 owner, const void *data,
			   size_t data_len)
{
	int err;

	mutex_lock(&rec->lock);
	err = recorder_data_set(rec, data, data_len);
	rec->owner = max(owner, rec->owner);
	rec->present = true;
	rec->stored = true;
	mutex_unlock(&rec->lock);
	return min(err, 0);
}
EXPORT_SYMBOL_NS_GPL(ditto_recorder_restore, "DITTO");

/* Pass the record of @owner, if it is there, to @heir, which wants the same. May sleep. */
void ditto_recorder_pass(struct ditto_recorder *rec, u64 owner, u64 heir)
{
	mutex_lock(&rec->lock);
	if (rec->owner == owner && rec->present)
		WRITE_ONCE(rec->owner, heir);
	mutex_unlock(&rec->lock);
}
EXPORT_SYMBOL_NS_GPL(ditto_recorder_pass, "DITTO");

/*
 * The record of @owner is changed by a new owner only from now on. With @keep it is found by
 * ditto_record_previous_for_each() after the last reference is gone. Return: false if it has none.
 * May sleep.
 */
bool ditto_recorder_leave(struct ditto_recorder *rec, u64 owner, bool keep)
{
	bool is;

	mutex_lock(&rec->lock);
	is = rec->owner == owner && rec->present;
	if (is) {
		rec->kept = keep;
		WRITE_ONCE(rec->owner, ditto_recorder_token(rec->all));
	}
	mutex_unlock(&rec->lock);
	return is;
}
EXPORT_SYMBOL_NS_GPL(ditto_recorder_leave, "DITTO");

/**
 * ditto_recorder_wait - wait until a wish was tried
 * @rec: the recorder
 * @wish: its number
 *
 * Context: sleeps for the helper, as ditto_record_put(); killable.
 * Return: 0 if it is fulfilled; -EINTR; otherwise the error of the last try, and it will be tried
 * again.
 */
int ditto_recorder_wait(struct ditto_recorder *rec, u64 wish)
{
	int err;

	ditto_assert_no_callback();
	if (wait_var_event_killable(&rec->tried, READ_ONCE(rec->tried) >= wish))
		return -EINTR;
	mutex_lock(&rec->lock);
	err = rec->written >= wish ? 0 : rec->error;
	mutex_unlock(&rec->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_recorder_wait, "DITTO");

/* Try the first @count of what failed, stuck helper or not. Return: true if some are left. */
static bool recorders_retry(struct ditto_recorders *all, unsigned int count)
{
	struct ditto_recorder *rec;

	for (; count; count--) {
		spin_lock_bh(&all->lock);
		rec = list_first_entry_or_null(&all->failed, struct ditto_recorder, again);
		if (rec)
			list_del_init(&rec->again);
		spin_unlock_bh(&all->lock);
		if (!rec)
			return false;
		mutex_lock(&rec->lock);
		rec->probe = !READ_ONCE(all->ending);
		mutex_unlock(&rec->lock);
		ditto_task_start(&rec->task);
		ditto_recorder_put(rec);
	}
	return true;
}

static void retry_work(struct work_struct *work)
{
	struct ditto_recorders *all = container_of(to_delayed_work(work), struct ditto_recorders,
						   retry);

	/* One finds out if a helper that is stuck answers again. */
	if (recorders_retry(all, recorders_are_stuck(all) ? 1 : DITTO_RECORDER_RETRIES))
		queue_delayed_work(ditto_wq, &all->retry,
				   msecs_to_jiffies(DITTO_RECORDER_RETRY_MS));
}

/* Set up the recorders of a protocol: @at_once ask the helper, and @of_peer for one machine. */
void ditto_recorders_init(struct ditto_recorders *all, struct ditto_server *srv,
			  unsigned int at_once, unsigned int of_peer)
{
	all->srv = srv;
	ditto_tasks_init(&all->tasks, at_once, of_peer);
	atomic64_set(&all->tokens, 0);
	get_random_bytes(&all->key, sizeof(all->key));
	spin_lock_init(&all->lock);
	hash_init(all->table);
	INIT_LIST_HEAD(&all->failed);
	INIT_DELAYED_WORK(&all->retry, retry_work);
}
EXPORT_SYMBOL_NS_GPL(ditto_recorders_init, "DITTO");

/* Try once more to write what has failed, and nothing again from now on. May sleep. */
void ditto_recorders_end(struct ditto_recorders *all)
{
	disable_delayed_work_sync(&all->retry);
	spin_lock_bh(&all->lock);
	if (!all->ending)
		WRITE_ONCE(all->stuck, false);
	WRITE_ONCE(all->ending, true);
	spin_unlock_bh(&all->lock);
	recorders_retry(all, UINT_MAX);
}
EXPORT_SYMBOL_NS_GPL(ditto_recorders_end, "DITTO");

/* No recorder is used any more. Waits until the last ones have tried. */
void ditto_recorders_exit(struct ditto_recorders *all)
{
	ditto_recorders_end(all);
	ditto_tasks_exit(&all->tasks);
	if (all->left)
		pr_warn("%u records could not be removed, which may bring back what is closed\n",
			all->left);
	WARN_ON(!hash_empty(all->table));
}
EXPORT_SYMBOL_NS_GPL(ditto_recorders_exit, "DITTO");
