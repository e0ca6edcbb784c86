// SPDX-License-Identifier: GPL-2.0-only
/*
 * Admission of a machine by the client rules of all shares of a protocol.
 *
 * The shares are walked at most twice: first without the helper, then with it if rules about
 * names could change the result. The result is cached in the peer with the generation of the set
 * of shares and the epoch of peers, read before the walk, so a concurrent change or flush
 * invalidates it.
 *
 * Locking: a peer's admission is written under peer->lock and read with its seqcount.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#include "../../net/peer.h"
#include "admit.h"
#include "rules.h"
#include "rules_private.h"
#include "share.h"

/* Time to keep the result while the helper has not answered or is absent. */
#define ADMIT_RETRY		(HZ / 50 + 1)

/**
 * struct admit_sum - result of the shares walked so far
 * @peer: the machine
 * @bit: bit of the protocol
 * @logins: see ditto_admit()
 * @ask: how to treat rules about names
 * @seen: a share exists
 * @admitted: a share admits the machine
 * @any_port: an admitting share accepts claimed identities (AUTH_SYS) from any port
 * @open: the helper has not answered for a share
 * @open_port: the same for a share that accepts claimed identities from any port
 * @unasked: a share's rules need the helper and there is none
 * @named: a share that was checked has rules about names
 */
struct admit_sum {
	struct ditto_peer *peer;
	unsigned int bit;
	bool logins;
	enum ditto_rules_ask ask;
	bool seen;
	bool admitted;
	bool any_port;
	bool open;
	bool open_port;
	bool unasked;
	bool named;
};

static bool admit_has_names(const struct ditto_rules *rules)
{
	for (unsigned int i = 0; i < rules->count; i++)
		if (ditto_rule_has_name(&rules->rule[i]))
			return true;
	return false;
}

/* Return: 1 if no further share can change the result. */
static int admit_ask_share(struct ditto_share *share, void *arg)
{
	const struct ditto_share_opts *opts;
	struct ditto_verdict verdict;
	struct admit_sum *sum = arg;
	bool any_port, named, serves;
	int err;

	sum->seen = true;
	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	serves = !(opts->unserved & BIT(sum->bit)) && (sum->logins || ditto_share_sec(opts));
	any_port = ditto_share_sec(opts) & DITTO_SEC_SYS && !opts->secure_ports;
	named = admit_has_names(&opts->rules);
	rcu_read_unlock();
	if (!serves || (sum->admitted && !any_port))
		return 0;

	/* Set even if the verdict was cached: the result must not live longer than the names. */
	sum->named |= named;
	err = ditto_rules_match(share, sum->peer, sum->ask, NULL, &verdict);
	if (!err && verdict.level == DITTO_ACCESS_NONE)
		return 0;
	if (err == -EACCES) {
		sum->unasked = true;
	} else if (err) {
		sum->open = true;
		sum->open_port |= any_port;
	} else {
		sum->admitted = true;
		sum->any_port |= any_port;
	}
	return sum->any_port;
}

/* True if the helper's answers could change the result. */
static bool admit_is_open(const struct admit_sum *sum)
{
	return sum->admitted ? sum->open_port && !sum->any_port : sum->open;
}

static noinline_for_stack void admit_decide(struct ditto_peer *peer, unsigned int bit, bool logins,
					    struct ditto_peer_admission *admission)
{
	struct admit_sum sum = {
		.peer = peer, .bit = bit, .logins = logins, .ask = DITTO_RULES_ASK_NOBODY,
	};
	unsigned long keep = DITTO_RULES_KEEP;

	ditto_share_visit(peer->srv, admit_ask_share, &sum);
	if (admit_is_open(&sum)) {
		/* A verdict that expires between the passes must not undo the admission. */
		sum = (struct admit_sum) {
			.peer = peer, .bit = bit, .logins = logins, .ask = DITTO_RULES_ASK,
			.admitted = sum.admitted, .named = sum.named,
		};
		ditto_share_visit(peer->srv, admit_ask_share, &sum);
	}
	/* Clients of the last share should learn that it is gone, not that they are refused. */
	if (!sum.seen)
		sum = (struct admit_sum) { .admitted = true, .any_port = true };

	if (sum.admitted)
		admission->level = DITTO_ADMITTED;
	else
		admission->level = sum.open ? DITTO_UNDECIDED : DITTO_STRANGER;
	if (sum.any_port)
		admission->ports = DITTO_PORTS_ANY;
	else
		admission->ports = sum.open_port ? DITTO_PORTS_UNDECIDED : DITTO_PORTS_RESERVED;
	if (admit_is_open(&sum) || sum.unasked)
		keep = ADMIT_RETRY;
	else if (sum.named)
		keep = ditto_rules_named_keep(peer->srv);
	admission->expires = jiffies + keep;

	spin_lock(&peer->lock);
	write_seqcount_begin(&peer->seq);
	peer->admission[bit] = *admission;
	write_seqcount_end(&peer->seq);
	spin_unlock(&peer->lock);
}

/**
 * ditto_admit - check whether at least one share of a protocol admits a machine
 * @peer: the machine
 * @bit: bit of the protocol
 * @logins: all users of the protocol prove who they are, so that a share without rules admits every
 *	machine; if not, see ditto_share_sec()
 * @ports: filled for DITTO_ADMITTED, from the shares that accept claimed identities and
 *	admit the machine; any port if there are no shares
 *
 * The result is cached in the peer until shares or their options change, or for a shorter time if
 * rules about names took part. The helper is asked about names only if rules about addresses
 * leave the result or @ports open, and the function does not wait for its answer.
 *
 * Context: may sleep, for memory.
 * Return: see enum ditto_admission.
 */
enum ditto_admission ditto_admit(struct ditto_peer *peer, unsigned int bit, bool logins,
				 enum ditto_ports *ports)
{
	u64 generation = ditto_shares_changed(peer->srv);
	u32 epoch = ditto_peers_epoch(peer->srv);
	struct ditto_peer_admission admission;
	unsigned int seq;

	do {
		seq = read_seqcount_begin(&peer->seq);
		admission = peer->admission[bit];
	} while (read_seqcount_retry(&peer->seq, seq));
	if (unlikely(admission.generation != generation || admission.epoch != epoch ||
		     !time_before(jiffies, admission.expires))) {
		admission.generation = generation;
		admission.epoch = epoch;
		admit_decide(peer, bit, logins, &admission);
	}
	*ports = admission.ports;
	return admission.level;
}
EXPORT_SYMBOL_NS_GPL(ditto_admit, "DITTO");
