/* SPDX-License-Identifier: GPL-2.0-only */
/* Upcalls of the kernel: parses requests, has them processed in a pool, and sends the replies. */
#ifndef _DITTOD_UPCALL_H
#define _DITTOD_UPCALL_H

#include "common/types.h"
#include "hosts/hosts.h"
#include "identity/idmap.h"
#include "upcall_deadline.h"
#include "identity/nss.h"
#include "pool.h"
#include "state/recorder.h"
#include "identity/sid_list.h"

struct auth;
struct conn;
struct nl_msg;
struct offload;
struct pipes;
struct scan;

/* Supported kinds of upcalls: one bit for each enum ditto_upcall_kind. */
#define UPCALL_KINDS	((2ULL << DITTO_UPCALL_KIND_SCAN) - 1)

/**
 * struct upcall_services - the services that process upcalls
 * @hosts: look-up of host names
 * @names: pool for look-ups of users and groups
 * @sids: pool for look-ups of SIDs that clients name, for which others must not wait
 * @netgroups: pool for look-ups of netgroups
 * @logins: pool for authentication, which uses the name service too but must not wait for
 *	other look-ups
 * @calls: pool for named pipes, which must not wait for a slow authentication
 * @audit: pool of one thread that writes the audit log
 * @recorder: writes records
 * @auth: authenticates users
 * @pipes: serves named pipes
 * @offload: fetches offloaded data
 * @scan: has the content of files scanned
 */
struct upcall_services {
	struct hosts *hosts;
	struct pool *names;
	struct pool *sids;
	struct pool *netgroups;
	struct pool *logins;
	struct pool *calls;
	struct pool *audit;
	struct recorder *recorder;
	struct auth *auth;
	struct pipes *pipes;
	struct offload *offload;
	struct scan *scan;
};

/*
 * Most questions about accounts, and about SIDs, that one client may have unanswered. The name
 * service may not answer for years, and each question keeps its thread until then, also when the
 * kernel does not wait any more. The kernel has as many under way for one client.
 */
#define UPCALL_NAMES_PER_ASKER	4
#define UPCALL_SIDS_PER_ASKER	2

/**
 * struct upcall - one request and its reply
 * @job: job in the pool
 * @next: link in the list of questions that keep a thread, or wait for one
 * @late: answers in time if nobody else does
 * @lookup: look-up of the host's names; for other questions, it has the address of the client that
 *	needs the answer, if known
 * @netgroups: pool for the work after @lookup
 * @channel: connection on which the reply is sent
 * @id: number of the request, chosen by the kernel
 * @type: enum ditto_upcall_kind
 * @deadline: CLOCK_MONOTONIC in ms; the kernel does not wait for the reply after it
 * @names: names of the host: those that the kernel knows, then those that were found
 * @netgroup: name of the netgroup
 * @uid: user whose groups, name or SIDs are requested
 * @gid: group whose name or SID is requested
 * @kinds: IDENTITY_* bits of the account of a SID: which of @uid and @gid are the result
 * @sid: SID of the user or group, as input or result
 * @user: name of a user or group with its domain, as input or result
 * @error: error of the reply, positive errno or 0
 * @member: the host is in the netgroup
 * @gids: groups of the user
 * @ngids: number of entries in @gids
 * @sids: SIDs of the user and its groups
 * @complete: SIDs of domains that are not in @sids are not the user's
 * @privileges: USER_TOKEN_* bits that the user would log in with
 */
struct upcall {
	struct job job;
	struct upcall *next;
	struct upcall_deadline late;
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
	unsigned int kinds;
	struct sid sid;
	char user[IDMAP_NAME_SIZE];
	u32 error;
	bool member;
	u32 gids[NSS_GROUPS_MAX];
	unsigned int ngids;
	struct sid_list sids;
	bool complete;
	u32 privileges;
};

/**
 * struct record_upcall - one request about a record
 * @change: job of the recorder
 * @channel: connection on which the reply is sent
 * @id: number of the request, chosen by the kernel
 */
struct record_upcall {
	struct record_job change;
	struct conn *channel;
	u64 id;
};

/*
 * Fill @u from a message. Returns 0, -EBADMSG for a malformed message, or -EOPNOTSUPP for a kind
 * that this version does not know.
 */
int upcall_parse(struct upcall *u, struct nl_msg *msg, u64 now_ms);
/* Process a request, except the look-up of host names; may block. Runs in a thread of a pool. */
void upcall_work(struct upcall *u);
/* Add SIDs to the reply, see struct user_token. */
void upcall_put_sids(struct nl_msg *msg, const struct sid_list *sids, bool complete);
/*
 * Count a parsed question about an account or a SID until upcall_question_end(). Returns false if
 * its asker has too many already, then it is not counted. For the event loop's thread.
 */
bool upcall_question_begin(struct upcall *u);
void upcall_question_end(const struct upcall *u);
/* Free a request. */
void upcall_free(struct upcall *u);
/* Add the reply to a message. */
void upcall_put(struct nl_msg *msg, const struct upcall *u);

/*
 * Fill a request about a record. Returns 0, or -EBADMSG for a malformed message or another kind
 * of request.
 */
int upcall_parse_record(struct record_upcall *u, struct nl_msg *msg, u64 now_ms);

/**
 * upcall_take - start to process a request
 * @channel: connection on which the request arrived
 * @services: the services that process it
 * @msg: the request
 *
 * The reply is sent by pool_reap(), recorder_reap() or hosts_ready(), or immediately if too many
 * requests are queued. Must be called in the thread of the event loop.
 */
void upcall_take(struct conn *channel, const struct upcall_services *services,
		 struct nl_msg *msg);

/* Create an empty reply, sent with upcall_send(). Returns NULL if the module was unloaded. */
struct nl_msg *upcall_answer(struct conn *channel);
/* The same for a notice that a request, which is not answered yet, has come further. */
struct nl_msg *upcall_progress(struct conn *channel);
/* Send one of them and free it. */
void upcall_send(struct conn *channel, struct nl_msg *msg);

#endif
