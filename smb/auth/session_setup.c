// SPDX-License-Identifier: GPL-2.0-only
/*
 * SESSION_SETUP: MS-SMB2 sections 2.2.5, 2.2.6 and 3.3.5.5.
 *
 * An authentication takes one or more steps; each is a client request whose token the helper
 * answers. It is for a new session, for a reauthentication (the ticket ended), or for a session
 * that is bound to one more connection (channel.c).
 *
 * No worker waits for the helper: the call is parked while the helper has its token, and also
 * while its response is delayed against password guessing.
 *
 * Locking: only one step of a channel runs at a time (channel->busy); no lock is held while the
 * helper works. If the channel was taken off by then, the step aborts the authentication at the
 * helper.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "../../net/helper/auth.h"
#include "../../net/helper/login_delay.h"
#include "../../net/peer.h"
#include "../../net/server.h"
#include "../server.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "../transport/trust.h"
#include "session_setup.h"

#define RESPONSE_SIZE		9
#define RESPONSE_HEAD		(RESPONSE_SIZE - 1)	/* bytes before the token */
#define BLOB_OFFSET		(sizeof(struct dsmb_header) + RESPONSE_HEAD)

struct setup_res {
	u16 flags;
	u16 token_len;
};

static u32 session_setup_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in;
	struct dsmb_setup *req = args;
	u16 offset, len;

	req->flags = dsmb_get_u8(in);
	req->mode = dsmb_get_u8(in);
	dsmb_skip(in, 8);		/* Capabilities, Channel */
	offset = dsmb_get_u16(in);
	len = dsmb_get_u16(in);
	req->previous = dsmb_get_u64(in);
	req->token = dsmb_window(in, offset, len);
	req->message_id = call->message_id;
	return in->bad ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

/*
 * Counts a step of a reauthentication, which has no time limit: its client may begin anew without
 * end. Returns true if the session has taken more of them than clients need.
 */
static bool renewal_is_frequent(struct dsmb_session *session)
{
	time64_t now = ktime_get_seconds();

	lockdep_assert_held(&session->lock);
	if (!session->renewals || now - session->renewals_since >= DSMB_RENEWALS_S) {
		session->renewals_since = now;
		session->renewals = 0;
	}
	return ++session->renewals > DSMB_RENEWALS_MAX;
}

/*
 * Takes the channel for a step. @auth is set to the helper's number of the authentication, or 0.
 * @slow: the response is to be delayed
 */
static u32 step_begin(struct dsmb_channel *channel, bool *first, u64 *auth, bool *slow)
{
	struct dsmb_session *session = channel->session;
	u32 status = STATUS_SUCCESS;

	mutex_lock(&session->lock);
	if (session->state == DSMB_SESSION_CLOSED || channel->dead) {
		status = STATUS_USER_SESSION_DELETED;
	} else if (channel->busy) {
		status = STATUS_REQUEST_NOT_ACCEPTED;
	} else {
		channel->busy = true;
		*first = !channel->going;
		channel->going = true;
		*auth = channel->auth;
		channel->auth = 0;
		*slow = channel->ready && renewal_is_frequent(session);
	}
	mutex_unlock(&session->lock);
	return status;
}

/*
 * Ends a step. @auth is the number of the authentication that continues, or 0. Returns false if the
 * channel was taken off during the step.
 */
static bool step_end(struct dsmb_channel *channel, u64 auth)
{
	struct dsmb_session *session = channel->session;
	bool dead;

	mutex_lock(&session->lock);
	dead = channel->dead;
	if (dead || !auth)
		ditto_uncharge(&channel->login);
	channel->busy = false;
	channel->going = auth;
	if (!dead)
		channel->auth = auth;
	mutex_unlock(&session->lock);

	if (dead && auth)
		ditto_auth_abort(session->server->srv, auth);
	if (dead || !auth)
		dsmb_auth_disarm(channel);
	return !dead;
}

