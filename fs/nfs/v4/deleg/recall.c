// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recalls: the lock table takes a grant back (CB_RECALL, RFC 8881 section 20.2), or
 * wants to know what its holder knows (CB_GETATTR, section 20.1). See delegations.h.
 *
 * A client is asked once to return a delegation, and that question is repeated until
 * it was understood: the client may not know of the delegation yet, because the reply
 * by which it was granted is still on its way (section 2.10.6.3), and the way to it may
 * be lost and found again. The lock table counts the time; when it is over the
 * delegation is revoked.
 */
#include <linux/ktime.h>
#include <linux/nfs4.h>

#include "../../../../lockd/lease.h"
#include "../attr/attr.h"
#include "../engine/server.h"
#include "delegations.h"

/* A client that does not take a recall is asked again, at intervals that double. */
#define RECALL_AGAIN_MS		100
#define RECALL_AGAIN_MAX_MS	2000
/* An answer to CB_GETATTR is of use for so long. */
#define ASK_MS			(5 * DITTO_LEASE_QUERY_AGAIN_MS)
/* The reply to a request is not under way for longer. */
#define REPLY_MAX_S		60
/* Bits of dnfs4_delegation.asking */
#define ASK_BUSY		0	/* CB_GETATTR is under way */
#define ASK_AGAIN		1	/* and is to be sent once more */
/* Bytes of the attributes that are asked for: change and size. */
#define ANSWER_BYTES		16

static bool encode_fh(struct xdr_stream *xdr, const struct dnfs4_delegation *d)
{
	return xdr_stream_encode_opaque(xdr, d->fh, d->fh_len) >= 0;
}

/* CB_RECALL */

static struct dnfs4_delegation *of_recall(const struct dnfs4_callback *cb)
{
	return container_of(cb, struct dnfs4_delegation, recall);
}

/* It may have been returned while this waited. */
static bool recall_wanted(const struct dnfs4_callback *cb)
{
	return READ_ONCE(of_recall(cb)->grant);
}

static bool recall_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	const struct dnfs4_delegation *d = of_recall(cb);
	struct dnfs4_stateid sid;

	dnfs4_state_stateid(&d->state, &sid);
	/* The data goes in one case only, and then it is not known here. */
	return dnfs4_encode_stateid(xdr, &sid) && xdr_stream_encode_u32(xdr, 0) >= 0 &&
	       encode_fh(xdr, d);
}

static u32 recall_done(struct dnfs4_callback *cb, int err)
{
	struct dnfs4_delegation *d = of_recall(cb);
	u32 ms;

	if (err || cb->status == NFS4_OK || cb->status == NFS4ERR_RETRY_UNCACHED_REP) {
		dnfs4_delegation_count(cb->client->server, DNFS4_DELEG_RECALL, err,
				       ktime_to_ns(ktime_sub(ktime_get(), d->recalled)));
		return 0;
	}
	ms = min_t(u32, RECALL_AGAIN_MS << min(d->tries, 8U), RECALL_AGAIN_MAX_MS);
	d->tries++;
	return ms;
}

static void recall_release(struct dnfs4_callback *cb)
{
	dnfs4_state_put(&of_recall(cb)->state);
}

const struct dnfs4_callback_ops dnfs4_recall_ops = {
	.op = OP_CB_RECALL,
	.wanted = recall_wanted,
	.encode = recall_encode,
	.done = recall_done,
	.release = recall_release,
};

void dnfs4_delegation_breaking(struct ditto_lease *grant, u8 keep, bool ack)
{
	struct dnfs4_delegation *d = ditto_lease_private(grant);
	struct dnfs4_client *client;
	bool recall;

	mutex_lock(&d->state.lock);
	/* Otherwise the OPEN did not grant it after all, or it was returned. */
	recall = d->grant == grant && !d->recalled;
	if (recall) {
		client = d->state.client;
		d->recalled = ktime_get();
		if (time_after(jiffies, d->granted + REPLY_MAX_S * HZ))
			d->recall.after.valid = false;
		dnfs4_state_hold(&d->state);
		if (!dnfs4_callback_send(&d->recall, 0, dnfs4_recall_ms(client)))
			dnfs4_state_put(&d->state);
	}
	mutex_unlock(&d->state.lock);
}

void dnfs4_delegation_revoked(struct ditto_lease *grant)
{
	struct dnfs4_delegation *d = ditto_lease_private(grant);
	struct dnfs4_client *client = d->state.client;
	bool mine;

	mutex_lock(&d->state.lock);
	mine = d->grant == grant;
	if (mine) {
		WRITE_ONCE(d->grant, NULL);
		dnfs4_delegation_drop(d);
		/* In one step: with neither grant nor reason it is one that was returned. */
		if (client->minor)
			dnfs4_state_revoke_locked(&d->state, d->recalled ? DNFS4_REVOKED :
								    DNFS4_ADMIN_REVOKED);
	}
	mutex_unlock(&d->state.lock);
	if (!mine)
		return;
	atomic_dec(&client->server->delegations->count);
	/*
	 * Version 4.0 cannot free a stateid: it is forgotten, and then it is a bad one. A client
	 * that was away may not use it, but go on with what it has cached: RENEW tells.
	 */
	if (!client->minor) {
		dnfs4_state_del(&d->state);
		dnfs4_callback_miss(client);
	}
	/* Not before RENEW has the other reason to tell. */
	atomic_dec(&client->callback->held);
	ditto_lease_put(grant);
	dnfs4_callback_kick(client);
}

