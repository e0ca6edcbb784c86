// SPDX-License-Identifier: GPL-2.0-only
/*
 * Durable records and the epoch.
 *
 * Locking: hooks_lock serializes ditto_state_begin() and guards the hooks, whose begin, forget and
 * share_gone functions run under it. lock guards the previous records; it nests inside hooks_lock,
 * and nothing is called under it. forget_lock is a spinlock and innermost.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/netlink.h>

#include "../netlink.h"
#include "../server.h"
#include "../server_private.h"
#include "record.h"
#include "upcall.h"

static_assert(DITTO_RECORD_MONITORED_HOST == (int)DITTO_RECORD_TYPE_MONITORED_HOST);
static_assert(DITTO_RECORD_CLIENT == (int)DITTO_RECORD_TYPE_CLIENT);
static_assert(DITTO_RECORD_OPEN == (int)DITTO_RECORD_TYPE_OPEN);

#define RECORD_HASH_BITS	10

/* Kinds whose previous records are forgotten when the grace period is over. */
static const bool ends_with_grace[DITTO_RECORD_KINDS] = {
	[DITTO_RECORD_CLIENT] = true,
};

/**
 * struct ditto_records - the records of one server
 * @srv: the server
 * @instance: see ditto_server_instance()
 * @hooks_lock: see above
 * @hooks: struct ditto_state_hook
 * @epoch: see ditto_server_epoch(); written once under @hooks_lock
 * @clean: the previous life was shut down cleanly
 * @recording: records can be put
 * @refused: a refusal was logged
 * @key: of the hashes in @previous, as clients choose what is recorded
 * @lock: guards the next two
 * @previous: hash table of struct previous by kind and key
 * @count: number of previous records by kind
 * @forget_lock: guards the next two
 * @forget: number of the forgetting that is under way, or 0
 * @forgotten: called when it is done
 * @forget_failed: a failure was logged
 * @forget_work: calls records_forget()
 */
struct ditto_records {
	struct ditto_server *srv;
	u64 instance;
	struct mutex hooks_lock;	/* see above */
	struct list_head hooks;
	u64 epoch;
	bool clean;
	bool recording;
	bool refused;
	siphash_key_t key;
	struct mutex lock;		/* see above */
	DECLARE_HASHTABLE(previous, RECORD_HASH_BITS);
	unsigned int count[DITTO_RECORD_KINDS];
	spinlock_t forget_lock;		/* see above */
	u64 forget;
	void (*forgotten)(struct ditto_server *srv, u64 number);
	bool forget_failed;
	struct delayed_work forget_work;
};

/**
 * struct previous - a previous record
 * @hash: in the table
 * @ref: references of the table and of walks
 * @ours: it was put in this life of the server
 * @record: points into @bytes
 * @bytes: key and data
 */
struct previous {
	struct hlist_node hash;
	refcount_t ref;
	bool ours;
	struct ditto_record record;
	u8 bytes[];
};

static bool lengths_are_good(enum ditto_record_kind kind, size_t key_len, size_t data_len)
{
	return kind < DITTO_RECORD_KINDS && key_len && key_len <= DITTO_RECORD_KEY_MAX &&
	       data_len <= DITTO_RECORD_DATA_MAX;
}

static u32 key_hash(const struct ditto_records *rec, enum ditto_record_kind kind, const void *key,
		    size_t len)
{
	return siphash(key, len, &rec->key) + kind;
}

static void previous_put(struct previous *p)
{
	if (refcount_dec_and_test(&p->ref))
		kfree(p);
}

static struct previous *previous_find(struct ditto_records *rec, enum ditto_record_kind kind,
				      const void *key, size_t len)
{
	struct previous *p;

	lockdep_assert_held(&rec->lock);
	hash_for_each_possible(rec->previous, p, hash, key_hash(rec, kind, key, len))
		if (p->record.kind == kind && p->record.key_len == len &&
		    !memcmp(p->record.key, key, len))
			return p;
	return NULL;
}

static void previous_del(struct ditto_records *rec, struct previous *p)
{
	lockdep_assert_held(&rec->lock);
	hash_del(&p->hash);
	rec->count[p->record.kind]--;
	previous_put(p);
}

/* Drop a previous record, because it was put again or removed. */
static void previous_drop(struct ditto_records *rec, enum ditto_record_kind kind,
			  const void *key, size_t len)
{
	struct previous *p;

	mutex_lock(&rec->lock);
	p = previous_find(rec, kind, key, len);
	if (p)
		previous_del(rec, p);
	mutex_unlock(&rec->lock);
}

