// SPDX-License-Identifier: GPL-2.0-only
/*
 * TEST, LOCK, CANCEL and UNLOCK (C702 section 10.3, RFC 1813 section 6.3), translated to requests
 * to the lock table. Each exists also as a message (*_MSG), whose result is sent by a call to the
 * client.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/unaligned.h>

#include "../../../lockd/range.h"
#include "../../share/share.h"
#include "../rpc/call.h"
#include "../server.h"
#include "grant.h"
#include "host.h"
#include "monitor.h"
#include "nlm.h"
#include "proc.h"
#include "trace.h"

/* Key of the hash that makes up NLM owners for holders of other protocols. */
static siphash_key_t dnlm_owner_secret __read_mostly;

/* Module init: draws the secret for dnlm_res.digest. */
void dnlm_lock_init(void)
{
	get_random_bytes(&dnlm_owner_secret, sizeof(dnlm_owner_secret));
}

/**
 * struct dnlm_request - a request of a host
 * @file: the file
 * @asker: the host and its lock owner
 * @range: request to the lock table
 */
struct dnlm_request {
	struct dnlm_file file;
	struct dnlm_asker asker;
	struct ditto_range_request range;
};

/* Finds host and owner for @req->file, which is put on error. @create: see dnlm_asker_get() */
static int dnlm_request_fill(struct dnfs_call *call, const struct dnlm_msg *msg, bool create,
			     struct dnlm_request *req)
{
	int err = dnlm_asker_get(call, msg, create, &req->asker);

	if (err) {
		dnlm_file_put(&req->file);
		return err;
	}
	req->range = (struct ditto_range_request) {
		.point = dnlm_point(req->file.node),
		.owner = req->asker.owner,
		.share = req->file.share->number,
		.discipline = DITTO_POSIX,
		.exclusive = msg->exclusive,
		.reclaim = msg->reclaim,
		.filp = dnlm_filp(&req->file),
	};
	return 0;
}

/* Begins a request for a lock. Return: 0, then dnlm_request_end() must follow; or an errno. */
static int dnlm_request_begin(struct dnfs_call *call, const struct dnlm_msg *msg,
			      struct dnlm_request *req)
{
	struct dnlm_res *res = call->res;
	int err;

	res->msg.cookie = msg->cookie;
	err = dnlm_file_get(call, &msg->fh, msg->exclusive, !msg->reclaim, &req->file);
	return err ?: dnlm_request_fill(call, msg, true, req);
}

/*
 * The same for a request that gives up what the owner has or waits for. Return: -ENOENT if the host
 * holds nothing.
 */
static int dnlm_release_begin(struct dnfs_call *call, const struct dnlm_msg *msg,
			      struct dnlm_request *req)
{
	struct dnlm_res *res = call->res;
	int err;

	res->msg.cookie = msg->cookie;
	err = dnlm_file_to_release(call, &msg->fh, &req->file) ?:
	      dnlm_request_fill(call, msg, false, req);
	if (!err)
		dnlm_call_set_share(call, req->file.share);
	return err;
}

static void dnlm_request_end(struct dnlm_request *req)
{
	dnlm_asker_put(&req->asker);
	dnlm_file_put(&req->file);
}

static int dnlm_request_range(const struct dnfs_call *call, const struct dnlm_msg *msg,
			      struct ditto_range_request *range)
{
	return dnlm_range(msg->offset, msg->length, dnlm_is_wide(call), &range->first,
			  &range->last);
}

/* TEST */

static int dnlm_local_pid(const struct ditto_conflict *c, u32 *svid)
{
	char text[12] = {};

	memcpy(text, c->key, min_t(size_t, c->key_len, sizeof(text) - 1));
	return kstrtou32(text, 10, svid);
}

/*
 * Describes the holder of a conflicting lock. A holder of NLM is described by its own
 * process id and opaque handle; any other gets made-up ones that are always the same.
 */
