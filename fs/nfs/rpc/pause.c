// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that wait a moment for conflicting holders to give way, for data of offloaded files, or for
 * the SIDs of their user.
 *
 * A client that gets NFS4ERR_DELAY retries after a tenth of a second at best, and one that gets
 * NFS3ERR_JUKEBOX after five seconds. A responsive holder gives way within a few milliseconds,
 * so it is better to wait. The setting break-wait-ms limits the time. A waiting call occupies a
 * service thread, so only some of the threads may wait; the others serve the requests by which
 * holders give way. A client's own delegations never conflict with its calls.
 *
 * The same goes for data that is being brought back, with the setting offload-wait-ms and a number
 * of threads of its own: stores may be slow, and breaks must not wait for them.
 *
 * For SIDs a call waits once, DITTO_NAMES_WAIT_MS from the question to the helper at most.
 */
#include "../../../lockd/claim.h"
#include "../../../net/helper/names.h"
#include "../../node/node.h"
#include "../../share/cred.h"
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
	if (call->awaited)
		ditto_node_put(call->awaited);
	call->awaited = NULL;
	if (call->absent.node)
		ditto_node_put(call->absent.node);
	call->absent.node = NULL;
	if (call->unresolved)
		ditto_cred_put(call->unresolved);
	call->unresolved = NULL;
	call->unresolved_ident = false;
}

/* The number of threads that wait for the same as this call; NULL if it does not wait. */
static atomic_t *pause_counter(struct dnfs_call *call)
{
	if (call->unresolved && !call->resolved)
		return &call->server->pausing;
	if (call->absent.node && call->data_wait)
		return &call->server->loading;
	return call->awaited && call->break_wait ? &call->server->pausing : NULL;
}

bool dnfs_pause_begin(struct dnfs_call *call)
{
	atomic_t *threads = pause_counter(call);

	if (!threads)
		return false;
	if (atomic_inc_return(threads) <= READ_ONCE(call->server->pausing_max))
		return true;
	atomic_dec(threads);
	return false;
}

void dnfs_pause(struct dnfs_call *call)
{
	atomic_t *threads = pause_counter(call);
	long left;

	dnfs_may_wait(call);
	if (call->unresolved && !call->resolved) {
		ditto_names_token_prefetch(call->srv, call->unresolved_ident ?
						      call->ident.uid : call->unresolved->uid);
		call->resolved = true;
	} else if (call->absent.node && call->data_wait) {
		/* Each wait consumes at least one jiffy, so that the retries end. */
		left = ditto_offload_pause(&call->absent, call->data_wait);
		call->data_wait = left ? left - 1 : 0;
	} else {
		left = ditto_claim_pause(&call->awaited->point, call->break_wait);
		call->break_wait = left ? left - 1 : 0;
	}
	atomic_dec(threads);
	dnfs_await_end(call);
}
