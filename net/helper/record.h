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

int ditto_record_put(struct ditto_server *srv, enum ditto_record_kind kind,
		     const void *key, size_t key_len, const void *data, size_t data_len);
int ditto_record_remove(struct ditto_server *srv, enum ditto_record_kind kind,
			const void *key, size_t key_len);
int ditto_record_previous_for_each(struct ditto_server *srv, enum ditto_record_kind kind,
				   int (*fn)(const struct ditto_record *record, void *arg),
				   void *arg);
int ditto_record_keep(struct ditto_server *srv, const struct ditto_record *record);
unsigned int ditto_records_previous(struct ditto_server *srv, enum ditto_record_kind kind);
void ditto_records_forget(struct ditto_server *srv, u64 number,
			  void (*done)(struct ditto_server *srv, u64 number));
void ditto_records_forget_again(struct ditto_server *srv);
void ditto_records_forget_stop(struct ditto_server *srv);
u64 ditto_server_epoch(const struct ditto_server *srv);
u64 ditto_server_instance(const struct ditto_server *srv);
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

void ditto_state_hook_add(struct ditto_server *srv, struct ditto_state_hook *hook);
void ditto_state_hook_remove(struct ditto_state_hook *hook);
void ditto_records_share_added(struct ditto_server *srv);
void ditto_records_share_gone(struct ditto_server *srv);

/* For the commands of the helper in net/nl/nl_record.c. */

int ditto_record_load(struct ditto_server *srv, const struct ditto_record *record);
int ditto_state_begin(struct ditto_server *srv, u64 epoch, bool clean);
int ditto_records_init(struct ditto_server *srv);
void ditto_records_exit(struct ditto_server *srv);

#endif
