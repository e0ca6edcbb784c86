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

/* server.c */
int dnfs4_server_init(struct dnfs_server *nfs);
void dnfs4_server_exit(struct dnfs_server *nfs);

/* Module init and exit. */
int dnfs4_init(void);
void dnfs4_exit(void);
void dnfs4_start(struct dnfs_server *nfs);
void dnfs4_stop(struct dnfs_server *nfs);
void dnfs4_changed(struct dnfs_server *nfs);

/*
 * Parts of the state: init and exit with the namespace, start and stop with the service. All may
 * sleep. init returns 0 or an errno. dnfs_server.lock is held during start and stop.
 */
int dnfs4_clients_init(struct dnfs4_server *server);
void dnfs4_clients_exit(struct dnfs4_server *server);
void dnfs4_clients_start(struct dnfs4_server *server);
void dnfs4_clients_stop(struct dnfs4_server *server);
void dnfs4_clients_settings_changed(struct dnfs4_server *server);

/* Sessions of one server: set up, and freed once all clients are gone. */
int dnfs4_sessions_init(struct dnfs4_server *server);
void dnfs4_sessions_exit(struct dnfs4_server *server);

/* fs/nfs/v4/session/session_show.c */
int dnfs4_sessions_show(struct ditto_server *srv, struct ditto_session_show *show);
int dnfs4_session_kill(struct ditto_server *srv, u64 number);

/* Open and delegation state of one server: set up, and freed once all clients are gone. */
int dnfs4_owners_init(struct dnfs4_server *server);
void dnfs4_owners_exit(struct dnfs4_server *server);
int dnfs4_delegations_init(struct dnfs4_server *server);
void dnfs4_delegations_exit(struct dnfs4_server *server);

#endif
