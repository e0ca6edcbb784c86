// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that wait a moment for conflicting holders to give way.
 *
 * A client that gets NFS4ERR_DELAY retries after a tenth of a second at best, and one that gets
 * NFS3ERR_JUKEBOX after five seconds. A responsive holder gives way within a few milliseconds,
 * so it is better to wait. The setting break-wait-ms limits the time. A waiting call occupies a
 * service thread, so only some of the threads may wait; the others serve the requests by which
 * holders give way. A client's own delegations never conflict with its calls.
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
	/* Each wait consumes at least one jiffy, so that the retries end. */
	call->break_wait = left ? left - 1 : 0;
	dnfs_await_end(call);
}
