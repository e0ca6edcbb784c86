/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NSM: restarts of hosts, told by them to us and by us to them, and to those
 * who asked to be told.
 */
#ifndef _DITTO_FS_NFS_NLM_NSM_H
#define _DITTO_FS_NFS_NLM_NSM_H

#include <linux/list.h>

#include "host.h"
#include "message.h"

struct dnlm_record;
struct dnlm_server;
struct xdr_stream;

/* Requests to be told that are kept, and those from one address. */
#define DNSM_MONITORS_MAX	4096
#define DNSM_PER_ADDR_MAX	64

/**
 * struct dnsm_args - arguments of all procedures
 * @name: mon_name, whom it is about
 * @my_name: who asks
 * @program: what is to be called there
 * @version: of @program
 * @procedure: of @program
 * @state: of NOTIFY
 * @priv: given back
 * @room: of the strings
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

/* C702 section 11.2; false if it is too short or a name too long */
bool dnsm_decode_name(struct xdr_stream *xdr, void *args);
bool dnsm_decode_mon(struct xdr_stream *xdr, void *args);
bool dnsm_decode_mon_id(struct xdr_stream *xdr, void *args);
bool dnsm_decode_my_id(struct xdr_stream *xdr, void *args);
bool dnsm_decode_notify(struct xdr_stream *xdr, void *args);

/* Whoever watches the host of this name at this address is told, in the background. */
void dnsm_tell_monitors(struct dnlm_server *nlm, const struct in6_addr *addr,
			const struct dnlm_bytes *name, u32 state);

/* One that was recorded before the restart. */
int dnsm_monitor_restore(struct dnlm_server *nlm, const struct dnlm_record *rec);

void dnsm_init(struct dnlm_server *nlm);
void dnsm_exit(struct dnlm_server *nlm);

/* notify.c */

/* Call a function for each that asked to be told; it must not change the list. */
void dnsm_visit_monitors(struct dnlm_server *nlm,
			 void (*fn)(const struct dnlm_record *rec, void *arg), void *arg);

/*
 * notify.c. The service began: learn who was recorded before, begin the grace and
 * tell them, in the background and once; without a helper, as soon as there is one.
 */
void dnsm_restart_begin(struct dnlm_server *nlm);
void dnsm_restart_stop(struct dnlm_server *nlm);

/* All locks are lost and everybody is told. 0; -EAGAIN before the first time is over; -ENOSPC. */
int dnsm_restart_again(struct dnlm_server *nlm);

#endif
