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

/*
 * Iterate over the clients with a channel. @previous: the client that was returned last, whose
 * reference is put; NULL to begin. The walk goes on behind @previous, in order of creation. A
 * client that exists during the whole walk is found exactly once, also while others come and go.
 * Context: any process context; does not sleep. Return: the next client, with a reference; NULL
 * after the last one.
 */
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

/* Start all channels with the service. Callbacks that are queued are sent now. */
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

/* Stop all channels with the service. Callbacks stay queued. */
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

/*
 * 4.0: check whether RENEW must report NFS4ERR_CB_PATH_DOWN. It must while callbacks do not reach a
 * client that has delegations. It also must after a delegation was revoked that the client may take
 * for valid, until a DELEGRETURN of the client or for one lease time from the first report.
 * Context: any. Return: true for NFS4ERR_CB_PATH_DOWN.
 */
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

/* 4.0: note that a delegation was revoked. Context: any. */
void dnfs4_callback_miss(struct dnfs4_client *client)
{
	WRITE_ONCE(client->callback->missed, 0);
	set_bit(DNFS4_CLIENT_CB_MISSED, &client->flags);
}
