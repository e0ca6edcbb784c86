// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pseudo root (RFC 8881 section 7.3): a read-only directory with one entry
 * per share. Any client may read it. Shares that the client may not use are
 * hidden. Shares are also found by their paths, see pseudo_path.c.
 */
#include <linux/bitops.h>
#include <linux/string.h>

#include "../../../node/node.h"
#include "../../../share/rules.h"
#include "../../../share/share.h"
#include "../attr/attr.h"
#include "compound.h"

/*
 * Check whether a share's export rules admit the client. Context: for memory. Return: 0; -ENOENT if
 * the client is refused; -EJUKEBOX while the helper is asked.
 */
int dnfs4_pseudo_admits(struct dnfs4_compound *cmp, struct ditto_share *share)
{
	struct ditto_verdict verdict;
	int err;

	/* Nothing of it has a filehandle. */
	if (!share->volume->has_handles)
		return -ENOENT;
	err = dnfs_rules_admit(cmp->call, share, DITTO_RULES_ASK, &verdict);
	/* Hides the share. */
	return err == -EACCES ? -ENOENT : err;
}

/**
 * struct pseudo_flavors - arguments of pseudo_add_flavors()
 * @cmp: compound
 * @sec: flavours of the shares so far
 * @first: the one that comes first for all of them, or 0
 * @ordered: one of them has more than one flavour, and so an order
 */
struct pseudo_flavors {
	struct dnfs4_compound *cmp;
	u32 sec;
	u32 first;
	bool ordered;
};

/* A share that is not listed counts, too: its flavours do not tell its name. */
static int pseudo_add_flavors(struct ditto_share *share, void *arg)
{
	struct pseudo_flavors *all = arg;
	int err = dnfs4_pseudo_admits(all->cmp, share);
	u32 sec, first;

	if (err)
		return err == -ENOENT ? 0 : err;
	dnfs_share_order(share, &sec, &first);
	all->sec |= sec;
	if (hweight32(sec) < 2)
		return 0;
	all->first = all->ordered && all->first != first ? 0 : first;
	all->ordered = true;
	return 0;
}

/*
 * Get the flavours of all shares that the client may use, listed or not. Context: for memory.
 * Return: 0; -EJUKEBOX while the helper is asked about a rule; -ENOMEM.
 */
int dnfs4_pseudo_flavors(struct dnfs4_compound *cmp, u32 *sec, u32 *first)
{
	struct pseudo_flavors all = { .cmp = cmp };
	int err;

	err = ditto_share_visit(cmp->call->srv, pseudo_add_flavors, &all);
	*sec = all.sec;
	*first = all.first;
	return err;
}

/*
 * Find a name in the current filehandle, which is PSEUDO. @entry: filled; with a share, the caller
 * drops the reference; without, it is a directory. Return: NFS4_OK; NFS4ERR_NOENT, also for a share
 * that the client may not use, so that its existence is not revealed; NFS4ERR_DELAY while the
 * helper is asked.
 */
u32 dnfs4_pseudo_find(struct dnfs4_compound *cmp, const struct ditto_name *name,
		      struct dnfs4_pseudo_entry *entry)
{
	u64 dir = cmp->current_fh.path_id;
	struct ditto_share *share;
	int err;

	share = dir ? NULL : ditto_share_get_by_name(cmp->call->srv, name->name, name->len);
	if (!share)
		return dnfs4_path_find(cmp, dir, name, entry);
	err = dnfs4_pseudo_admits(cmp, share);
	if (!err) {
		*entry = (struct dnfs4_pseudo_entry){ .share = share };
		return NFS4_OK;
	}
	ditto_share_put(share);
	return err == -ENOENT ? dnfs4_path_find(cmp, dir, name, entry) : dnfs4_status(cmp, err);
}

/*
 * Make what a name leads to the current filehandle. Return: as dnfs4_pseudo_find(); others of
 * dnfs4_fh_enter().
 */
u32 dnfs4_pseudo_lookup(struct dnfs4_compound *cmp, const struct ditto_name *name)
{
	struct dnfs4_pseudo_entry entry;
	u32 status;

	status = dnfs4_pseudo_find(cmp, name, &entry);
	if (status)
		return status;
	if (!entry.share) {
		dnfs4_fh_enter_pseudo(cmp, entry.id);
		return NFS4_OK;
	}
	status = dnfs4_fh_enter(cmp, DNFS4_FH_NODE, entry.share, NULL, NULL);
	if (status)
		return status == NFS4ERR_ACCESS ? NFS4ERR_NOENT : status;
	cmp->current_fh.path_id = entry.id;
	return NFS4_OK;
}

/**
 * struct pseudo_listing - arguments of pseudo_list_share()
 * @cmp: compound
 * @fn: callback for each share
 * @arg: passed to @fn
 */
struct pseudo_listing {
	struct dnfs4_compound *cmp;
	int (*fn)(void *arg, const struct dnfs4_pseudo_entry *entry);
	void *arg;
};

/* A share with undecided rules is listed: operations on it return NFS4ERR_DELAY. */
static int pseudo_list_share(struct ditto_share *share, void *arg)
{
	const struct pseudo_listing *listing = arg;
	u64 dir = listing->cmp->current_fh.path_id;
	struct dnfs4_pseudo_entry entry = {
		.name = { .name = share->name, .len = strlen(share->name) },
		.id = dnfs4_pseudo_fileid(share),
		.share = share,
	};
	bool browse;

	rcu_read_lock();
	browse = rcu_dereference(share->opts)->browse;
	rcu_read_unlock();
	if (!browse || (dir && !dnfs4_path_entry(listing->cmp, share, dir, &entry)) ||
	    dnfs4_pseudo_admits(listing->cmp, share) == -ENOENT)
		return 0;
	return listing->fn(listing->arg, &entry);
}

/*
 * Visit what the client may use, by shares in order of name. @fn: called for each share, held
 * during the call; returns 0 to continue; may sleep. The root has the shares by name, and no paths,
 * which would show each share twice. A directory may be visited once for each share below it.
 * Shares that are not browseable are left out. A share whose rules are still undecided is included.
 * Return: 0 or the result of @fn.
 */
int dnfs4_pseudo_list(struct dnfs4_compound *cmp,
		      int (*fn)(void *arg, const struct dnfs4_pseudo_entry *entry), void *arg)
{
	struct pseudo_listing listing = { .cmp = cmp, .fn = fn, .arg = arg };

	return ditto_share_visit(cmp->call->srv, pseudo_list_share, &listing);
}
