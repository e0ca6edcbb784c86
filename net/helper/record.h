/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durable records: what must be known after a restart, kept by the helper in
 * its database, and the epoch of the server.
 *
 * A server gets its epoch when its helper registers for the first time: the
 * helper counts a new one for each life of the server, which it tells by the
 * server's random instance number, and loads the records of the lives before.
 * A helper that is merely started anew finds the same instance, and the epoch
 * stays. Until then the epoch is 0 and nothing can be recorded.
 *
 * A record of a life before is "previous" until it is put again, removed, or,
 * if its kind ends with the grace, until ditto_records_grace_over().
 */
#ifndef _DITTO_NET_HELPER_RECORD_H
#define _DITTO_NET_HELPER_RECORD_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct ditto_server;

/* Longest key, and longest data, of a record. */
#define DITTO_RECORD_KEY_MAX	1024
#define DITTO_RECORD_DATA_MAX	6144
/* Previous records that are kept; the helper is told of those beyond. */
#define DITTO_RECORDS_MAX	65536

/* The values are those of the netlink enum "record-type", and stand in the database. */
enum ditto_record_kind {
	DITTO_RECORD_MONITORED_HOST,	/* is to be told of a restart; until it is removed */
	DITTO_RECORD_CLIENT,		/* may take back what it held; until the grace ends */
	DITTO_RECORD_OPEN,		/* what is open beyond a restart; until it is removed */
	DITTO_RECORD_KINDS,
};

/**
 * struct ditto_record - a previous record
 * @kind: whose business it is
 * @key_len: bytes of the key, not 0
 * @data_len: bytes of the data
 * @key: unique within the kind
 * @data: what its owner put there
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
 * @kind: which kind
 * @key: bytes
 * @key_len: 1 to DITTO_RECORD_KEY_MAX
 * @data: bytes
 * @data_len: 0 to DITTO_RECORD_DATA_MAX
 *
 * When it returns 0 the record is on disk; what it promises may be promised.
 * After any error it may be there or not, and nothing may be promised.
 *
 * Context: may sleep, at most twice the upcall setting; killable.
 * Return: 0; -ECONNREFUSED without a helper, and before it told the epoch;
 * -EINVAL (lengths); -EIO and others from the helper; those of ditto_upcall().
 */
int ditto_record_put(struct ditto_server *srv, enum ditto_record_kind kind,
		     const void *key, size_t key_len, const void *data, size_t data_len);

/* Remove a record, on disk when it returns 0. No record with this key is no error. As above. */
int ditto_record_remove(struct ditto_server *srv, enum ditto_record_kind kind,
			const void *key, size_t key_len);

/**
 * ditto_record_previous_for_each - call a function for records of lives before
 * @srv: the server
 * @kind: of which kind
 * @fn: returns 0 to go on; may sleep, put and remove records
 * @arg: passed to @fn
 *
 * Context: may sleep. Return: 0, what @fn returned, or -ENOMEM.
 */
int ditto_record_previous_for_each(struct ditto_server *srv, enum ditto_record_kind kind,
				   int (*fn)(const struct ditto_record *record, void *arg),
				   void *arg);

/**
 * ditto_record_keep - a record that was put is to be found as a previous one
 * @srv: the server
 * @record: what was put last under its key
 *
 * For a protocol that ends before the server does.
 *
 * Return: 0, -EINVAL, -ENOSPC, -ENOMEM.
 */
int ditto_record_keep(struct ditto_server *srv, const struct ditto_record *record);
/* How many previous records of a kind there are. */
unsigned int ditto_records_previous(struct ditto_server *srv, enum ditto_record_kind kind);

/**
 * ditto_records_grace_over - nothing can be taken back any more
 * @srv: the server
 *
 * Forgets previous records of kinds that end with the grace, in the helper's
 * database too: at once or, without a helper, before the next record is put.
 *
 * Context: any.
 */
void ditto_records_grace_over(struct ditto_server *srv);

/* Which life of the server this is, from 1; 0 until the helper told it. Any context. */
u64 ditto_server_epoch(const struct ditto_server *srv);
/* Random, not 0, another one in each life of the server. */
u64 ditto_server_instance(const struct ditto_server *srv);
/* Did the life before end in good order? Only when the epoch is known. */
bool ditto_server_ended_cleanly(const struct ditto_server *srv);

/**
 * struct ditto_state_hook - wants to know when the epoch and the previous records are there
 * @begin: called before anything can be recorded, so that a grace can begin; must
 *	not put or remove records; may sleep; may be NULL
 * @ready: called after that, from a workqueue; may do all; may be NULL
 * @shares: @ready is called again whenever a share was added
 * @srv: the server, while it is added
 * @list: on the server's list
 * @work: calls @ready
 *
 * The caller sets the first three; the rest belongs to net/helper/record.c.
 * A hook that comes when they are there already is called for both at once.
 */
struct ditto_state_hook {
	void (*begin)(struct ditto_state_hook *hook);
	void (*ready)(struct ditto_state_hook *hook);
	bool shares;
	struct ditto_server *srv;
	struct list_head list;
	struct work_struct work;
};

/* May sleep. */
void ditto_state_hook_add(struct ditto_server *srv, struct ditto_state_hook *hook);
/* Neither function runs or will when it returns. Without effect on one that was not added. */
void ditto_state_hook_remove(struct ditto_state_hook *hook);
/* A share was added. May sleep. */
void ditto_records_share_added(struct ditto_server *srv);

/* The helper's side, for net/nl/nl_record.c. */

/* Take a previous record. 0, -EINVAL, -EALREADY (the epoch is told), -ENOSPC, -ENOMEM. */
int ditto_record_load(struct ditto_server *srv, const struct ditto_record *record);
/* All are loaded: the server's epoch. 0, also if it was told before; -EALREADY if another was. */
int ditto_state_begin(struct ditto_server *srv, u64 epoch, bool clean);
/* A helper registered: what could not be forgotten is now. */
void ditto_records_helper_here(struct ditto_server *srv);

int ditto_records_init(struct ditto_server *srv);
/* The server is going: no hook is called any more. */
void ditto_records_exit(struct ditto_server *srv);

#endif
