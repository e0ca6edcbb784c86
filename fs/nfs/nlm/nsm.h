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

/**
 * dnsm_tell_monitors - call back all that monitor a host, in the background
 * @nlm: the server
 * @addr: address of the host, IPv4 mapped
 * @name: name of the host
 * @state: its NSM state now
 *
 * Context: may sleep; takes monitors_lock.
 */
void dnsm_tell_monitors(struct dnlm_server *nlm, const struct in6_addr *addr,
			const struct dnlm_bytes *name, u32 state);

/**
 * dnsm_monitor_restore - restore a monitoring request from its record
 * @nlm: the server
 * @rec: record from before the restart
 *
 * Context: may sleep; takes monitors_lock.
 * Return: 0; -ENOSPC if there are too many; or -ENOMEM.
 */
int dnsm_monitor_restore(struct dnlm_server *nlm, const struct dnlm_record *rec);

/* Set-up and teardown with the server. */
void dnsm_init(struct dnlm_server *nlm);
void dnsm_exit(struct dnlm_server *nlm);

/**
 * dnsm_visit_monitors - call a function for each monitoring request
 * @nlm: the server
 * @fn: must not change the list
 * @arg: passed to @fn
 *
 * Context: may sleep; takes monitors_lock and holds it during @fn.
 */
void dnsm_visit_monitors(struct dnlm_server *nlm,
			 void (*fn)(const struct dnlm_record *rec, void *arg), void *arg);

/* notify.c */

/**
 * dnsm_restart_begin - begin recovery when the service starts
 * @nlm: the server
 *
 * Once the helper has delivered the records from before the restart, which may be later: restores
 * the hosts, starts the grace period, and notifies the hosts in the background. Only the first
 * call has an effect.
 */
void dnsm_restart_begin(struct dnlm_server *nlm);

/**
 * dnsm_restart_stop - end recovery, whether it began or not
 * @nlm: the server
 */
void dnsm_restart_stop(struct dnlm_server *nlm);

/**
 * dnsm_restart_again - simulate a crash: release all locks and notify all hosts
 * @nlm: the server
 *
 * Context: may sleep; takes monitors_lock and host->lock.
 * Return: 0; -EAGAIN while recovery is not complete; -ENOSPC after too many simulated crashes.
 */
int dnsm_restart_again(struct dnlm_server *nlm);

#endif
