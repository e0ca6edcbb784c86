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

/**
 * ditto_share_for_each - call a function for every share, in order of name
 * @srv: the server
 * @from: start behind this name; NULL for the first share
 * @fn: returns 0 to continue; runs with the table's mutex held, may sleep, must not add
 *	or remove shares
 * @arg: passed to @fn
 *
 * Return: 0, or the first nonzero value of @fn.
 */
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
EXPORT_SYMBOL_NS_GPL(ditto_share_for_each, "DITTO");

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

/**
 * ditto_share_visit - call a function for every share, in order of name, with no lock held
 * @srv: the server
 * @fn: returns 0 to continue; may sleep; the share is held while it runs
 * @arg: passed to @fn
 *
 * A share that is added or removed in between may be visited or not.
 *
 * Context: as @fn requires.
 * Return: 0, or the first nonzero value of @fn.
 */
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
EXPORT_SYMBOL_NS_GPL(ditto_share_visit, "DITTO");

/*
 * The share behind one of a volume, which is dropped; the first one behind NULL. A share that is
 * held stays in the list.
 */
static struct ditto_share *share_next(struct ditto_volume *volume, struct ditto_share *last)
{
	struct ditto_share *share = last, *found = NULL;

	rcu_read_lock();
	if (!share)
		share = list_entry(&volume->shares, struct ditto_share, volume_link);
	list_for_each_entry_continue_rcu(share, &volume->shares, volume_link) {
		/* One that is being removed may have requests that run. */
		if (percpu_ref_tryget(&share->ref)) {
			found = share;
			break;
		}
	}
	rcu_read_unlock();
	if (last)
		ditto_share_put(last);
	return found;
}

/*
 * Call a function for the shares of a file system. @volume: the volume; it has a share as long as
 * this runs, or ends and waits for the caller; @fn: may sleep; the share is held while it runs.
 * File systems mounted within shares are shares, too. One that is added or removed in between may
 * be missed. Context: as @fn requires.
 */
void ditto_volume_visit(struct ditto_volume *volume,
			void (*fn)(struct ditto_share *share, void *arg), void *arg)
{
	struct ditto_share *share = NULL;

	while ((share = share_next(volume, share)))
		fn(share, arg);
}

/*
 * Call a function for the other shares of a share's file system. @share: the share, held; @fn: may
 * sleep; the share is held while it runs. It works as ditto_volume_visit(). A request can afford to
 * ask: most file systems have one share, which is one comparison. Context: as @fn requires.
 */
void ditto_share_visit_others(struct ditto_share *share,
			      void (*fn)(struct ditto_share *share, void *arg), void *arg)
{
	struct ditto_share *other = NULL;

	if (list_is_singular(&share->volume->shares))
		return;
	while ((other = share_next(share->volume, other)))
		if (other != share)
			fn(other, arg);
}

/* Name a share that serves the volume; nothing if none does. Any context. */
void ditto_volume_share_name(const struct ditto_volume *volume, char *name, size_t size)
{
	struct ditto_share *share;

	*name = '\0';
	rcu_read_lock();
	list_for_each_entry_rcu(share, &volume->shares, volume_link) {
		if (!share->name)
			continue;
		strscpy(name, share->name, size);
		break;
	}
	rcu_read_unlock();
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

/*
 * Find a share that contains a file. @name: name of the share; NULL for the one with the innermost
 * root. A share does not contain what is mounted below its root; a file system that is part of a
 * share is found as itself. Return: the share with a reference, or NULL.
 */
struct ditto_share *ditto_share_get_by_file(struct ditto_server *srv, const struct path *file,
					    const char *name)
{
	struct share_search search = { .file = file, .name = name };

	ditto_share_visit(srv, share_contains, &search);
	ditto_nested_for_each(srv, share_contains, &search);
	return search.best;
}