static void dnlm_holder(struct dnlm_res *res)
{
	const struct ditto_conflict *c = &res->conflict;
	struct dnlm_msg *msg = &res->msg;
	u64 id;

	msg->exclusive = c->exclusive;
	/* An empty range, which other protocols may have, is described as one byte. */
	dnlm_range_fill(c->first, c->empty ? c->first : c->last, msg);
	if (!strcmp(c->protocol, "nlm") && c->key_len >= DNLM_KEY_OH) {
		msg->svid = get_unaligned_be32(c->key);
		msg->oh.len = c->key_len - DNLM_KEY_OH;
		msg->oh.data = c->key + DNLM_KEY_OH;
		return;
	}
	id = siphash(c->key, min_t(size_t, c->key_len, sizeof(c->key)), &dnlm_owner_secret) ^
	     siphash(c->client, strnlen(c->client, sizeof(c->client)), &dnlm_owner_secret) ^
	     siphash(c->protocol, strnlen(c->protocol, sizeof(c->protocol)), &dnlm_owner_secret);
	put_unaligned_be64(id, res->digest);
	/* For a local process the process id is the real one. */
	if (strcmp(c->protocol, "local") || dnlm_local_pid(c, &msg->svid))
		msg->svid = id & S32_MAX;
	msg->oh = (struct dnlm_bytes){ sizeof(res->digest), res->digest };
}

static bool dnlm_test_decode(struct dnfs_call *call, void *args)
{
	return dnlm_decode(call->in, DNLM_TEST_ARGS, dnlm_is_wide(call), args);
}

static int dnlm_test_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnlm_msg *msg = &((struct dnlm_args *)args)->msg;
	struct dnlm_res *res = result;
	struct dnlm_request req;
	int err;

	err = dnlm_request_begin(call, msg, &req);
	if (err)
		return err;
	err = dnlm_request_range(call, msg, &req.range) ?:
	      ditto_range_test(&req.range, &res->conflict);
	if (err == -EAGAIN)
		dnlm_holder(res);
	if (err == -EBUSY)
		dnfs_await(call, req.file.node);
	dnlm_request_end(&req);
	return err;
}

static bool dnlm_test_encode(struct dnfs_call *call, const void *result)
{
	return dnlm_res_encode(call, DNLM_TEST_RES);
}

static int dnlm_test_msg_exec(struct dnfs_call *call, void *args, void *result)
{
	return dnlm_answer(call, dnlm_test_exec(call, args, result), NLMPROC_TEST_RES);
}

const struct dnfs_proc dnlm_proc_test =
	DNLM_CALL("TEST", 0, dnlm_test_decode, dnlm_test_exec, dnlm_test_encode);
const struct dnfs_proc dnlm_proc_test_msg =
	DNLM_MESSAGE("TEST_MSG", dnlm_test_decode, dnlm_test_msg_exec);

/* LOCK and NM_LOCK */

static bool dnlm_lock_decode(struct dnfs_call *call, void *args)
{
	return dnlm_decode(call->in, DNLM_LOCK_ARGS, dnlm_is_wide(call), args);
}

static int dnlm_lock_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnlm_msg *msg = &((struct dnlm_args *)args)->msg;
	/* NM_LOCK: the host handles its own recovery, and does not wait (C702 section 10.3). */
	const bool monitored = call->proc != &dnlm_proc_nm_lock;
	struct dnlm_grant *grant = NULL;
	struct dnlm_request req;
	int err;

	err = dnlm_request_begin(call, msg, &req);
	if (err)
		return err;
	/*
	 * A host is recorded before it gets its first lock, because after a restart only recorded
	 * hosts are notified and may reclaim.
	 */
	if (monitored) {
		err = dnlm_monitor_add(&req.asker, call, msg->reclaim);
		if (err)
			goto end;
	}
	err = dnlm_request_range(call, msg, &req.range);
	if (err)
		goto end;
	if (monitored && msg->block && !msg->reclaim) {
		grant = dnlm_grant_alloc(call, msg, call->proc == &dnlm_proc_lock_msg, &req.range,
					 &req.asker);
		if (!grant) {
			err = -ENOMEM;
			goto end;
		}
		req.range.past = &grant->past;
	}
	err = ditto_range_lock(&req.range, grant ? &grant->wait : NULL, NULL);
	if (grant && err != -EINPROGRESS)
		dnlm_grant_abandon(grant);
	if (err == -EBUSY)
		dnfs_await(call, req.file.node);
	if (!err)
		dnlm_grants_sent(req.asker.host->nlm, req.asker.owner, msg);
	trace_dnlm_lock(req.asker.host, msg->svid, req.range.first, req.range.last,
			req.range.exclusive, req.range.reclaim, err);
	/* -ESTALE of a reclaim is about the claim, not about the file. */
	if (err == -ESTALE && msg->reclaim)
		err = -ENOGRACE;
end:
	dnlm_request_end(&req);
	return err;
}

