/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NSM: notices of restarts, from hosts to this server, from this server to hosts,
 * and to those that requested them with MON.
 */
#ifndef _DITTO_FS_NFS_NLM_NSM_H
#define _DITTO_FS_NFS_NLM_NSM_H

#include <linux/list.h>

#include "host.h"
#include "message.h"

struct dnfs_proc;
struct dnlm_record;
struct dnlm_server;

/* Most monitoring requests (MON) kept, and most of one client: an IPv4 address or an IPv6 /64. */
#define DNSM_MONITORS_MAX	4096
#define DNSM_PER_CLIENT_MAX	64

/**
 * struct dnsm_args - decoded arguments of any procedure
 * @name: mon_name, the host to be monitored, or that restarted
 * @my_name: name of the requester
 * @program: RPC program of the callback
 * @version: version of @program
 * @procedure: procedure of @program
 * @state: NSM state in NOTIFY
 * @priv: private data, returned in the callback
 * @room: buffer for the strings
 */
struct dnsm_args {
	struct dnlm_bytes name;
	struct dnlm_bytes my_name;
	u32 program;
	u32 version;
	u32 procedure;
	u32 state;
	u8 priv[NSM_PRIV_SIZE];
	u8 room[2 * NSM_STRING_MAX];
};

/* The procedures of NSM by number. */
extern const struct dnfs_proc *const dnsm1_procs[NSM_PROCEDURES];

/* nsm.c */
void dnsm_tell_monitors(struct dnlm_server *nlm, const struct in6_addr *addr,
			const struct dnlm_bytes *name, u32 state);
int dnsm_monitor_restore(struct dnlm_server *nlm, const struct dnlm_record *rec);

/* Set-up and teardown with the server. */
void dnsm_init(struct dnlm_server *nlm);
void dnsm_exit(struct dnlm_server *nlm);
void dnsm_visit_monitors(struct dnlm_server *nlm,
			 void (*fn)(const struct dnlm_record *rec, void *arg), void *arg);

/* notify.c */

/* notify.c */
void dnsm_restart_begin(struct dnlm_server *nlm);
void dnsm_restart_stop(struct dnlm_server *nlm);
int dnsm_restart_again(struct dnlm_server *nlm);

#endif
