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

/**
 * dsmb_show_conns - list the connections
 * @srv: the core server
 * @show: the dump: where to start, and the function that takes each connection
 *
 * Context: process; may sleep. No lock is held during @show->fn.
 * Return: 0, or the error of @show->fn that ended the dump.
 */
int dsmb_show_conns(struct ditto_server *srv, struct ditto_conn_show *show);

/**
 * dsmb_show_sessions - list the authenticated sessions
 * @srv: the core server
 * @show: the dump: where to start, and the function that takes each session
 *
 * Sessions are reported in the order of their SessionIds.
 *
 * Context: process; may sleep. No lock is held, but @show->fn runs under the session's mutex.
 * Return: 0, or the error of @show->fn that ended the dump.
 */
int dsmb_show_sessions(struct ditto_server *srv, struct ditto_session_show *show);

/**
 * dsmb_show_opens - list the opens
 * @srv: the core server
 * @show: the dump: where to start, and the function that takes each open
 *
 * Durable opens that wait for their clients come first, as opens of session 0. The opens of
 * each session follow.
 *
 * Return: 0, -ENOMEM, or the error of @show->fn that ended the dump.
 */
int dsmb_show_opens(struct ditto_server *srv, struct ditto_open_show *show);

/**
 * dsmb_show_session_close - close a session for the administrator
 * @srv: the core server
 * @id: SessionId
 *
 * Its durable opens are closed too.
 *
 * Return: 0 or -ENOENT.
 */
int dsmb_show_session_close(struct ditto_server *srv, u64 id);

/* Tells for the core whether the user of a session may use a share: dsmb_session_reaches(). */
bool dsmb_show_reaches(struct ditto_server *srv, u64 id, struct ditto_share *share);

/**
 * dsmb_show_open_close - close an open for the administrator
 * @srv: the core server
 * @id: FileId.Persistent
 *
 * Return: 0 or -ENOENT.
 */
int dsmb_show_open_close(struct ditto_server *srv, u64 id);

/**
 * dsmb_show_trees - list the tree connects
 * @srv: the core server
 * @show: the dump: where to start, and the function that takes each tree connect
 *
 * Return: 0, or the error of @show->fn that ended the dump.
 */
int dsmb_show_trees(struct ditto_server *srv, struct ditto_tree_show *show);

/**
 * dsmb_show_tree_close - disconnect a tree for the administrator
 * @srv: the core server
 * @session: SessionId
 * @id: TreeId
 *
 * Return: 0 or -ENOENT.
 */
int dsmb_show_tree_close(struct ditto_server *srv, u64 session, u32 id);

#endif
