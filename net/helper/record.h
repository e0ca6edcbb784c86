/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durable records, which the helper keeps in its database across restarts, and the epoch of the
 * server.
 *
 * A server gets its epoch when its helper registers for the first time. The helper recognizes each
 * life of the server by its random instance number, assigns it a new epoch, and loads the records
 * of earlier lives into the server. A helper that is merely restarted finds the same instance, and
 * the epoch stays. Until then the epoch is 0 and nothing can be recorded.
 *
 * A record of an earlier life is "previous" until it is put again or removed or, if its kind ends
 * with the grace period, until ditto_records_forget().
 */
#ifndef _DITTO_NET_HELPER_RECORD_H
#define _DITTO_NET_HELPER_RECORD_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct ditto_server;

/* Bytes of the longest key and of the longest data of a record. */
#define DITTO_RECORD_KEY_MAX	1024
#define DITTO_RECORD_DATA_MAX	6144
/* Previous records that are kept; loading further ones fails with -ENOSPC. */
#define DITTO_RECORDS_MAX	65536

/* The values match the netlink enum "record-type" and are stored in the database. */
enum ditto_record_kind {
	DITTO_RECORD_MONITORED_HOST,	/* must be notified of a restart; kept until removed */
	DITTO_RECORD_CLIENT,		/* may reclaim its state; kept until the grace ends */
	DITTO_RECORD_OPEN,		/* open that survives a restart; kept until removed */
	DITTO_RECORD_KINDS,
};

/**
 * struct ditto_record - a record
 * @kind: kind, which tells its owner
 * @key_len: bytes of the key, not 0
 * @data_len: bytes of the data
 * @key: unique within the kind
 * @data: contents, known only to the owner
 */
struct ditto_record {
	enum ditto_record_kind kind;
	u16 key_len;
	u16 data_len;
	const u8 *key;
	const u8 *data;
};

/**
 * ditto_record_put - write a record, in place of one with the same key
 * @srv: the server
 * @kind: kind of the record
 * @key: the key
 * @key_len: 1 to DITTO_RECORD_KEY_MAX
 * @data: the data
 * @data_len: 0 to DITTO_RECORD_DATA_MAX
 *
 * When it returns 0, the record is on disk, and the server may make the promise that depends on
 * it. After an error the record may or may not exist, and nothing may be promised.
 *
 * Must not be used by threads that serve clients.
 *
 * Context: may sleep for several times the upcall setting; killable.
 * Return: 0; -ECONNREFUSED without a helper and before the epoch is known; -EINVAL for a bad
 * length or kind; -EIO and others from the helper; errors of ditto_upcall().
 */
int ditto_record_put(struct ditto_server *srv, enum ditto_record_kind kind,
		     const void *key, size_t key_len, const void *data, size_t data_len);

/**
 * ditto_record_remove - remove a record
 * @srv: the server
 * @kind: kind of the record
 * @key: the key
 * @key_len: 1 to DITTO_RECORD_KEY_MAX
 *
 * The removal is on disk when it returns 0. It is no error if there is no such record.
 *
 * Context: as ditto_record_put().
 * Return: as ditto_record_put().
 */
int ditto_record_remove(struct ditto_server *srv, enum ditto_record_kind kind,
			const void *key, size_t key_len);

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
				   void *arg);

/**
 * ditto_record_keep - turn a record that was put into a previous one
 * @srv: the server
 * @record: the record as it was put last under its key; copied
 *
 * For a protocol that ends before the server does, and looks for its records when it starts again.
 *
 * Return: 0, -EINVAL, -ENOSPC, -ENOMEM.
 */
int ditto_record_keep(struct ditto_server *srv, const struct ditto_record *record);
/* Number of previous records of a kind. Any context. */
unsigned int ditto_records_previous(struct ditto_server *srv, enum ditto_record_kind kind);

/**
 * ditto_records_forget - nothing from before can be reclaimed any more
 * @srv: the server
 * @number: passed to @done
 * @done: called when that is on disk; must not sleep
 *
 * Forgets the previous records of kinds that end with the grace period, also in the helper's
 * database, and calls the hooks for those that only their owners know. That is tried until it
 * succeeds, in the background. A later call takes the place of one that is not done.
 *
 * Context: any; takes a spinlock.
 */
