// SPDX-License-Identifier: GPL-2.0-only
/*
 * Iteration over all shares: with the table's mutex held, for administration, and without, for
 * requests.
 */
#include <linux/dcache.h>
#include <linux/module.h>
#include <linux/string.h>

#include "../../net/server.h"
#include "../node/node_private.h"
#include "nested.h"
#include "share.h"
#include "share_private.h"

/* Number of shares that are held at the same time. */
#define VISIT_BATCH	16

int ditto_share_for_each(struct ditto_server *srv, const char *from,
			 int (*fn)(struct ditto_share *share, void *arg), void *arg)
{
	struct ditto_share_table *table = srv->shares;
	struct ditto_share *share;
	int ret = 0;

	mutex_lock(&table->lock);
	list_for_each_entry(share, &table->list, list) {
		if (from && strcmp(share->name, from) <= 0)
			continue;
		ret = fn(share, arg);
		if (ret)
			break;
	}
	mutex_unlock(&table->lock);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_for_each, DITTO);

/* Fill @batch with shares behind a name, held; fewer than VISIT_BATCH at the end. */
static unsigned int share_batch(struct ditto_server *srv, const char *from,
				struct ditto_share **batch)
{
	struct ditto_share *share;
	unsigned int count = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(share, &srv->shares->list, list) {
		if (from && strcmp(share->name, from) <= 0)
			continue;
		if (!percpu_ref_tryget_live(&share->ref))
			continue;
		batch[count++] = share;
		if (count == VISIT_BATCH)
			break;
	}
	rcu_read_unlock();
	return count;
}

int ditto_share_visit(struct ditto_server *srv, int (*fn)(struct ditto_share *share, void *arg),
		      void *arg)
{
	struct ditto_share *batch[VISIT_BATCH], *last = NULL;
	unsigned int count, i;
	int ret = 0;

	do {
		count = share_batch(srv, last ? last->name : NULL, batch);
		if (last)
			ditto_share_put(last);
		/*
		 * The last share of a full batch stays held: its name is the position to continue
		 * from.
		 */
		last = count == VISIT_BATCH ? batch[count - 1] : NULL;
		for (i = 0; i < count; i++) {
			if (!ret)
				ret = fn(batch[i], arg);
			if (batch[i] != last)
				ditto_share_put(batch[i]);
		}
	} while (last && !ret);
	if (last)
		ditto_share_put(last);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_visit, DITTO);

/**
 * struct share_others - a visit of the other shares of a file system
 * @share: not visited
 * @fn: called for the others
 * @arg: argument of @fn
 */
struct share_others {
	const struct ditto_share *share;
	void (*fn)(struct ditto_share *share, void *arg);
	void *arg;
};

static int share_visit_other(struct ditto_share *share, void *arg)
{
	const struct share_others *others = arg;

	if (share != others->share && share->volume == others->share->volume)
		others->fn(share, others->arg);
	return 0;
}

void ditto_share_visit_others(struct ditto_share *share,
			      void (*fn)(struct ditto_share *share, void *arg), void *arg)
{
	struct share_others others = { .share = share, .fn = fn, .arg = arg };

	if (!list_is_singular(&share->volume->shares))
		ditto_share_visit(share->srv, share_visit_other, &others);
}

/**
 * struct share_search - search for a share that contains a file
 * @file: the file
 * @name: name of the share, or NULL for any
 * @best: the share with the innermost root so far, held
 */
struct share_search {
	const struct path *file;
	const char *name;
	struct ditto_share *best;
};

static int share_contains(struct ditto_share *share, void *arg)
{
	struct share_search *search = arg;
	struct ditto_share *best = search->best;

	if (share->volume->sb != search->file->dentry->d_sb ||
	    !is_subdir(search->file->dentry, share->root.dentry))
		return 0;
	if (search->name && strcmp(search->name, share->name))
		return 0;
	if (best && (best->root.dentry == share->root.dentry ||
		     !is_subdir(share->root.dentry, best->root.dentry)))
		return 0;
	/*
	 * The visit holds the share only until it goes on. Those within shares are live while the
	 * table is locked.
	 */
	percpu_ref_get(&share->ref);
	if (best)
		ditto_share_put(best);
	search->best = share;
	return 0;
}

struct ditto_share *ditto_share_get_by_file(struct ditto_server *srv, const struct path *file,
					    const char *name)
{
	struct share_search search = { .file = file, .name = name };

	ditto_share_visit(srv, share_contains, &search);
	ditto_nested_for_each(srv, share_contains, &search);
	return search.best;
}
