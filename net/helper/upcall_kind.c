// SPDX-License-Identifier: GPL-2.0-only
/* The types of requests to the helper: what the log calls them, and in which queue they wait. */
#include <linux/build_bug.h>

#include "../netlink.h"
#include "upcall.h"
#include "upcall_private.h"

static_assert(DITTO_UPCALL_HOST_NAME == (int)DITTO_UPCALL_KIND_HOST_NAME);
static_assert(DITTO_UPCALL_NETGROUP == (int)DITTO_UPCALL_KIND_NETGROUP);
static_assert(DITTO_UPCALL_GROUPS == (int)DITTO_UPCALL_KIND_GROUPS);
static_assert(DITTO_UPCALL_RECORD_FORGET == (int)DITTO_UPCALL_KIND_RECORD_FORGET);
static_assert(DITTO_UPCALL_AUTH == (int)DITTO_UPCALL_KIND_AUTH);
static_assert(DITTO_UPCALL_PIPE_CLOSE == (int)DITTO_UPCALL_KIND_PIPE_CLOSE);
static_assert(DITTO_UPCALL_GROUP_ID == (int)DITTO_UPCALL_KIND_GROUP_ID);
static_assert(DITTO_UPCALL_USER_SIDS == (int)DITTO_UPCALL_KIND_USER_SIDS);
static_assert(DITTO_UPCALL_ACCOUNT_OF_SID == (int)DITTO_UPCALL_KIND_ACCOUNT_OF_SID);
static_assert(DITTO_UPCALL_AUDIT == (int)DITTO_UPCALL_KIND_AUDIT);
static_assert(DITTO_UPCALL_OFFLOAD_FETCH == (int)DITTO_UPCALL_KIND_OFFLOAD_FETCH);
static_assert(DITTO_UPCALL_SCAN == (int)DITTO_UPCALL_KIND_SCAN);

const char *const ditto_upcall_names[] = {
	[DITTO_UPCALL_HOST_NAME] = "a question for a host name",
	[DITTO_UPCALL_NETGROUP] = "a question for a netgroup",
	[DITTO_UPCALL_GROUPS] = "a question for groups",
	[DITTO_UPCALL_RECORD_PUT] = "a record",
	[DITTO_UPCALL_RECORD_REMOVE] = "the end of a record",
	[DITTO_UPCALL_RECORD_FORGET] = "the end of records",
	[DITTO_UPCALL_AUTH] = "an authentication",
	[DITTO_UPCALL_AUTH_ABORT] = "the end of an authentication",
	[DITTO_UPCALL_PIPE_OPEN] = "the opening of a pipe",
	[DITTO_UPCALL_PIPE_CALL] = "a message to a pipe",
	[DITTO_UPCALL_PIPE_CLOSE] = "the closing of a pipe",
	[DITTO_UPCALL_USER_NAME] = "a question for a user's name",
	[DITTO_UPCALL_GROUP_NAME] = "a question for a group's name",
	[DITTO_UPCALL_USER_ID] = "a question for a user",
	[DITTO_UPCALL_GROUP_ID] = "a question for a group",
	[DITTO_UPCALL_USER_SIDS] = "a question for the SIDs of a user",
	[DITTO_UPCALL_SID_OF_USER] = "a question for the SID of a user",
	[DITTO_UPCALL_SID_OF_GROUP] = "a question for the SID of a group",
	[DITTO_UPCALL_ACCOUNT_OF_SID] = "a question for the account of a SID",
	[DITTO_UPCALL_AUDIT] = "a record for the audit log",
	[DITTO_UPCALL_OFFLOAD_FETCH] = "a request for offloaded data",
	[DITTO_UPCALL_SCAN] = "a question about the content of a file",
};

