// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps common to all commands: the checks before a command is executed (MS-SMB2 section 3.3.5.2),
 * and the inheritance of related commands from the command before them (MS-SMB2 section
 * 3.3.5.2.7.2).
 *
 * Order: session, signature, tree, share, StructureSize, decoding, open, execution. The checks up
 * to the tree are made once, and so is decoding. Share and open are looked up for each run; the
 * share is held only while the command is executed.
 */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "../../fs/op/op.h"
#include "../../fs/share/share.h"
#include "../../net/peer.h"
#include "../../net/slow_call.h"
#include "../../net/stats.h"
#include "../auth/session.h"
#include "../auth/session_setup.h"
#include "../auth/tree.h"
#include "../open/durable.h"
#include "../open/lease.h"
#include "../open/open.h"
#include "../open/replay.h"
#include "../server.h"
#include "../trace.h"
#include "buf.h"
#include "command.h"
#include "conn.h"
#include "fs_limit.h"
#include "message.h"

#define FILE_ID_NONE		U64_MAX

/*
 * Does the CreditCharge cover a payload? (MS-SMB2 section 3.3.5.2.5). Context: any. Return: true if
 * it does, or the connection does not charge credits by size.
 */
bool dsmb_charge_covers(const struct dsmb_call *call, u32 bytes)
{
	return !call->conn->large_mtu || bytes <= (u32)call->charge * DSMB_CREDIT_BYTES;
}

/* A related command uses the session and the tree of the command before it. */
static u32 call_take_ids(struct dsmb_call *call)
{
	struct dsmb_message *message = call->message;
	struct dsmb_chain *chain = &message->chain;

	if (call->flags & DSMB_FLAG_RELATED) {
		if (!message->pos)
			chain->no_ids = true;
		if (chain->no_ids)
			return STATUS_INVALID_PARAMETER;
		call->session_id = chain->session_id;
		call->tree_id = chain->tree_id;
		return STATUS_SUCCESS;
	}
	memset(chain, 0, sizeof(*chain));
	return STATUS_SUCCESS;
}

/* Records what the next related command inherits from a call that has ended with @status. */
static void call_leave(struct dsmb_call *call, u32 status)
{
	struct dsmb_chain *chain = &call->message->chain;
	u16 needs = call->cmd ? call->cmd->flags : 0;

	chain->session_id = call->session ? call->session->id : call->session_id;
	chain->tree_id = call->tree ? call->tree->id : call->tree_id;
	/*
	 * A CREATE stopped by a symbolic link has no open either, though its status is a warning.
	 */
	if (call->command == DSMB_CREATE &&
	    (dsmb_is_error(status) || status == STATUS_STOPPED_ON_SYMLINK)) {
		chain->has_file = false;
		chain->failed = dsmb_is_error(status) ? status : STATUS_INVALID_HANDLE;
	}
	if ((needs & DSMB_NEEDS_SESSION) && !call->session)
		chain->no_ids = true;
	/*
	 * The tree of an expired session is not looked up; the next command fails with the same
	 * status.
	 */
	if ((needs & DSMB_NEEDS_TREE) && !call->tree && status != STATUS_NETWORK_SESSION_EXPIRED)
		chain->no_ids = true;
	if ((call->command == DSMB_SESSION_SETUP || call->command == DSMB_TREE_CONNECT) &&
	    dsmb_is_error(status))
		chain->no_ids = true;
}

/* The FileId of a request: MS-SMB2 section 2.2.14.1 */
struct dsmb_file_id {
	__le64 persistent;
	__le64 volatile_id;
} __packed;

/* The FileId where requests of this command have it, or NULL if the request ends before. */
static const struct dsmb_file_id *call_file_id(const struct dsmb_call *call)
{
	struct dsmb_cursor c = call->in;

	dsmb_seek(&c, call->cmd->file_id);
	return dsmb_get(&c, sizeof(struct dsmb_file_id));
}

/* Calls of one message arrive together, and are mostly for one session. */
static void call_find_arrived_session(struct dsmb_call *call)
{
	const struct dsmb_call *before = call > call->message->calls ? call - 1 : NULL;

	if (!before || !before->session || before->session_id != call->session_id) {
		call->session = dsmb_session_find(call->conn, call->session_id, &call->channel);
		return;
	}
	dsmb_session_hold(before->session);
	call->session = before->session;
	dsmb_channel_hold(before->channel);
	call->channel = before->channel;
}

