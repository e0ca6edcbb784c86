/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock table as a part of the server: made with it, told its settings,
 * counted in its statistics, heard of in its events.
 */
#ifndef _DITTO_NET_LOCKS_H
#define _DITTO_NET_LOCKS_H

struct ditto_server;
struct sk_buff;

/* The settings were changed. May sleep. */
void ditto_locks_settings_changed(struct ditto_server *srv);
/* Add to a message how much is held now; 0 or -EMSGSIZE. */
int ditto_locks_put(struct sk_buff *msg, const struct ditto_server *srv);

int ditto_locks_init(struct ditto_server *srv);
void ditto_locks_exit(struct ditto_server *srv);

#endif
