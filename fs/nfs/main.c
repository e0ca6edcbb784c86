// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module ditto_nfs: NFS version 3 with its side protocols, and NFS version 4. This file sets
 * them up with the module and with each network namespace.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "../../net/conns.h"
#include "../../net/listener.h"
#include "../../net/live.h"
#include "../../net/server.h"
#include "../../net/stats.h"
#include "../../net/version.h"
#include "nlm/nlm.h"
#include "rpc/batch.h"
#include "rpc/connection_private.h"
#include "rpc/large.h"
#include "rpc/park.h"
#include "rpc/reply_cache.h"
#include "rpc/rpc.h"
#include "server.h"
#include "share_options.h"
#include "v4/engine/server.h"

#define DNFS_PORT	2049	/* RFC 1813 section 2.1 */
#define DNFS_RDMA_PORT	20049	/* RFC 8267 */

unsigned int dnfs_net_id __read_mostly;
/* Ends servers, one by each of its workers. */
static struct workqueue_struct *dnfs_ends;

static const struct ditto_setting_desc dnfs_setting_descs[] = {
#define SETTING(...) DITTO_SETTING_DESC(struct dnfs_settings, __VA_ARGS__)
#include "setting_defs.h"
};

static const struct ditto_setting_desc dnfs_option_descs[] = {
#define OPTION(...) DITTO_SETTING_DESC(struct dnfs_share_options, __VA_ARGS__)
#include "option_defs.h"
};

static void *dnfs_settings_of(const struct ditto_server *srv)
{
	return &dnfs_server_of(srv->net)->settings;
}

struct ditto_protocol dnfs_protocol = {
	.owner = THIS_MODULE,
	.name = "nfs",
	.default_port = DNFS_PORT,
	.rdma_port = DNFS_RDMA_PORT,
	.transports = BIT(DITTO_TRANSPORT_TCP) | BIT(DITTO_TRANSPORT_UDP) |
		      BIT(DITTO_TRANSPORT_RDMA),
	.listen = dnfs_listen,
	.close = dnfs_close,
	.announce = dnfs_announce,
	.disconnect = dnfs_disconnect,
	.connections = dnfs_connections,
	.conns = dnfs_conns,
	.settings_changed = dnfs_settings_changed,
	.sessions = dnfs4_sessions_show,
	.session_close = dnfs4_session_kill,
	.settings = {
		.descs = dnfs_setting_descs,
		.count = ARRAY_SIZE(dnfs_setting_descs),
		.of = dnfs_settings_of,
	},
	.options = {
		.descs = dnfs_option_descs,
		.count = ARRAY_SIZE(dnfs_option_descs),
		.size = sizeof(struct dnfs_share_options),
	},
};

const struct dnfs_part dnfs_parts[DNFS_PARTS] = {
	{ .setup = dnfs_conn_setup, .cleanup = dnfs_conn_cleanup },
	{ .setup = dnfs_shake_module_init, .cleanup = dnfs_shake_module_exit },
	{ .cleanup = dnfs_batches_exit },
	{ .setup = dnfs_park_init, .cleanup = dnfs_park_exit },
	{
		.setup = dnlm_init, .cleanup = dnlm_exit,
		.init = dnlm_server_init, .exit = dnlm_server_exit,
		.start = dnlm_server_start,
	},
	{
		.setup = dnfs4_init, .cleanup = dnfs4_exit,
		.init = dnfs4_server_init, .exit = dnfs4_server_exit,
		.start = dnfs4_start, .stop = dnfs4_stop,
		.changed = dnfs4_changed,
	},
};

/* Names of the procedures for the statistics. */
static const char *dnfs_proc_names[DNFS_PROGRAMS][DNFS_PROCS_MAX];

static void dnfs_names_init(void)
{
	unsigned int i, j;

	for (i = 0; i < DNFS_PROGRAMS; i++) {
		const struct dnfs_program *program = dnfs_rpc_program(i);

		for (j = 0; j < min(program->nprocs, DNFS_PROCS_MAX); j++)
			if (program->procs[j])
				dnfs_proc_names[i][j] = program->procs[j]->name;
	}
}

static void dnfs_stats_exit(struct dnfs_server *server)
{
	unsigned int i;

	for (i = 0; i < DNFS_PROGRAMS; i++)
		if (server->stats[i])
			ditto_stats_unregister(server->stats[i]);
}

