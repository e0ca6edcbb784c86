// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that wait a moment for conflicting holders to give way, or for the SIDs or groups of their
 * user.
 *
 * A client that gets NFS4ERR_DELAY retries after a tenth of a second at best, and one that gets
 * NFS3ERR_JUKEBOX after five seconds. A responsive holder gives way within a few milliseconds,
 * so it is better to wait. The setting break-wait-ms limits the time. A waiting call occupies a
 * service thread, so only some of the threads may wait; the others serve the requests by which
 * holders give way. A client's own delegations never conflict with its calls.
 *
 * For SIDs and for groups a call waits once each, DITTO_NAMES_WAIT_MS from the question to the
 * helper at most; for a record once, RECORD_WAIT_MS at most.
 */

#include "../../../lockd/claim.h"
#include "../../../net/helper/names.h"
#include "../../../net/peer.h"
#include "../../../net/slow_call.h"
#include "../../../net/task.h"
#include "../../node/node.h"
#include "../../share/cred.h"
#include "../../share/slow_file.h"
#include "../server.h"
#include "call.h"

/*
 * A disk needs some hundredths of a second for a record, or a few tenths under load. Clients of NLM
 * retry only after seconds.
 */
#define RECORD_WAIT_MS		500

/*
 * Note that a call conflicts with holders that were asked to give way. @node: node of the conflict;
 * takes a reference. Ignored if the call has a node already. For procedures that use the lock table
 * directly.
 */
void dnfs_await(struct dnfs_call *call, struct ditto_node *node)
{
	if (call->awaited)
		return;
	ditto_node_hold(node);
	call->awaited = node;
}

/*
 * Note that a call needs a record that is being written. @task: writes the record; takes a
 * reference. Ignored if the call has waited for a record already. The call must be refused then, so
 * that it is executed again.
 */
void dnfs_await_record(struct dnfs_call *call, struct ditto_task *task)
{
	if (call->recording || call->record_awaited)
		return;
	task->ops->hold(task);
	call->recording = task;
}

/* Forget what the call was to wait for. */
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
	call->grouping.needed = false;
	if (call->recording)
		call->recording->ops->put(call->recording);
	call->recording = NULL;
}

static bool awaits_helper(const struct dnfs_call *call)
{
	return (call->grouping.needed && !call->grouped) ||
	       (call->unresolved && !call->resolved) || call->recording;
}

/*
 * Decide whether a refused call waits and is executed again. A call waits if the lock table asked
 * holders to give way and the setting break-wait-ms leaves time, or once if the helper was asked
 * for SIDs or writes a record; and not too many threads are waiting. Context: any. Return: true if
 * dnfs_pause() must follow.
 */
bool dnfs_pause_begin(struct dnfs_call *call)
{
	if (!awaits_helper(call) && !(call->awaited && call->break_wait))
		return false;
	if (atomic_inc_return(&call->server->pausing) <= READ_ONCE(call->server->pausing_max))
		return true;
	atomic_dec(&call->server->pausing);
	return false;
}

/*
 * Note what a call waits for, if it is traced. @share: share of its file, held; or NULL. If the
 * client is told to come again after that, the trace tells that this was the reason.
 */
void dnfs_await_trace(struct dnfs_call *call, const struct ditto_share *share)
{
	struct ditto_slow_call *slow = call->slow;
	struct ditto_holding holding;

	if (!slow || !dnfs_awaits(call))
		return;
	slow->again = DITTO_PHASE_HELPER;
	if (call->absent.node) {
		slow->again = call->absent.unchecked ? DITTO_PHASE_HELPER : DITTO_PHASE_DATA;
		ditto_slow_call_file(slow, share, call->absent.node, true);
	} else if (call->awaited && !awaits_helper(call)) {
		slow->again = DITTO_PHASE_BREAK;
		ditto_slow_call_file(slow, share, call->awaited, true);
		if (ditto_break_describe(&call->awaited->point, &holding))
			ditto_slow_call_holder(slow, DITTO_PHASE_BREAK, holding.protocol,
					       holding.client);
	}
}

/*
 * Wait until the holders have given way, or the helper has answered. Waits for the rest of
 * @call->break_wait, or for DITTO_NAMES_WAIT_MS, at most. Context: sleeps; the caller must not hold
 * anything that a holder needs to give way.
 */
void dnfs_pause(struct dnfs_call *call)
{
	long left;

	if (unlikely(call->slow))
		ditto_slow_call_enter(call->slow, awaits_helper(call) ? DITTO_PHASE_HELPER :
							DITTO_PHASE_BREAK);
	/* Removing the share must not wait for it. */
	dnfs_call_drop_share(call);
	dnfs_may_wait(call);
	if (call->grouping.needed && !call->grouped) {
		ditto_names_groups_prefetch(call->srv, call->grouping.uid, &call->peer->addr);
		call->grouped = true;
	} else if (call->unresolved && !call->resolved) {
		ditto_names_token_prefetch(call->srv, call->unresolved_ident ?
						      call->ident.uid : call->unresolved->uid,
					   &call->peer->addr, NULL);
		call->resolved = true;
	} else if (call->recording) {
		ditto_task_wait(call->recording, msecs_to_jiffies(RECORD_WAIT_MS));
		call->record_awaited = true;
	} else {
		/* Each wait consumes at least one jiffy, so that the retries end. */
		left = ditto_claim_pause(&call->awaited->point, call->break_wait);
		call->break_wait = left ? left - 1 : 0;
	}
	atomic_dec(&call->server->pausing);
	dnfs_await_end(call);
	if (unlikely(call->slow)) {
		ditto_slow_call_enter(call->slow, DITTO_PHASE_RUN);
		call->slow->again = 0;
	}
}