static void previous_drop_kind(struct ditto_records *rec, enum ditto_record_kind kind)
{
	struct hlist_node *next;
	struct previous *p;
	unsigned int i;

	mutex_lock(&rec->lock);
	hash_for_each_safe(rec->previous, i, next, p, hash)
		if (p->record.kind == kind)
			previous_del(rec, p);
	mutex_unlock(&rec->lock);
}

static int record_put(struct sk_buff *msg, void *arg)
{
	const struct ditto_record *record = arg;

	if (nla_put_u32(msg, DITTO_A_UPCALL_RECORD_TYPE, record->kind) ||
	    (record->key_len &&
	     nla_put(msg, DITTO_A_UPCALL_RECORD_KEY, record->key_len, record->key)) ||
	    (record->data_len &&
	     nla_put(msg, DITTO_A_UPCALL_RECORD_DATA, record->data_len, record->data)))
		return -EMSGSIZE;
	return 0;
}

/* The answer has no contents. */
static int record_done(struct genl_info *info, void *arg)
{
	return 0;
}

static int record_ask(struct ditto_records *rec, enum ditto_upcall_type type,
		      struct ditto_record *record)
{
	return ditto_upcall(rec->srv, type, record_put, record_done, record);
}

static int previous_remove(const struct ditto_record *record, void *arg)
{
	const struct previous *p = container_of(record, struct previous, record);
	struct ditto_record key = { .kind = record->kind, .key_len = record->key_len,
				    .key = record->key };
	struct ditto_records *rec = arg;
	int err;

	/* One that is not there any more was put again. */
	if (!p->ours || hlist_unhashed_lockless(&p->hash))
		return 0;
	err = record_ask(rec, DITTO_UPCALL_RECORD_REMOVE, &key);
	if (!err)
		previous_drop(rec, record->kind, record->key, record->key_len);
	return err;
}

/* The helper forgets the records of earlier lives; records of this life are removed one by one. */
static int kind_forget(struct ditto_records *rec, enum ditto_record_kind kind)
{
	struct ditto_record record = { .kind = kind };
	int err = ditto_record_previous_for_each(rec->srv, kind, previous_remove, rec);

	if (err)
		return err;
	previous_drop_kind(rec, kind);
	return record_ask(rec, DITTO_UPCALL_RECORD_FORGET, &record);
}

static int hooks_forget(struct ditto_records *rec)
{
	struct ditto_state_hook *hook;
	int err = 0, first = 0;

	mutex_lock(&rec->hooks_lock);
	list_for_each_entry(hook, &rec->hooks, list) {
		if (hook->forget)
			err = hook->forget(hook);
		first = first ?: err;
	}
	mutex_unlock(&rec->hooks_lock);
	return first;
}

static int records_forget(struct ditto_records *rec)
{
	int err = hooks_forget(rec);

	for (unsigned int kind = 0; kind < DITTO_RECORD_KINDS; kind++)
		if (ends_with_grace[kind])
			err = kind_forget(rec, kind) ?: err;
	return err;
}

/* Whether that is the forgetting that is under way now; it is not any more then. */
static bool forget_end(struct ditto_records *rec, u64 number)
{
	bool ends;

	spin_lock(&rec->forget_lock);
	ends = rec->forget == number;
	if (ends)
		rec->forget = 0;
	spin_unlock(&rec->forget_lock);
	return ends;
}

static void forget_work_fn(struct work_struct *work)
{
	struct ditto_records *rec = container_of(to_delayed_work(work), struct ditto_records,
						 forget_work);
	u64 number = READ_ONCE(rec->forget);
	int err;

	if (!number)
		return;
	err = records_forget(rec);
	if (err) {
		if (err != -EINPROGRESS && !rec->forget_failed)
			pr_warn("new claims wait: the records of those who did not come back cannot be removed (error %d); is dittod running?\n",
				err);
		rec->forget_failed |= err != -EINPROGRESS;
		queue_delayed_work(ditto_wq, &rec->forget_work, HZ);
		return;
	}
	rec->forget_failed = false;
	if (forget_end(rec, number))
		rec->forgotten(rec->srv, number);
}

/* Have the helper write or remove a record. The first refusal without a helper is logged. */
static int record_write(struct ditto_records *rec, enum ditto_upcall_type type,
			struct ditto_record *record)
{
	int err;