/*
 * Look up the session and the open of a call on arrival. A related call is left alone, because the
 * calls before it decide what it is about. Context: process; only the thread that receives, or that
 * runs a large message that came encrypted or compressed.
 */
void dsmb_call_arrived(struct dsmb_call *call)
{
	const struct dsmb_file_id *id;

	if (!call->cmd || !call->cmd->file_id || (call->flags & DSMB_FLAG_RELATED))
		return;
	call_find_arrived_session(call);
	id = call_file_id(call);
	if (call->session && id)
		call->early = dsmb_open_find(call->session, le64_to_cpu(id->persistent),
					     le64_to_cpu(id->volatile_id));
}

/* Is the command refused because its session has expired (MS-SMB2 section 3.3.5.2.9)? */
static bool call_has_expired(const struct dsmb_call *call)
{
	return call->session && call->cmd->flags & DSMB_NEEDS_SESSION &&
	       READ_ONCE(call->session->state) == DSMB_SESSION_EXPIRED &&
	       call->command != DSMB_LOGOFF && call->command != DSMB_CLOSE &&
	       call->command != DSMB_LOCK;
}

/*
 * MS-SMB2 section 3.3.5.2.9. If the command needs no session, the session is looked up only to
 * verify a signature.
 */
static u32 call_find_session(struct dsmb_call *call)
{
	bool needed = call->cmd->flags & DSMB_NEEDS_SESSION;

	if (call->session_id && !call->session)
		call->session = dsmb_session_find(call->conn, call->session_id, &call->channel);
	/*
	 * A session on another connection must not sign here: a request captured there could be
	 * replayed here to obtain a response that is valid there.
	 */
	if (!call->session)
		return needed ? STATUS_USER_SESSION_DELETED : STATUS_SUCCESS;
	return call_has_expired(call) ? STATUS_NETWORK_SESSION_EXPIRED : STATUS_SUCCESS;
}

