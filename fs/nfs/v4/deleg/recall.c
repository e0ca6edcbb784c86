// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recall of delegations by the lock table (CB_RECALL, RFC 8881 section 20.2), and queries for
 * the attributes that the holder of a write delegation knows (CB_GETATTR, section 20.1). See
 * delegations.h for locking and lifetime.
 *
 * A delegation is recalled once, but CB_RECALL is repeated until the client accepts it. The
 * client may not know the delegation yet, because the reply that grants it is still in transit
 * (section 2.10.6.3), or the callback channel may be interrupted. The lock table measures the
 * time, and revokes the delegation at the deadline.
 */
#include <linux/ktime.h>
#include <linux/nfs4.h>

#include "../../../../lockd/lease.h"
#include "../attr/attr.h"
#include "../engine/server.h"
#include "delegations.h"

/* A refused CB_RECALL is resent at intervals that double, within these bounds. */
#define RECALL_AGAIN_MS		100
#define RECALL_AGAIN_MAX_MS	2000
/* Deadline of CB_GETATTR. */
#define ASK_MS			(5 * DITTO_LEASE_QUERY_AGAIN_MS)
/* Longest time that the reply to a request is assumed to be in transit. */
#define REPLY_MAX_S		60
/* Bits of dnfs4_write_delegation.asking */
#define ASK_BUSY		0	/* CB_GETATTR is in progress */
#define ASK_AGAIN		1	/* send another CB_GETATTR after it */
/* Attributes requested: these, and the times if the client keeps them. */
#define ASK_WORD0		(FATTR4_WORD0_CHANGE | FATTR4_WORD0_SIZE)
#define ASK_WORD2_TIMES		(FATTR4_WORD2_TIME_DELEG_ACCESS | FATTR4_WORD2_TIME_DELEG_MODIFY)

static bool encode_fh(struct xdr_stream *xdr, const struct dnfs4_delegation *d)
{
	return xdr_stream_encode_opaque(xdr, d->fh, d->fh_len) >= 0;
}

/* CB_RECALL */

static struct dnfs4_delegation *of_recall(const struct dnfs4_callback *cb)
{
	return container_of(cb, struct dnfs4_delegation, recall);
}

/* The delegation may have been returned while the callback was queued. */
static bool recall_wanted(const struct dnfs4_callback *cb)
{
	return READ_ONCE(of_recall(cb)->grant);
}

static bool recall_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	const struct dnfs4_delegation *d = of_recall(cb);
	struct dnfs4_stateid sid;

	dnfs4_state_stateid(&d->state, &sid);
	/* cra_truncate: the lock table does not say whether a truncation causes the recall. */
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

/* Recall a delegation. For struct ditto_lease_ops, of files and directories. Context: may sleep. */
void dnfs4_delegation_breaking(struct ditto_lease *grant, u8 keep, bool ack)
{
	struct dnfs4_delegation *d = ditto_lease_private(grant);
	struct dnfs4_client *client;
	bool recall;

	dnfs4_state_lock(&d->state);
	/* If not, the OPEN did not grant the delegation after all, or it was returned. */
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
	dnfs4_state_unlock(&d->state);
}

/*
 * End a delegation whose caching grant was revoked. For struct ditto_lease_ops, of files and
 * directories. Does nothing if the delegation has ended already. Context: may sleep.
 */
void dnfs4_delegation_revoked(struct ditto_lease *grant)
{
	struct dnfs4_delegation *d = ditto_lease_private(grant);
	struct dnfs4_client *client = d->state.client;
	bool gone = ditto_lease_gone(grant);
	bool mine;

	dnfs4_state_lock(&d->state);
	mine = d->grant == grant;
	if (mine) {
		WRITE_ONCE(d->grant, NULL);
		dnfs4_delegation_drop(d);
		/* In the same step, because without grant and reason it would count as returned. */
		if (client->minor && !gone)
			dnfs4_state_revoke_locked(&d->state, d->recalled ? DNFS4_REVOKED :
								    DNFS4_ADMIN_REVOKED);
	}
	dnfs4_state_unlock(&d->state);
	if (!mine)
		return;
	atomic_dec(&client->server->delegations->count);
	/*
	 * 4.0 has no FREE_STATEID, so the state is removed and its stateid becomes a bad one. A
	 * client that missed the recall might go on to use its cache without using the stateid, so
	 * RENEW reports the revocation. The delegation of a file that the client has removed counts
	 * as returned.
	 */
	if (!client->minor || gone)
		dnfs4_state_del(&d->state);
	if (!client->minor && !gone)
		dnfs4_callback_miss(client);
	/* Only after dnfs4_callback_miss(), so that RENEW always has a reason to report. */
	atomic_dec(&client->callback->held);
	ditto_lease_put(grant);
	dnfs4_callback_kick(client);
	dnfs4_room_freed(client->server);
}

/*
 * Put the delegation of a freed caching grant. For struct ditto_lease_ops, of files and
 * directories. Context: may sleep.
 */
void dnfs4_delegation_free(struct ditto_lease *grant)
{
	struct dnfs4_delegation *d = ditto_lease_private(grant);

	dnfs4_state_put(&d->state);
}

/* CB_GETATTR */

static struct dnfs4_write_delegation *of_ask(const struct dnfs4_callback *cb)
{
	return container_of(cb, struct dnfs4_write_delegation, ask);
}

