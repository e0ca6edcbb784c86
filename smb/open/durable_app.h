/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Application instances: an application that starts anew on another machine takes
 * over the files that it had open on the one that was lost. MS-SMB2 sections
 * 2.2.13.2.13, 2.2.13.2.15 and 3.3.5.9.13.
 *
 * Locking: apps_lock (spinlock) in durable_app.c guards the table.
 */
#ifndef _DITTO_SMB_OPEN_DURABLE_APP_H
#define _DITTO_SMB_OPEN_DURABLE_APP_H

#include <linux/types.h>

#include "durable.h"

struct ditto_node;
struct dsmb_app;
struct dsmb_call;
struct dsmb_contexts;
struct dsmb_open;

/**
 * struct dsmb_app_ask - what a CREATE says of its application
 * @present: it does
 * @id: AppInstanceId
 * @versioned: the next two count (3.1.1)
 * @high: AppInstanceVersionHigh
 * @low: AppInstanceVersionLow
 */
struct dsmb_app_ask {
	bool present;
	u8 id[DSMB_GUID_SIZE];
	bool versioned;
	u64 high;
	u64 low;
};

/* Of a CREATE. The contexts are well-formed. */
void dsmb_app_parse(const struct dsmb_contexts *contexts, struct dsmb_app_ask *ask);

/* Is one version newer than the other, so that it takes over? */
bool dsmb_app_is_newer(const struct dsmb_app_ask *ask, u64 high, u64 low);

/**
 * dsmb_app_take_over - close what the application has open elsewhere
 * @call: of CREATE
 * @ask: its application
 * @node: what it is about to open
 *
 * Return: SUCCESS, or FILE_FORCED_CLOSED: a newer version has it.
 */
u32 dsmb_app_take_over(struct dsmb_call *call, const struct dsmb_app_ask *ask,
		       const struct ditto_node *node);

/**
 * dsmb_app_opened - the application can be told by this open from now on
 * @call: of CREATE
 * @open: not published yet
 * @ask: its application
 * @node: which is open, to be compared only
 */
void dsmb_app_opened(struct dsmb_call *call, struct dsmb_open *open,
		     const struct dsmb_app_ask *ask, const struct ditto_node *node);

/* The same by what is known of client and share. */
void dsmb_app_enter(struct dsmb_open *open, const guid_t *client, u64 tag,
		    const struct dsmb_app_ask *ask, const struct ditto_node *node);
/* Which it is; not present for NULL. */
void dsmb_app_tell(const struct dsmb_app *app, struct dsmb_app_ask *ask);

/* The open is closed. NULL is allowed for both. */
void dsmb_app_forget(struct dsmb_app *app);
void dsmb_app_free(struct dsmb_app *app);

#endif