static u32 auth_status(const struct dsmb_conn *conn, const struct ditto_auth *auth, int err)
{
	const char *user = auth->claimed ?: "";

	switch (err) {
	case -EACCES:
		dsmb_log_refused(conn, user, "refused by the helper, whose log says why");
		return STATUS_LOGON_FAILURE;
	case -EINVAL:
		dsmb_log_refused(conn, user, "what it sent is malformed");
		return STATUS_INVALID_PARAMETER;
	case -ENOMEM:
		return STATUS_INSUFFICIENT_RESOURCES;
	case -ECANCELED:
		return STATUS_CANCELLED;
	case -ECONNREFUSED:
		pr_warn_ratelimited("%s cannot log in: there is no helper\n", conn->name);
		return STATUS_NO_LOGON_SERVERS;
	case -EAGAIN:
		pr_warn_ratelimited("%s cannot log in: the helper gets no answer in time, see its log\n",
				    conn->name);
		return STATUS_NO_LOGON_SERVERS;
	default:
		pr_warn_ratelimited("%s cannot log in: the helper did not answer: error %d\n",
				    conn->name, err);
		return STATUS_NO_LOGON_SERVERS;
	}
}

/* The helper accepted the token: fills the results, and adds the helper's token to the response. */
static u32 step_answer(struct dsmb_call *call, struct dsmb_channel *channel,
		       const struct ditto_auth *auth, const struct dsmb_setup *req,
		       struct setup_res *res)
{
	u32 status = STATUS_MORE_PROCESSING_REQUIRED;

	if (auth->reply_len > U16_MAX ||
	    dsmb_reply_reserve(call, RESPONSE_SIZE + auth->reply_len))
		return STATUS_INSUFFICIENT_RESOURCES;
	if (auth->done) {
		status = dsmb_session_finish(channel, auth, req);
		if (status)
			return status;
		res->flags = dsmb_session_flags(channel->session);
	}
	dsmb_builder_reserve(&call->out, RESPONSE_HEAD);
	if (auth->reply_len)
		dsmb_encode_bytes(&call->out, auth->reply, auth->reply_len);
	res->token_len = auth->reply_len;
	call->keep_body = true;
	return status;
}

