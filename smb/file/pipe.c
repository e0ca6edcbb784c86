// SPDX-License-Identifier: GPL-2.0-only
/*
 * Named pipes of IPC$, served by the helper: MS-SMB2 sections 3.3.5.12, 3.3.5.13 and 3.3.5.15.3.
 *
 * No worker waits for the helper: a call that sends it a request is parked, and runs again when the
 * reply has arrived. One call at a time uses a pipe, so that messages keep their order; the other
 * calls are parked in their order. STATUS_PENDING is not sent for this, because the wait is
 * bounded, and clients do not expect it from a pipe that responds.
 *
 * A READ of an empty pipe waits without limit until a message gets a reply, and STATUS_PENDING is
 * sent (MS-SMB2 section 3.3.4.2). While it waits, others may write to the pipe. A reply goes to the
 * READ that has waited longest, before the next message is written.
 *
 * Pipes are in message mode: a READ gets at most one of the messages of a reply (MS-SMB2 section
 * 3.3.5.12), because clients take what they get for one.
 *
 * Locking: pipe->lock guards which job uses the pipe, the queues of waiting jobs, and the reply,
 * which only the job that uses the pipe changes.
 *
 * Lifetime: the open and each job have a reference to the pipe. A call has one job, from its first
 * use of the pipe to dsmb_pipe_done() or its end.
 */

#include <linux/ctype.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../../net/helper/auth.h"
#include "../../net/peer.h"
#include "../auth/session.h"
#include "../open/open.h"
#include "../server.h"
#include "../transport/call.h"
#include "../transport/conn.h"
#include "../transport/message.h"
#include "../wire/name.h"
#include "pipe.h"

/* Longest name of a pipe that is requested from the helper, with its terminator. */
#define DSMB_PIPE_NAME_MAX	32

/**
 * struct dsmb_pipe - an open pipe
 * @srv: server whose helper serves the pipe
 * @id: the helper's number of the pipe
 * @ref: see above
 * @lock: spinlock, see above
 * @busy: a job uses the pipe
 * @waiting: struct dsmb_pipe_job: jobs that wait for the pipe
 * @readers: struct dsmb_pipe_job: jobs that wait for a reply
 * @gone: the helper does not know the pipe any more
 * @charge: charge for the open pipe; constant
 * @out: last reply, or NULL: messages, each behind its length
 * @out_len: bytes of @out
 * @out_pos: bytes of @out that were read
 * @message_left: bytes of the present message that were not read; 0 before its length
 */
struct dsmb_pipe {
	struct ditto_server *srv;
	u64 id;
	refcount_t ref;
	spinlock_t lock;	/* see above */
	bool busy;
	struct list_head waiting;
	struct list_head readers;
	bool gone;
	struct ditto_charge charge;
	void *out;
	size_t out_len;
	size_t out_pos;
	u32 message_left;
};

/**
 * struct dsmb_pipe_job - use of a pipe by a call
 * @ask: request to the helper
 * @call: the call
 * @pipe: the pipe, with a reference; NULL while one is opened
 * @list: link in @waiting or @readers of the pipe
 * @has: the job uses the pipe; under the pipe's lock
 * @asked: the request was sent to the helper
 * @done: the helper has replied
 * @error: result of the request, valid with @done
 * @opening: charge for the pipe that is opened
 * @question: charge for the request, until the helper replies
 * @name: name of the pipe that is opened
 */
struct dsmb_pipe_job {
	struct ditto_pipe_ask ask;
	struct dsmb_call *call;
	struct dsmb_pipe *pipe;
	struct list_head list;
	bool has;
	bool asked;
	bool done;
	int error;
	struct ditto_charge opening;
	struct ditto_charge question;
	char name[DSMB_PIPE_NAME_MAX];
};

