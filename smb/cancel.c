// SPDX-License-Identifier: GPL-2.0-only
/*
 * CANCEL: MS-SMB2 section 3.3.5.16. It has no answer; its victim has one. A victim
 * that is not there, or past waiting, goes on as if nothing was.
 */
#include "call.h"
#include "conn.h"
#include "message.h"

static bool is_victim(const struct dsmb_call *cancel, const struct dsmb_call *call)
{
	if (call == cancel || call->command == DSMB_CANCEL)
		return false;
	if (cancel->flags & DSMB_FLAG_ASYNC)
		return call->async_id && call->async_id == cancel->async_id;
	return call->message_id == cancel->message_id;
}

/* 3.3.5.16: of the same session only. One without a session was signed by nobody. */
static bool may_cancel(const struct dsmb_call *cancel, const struct dsmb_call *victim)
{
	if (victim->session_id != cancel->session_id)
		return false;
	return cancel->session || !victim->cmd || !(victim->cmd->flags & DSMB_NEEDS_SESSION);
}

void dsmb_cancel(struct dsmb_call *cancel)
{
	struct dsmb_conn *conn = cancel->conn;
	struct dsmb_call *call, *victim = NULL;

	spin_lock(&conn->lock);
	list_for_each_entry(call, &conn->calls, list) {
		if (!is_victim(cancel, call))
			continue;
		dsmb_message_hold(call->message);
		victim = call;
		break;
	}
	spin_unlock(&conn->lock);
	if (!victim)
		return;
	if (may_cancel(cancel, victim))
		/* Its answer goes before those to what the client sends next, as far as can be. */
		dsmb_call_cancel_here(victim, DSMB_CANCELLED);
	dsmb_message_put(victim->message);
}