static int dnlm_lock_msg_exec(struct dnfs_call *call, void *args, void *result)
{
	int err;

	err = dnlm_lock_exec(call, args, result);
	if (call->recording && dnfs_pause_begin(call)) {
		dnfs_pause(call);
		memset(result, 0, sizeof(struct dnlm_res));
		call->dropped = false;
		err = dnlm_lock_exec(call, args, result);
	}
	/* A client that reclaims repeats the message. */
	return call->dropped ? err : dnlm_answer(call, err, NLMPROC_LOCK_RES);
}

const struct dnfs_proc dnlm_proc_lock =
	DNLM_CALL("LOCK", DNFS_PROC_CACHED, dnlm_lock_decode, dnlm_lock_exec, dnlm_encode_res);
const struct dnfs_proc dnlm_proc_lock_msg =
	DNLM_MESSAGE("LOCK_MSG", dnlm_lock_decode, dnlm_lock_msg_exec);
const struct dnfs_proc dnlm_proc_nm_lock =
	DNLM_CALL("NM_LOCK", DNFS_PROC_CACHED, dnlm_lock_decode, dnlm_lock_exec, dnlm_encode_res);

/* CANCEL */

static bool dnlm_cancel_decode(struct dnfs_call *call, void *args)
{
	return dnlm_decode(call->in, DNLM_CANCEL_ARGS, dnlm_is_wide(call), args);
}

/*
 * A request that is no longer queued may just have been granted without the client knowing it:
 * then it gives back what it got. If what it got is not known, the reply is that nothing was
 * cancelled, and the client unlocks.
 */
static int dnlm_cancel_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnlm_msg *msg = &((struct dnlm_args *)args)->msg;
	struct ditto_range_before past;
	struct dnlm_request req;
	int err;

	err = dnlm_release_begin(call, msg, &req);
	if (err)
		return err == -ENOENT ? -EAGAIN : err;
	err = dnlm_request_range(call, msg, &req.range);
	if (err)
		goto end;
	err = ditto_range_cancel(&req.range);
	if (err == -ENOENT &&
	    dnlm_grant_cancel(req.asker.host->nlm, &req.range, &msg->fh, &past))
		err = ditto_range_undo(&req.range, &past);
end:
	trace_dnlm_cancel(req.asker.host, msg->svid, req.range.first, req.range.last,
			  msg->exclusive, false, err);
	dnlm_request_end(&req);
	return err == -ENOENT || err == -E2BIG ? -EAGAIN : err;
}

static int dnlm_cancel_msg_exec(struct dnfs_call *call, void *args, void *result)
{
	return dnlm_answer(call, dnlm_cancel_exec(call, args, result), NLMPROC_CANCEL_RES);
}

const struct dnfs_proc dnlm_proc_cancel =
	DNLM_CALL("CANCEL", DNFS_PROC_CACHED, dnlm_cancel_decode, dnlm_cancel_exec,
		  dnlm_encode_res);
const struct dnfs_proc dnlm_proc_cancel_msg =
	DNLM_MESSAGE("CANCEL_MSG", dnlm_cancel_decode, dnlm_cancel_msg_exec);

/* UNLOCK */

static bool dnlm_unlock_decode(struct dnfs_call *call, void *args)
{
	return dnlm_decode(call->in, DNLM_UNLOCK_ARGS, dnlm_is_wide(call), args);
}

static int dnlm_unlock_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnlm_msg *msg = &((struct dnlm_args *)args)->msg;
	struct dnlm_request req;
	int err;

	err = dnlm_release_begin(call, msg, &req);
	/* A host that holds nothing has nothing to unlock. */
	if (err)
		return err == -ENOENT ? 0 : err;
	err = dnlm_request_range(call, msg, &req.range) ?: ditto_range_unlock(&req.range);
	if (err)
		goto end;
	dnlm_grants_given_up(req.asker.host->nlm, &req.range, &msg->fh);
end:
	trace_dnlm_unlock(req.asker.host, msg->svid, req.range.first, req.range.last, false,
			  false, err);
	dnlm_request_end(&req);
	return err == -ENOENT ? 0 : err;
}

static int dnlm_unlock_msg_exec(struct dnfs_call *call, void *args, void *result)
{
	return dnlm_answer(call, dnlm_unlock_exec(call, args, result), NLMPROC_UNLOCK_RES);
}

const struct dnfs_proc dnlm_proc_unlock =
	DNLM_CALL("UNLOCK", DNFS_PROC_CACHED, dnlm_unlock_decode, dnlm_unlock_exec,
		  dnlm_encode_res);
const struct dnfs_proc dnlm_proc_unlock_msg =
	DNLM_MESSAGE("UNLOCK_MSG", dnlm_unlock_decode, dnlm_unlock_msg_exec);
