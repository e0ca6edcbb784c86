// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lock table as a part of the server: it copies the settings, and turns counters and
 * notifications of the lock table into statistics and events.
 */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "../../fs/share/share.h"
#include "../../lockd/lease.h"
#include "../../lockd/table.h"
#include "../event.h"
#include "../helper/record.h"
#include "../server.h"
#include "../stats.h"
#include "family.h"
#include "locks.h"

static_assert(DITTO_CLAIM_RANGE == (int)DITTO_CLAIM_TYPE_RANGE);
static_assert(DITTO_CLAIM_OPEN == (int)DITTO_CLAIM_TYPE_OPEN);
static_assert(DITTO_CLAIM_LEASE == (int)DITTO_CLAIM_TYPE_LEASE);

static const char *const lock_ops[DITTO_LOCK_EVENTS] = {
	[DITTO_LOCK_GRANTED] = "granted",
	[DITTO_LOCK_CONFLICT] = "conflict",
	[DITTO_LOCK_BREAK] = "break",
	[DITTO_LOCK_ACK] = "acknowledged",
	[DITTO_LOCK_REVOKED] = "revoked",
	[DITTO_LOCK_WAITED] = "waited",
	[DITTO_LOCK_DEADLOCK] = "deadlock",
	[DITTO_LOCK_LIMIT] = "limit",
	[DITTO_LOCK_RELEASED] = "released",
};

enum delegation_op {
	OP_GRANTED,
	OP_RECALLED,
	OP_ANSWERED,
	OP_RETURNED,
	OP_REVOKED,
	DELEGATION_OPS,
};

static const char *const delegation_ops[DELEGATION_OPS] = {
	[OP_GRANTED] = "granted",
	[OP_RECALLED] = "recalled",
	[OP_ANSWERED] = "answered",
	[OP_RETURNED] = "returned",
	[OP_REVOKED] = "revoked",
};

/* The time of "answered" is summed from the recall to the answer of the holder. */
static void delegations_read(const struct ditto_stats_group *group, unsigned int op,
			     struct ditto_op_count *sum)
{
	const struct ditto_delegation_count *count = &group->srv->locks->delegations;
	const atomic64_t *const counters[DELEGATION_OPS] = {
		[OP_GRANTED] = &count->granted,
		[OP_RECALLED] = &count->recalled,
		[OP_ANSWERED] = &count->answers,
		[OP_RETURNED] = &count->returned,
		[OP_REVOKED] = &count->revoked,
	};

	sum->calls = atomic64_read(counters[op]);
	if (op == OP_ANSWERED)
		sum->nanoseconds = atomic64_read(&count->answer_ms) * NSEC_PER_MSEC;
}

static void locks_read(const struct ditto_stats_group *group, unsigned int op,
		       struct ditto_op_count *sum)
{
	sum->calls = ditto_locks_events(group->srv->locks, op);
}

/*
 * Copy the settings of the server into the lock table. @srv: the server; nothing happens before its
 * lock table exists. Also adjusts a grace period that is running. Context: called with the settings
 * lock held, or from ditto_locks_init().
 */
void ditto_locks_settings_changed(struct ditto_server *srv)
{
	const struct ditto_settings *from = &srv->settings;
	struct ditto_lock_settings *to;
	u32 grace_s = READ_ONCE(from->grace_s) ?: READ_ONCE(from->lease_time_s);

	if (!srv->locks)
		return;
	to = &srv->locks->settings;
	WRITE_ONCE(to->grace_ms, grace_s * MSEC_PER_SEC);
	WRITE_ONCE(to->quiet_ms, READ_ONCE(from->recall_pause_s) * MSEC_PER_SEC);
	WRITE_ONCE(to->ask_ms, min_t(u32, READ_ONCE(from->break_wait_ms),
				     DITTO_LEASE_QUERY_MS_MAX));
	WRITE_ONCE(to->waits_per_node, READ_ONCE(from->waits_per_node));
	WRITE_ONCE(to->claims_per_client, READ_ONCE(from->claims_per_client));
	WRITE_ONCE(to->delegations,
		   READ_ONCE(from->delegations) ? READ_ONCE(from->max_delegations) : 0);
	WRITE_ONCE(to->delegations_per_client, READ_ONCE(from->delegations_per_client));
	/*
	 * The helper may apply its configuration after it loaded the records of earlier clients,
	 * when the grace period runs already.
	 */
	ditto_grace_resize(srv->locks);
}

