/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions, trees and opens as the administrator sees them: the operations of
 * struct ditto_protocol (net/show.h says what each does).
 */
#ifndef _DITTO_SMB_SHOW_H
#define _DITTO_SMB_SHOW_H

#include <linux/types.h>

struct ditto_open_show;
struct ditto_server;
struct ditto_session_show;
struct ditto_tree_show;

int dsmb_show_sessions(struct ditto_server *srv, struct ditto_session_show *show);
int dsmb_show_opens(struct ditto_server *srv, struct ditto_open_show *show);
/* By SessionId. Return: 0 or -ENOENT. May sleep. */
int dsmb_show_session_close(struct ditto_server *srv, u64 id);
/* By FileId.Persistent. Return: 0 or -ENOENT. May sleep. */
int dsmb_show_open_close(struct ditto_server *srv, u64 id);
int dsmb_show_trees(struct ditto_server *srv, struct ditto_tree_show *show);
/* By SessionId and TreeId. Return: 0 or -ENOENT. May sleep. */
int dsmb_show_tree_close(struct ditto_server *srv, u64 session, u32 id);

#endif
