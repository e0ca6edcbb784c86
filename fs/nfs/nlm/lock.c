// SPDX-License-Identifier: GPL-2.0-only
/*
 * TEST, LOCK, CANCEL and UNLOCK (C702 section 10.3, RFC 1813 section 6.3), translated to requests
 * to the lock table.
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

void dnlm_lock_init(void)
{
	get_random_bytes(&dnlm_owner_secret, sizeof(dnlm_owner_secret));
}

static bool dnlm_is_wide(const struct dnfs_call *call)
{
	return call->program->vers == NLM4_VERSION;
}

static void dnlm_echo(struct dnfs_call *call)
{
	const struct dnlm_args *args = call->args;
	struct dnlm_res *res = call->res;

	res->msg.cookie = args->msg.cookie;
}

/* Fills the request to the lock table. Return: 0 or -EFBIG. */
static int dnlm_request(struct dnfs_call *call, const struct dnlm_msg *msg,
			struct dnlm_file *file, struct dnlm_asker *asker,
			struct ditto_range_request *req)
{
	*req = (struct ditto_range_request) {
		.point = dnlm_point(file->node),
		.owner = asker->owner,
		.share = file->share->number,
		.discipline = DITTO_POSIX,
		.exclusive = msg->exclusive,
		.reclaim = msg->reclaim,
		.filp = dnlm_filp(file),
	};
	return dnlm_range(msg->offset, msg->length, dnlm_is_wide(call), &req->first, &req->last);
}

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
	if (!strcmp(c->protocol, "nlm") && c->key_len >= DNLM_KEY_SVID) {
		msg->svid = get_unaligned_be32(c->key);
		msg->oh.len = c->key_len - DNLM_KEY_SVID;
		msg->oh.data = c->key + DNLM_KEY_SVID;
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

int dnlm_test(struct dnfs_call *call)
{
	const struct dnlm_msg *msg = &((struct dnlm_args *)call->args)->msg;
	struct dnlm_res *res = call->res;
	struct ditto_range_request req;
	struct dnlm_asker asker;
	struct dnlm_file file;
	int err;

	dnlm_echo(call);
	err = dnlm_file_get(call, &msg->fh, msg->exclusive, &file);
	if (err)
		return err;
	err = dnlm_asker_get(call, msg, true, &asker);
	if (err)
		goto put_file;
	err = dnlm_request(call, msg, &file, &asker, &req);
	if (!err)
		err = ditto_range_test(&req, &res->conflict);
	if (err == -EAGAIN)
		dnlm_holder(res);
	if (err == -EBUSY)
		dnfs_await(call, file.node);
	dnlm_asker_put(&asker);
put_file:
	dnlm_file_put(&file);
	return err;
}

/* Locks a range once host, owner and file are known. */
static int dnlm_lock_range(struct dnfs_call *call, const struct dnlm_msg *msg,
			   const struct dnlm_how *how, struct dnlm_file *file,
			   struct dnlm_asker *asker)
{
	struct ditto_range_request req;
	struct dnlm_grant *grant = NULL;
	int err;

	err = dnlm_request(call, msg, file, asker, &req);
	if (err)
		return err;
	if (msg->block && !msg->reclaim && how->may_wait) {
		grant = dnlm_grant_alloc(call, msg, how->message, &req, asker);
		if (!grant)
			return -ENOMEM;
	}
	err = ditto_range_lock(&req, grant ? &grant->wait : NULL, NULL);
	if (grant && err != -EINPROGRESS)
		dnlm_grant_abandon(grant);
	if (err == -EBUSY)
		dnfs_await(call, file->node);
	if (!err)
		dnlm_grants_told(asker->host->nlm, asker->owner, msg);
	trace_dnlm_lock(asker->host, msg->svid, req.first, req.last, req.exclusive,
			req.reclaim, err);
	/* -ESTALE of a reclaim is about the claim, not about the file. */
	return err == -ESTALE && msg->reclaim ? -ENOGRACE : err;
}

/*
 * A host is recorded before it gets its first lock, because after a restart only
 * recorded hosts are notified and may reclaim.
 */
int dnlm_lock_as(struct dnfs_call *call, const struct dnlm_how *how)
{
	const struct dnlm_msg *msg = &((struct dnlm_args *)call->args)->msg;
	struct dnlm_asker asker;
	struct dnlm_file file;
	int err;

	dnlm_echo(call);
	err = dnlm_file_get(call, &msg->fh, msg->exclusive, &file);
	if (err)
		return err;
	err = dnlm_asker_get(call, msg, true, &asker);
	if (err)
		goto put_file;
	if (how->monitored)
		err = dnlm_monitor_add(asker.host, call);
	if (!err)
		err = dnlm_lock_range(call, msg, how, &file, &asker);
	dnlm_asker_put(&asker);
put_file:
	dnlm_file_put(&file);
	return err;
}

/*
 * A request that is no longer queued may just have been granted without the client
 * knowing it: then the lock is released.
 */
int dnlm_cancel(struct dnfs_call *call)
{
	const struct dnlm_msg *msg = &((struct dnlm_args *)call->args)->msg;
	struct ditto_range_request req;
	struct dnlm_asker asker;
	struct dnlm_file file;
	int err;

	dnlm_echo(call);
	err = dnlm_file_get(call, &msg->fh, false, &file);
	if (err)
		return err;
	err = dnlm_asker_get(call, msg, false, &asker);
	if (err)
		goto put_file;
	err = dnlm_request(call, msg, &file, &asker, &req);
	if (!err) {
		err = ditto_range_cancel(&req);
		if (err == -ENOENT &&
		    dnlm_grants_given_up(asker.host->nlm, asker.owner, &msg->fh,
					 req.first, req.last))
			err = ditto_range_unlock(&req);
	}
	trace_dnlm_cancel(asker.host, msg->svid, req.first, req.last, msg->exclusive, false, err);
	dnlm_asker_put(&asker);
put_file:
	dnlm_file_put(&file);
	return err == -ENOENT ? -EAGAIN : err;
}

int dnlm_unlock(struct dnfs_call *call)
{
	const struct dnlm_msg *msg = &((struct dnlm_args *)call->args)->msg;
	struct ditto_range_request req;
	struct dnlm_asker asker;
	struct dnlm_file file;
	int err;

	dnlm_echo(call);
	err = dnlm_file_get(call, &msg->fh, false, &file);
	if (err)
		return err;
	err = dnlm_asker_get(call, msg, false, &asker);
	if (err)
		goto put_file;
	err = dnlm_request(call, msg, &file, &asker, &req);
	if (!err) {
		dnlm_grants_given_up(asker.host->nlm, asker.owner, &msg->fh, req.first, req.last);
		err = ditto_range_unlock(&req);
	}
	trace_dnlm_unlock(asker.host, msg->svid, req.first, req.last, false, false, err);
	dnlm_asker_put(&asker);
put_file:
	dnlm_file_put(&file);
	/* A host that holds nothing has nothing to unlock. */
	return err == -ENOENT ? 0 : err;
}
