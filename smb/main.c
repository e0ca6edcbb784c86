// SPDX-License-Identifier: GPL-2.0-only
/*
 * ditto_smb.ko: the server for SMB 2.0.2 to 3.1.1.
 *
 * This file registers the module: what all namespaces share first, then the per-namespace
 * server, and the protocol last, because listeners can be created from then on. Unloading goes
 * in reverse order.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "../net/listener.h"
#include "../net/live.h"
#include "../net/server.h"
#include "../net/version.h"
#include "auth/crypto.h"
#include "open/lease.h"
#include "open/open.h"
#include "server.h"
#include "share_options.h"
#include "show.h"
#include "transport/call.h"
#include "transport/message.h"
#include "wire/name.h"

#define DSMB_PORT	445	/* MS-SMB2 section 2.1 */

/* Ends servers, one by each of its workers. */
static struct workqueue_struct *dsmb_ends;

static const struct ditto_setting_desc dsmb_setting_descs[] = {
#define SETTING(...) DITTO_SETTING_DESC(struct dsmb_settings, __VA_ARGS__)
#include "setting_defs.h"
};

static const struct ditto_setting_desc dsmb_option_descs[] = {
#define OPTION(...) DITTO_SETTING_DESC(struct dsmb_share_options, __VA_ARGS__)
#include "option_defs.h"
};

static void *dsmb_settings_of(const struct ditto_server *srv)
{
	return &dsmb_server_of(srv->net)->settings;
}

struct ditto_protocol dsmb_protocol = {
	.owner = THIS_MODULE,
	.name = "smb",
	.default_port = DSMB_PORT,
	.transports = BIT(DITTO_TRANSPORT_TCP),
	.listen = dsmb_listen,
	.close = dsmb_close_listener,
	.disconnect = dsmb_disconnect,
	.connections = dsmb_connections,
	.conns = dsmb_show_conns,
	.sessions = dsmb_show_sessions,
	.session_close = dsmb_show_session_close,
	.opens = dsmb_show_opens,
	.open_close = dsmb_show_open_close,
	.trees = dsmb_show_trees,
	.tree_close = dsmb_show_tree_close,
	.logins = dsmb_share_logins,
	.reaches = dsmb_show_reaches,
	.settings = {
		.descs = dsmb_setting_descs,
		.count = ARRAY_SIZE(dsmb_setting_descs),
		.of = dsmb_settings_of,
	},
	.options = {
		.descs = dsmb_option_descs,
		.count = ARRAY_SIZE(dsmb_option_descs),
		.size = sizeof(struct dsmb_share_options),
	},
};

static void dsmb_server_end(struct work_struct *work)
{
	struct dsmb_server *server = container_of(work, struct dsmb_server, end);
	struct ditto_server *srv = server->srv;

	dsmb_server_exit(server);
	kfree(server);
	ditto_live_put(&srv->live);
}

static int __net_init dsmb_net_init(struct net *net)
{
	struct dsmb_server **place = net_generic(net, dsmb_net_id), *server;
	int err;

	server = kzalloc(sizeof(*server), GFP_KERNEL);
	if (!server)
		return -ENOMEM;
	INIT_WORK(&server->end, dsmb_server_end);
	ditto_settings_defaults(&dsmb_protocol.settings, &server->settings);
	err = dsmb_server_init(server, net);
	if (err) {
		kfree(server);
		return err;
	}
	ditto_live_get(&server->srv->live);
	*place = server;
	return 0;
}

/*
 * No listener is left, because a listener keeps its namespace alive. Other namespaces and modules
 * wait for this function.
 */
static void __net_exit dsmb_net_exit(struct net *net)
{
	queue_work(dsmb_ends, &dsmb_server_of(net)->end);
}

static struct pernet_operations dsmb_net_ops = {
	.init = dsmb_net_init,
	.exit = dsmb_net_exit,
	.id = &dsmb_net_id,
	.size = sizeof(struct dsmb_server *),
};

static int __init dsmb_init(void)
{
	int err;

	err = ditto_core_check();
	if (err)
		return err;
	dsmb_calls_init();
	dsmb_leases_init();
	err = dsmb_crypto_init();
	if (err)
		return err;
	err = dsmb_message_init();
	if (err)
		goto exit_crypto;
	err = dsmb_opens_init();
	if (err)
		goto exit_message;
	dsmb_match_init();
	err = -ENOMEM;
	dsmb_ends = alloc_workqueue("ditto-smb-ended", WQ_UNBOUND, 0);
	if (!dsmb_ends)
		goto exit_match;
	err = register_pernet_subsys(&dsmb_net_ops);
	if (err)
		goto exit_ends;
	err = ditto_protocol_register(&dsmb_protocol);
	if (!err)
		return 0;
	unregister_pernet_subsys(&dsmb_net_ops);
exit_ends:
	/* A failed registration has begun the ends of servers, too. */
	destroy_workqueue(dsmb_ends);
	rcu_barrier();
exit_match:
	dsmb_match_exit();
	dsmb_opens_exit();
exit_message:
	dsmb_message_exit();
exit_crypto:
	dsmb_crypto_exit();
	return err;
}

static void __exit dsmb_exit(void)
{
	ditto_protocol_unregister(&dsmb_protocol);
	unregister_pernet_subsys(&dsmb_net_ops);
	/* Servers of this namespace, and of those that ended before. */
	destroy_workqueue(dsmb_ends);
	/* Sessions, watches and clients of leases are freed by functions of this module. */
	rcu_barrier();
	dsmb_match_exit();
	dsmb_opens_exit();
	dsmb_message_exit();
	dsmb_crypto_exit();
}

module_init(dsmb_init);
module_exit(dsmb_exit);

MODULE_DESCRIPTION("SMB for the Ditto file server");
MODULE_VERSION(DITTO_VERSION);
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: gcm ccm cbc cmac hmac sha256 sha512 aes");
MODULE_IMPORT_NS("DITTO");