/* Add the numbers of claims and waiting requests to a message. Return: 0 or -EMSGSIZE. */
int ditto_locks_put(struct sk_buff *msg, const struct ditto_server *srv)
{
	struct ditto_lock_table *table = srv->locks;

	if (ditto_nl_put_u64(msg, DITTO_A_SERVER_RANGES,
			     ditto_locks_live(table, DITTO_CLAIM_RANGE)) ||
	    ditto_nl_put_u64(msg, DITTO_A_SERVER_OPENS,
			     ditto_locks_live(table, DITTO_CLAIM_OPEN)) ||
	    ditto_nl_put_u64(msg, DITTO_A_SERVER_LEASES,
			     ditto_locks_live(table, DITTO_CLAIM_LEASE)) ||
	    ditto_nl_put_u64(msg, DITTO_A_SERVER_WAITS, atomic_read(&table->waiting)))
		return -EMSGSIZE;
	return 0;
}

/* Lock events that are sent as netlink events; others are only counted. */
static const struct {
	enum ditto_lock_event from;
	enum ditto_event_type to;
} told[] = {
	{ DITTO_LOCK_CONFLICT, DITTO_EVENT_LOCK_CONFLICT },
	{ DITTO_LOCK_BREAK, DITTO_EVENT_LOCK_BREAK },
	{ DITTO_LOCK_REVOKED, DITTO_EVENT_LOCK_REVOKED },
	{ DITTO_LOCK_CLIENT_RELEASED, DITTO_EVENT_LOCK_CLIENT_RELEASED },
	{ DITTO_LOCK_GRACE_STARTED, DITTO_EVENT_GRACE_STARTED },
	{ DITTO_LOCK_GRACE_ENDED, DITTO_EVENT_GRACE_ENDED },
};

static void locks_watch(struct ditto_lock_table *table, enum ditto_lock_event event,
			const struct ditto_client *client)
{
	struct ditto_server *srv = table->srv;

	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		if (told[i].from == event)
			ditto_event_atomic(srv, told[i].to, client ? client->name : NULL);
}

static void locks_name(struct ditto_lock_point *point, char **share, char **path)
{
	char name[DITTO_SHARE_NAME_MAX + 1], *buffer = kmalloc(PATH_MAX, GFP_KERNEL);
	const char *found;

	if (!buffer)
		return;
	found = ditto_locks_point_name(point, name, buffer);
	if (name[0])
		*share = kstrdup(name, GFP_KERNEL);
	if (found)
		*path = kstrdup(found, GFP_KERNEL);
	kfree(buffer);
}

static void locks_forgotten(struct ditto_server *srv, u64 number)
{
	ditto_grace_forgotten(srv->locks, number);
}

static bool locks_forget(struct ditto_lock_table *table, u64 number)
{
	struct ditto_server *srv = table->srv;

	/* Before the epoch is known nothing was recorded. */
	if (!ditto_server_epoch(srv))
		return false;
	ditto_records_forget(srv, number, locks_forgotten);
	return true;
}

int ditto_locks_init(struct ditto_server *srv)
{
	struct ditto_lock_table *table = ditto_locks_create(srv->net);

	if (IS_ERR(table))
		return PTR_ERR(table);
	table->srv = srv;
	srv->locks = table;
	ditto_locks_settings_changed(srv);
	srv->lock_stats = ditto_stats_register_read(srv, "locks", lock_ops, ARRAY_SIZE(lock_ops),
						    locks_read);
	srv->delegation_stats = ditto_stats_register_read(srv, "delegations", delegation_ops,
							  ARRAY_SIZE(delegation_ops),
							  delegations_read);
	if (!srv->lock_stats || !srv->delegation_stats) {
		ditto_locks_exit(srv);
		return -ENOMEM;
	}
	WRITE_ONCE(table->watch, locks_watch);
	WRITE_ONCE(table->history.name, locks_name);
	table->forget = locks_forget;
	return 0;
}

/* The namespace of a server is ending, and stays for a grace period of RCU. */
void ditto_locks_leave(struct ditto_server *srv)
{
	/*
	 * A grace period that is cut short by the end of the server is not over: it continues in
	 * the next life.
	 */
	WRITE_ONCE(srv->locks->watch, NULL);
	ditto_history_settle_names(&srv->locks->history, true);
	ditto_grace_leave(srv->locks);
}

void ditto_locks_exit(struct ditto_server *srv)
{
	if (!srv->locks)
		return;
	WRITE_ONCE(srv->locks->watch, NULL);
	ditto_records_forget_stop(srv);
	ditto_stats_unregister(srv->delegation_stats);
	ditto_stats_unregister(srv->lock_stats);
	ditto_locks_destroy(srv->locks);
	srv->locks = NULL;
}
