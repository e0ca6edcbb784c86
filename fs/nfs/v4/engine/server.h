/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What version 4 keeps for a namespace. Each part has its own behind a pointer.
 */
#ifndef _DITTO_FS_NFS_V4_ENGINE_SERVER_H
#define _DITTO_FS_NFS_V4_ENGINE_SERVER_H

#include <linux/types.h>

struct dnfs4_clients;
struct dnfs4_sessions;
struct dnfs4_opens;
struct dnfs4_delegations;
struct dnfs_server;
struct ditto_server;
struct ditto_session_show;
struct ditto_stats_group;

/**
 * struct dnfs4_server - of a namespace
 * @nfs: the NFS side of the server
 * @srv: the core's
 * @stats: by operation
 * @started: the service runs; under @nfs->lock
 * @clients: client.c
 * @sessions: session.c
 * @opens: open.c
 * @delegations: delegation.c
 */
struct dnfs4_server {
	struct dnfs_server *nfs;
	struct ditto_server *srv;
	struct ditto_stats_group *stats;
	bool started;
	struct dnfs4_clients *clients;
	struct dnfs4_sessions *sessions;
	struct dnfs4_opens *opens;
	struct dnfs4_delegations *delegations;
};

/* server.c: with the namespace. NULL without memory. */
struct dnfs4_server *dnfs4_server_alloc(struct dnfs_server *nfs);
/* All clients are released. May sleep. */
void dnfs4_server_free(struct dnfs4_server *server);
/* As the module is loaded and unloaded. */
int dnfs4_init(void);
void dnfs4_exit(void);

/*
 * The service started (the first listener) or stopped: laundry, recalls and expiry run in
 * between and never outside. On stop nobody is called back any more; state stays.
 */
void dnfs4_start(struct dnfs4_server *server);
void dnfs4_stop(struct dnfs4_server *server);

/* Each part: begin and end with the namespace, start and stop with the service. */
int dnfs4_clients_init(struct dnfs4_server *server);
void dnfs4_clients_exit(struct dnfs4_server *server);
void dnfs4_clients_start(struct dnfs4_server *server);
void dnfs4_clients_stop(struct dnfs4_server *server);
/* The settings were written; with the service or without. */
void dnfs4_clients_settings_changed(struct dnfs4_server *server);
int dnfs4_sessions_init(struct dnfs4_server *server);
void dnfs4_sessions_exit(struct dnfs4_server *server);
/* For struct ditto_protocol: tell about sessions, end one. */
int dnfs4_sessions_show(struct ditto_server *srv, struct ditto_session_show *show);
int dnfs4_session_kill(struct ditto_server *srv, u64 number);
int dnfs4_opens_init(struct dnfs4_server *server);
void dnfs4_opens_exit(struct dnfs4_server *server);
int dnfs4_delegations_init(struct dnfs4_server *server);
void dnfs4_delegations_exit(struct dnfs4_server *server);
void dnfs4_delegations_start(struct dnfs4_server *server);
void dnfs4_delegations_stop(struct dnfs4_server *server);

#endif
