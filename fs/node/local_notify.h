/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Directories that somebody caches or wants to hear of are watched, so that what
 * processes of the server do in them counts as what clients do.
 */
#ifndef _DITTO_FS_NODE_LOCAL_NOTIFY_H
#define _DITTO_FS_NODE_LOCAL_NOTIFY_H

#include <linux/types.h>

struct ditto_lock_point;
struct ditto_node_table;

/**
 * ditto_local_notify_watch - begin to watch a directory, or end it
 * @point: of its node
 * @on: begin; each is ended by one call
 *
 * Context: to begin, may sleep and no lock held; to end, process context, and no
 * lock of the lock table held. Return: 0 or an errno; to end, always 0.
 */
int ditto_local_notify_watch(struct ditto_lock_point *point, bool on);

void ditto_local_notify_init(struct ditto_node_table *table);
/* No directory is watched any more. */
void ditto_local_notify_exit(struct ditto_node_table *table);

#endif