	/* Pairs with ditto_state_begin(): a grace period that hooks began is visible. */
	if (!smp_load_acquire(&rec->recording)) {
		if (!xchg(&rec->refused, true))
			pr_warn("what must outlive a restart is refused: no helper told what it has of the time before (is dittod running?)\n");
		return -ECONNREFUSED;
	}
	err = record_ask(rec, type, record);
	if (err)
		return err;
	previous_drop(rec, record->kind, record->key, record->key_len);
	return 0;
}

/*
 * Write a record, in place of one with the same key. When it returns 0, the record is on disk, and
 * the server may make the promise that depends on it. After an error the record may or may not
 * exist, and nothing may be promised.
 *
 * Must not be used by threads that serve clients. Context: may sleep for several times the upcall
 * setting; killable. Return: 0; -ECONNREFUSED without a helper and before the epoch is known;
 * -EINVAL for a bad length or kind; -EIO and others from the helper; errors of ditto_upcall().
 */
int ditto_record_put(struct ditto_server *srv, enum ditto_record_kind kind,
		     const void *key, size_t key_len, const void *data, size_t data_len)
{
	struct ditto_record record = {
		.kind = kind, .key_len = key_len, .data_len = data_len, .key = key, .data = data
	};

	if (!lengths_are_good(kind, key_len, data_len))
		return -EINVAL;
	return record_write(srv->records, DITTO_UPCALL_RECORD_PUT, &record);
}

/*
 * Remove a record. The removal is on disk when it returns 0. It is no error if there is no such
 * record. Context: as ditto_record_put(). Return: as ditto_record_put().
 */
int ditto_record_remove(struct ditto_server *srv, enum ditto_record_kind kind,
			const void *key, size_t key_len)
{
	struct ditto_record record = { .kind = kind, .key_len = key_len, .key = key };

	if (!lengths_are_good(kind, key_len, 0))
		return -EINVAL;
	return record_write(srv->records, DITTO_UPCALL_RECORD_REMOVE, &record);
}

/**
 * ditto_record_previous_for_each - call a function for the records of earlier lives
 * @srv: the server
 * @kind: kind of the records
 * @fn: returns 0 to go on; may sleep, put and remove records
 * @arg: passed to @fn
 *
 * Return: 0, the value that @fn returned, or -ENOMEM.
 */