/* Extends the preauthentication hash by the request, until the keys are derived. */
static u32 step_hash(struct dsmb_call *call, struct dsmb_channel *channel, bool first)
{
	struct dsmb_conn *conn = channel->conn;

	if (conn->dialect != DSMB_DIALECT_311 || channel->ready)
		return STATUS_SUCCESS;
	if (first)
		memcpy(channel->preauth, conn->preauth, sizeof(channel->preauth));
	return dsmb_preauth_update(channel->preauth, call->in.data, call->in.size) ?
	       STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

/**
 * struct setup_step - a step, from its token's way to the helper to its response
 * @auth: request to the helper, and its answer
 * @call: the call, parked
 * @answered: the helper answered; set with release semantics
 * @error: errno of the answer
 * @question: charge for the request to the helper, until it is answered
 * @slow: one of too many
 * @held: the check for a delayed response was made
 * @hold: resumes the call when the delay is over
 */
struct setup_step {
	struct ditto_auth auth;
	struct dsmb_call *call;
	bool answered;
	int error;
	struct ditto_charge question;
	bool slow;
	bool held;
	struct delayed_work hold;
};

/* Ends a step with a status, frees it, and returns the status of the response. */
static u32 step_close(struct dsmb_call *call, u32 status)
{
	struct ditto_server *srv = call->conn->server->srv;
	struct dsmb_channel *channel = call->channel;
	struct setup_step *step = call->private;
	struct ditto_auth *auth = &step->auth;
	bool alive;

	call->private = NULL;
	call->cancel = NULL;
	cancel_delayed_work_sync(&step->hold);
	if (status != STATUS_MORE_PROCESSING_REQUIRED && auth->id && !auth->done) {
		ditto_auth_abort(srv, auth->id);
		auth->id = 0;
	}
	ditto_uncharge(&step->question);
	alive = step_end(channel, auth->done ? 0 : auth->id);
	if (status && status != STATUS_MORE_PROCESSING_REQUIRED)
		dsmb_session_setup_failed(channel, status);
	else if (!alive)
		status = STATUS_USER_SESSION_DELETED;

	if (auth->user)
		ditto_auth_user_put(auth->user);
	kvfree(auth->reply);
	kfree(auth->claimed);
	kfree_sensitive(step);
	return status;
}

/* The step must not be touched after this: the call may run and end. */
static void step_wake(struct setup_step *step, int err)
{
	ditto_uncharge(&step->question);
	step->error = err;
	/* Pairs with step_resume(). */
	smp_store_release(&step->answered, true);
	dsmb_call_rerun(step->call);
}

static void step_answered(struct ditto_upcall_req *ask, int err)
{
	step_wake(container_of(ask, struct setup_step, auth.ask), err);
}

static void step_cancel(struct dsmb_call *call)
{
	struct setup_step *step = call->private;

	/* The step is at the helper or delayed; otherwise it continues by itself. */
	if (ditto_upcall_cancel(&step->auth.ask) || cancel_delayed_work(&step->hold))
		step_wake(step, -ECANCELED);
}

static void step_held(struct work_struct *work)
{
	struct setup_step *step = container_of(to_delayed_work(work), struct setup_step, hold);

	dsmb_call_rerun(step->call);
}

/*
 * A ticket is no guess, and neither is a reauthentication or binding by the session's own user,
 * who has the session's key. Such a client must not be locked out by others that guess from the
 * same address.
 */
static bool step_is_beyond_guessing(const struct setup_step *step)
{
	const struct dsmb_channel *channel = step->call->channel;
	const struct ditto_auth *auth = &step->auth;

	return auth->expires != TIME64_MAX ||
	       ((channel->ready || channel->binding) &&
		dsmb_user_is_same(channel->session->user, auth->user));
}

/*
 * Returns the delay of the response in ms, as it may be a guess of a password. An anonymous login
 * is none. A login refused here is answered like a wrong password, and as late. Without an answer
 * from a directory, the password may be right, and an early response would say so.
 */
static u32 step_guess_delay(struct setup_step *step)
{
	struct dsmb_conn *conn = step->call->conn;
	struct ditto_auth *auth = &step->auth;
	bool good = !step->error && auth->done;
	const char *name = good ? auth->user->name : auth->claimed;
	u32 wait_ms;

	if (!name || (good && auth->user->anonymous))
		return 0;
	if (!good && step->error != -EACCES && step->error != -EAGAIN)
		return 0;
	if (good && step_is_beyond_guessing(step))
		return 0;
	if (ditto_login_delay(conn->server->srv, &conn->peer->addr, name, step->error,
			      ktime_to_ms(ktime_get()), &wait_ms)) {
		step->error = -EACCES;
		if (good)
			auth->claimed = kstrdup(name, GFP_KERNEL);
	}
	return wait_ms;
}

/* Is the response to be sent later, by another run of the call? */
static bool step_hold(struct setup_step *step)
{
	struct dsmb_server *server = step->call->conn->server;
	u32 wait_ms;

	if (step->held)
		return false;
	step->held = true;
	wait_ms = step_guess_delay(step);
	if (step->slow && step->error != -ECANCELED)
		wait_ms = max(wait_ms, READ_ONCE(server->srv->settings.login_delay_ms));
	return wait_ms && queue_delayed_work(server->slow, &step->hold, msecs_to_jiffies(wait_ms));
}

/* Continues a step when the call runs again. */
static u32 step_resume(struct dsmb_call *call, const struct dsmb_setup *req, struct setup_res *res)
{
	struct setup_step *step = call->private;
	u32 status;

	/* Pairs with step_wake(). */
	if (!smp_load_acquire(&step->answered) || step_hold(step))
		return DSMB_PARKED;
	if (step->error) {
		/*
		 * An error ends the authentication at the helper; a cancelled one must be
		 * aborted there.
		 */
		if (step->error != -ECANCELED)
			step->auth.id = 0;
		status = auth_status(call->conn, &step->auth, step->error);
	} else {
		status = step_answer(call, call->channel, &step->auth, req, res);
	}
	return step_close(call, status);
}

/* Charges the authentication from its first to its last step, and each request to the helper. */
static int step_charge(struct setup_step *step, struct dsmb_channel *channel, bool first)
{
	const struct ditto_principal who = dsmb_conn_principal(step->call->conn);
	int err = 0;

	if (first)
		err = ditto_charge(&channel->login, &who, DITTO_BUDGET_LOGINS, 1);
	return err ?: ditto_charge(&step->question, &who, DITTO_BUDGET_QUESTIONS, 1);
}

static u32 session_setup_step(struct dsmb_call *call, const struct dsmb_setup *req)
{
	struct dsmb_channel *channel = call->channel;
	struct dsmb_conn *conn = call->conn;
	struct setup_step *step;
	bool first;
	u32 status;

	step = kzalloc(sizeof(*step), GFP_KERNEL);
	if (!step)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = step_begin(channel, &first, &step->auth.id, &step->slow);
	if (status) {
		kfree(step);
		return status;
	}
	step->call = call;
	INIT_DELAYED_WORK(&step->hold, step_held);
	step->auth.token = req->token.data;
	step->auth.token_len = req->token.size;
	step->auth.peer = conn->name;
	step->auth.ask.peer = conn->peer->addr;
	/* The user is not known yet, so the requests take turns by connection. */
	step->auth.ask.user = (unsigned long)conn;
	step->auth.ask.done = step_answered;
	call->private = step;
	if (step_charge(step, channel, first))
		return step_close(call, STATUS_INSUFFICIENT_RESOURCES);
	if (first)
		dsmb_auth_arm(channel);
	status = step_hash(call, channel, first);
	if (status)
		return step_close(call, status);
	call->cancel = step_cancel;
	call->quiet = true;
	/* The helper may have answered already; the call continues when it is woken. */
	ditto_auth_step(conn->server->srv, &step->auth);
	return DSMB_PARKED;
}

static u32 session_setup_new(struct dsmb_call *call, struct dsmb_channel **channel,
			     struct dsmb_session **session)
{
	int err;

	*session = dsmb_session_new(call->conn);
	if (!*session)
		return STATUS_INSUFFICIENT_RESOURCES;
	err = dsmb_channel_new(call->conn, *session, false, channel);
	if (!err)
		return STATUS_SUCCESS;
	dsmb_session_close(*session, "no connection for it");
	dsmb_session_put(*session);
	return err == -ESHUTDOWN ? DSMB_DROP : STATUS_INSUFFICIENT_RESOURCES;
}

/* A reauthentication must be signed like any request of the session (MS-SMB2 section 3.3.5.2.4). */
static u32 renewal_check(struct dsmb_call *call, struct dsmb_session *session,
			 struct dsmb_channel *channel)
{
	if (!channel->signer || call->encrypted)
		return STATUS_SUCCESS;
	if (!(call->flags & DSMB_FLAG_SIGNED))
		return session->signing_required ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
	return dsmb_setup_signature(call, channel->signer);
}

/* Finds the authentication that goes on, or the session that is authenticated again. */
static u32 session_setup_find(struct dsmb_call *call, struct dsmb_channel **channel,
			      struct dsmb_session **session)
{
	u32 status = STATUS_USER_SESSION_DELETED;

	*channel = dsmb_channel_find(call->conn, call->session_id, session);
	if (!*channel)
		goto refuse;
	if ((*channel)->binding)
		status = STATUS_INVALID_PARAMETER;
	else
		status = (*channel)->ready ? renewal_check(call, *session, *channel) :
					     STATUS_SUCCESS;
	if (!status)
		return STATUS_SUCCESS;
	dsmb_channel_put(*channel);
	dsmb_session_put(*session);
refuse:
	/*
	 * A client with the session's key, but not the channel's, gets a response signed with the
	 * session's key.
	 */
	dsmb_refuse_foreign(call);
	return status;
}

static u32 session_setup_exec(struct dsmb_call *call, void *args, void *res)
{
	const struct dsmb_setup *req = args;
	struct dsmb_channel *channel = NULL;
	struct dsmb_session *session = NULL;
	u32 status;

	if (call->private)
		return step_resume(call, req, res);
	if (req->flags & DSMB_SETUP_BINDING)
		status = dsmb_bind_begin(call, &channel, &session);
	else if (!call->session_id)
		status = session_setup_new(call, &channel, &session);
	else
		status = session_setup_find(call, &channel, &session);
	if (status)
		return status;
	/* The response has the session's id and is signed with its key. */
	call->session = session;
	call->channel = channel;
	return session_setup_step(call, req);
}

/* The token is there already, behind the bytes that are written here. */
static void session_setup_encode(struct dsmb_call *call, u32 status, const void *res)
{
	const struct setup_res *r = res;
	struct dsmb_builder *out = &call->out;

	dsmb_back(out, 0);
	dsmb_encode_u16(out, RESPONSE_SIZE);
	dsmb_encode_u16(out, r->flags);
	dsmb_encode_u16(out, BLOB_OFFSET);
	dsmb_encode_u16(out, r->token_len);
	dsmb_room(out, r->token_len);
}

/* A step that did not end is left over only if the connection has ended. */
static void session_setup_release(struct dsmb_call *call, void *args)
{
	if (call->private)
		step_close(call, STATUS_CANCELLED);
}

const struct dsmb_command dsmb_command_session_setup = {
	.name = "session_setup",
	.structure_size = 25,
	.flags = DSMB_SLOW,
	.args_size = sizeof(struct dsmb_setup),
	.res_size = sizeof(struct setup_res),
	.decode = session_setup_decode,
	.exec = session_setup_exec,
	.encode = session_setup_encode,
	.release = session_setup_release,
};
