// SPDX-License-Identifier: GPL-2.0-only
/* What calls do all the time, while slow calls are traced: net/slow_call.h. */
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "../../fs/node/node.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/share.h"
#include "../../fs/share/slow_file.h"
#include "../../lockd/client.h"
#include "../../lockd/range.h"
#include "../../net/peer.h"
#include "../../net/slow_call.h"
#include "../../net/stats.h"
#include "../auth/session.h"
#include "../open/open.h"
#include "../server.h"
#include "command.h"
#include "conn.h"
#include "message.h"

void dsmb_call_slow_begin(struct dsmb_call *call)
{
	/* A later call of a compound has not waited. CANCEL has no response. */
	if (!call->slow && !call->begun && call->cmd && call->command != DSMB_CANCEL)
		call->slow = ditto_slow_call_new(call->conn->server->srv,
						 call->message->pos ? ktime_get_ns() :
								      call->message->received);
	if (!call->slow)
		return;
	call->slow->protocol = call->conn->server->stats->name;
	call->slow->operation = call->cmd->name;
	call->slow->addr = call->conn->peer->addr;
	ditto_slow_call_enter(call->slow, DITTO_PHASE_RUN);
}

/* May the call be parked for long without being slow: for a change, or for what a pipe has? */
static bool is_endless(const struct dsmb_call *call)
{
	return call->endless || (call->cmd->flags & DSMB_ENDLESS && call->command != DSMB_LOCK);
}

static void slow_park(struct dsmb_call *call)
{
	enum ditto_phase phase = DITTO_PHASE_DATA;
	struct ditto_slow_call *slow = call->slow;
	struct ditto_lock_point *point = NULL;
	struct ditto_holding holding;
	struct ditto_node *node;
	bool breaking;

	if (dsmb_call_waits_for_names(call)) {
		ditto_slow_call_enter(slow, DITTO_PHASE_HELPER);
		return;
	}
	if (is_endless(call)) {
		ditto_slow_call_drop(slow);
		call->slow = NULL;
		return;
	}
	if (call->park.used)
		point = ditto_park_describe(&call->park, &breaking, &holding);
	if (!point) {
		/* A login; what another was parked for may be over already. */
		if (slow->phase != DITTO_PHASE_RANGE)
			ditto_slow_call_enter(slow, call->cancel ? DITTO_PHASE_HELPER :
								   DITTO_PHASE_QUEUE);
		return;
	}
	node = ditto_node_claimed(point);
	if (breaking)
		phase = DITTO_PHASE_BREAK;
	else if (node && test_bit(DITTO_NODE_WHOLE, &node->flags))
		/* It may also wait until a silent client has been withdrawn, which had no break. */
		phase = call->share && call->share->has_scan ? DITTO_PHASE_HELPER :
							       DITTO_PHASE_BREAK;
	ditto_slow_call_enter(slow, phase);
	if (breaking)
		ditto_slow_call_holder(slow, DITTO_PHASE_BREAK, holding.protocol, holding.client);
	if (node)
		ditto_slow_call_file(slow, call->share, node, true);
	point->ops->put(point);
}

void dsmb_call_slow_run(struct dsmb_call *call, u32 status)
{
	struct ditto_slow_call *slow = call->slow;
	struct ditto_client_who who;

	switch (status) {
	case DSMB_PARKED:
		slow_park(call);
		return;
	case DSMB_FS_FULL:
	case DSMB_TO_BE_RECORDED:
	case DSMB_TURN_OVER:
		ditto_slow_call_enter(slow, DITTO_PHASE_QUEUE);
		return;
	}
	ditto_slow_call_enter(slow, DITTO_PHASE_SEND);
	if (!call->session || !call->session->client.table)
		return;
	ditto_client_who(&call->session->client, &who);
	strscpy(slow->user, who.user);
}

/* Note whose range a call which is traced will wait for. Context: @req is valid. */
void dsmb_call_slow_range(struct dsmb_call *call, const struct ditto_range_request *req)
{
	struct ditto_conflict conflict;

	if (ditto_range_test(req, &conflict) == -EAGAIN)
		ditto_slow_call_holder(call->slow, DITTO_PHASE_RANGE, conflict.holding.protocol,
				       conflict.holding.client);
	ditto_slow_call_enter(call->slow, DITTO_PHASE_RANGE);
}

/* Note the open that a call which is traced is about. Context: the share is held. */
void dsmb_call_slow_open(struct dsmb_call *call, struct dsmb_open *open)
{
	struct ditto_op op = call->op;
	struct ditto_node *node;

	if (!open->inst || !call->share || ditto_instance_begin(open->inst, &op, &node))
		return;
	ditto_slow_call_file(call->slow, op.share, node, false);
	ditto_instance_end(open->inst, &op);
}