int ditto_record_previous_for_each(struct ditto_server *srv, enum ditto_record_kind kind,
				   int (*fn)(const struct ditto_record *record, void *arg),
				   void *arg)
{
	struct ditto_records *rec = srv->records;
	struct previous **list, *p;
	unsigned int i, n = 0;
	int ret = 0;

	/* @fn may put and remove records, so it is called without the lock. */
	mutex_lock(&rec->lock);
	list = kvmalloc_array(rec->count[kind] ?: 1, sizeof(*list), GFP_KERNEL);
	if (!list) {
		mutex_unlock(&rec->lock);
		return -ENOMEM;
	}
	hash_for_each(rec->previous, i, p, hash) {
		if (p->record.kind != kind)
			continue;
		refcount_inc(&p->ref);
		list[n++] = p;
	}
	mutex_unlock(&rec->lock);

	for (i = 0; i < n; i++) {
		if (!ret)
			ret = fn(&list[i]->record, arg);
		previous_put(list[i]);
	}
	kvfree(list);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(ditto_record_previous_for_each, "DITTO");

/* Number of previous records of a kind. Any context. */
unsigned int ditto_records_previous(struct ditto_server *srv, enum ditto_record_kind kind)
{
	return READ_ONCE(srv->records->count[kind]);
}

/*
 * Nothing from before can be reclaimed any more. @done: called when that is on disk; must not
 * sleep. Forgets the previous records of kinds that end with the grace period, also in the helper's
 * database, and calls the hooks for those that only their owners know. That is tried until it
 * succeeds, in the background. A later call takes the place of one that is not done. Context: any;
 * takes a spinlock.
 */
void ditto_records_forget(struct ditto_server *srv, u64 number,
			  void (*done)(struct ditto_server *srv, u64 number))
{
	struct ditto_records *rec = srv->records;

	spin_lock(&rec->forget_lock);
	rec->forgotten = done;
	WRITE_ONCE(rec->forget, number);
	spin_unlock(&rec->forget_lock);
	mod_delayed_work(ditto_wq, &rec->forget_work, 0);
}

/* What a hook's @forget waited for has happened. Any context. */
void ditto_records_forget_again(struct ditto_server *srv)
{
	if (READ_ONCE(srv->records->forget))
		mod_delayed_work(ditto_wq, &srv->records->forget_work, 0);
}
EXPORT_SYMBOL_NS_GPL(ditto_records_forget_again, "DITTO");

/* End what ditto_records_forget() began, for good. May sleep. */
void ditto_records_forget_stop(struct ditto_server *srv)
{
	disable_delayed_work_sync(&srv->records->forget_work);
}

/* Number of this life of the server, from 1; 0 until the helper assigned it. Any context. */
u64 ditto_server_epoch(const struct ditto_server *srv)
{
	return READ_ONCE(srv->records->epoch);
}
EXPORT_SYMBOL_NS_GPL(ditto_server_epoch, "DITTO");

/* Random number of this life of the server, not 0. Any context. */
u64 ditto_server_instance(const struct ditto_server *srv)
{
	return srv->records->instance;
}

/* True if the previous life of the server was shut down cleanly. Valid once the epoch is known. */
bool ditto_server_ended_cleanly(const struct ditto_server *srv)
{
	return READ_ONCE(srv->records->clean);
}

static void hook_ready(struct work_struct *work)
{
	struct ditto_state_hook *hook = container_of(work, struct ditto_state_hook, work);

	hook->ready(hook);
}

static void hook_begin(struct ditto_state_hook *hook)
{
	if (hook->begin)
		hook->begin(hook);
}

static void hook_queue(struct ditto_state_hook *hook)
{
	if (hook->ready)
		queue_work(ditto_wq, &hook->work);
}

/**
 * ditto_state_hook_add - add a hook
 * @srv: the server
 * @hook: the hook; must stay until ditto_state_hook_remove()
 *
 * Calls @begin, and queues @ready, if the epoch is known.
 */
void ditto_state_hook_add(struct ditto_server *srv, struct ditto_state_hook *hook)
{
	struct ditto_records *rec = srv->records;

	hook->srv = srv;
	INIT_WORK(&hook->work, hook_ready);
	mutex_lock(&rec->hooks_lock);
	list_add_tail(&hook->list, &rec->hooks);
	if (rec->epoch) {
		hook_begin(hook);
		hook_queue(hook);
	}
	mutex_unlock(&rec->hooks_lock);
}
EXPORT_SYMBOL_NS_GPL(ditto_state_hook_add, "DITTO");

/**
 * ditto_state_hook_remove - remove a hook
 * @hook: the hook; nothing happens if it was not added
 *
 * Neither function of the hook runs when it returns, nor will it be called again.
 */
void ditto_state_hook_remove(struct ditto_state_hook *hook)
{
	if (!hook->srv)
		return;
	mutex_lock(&hook->srv->records->hooks_lock);
	list_del(&hook->list);
	mutex_unlock(&hook->srv->records->hooks_lock);
	cancel_work_sync(&hook->work);
	hook->srv = NULL;
}
EXPORT_SYMBOL_NS_GPL(ditto_state_hook_remove, "DITTO");

/* Call @ready of the hooks with @shares because a share was added. May sleep. */
void ditto_records_share_added(struct ditto_server *srv)
{
	struct ditto_records *rec = srv->records;
	struct ditto_state_hook *hook;

	mutex_lock(&rec->hooks_lock);
	list_for_each_entry(hook, &rec->hooks, list)
		if (rec->epoch && hook->shares)
			hook_queue(hook);
	mutex_unlock(&rec->hooks_lock);
}

/* Call @share_gone of the hooks. May sleep, also for the helper. */
void ditto_records_share_gone(struct ditto_server *srv)
{
	struct ditto_records *rec = srv->records;
	struct ditto_state_hook *hook;

	mutex_lock(&rec->hooks_lock);
	list_for_each_entry(hook, &rec->hooks, list)
		if (hook->share_gone)
			hook->share_gone(hook);
	mutex_unlock(&rec->hooks_lock);
}

static int previous_enter(struct ditto_records *rec, const struct ditto_record *record, bool late)
{
	struct previous *p, *old;
	unsigned int all = 0;
	int err;

	if (!lengths_are_good(record->kind, record->key_len, record->data_len))
		return -EINVAL;
	p = kmalloc(sizeof(*p) + record->key_len + record->data_len, GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	refcount_set(&p->ref, 1);
	p->ours = late;
	p->record = *record;
	p->record.key = p->bytes;
	p->record.data = p->bytes + record->key_len;
	memcpy(p->bytes, record->key, record->key_len);
	if (record->data_len)
		memcpy(p->bytes + record->key_len, record->data, record->data_len);

	mutex_lock(&rec->lock);
	if (rec->epoch && !late) {
		err = -EALREADY;
		goto fail;
	}
	/* If a helper dies while it loads records, the next one loads all of them again. */
	old = previous_find(rec, record->kind, record->key, record->key_len);
	if (old)
		previous_del(rec, old);
	for (unsigned int kind = 0; kind < DITTO_RECORD_KINDS; kind++)
		all += rec->count[kind];
	if (all >= DITTO_RECORDS_MAX) {
		err = -ENOSPC;
		goto fail;
	}
	hash_add(rec->previous, &p->hash,
		 key_hash(rec, record->kind, record->key, record->key_len));
	rec->count[record->kind]++;
	mutex_unlock(&rec->lock);
	return 0;

fail:
	mutex_unlock(&rec->lock);
	previous_put(p);
	return err;
}

/*
 * Add a record of an earlier life. Return: 0, -EINVAL, -EALREADY if the epoch is set already,
 * -ENOSPC, -ENOMEM.
 */
int ditto_record_load(struct ditto_server *srv, const struct ditto_record *record)
{
	return previous_enter(srv->records, record, false);
}

/*
 * Turn a record that was put into a previous one. For a protocol that ends before the server does,
 * and looks for its records when it starts again. Return: 0, -EINVAL, -ENOSPC, -ENOMEM.
 */
int ditto_record_keep(struct ditto_server *srv, const struct ditto_record *record)
{
	return previous_enter(srv->records, record, true);
}

/*
 * Set the epoch after all previous records were loaded. Return: 0, also if the same epoch was set
 * before; -EALREADY if another one was.
 */
int ditto_state_begin(struct ditto_server *srv, u64 epoch, bool clean)
{
	struct ditto_records *rec = srv->records;
	struct ditto_state_hook *hook;
	int err = 0;

	mutex_lock(&rec->hooks_lock);
	if (rec->epoch) {
		err = rec->epoch == epoch ? 0 : -EALREADY;
		goto out;
	}
	mutex_lock(&rec->lock);
	WRITE_ONCE(rec->clean, clean);
	WRITE_ONCE(rec->epoch, epoch);
	mutex_unlock(&rec->lock);

	list_for_each_entry(hook, &rec->hooks, list)
		hook_begin(hook);
	/* A grace period that hooks began must be visible before the first record is put. */
	smp_store_release(&rec->recording, true);
	list_for_each_entry(hook, &rec->hooks, list)
		hook_queue(hook);
	pr_info("epoch %llu; from before: %u hosts to be told, %u clients, %u opens\n", epoch,
		rec->count[DITTO_RECORD_MONITORED_HOST], rec->count[DITTO_RECORD_CLIENT],
		rec->count[DITTO_RECORD_OPEN]);
out:
	mutex_unlock(&rec->hooks_lock);
	return err;
}

/* Create the records of a server, with a random instance number. May sleep. */
int ditto_records_init(struct ditto_server *srv)
{
	struct ditto_records *rec = kzalloc(sizeof(*rec), GFP_KERNEL);

	if (!rec)
		return -ENOMEM;
	rec->srv = srv;
	do {
		rec->instance = get_random_u64();
	} while (!rec->instance);
	mutex_init(&rec->hooks_lock);
	INIT_LIST_HEAD(&rec->hooks);
	mutex_init(&rec->lock);
	get_random_bytes(&rec->key, sizeof(rec->key));
	hash_init(rec->previous);
	spin_lock_init(&rec->forget_lock);
	INIT_DELAYED_WORK(&rec->forget_work, forget_work_fn);
	srv->records = rec;
	return 0;
}

/* All hooks were removed. Stops the requests to the helper and frees the records. */
void ditto_records_exit(struct ditto_server *srv)
{
	struct ditto_records *rec = srv->records;

	if (!rec)
		return;
	WARN_ON(!list_empty(&rec->hooks));
	/* No request is answered any more. */
	ditto_upcalls_stop(srv);
	cancel_delayed_work_sync(&rec->forget_work);
	for (unsigned int kind = 0; kind < DITTO_RECORD_KINDS; kind++)
		previous_drop_kind(rec, kind);
	srv->records = NULL;
	kfree(rec);
}
