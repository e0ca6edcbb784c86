// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client that is refused a delegation because of a limit may ask to be notified when it can have
 * more (OPEN4_SHARE_ACCESS_WANT_SIGNAL_DELEG_WHEN_RESRC_AVAIL, RFC 8881 section 18.16.3). It is
 * notified once, by CB_RECALLABLE_OBJ_AVAIL (section 20.7), when a delegation has ended: its own,
 * or one of another client if the limit of all was reached. Nothing is reserved for it.
 *
 * Locking: the lock of the channel guards what its client wants. The number of channels with a wish
 * lets the end of a delegation cost one load if there is none.
 */
#include <linux/nfs4.h>
#include <linux/slab.h>

#include "../../../../lockd/client.h"
#include "../attr/attr.h"
#include "../engine/server.h"
#include "delegations.h"
#include "delegation.h"

/* Deadline of the callback: the client should act on it immediately. */
#define ROOM_MS		10000

/**
 * struct room - a CB_RECALLABLE_OBJ_AVAIL; freed when it has ended
 * @cb: the callback
 * @total: number of delegations that the client may have, with those that it has
 */
struct room {
	struct dnfs4_callback cb;
	u32 total;
};

static const struct room *room_of(const struct dnfs4_callback *cb)
{
	return container_of(cb, struct room, cb);
}

static void room_release(struct dnfs4_callback *cb)
{
	kfree(room_of(cb));
}

static bool room_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	return xdr_stream_encode_u32(xdr, room_of(cb)->total) >= 0 &&
	       dnfs4_encode_bitmap(xdr, &dnfs4_recallable_types);
}

static const struct dnfs4_callback_ops room_ops = {
	.op = OP_CB_RECALLABLE_OBJ_AVAIL,
	.encode = room_encode,
	.release = room_release,
};

/* Take the wish of a client. Return: false if there is none; else @after is filled. */
static bool room_take(struct dnfs4_client *client, struct dnfs4_call_ref *after)
{
	struct dnfs4_callback_channel *channel = client->callback;
	bool wanted;

	spin_lock_bh(&channel->lock);
	wanted = channel->wants_room;
	channel->wants_room = false;
	*after = channel->room_after;
	if (wanted)
		atomic_dec(&client->server->delegations->room_wanted);
	spin_unlock_bh(&channel->lock);
	return wanted;
}

static void room_tell(struct dnfs4_client *client)
{
	u32 left = ditto_delegations_left(&client->client);
	struct dnfs4_call_ref after;
	struct room *room;

	if (!READ_ONCE(client->callback->wants_room) || !left || !dnfs4_callback_is_up(client))
		return;
	/* Without memory, the end of the next delegation tries again. */
	room = kzalloc(sizeof(*room), GFP_KERNEL | __GFP_NOWARN);
	if (!room)
		return;
	if (!room_take(client, &after))
		goto free;
	room->total = atomic_read(&client->client.delegations.held) + left;
	dnfs4_callback_init_one(&room->cb, &room_ops, client);
	room->cb.after = after;
	if (!dnfs4_callback_send(&room->cb, 0, ROOM_MS))
		goto free;
	dnfs4_delegation_count(client->server, DNFS4_DELEG_ROOM, false, 0);
	return;

free:
	kfree(room);
}

/* Sends CB_RECALLABLE_OBJ_AVAIL. */
void dnfs4_room_work(struct work_struct *work)
{
	struct dnfs4_delegations *all = container_of(work, struct dnfs4_delegations, room);
	struct dnfs4_client *client = NULL;

	while ((client = dnfs4_callback_next(all->server, client)))
		room_tell(client);
}

/* A delegation has ended: tell clients that wait for room. Context: any. */
void dnfs4_room_freed(struct dnfs4_server *server)
{
	struct dnfs4_delegations *all = server->delegations;

	/* Pairs with the barrier in dnfs4_room_want(): one of the two sees what the other did. */
	smp_mb();
	if (unlikely(atomic_read(&all->room_wanted)))
		schedule_work(&all->room);
}

/*
 * Tell a client later that it may have more delegations. Context: any. Return: false if no limit
 * was the reason, or the client cannot be notified.
 */
bool dnfs4_room_want(const struct dnfs4_compound *cmp)
{
	struct dnfs4_callback_channel *channel = cmp->client->callback;
	struct dnfs4_delegations *all = cmp->server->delegations;
	bool gone;

	if (ditto_delegations_left(&cmp->client->client))
		return false;
	spin_lock_bh(&channel->lock);
	gone = channel->gone;
	if (!gone) {
		if (!channel->wants_room)
			atomic_inc(&all->room_wanted);
		channel->wants_room = true;
		memset(&channel->room_after, 0, sizeof(channel->room_after));
		dnfs4_call_ref_fill(cmp, &channel->room_after);
	}
	spin_unlock_bh(&channel->lock);
	if (gone)
		return false;
	/* Pairs with the barrier in dnfs4_room_freed(). */
	smp_mb();
	if (ditto_delegations_left(&cmp->client->client))
		schedule_work(&all->room);
	return true;
}

/* Do not tell a client any more. Context: any. */
void dnfs4_room_cancel(struct dnfs4_client *client)
{
	struct dnfs4_call_ref after;

	if (client->callback)
		room_take(client, &after);
}