static int dnfs_stats_init(struct dnfs_server *server)
{
	unsigned int i;

	for (i = 0; i < DNFS_PROGRAMS; i++) {
		const struct dnfs_program *program = dnfs_rpc_program(i);

		server->stats[i] = ditto_stats_register(server->srv, program->group,
							dnfs_proc_names[i], program->nprocs);
		if (!server->stats[i]) {
			dnfs_stats_exit(server);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Tear down the first parts of a namespace, in reverse. */
static void dnfs_parts_exit(struct dnfs_server *server, unsigned int count)
{
	while (count--)
		if (dnfs_parts[count].exit)
			dnfs_parts[count].exit(server);
}

static int dnfs_parts_init(struct dnfs_server *server)
{
	for (unsigned int i = 0; i < DNFS_PARTS; i++) {
		int err = dnfs_parts[i].init ? dnfs_parts[i].init(server) : 0;

		if (err) {
			dnfs_parts_exit(server, i);
			return err;
		}
	}
	return 0;
}

/* No service runs any more, because listening sockets hold a reference to their namespace. */
static void dnfs_server_end(struct work_struct *work)
{
	struct dnfs_server *server = container_of(work, struct dnfs_server, end);
	struct ditto_server *srv = server->srv;

	ditto_recorders_end(&server->recorders);
	dnfs_parts_exit(server, DNFS_PARTS);
	ditto_recorders_exit(&server->recorders);
	ditto_tasks_exit(&server->disk_tasks);
	dnfs_mounts_free(server);
	dnfs_stats_exit(server);
	kvfree(server->conns);
	dnfs_replies_free(server->replies);
	/* Connections return their charges in RCU callbacks. */
	dnfs_connections_flush();
	kfree(server);
	ditto_live_put(&srv->live);
}

static int dnfs_server_init(struct dnfs_server *server, struct net *net)
{
	int err;

	server->srv = ditto_server_of(net);
	server->net = net;
	INIT_WORK(&server->end, dnfs_server_end);
	ditto_settings_defaults(&dnfs_protocol.settings, &server->settings);
	mutex_init(&server->lock);
	init_rwsem(&server->serv_sem);
	INIT_LIST_HEAD(&server->listeners);
	ditto_recorders_init(&server->recorders, server->srv, DNFS_TASKS_AT_ONCE,
			     DNFS_TASKS_OF_PEER);
	ditto_disk_tasks_init(&server->disk_tasks, DNFS_DISK_TASKS_AT_ONCE,
			      DNFS_DISK_TASKS_OF_FS);
	dnfs_workers_init(&server->workers);
	mutex_init(&server->mounts_lock);
	INIT_LIST_HEAD(&server->mounts);

	server->replies = dnfs_replies_alloc();
	if (!server->replies)
		return -ENOMEM;
	err = dnfs_stats_init(server);
	if (err)
		goto free_replies;
	err = -ENOMEM;
	server->conns = ditto_conns_alloc();
	if (!server->conns)
		goto exit_stats;
	err = dnfs_parts_init(server);
	if (!err)
		return 0;
	kvfree(server->conns);
exit_stats:
	dnfs_stats_exit(server);
free_replies:
	dnfs_replies_free(server->replies);
	return err;
}

static int __net_init dnfs_net_init(struct net *net)
{
	struct dnfs_server **place = net_generic(net, dnfs_net_id), *server;
	int err;

	server = kzalloc(sizeof(*server), GFP_KERNEL);
	if (!server)
		return -ENOMEM;
	err = dnfs_server_init(server, net);
	if (err) {
		kfree(server);
		return err;
	}
	ditto_live_get(&server->srv->live);
	*place = server;
	return 0;
}

/* The end may wait for disks, and other namespaces and modules wait for this function. */
static void __net_exit dnfs_net_exit(struct net *net)
{
	queue_work(dnfs_ends, &dnfs_server_of(net)->end);
}

static struct pernet_operations dnfs_net_ops = {
	.init = dnfs_net_init,
	.exit = dnfs_net_exit,
	.id = &dnfs_net_id,
	.size = sizeof(struct dnfs_server *),
};

/* Clean up the first parts of the module, in reverse. */
static void dnfs_parts_cleanup(unsigned int count)
{
	while (count--)
		if (dnfs_parts[count].cleanup)
			dnfs_parts[count].cleanup();
}

static int __init dnfs_init(void)
{
	unsigned int i;
	int err;

	err = ditto_core_check();
	if (err)
		return err;
	dnfs_names_init();
	dnfs_rpc_init();
	dnfs_large_init();
	for (i = 0; i < DNFS_PARTS; i++) {
		err = dnfs_parts[i].setup ? dnfs_parts[i].setup() : 0;
		if (err)
			goto cleanup;
	}
	err = -ENOMEM;
	dnfs_ends = alloc_workqueue("ditto_nfs_ends", WQ_UNBOUND, 0);
	if (!dnfs_ends)
		goto cleanup;
	err = register_pernet_subsys(&dnfs_net_ops);
	if (err)
		goto destroy_ends;
	err = ditto_protocol_register(&dnfs_protocol);
	if (!err)
		return 0;
	unregister_pernet_subsys(&dnfs_net_ops);
destroy_ends:
	destroy_workqueue(dnfs_ends);
cleanup:
	dnfs_parts_cleanup(i);
	return err;
}

static void __exit dnfs_exit(void)
{
	ditto_protocol_unregister(&dnfs_protocol);
	unregister_pernet_subsys(&dnfs_net_ops);
	/* Servers of this namespace, and of those that ended before. */
	destroy_workqueue(dnfs_ends);
	dnfs_parts_cleanup(DNFS_PARTS);
}

module_init(dnfs_init);
module_exit(dnfs_exit);

MODULE_DESCRIPTION("NFS for the Ditto file server");
MODULE_VERSION(DITTO_VERSION);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DITTO");
/* dittod must have configured their upcalls before the first client comes. */
MODULE_SOFTDEP("pre: auth_rpcgss rpcsec_gss_krb5");
