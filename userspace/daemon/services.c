// SPDX-License-Identifier: GPL-2.0-only
/* The services that answer upcalls, and how many threads each has. */

#include "auth/auth.h"
#include "common/offload_ctl.h"
#include "common/run_path.h"
#include "hosts/hosts.h"
#include "broker/offload.h"
#include "broker/scan.h"
#include "rpc/pipe.h"
#include "pool.h"
#include "services.h"

/*
 * Threads for look-ups of accounts, and most jobs in their pool. There are some more than a single
 * client may keep busy with names that the name service does not answer for (upcall.h).
 */
#define NSS_THREADS	(4 * UPCALL_NAMES_PER_ASKER)
#define NSS_LIMIT	1024
/* The same for SIDs. */
#define SID_THREADS	(4 * UPCALL_SIDS_PER_ASKER)
#define SID_LIMIT	256
/* The same for netgroups, which the C library looks up one at a time. */
#define NETGROUP_THREADS	1
#define NETGROUP_LIMIT		256
/* Most jobs for authentication. */
#define LOGIN_LIMIT	1024
/* The same for named pipes. */
#define PIPE_THREADS	4
#define PIPE_LIMIT	1024
/* More records than the kernel sends without an answer. */
#define AUDIT_LIMIT	256

bool services_open(struct upcall_services *services, int spawner, const char *state_dir)
{
	char socket[RUN_PATH_SIZE];

	services->hosts = hosts_new(spawner);
	services->names = pool_new(NSS_THREADS, NSS_LIMIT);
	services->sids = pool_new(SID_THREADS, SID_LIMIT);
	services->netgroups = pool_new(NETGROUP_THREADS, NETGROUP_LIMIT);
	services->logins = pool_new_low(AUTH_THREADS, LOGIN_LIMIT);
	services->calls = pool_new_low(PIPE_THREADS, PIPE_LIMIT);
	services->audit = pool_new(1, AUDIT_LIMIT);
	services->pipes = pipes_new(spawner, pipe_shares, pipe_share_change);
	services->offload = offload_new(spawner,
					run_path(socket, OFFLOAD_CTL_NAME, OFFLOAD_CTL_SUFFIX),
					state_dir);
	services->scan = scan_new(spawner);
	return services->hosts && services->names && services->sids && services->netgroups &&
	       services->logins && services->calls && services->audit && services->pipes &&
	       services->offload && services->scan;
}
