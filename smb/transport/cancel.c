// SPDX-License-Identifier: GPL-2.0-only
/*
 * CANCEL: MS-SMB2 section 3.3.5.16. CANCEL has no response; the cancelled call has one. If no
 * call is found, or the call does not wait any more, CANCEL has no effect.
 */
#include "command.h"
#include "conn.h"
#include "message.h"

/* Under conn->lock: returns the call to cancel, or NULL. */
static struct dsmb_call *cancel_find_locked(struct dsmb_conn *conn, const struct dsmb_call *cancel)
{
	struct dsmb_call *call;

	lockdep_assert_held(&conn->lock);
	if (cancel->flags & DSMB_FLAG_ASYNC)
		return cancel->async_id <= U32_MAX ? xa_load(&conn->async, cancel->async_id) : NULL;
	hlist_for_each_entry(call, dsmb_conn_bucket(conn, cancel->message_id), by_id)
		if (call->message_id == cancel->message_id)
			return call;
	return NULL;
}

/*
 * Only calls of the same session can be cancelled (MS-SMB2 section 3.3.5.16). A CANCEL without
 * a session was not verified by any signature.
 */
static bool may_cancel(const struct dsmb_call *cancel, const struct dsmb_call *victim)
{
	if (victim->session_id != cancel->session_id)
		return false;
	return cancel->session || !victim->cmd || !(victim->cmd->flags & DSMB_NEEDS_SESSION);
}

static u32 cancel_exec(struct dsmb_call *cancel, void *args, void *res)
{
	struct dsmb_conn *conn = cancel->conn;
	struct dsmb_call *victim;

	spin_lock(&conn->lock);
	victim = cancel_find_locked(conn, cancel);
	if (victim)
		dsmb_message_hold(victim->message);
	spin_unlock(&conn->lock);
	if (!victim)
		return STATUS_SUCCESS;
	if (may_cancel(cancel, victim))
		/*
		 * Its response is sent before the responses to later requests, as far as
		 * possible.
		 */
		dsmb_call_cancel_here(victim, STATUS_CANCELLED);
	dsmb_message_put(victim->message);
	return STATUS_SUCCESS;
}

/* The body is reserved, and no response could say that it is malformed. */
const struct dsmb_command dsmb_command_cancel = {
	.name = "cancel",
	.flags = DSMB_FREES,
	.exec = cancel_exec,
};
