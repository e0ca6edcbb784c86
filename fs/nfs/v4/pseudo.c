// SPDX-License-Identifier: GPL-2.0-only
/*
 * The root above all shares (RFC 8881 section 7.3): a directory that has each
 * share by its name, and nothing else. It can be read by everybody, and
 * changed by nobody.
 */
#include <linux/string.h>

#include "../../rules.h"
#include "../../share.h"
#include "compound.h"

/* Shares that are taken from the table at once: judging a client may take time. */
#define BATCH	16

u32 dnfs4_pseudo_lookup(struct dnfs4_compound *cmp, const struct ditto_name *name)
{
	struct ditto_share *share;

	share = ditto_share_get_by_name(cmp->call->srv, name->name, name->len);
	if (!share)
		return NFS4ERR_NOENT;
	return dnfs4_fh_enter(cmp, DNFS4_FH_NODE, share, NULL, false);
}

struct batch {
	unsigned int count;
	struct ditto_share *share[BATCH];
};

static int take(struct ditto_share *share, void *arg)
{
	struct batch *batch = arg;

	if (percpu_ref_tryget_live(&share->ref))
		batch->share[batch->count++] = share;
	return batch->count == BATCH;
}

static bool is_listed(struct dnfs4_compound *cmp, struct ditto_share *share)
{
	struct ditto_verdict verdict;
	bool browse;

	rcu_read_lock();
	browse = rcu_dereference(share->opts)->browse;
	rcu_read_unlock();
	return browse && !ditto_rules_judge(share, cmp->call->peer, &verdict) &&
	       verdict.level != DITTO_ACCESS_NONE;
}

/* Return: what @fn returned. The last share of a full batch is left held in it. */
static int give(struct dnfs4_compound *cmp, struct batch *batch,
		int (*fn)(void *arg, struct ditto_share *share), void *arg)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < batch->count; i++) {
		if (!ret && is_listed(cmp, batch->share[i]))
			ret = fn(arg, batch->share[i]);
		if (i < BATCH - 1)
			ditto_share_put(batch->share[i]);
	}
	return ret;
}

int dnfs4_pseudo_list(struct dnfs4_compound *cmp, const char *from,
		      int (*fn)(void *arg, struct ditto_share *share), void *arg)
{
	struct ditto_share *last = NULL;
	struct batch batch;
	int ret;

	do {
		batch.count = 0;
		ditto_share_for_each(cmp->call->srv, last ? last->name : from, take, &batch);
		if (last)
			ditto_share_put(last);
		ret = give(cmp, &batch, fn, arg);
		last = batch.count == BATCH ? batch.share[BATCH - 1] : NULL;
	} while (!ret && last);
	if (last)
		ditto_share_put(last);
	return ret;
}
