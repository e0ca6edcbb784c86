/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes by local processes. Directories with caching grants are watched, so that changes made
 * by processes on the server break these grants like changes made by clients.
 */
#ifndef _DITTO_FS_NODE_LOCAL_NOTIFY_H
#define _DITTO_FS_NODE_LOCAL_NOTIFY_H

#include <linux/types.h>

struct inode;
struct ditto_lock_point;
struct ditto_node;
struct ditto_node_table;
struct ditto_volume;

int ditto_local_notify_watch(struct ditto_lock_point *point, bool on);
void ditto_local_notify_flush(struct ditto_node *dir);
void ditto_local_notify_removed(struct ditto_node_table *table, const struct inode *dir);
bool ditto_local_notify_leave(struct ditto_node *node);
void ditto_local_notify_unnamed(struct ditto_volume *volume);
void ditto_local_notify_init(struct ditto_node_table *table);
void ditto_local_notify_exit(struct ditto_node_table *table);

#endif
