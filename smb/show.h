/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of struct ditto_protocol by which the administrator lists connections, and lists
 * and closes sessions, tree connects and opens. See net/show.h for the structures.
 */
#ifndef _DITTO_SMB_SHOW_H
#define _DITTO_SMB_SHOW_H

#include <linux/types.h>

struct ditto_conn_show;
struct ditto_open_show;
struct ditto_server;
struct ditto_session_show;
struct ditto_share;
struct ditto_tree_show;

int dsmb_show_conns(struct ditto_server *srv, struct ditto_conn_show *show);
int dsmb_show_sessions(struct ditto_server *srv, struct ditto_session_show *show);
int dsmb_show_opens(struct ditto_server *srv, struct ditto_open_show *show);
int dsmb_show_session_close(struct ditto_server *srv, u64 id);
bool dsmb_show_reaches(struct ditto_server *srv, u64 id, struct ditto_share *share);
int dsmb_show_open_close(struct ditto_server *srv, u64 id);
int dsmb_show_trees(struct ditto_server *srv, struct ditto_tree_show *show);
int dsmb_show_tree_close(struct ditto_server *srv, u64 session, u32 id);

#endif
