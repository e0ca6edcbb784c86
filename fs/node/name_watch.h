/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches of the names of a file. They notify of links, renames and removals, whoever makes them,
 * unless other machines change the file system (volume->is_remote).
 */
#ifndef _DITTO_FS_NODE_NAME_WATCH_H
#define _DITTO_FS_NODE_NAME_WATCH_H

#include <linux/types.h>

struct ditto_name_watch;
struct ditto_node;
struct ditto_node_table;

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
						void (*changed)(void *arg), void *arg);

/**
 * ditto_name_watch_is_of - check which file a watch is of
 * @watch: the watch
 * @node: held
 *
 * Context: any.
 * Return: true if it is of @node.
 */
bool ditto_name_watch_is_of(const struct ditto_name_watch *watch, const struct ditto_node *node);

/**
 * ditto_name_watch_end - end a watch
 * @watch: the watch; its callback is not called any more, and does not run any more
 */
void ditto_name_watch_end(struct ditto_name_watch *watch);

/* Set up, with the first volume; 0 or -ENOMEM. Tear down, without a watch; may sleep. */
int ditto_name_watch_init(struct ditto_node_table *table);
void ditto_name_watch_exit(struct ditto_node_table *table);

#endif
