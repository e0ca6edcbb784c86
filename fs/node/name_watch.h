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

struct ditto_name_watch *ditto_name_watch_begin(struct ditto_node *node,
						void (*changed)(void *arg), void *arg);
bool ditto_name_watch_is_of(const struct ditto_name_watch *watch, const struct ditto_node *node);
void ditto_name_watch_end(struct ditto_name_watch *watch);

/* Set up, with the first volume; 0 or -ENOMEM. Tear down, without a watch; may sleep. */
int ditto_name_watch_init(struct ditto_node_table *table);
void ditto_name_watch_exit(struct ditto_node_table *table);

#endif