static u32 dsmb_pipe_status(int err)
{
	switch (err) {
	case 0:
		return STATUS_SUCCESS;
	case -ENOENT:
		return STATUS_PIPE_DISCONNECTED;
	case -EINVAL:
		return STATUS_INVALID_PARAMETER;
	case -ENOMEM:
		return STATUS_INSUFFICIENT_RESOURCES;
	case -ETIMEDOUT:
		return STATUS_IO_TIMEOUT;
	}
	return STATUS_PIPE_NOT_AVAILABLE;
}

/* Names of pipes are case-insensitive; old clients prefix them with "PIPE\". */
static bool dsmb_pipe_name(const struct dsmb_path *path, char *name)
{
	static const char prefix[] = "pipe/";
	const char *from = path->path;
	u32 len = path->len, i;

	if (len >= sizeof(prefix) && !strncasecmp(from, prefix, sizeof(prefix) - 1)) {
		from += sizeof(prefix) - 1;
		len -= sizeof(prefix) - 1;
	}
	if (!len || len >= DSMB_PIPE_NAME_MAX || path->stream)
		return false;
	for (i = 0; i < len; i++)
		name[i] = tolower(from[i]);
	name[len] = 0;
	return true;
}

static void dsmb_pipe_put(struct dsmb_pipe *pipe)
{
	if (!refcount_dec_and_test(&pipe->ref))
		return;
	ditto_pipe_close(pipe->srv, pipe->id);
	ditto_uncharge(&pipe->charge);
	kvfree(pipe->out);
	kfree(pipe);
}

/*
 * Close a named pipe when its open is freed. @pipe: the pipe, or NULL; no call uses it any more.
 * The helper is notified.
 */
void dsmb_pipe_free(struct dsmb_pipe *pipe)
{
	if (pipe)
		dsmb_pipe_put(pipe);
}

/* Release the pipe and pass it to the next job. Called with pipe->lock held. */
static void dsmb_pipe_leave_locked(struct dsmb_pipe_job *job)
{
	struct dsmb_pipe *pipe = job->pipe;
	struct dsmb_pipe_job *next = NULL;

	lockdep_assert_held(&pipe->lock);
	list_del_init(&job->list);
	if (!job->has)
		return;
	job->has = false;
	if (pipe->out || pipe->gone)
		next = list_first_entry_or_null(&pipe->readers, struct dsmb_pipe_job, list);
	if (!next)
		next = list_first_entry_or_null(&pipe->waiting, struct dsmb_pipe_job, list);
	if (next) {
		list_del_init(&next->list);
		next->has = true;
		/*
		 * Under the lock: the job is not found here any more, so its call may end
		 * afterwards.
		 */
		dsmb_call_rerun(next->call);
	}
	pipe->busy = next;
}

static void dsmb_pipe_leave(struct dsmb_pipe_job *job)
{
	if (!job->pipe)
		return;
	spin_lock(&job->pipe->lock);
	dsmb_pipe_leave_locked(job);
	spin_unlock(&job->pipe->lock);
}

/*
 * Release the pipe for the next call. Must be called unless a function here returned DSMB_PARKED,
 * and by the release function of the command. It does nothing if the call does not have the pipe.
 */
void dsmb_pipe_done(struct dsmb_call *call)
{
	struct dsmb_pipe_job *job = call->private;

	if (!job)
		return;
	call->private = NULL;
	call->cancel = NULL;
	dsmb_pipe_leave(job);
	if (job->pipe)
		dsmb_pipe_put(job->pipe);
	else if (job->done && !job->error && job->ask.id)
		ditto_pipe_close(call->conn->server->srv, job->ask.id);
	ditto_uncharge(&job->question);
	ditto_uncharge(&job->opening);
	kvfree(job->ask.out);
	kfree(job);
}

/* The release function of a command that may use a pipe: dsmb_pipe_done(). @args are unused. */
void dsmb_pipe_release(struct dsmb_call *call, void *args)
{
	dsmb_pipe_done(call);
}

static bool dsmb_pipe_is_answered(const struct dsmb_pipe_job *job)
{
	/* Pairs with dsmb_pipe_answered(). */
	return smp_load_acquire(&job->done);
}

