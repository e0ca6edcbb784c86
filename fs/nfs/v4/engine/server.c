// SPDX-License-Identifier: GPL-2.0-only
/*
 * NFSv4 state of a namespace: set-up and teardown of its parts, in order.
 */
#include <linux/lockdep.h>
#include <linux/slab.h>

#include "../../../../net/stats.h"
#include "../../../op/job.h"
#include "../../server.h"
#include "../attr/attr.h"
#include "../deleg/callback.h"
#include "../deleg/delegation.h"
#include "../state/open.h"
#include "compound.h"
#include "server.h"

/**
 * struct part - a part of the server; each member may be NULL
 * @setup: called with the module's init
 * @cleanup: called with the module's exit
 * @init: called with the namespace's set-up
 * @exit: called with the namespace's teardown
 * @start: called when the service starts
 * @stop: called when the service stops
 */
struct part {
	int (*setup)(void);
	void (*cleanup)(void);
	int (*init)(struct dnfs4_server *server);
	void (*exit)(struct dnfs4_server *server);
	void (*start)(struct dnfs4_server *server);
	void (*stop)(struct dnfs4_server *server);
};

/* Set up in this order and torn down in reverse: the clients' exit releases all their state. */
static const struct part parts[] = {
	{
		.setup = dnfs4_callbacks_setup, .cleanup = dnfs4_callbacks_cleanup,
		.start = dnfs4_callbacks_start, .stop = dnfs4_callbacks_stop,
	},
	{
		.setup = dnfs4_delegations_setup, .cleanup = dnfs4_delegations_cleanup,
		.init = dnfs4_delegations_init, .exit = dnfs4_delegations_exit,
	},
	{ .setup = dnfs4_opens_setup, .cleanup = dnfs4_opens_cleanup },
	{ .setup = dnfs4_locks_setup, .cleanup = dnfs4_locks_cleanup },
	{ .init = dnfs4_owners_init, .exit = dnfs4_owners_exit },
	{ .init = dnfs4_sessions_init, .exit = dnfs4_sessions_exit },
	{
		.init = dnfs4_clients_init, .exit = dnfs4_clients_exit,
		.start = dnfs4_clients_start, .stop = dnfs4_clients_stop,
	},
};

/* Names of the operations for the statistics. */
static const char *op_names[DNFS4_OP_MAX + 1];

static void parts_exit(struct dnfs4_server *server, unsigned int count)
{
	while (count--)
		if (parts[count].exit)
			parts[count].exit(server);
}

/* Part of the NFS side of the server: see struct dnfs_part. */
int dnfs4_server_init(struct dnfs_server *nfs)
{
	struct dnfs4_server *server = kzalloc(sizeof(*server), GFP_KERNEL);
	unsigned int i;
	int err;

	if (!server)
		return -ENOMEM;
	server->nfs = nfs;
	server->srv = nfs->srv;
	err = -ENOMEM;
	server->stats = ditto_stats_register(nfs->srv, "nfs4", op_names, ARRAY_SIZE(op_names));
	if (!server->stats)
		goto free;
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		err = parts[i].init ? parts[i].init(server) : 0;
		if (err)
			goto exit;
	}
	nfs->v4 = server;
	return 0;

exit:
	parts_exit(server, i);
	ditto_stats_unregister(server->stats);
free:
	kfree(server);
	return err;
}

/* Release all clients and free the state. */
void dnfs4_server_exit(struct dnfs_server *nfs)
{
	struct dnfs4_server *server = nfs->v4;

	parts_exit(server, ARRAY_SIZE(parts));
	/* The last copies held their clients until now, and may still return from this module. */
	ditto_jobs_flush();
	ditto_stats_unregister(server->stats);
	kfree(server);
}

/*
 * Start the background work of the service. Called when the first listener was added. The
 * laundromat, recalls and expiry run only between this call and dnfs4_stop(). Context: may sleep.
 * @nfs->lock is held.
 */
void dnfs4_start(struct dnfs_server *nfs)
{
	struct dnfs4_server *server = nfs->v4;

	lockdep_assert_held(&nfs->lock);
	WRITE_ONCE(server->started, true);
	for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i].start)
			parts[i].start(server);
}

/*
 * Stop the background work of the service. No client is called back any more. Clients and their
 * state are kept. The service may fail to start, so that it is stopped without dnfs4_start().
 * Context: may sleep. @nfs->lock is held.
 */
void dnfs4_stop(struct dnfs_server *nfs)
{
	struct dnfs4_server *server = nfs->v4;

	lockdep_assert_held(&nfs->lock);
	if (!server->started)
		return;
	WRITE_ONCE(server->started, false);
	for (unsigned int i = ARRAY_SIZE(parts); i--;)
		if (parts[i].stop)
			parts[i].stop(server);
}

/* Settings have changed while the service runs. @nfs->lock is held. */
void dnfs4_changed(struct dnfs_server *nfs)
{
	dnfs4_clients_settings_changed(nfs->v4);
}

static void parts_cleanup(unsigned int count)
{
	while (count--)
		if (parts[count].cleanup)
			parts[count].cleanup();
}

int dnfs4_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(op_names); i++)
		if (dnfs4_ops[i])
			op_names[i] = dnfs4_ops[i]->name;
	dnfs4_attrs_init();
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		int err = parts[i].setup ? parts[i].setup() : 0;

		if (err) {
			parts_cleanup(i);
			return err;
		}
	}
	return 0;
}

void dnfs4_exit(void)
{
	parts_cleanup(ARRAY_SIZE(parts));
}
