/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NFSv4 state of a network namespace. Each part keeps its own state behind a pointer.
 */
#ifndef _DITTO_FS_NFS_V4_ENGINE_SERVER_H
#define _DITTO_FS_NFS_V4_ENGINE_SERVER_H

#include <linux/types.h>

struct dnfs4_clients;
struct dnfs4_sessions;
struct rhashtable;
struct dnfs4_delegations;
struct dnfs_server;
struct ditto_server;
struct ditto_session_show;
struct ditto_stats_group;

/**
 * struct dnfs4_server - NFSv4 state of a network namespace
 * @nfs: the NFS side of the server, which owns this
 * @srv: the core's server
 * @stats: statistics by operation
 * @started: the service runs; guarded by @nfs->lock
 * @clients: see client.c
 * @sessions: see session.c
 * @owners: open-owners and lock-owners, see owner.c
 * @delegations: see delegation.c
 */
struct dnfs4_server {
	struct dnfs_server *nfs;
	struct ditto_server *srv;
	struct ditto_stats_group *stats;
	bool started;
	struct dnfs4_clients *clients;
	struct dnfs4_sessions *sessions;
	struct rhashtable *owners;
	struct dnfs4_delegations *delegations;
};

/* Part of the NFS side of the server: see struct dnfs_part. */
int dnfs4_server_init(struct dnfs_server *nfs);

/**
 * dnfs4_server_exit - release all clients and free the state
 * @nfs: the NFS side of the server, stopped before
 */
void dnfs4_server_exit(struct dnfs_server *nfs);

/* Module init and exit. */
int dnfs4_init(void);
void dnfs4_exit(void);

/**
 * dnfs4_start - start the background work of the service
 * @nfs: the NFS side of the server
 *
 * Called when the first listener was added. The laundromat, recalls and expiry run only between
 * this call and dnfs4_stop().
 *
 * Context: may sleep. @nfs->lock is held.
 */
void dnfs4_start(struct dnfs_server *nfs);

/**
 * dnfs4_stop - stop the background work of the service
 * @nfs: the NFS side of the server; it may not have been started
 *
 * No client is called back any more. Clients and their state are kept.
 *
 * Context: may sleep. @nfs->lock is held.
 */
void dnfs4_stop(struct dnfs_server *nfs);

/* Settings have changed while the service runs. @nfs->lock is held. */
void dnfs4_changed(struct dnfs_server *nfs);

/*
 * Parts of the state: init and exit with the namespace, start and stop with the service. All may
 * sleep. init returns 0 or an errno. dnfs_server.lock is held during start and stop.
 */
int dnfs4_clients_init(struct dnfs4_server *server);
void dnfs4_clients_exit(struct dnfs4_server *server);
void dnfs4_clients_start(struct dnfs4_server *server);
void dnfs4_clients_stop(struct dnfs4_server *server);

/**
 * dnfs4_clients_settings_changed - run the laundromat after a change of settings
 * @server: NFSv4 state; the service runs
 *
 * Context: process context; dnfs_server.lock is held.
 */
void dnfs4_clients_settings_changed(struct dnfs4_server *server);

/* Sessions of one server: set up, and freed once all clients are gone. */
int dnfs4_sessions_init(struct dnfs4_server *server);
void dnfs4_sessions_exit(struct dnfs4_server *server);

/**
 * dnfs4_sessions_show - list the sessions (struct ditto_protocol.sessions)
 * @srv: the core's server
 * @show: position and callback
 *
 * Return: 0, -ENOMEM, or the error of the callback.
 */
int dnfs4_sessions_show(struct ditto_server *srv, struct ditto_session_show *show);

/**
 * dnfs4_session_kill - end a session (struct ditto_protocol.session_close)
 * @srv: the core's server
 * @number: number of the session
 *
 * Return: 0 or -ENOENT.
 */
int dnfs4_session_kill(struct ditto_server *srv, u64 number);

/* Open and delegation state of one server: set up, and freed once all clients are gone. */
int dnfs4_owners_init(struct dnfs4_server *server);
void dnfs4_owners_exit(struct dnfs4_server *server);
int dnfs4_delegations_init(struct dnfs4_server *server);
void dnfs4_delegations_exit(struct dnfs4_server *server);

#endif
