/* SPDX-License-Identifier: GPL-2.0-only */
/* Orders about single objects: list, read, rewrite, delete. */
#ifndef _DITTO_OFFLOAD_ORDER_H
#define _DITTO_OFFLOAD_ORDER_H

#include "offload/engine.h"

/* Line behind the name of an object in OFFLOAD_REKEY: a record or a snapshot refers to it. */
#define ORDER_REFERRED	"referred"

struct orders;

/* Create the set of all orders. */
struct orders *orders_new(struct engine *engine);
/*
 * Begin an order: OFFLOAD_LIST, OFFLOAD_READ, OFFLOAD_DELETE or OFFLOAD_REKEY. A message tells the
 * end.
 */
void order_start(struct orders *all, const struct offload_msg *msg, struct store *store);
/* End an order. Returns false if there is none with this number. */
bool order_cancel(struct orders *all, u64 id);

#endif
