// SPDX-License-Identifier: GPL-2.0-only
/*
 * When memory is short or there are too many delegations, clients are asked to return some of
 * them (CB_RECALL_ANY, RFC 8881 section 20.6). The clients choose, because they know which
 * delegations they use. NFSv4.0 has no such callback.
 *
 * CB_RECALL_SLOT (section 20.8), which asks for slots of a session, is sent from here, too.
 */
#include <linux/jiffies.h>
#include <linux/nfs4.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#include "../attr/attr.h"
#include "../engine/server.h"
#include "delegations.h"

/* Shortest interval between two rounds. */
#define ANY_INTERVAL_S	5
/* Deadline of the callbacks. */
#define ANY_MS		10000
/* Clients are asked to return one in this many delegations. */
#define ANY_SHARE	4

/**
 * struct any - a CB_RECALL_ANY or CB_RECALL_SLOT; freed when it has ended
 * @cb: the callback
 * @keep: number of objects or slots that the client may keep
 */
struct any {
	struct dnfs4_callback cb;
	u32 keep;
};

static const struct any *any_of(const struct dnfs4_callback *cb)
{
	return container_of(cb, struct any, cb);
}

static void any_release(struct dnfs4_callback *cb)
{
	kfree(any_of(cb));
}

const struct dnfs4_bitmap dnfs4_recallable_types = {
	.word[0] = BIT(RCA4_TYPE_MASK_RDATA_DLG) | BIT(RCA4_TYPE_MASK_WDATA_DLG) |
		   BIT(RCA4_TYPE_MASK_DIR_DLG),
};

static bool any_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	return xdr_stream_encode_u32(xdr, any_of(cb)->keep) >= 0 &&
	       dnfs4_encode_bitmap(xdr, &dnfs4_recallable_types);
}

static const struct dnfs4_callback_ops any_ops = {
	.op = OP_CB_RECALL_ANY,
	.encode = any_encode,
	.release = any_release,
};

static bool slot_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	/* rsa_target_highest_slotid */
	return xdr_stream_encode_u32(xdr, any_of(cb)->keep - 1) >= 0;
}

static const struct dnfs4_callback_ops slot_ops = {
	.op = OP_CB_RECALL_SLOT,
	.encode = slot_encode,
	.release = any_release,
};

static void recall_any_send(struct dnfs4_client *client,
			    const struct dnfs4_callback_ops *ops, u32 keep)
{
	struct any *any = kzalloc(sizeof(*any), GFP_KERNEL | __GFP_NOWARN);

	if (!any)
		return;
	any->keep = keep;
	dnfs4_callback_init_one(&any->cb, ops, client);
	if (!dnfs4_callback_send(&any->cb, 0, ANY_MS))
		kfree(any);
}

static void recall_any_work(struct work_struct *work)
{
	struct dnfs4_delegations *all = container_of(work, struct dnfs4_delegations, recall_any);
	struct dnfs4_client *client = NULL;
	u32 has;

	while ((client = dnfs4_callback_next(all->server, client))) {
		has = ditto_client_live(&client->client, DITTO_CLAIM_LEASE);
		if (client->minor && has && dnfs4_callback_is_up(client)) {
			recall_any_send(client, &any_ops, has - DIV_ROUND_UP(has, ANY_SHARE));
			dnfs4_delegation_count(client->server, DNFS4_DELEG_ANY, false, 0);
		}
	}
}

/*
 * Ask all clients to return delegations that they do not need. Sends CB_RECALL_ANY (RFC 8881
 * section 20.6) from a work item, at a limited rate. Context: any; does not wait.
 */
void dnfs4_recall_any(struct dnfs4_server *server)
{
	struct dnfs4_delegations *all = server->delegations;
	unsigned long at = READ_ONCE(all->recall_any_at);

	if (time_before(jiffies, at))
		return;
	if (cmpxchg(&all->recall_any_at, at, jiffies + ANY_INTERVAL_S * HZ) == at)
		schedule_work(&all->recall_any);
}

/* Send CB_RECALL_SLOT with the present slot target. Best effort. RFC 8881 section 20.8. */
void dnfs4_recall_slots(struct dnfs4_session *session)
{
	struct dnfs4_client *client = session->client;

	if (dnfs4_callback_is_up(client))
		recall_any_send(client, &slot_ops, READ_ONCE(session->slots_target));
}

/* Only clients can return delegations, so the shrinker frees nothing; it starts the recall. */
static unsigned long any_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	const struct dnfs4_delegations *all = shrinker->private_data;

	return atomic_read(&all->count) ?: SHRINK_EMPTY;
}

static unsigned long any_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	const struct dnfs4_delegations *all = shrinker->private_data;

	dnfs4_recall_any(all->server);
	return SHRINK_STOP;
}

int dnfs4_recall_any_init(struct dnfs4_delegations *all)
{
	INIT_WORK(&all->recall_any, recall_any_work);
	INIT_WORK(&all->room, dnfs4_room_work);
	all->recall_any_at = jiffies;
	all->shrinker = shrinker_alloc(0, "ditto-nfs4-delegations");
	if (!all->shrinker)
		return -ENOMEM;
	all->shrinker->count_objects = any_count;
	all->shrinker->scan_objects = any_scan;
	all->shrinker->private_data = all;
	shrinker_register(all->shrinker);
	return 0;
}

void dnfs4_recall_any_exit(struct dnfs4_delegations *all)
{
	shrinker_free(all->shrinker);
	cancel_work_sync(&all->recall_any);
	cancel_work_sync(&all->room);
}
