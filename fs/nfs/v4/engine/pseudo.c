// SPDX-License-Identifier: GPL-2.0-only
/*
 * The root above all shares (RFC 8881 section 7.3): a directory that has each
 * share by its name, and nothing else. It can be read by everybody, and
 * changed by nobody.
 */
#include <linux/string.h>

#include "../../../share/rules.h"
#include "../../../share/share.h"
#include "compound.h"

int dnfs4_pseudo_admits(struct dnfs4_compound *cmp, struct ditto_share *share)
{
	struct ditto_verdict verdict;
	int err;

	err = ditto_rules_match(share, cmp->call->peer, DITTO_RULES_ASK, &verdict);
	if (!err && verdict.level == DITTO_ACCESS_NONE)
		err = -EACCES;
	/* As if there were no such share. */
	return err == -EACCES ? -ENOENT : err;
}

u32 dnfs4_pseudo_lookup(struct dnfs4_compound *cmp, const struct ditto_name *name)
{
	struct ditto_share *share;
	u32 status;

	share = ditto_share_get_by_name(cmp->call->srv, name->name, name->len);
	if (!share)
		return NFS4ERR_NOENT;
	status = dnfs4_fh_enter(cmp, DNFS4_FH_NODE, share, NULL, false);
	return status == NFS4ERR_ACCESS ? NFS4ERR_NOENT : status;
}

/**
 * struct pseudo_listing - a listing of the root
 * @cmp: whose
 * @fn: takes a share
 * @arg: for @fn
 */
struct pseudo_listing {
	struct dnfs4_compound *cmp;
	int (*fn)(void *arg, struct ditto_share *share);
	void *arg;
};

/* A share whose rules are not decided is listed: what is asked of it says "come again". */
static int pseudo_list_share(struct ditto_share *share, void *arg)
{
	const struct pseudo_listing *listing = arg;
	bool browse;

	rcu_read_lock();
	browse = rcu_dereference(share->opts)->browse;
	rcu_read_unlock();
	if (!browse || dnfs4_pseudo_admits(listing->cmp, share) == -ENOENT)
		return 0;
	return listing->fn(listing->arg, share);
}

int dnfs4_pseudo_list(struct dnfs4_compound *cmp,
		      int (*fn)(void *arg, struct ditto_share *share), void *arg)
{
	struct pseudo_listing listing = { .cmp = cmp, .fn = fn, .arg = arg };

	return ditto_share_visit(cmp->call->srv, pseudo_list_share, &listing);
}