void ditto_records_forget(struct ditto_server *srv, u64 number,
			  void (*done)(struct ditto_server *srv, u64 number));
/* What a hook's @forget waited for has happened. Any context. */
void ditto_records_forget_again(struct ditto_server *srv);
/* End what ditto_records_forget() began, for good. May sleep. */
void ditto_records_forget_stop(struct ditto_server *srv);

/* Number of this life of the server, from 1; 0 until the helper assigned it. Any context. */
u64 ditto_server_epoch(const struct ditto_server *srv);
/* Random number of this life of the server, not 0. Any context. */
u64 ditto_server_instance(const struct ditto_server *srv);
/* True if the previous life of the server was shut down cleanly. Valid once the epoch is known. */
bool ditto_server_ended_cleanly(const struct ditto_server *srv);

/**
 * struct ditto_state_hook - callbacks for when the epoch and the previous records are known
 * @begin: called before anything can be recorded, so that a grace period can start; must not put
 *	or remove records; may sleep; may be NULL
 * @ready: called after that, from a workqueue, without restrictions; may be NULL
 * @forget: called when the grace period is over, to remove the records of what was not reclaimed;
 *	called again until it returns 0; must not wait long; may be NULL
 * @share_gone: called when a share was withdrawn and has no users any more, before its claims are
 *	given to others; may remove records; may sleep; may be NULL
 * @shares: @ready is called again whenever a share was added
 * @srv: the server, while the hook is added
 * @list: on the server's list
 * @work: calls @ready
 *
 * The caller sets the first five members; the others belong to net/helper/record.c. If the epoch
 * is known when the hook is added, both functions are called immediately.
 */
struct ditto_state_hook {
	void (*begin)(struct ditto_state_hook *hook);
	void (*ready)(struct ditto_state_hook *hook);
	int (*forget)(struct ditto_state_hook *hook);
	void (*share_gone)(struct ditto_state_hook *hook);
	bool shares;
	struct ditto_server *srv;
	struct list_head list;
	struct work_struct work;
};

/**
 * ditto_state_hook_add - add a hook
 * @srv: the server
 * @hook: the hook; must stay until ditto_state_hook_remove()
 *
 * Calls @begin, and queues @ready, if the epoch is known.
 */
void ditto_state_hook_add(struct ditto_server *srv, struct ditto_state_hook *hook);

/**
 * ditto_state_hook_remove - remove a hook
 * @hook: the hook; nothing happens if it was not added
 *
 * Neither function of the hook runs when it returns, nor will it be called again.
 */
void ditto_state_hook_remove(struct ditto_state_hook *hook);
/* Call @ready of the hooks with @shares because a share was added. May sleep. */
void ditto_records_share_added(struct ditto_server *srv);
/* Call @share_gone of the hooks. May sleep, also for the helper. */
void ditto_records_share_gone(struct ditto_server *srv);

/* For the commands of the helper in net/nl/nl_record.c. */

/**
 * ditto_record_load - add a record of an earlier life
 * @srv: the server
 * @record: the record, copied; replaces one with the same key
 *
 * Return: 0, -EINVAL, -EALREADY if the epoch is set already, -ENOSPC, -ENOMEM.
 */
int ditto_record_load(struct ditto_server *srv, const struct ditto_record *record);

/**
 * ditto_state_begin - set the epoch after all previous records were loaded
 * @srv: the server
 * @epoch: the epoch
 * @clean: the previous life was shut down cleanly
 *
 * Return: 0, also if the same epoch was set before; -EALREADY if another one was.
 */
int ditto_state_begin(struct ditto_server *srv, u64 epoch, bool clean);

/* Create the records of a server, with a random instance number. May sleep. */
int ditto_records_init(struct ditto_server *srv);
/* All hooks were removed. Stops the requests to the helper and frees the records. */
void ditto_records_exit(struct ditto_server *srv);

#endif
