/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Application instances: an application that fails over to another machine takes over the files
 * that it had open on the machine that was lost. MS-SMB2 sections 2.2.13.2.13, 2.2.13.2.15 and
 * 3.3.5.9.13.
 *
 * Locking: apps_lock (spinlock) in durable_app.c guards the table.
 */
#ifndef _DITTO_SMB_OPEN_DURABLE_APP_H
#define _DITTO_SMB_OPEN_DURABLE_APP_H

#include <linux/types.h>
#include <linux/uuid.h>

#include "../wire/create_context.h"

struct ditto_node;
struct ditto_walk;
struct dsmb_app;
struct dsmb_call;
struct dsmb_open;

/**
 * dsmb_app_is_newer - compare application instance versions
 * @ask: an instance; without a version it is not newer than any
 * @high: AppInstanceVersionHigh to compare with
 * @low: AppInstanceVersionLow to compare with
 *
 * Return: true if @ask is newer and takes over.
 */
bool dsmb_app_is_newer(const struct dsmb_app_ask *ask, u64 high, u64 low);

/**
 * dsmb_app_take_over - close the opens that the application has on another machine
 * @call: the CREATE
 * @ask: its application instance
 * @walk: path to the file that the CREATE is about to open, which exists
 *
 * MS-SMB2 section 3.3.5.9.13. Nothing is closed for a user who may not read the file; the CREATE
 * then meets the opens as any other.
 *
 * Context: may sleep; waits for the helper on a worker that may.
 * Return: STATUS_SUCCESS; STATUS_FILE_FORCED_CLOSED if an instance has the file open whose version
 *	is not older than in @ask; DSMB_TO_BE_RECORDED if a record must be removed and this worker
 *	may not wait for that.
 */
u32 dsmb_app_take_over(struct dsmb_call *call, const struct dsmb_app_ask *ask,
		       const struct ditto_walk *walk);

/**
 * dsmb_app_opened - register the application instance of an open
 * @call: the CREATE
 * @open: the open, not published yet
 * @ask: its application instance
 * @node: node of the open, only for comparison
 */
void dsmb_app_opened(struct dsmb_call *call, struct dsmb_open *open,
		     const struct dsmb_app_ask *ask, const struct ditto_node *node);

/**
 * dsmb_app_enter - register the application instance of an open for a given client and share
 * @open: the open, not published yet
 * @client: ClientGuid
 * @tag: tag of the share
 * @ask: its application instance
 * @node: node of the open, only for comparison
 */
void dsmb_app_enter(struct dsmb_open *open, const guid_t *client, u64 tag,
		    const struct dsmb_app_ask *ask, const struct ditto_node *node);

/**
 * dsmb_app_describe - get the application instance of an open
 * @app: registered instance, or NULL
 * @ask: filled; unchanged if @app is NULL
 */
void dsmb_app_describe(const struct dsmb_app *app, struct dsmb_app_ask *ask);

/**
 * dsmb_app_forget - unregister the application instance of a closed open
 * @app: registered instance, or NULL
 */
void dsmb_app_forget(struct dsmb_app *app);

/**
 * dsmb_app_free - unregister an application instance and free it
 * @app: registered instance, or NULL
 */
void dsmb_app_free(struct dsmb_app *app);

#endif
