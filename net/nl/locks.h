/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock table as a part of the server: its creation and end, its settings, its statistics and
 * its events.
 */
#ifndef _DITTO_NET_NL_LOCKS_H
#define _DITTO_NET_NL_LOCKS_H

struct ditto_client_who;
struct ditto_lock_point;
struct ditto_server;
struct sk_buff;

/**
 * ditto_locks_settings_changed - copy the settings of the server into the lock table
 * @srv: the server; nothing happens before its lock table exists
 *
 * Also adjusts a grace period that is running.
 *
 * Context: may sleep; called with the settings lock held, or from ditto_locks_init().
 */
void ditto_locks_settings_changed(struct ditto_server *srv);

/**
 * ditto_locks_put - add the numbers of claims and waiting requests to a message
 * @msg: netlink message
 * @srv: the server
 *
 * Return: 0 or -EMSGSIZE.
 */
int ditto_locks_put(struct sk_buff *msg, const struct ditto_server *srv);

/* Add user and address of a client to a message, as attributes of these types. */
int ditto_locks_who_put(struct sk_buff *msg, const struct ditto_client_who *who, int user,
			int address);

/**
 * ditto_locks_point_name - find the name of a file for people
 * @point: of its node, held
 * @share: filled with the name of the share, or emptied; DITTO_SHARE_NAME_MAX + 1 bytes
 * @buffer: PATH_MAX bytes
 *
 * Context: may sleep; no lock held.
 * Return: the path within @buffer, or NULL.
 */
const char *ditto_locks_point_name(struct ditto_lock_point *point, char *share, char *buffer);

/* The namespace of a server is ending, and stays for a grace period of RCU. */
void ditto_locks_leave(struct ditto_server *srv);
/* Create and destroy the lock table of a server. May sleep. */
int ditto_locks_init(struct ditto_server *srv);
void ditto_locks_exit(struct ditto_server *srv);

#endif
