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

bool dsmb_app_is_newer(const struct dsmb_app_ask *ask, u64 high, u64 low);
u32 dsmb_app_take_over(struct dsmb_call *call, const struct dsmb_app_ask *ask,
		       const struct ditto_walk *walk);
void dsmb_app_opened(struct dsmb_call *call, struct dsmb_open *open,
		     const struct dsmb_app_ask *ask, const struct ditto_node *node);
void dsmb_app_enter(struct dsmb_open *open, const guid_t *client, u64 tag,
		    const struct dsmb_app_ask *ask, const struct ditto_node *node);
void dsmb_app_describe(const struct dsmb_app *app, struct dsmb_app_ask *ask);
void dsmb_app_forget(struct dsmb_app *app);
void dsmb_app_free(struct dsmb_app *app);

#endif
