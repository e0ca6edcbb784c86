// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core module: one server in each network namespace, which ends after it.
 *
 * Parts are set up in order of dependency and torn down in reverse order. All parts charge the
 * budget, which therefore comes first. The lock table keeps statistics and has the helper record
 * what must survive a restart. Nodes use the lock table, and shares use nodes. Requests use all
 * of these and arrive through listeners, which come last. The netlink family is registered after
 * the servers exist.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "../net/budget.h"
#include "../net/helper/login_delay.h"
#include "../net/helper/names.h"
#include "../net/helper/record.h"
#include "../net/helper/upcall.h"
#include "../net/listener.h"
#include "../net/live.h"
#include "../net/nl/family.h"
#include "../net/nl/locks.h"
#include "../net/peer.h"
#include "../net/peer_cert.h"
#include "../net/server.h"
#include "../net/server_private.h"
#include "../net/setting.h"
#include "../net/slow_call.h"
#include "../net/stats.h"
#include "../net/task.h"
#include "../net/version.h"
#include "op/check/acl_file.h"
#include "node/casefold.h"
#include "node/node.h"
#include "offload/offload.h"
#include "op/dir_cache.h"
#include "op/job.h"
#include "op/scan.h"
#include "open/instance.h"
#include "open/stream.h"
#include "share/cred.h"
#include "share/option.h"
#include "share/share.h"

/* Ends servers, one by each of its workers. */
static struct workqueue_struct *server_ends;

/* Parts of a server, in the order in which they are set up. */
static const struct {
	int (*init)(struct ditto_server *srv);
	void (*exit)(struct ditto_server *srv);
} ditto_parts[] = {
	{ ditto_budget_init, ditto_budget_exit },
	{ ditto_login_delays_init, ditto_login_delays_exit },
	{ ditto_stats_init, ditto_stats_exit },
	{ ditto_slow_init, ditto_slow_exit },
	{ ditto_upcalls_init, ditto_upcalls_exit },
	{ ditto_records_init, ditto_records_exit },
	{ ditto_locks_init, ditto_locks_exit },
	{ ditto_offload_init, ditto_offload_exit },
	{ ditto_scans_init, ditto_scans_exit },
	{ ditto_nodes_init, ditto_nodes_exit },
	{ ditto_jobs_init, ditto_jobs_exit },
	{ ditto_shares_init, ditto_shares_exit },
	{ ditto_creds_init, ditto_creds_exit },
	{ ditto_peers_init, ditto_peers_exit },
	{ ditto_peer_cert_init, ditto_peer_cert_exit },
	{ ditto_names_init, ditto_names_exit },
	{ ditto_listeners_init, ditto_listeners_exit },
};

static void ditto_parts_exit(struct ditto_server *srv, size_t count)
{
	while (count)
		ditto_parts[--count].exit(srv);
}

static void server_free(struct ditto_server *srv)
{
	kobj_ns_drop(KOBJ_NS_TYPE_NET, &srv->net->ns);
	kfree(srv);
}

static void server_end(struct work_struct *work)
{
	struct ditto_server *srv = container_of(work, struct ditto_server, end);

	ditto_live_wait(&srv->live);
	ditto_parts_exit(srv, ARRAY_SIZE(ditto_parts));
	server_free(srv);
}

static int __net_init ditto_net_init(struct net *net)
{
	struct ditto_server **place = net_generic(net, ditto_net_id), *srv;
	size_t i;
	int err;

	srv = kzalloc(sizeof(*srv), GFP_KERNEL);
	if (!srv)
		return -ENOMEM;
	net_passive_inc(net);
	srv->net = net;
	INIT_WORK(&srv->end, server_end);
	srv->started = ktime_get_real_ns();
	/* Random, because a clock could be set back and repeat a start time. */
	atomic64_set(&srv->write_verifier, get_random_u64());
	get_random_bytes(&srv->handle_key, sizeof(srv->handle_key));
	ditto_settings_init(srv);

	for (i = 0; i < ARRAY_SIZE(ditto_parts); i++) {
		err = ditto_parts[i].init(srv);
		if (err) {
			ditto_parts_exit(srv, i);
			server_free(srv);
			return err;
		}
	}
	*place = srv;
	return 0;
}

