// SPDX-License-Identifier: GPL-2.0-only
/*
 * Application instances: a table of the opens that named one, hashed by AppInstanceId and node.
 * Clients choose the former, so the hash has a secret key, and an application with many files has
 * as many places. See durable_app.h.
 */
#include <linux/hashtable.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "../../fs/acl/sd.h"
#include "../../fs/op/walk.h"
#include "../../fs/op/check/rights.h"
#include "../auth/tree.h"
#include "../transport/call.h"
#include "../transport/conn.h"
#include "../transport/message.h"
#include "../wire/create.h"
#include "durable.h"
#include "durable_app.h"
#include "open.h"

/**
 * struct dsmb_app - application instance of an open
 * @link: link in the table; unhashed once it is forgotten
 * @open: the open; closed before its last reference is dropped
 * @client: ClientGuid
 * @tag: tag of the share
 * @node: node of the open, only for comparison
 * @ask: id and version
 */
struct dsmb_app {
	struct hlist_node link;
	struct dsmb_open *open;
	guid_t client;
	u64 tag;
	const struct ditto_node *node;
	struct dsmb_app_ask ask;
};

static DEFINE_SPINLOCK(apps_lock);
static DEFINE_HASHTABLE(apps, 8);

/* Compare application instance versions. Return: true if @ask is newer and takes over. */
bool dsmb_app_is_newer(const struct dsmb_app_ask *ask, u64 high, u64 low)
{
	return ask->high > high || (ask->high == high && ask->low > low);
}

static u32 app_key(const u8 *id, const struct ditto_node *node)
{
	static siphash_key_t secret __read_mostly;

	get_random_once(&secret, sizeof(secret));
	return siphash_3u64(get_unaligned_le64(id), get_unaligned_le64(id + sizeof(u64)),
			    (uintptr_t)node, &secret);
}

/* Find an open of the application on this file by another client, with a reference, or NULL. */
static struct dsmb_open *app_find(struct dsmb_call *call, const struct dsmb_app_ask *ask,
				  const struct ditto_node *node, u32 *status)
{
	struct dsmb_open *found = NULL;
	struct dsmb_app *app;

	*status = STATUS_SUCCESS;
	spin_lock(&apps_lock);
	hash_for_each_possible(apps, app, link, app_key(ask->id, node)) {
		/* One that is not granted yet is none to take over. */
		if (!READ_ONCE(app->open->published))
			continue;
		if (memcmp(app->ask.id, ask->id, sizeof(ask->id)) || app->node != node ||
		    app->tag != call->tree->tag || app->open->server != call->conn->server ||
		    guid_equal(&app->client, &call->conn->client_guid))
			continue;
		if (app->ask.versioned &&
		    !dsmb_app_is_newer(ask, app->ask.high, app->ask.low)) {
			*status = STATUS_FILE_FORCED_CLOSED;
			break;
		}
		if (refcount_inc_not_zero(&app->open->ref)) {
			found = app->open;
			break;
		}
	}
	spin_unlock(&apps_lock);
	return found;
}

/* The maximal access of the caller must include GENERIC_READ. */
static bool app_may_take_over(struct dsmb_call *call, const struct ditto_walk *walk)
{
	u32 rights;

	if (ditto_rights(&call->op, walk->node, walk->parent, &rights))
		return false;
	rights &= call->tree->maximal;
	return !(ditto_specific_rights(DSMB_ACCESS_GENERIC_READ) & ~rights);
}

/*
 * Close the opens that the application has on another machine. MS-SMB2 section 3.3.5.9.13. Nothing
 * is closed for a user who may not read the file; the CREATE then meets the opens as any other.
 * Context: waits for the helper on a worker that may. Return: STATUS_SUCCESS;
 * STATUS_FILE_FORCED_CLOSED if an instance has the file open whose version is not older than in
 * @ask; DSMB_TO_BE_RECORDED if a record must be removed and this worker may not wait for that.
 */
u32 dsmb_app_take_over(struct dsmb_call *call, const struct dsmb_app_ask *ask,
		       const struct ditto_walk *walk)
{
	struct dsmb_open *open;
	u32 status;

	while ((open = app_find(call, ask, walk->node, &status))) {
		if (!app_may_take_over(call, walk)) {
			dsmb_open_put(open);
			break;
		}
		/* The share may not be continuously available any more. */
		if (dsmb_durable_is_persistent(open) && !call->message->records)
			status = DSMB_TO_BE_RECORDED;
		if (!status) {
			dsmb_app_forget(dsmb_open_has_rare(open)->app);
			dsmb_durable_close(open);
		}
		dsmb_open_put(open);
		if (status)
			break;
	}
	return status;
}

/* Register the application instance of an open. */
void dsmb_app_opened(struct dsmb_call *call, struct dsmb_open *open,
		     const struct dsmb_app_ask *ask, const struct ditto_node *node)
{
	dsmb_app_enter(open, &call->conn->client_guid, call->tree->tag, ask, node);
}

/*
 * Get the application instance of an open. @app: registered instance, or NULL; @ask: filled;
 * unchanged if @app is NULL.
 */
void dsmb_app_describe(const struct dsmb_app *app, struct dsmb_app_ask *ask)
{
	if (app)
		*ask = app->ask;
}

/* Register the application instance of an open for a given client and share. */
void dsmb_app_enter(struct dsmb_open *open, const guid_t *client, u64 tag,
		    const struct dsmb_app_ask *ask, const struct ditto_node *node)
{
	struct dsmb_open_rare *rare = dsmb_open_rare(open);
	struct dsmb_app *app = rare ? kzalloc(sizeof(*app), GFP_KERNEL) : NULL;

	/* Without an entry the old open only stays until its timeout. */
	if (!app)
		return;
	app->open = open;
	app->client = *client;
	app->tag = tag;
	app->node = node;
	app->ask = *ask;
	rare->app = app;
	spin_lock(&apps_lock);
	hash_add(apps, &app->link, app_key(ask->id, node));
	spin_unlock(&apps_lock);
}

/* Unregister the application instance of a closed open. @app: registered instance, or NULL. */
void dsmb_app_forget(struct dsmb_app *app)
{
	if (!app)
		return;
	spin_lock(&apps_lock);
	hash_del(&app->link);
	spin_unlock(&apps_lock);
}

/* Unregister an application instance and free it. @app: registered instance, or NULL. */
void dsmb_app_free(struct dsmb_app *app)
{
	dsmb_app_forget(app);
	kfree(app);
}
