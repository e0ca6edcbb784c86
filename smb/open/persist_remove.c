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

/*
 * The recorder of an open, to be put, or an ERR_PTR. @machine is charged; may be NULL. May sleep.
 */
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

/*
 * Allocate the persistence of an open. Nothing is recorded yet. Return: the object, or NULL without
 * memory, or with too many records.
 */
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

/* Free the persistence of an open that is in use no more. NULL is allowed. May sleep. */
void dsmb_persist_free(struct dsmb_persist *persist)
{
	if (!persist)
		return;
	dsmb_persist_unwatch(persist);
	ditto_recorder_put(persist->recorder);
	kfree(persist);
}

/*
 * Begin the removal of a closed open's record, if it is still there. @persist: record of the open,
 * or NULL. Context: does not wait for the helper.
 */
void dsmb_persist_end(struct dsmb_persist *persist)
{
	if (persist)
		ditto_recorder_unset(persist->recorder, persist->token, NULL);
}

/*
 * Remove the record of an open that is closed next. Context: waits for the helper. Return: 0, also
 * if the record was removed before or must stay; or an error of ditto_recorder_wait(), and it is
 * removed later.
 */
int dsmb_persist_remove(struct dsmb_persist *persist)
{
	u64 wish = ditto_recorder_unset(persist->recorder, persist->token, NULL);

	return ditto_recorder_wait(persist->recorder, wish);
}

/*
 * Begin to close an open that its client has lost, its record first. @open: the open, with
 * dsmb_open_expire() or dsmb_open_give_up(), or not published; the caller has a reference. Another
 * client may get what the open holds as soon as it is closed. If the record were still there, a
 * restart would restore the open. So the open stays until a helper has removed the record. Context:
 * does not wait for the helper.
 */
void dsmb_persist_expire(struct dsmb_open *open)
{
	struct dsmb_persist *persist = open->durable->persist;

	if (xchg(&persist->closes, true))
		return;
	dsmb_open_hold(open);
	ditto_recorder_unset(persist->recorder, persist->token, &persist->removal);
}

/*
 * Remove the records of the opens whose files were taken away. The opens stay until their clients
 * close them. What no helper can remove is tried again later. Context: waits for the helper.
 */
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
