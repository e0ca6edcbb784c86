// SPDX-License-Identifier: GPL-2.0-only
/* Notification of changes that clients make to files, see ditto_child_changed(). */

#include <linux/dcache.h>
#include <linux/fs.h>

#include "../../lockd/lease.h"
#include "../node/watch.h"
#include "check/lock_check_private.h"
#include "op_private.h"

/* Holders of caching grants on the directory cache sizes and times of its entries. */
static void holders_notify(void *arg, const struct dentry *parent, const struct qstr *name)
{
	const struct ditto_entry_change change = {
		.event = DITTO_ENTRY_ATTRIBUTES,
		.name = name->name,
		.len = name->len,
	};
	struct ditto_op *op = arg;
	struct ditto_node *dir = ditto_node_find_inode(op->srv->nodes, d_inode(parent));

	if (!dir)
		return;
	ditto_lock_recheck(op, dir, DITTO_INTENT_CHILD);
	ditto_lease_deliver(&dir->point, op->actor, &change);
	ditto_node_put(dir);
}

/*
 * Notify of a change of data or attributes, with observers. @op: the caller that made the change.
 * See ditto_child_changed(). Context: no inode lock held.
 */
void ditto_child_changed_slow(struct ditto_op *op, struct ditto_node *node, u32 what)
{
	struct ditto_watch_event event = { .action = DITTO_WATCH_MODIFIED };
	struct name_snapshot stream;
	struct dentry *dentry;

	if (!op->stream_of || node == op->stream_of) {
		ditto_watch_changed(node,
				    what & DITTO_CHANGED_BEFORE ? 0 : what & ~DITTO_CHANGED_LATER,
				    &event, what & DITTO_CHANGED_LATER ? NULL : holders_notify, op);
		return;
	}
	/* Changes of streams have bits of their own. */
	what = (what & DITTO_CHANGED_SIZE ? DITTO_CHANGED_STREAM_SIZE : 0) |
	       (what & DITTO_CHANGED_MTIME ? DITTO_CHANGED_STREAM_DATA : 0);
	dentry = ditto_node_dentry(node);
	take_dentry_name_snapshot(&stream, dentry);
	event.action = DITTO_WATCH_STREAM_MODIFIED;
	event.stream = stream.name.name;
	event.stream_len = stream.name.len;
	ditto_watch_changed(op->stream_of, what, &event, NULL, NULL);
	release_dentry_name_snapshot(&stream);
	dput(dentry);
}