static bool ask_wanted(const struct dnfs4_callback *cb)
{
	return READ_ONCE(of_ask(cb)->d.grant);
}

static bool ask_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	const struct dnfs4_write_delegation *wd = of_ask(cb);
	const struct dnfs4_bitmap map = {
		.word[0] = ASK_WORD0, .word[2] = wd->times ? ASK_WORD2_TIMES : 0,
	};

	return encode_fh(xdr, &wd->d) && dnfs4_encode_bitmap(xdr, &map);
}

/* The client may leave out the times. */
static int ask_decode(struct xdr_stream *xdr, struct dnfs4_callback *cb)
{
	struct dnfs4_write_delegation *wd = of_ask(cb);
	struct ditto_lease_times *times = &wd->answer_times;
	struct dnfs4_bitmap map;
	u32 len, begin;
	bool more;

	if (dnfs4_decode_bitmap(xdr, &map, &more) || more || map.word[0] != ASK_WORD0 ||
	    map.word[1] || map.word[2] & ~(wd->times ? ASK_WORD2_TIMES : 0))
		return -EBADMSG;
	times->has_atime = map.word[2] & FATTR4_WORD2_TIME_DELEG_ACCESS;
	times->has_mtime = map.word[2] & FATTR4_WORD2_TIME_DELEG_MODIFY;
	if (xdr_stream_decode_u32(xdr, &len) < 0)
		return -EBADMSG;
	begin = xdr_stream_pos(xdr);
	if (xdr_stream_decode_u64(xdr, &wd->answer_change) < 0 ||
	    xdr_stream_decode_u64(xdr, &wd->answer_size) < 0 ||
	    (times->has_atime && dnfs4_decode_time(xdr, &times->atime)) ||
	    (times->has_mtime && dnfs4_decode_time(xdr, &times->mtime)))
		return -EBADMSG;
	return xdr_stream_pos(xdr) - begin == len ? 0 : -EBADMSG;
}

static u32 ask_done(struct dnfs4_callback *cb, int err)
{
	struct dnfs4_write_delegation *wd = of_ask(cb);

	/* A retransmission whose reply the client did not keep: its answer is lost, so ask anew. */
	if (!err && (cb->status == NFS4ERR_DELAY || cb->status == NFS4ERR_RETRY_UNCACHED_REP))
		return RECALL_AGAIN_MS;
	dnfs4_delegation_count(cb->client->server, DNFS4_DELEG_ASK, err || cb->status, 0);
	/* A client that answers with an error has changed nothing. */
	wd->answered = !err;
	wd->knows = !err && !cb->status;
	return 0;
}

static void ask_send(struct dnfs4_write_delegation *wd)
{
	dnfs4_state_hold(&wd->d.state);
	if (dnfs4_callback_send(&wd->ask, 0, ASK_MS))
		return;
	clear_bit_unlock(ASK_BUSY, &wd->asking);
	dnfs4_state_put(&wd->d.state);
}

/*
 * Report an answer to the lock table. A client that has modified the file returns another change
 * attribute than the grant has (section 10.4.3). The lock table may ask again at any time,
 * even before the answer is reported.
 */
static void ask_release(struct dnfs4_callback *cb)
{
	struct dnfs4_write_delegation *wd = of_ask(cb);
	struct ditto_lease_answer answer = {
		.size = wd->answer_size,
		.change = wd->knows ? wd->answer_change : wd->change,
	};
	struct ditto_lease *grant = NULL;
	bool answered = wd->answered;

	if (wd->times && wd->knows) {
		answer.times = wd->answer_times;
		dnfs4_delegation_vet_times(wd, &answer.times, wd->owns);
	}
	answer.modified = answer.change != wd->change;

	clear_bit_unlock(ASK_BUSY, &wd->asking);
	/* Clear ASK_BUSY before reading ASK_AGAIN; pairs with delegation_ask(). */
	smp_mb__after_atomic();
	if (answered)
		grant = dnfs4_delegation_grant_get(&wd->d);
	if (grant) {
		ditto_lease_answered(grant, &answer);
		ditto_lease_put(grant);
	}
	if (test_and_clear_bit(ASK_AGAIN, &wd->asking) &&
	    !test_and_set_bit_lock(ASK_BUSY, &wd->asking))
		ask_send(wd);
	dnfs4_state_put(&wd->d.state);
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
	struct dnfs4_write_delegation *wd = dnfs4_write_delegation_of(d);

	if (!d->write)
		return;
	if (!test_and_set_bit_lock(ASK_BUSY, &wd->asking)) {
		ask_send(wd);
		return;
	}
	/* The CB_GETATTR in progress was sent before this query, so another one must follow. */
	set_bit(ASK_AGAIN, &wd->asking);
	/* Set ASK_AGAIN before reading ASK_BUSY; pairs with ask_release(). */
	smp_mb__after_atomic();
	if (!test_bit(ASK_BUSY, &wd->asking) && test_and_clear_bit(ASK_AGAIN, &wd->asking) &&
	    !test_and_set_bit_lock(ASK_BUSY, &wd->asking))
		ask_send(wd);
}

const struct ditto_lease_ops dnfs4_delegation_cache_ops = {
	.breaking = dnfs4_delegation_breaking,
	.revoked = dnfs4_delegation_revoked,
	.free = dnfs4_delegation_free,
	.ask = delegation_ask,
};
