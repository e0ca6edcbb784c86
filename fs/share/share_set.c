// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of the options of a share, and of the file systems within it, which have copies. The
 * options of a share are replaced as a whole, under the table's mutex.
 */
#include <linux/module.h>
#include <linux/netlink.h>

#include "../../net/event.h"
#include "../../net/server.h"
#include "../node/extension.h"
#include "link.h"
#include "nested.h"
#include "share.h"
#include "share_private.h"

static atomic64_t opts_generation = ATOMIC64_INIT(0);

static void opts_free_rcu(struct rcu_head *rcu)
{
	ditto_share_opts_free(container_of(rcu, struct ditto_share_opts, rcu));
}

/*
 * Replace the options of a share. @table: its mutex is held; @opts: new options, consumed. They get
 * a new generation, which invalidates cached decisions.
 */
void ditto_share_opts_publish(struct ditto_share_table *table, struct ditto_share *share,
			      struct ditto_share_opts *opts)
{
	struct ditto_share_opts *old;

	opts->generation = atomic64_inc_return(&opts_generation);
	WRITE_ONCE(share->has_links, opts->links);
	WRITE_ONCE(share->has_trash, opts->trash);
	WRITE_ONCE(share->has_scan, opts->scan);
	/* Before the old one is freed. */
	rcu_assign_pointer(share->veto, opts->veto);
	rcu_assign_pointer(share->veto_folded, opts->veto_folded);
	old = rcu_replace_pointer(share->opts, opts, lockdep_is_held(&table->lock));
	if (old)
		call_rcu(&old->rcu, opts_free_rcu);
}

/*
 * Replace the options of a share. @extack: gets a message on error; may be NULL. Operations in
 * flight finish with the old options. Return: 0, -ENOENT, -ENOMEM, or -EINVAL if @cfg has a path.
 */
int ditto_share_set(struct ditto_server *srv, const struct ditto_share_config *cfg,
		    struct netlink_ext_ack *extack)
{
	struct ditto_share_table *table = srv->shares;
	const struct ditto_share_opts *old;
	struct ditto_share *share;
	int err = -ENOENT;

	if (cfg->path) {
		NL_SET_ERR_MSG(extack, "path: cannot be changed; remove the share and add it");
		return -EINVAL;
	}
	mutex_lock(&table->lock);
	share = ditto_share_named(table, cfg->name, extack);
	if (share && cfg->opts->links && cfg->opts->links->share != share->number) {
		NL_SET_ERR_MSG(extack, "links: the share was removed and added; try again");
		err = -EAGAIN;
	} else if (share) {
		old = rcu_dereference_protected(share->opts, lockdep_is_held(&table->lock));
		err = ditto_share_opts_check(old, cfg->opts, extack) ?:
		      ditto_share_check_volume(share, cfg->opts, extack) ?:
		      ditto_share_blocks_make(cfg->opts, cfg->name);
	}
	if (!err && cfg->opts->worm && !READ_ONCE(share->volume->worm)) {
		NL_SET_ERR_MSG(extack, "worm: the share was removed and added; try again");
		err = -EAGAIN;
	}
	if (!err) {
		ditto_share_opts_publish(table, share, cfg->opts);
		ditto_nested_set(table, share);
		ditto_hooks.share_changed(share);
		ditto_shares_mark_changed(table);
	}
	mutex_unlock(&table->lock);
	if (err)
		return err;
	ditto_event(srv, DITTO_EVENT_SHARE_CHANGED, cfg->name);
	return 0;
}

static int opts_remake(struct ditto_share_table *table, struct ditto_share *share)
{
	struct ditto_share_opts *opts;
	int err;

	opts = ditto_share_opts_dup(rcu_dereference_protected(share->opts,
							      lockdep_is_held(&table->lock)));
	err = opts ? ditto_share_blocks_make(opts, share->name) : -ENOMEM;
	if (err)
		ditto_share_opts_free(opts);
	else
		ditto_share_opts_publish(table, share, opts);
	return err;
}

/* A protocol was registered: make its values for all shares, of what was given before. */
int ditto_shares_options_added(struct ditto_server *srv)
{
	struct ditto_share_table *table = srv->shares;
	struct ditto_share *share;
	int err = 0;

	mutex_lock(&table->lock);
	list_for_each_entry(share, &table->list, list) {
		err = opts_remake(table, share);
		if (err)
			goto unlock;
	}
	list_for_each_entry(share, &table->nested, list) {
		err = opts_remake(table, share);
		if (err)
			goto unlock;
	}
unlock:
	mutex_unlock(&table->lock);
	return err;
}
