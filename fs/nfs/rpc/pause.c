// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that wait a moment for holders to give way.
 *
 * A client that is told to come again does so after a tenth of a second at
 * best, and after five seconds over version 3; a holder that is well and not far
 * away gives way in a few milliseconds. The setting break-wait-ms says how long is
 * waited. A service thread is held meanwhile, so few of them may wait at a time,
 * and what a holder sends to give way finds another, on whatever connection it
 * comes. A client's own delegations are never in its way.
 */
#include "../../../lockd/claim.h"
#include "../../node/node.h"
#include "../server.h"
#include "call.h"

void dnfs_await(struct dnfs_call *call, struct ditto_node *node)
{
	if (call->awaited)
		return;
	ditto_node_hold(node);
	call->awaited = node;
}

void dnfs_await_end(struct dnfs_call *call)
{
	if (likely(!call->awaited))
		return;
	ditto_node_put(call->awaited);
	call->awaited = NULL;
}

bool dnfs_pause_begin(struct dnfs_call *call)
{
	struct dnfs_server *server = call->server;

	if (!call->awaited || !call->break_wait)
		return false;
	if (atomic_inc_return(&server->pausing) <= READ_ONCE(server->pausing_max))
		return true;
	atomic_dec(&server->pausing);
	return false;
}

void dnfs_pause(struct dnfs_call *call)
{
	long left = ditto_claim_pause(&call->awaited->point, call->break_wait);

	atomic_dec(&call->server->pausing);
	/* Each turn costs something, so that they come to an end. */
	call->break_wait = left ? left - 1 : 0;
	dnfs_await_end(call);
}
