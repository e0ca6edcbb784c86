// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that wait for the helper: for groups and names before their access is decided, and for SIDs
 * and accounts in security descriptors.
 */
#include <linux/slab.h>

#include "../../net/helper/names.h"
#include "../../net/peer.h"
#include "../server.h"
#include "../wire/status.h"
#include "call.h"
#include "conn.h"

static void call_names_done(struct ditto_names_park *park)
{
	dsmb_call_rerun(container_of(park, struct dsmb_call_names, park)->call);
}

/* Ends the wait of a parked call for the helper, because the call was cancelled. */
void dsmb_call_cancel_names(struct dsmb_call *call)
{
	if (ditto_names_park_cancel(&call->names->park))
		dsmb_call_rerun(call);
}

/*
 * Stop asking the helper. Return: STATUS_SUCCESS; or DSMB_PARKED if an answer is missing: the
 * command drops what it has, returns the value immediately, and starts over when it runs again.
 */
u32 dsmb_call_names_end(struct dsmb_call *call)
{
	if (dsmb_call_waits_for_names(call))
		return DSMB_PARKED;
	dsmb_call_drop_names(call);
	return STATUS_SUCCESS;
}

/* The park of the call for answers of the helper, made if it has none. NULL without memory. */
struct ditto_names_park *dsmb_call_names_park(struct dsmb_call *call)
{
	struct dsmb_call_names *names = call->names;

	if (names)
		return &names->park;
	names = kzalloc(sizeof(*names), GFP_KERNEL);
	if (!names)
		return NULL;
	names->call = call;
	ditto_names_park_init(&names->park, call->conn->server->srv, &call->conn->peer->addr,
			      call_names_done);
	call->names = names;
	return &names->park;
}

/* Forgets the answers that the call waits for, if there are any. */
void dsmb_call_drop_names(struct dsmb_call *call)
{
	struct dsmb_call_names *names = call->names;

	if (!names)
		return;
	ditto_names_park_cancel(&names->park);
	call->names = NULL;
	kfree(names);
}
