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

void ditto_locks_settings_changed(struct ditto_server *srv);
int ditto_locks_put(struct sk_buff *msg, const struct ditto_server *srv);

int ditto_locks_who_put(struct sk_buff *msg, const struct ditto_client_who *who, int user,
			int address);

const char *ditto_locks_point_name(struct ditto_lock_point *point, char *share, char *buffer);

void ditto_locks_leave(struct ditto_server *srv);
/* Create and destroy the lock table of a server. May sleep. */
int ditto_locks_init(struct ditto_server *srv);
void ditto_locks_exit(struct ditto_server *srv);

#endif