/*
 * The status of a cancelled call: CANCEL was received, too many calls wait, or the open or session
 * ends; then the pipe is broken for a READ.
 */
static u32 dsmb_pipe_cancelled(const struct dsmb_call *call)
{
	if (call->cancel_status == STATUS_INSUFFICIENT_RESOURCES)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (call->cancel_status == STATUS_CANCELLED || call->command != DSMB_READ)
		return STATUS_CANCELLED;
	return STATUS_PIPE_BROKEN;
}

/* Cancel a parked call, which waits for the pipe or for a helper that may be replying. */
static void dsmb_pipe_cancel(struct dsmb_call *call)
{
	struct dsmb_pipe_job *job = call->private;
	bool waited = false;

	if (job->pipe) {
		spin_lock(&job->pipe->lock);
		waited = !list_empty(&job->list);
		list_del_init(&job->list);
		spin_unlock(&job->pipe->lock);
	}
	if (!waited && (!job->asked || dsmb_pipe_is_answered(job) ||
			!ditto_upcall_cancel(&job->ask.ask)))
		return;
	dsmb_pipe_leave(job);
	dsmb_call_complete(call, dsmb_pipe_cancelled(call));
}

static void dsmb_pipe_answered(struct ditto_upcall_req *ask, int err)
{
	struct dsmb_pipe_job *job = container_of(ask, struct dsmb_pipe_job, ask.ask);

	ditto_uncharge(&job->question);
	job->error = err;
	/* Pairs with dsmb_pipe_is_answered(). */
	smp_store_release(&job->done, true);
	dsmb_call_rerun(job->call);
}

/* Get the job of the call, and create it if there is none. Return: NULL without memory. */
static struct dsmb_pipe_job *dsmb_pipe_job(struct dsmb_call *call, struct dsmb_pipe *pipe)
{
	struct dsmb_pipe_job *job = call->private;

	if (job)
		return job;
	job = kzalloc(sizeof(*job), GFP_KERNEL);
	if (!job)
		return NULL;
	job->call = call;
	INIT_LIST_HEAD(&job->list);
	if (pipe) {
		refcount_inc(&pipe->ref);
		job->pipe = pipe;
	}
	job->ask.ask.peer = call->conn->peer->addr;
	job->ask.ask.user = __kuid_val(dsmb_session_acting_user(call->session)->uid);
	job->ask.ask.done = dsmb_pipe_answered;
	call->private = job;
	call->cancel = dsmb_pipe_cancel;
	call->quiet = true;
	return job;
}

/* Take the pipe. Return: DSMB_PARKED if another job uses it. */
static u32 dsmb_pipe_take(struct dsmb_pipe_job *job)
{
	struct dsmb_pipe *pipe = job->pipe;
	bool has;

	if (dsmb_call_is_cancelled(job->call))
		return dsmb_pipe_cancelled(job->call);
	spin_lock(&pipe->lock);
	if (!pipe->busy) {
		pipe->busy = true;
		job->has = true;
	}
	has = job->has;
	if (!has && list_empty(&job->list))
		list_add_tail(&job->list, &pipe->waiting);
	spin_unlock(&pipe->lock);
	return has ? STATUS_SUCCESS : DSMB_PARKED;
}

/* Ask the helper to open the pipe with this name. On success the job has the number of the pipe. */
static u32 dsmb_pipe_ask_open(struct dsmb_call *call, const struct dsmb_path *path)
{
	struct dsmb_pipe_job *job;

	job = dsmb_pipe_job(call, NULL);
	if (!job)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (!job->asked) {
		if (dsmb_call_is_cancelled(call))
			return STATUS_CANCELLED;
		if (!dsmb_pipe_name(path, job->name))
			return STATUS_OBJECT_NAME_NOT_FOUND;
		if (ditto_charge(&job->opening, &call->session->who, DITTO_BUDGET_PIPES, 1) ||
		    ditto_charge(&job->question, &call->session->who, DITTO_BUDGET_QUESTIONS, 1))
			return STATUS_INSUFFICIENT_RESOURCES;
		job->asked = true;
		job->ask.name = job->name;
		job->ask.opener = dsmb_session_acting_user(call->session);
		job->ask.session = call->session->id;
		/* The reply may be there already, but the call continues when it is run again. */
		ditto_pipe_open(call->conn->server->srv, &job->ask);
		return DSMB_PARKED;
	}
	if (!dsmb_pipe_is_answered(job))
		return DSMB_PARKED;
	return job->error == -ENOENT ? STATUS_OBJECT_NAME_NOT_FOUND : dsmb_pipe_status(job->error);
}

