// SPDX-License-Identifier: GPL-2.0-only
/*
 * The callback channels of all clients, as the service starts and stops; and the callback
 * failures that RENEW reports to clients of NFSv4.0.
 *
 * Locking: delegations->lock guards the list of channels, and is taken outside channel->lock.
 */
#include <linux/jiffies.h>

#include "../../../../net/server.h"
#include "../engine/server.h"
#include "callback.h"
#include "delegations.h"

struct dnfs4_client *dnfs4_callback_next(struct dnfs4_server *server, struct dnfs4_client *previous)
{
	struct dnfs4_callback_channel *channel = previous ? previous->callback : NULL;
	struct dnfs4_delegations *all = server->delegations;
	struct dnfs4_client *found = NULL;

	spin_lock_bh(&all->lock);
	channel = list_prepare_entry(channel, &all->channels, list);
	list_for_each_entry_continue(channel, &all->channels, list)
		/* Skip clients that are being freed, and new ones that are in no table yet. */
		if (refcount_inc_not_zero(&channel->client->ref)) {
			found = channel->client;
			break;
		}
	spin_unlock_bh(&all->lock);
	dnfs4_client_put(previous);
	return found;
}

void dnfs4_callbacks_start(struct dnfs4_server *server)
{
	struct dnfs4_delegations *all = server->delegations;
	struct dnfs4_callback_channel *channel;

	spin_lock_bh(&all->lock);
	all->running = true;
	list_for_each_entry(channel, &all->channels, list) {
		spin_lock(&channel->lock);
		channel->running = !channel->gone;
		spin_unlock(&channel->lock);
		set_bit(DNFS4_CHANGED_CONNS, &channel->changed);
		dnfs4_channel_kick(channel);
	}
	spin_unlock_bh(&all->lock);
}

void dnfs4_callbacks_stop(struct dnfs4_server *server)
{
	struct dnfs4_delegations *all = server->delegations;
	struct dnfs4_callback_channel *channel;
	struct dnfs4_client *client = NULL;

	/* The walk below skips new clients, whose channels must not run either. */
	spin_lock_bh(&all->lock);
	all->running = false;
	list_for_each_entry(channel, &all->channels, list) {
		spin_lock(&channel->lock);
		channel->running = false;
		spin_unlock(&channel->lock);
	}
	spin_unlock_bh(&all->lock);
	while ((client = dnfs4_callback_next(server, client)))
		dnfs4_channel_halt(client->callback);
}

bool dnfs4_callback_missed(struct dnfs4_client *client)
{
	unsigned long lease = READ_ONCE(client->server->srv->settings.lease_time_s) * HZ;
	struct dnfs4_callback_channel *channel = client->callback;
	unsigned long until;

	if (test_bit(DNFS4_CLIENT_CB_DOWN, &client->flags) && atomic_read(&channel->held))
		return true;
	if (!test_bit(DNFS4_CLIENT_CB_MISSED, &client->flags))
		return false;
	/* A revoked delegation is reported for a lease time, which starts with the first RENEW. */
	until = READ_ONCE(channel->missed);
	if (!until)
		WRITE_ONCE(channel->missed, (jiffies + lease) | 1);
	else if (time_after_eq(jiffies, until))
		clear_bit(DNFS4_CLIENT_CB_MISSED, &client->flags);
	return test_bit(DNFS4_CLIENT_CB_MISSED, &client->flags);
}

void dnfs4_callback_miss(struct dnfs4_client *client)
{
	WRITE_ONCE(client->callback->missed, 0);
	set_bit(DNFS4_CLIENT_CB_MISSED, &client->flags);
}
