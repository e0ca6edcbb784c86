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
#include "../deleg/delegation.h"
#include "../state/open.h"
#include "compound.h"
#include "server.h"

/**
 * struct part - a part of the server
 * @init: called with the namespace's set-up
 * @exit: called with the namespace's teardown
 * @start: called when the service starts; may be NULL
 * @stop: called when the service stops; may be NULL
 */
struct part {
	int (*init)(struct dnfs4_server *server);
	void (*exit)(struct dnfs4_server *server);
	void (*start)(struct dnfs4_server *server);
	void (*stop)(struct dnfs4_server *server);
};

/* Set up in this order and torn down in reverse: the clients' exit releases all their state. */
static const struct part parts[] = {
	{
		.init = dnfs4_delegations_init, .exit = dnfs4_delegations_exit,
		.start = dnfs4_delegations_start, .stop = dnfs4_delegations_stop,
	},
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
		parts[count].exit(server);
}

static int parts_init(struct dnfs4_server *server)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		int err = parts[i].init(server);

		if (err) {
			parts_exit(server, i);
			return err;
		}
	}
	return 0;
}

struct dnfs4_server *dnfs4_server_alloc(struct dnfs_server *nfs)
{
	struct dnfs4_server *server = kzalloc(sizeof(*server), GFP_KERNEL);

	if (!server)
		return NULL;
	server->nfs = nfs;
	server->srv = nfs->srv;
	server->stats = ditto_stats_register(nfs->srv, "nfs4", op_names, ARRAY_SIZE(op_names));
	if (!server->stats)
		goto free;
	if (!parts_init(server))
		return server;
	ditto_stats_unregister(server->stats);
free:
	kfree(server);
	return NULL;
}

void dnfs4_server_free(struct dnfs4_server *server)
{
	parts_exit(server, ARRAY_SIZE(parts));
	/* The last copies held their clients until now, and may still return from this module. */
	ditto_jobs_flush();
	ditto_stats_unregister(server->stats);
	kfree(server);
}

void dnfs4_start(struct dnfs4_server *server)
{
	unsigned int i;

	lockdep_assert_held(&server->nfs->lock);
	WRITE_ONCE(server->started, true);
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i].start)
			parts[i].start(server);
}

/* The service may fail to start, so that it is stopped without dnfs4_start(). */
void dnfs4_stop(struct dnfs4_server *server)
{
	unsigned int i;

	lockdep_assert_held(&server->nfs->lock);
	if (!server->started)
		return;
	WRITE_ONCE(server->started, false);
	for (i = ARRAY_SIZE(parts); i--;)
		if (parts[i].stop)
			parts[i].stop(server);
}

int dnfs4_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(op_names); i++)
		if (dnfs4_ops[i])
			op_names[i] = dnfs4_ops[i]->name;
	dnfs4_attrs_init();
	err = dnfs4_callbacks_setup();
	if (err)
		return err;
	err = dnfs4_delegations_setup();
	if (err)
		goto err_callbacks;
	err = dnfs4_opens_setup();
	if (!err)
		return 0;
	dnfs4_delegations_cleanup();
err_callbacks:
	dnfs4_callbacks_cleanup();
	return err;
}

void dnfs4_exit(void)
{
	dnfs4_opens_cleanup();
	dnfs4_delegations_cleanup();
	dnfs4_callbacks_cleanup();
}
