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

/**
 * ditto_local_notify_watch - begin or end to watch a directory
 * @point: lock context of the directory's node
 * @on: begin; each begin is ended by one call without it
 *
 * Context: to begin, may sleep and no lock is held; to end, process context without locks of the
 * lock table.
 * Return: 0 or a negative errno; always 0 to end.
 */
int ditto_local_notify_watch(struct ditto_lock_point *point, bool on);

/**
 * ditto_local_notify_flush - notify holders of what local processes have changed until now
 * @dir: node of the directory; its inode lock is held
 *
 * Called before holders are notified of a client's change, so that both arrive in order.
 *
 * Context: may sleep; does not wait for the holders.
 */
void ditto_local_notify_flush(struct ditto_node *dir);

/**
 * ditto_local_notify_removed - a directory was removed
 * @table: the nodes of the server
 * @dir: inode of the directory
 *
 * Nothing happens if it is not watched, or if the current thread acts for a client of the server.
 *
 * Context: notification of fsnotify, with locks of the task that removes it; does not sleep.
 */
void ditto_local_notify_removed(struct ditto_node_table *table, const struct inode *dir);

/**
 * ditto_local_notify_leave - note that a local process has removed the last name of a file
 * @node: held; the file has no link
 *
 * A process that removes a directory does not wait until holders have returned their grants. They
 * are asked to when the directory is gone, and need its handle to do so. The end of the last grant
 * kills the node.
 *
 * Context: any.
 * Return: true if the node is to be kept until then. False for other files, if there is no grant,
 * or if the current thread acts for a client of the server, and so deals with grants itself: then
 * the node must be killed now.
 */
bool ditto_local_notify_leave(struct ditto_node *node);

/**
 * ditto_local_notify_unnamed - notify holders of a change of a file whose names are unknown
 * @volume: volume of the file
 *
 * A client has changed it. It may be in any directory, so holders of caching grants on all of them
 * are notified, a moment later. Changes that follow each other are notified together.
 *
 * Context: any.
 */
void ditto_local_notify_unnamed(struct ditto_volume *volume);

/* Set up; called before any directory is watched. */
void ditto_local_notify_init(struct ditto_node_table *table);
/* Tear down; no directory is watched any more. May sleep. */
void ditto_local_notify_exit(struct ditto_node_table *table);

#endif
