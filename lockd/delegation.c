// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits and statistics of delegations, per client and per table. Delegations are granted and
 * recalled like all caching grants, see lease.c and break.c.
 */
#include <linux/minmax.h>
#include <linux/module.h>

#include "lease_private.h"

static struct ditto_client *delegation_client(const struct ditto_lease *lease)
{
	return lease->claim.owner->client;
}

static u32 delegations_left(const struct ditto_delegation_count *count, u32 limit)
{
	u32 held = atomic_read(&count->held);

	return held < limit ? limit - held : 0;
}

/**
 * ditto_delegations_left - tell how many more delegations the limits allow a client
 * @client: held
 *
 * Context: any.
 * Return: their number now; concurrent requests may take them.
 */
u32 ditto_delegations_left(struct ditto_client *client)
{
	struct ditto_lock_table *table = client->table;

	return min(delegations_left(&client->delegations,
				    READ_ONCE(table->settings.delegations_per_client)),
		   delegations_left(&table->delegations, READ_ONCE(table->settings.delegations)));
}
EXPORT_SYMBOL_NS_GPL(ditto_delegations_left, "DITTO");

/* True if the limits allow one more delegation of the client. */
bool ditto_delegation_fits(struct ditto_client *client)
{
	if (ditto_delegations_left(client))
		return true;
	ditto_locks_count(client->table, DITTO_LOCK_LIMIT);
	return false;
}

/* The grant was put on its node (@by 1) or taken off (@by -1). */
void ditto_delegation_hold(const struct ditto_lease *lease, int by)
{
	struct ditto_client *client = delegation_client(lease);

	if (!ditto_is_delegation(lease->claim.held))
		return;
	atomic_add(by, &client->delegations.held);
	atomic_add(by, &client->table->delegations.held);
}

/* A new grant was returned to its holder. */
void ditto_delegation_granted(const struct ditto_lease *lease)
{
	struct ditto_client *client = delegation_client(lease);

	if (!ditto_is_delegation(lease->claim.held))
		return;
	atomic64_inc(&client->delegations.granted);
	atomic64_inc(&client->table->delegations.granted);
}

/* A step of a recall begins. */
void ditto_delegation_recalled(const struct ditto_lease *lease)
{
	struct ditto_client *client = delegation_client(lease);

	if (!ditto_is_delegation(lease->claim.held))
		return;
	atomic64_inc(&client->delegations.recalled);
	atomic64_inc(&client->table->delegations.recalled);
}

/* The grant is revoked because its holder did not answer. */
void ditto_delegation_revoked(const struct ditto_lease *lease)
{
	struct ditto_client *client = delegation_client(lease);

	if (!ditto_is_delegation(lease->claim.held))
		return;
	atomic64_inc(&client->delegations.revoked);
	atomic64_inc(&client->table->delegations.revoked);
}

static void count_answer(struct ditto_delegation_count *count, u64 ms)
{
	s64 max = atomic64_read(&count->answer_max_ms);

	atomic64_inc(&count->answers);
	atomic64_add(ms, &count->answer_ms);
	while (ms > max && !atomic64_try_cmpxchg(&count->answer_max_ms, &max, ms))
		;
}

/* The holder returns the grant or answers a recall; called before the state changes. */
void ditto_delegation_answered(const struct ditto_lease *lease, u8 keep)
{
	struct ditto_client *client = delegation_client(lease);
	struct ditto_lock_table *table = client->table;

	if (!ditto_is_delegation(lease->claim.held))
		return;
	if (!keep) {
		atomic64_inc(&client->delegations.returned);
		atomic64_inc(&table->delegations.returned);
	}
	if (lease->state == DITTO_LEASE_BREAKING && lease->told) {
		/* The deadline was counted from the notification. */
		u64 ms = table->clock() + lease->break_ms - lease->deadline;

		count_answer(&client->delegations, ms);
		count_answer(&table->delegations, ms);
	}
}
