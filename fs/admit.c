// SPDX-License-Identifier: GPL-2.0-only
/*
 * Admission of a machine by the rules of all shares.
 *
 * The shares are walked twice at most: once without the helper, and again with
 * it if rules about names are left over. What comes out is kept in the peer
 * with the generation of the shares that was read before the first was looked
 * at, so that a change meanwhile makes it void.
 *
 * Locking: peer->lock for writing a peer's admission, its seqcount for reading.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#include "../net/peer.h"
#include "admit.h"
#include "rules.h"
#include "rules_private.h"
#include "share.h"

/* How long it is believed that the helper has not answered, or is not there. */
#define ADMIT_RETRY		(HZ / 50 + 1)

/**
 * struct admit_sum - what the shares said so far
 * @peer: about whom
 * @ask: how they are asked
 * @seen: there is one
 * @admitted: one admits the machine
 * @any_port: one that may admit it takes claimed identities from any port, or no claimed ones
 * @open: questions that the helper has not answered
 * @unasked: there is no helper to ask
 * @named: rules about names had a part in it
 */
struct admit_sum {
	struct ditto_peer *peer;
	enum ditto_rules_ask ask;
	bool seen;
	bool admitted;
	bool any_port;
	bool open;
	bool unasked;
	bool named;
};

static bool admit_cached(struct ditto_peer *peer, u64 generation,
			 struct ditto_peer_admission *admission)
{
	unsigned int seq;

	do {
		seq = read_seqcount_begin(&peer->seq);
		*admission = peer->admission;
	} while (read_seqcount_retry(&peer->seq, seq));
	return admission->generation == generation && time_before(jiffies, admission->expires);
}

static void admit_remember(struct ditto_peer *peer, const struct ditto_peer_admission *admission)
{
	spin_lock(&peer->lock);
	write_seqcount_begin(&peer->seq);
	peer->admission = *admission;
	write_seqcount_end(&peer->seq);
	spin_unlock(&peer->lock);
}

/* Return: 1 if no further share can change the sum. */
static int admit_ask_share(struct ditto_share *share, void *arg)
{
	const struct ditto_share_opts *opts;
	struct ditto_verdict verdict;
	struct admit_sum *sum = arg;
	int err;

	sum->seen = true;
	err = ditto_rules_judge(share, sum->peer, sum->ask, &verdict);
	if (!err && verdict.level == DITTO_ACCESS_NONE)
		return 0;
	if (err == -EACCES) {
		sum->unasked = true;
		return 0;
	}
	sum->admitted |= !err;
	sum->open |= !!err;
	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	sum->any_port |= !opts->secure_ports || !(opts->sec & DITTO_SEC_SYS);
	rcu_read_unlock();
	return sum->admitted && sum->any_port;
}

static noinline_for_stack void admit_decide(struct ditto_peer *peer,
					    struct ditto_peer_admission *admission)
{
	struct admit_sum sum = { .peer = peer, .ask = DITTO_RULES_ASK_NOBODY };
	unsigned long keep = DITTO_RULES_KEEP;

	ditto_share_visit(peer->srv, admit_ask_share, &sum);
	if (!sum.admitted && sum.open) {
		sum = (struct admit_sum) { .peer = peer, .ask = DITTO_RULES_ASK, .named = true };
		ditto_share_visit(peer->srv, admit_ask_share, &sum);
	}
	/* Clients of the last share are to hear that it is gone, not that they are refused. */
	if (!sum.seen)
		sum = (struct admit_sum) { .admitted = true, .any_port = true };

	if (sum.admitted)
		admission->level = DITTO_ADMITTED;
	else
		admission->level = sum.open ? DITTO_UNDECIDED : DITTO_STRANGER;
	admission->any_port = sum.any_port;
	if (!sum.admitted && (sum.open || sum.unasked))
		keep = ADMIT_RETRY;
	else if (sum.named)
		keep = ditto_rules_named_keep(peer->srv);
	admission->expires = jiffies + keep;
	admit_remember(peer, admission);
}

enum ditto_admission ditto_admit(struct ditto_peer *peer, bool *any_port)
{
	u64 generation = ditto_shares_changed(peer->srv);
	struct ditto_peer_admission admission;

	if (unlikely(!admit_cached(peer, generation, &admission))) {
		admission.generation = generation;
		admit_decide(peer, &admission);
	}
	*any_port = admission.any_port;
	return admission.level;
}
EXPORT_SYMBOL_NS_GPL(ditto_admit, DITTO);
