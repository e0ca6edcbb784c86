/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests of the kernel: read, worked on in a pool, answered. */
#ifndef _DITTOD_UPCALL_H
#define _DITTOD_UPCALL_H

#include "common/types.h"
#include "hosts.h"
#include "idmap.h"
#include "nss.h"
#include "pool.h"
#include "recorder.h"

struct auth;
struct conn;
struct nl_msg;
struct pipes;

/* Requests that are understood: a bit for each enum ditto_upcall_kind. */
#define UPCALL_KINDS	((2ULL << DITTO_UPCALL_KIND_GROUP_ID) - 1)

/**
 * struct upcall_services - what works on requests
 * @hosts: looks up names of hosts
 * @names: pool that asks the name service for users and groups
 * @netgroups: pool that asks it for netgroups
 * @logins: pool for logins, which ask it, too, but must not wait for others
 * @calls: pool for pipes, which must not wait for a login that takes long
 * @recorder: writes records
 * @auth: logs users in
 * @pipes: answers on pipes
 */
struct upcall_services {
	struct hosts *hosts;
	struct pool *names;
	struct pool *netgroups;
	struct pool *logins;
	struct pool *calls;
	struct recorder *recorder;
	struct auth *auth;
	struct pipes *pipes;
};

/**
 * struct upcall - one request and its answer
 * @job: in the pool
 * @lookup: of the host's names
 * @netgroups: pool for what follows @lookup
 * @channel: where the answer goes
 * @id: the kernel's number for it
 * @type: enum ditto_upcall_kind
 * @deadline: CLOCK_MONOTONIC in ms; nobody waits for the answer after it
 * @names: of the host, as far as the kernel knows them; then those found
 * @netgroup: which
 * @uid: whose groups, or name
 * @gid: of a group whose name is asked
 * @user: name of a user or group, with its domain; asked, or the answer
 * @error: of the answer, positive errno or 0
 * @member: of the netgroup
 * @gids: groups
 * @ngids: of @gids
 */
struct upcall {
	struct job job;
	struct host_lookup lookup;
	struct pool *netgroups;
	struct conn *channel;
	u64 id;
	u32 type;
	u64 deadline;
	struct nss_names names;
	char netgroup[NSS_NAME_SIZE];
	u32 uid;
	u32 gid;
	char user[IDMAP_NAME_SIZE];
	u32 error;
	bool member;
	u32 gids[NSS_GROUPS_MAX];
	unsigned int ngids;
};

/**
 * struct record_upcall - one request about a record
 * @change: in the recorder
 * @channel: where the answer goes
 * @id: the kernel's number for it
 */
struct record_upcall {
	struct record_job change;
	struct conn *channel;
	u64 id;
};

/* Fill a request from its message. 0, or -EBADMSG if it makes no sense. */
int upcall_parse(struct upcall *u, struct nl_msg *msg, u64 now_ms);
/* Find the answer, but for the names of a host; may block. */
void upcall_work(struct upcall *u);
/* Add the answer to a message. */
void upcall_put(struct nl_msg *msg, const struct upcall *u);

/* Fill a request about a record. 0, or -EBADMSG if it makes no sense or is about something else. */
int upcall_parse_record(struct record_upcall *u, struct nl_msg *msg, u64 now_ms);

/**
 * upcall_take - begin to work on a request
 * @channel: where it came from
 * @services: do the work
 * @msg: the request
 *
 * The answer is sent by pool_reap() or recorder_reap(), or at once if too many
 * requests wait.
 */
void upcall_take(struct conn *channel, const struct upcall_services *services,
		 struct nl_msg *msg);

/* An answer that is to be filled and sent; NULL if nobody is there any more. */
struct nl_msg *upcall_answer(struct conn *channel);
void upcall_send(struct conn *channel, struct nl_msg *msg);

#endif