/* MS-SMB2 section 3.3.5.2.4. Decryption has authenticated an encrypted request. */
static u32 call_verify(struct dsmb_call *call)
{
	struct kvec vec = { .iov_base = (void *)call->in.data, .iov_len = call->in.size };
	struct dsmb_session *session = call->session;
	struct dsmb_signer *signer;

	if (!session || call->encrypted)
		return STATUS_SUCCESS;
	if (session->encrypt && call->cmd->flags & DSMB_NEEDS_SESSION)
		return STATUS_ACCESS_DENIED;
	signer = call->channel && call->channel->signer ? call->channel->signer : session->signer;
	if (!signer)
		return STATUS_SUCCESS;
	if (!(call->flags & DSMB_FLAG_SIGNED))
		return session->signing_required ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
	return dsmb_verify(signer, &vec, 1) ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

/* MS-SMB2 section 3.3.5.2.11, but for what the share demands: see call_take_share(). */
static u32 call_find_tree(struct dsmb_call *call)
{
	if (!(call->cmd->flags & DSMB_NEEDS_TREE))
		return STATUS_SUCCESS;
	call->tree = dsmb_tree_find(call->session, call->tree_id);
	if (!call->tree)
		return STATUS_NETWORK_NAME_DELETED;
	if ((call->cmd->flags & DSMB_NEEDS_DISK) && call->tree->kind != DSMB_TREE_DISK)
		return STATUS_NOT_SUPPORTED;
	return STATUS_SUCCESS;
}

/*
 * Takes the share for one run; each run looks it up again. @frees: a command that releases
 * something does so without the share, too, and waits for nothing: else an open that the user may
 * not use any more would lock out others.
 */
static u32 call_take_share(struct dsmb_call *call, bool frees)
{
	struct dsmb_tree *tree = call->tree;

	if (!tree || tree->kind != DSMB_TREE_DISK)
		return STATUS_SUCCESS;
	call->share_status = dsmb_tree_share(tree, frees ? NULL : call, &call->share);
	if (call->share_status && !frees)
		return call->share_status;
	/* It waited for its access only; what it asks from now on has a time of its own. */
	if (unlikely(call->names) && !call->args)
		dsmb_call_drop_names(call);
	/*
	 * Only now is the tree as the share's options are. A call that has begun was admitted when
	 * it came (MS-SMB2 section 3.3.5.2.11).
	 */
	if (!call->args && READ_ONCE(tree->encrypt) && !call->encrypted)
		return STATUS_ACCESS_DENIED;
	call->actor.client = &call->session->client;
	call->actor.exact = true;
	call->op.srv = call->conn->server->srv;
	call->op.share = call->share;
	call->op.cred = tree->cred;
	call->op.actor = &call->actor;
	call->op.from = &call->conn->peer->addr;
	call->op.park = &call->park;
	call->op.conflict = call->conflict;
	call->op.writable = tree->writable;
	/*
	 * MS-FSA section 2.1.5.1: the caller has SeChangeNotifyPrivilege for directories with an
	 * ACL.
	 */
	call->op.traverses = true;
	return STATUS_SUCCESS;
}

/*
 * Get the share for a call whose command does not always need it. Return: STATUS_SUCCESS, with
 * @call->share and @call->op filled; a status; or DSMB_PARKED while the helper is asked, which the
 * command returns immediately.
 */
u32 dsmb_call_need_share(struct dsmb_call *call)
{
	u32 status = call->share_status ? call_take_share(call, false) : STATUS_SUCCESS;

	/* The tree may not have been as the share's options are when the call was admitted. */
	if (!status && READ_ONCE(call->tree->encrypt) && !call->encrypted)
		return STATUS_ACCESS_DENIED;
	return status;
}

/* The checks that are made once, before the first run. */
static u32 call_check(struct dsmb_call *call)
{
	/* Pairs with conn_negotiated() and smb1_settle(): the negotiated values are visible. */
	bool negotiated = smp_load_acquire(&call->conn->state) == DSMB_CONN_NEGOTIATED;
	u32 status;

	/* MS-SMB2 section 3.3.5.2: NEGOTIATE comes first, and only once. */
	if (call->command == DSMB_NEGOTIATE ? negotiated : !negotiated)
		return DSMB_DROP;
	status = call_take_ids(call);
	if (status)
		return status;
	/* Not as MS-SMB2 section 3.3.5.2.6 says: a disconnection would lose earlier responses. */
	if (!call->cmd)
		return STATUS_INVALID_PARAMETER;
	if (call->command == DSMB_NEGOTIATE || call->command == DSMB_SESSION_SETUP)
		return STATUS_SUCCESS;
	status = call_find_session(call);
	/* A client without the session's key learns nothing about the session. */
	if (!status || call->session)
		status = call_verify(call) ?: status;
	return status ?: call_find_tree(call);
}

/* Checks StructureSize and decodes the arguments. */
static u32 call_decode(struct dsmb_call *call)
{
	const struct dsmb_command *cmd = call->cmd;
	u32 size = ALIGN(cmd->args_size, sizeof(u64)) + cmd->res_size;

	dsmb_seek(&call->in, sizeof(struct dsmb_header));
	if (cmd->structure_size &&
	    (dsmb_get_u16(&call->in) != cmd->structure_size || call->in.bad))
		return STATUS_INVALID_PARAMETER;
	call->args = size <= sizeof(call->room) ? call->room : kmalloc(size, GFP_KERNEL);
	if (!call->args)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (!(cmd->flags & DSMB_WHOLE))
		memset(call->args, 0, cmd->args_size);
	return cmd->decode ? cmd->decode(call, call->args) : STATUS_SUCCESS;
}

/*
 * Drop the open of a call that is done or is run again. Ends its part in the open's channel
 * sequence, and clears the owner of @call->op. Context: because the last reference closes the open.
 */
void dsmb_call_drop_open(struct dsmb_call *call)
{
	if (call->counted)
		dsmb_sequence_end(call);
	if (call->open)
		dsmb_open_put(call->open);
	call->open = NULL;
	call->actor.owner = NULL;
	call->actor.lease_owner = NULL;
	call->actor.entry_owner = NULL;
}

/* Keeps the open for the next run: a CLOSE that arrived later may overtake the call. */
static void call_keep_open(struct dsmb_call *call)
{
	dsmb_sequence_end(call);
	if (call->open)
		call->early = call->open;
	call->open = NULL;
	dsmb_call_drop_open(call);
}

/*
 * Get the worker limit that applies to a call on a disk tree. Context: any. Return: the limit of
 * the file system that the call is about, as far as that is known, for the queue that the message
 * runs on; see fs_limit.h.
 */
struct dsmb_fs_limit *dsmb_call_fs_limit(const struct dsmb_call *call)
{
	if (unlikely(call->fs_limit))
		return call->fs_limit;
	return call->message->records ? call->tree->recorders : call->tree->fs_limit;
}

/* The worker limit of an open in a file system within the share; else NULL. */
static struct dsmb_fs_limit *call_fs_limit_of(const struct dsmb_call *call,
					      const struct dsmb_open *open)
{
	const struct dsmb_open_limits *limits = dsmb_open_limits(open);

	if (likely(!limits))
		return NULL;
	return call->message->records ? limits->recorders : limits->fs_limit;
}

/*
 * Changes the file system that the worker is in. A call that has no place needs none. Consumes
 * @fs_limit.
 */
static u32 call_move(struct dsmb_call *call, struct dsmb_fs_limit *fs_limit)
{
	if (!call->place || call->place == fs_limit) {
		dsmb_fs_limit_put(fs_limit);
		return STATUS_SUCCESS;
	}
	/* No worker waits for one place with another, so no two of them wait for each other. */
	dsmb_fs_limit_leave(call->place);
	call->place = NULL;
	dsmb_fs_limit_put(call->fs_limit);
	call->fs_limit = fs_limit;
	if (!dsmb_fs_limit_enter(fs_limit))
		return DSMB_FS_FULL;
	call->place = fs_limit;
	return STATUS_SUCCESS;
}

/*
 * Let a call go on in a file system within its share. The worker gives its place in one file system
 * back for one in the other. Context: process; does not sleep. Return: STATUS_SUCCESS;
 * INSUFFICIENT_RESOURCES without memory; DSMB_FS_FULL if there is no place, which the command
 * returns immediately: it is run again when there is one.
 */
u32 dsmb_call_move(struct dsmb_call *call, const struct ditto_share *share)
{
	struct dsmb_server *server = call->conn->server;
	struct dsmb_fs_limit *fs_limit;

	if (likely(!share->outer))
		return STATUS_SUCCESS;
	fs_limit = dsmb_fs_limit_get(call->message->records ? &server->recorders :
							      &server->fs_limits,
				     share->root.mnt->mnt_sb);
	return fs_limit ? call_move(call, fs_limit) : STATUS_INSUFFICIENT_RESOURCES;
}

/*
 * Must the call run on a worker that may wait for records? Other workers must not wait for the
 * helper.
 */
static __always_inline bool call_needs_records(const struct dsmb_call *call)
{
	if (likely(!(call->cmd->flags & DSMB_RECORDS)) || !call->tree || call->message->records)
		return false;
	return READ_ONCE(call->tree->continuous) ||
	       (call->open && dsmb_durable_is_persistent(call->open));
}

/* Lets the worker enter the file system. A message that has waited brings its place along. */
static bool call_enter(struct dsmb_call *call)
{
	struct dsmb_message *message = call->message;
	struct dsmb_fs_limit *fs_limit;

	if (call->early && unlikely(dsmb_open_limits(call->early)) && !call->fs_limit)
		call->fs_limit = dsmb_fs_limit_hold(call_fs_limit_of(call, call->early));
	fs_limit = dsmb_call_fs_limit(call);
	if (message->place == fs_limit)
		message->place = NULL;
	else if (!dsmb_fs_limit_enter(fs_limit))
		return false;
	call->place = fs_limit;
	return true;
}

/* True if the call is run again without having been woken. */
static bool call_is_deferred(u32 status)
{
	return status == DSMB_FS_FULL || status == DSMB_TO_BE_RECORDED || status == DSMB_TURN_OVER;
}

/* Finds the open that the request names. */
static u32 call_find_open(struct dsmb_call *call)
{
	const struct dsmb_file_id *id = call_file_id(call);

	return dsmb_call_open(call, id ? le64_to_cpu(id->persistent) : 0,
			      id ? le64_to_cpu(id->volatile_id) : 0);
}

/* A related CLOSE behind the request needs its FileId, like its tree. */
static u32 call_refuse(struct dsmb_call *call)
{
	if (call->cmd->file_id && !(call->cmd->flags & DSMB_NEEDS_OPEN))
		call_find_open(call);
	return STATUS_INSUFFICIENT_RESOURCES;
}

static void call_count(struct dsmb_call *call, u32 status, u64 nanoseconds)
{
	ditto_stats_count(call->conn->server->stats, call->command, dsmb_is_error(status),
			  nanoseconds, call->read + call->written);
	if (!call->share)
		return;
	ditto_share_traffic_count(call->share->traffic, nanoseconds, call->read, call->written);
	ditto_peer_traffic_count(call->conn->peer, nanoseconds, call->read, call->written);
}

static void call_put_share(struct dsmb_call *call)
{
	if (call->share)
		ditto_share_put(call->share);
	call->share = NULL;
}

/* Encodes the response of a call that was completed while it was parked; it has no results. */
static void call_finish(struct dsmb_call *call, u32 status)
{
	dsmb_back(&call->out, 0);
	if (call->args && call->cmd->encode && !dsmb_is_error(status))
		call->cmd->encode(call, status, NULL);
}

/*
 * Check and execute a call, or continue it. @clock: time in ns if the thread has just read it, else
 * 0; set to when the call ended, or to 0. The checks of MS-SMB2 section 3.3.5.2 are made on the
 * first run only. A call that was completed while it was parked is only encoded. Return: a status
 * to answer with, DSMB_PARKED, DSMB_DROP, DSMB_FS_FULL, DSMB_TO_BE_RECORDED or DSMB_TURN_OVER.
 */
u32 dsmb_call_run(struct dsmb_call *call, u64 *clock)
{
	const struct dsmb_command *cmd = call->cmd;
	u64 start = *clock ?: ktime_get_ns();
	u32 status = STATUS_SUCCESS;
	void *res;

	*clock = 0;
	if (call->begun) {
		if (dsmb_call_woken_status(call, &status)) {
			call_finish(call, status);
			/* It let go of its share to wait, and is counted for it. */
			call_take_share(call, true);
			goto done;
		}
		dsmb_call_drop_open(call);
		dsmb_back(&call->out, 0);
		if (dsmb_call_waits_for_names(call)) {
			ditto_names_park_begin(&call->names->park);
			dsmb_session_expire(call->session);
			if (call_has_expired(call)) {
				status = STATUS_NETWORK_SESSION_EXPIRED;
				goto put_share;
			}
		}
	} else {
		call->begun = true;
		this_cpu_inc(*call->conn->peer->requests);
		trace_dsmb_request(call);
		/* CANCEL has no response. */
		if (call->command != DSMB_CANCEL && dsmb_reply_begin(call))
			return DSMB_DROP;
		status = call_check(call);
		if (status)
			goto done;
	}

	status = call_take_share(call, cmd->flags & DSMB_FREES);
	if (status)
		goto put_share;
	/* Only now is it known whether the share is continuously available. */
	if (call_needs_records(call)) {
		status = DSMB_TO_BE_RECORDED;
		goto put_share;
	}
	if (!call->args) {
		status = call_decode(call);
		if (status)
			goto put_share;
	}
	if (call->tree && call->tree->fs_limit && !(cmd->flags & DSMB_UNLIMITED) &&
	    !call_enter(call)) {
		status = DSMB_FS_FULL;
		goto put_share;
	}
	if (cmd->flags & DSMB_NEEDS_OPEN) {
		status = call_find_open(call);
		if (status)
			goto leave_place;
	}
	if (call->refused) {
		status = call_refuse(call);
		goto leave_place;
	}
	/* A persistent open outlives the option of its share. */
	if (call_needs_records(call)) {
		status = DSMB_TO_BE_RECORDED;
		goto leave_place;
	}
	res = call->args + ALIGN(cmd->args_size, sizeof(u64));
	if (!(cmd->flags & DSMB_WHOLE))
		memset(res, 0, cmd->res_size);
	status = cmd->exec(call, call->args, res);
	if (ditto_slow_is_traced() && call->slow && call->open)
		dsmb_call_slow_open(call, call->open);
	if (dsmb_is_error(status) && !call->keep_body)
		dsmb_back(&call->out, 0);
	else if (cmd->encode)
		cmd->encode(call, status, res);

leave_place:
	if (call_is_deferred(status))
		call_keep_open(call);
	/* Dropping the last reference to an open enters the file system too. */
	else if (call->place && status != DSMB_PARKED)
		dsmb_call_done(call);
	if (call->place)
		dsmb_fs_limit_leave(call->place);
	call->place = NULL;
put_share:
	/*
	 * A parked call keeps its references, so that cancelling can find it; dsmb_call_park()
	 * drops the share.
	 */
	if (status == DSMB_PARKED)
		return status;
	if (call_is_deferred(status)) {
		call_put_share(call);
		return status;
	}
	if (status == STATUS_CANCELLED && dsmb_call_is_cancelled(call))
		status = call->cancel_status;
done:
	call_leave(call, status);
	*clock = ktime_get_ns();
	if (cmd)
		call_count(call, status, *clock - start);
	call_put_share(call);
	trace_dsmb_reply(call, status, *clock - start);
	return status;
}

/* Returns the open that existed when the call arrived, or else the one that exists now. */
static struct dsmb_open *call_take_early(struct dsmb_call *call, u64 persistent, u64 volatile_id)
{
	struct dsmb_open *open = call->early;

	call->early = NULL;
	if (open && open->persistent == persistent &&
	    (READ_ONCE(open->volatile_id) == volatile_id || READ_ONCE(open->reconnected)))
		return open;
	if (open)
		dsmb_open_put(open);
	return dsmb_open_find(call->session, persistent, volatile_id);
}

/*
 * Find the open that a call names. Only for commands without DSMB_NEEDS_OPEN. A related call uses
 * the FileId of the call before it, whatever its own says. The function sets the owner in
 * @call->op.actor to the owner of the open, remembers the FileId for related calls, and checks the
 * ChannelSequence (MS-SMB2 section 3.3.5.2.10). Return: STATUS_SUCCESS; STATUS_FILE_CLOSED;
 * STATUS_INVALID_HANDLE if a related call has no FileId; STATUS_FILE_NOT_AVAILABLE if the
 * ChannelSequence does not allow the call; DSMB_FS_FULL as dsmb_call_move(); for a related call,
 * the status of the CREATE that failed before it (MS-SMB2 section 3.3.5.2.7.2).
 */
u32 dsmb_call_open(struct dsmb_call *call, u64 persistent, u64 volatile_id)
{
	struct dsmb_chain *chain = &call->message->chain;
	u32 status;

	if (call->flags & DSMB_FLAG_RELATED) {
		if (chain->failed)
			return chain->failed;
		if (chain->has_file) {
			persistent = chain->persistent;
			volatile_id = chain->volatile_id;
		} else if (persistent == FILE_ID_NONE && volatile_id == FILE_ID_NONE) {
			return STATUS_INVALID_HANDLE;
		}
	}
	chain->has_file = true;
	chain->persistent = persistent;
	chain->volatile_id = volatile_id;
	if (unlikely(call->open))
		dsmb_call_drop_open(call);
	call->open = call_take_early(call, persistent, volatile_id);
	/* An open belongs to one tree; a command that needs no tree does not check it. */
	if (!call->open || (call->tree && READ_ONCE(call->open->tree) != call->tree))
		return STATUS_FILE_CLOSED;
	if (unlikely(dsmb_open_limits(call->open))) {
		status = call_move(call, dsmb_fs_limit_hold(call_fs_limit_of(call, call->open)));
		if (status)
			return status;
	}
	if (!dsmb_sequence_begin(call, call->open))
		return STATUS_FILE_NOT_AVAILABLE;
	/*
	 * MS-SMB2 section 3.3.1.10, Open.IsReplayEligible: from now on, the client knows of the
	 * open.
	 */
	if (!READ_ONCE(call->open->used) && !dsmb_durable_is_persistent(call->open))
		WRITE_ONCE(call->open->used, true);
	call->actor.owner = call->open->owner;
	call->actor.lease_owner = dsmb_lease_actor(call->open);
	call->actor.entry_owner = call->open->entry_owner;
	return STATUS_SUCCESS;
}

/*
 * Record the open of a successful CREATE for the related calls behind it. Context: any; the thread
 * runs the message.
 */
void dsmb_call_created(struct dsmb_call *call, struct dsmb_open *open)
{
	struct dsmb_chain *chain = &call->message->chain;

	chain->has_file = true;
	chain->failed = 0;
	chain->persistent = open->persistent;
	chain->volatile_id = open->volatile_id;
	if (ditto_slow_is_traced() && call->slow)
		dsmb_call_slow_open(call, open);
}
