// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocked locks, and the GRANTED calls that report them to clients.
 *
 * A blocked LOCK is answered immediately with NLM_BLOCKED. When the lock table grants it, the
 * client is called with a cookie that is the same over all tries, and has a few seconds to confirm;
 * else what the owner did not have before is released. Until then the client may learn of its lock
 * otherwise (it repeats LOCK), or give it up (CANCEL, UNLOCK); both end the call.
 *
 * No reference to the file is kept during the call, so that its share can be removed
 * at any time: the filehandle finds the file again if the lock has to be released.
 *
 * Locking: nlm->grants_lock guards both tables and the members of struct dnlm_grant
 * that are documented so. nlm->callouts_lock and the locks of the lock table nest inside it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <net/ipv6.h>

#include "../rpc/call.h"
#include "../server.h"
#include "client.h"
#include "grant.h"
#include "nlm.h"
#include "trace.h"

static void dnlm_grant_put(struct dnlm_grant *grant)
{
	if (!refcount_dec_and_test(&grant->ref))
		return;
	ditto_client_put(&grant->client->client);
	kfree(grant);
}

static void dnlm_grant_unhash(struct dnlm_grant *grant)
{
	lockdep_assert_held(&grant->nlm->grants_lock);
	hash_del(&grant->by_owner);
	if (grant->number)
		hash_del(&grant->by_cookie);
	grant->number = 0;
}

/* Read a cookie. Return: its number; 0 if it is not one of ours. */
u64 dnlm_cookie_number(const struct dnlm_bytes *cookie)
{
	return cookie->len == DNLM_COOKIE_SIZE ? get_unaligned_be64(cookie->data) : 0;
}

static struct dnlm_grant *dnlm_grant_by_number(struct dnlm_server *nlm, u64 number)
{
	struct dnlm_grant *grant;

	lockdep_assert_held(&nlm->grants_lock);
	if (number)
		hash_for_each_possible(nlm->by_cookie, grant, by_cookie, number)
			if (grant->number == number)
				return grant;
	return NULL;
}

/* Draws a cookie. It must not be guessable, because a GRANTED_RES with it is accepted. */
static void dnlm_grant_number(struct dnlm_grant *grant)
{
	u64 number;

	do {
		number = get_random_u64();
	} while (!number || dnlm_grant_by_number(grant->nlm, number));
	grant->number = number;
	put_unaligned_be64(number, grant->cookie);
	grant->msg.cookie = (struct dnlm_bytes){ sizeof(grant->cookie), grant->cookie };
	hash_add(grant->nlm->by_cookie, &grant->by_cookie, number);
}

/* Gives back what the owner got by a lock that the client did not confirm. */
static void dnlm_grant_give_up(struct dnlm_grant *grant)
{
	struct ditto_range_request req = grant->wait.request;
	struct dnlm_file file;
	int err;

	err = dnlm_file_find(grant->nlm, &grant->msg.fh, &file);
	if (err)
		goto out;
	req.point = dnlm_point(file.node);
	req.filp = dnlm_filp(&file);
	err = ditto_range_undo(&req, &grant->past);
	dnlm_file_put(&file);
out:
	/* If its file or share is gone, so is the lock. */
	if (err && err != -ESTALE)
		pr_warn_ratelimited("%s: a lock that it does not want cannot be released: error %d\n",
				    grant->client->client.name, err);
}

/* GRANTED was answered, or GRANTED_MSG was received by the client. */
static int dnlm_grant_answered(struct dnlm_callout *callout)
{
	struct dnlm_grant *grant = container_of(callout, struct dnlm_grant, callout);

	if (grant->message || grant->answer == NLM_DENIED_GRACE_PERIOD)
		return -EAGAIN;
	return grant->answer == NLM_GRANTED ? 0 : -ECANCELED;
}

/*
 * Linux refuses a GRANTED that comes again once its waiter has taken the lock (nlmclnt_grant()). A
 * refusal is therefore no more than an answer to the last of several transmissions: an earlier one
 * may have been accepted, and its answer lost. A client that does not want the lock cancels or
 * unlocks it.
 */
static bool dnlm_grant_may_be_taken(const struct dnlm_grant *grant, int err)
{
	return err == -ECANCELED && grant->callout.sent > 1;
}

static void dnlm_grant_done(struct dnlm_callout *callout, int err)
{
	struct dnlm_grant *grant = container_of(callout, struct dnlm_grant, callout);
	struct dnlm_server *nlm = grant->nlm;
	bool give_up;

	mutex_lock(&nlm->grants_lock);
	dnlm_grant_unhash(grant);
	give_up = err && !grant->told && !grant->dropped && !dnlm_grant_may_be_taken(grant, err);
	mutex_unlock(&nlm->grants_lock);

	trace_dnlm_grant(grant->client->host, grant->first, grant->last,
			 grant->msg.exclusive, err);
	if (give_up) {
		pr_info_ratelimited("%s %s the lock that it waited for: the lock is free for others\n",
				    grant->client->client.name,
				    err == -ECANCELED ? "does not want" :
							"does not answer that it has");
		dnlm_grant_give_up(grant);
	}
	ditto_owner_put(grant->wait.request.owner);
	dnlm_grant_put(grant);
}