/*
 * Open a named pipe. Return: a status; STATUS_OBJECT_NAME_NOT_FOUND for an unknown pipe;
 * DSMB_PARKED until the helper has replied: the handler returns it, and is run again.
 */
u32 dsmb_pipe_create(struct dsmb_call *call, const struct dsmb_path *path,
		     struct dsmb_open *open)
{
	struct dsmb_open_rare *rare;
	struct dsmb_pipe_job *job;
	struct dsmb_pipe *pipe;
	u32 status;

	status = dsmb_pipe_ask_open(call, path);
	if (status)
		return status;
	rare = dsmb_open_rare(open);
	pipe = rare ? kzalloc(sizeof(*pipe), GFP_KERNEL) : NULL;
	if (!pipe)
		return STATUS_INSUFFICIENT_RESOURCES;
	job = call->private;
	pipe->srv = call->conn->server->srv;
	swap(pipe->id, job->ask.id);
	swap(pipe->charge, job->opening);
	refcount_set(&pipe->ref, 1);
	spin_lock_init(&pipe->lock);
	INIT_LIST_HEAD(&pipe->waiting);
	INIT_LIST_HEAD(&pipe->readers);
	rare->pipe = pipe;
	dsmb_pipe_done(call);
	return STATUS_SUCCESS;
}

/* Check whether a named pipe exists. Return: a status, or DSMB_PARKED as for dsmb_pipe_create(). */
u32 dsmb_pipe_wait(struct dsmb_call *call, struct dsmb_cursor name)
{
	struct dsmb_path path;
	u32 status;
	int err;

	err = dsmb_path_parse(&path, name);
	if (err)
		return dsmb_path_status(err);
	status = dsmb_pipe_ask_open(call, &path);
	dsmb_path_free(&path);
	return status;
}

/*
 * Write a message to a pipe. @data: the message; must stay until the helper has replied; @len:
 * bytes of @data. The reply of the helper waits to be read. Return: a status, or DSMB_PARKED until
 * the pipe is free and the helper has replied.
 */
u32 dsmb_pipe_write(struct dsmb_call *call, struct dsmb_open *open, const void *data, u32 len)
{
	struct dsmb_pipe_job *job;
	struct dsmb_pipe *pipe;
	u32 status;

	if (len > DITTO_PIPE_MAX)
		return STATUS_INVALID_PARAMETER;
	job = dsmb_pipe_job(call, dsmb_open_pipe(open));
	if (!job)
		return STATUS_INSUFFICIENT_RESOURCES;
	pipe = job->pipe;
	if (!job->asked) {
		status = dsmb_pipe_take(job);
		if (status)
			return status;
		if (ditto_charge(&job->question, &call->session->who, DITTO_BUDGET_QUESTIONS, 1))
			return STATUS_INSUFFICIENT_RESOURCES;
		job->asked = true;
		job->ask.id = pipe->id;
		job->ask.in = data;
		job->ask.in_len = len;
		ditto_pipe_call(pipe->srv, &job->ask);
		return DSMB_PARKED;
	}
	if (!dsmb_pipe_is_answered(job))
		return DSMB_PARKED;
	spin_lock(&pipe->lock);
	if (!job->error && job->ask.out) {
		swap(pipe->out, job->ask.out);
		pipe->out_len = job->ask.out_len;
		pipe->out_pos = 0;
		pipe->message_left = 0;
	}
	/*
	 * No reply will arrive any more; jobs that wait for one are woken when the pipe is
	 * released.
	 */
	if (job->error == -ENOENT)
		pipe->gone = true;
	spin_unlock(&pipe->lock);
	/* A reply that was not read before the next message is dropped. */
	kvfree(job->ask.out);
	job->ask.out = NULL;
	return dsmb_pipe_status(job->error);
}

