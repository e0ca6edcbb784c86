// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistent opens: removal of their records, and the end of opens that their clients have lost.
 * See persist.h.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "../../net/peer.h"
#include "../auth/tree.h"
#include "../server.h"
#include "durable.h"
#include "open.h"
#include "persist.h"

struct ditto_recorder *dsmb_persist_recorder(struct dsmb_server *server, u64 id,
					     const struct in6_addr *machine)
{
	__le64 key = cpu_to_le64(id);

	return ditto_recorder_get(&server->open_records, DITTO_RECORD_OPEN, &key, sizeof(key),
				  machine);
}

/* The record is removed, or will not be: nothing is tried again at the end of the server. */
static void persist_removed(struct ditto_recorder_wait *wait, int err)
{
	struct dsmb_open *open = container_of(wait, struct dsmb_persist, removal)->open;

	if (!err)
		dsmb_open_close_detached(open);
	dsmb_durable_put_closed(open);
}

struct dsmb_persist *dsmb_persist_alloc(struct dsmb_open *open)
{
	/* None for an open of before a restart. */
	const struct ditto_peer *peer = open->tree ? open->tree->peer : NULL;
	struct dsmb_persist *persist;

	/* Records of closed opens count until they are removed. */
	if (READ_ONCE(open->server->open_records.count) >= DSMB_RECORDS_MAX)
		return NULL;
	persist = kzalloc(sizeof(*persist), GFP_KERNEL);
	if (!persist)
		return NULL;
	persist->recorder = dsmb_persist_recorder(open->server, open->persistent,
						  peer ? &peer->addr : NULL);
	if (IS_ERR(persist->recorder)) {
		kfree(persist);
		return NULL;
	}
	persist->token = ditto_recorder_token(&open->server->open_records);
	persist->open = open;
	mutex_init(&persist->lock);
	INIT_LIST_HEAD(&persist->giving);
	persist->removal.done = persist_removed;
	INIT_DELAYED_WORK(&persist->later, dsmb_persist_later_work);
	return persist;
}

void dsmb_persist_free(struct dsmb_persist *persist)
{
	if (!persist)
		return;
	dsmb_persist_unwatch(persist);
	ditto_recorder_put(persist->recorder);
	kfree(persist);
}

void dsmb_persist_end(struct dsmb_persist *persist)
{
	if (persist)
		ditto_recorder_unset(persist->recorder, persist->token, NULL);
}

int dsmb_persist_remove(struct dsmb_persist *persist)
{
	u64 wish = ditto_recorder_unset(persist->recorder, persist->token, NULL);

	return ditto_recorder_wait(persist->recorder, wish);
}

void dsmb_persist_expire(struct dsmb_open *open)
{
	struct dsmb_persist *persist = open->durable->persist;

	if (xchg(&persist->closes, true))
		return;
	dsmb_open_hold(open);
	ditto_recorder_unset(persist->recorder, persist->token, &persist->removal);
}

void dsmb_persist_withdraw(struct dsmb_server *server)
{
	struct dsmb_open_state ignored;
	struct dsmb_persist *persist;
	struct dsmb_open *open;
	u64 id;

	/* Begun for all of them before the wait for the first one. */
	for (int wait = 0; wait < 2; wait++) {
		for (id = 0; (open = dsmb_durable_next(server, &id)); id++) {
			persist = dsmb_durable_record(open);
			if (persist && !dsmb_open_get_state(open, &ignored)) {
				if (wait)
					dsmb_persist_remove(persist);
				else
					dsmb_persist_end(persist);
			}
			dsmb_open_put(open);
		}
	}
}