static const struct dnlm_callout_ops dnlm_grant_ops = {
	.answered = dnlm_grant_answered,
	.done = dnlm_grant_done,
};

static int dnlm_grant_call(struct dnlm_grant *grant)
{
	struct dnlm_callout *callout = &grant->callout;

	callout->ops = &dnlm_grant_ops;
	callout->program = &dnlm_client_program;
	callout->version = grant->version;
	callout->proc = dnlm_client_proc(grant->version, grant->message ?
					 NLMPROC_GRANTED_MSG : NLMPROC_GRANTED);
	callout->args = &grant->msg;
	callout->res = &grant->answer;
	return dnlm_callout_start(grant->nlm, callout);
}

/* Callback of the lock table. After an error the client learns it when it repeats LOCK. */
static void dnlm_granted(struct ditto_wait *wait, int error)
{
	struct dnlm_grant *grant = container_of(wait, struct dnlm_grant, wait);
	struct dnlm_server *nlm = grant->nlm;
	bool call;
	int err = 0;

	mutex_lock(&nlm->grants_lock);
	call = !error && !grant->told && !grant->dropped;
	if (call) {
		grant->phase = DNLM_GRANT_CALLING;
		dnlm_grant_number(grant);
		refcount_inc(&grant->ref);
		ditto_owner_hold(wait->request.owner);
		err = dnlm_grant_call(grant);
	}
	mutex_unlock(&nlm->grants_lock);

	if (!call)
		trace_dnlm_grant(grant->client->host, grant->first, grant->last,
				 grant->msg.exclusive, error);
	else if (err)
		dnlm_grant_done(&grant->callout, err);
}

static void dnlm_grant_release(struct ditto_wait *wait)
{
	struct dnlm_grant *grant = container_of(wait, struct dnlm_grant, wait);

	mutex_lock(&grant->nlm->grants_lock);
	if (grant->phase == DNLM_GRANT_WAITING)
		dnlm_grant_unhash(grant);
	mutex_unlock(&grant->nlm->grants_lock);
	dnlm_grant_put(grant);
}

static void dnlm_grant_fill(struct dnlm_grant *grant, const struct dnlm_msg *msg)
{
	struct dnlm_msg *m = &grant->msg;

	*m = (struct dnlm_msg) {
		.name = { strlen(grant->nlm->name), (const u8 *)grant->nlm->name },
		.fh = { msg->fh.len, grant->fh },
		.oh = { msg->oh.len, grant->oh },
		.svid = msg->svid,
		.offset = msg->offset,
		.length = msg->length,
		.exclusive = msg->exclusive,
	};
	/* The filehandle was decoded before, so it is not too long. */
	memcpy(grant->fh, msg->fh.data, min(msg->fh.len, sizeof(grant->fh)));
	memcpy(grant->oh, msg->oh.data, msg->oh.len);
}

static u32 dnlm_owner_hash(const struct ditto_owner *owner)
{
	return hash_ptr(owner, 32);
}

/*
 * Prepare to wait for a lock. @req: the request to the lock table. The caller passes the result's
 * @wait to ditto_range_lock(), with its @past in the request. If that returns anything but
 * -EINPROGRESS it gives the result back with dnlm_grant_abandon(). Return: the grant, or NULL
 * without memory.
 */
struct dnlm_grant *dnlm_grant_alloc(struct dnfs_call *call, const struct dnlm_msg *msg,
				    bool message, const struct ditto_range_request *req,
				    struct dnlm_asker *asker)
{
	struct dnlm_grant *grant = kzalloc(struct_size(grant, oh, msg->oh.len), GFP_KERNEL);

	if (!grant)
		return NULL;
	grant->wait.granted = dnlm_granted;
	grant->wait.release = dnlm_grant_release;
	grant->wait.request = *req;
	grant->nlm = call->server->nlm;
	grant->client = asker->client;
	ditto_client_hold(&grant->client->client);
	refcount_set(&grant->ref, 1);
	dnlm_route_of(call, &grant->callout.route);
	grant->message = message;
	grant->version = call->program->vers;
	grant->first = req->first;
	grant->last = req->last;
	dnlm_grant_fill(grant, msg);

	mutex_lock(&grant->nlm->grants_lock);
	hash_add(grant->nlm->by_owner, &grant->by_owner, dnlm_owner_hash(req->owner));
	mutex_unlock(&grant->nlm->grants_lock);
	return grant;
}

/* Give back a grant that was not queued. */
void dnlm_grant_abandon(struct dnlm_grant *grant)
{
	mutex_lock(&grant->nlm->grants_lock);
	dnlm_grant_unhash(grant);
	mutex_unlock(&grant->nlm->grants_lock);
	dnlm_grant_put(grant);
}

static bool dnlm_grant_is_of(const struct dnlm_grant *grant, const struct ditto_owner *owner,
			     const struct dnlm_bytes *fh)
{
	return grant->wait.request.owner == owner && grant->msg.fh.len == fh->len &&
	       !memcmp(grant->fh, fh->data, fh->len);
}

