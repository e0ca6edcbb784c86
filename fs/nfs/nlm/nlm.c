// SPDX-License-Identifier: GPL-2.0-only
/*
 * Set-up and teardown of the locking side of a server.
 *
 * It is allocated with the network namespace and freed with it. Recovery begins when the service
 * starts for the first time.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/utsname.h>

#include "../../../net/server.h"
#include "../server.h"
#include "callout.h"
#include "grant.h"
#include "host.h"
#include "nlm.h"
#include "nsm.h"
#include "proc.h"

/* Part of the server: see struct dnfs_part. */
int dnlm_server_init(struct dnfs_server *server)
{
	struct dnlm_server *nlm = kzalloc(sizeof(*nlm), GFP_KERNEL);

	if (!nlm)
		return -ENOMEM;
	nlm->srv = server->srv;
	nlm->net = server->net;
	nlm->recorders = &server->recorders;
	init_waitqueue_head(&nlm->idle);
	dnlm_callouts_init(nlm);
	dnlm_grants_init(nlm);
	dnsm_init(nlm);
	dnlm_hosts_init(nlm);
	server->nlm = nlm;
	return 0;
}

/*
 * Begin recovery when the service starts. The hosts of an earlier instance of the server are
 * notified of the restart, in the background. Context: called by the task that starts the service,
 * whose UTS node name is used.
 */
void dnlm_server_start(struct dnfs_server *server)
{
	/* The service is started from within the UTS namespace whose node name it uses. */
	strscpy(server->nlm->name, utsname()->nodename);
	dnsm_restart_begin(server->nlm);
}

/*
 * Free the locking side of a server. Must be called after the service stopped. Releases every claim
 * of every host. Their records are kept, so that the hosts are notified when a server starts again.
 *
 * In this order: callouts and waits for removals hold hosts, and clients hold hosts.
 */
void dnlm_server_exit(struct dnfs_server *server)
{
	struct dnlm_server *nlm = server->nlm;

	dnsm_restart_stop(nlm);
	dnlm_callouts_stop(nlm);
	dnlm_hosts_exit(nlm);
	dnsm_exit(nlm);
	kfree(nlm);
}

int dnlm_init(void)
{
	dnlm_lock_init();
	return dnlm_callouts_module_init();
}

void dnlm_exit(void)
{
	dnlm_callouts_module_exit();
	/* Hosts and clients are freed by RCU callbacks in this module. */
	rcu_barrier();
}