static void __net_exit ditto_net_pre_exit(struct net *net)
{
	ditto_locks_leave(ditto_server_of(net));
}

/* The end may wait for disks, and other namespaces and modules wait for this function. */
static void __net_exit ditto_net_exit(struct net *net)
{
	queue_work(server_ends, &ditto_server_of(net)->end);
}

static struct pernet_operations ditto_net_ops = {
	.init = ditto_net_init,
	.pre_exit = ditto_net_pre_exit,
	.exit = ditto_net_exit,
	.id = &ditto_net_id,
	.size = sizeof(struct ditto_server *),
};

static int __init ditto_init(void)
{
	int err;

	ditto_wq = alloc_workqueue("ditto", WQ_UNBOUND, 0);
	if (!ditto_wq)
		return -ENOMEM;

	err = -ENOMEM;
	server_ends = alloc_workqueue("ditto_ends", WQ_UNBOUND, 0);
	if (!server_ends)
		goto err_wq;
	err = ditto_tasks_setup();
	if (err)
		goto err_ends;
	err = ditto_node_slab_init();
	if (err)
		goto err_tasks;
	err = ditto_instance_slab_init();
	if (err)
		goto err_nodes;
	err = ditto_jobs_setup();
	if (err)
		goto err_instances;
	err = ditto_acl_interning_init();
	if (err)
		goto err_jobs;
	err = ditto_dir_cache_init();
	if (err)
		goto err_acls;
	ditto_casefold_tables_init();
	ditto_offload_locks_init();
	err = ditto_unserved_init();
	if (err)
		goto err_kept;
	err = ditto_share_options_init();
	if (err)
		goto err_unserved;
	err = register_pernet_subsys(&ditto_net_ops);
	if (err)
		goto err_servers;

	err = ditto_genl_init();
	if (err)
		goto err_net;
	ditto_offload_faults_init();
	return 0;

err_net:
	unregister_pernet_subsys(&ditto_net_ops);
err_servers:
	/* A failed registration has begun the ends of servers, too. */
	flush_workqueue(server_ends);
	flush_workqueue(ditto_wq);
	/* Objects are freed by RCU callbacks inside this module. */
	rcu_barrier();
	ditto_share_options_exit();
err_unserved:
	ditto_unserved_exit();
err_kept:
	ditto_casefold_tables_exit();
	ditto_dir_cache_exit();
err_acls:
	ditto_acl_interning_exit();
err_jobs:
	ditto_jobs_cleanup();
err_instances:
	ditto_instance_slab_exit();
err_nodes:
	ditto_node_slab_exit();
err_tasks:
	ditto_tasks_cleanup();
err_ends:
	destroy_workqueue(server_ends);
err_wq:
	destroy_workqueue(ditto_wq);
	return err;
}

static void __exit ditto_exit(void)
{
	/* First, since all others wait for what has stopped at a point. */
	ditto_offload_faults_exit();
	ditto_genl_exit();
	unregister_pernet_subsys(&ditto_net_ops);
	/* Servers of this namespace, and of those that ended before. */
	destroy_workqueue(server_ends);
	/* Workers release the last mounts and then leave shares to RCU. */
	flush_workqueue(ditto_wq);
	rcu_barrier();
	/* Local processes on their way to user space may not have left local_wait_work() yet. */
	synchronize_rcu_tasks();
	ditto_unserved_exit();
	ditto_share_options_exit();
	ditto_jobs_cleanup();
	destroy_workqueue(ditto_wq);
	ditto_casefold_tables_exit();
	ditto_dir_cache_exit();
	ditto_acl_interning_exit();
	ditto_instance_slab_exit();
	ditto_node_slab_exit();
	ditto_tasks_cleanup();
}

module_init(ditto_init);
module_exit(ditto_exit);

MODULE_DESCRIPTION("Ditto file server: core");
MODULE_VERSION(DITTO_VERSION);
MODULE_LICENSE("GPL");