/*
 * Note that a LOCK was answered with NLM_GRANTED. @owner: owner of the lock. A blocked lock of the
 * same owner, file, range and mode needs no GRANTED any more.
 */
void dnlm_grants_sent(struct dnlm_server *nlm, const struct ditto_owner *owner,
		      const struct dnlm_msg *msg)
{
	struct dnlm_grant *grant;

	mutex_lock(&nlm->grants_lock);
	hash_for_each_possible(nlm->by_owner, grant, by_owner, dnlm_owner_hash(owner)) {
		if (!dnlm_grant_is_of(grant, owner, &msg->fh) ||
		    grant->msg.offset != msg->offset || grant->msg.length != msg->length ||
		    grant->msg.exclusive != msg->exclusive)
			continue;
		grant->told = true;
		if (grant->phase == DNLM_GRANT_CALLING)
			dnlm_callout_settle(&grant->callout, 0);
	}
	mutex_unlock(&nlm->grants_lock);
}

static void dnlm_grant_drop(struct dnlm_grant *grant)
{
	lockdep_assert_held(&grant->nlm->grants_lock);
	grant->dropped = true;
	if (grant->phase == DNLM_GRANT_CALLING)
		dnlm_callout_settle(&grant->callout, -ECANCELED);
}

/*
 * End the GRANTED call of a lock that its owner cancels, also before it begins. Return: true if the
 * lock was granted and not confirmed; the caller must give back what it got.
 */
bool dnlm_grant_cancel(struct dnlm_server *nlm, const struct ditto_range_request *req,
		       const struct dnlm_bytes *fh, struct ditto_range_before *past)
{
	struct dnlm_grant *grant;
	bool found = false;

	mutex_lock(&nlm->grants_lock);
	hash_for_each_possible(nlm->by_owner, grant, by_owner, dnlm_owner_hash(req->owner)) {
		if (!ditto_wait_was_granted(&grant->wait) || grant->dropped ||
		    grant->first != req->first || grant->last != req->last ||
		    grant->wait.request.exclusive != req->exclusive ||
		    !dnlm_grant_is_of(grant, req->owner, fh))
			continue;
		dnlm_grant_drop(grant);
		*past = grant->past;
		found = true;
		break;
	}
	mutex_unlock(&nlm->grants_lock);
	return found;
}

/*
 * Note that an owner gave up a range. Ends the GRANTED calls for locks within the range that the
 * owner does not have any more, also those that have not begun. Locks that still wait, or that were
 * granted since, are left alone: they belong to other threads of the process.
 */
void dnlm_grants_given_up(struct dnlm_server *nlm, const struct ditto_range_request *req,
			  const struct dnlm_bytes *fh)
{
	struct ditto_range_request got;
	struct dnlm_grant *grant;

	mutex_lock(&nlm->grants_lock);
	hash_for_each_possible(nlm->by_owner, grant, by_owner, dnlm_owner_hash(req->owner)) {
		if (grant->first < req->first || grant->last > req->last ||
		    !dnlm_grant_is_of(grant, req->owner, fh) ||
		    !ditto_wait_was_granted(&grant->wait))
			continue;
		got = grant->wait.request;
		/* The grant has no reference on the node of its own point. */
		got.point = req->point;
		if (!ditto_range_is_held(&got))
			dnlm_grant_drop(grant);
	}
	mutex_unlock(&nlm->grants_lock);
}

/* End all GRANTED calls to a client that was released. */
void dnlm_grants_drop(struct dnlm_client *client)
{
	struct dnlm_server *nlm = client->host->nlm;
	struct dnlm_grant *grant;
	int i;

	mutex_lock(&nlm->grants_lock);
	hash_for_each(nlm->by_owner, i, grant, by_owner)
		if (grant->client == client)
			dnlm_grant_drop(grant);
	mutex_unlock(&nlm->grants_lock);
}

/*
 * Handle a GRANTED_RES (C702 section 10.3). The GRANTED_MSG is sent again after
 * NLM_DENIED_GRACE_PERIOD. Return: true if the cookie belongs to a GRANTED_MSG sent to that
 * address.
 */
bool dnlm_granted_res(struct dnlm_server *nlm, const struct in6_addr *addr,
		      const struct dnlm_bytes *cookie, u32 status)
{
	struct dnlm_grant *grant;

	mutex_lock(&nlm->grants_lock);
	grant = dnlm_grant_by_number(nlm, dnlm_cookie_number(cookie));
	if (grant && !ipv6_addr_equal(&grant->callout.route.addr, addr))
		grant = NULL;
	/* A client in its grace period is called again. */
	if (grant && status != NLM_DENIED_GRACE_PERIOD)
		dnlm_callout_settle(&grant->callout, status == NLM_GRANTED ? 0 : -ECANCELED);
	mutex_unlock(&nlm->grants_lock);
	return grant;
}

/* Set up the grants of a server that is being created. */
void dnlm_grants_init(struct dnlm_server *nlm)
{
	mutex_init(&nlm->grants_lock);
	hash_init(nlm->by_owner);
	hash_init(nlm->by_cookie);
}