void dnfs4_delegation_free(struct ditto_lease *grant)
{
	struct dnfs4_delegation *d = ditto_lease_private(grant);

	dnfs4_state_put(&d->state);
}

/* CB_GETATTR */

static struct dnfs4_delegation *of_ask(const struct dnfs4_callback *cb)
{
	return container_of(cb, struct dnfs4_delegation, ask);
}

static bool ask_wanted(const struct dnfs4_callback *cb)
{
	return READ_ONCE(of_ask(cb)->grant);
}

static bool ask_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	static const struct dnfs4_bitmap map = {
		.word[0] = BIT(FATTR4_CHANGE) | BIT(FATTR4_SIZE),
	};

	return encode_fh(xdr, of_ask(cb)) && dnfs4_encode_bitmap(xdr, &map);
}

static int ask_decode(struct xdr_stream *xdr, struct dnfs4_callback *cb)
{
	struct dnfs4_delegation *d = of_ask(cb);
	struct dnfs4_bitmap map;
	u32 len;
	bool more;

	if (dnfs4_decode_bitmap(xdr, &map, &more) || more ||
	    map.word[0] != (BIT(FATTR4_CHANGE) | BIT(FATTR4_SIZE)) || map.word[1] || map.word[2])
		return -EBADMSG;
	if (xdr_stream_decode_u32(xdr, &len) < 0 || len != ANSWER_BYTES ||
	    xdr_stream_decode_u64(xdr, &d->answer_change) < 0 ||
	    xdr_stream_decode_u64(xdr, &d->answer_size) < 0)
		return -EBADMSG;
	return 0;
}

static u32 ask_done(struct dnfs4_callback *cb, int err)
{
	struct dnfs4_delegation *d = of_ask(cb);

	if (!err && cb->status == NFS4ERR_DELAY)
		return RECALL_AGAIN_MS;
	dnfs4_delegation_count(cb->client->server, DNFS4_DELEG_ASK, err || cb->status, 0);
	/* A client that does not know the file, or cannot tell, has changed nothing. */
	d->answered = !err;
	d->knows = !err && !cb->status;
	return 0;
}

static void ask_send(struct dnfs4_delegation *d)
{
	dnfs4_state_hold(&d->state);
	if (dnfs4_callback_send(&d->ask, 0, ASK_MS))
		return;
	clear_bit_unlock(ASK_BUSY, &d->asking);
	dnfs4_state_put(&d->state);
}

/* A client that has changed the file counts on from what it was told (section 10.4.3). */
static void ask_tell(struct dnfs4_delegation *d, u64 size, u64 change)
{
	struct ditto_lease *grant = dnfs4_delegation_grant_get(d);

	if (!grant)
		return;
	ditto_lease_answered(grant, size, change, change != d->change);
	ditto_lease_put(grant);
}

/* Somebody may ask once more as soon as this was told, and before. */
static void ask_release(struct dnfs4_callback *cb)
{
	struct dnfs4_delegation *d = of_ask(cb);
	u64 size = d->answer_size, change = d->knows ? d->answer_change : d->change;
	bool answered = d->answered;

	clear_bit_unlock(ASK_BUSY, &d->asking);
	/* Busy no more, then look for more; the other way round in delegation_ask(). */
	smp_mb__after_atomic();
	if (answered)
		ask_tell(d, size, change);
	if (test_and_clear_bit(ASK_AGAIN, &d->asking) &&
	    !test_and_set_bit_lock(ASK_BUSY, &d->asking))
		ask_send(d);
	dnfs4_state_put(&d->state);
}

const struct dnfs4_callback_ops dnfs4_ask_ops = {
	.op = OP_CB_GETATTR,
	.wanted = ask_wanted,
	.encode = ask_encode,
	.decode = ask_decode,
	.done = ask_done,
	.release = ask_release,
};

static void delegation_ask(struct ditto_lease *grant)
{
	struct dnfs4_delegation *d = ditto_lease_private(grant);

	if (!d->write)
		return;
	if (!test_and_set_bit_lock(ASK_BUSY, &d->asking)) {
		ask_send(d);
		return;
	}
	/* The one under way was put before: there is one more, if it is not over just now. */
	set_bit(ASK_AGAIN, &d->asking);
	/* Pairs with that of ask_release(). */
	smp_mb__after_atomic();
	if (!test_bit(ASK_BUSY, &d->asking) && test_and_clear_bit(ASK_AGAIN, &d->asking) &&
	    !test_and_set_bit_lock(ASK_BUSY, &d->asking))
		ask_send(d);
}

const struct ditto_lease_ops dnfs4_delegation_cache_ops = {
	.breaking = dnfs4_delegation_breaking,
	.revoked = dnfs4_delegation_revoked,
	.free = dnfs4_delegation_free,
	.ask = delegation_ask,
};