/*
 * The helper serves logins with eight threads and pipes with four, accounts and single SIDs with
 * four times as many as one peer may keep busy, and netgroups with one; host names occupy no
 * thread. No more requests are in progress than keep its threads busy, and fewer logins, pipes,
 * accounts, SIDs and netgroups of any one peer, because requests that wait here are ordered fairly
 * and those that wait in the helper are not. Records belong to no peer, and the helper writes them
 * in batches. Each request about hosts, netgroups, accounts and SIDs occupies one of
 * DITTO_NAMES_WORKERS. Clients choose SIDs, so these have their own queue.
 */
const struct ditto_fairq_limits ditto_upcall_queue_limits[UPCALL_QUEUES] = {
	[UPCALL_LOGINS] = { .width = 8, .peer_width = 2, .waiting = 2048, .peer_waiting = 256 },
	[UPCALL_PIPES] = { .width = 2, .peer_width = 1, .waiting = 1024, .peer_waiting = 64 },
	[UPCALL_HOSTS] = { .width = 64, .peer_width = 2, .waiting = 128, .peer_waiting = 32 },
	[UPCALL_NETGROUPS] = { .width = 3, .peer_width = 1, .waiting = 64, .peer_waiting = 32 },
	[UPCALL_ACCOUNTS] = { .width = 8, .peer_width = 4, .waiting = 96, .peer_waiting = 64 },
	[UPCALL_SIDS] = { .width = 4, .peer_width = 2, .waiting = 128, .peer_waiting = 64 },
	[UPCALL_RECORDS] = { .width = 1024, .peer_width = 1024, .waiting = 1024,
			    .peer_waiting = 1024 },
	/* Each user is a peer; one thread writes the log. */
	[UPCALL_AUDIT] = { .width = 64, .peer_width = 16, .waiting = 2048, .peer_waiting = 512 },
	/* Each occupies a process of the helper, SCAN_RUNS_MAX at most. */
	[UPCALL_SCANS] = { .width = 16, .peer_width = 8, .waiting = 1024, .peer_waiting = 256 },
};

const u16 ditto_upcall_ends[DITTO_UPCALL_ENDS] = {
	[DITTO_UPCALL_AUTH_ABORT] = DITTO_A_UPCALL_AUTH_ID,
	[DITTO_UPCALL_PIPE_CLOSE] = DITTO_A_UPCALL_PIPE,
};

const u8 ditto_upcall_queue_of[] = {
	[DITTO_UPCALL_HOST_NAME] = UPCALL_HOSTS,
	[DITTO_UPCALL_NETGROUP] = UPCALL_NETGROUPS,
	[DITTO_UPCALL_GROUPS] = UPCALL_ACCOUNTS,
	[DITTO_UPCALL_RECORD_PUT] = UPCALL_RECORDS,
	[DITTO_UPCALL_RECORD_REMOVE] = UPCALL_RECORDS,
	[DITTO_UPCALL_RECORD_FORGET] = UPCALL_RECORDS,
	[DITTO_UPCALL_AUTH] = UPCALL_LOGINS,
	[DITTO_UPCALL_PIPE_OPEN] = UPCALL_PIPES,
	[DITTO_UPCALL_PIPE_CALL] = UPCALL_PIPES,
	[DITTO_UPCALL_USER_NAME] = UPCALL_ACCOUNTS,
	[DITTO_UPCALL_GROUP_NAME] = UPCALL_ACCOUNTS,
	[DITTO_UPCALL_USER_ID] = UPCALL_ACCOUNTS,
	[DITTO_UPCALL_GROUP_ID] = UPCALL_ACCOUNTS,
	[DITTO_UPCALL_USER_SIDS] = UPCALL_ACCOUNTS,
	[DITTO_UPCALL_SID_OF_USER] = UPCALL_SIDS,
	[DITTO_UPCALL_SID_OF_GROUP] = UPCALL_SIDS,
	[DITTO_UPCALL_ACCOUNT_OF_SID] = UPCALL_SIDS,
	[DITTO_UPCALL_AUDIT] = UPCALL_AUDIT,
	[DITTO_UPCALL_SCAN] = UPCALL_SCANS,
};
