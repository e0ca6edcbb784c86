// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches of the names of a file, see name_watch.h: a mark on its inode, for each watch.
 *
 * Locking: watch->lock guards @changed, and is held while that runs.
 *
 * Lifetime: a watch is part of its mark's memory, which is freed after an SRCU grace period. The
 * mark has no reference to the inode, and is taken off with it.
 */
#include <linux/err.h>
#include <linux/fsnotify_backend.h>
#include <linux/slab.h>

#include "../../net/server.h"
#include "name_watch.h"
#include "node_private.h"

/* A link, and a removal, are reported as a change of the link count, which is an attribute. */
#define NAME_EVENTS	(FS_ATTRIB | FS_MOVE_SELF)

/**
 * struct ditto_name_watch - a watch of the names of a file
 * @mark: fsnotify mark
 * @inode: the file, only for comparison
 * @lock: see above
 * @changed: see ditto_name_watch_begin(); NULL once the watch has ended
 * @arg: its argument
 */
struct ditto_name_watch {
	struct fsnotify_mark mark;
	const struct inode *inode;
	spinlock_t lock;	/* see above */
	void (*changed)(void *arg);
	void *arg;
};

static struct ditto_name_watch *name_watch_of(struct fsnotify_mark *mark)
{
	return container_of(mark, struct ditto_name_watch, mark);
}

static int name_watch_handle(struct fsnotify_mark *mark, u32 mask, struct inode *inode,
			     struct inode *dir, const struct qstr *name, u32 cookie)
{
	struct ditto_name_watch *watch = name_watch_of(mark);

	/* The end of the mark is reported, too. */
	if (!(mask & NAME_EVENTS))
		return 0;
	spin_lock(&watch->lock);
	if (watch->changed)
		watch->changed(watch->arg);
	spin_unlock(&watch->lock);
	return 0;
}

static void name_watch_free(struct fsnotify_mark *mark)
{
	kfree(name_watch_of(mark));
}

static const struct fsnotify_ops name_watch_ops = {
	.handle_inode_event = name_watch_handle,
	.free_mark = name_watch_free,
};

/**
 * ditto_name_watch_begin - begin to watch the names of a file
 * @node: the file, held; no directory
 * @changed: called after each change of a name, with locks of the task that makes it and with a
 *	lock of the watch; must not sleep. Other changes of the inode call it, too
 * @arg: its argument
 *
 * The watch does not pin the file.
 *
 * Return: the watch, or ERR_PTR(-ENOMEM) or another errno of fsnotify.
 */
struct ditto_name_watch *ditto_name_watch_begin(struct ditto_node *node,
						void (*changed)(void *arg), void *arg)
{
	struct ditto_name_watch *watch = kzalloc(sizeof(*watch), GFP_KERNEL);
	int err;

	if (!watch)
		return ERR_PTR(-ENOMEM);
	watch->inode = node->inode;
	spin_lock_init(&watch->lock);
	watch->changed = changed;
	watch->arg = arg;
	fsnotify_init_mark(&watch->mark, node->volume->srv->nodes->name_watch_group);
	watch->mark.mask = NAME_EVENTS;
	watch->mark.flags |= FSNOTIFY_MARK_FLAG_NO_IREF;
	err = fsnotify_add_inode_mark(&watch->mark, node->inode, 0);
	if (!err)
		return watch;
	fsnotify_put_mark(&watch->mark);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_NS_GPL(ditto_name_watch_begin, "DITTO");

/**
 * ditto_name_watch_is_of - check which file a watch is of
 * @watch: the watch
 * @node: held
 *
 * Context: any.
 * Return: true if it is of @node.
 */
bool ditto_name_watch_is_of(const struct ditto_name_watch *watch, const struct ditto_node *node)
{
	return watch->inode == node->inode;
}
EXPORT_SYMBOL_NS_GPL(ditto_name_watch_is_of, "DITTO");

/**
 * ditto_name_watch_end - end a watch
 * @watch: the watch; its callback is not called any more, and does not run any more
 */
void ditto_name_watch_end(struct ditto_name_watch *watch)
{
	spin_lock(&watch->lock);
	watch->changed = NULL;
	spin_unlock(&watch->lock);
	fsnotify_destroy_mark(&watch->mark, watch->mark.group);
	fsnotify_put_mark(&watch->mark);
}
EXPORT_SYMBOL_NS_GPL(ditto_name_watch_end, "DITTO");

int ditto_name_watch_init(struct ditto_node_table *table)
{
	struct fsnotify_group *group;

	if (table->name_watch_group)
		return 0;
	group = fsnotify_alloc_group(&name_watch_ops, FSNOTIFY_GROUP_DUPS);
	if (IS_ERR(group))
		return PTR_ERR(group);
	table->name_watch_group = group;
	return 0;
}

void ditto_name_watch_exit(struct ditto_node_table *table)
{
	if (table->name_watch_group)
		ditto_notify_stop(table->name_watch_group);
}