/* There is nothing to read: release the pipe, and wait for a reply. */
static u32 dsmb_pipe_await(struct dsmb_pipe_job *job)
{
	struct dsmb_pipe *pipe = job->pipe;

	if (pipe->gone)
		return STATUS_PIPE_DISCONNECTED;
	/*
	 * Requests behind it in the compound would wait as long, among them perhaps the WRITE that
	 * it waits for.
	 */
	if (!dsmb_message_is_at_last(job->call->message))
		return STATUS_PIPE_EMPTY;
	job->call->quiet = false;
	job->call->endless = true;
	spin_lock(&pipe->lock);
	dsmb_pipe_leave_locked(job);
	list_add_tail(&job->list, &pipe->readers);
	spin_unlock(&pipe->lock);
	return DSMB_PARKED;
}

/* Read the length of the message at the present position. */
static u32 dsmb_pipe_message_len(const struct dsmb_pipe *pipe)
{
	return get_unaligned((u32 *)(pipe->out + pipe->out_pos));
}

/*
 * Read the helper's reply from a pipe. @max: bytes of @data; @len: set to the bytes read, also with
 * STATUS_BUFFER_OVERFLOW. A READ waits for a reply if there is none. STATUS_PIPE_EMPTY is returned
 * to a call that wrote the message whose reply it reads, and to a call that other requests of its
 * compound would wait for. Return: STATUS_SUCCESS; STATUS_BUFFER_OVERFLOW if more of the message is
 * left; STATUS_PIPE_EMPTY; STATUS_PIPE_DISCONNECTED if there will be no reply; STATUS_PIPE_BROKEN
 * if the open ends; DSMB_PARKED until the pipe is free or has a reply.
 */
u32 dsmb_pipe_read(struct dsmb_call *call, struct dsmb_open *open, u32 max, void *data,
		   u32 *len)
{
	struct dsmb_pipe *pipe = dsmb_open_pipe(open);
	struct dsmb_pipe_job *job;
	void *out = NULL;
	u32 status;

	*len = 0;
	job = dsmb_pipe_job(call, pipe);
	if (!job)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = dsmb_pipe_take(job);
	if (status)
		return status;
	/* If the same call wrote a part of a message, there is no reply yet. */
	if (!pipe->out)
		return job->asked ? STATUS_PIPE_EMPTY : dsmb_pipe_await(job);
	spin_lock(&pipe->lock);
	if (!pipe->message_left) {
		pipe->message_left = dsmb_pipe_message_len(pipe);
		pipe->out_pos += sizeof(u32);
	}
	spin_unlock(&pipe->lock);
	*len = min(max, pipe->message_left);
	memcpy(data, pipe->out + pipe->out_pos, *len);
	spin_lock(&pipe->lock);
	pipe->out_pos += *len;
	pipe->message_left -= *len;
	if (pipe->message_left) {
		status = STATUS_BUFFER_OVERFLOW;
	} else if (pipe->out_pos == pipe->out_len) {
		swap(out, pipe->out);
		pipe->out_len = 0;
		pipe->out_pos = 0;
	}
	spin_unlock(&pipe->lock);
	kvfree(out);
	return status;
}

/* Get the number of bytes that wait to be read. Return: bytes of the message that is read next. */
u32 dsmb_pipe_left(struct dsmb_open *open)
{
	struct dsmb_pipe *pipe = dsmb_open_pipe(open);
	u32 left;

	spin_lock(&pipe->lock);
	left = pipe->message_left;
	if (!left && pipe->out)
		left = dsmb_pipe_message_len(pipe);
	spin_unlock(&pipe->lock);
	return left;
}
