/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between dittoctl and dittod about offloaded data, over SOCK_SEQPACKET: one packet is
 * one message. Only root can connect. Both sides are of the same build, so numbers are in host
 * byte order and structures are sent as they are; each begins with its type and version.
 *
 * A connection has one request at a time. It ends with OFFLOAD_CTL_DONE or OFFLOAD_CTL_FAILED, or
 * with the connection: closing it cancels the request.
 */
#ifndef _DITTO_OFFLOAD_CTL_H
#define _DITTO_OFFLOAD_CTL_H

#include "types.h"

/* The socket that dittod listens on, for run_path(). */
#define OFFLOAD_CTL_NAME	"offload"
#define OFFLOAD_CTL_SUFFIX	".sock"
/* Number of this version of the messages. */
#define OFFLOAD_CTL_VERSION		8
/* Longest name of a store, and of a share, with the NUL. */
#define OFFLOAD_CTL_STORE_SIZE	65
#define OFFLOAD_CTL_SHARE_SIZE	256
/* Longest path for messages, with the NUL; longer ones are cut. */
#define OFFLOAD_CTL_PATH_SIZE	1024
/* Longest list of patterns of a policy, with the NUL. */
#define OFFLOAD_POLICY_PATTERNS	512
/* Bytes of the longest cookie, as in the specification of the netlink family. */
#define OFFLOAD_CTL_COOKIE_MAX	512
/* Longest text of an error, with the NUL. */
#define OFFLOAD_CTL_TEXT_SIZE	512

/**
 * enum offload_ctl_type - types of messages
 * @OFFLOAD_CTL_PUSH: to dittod, with the descriptor of a file: upload its content
 * @OFFLOAD_CTL_STATUS: to dittod: tell about the stores
 * @OFFLOAD_CTL_PROGRESS: answer to @OFFLOAD_CTL_PUSH, some times a second
 * @OFFLOAD_CTL_STORE: answer to @OFFLOAD_CTL_STATUS, once for each store
 * @OFFLOAD_CTL_DONE: the request was done
 * @OFFLOAD_CTL_FAILED: the request failed
 * @OFFLOAD_CTL_LIST: to dittod: list objects; the path is the text of OFFLOAD_LIST (offload/msg.h)
 * @OFFLOAD_CTL_READ: to dittod: read and check the object that the path names
 * @OFFLOAD_CTL_DELETE: to dittod: delete the object that the path names
 * @OFFLOAD_CTL_REKEY: to dittod: encrypt the object that the path names with the first key; the
 *	path is the text of OFFLOAD_REKEY
 * @OFFLOAD_CTL_OWN: to dittod: ask whose the store is; the path is the text of OFFLOAD_OWN
 * @OFFLOAD_CTL_POLICIES: to dittod: tell about the policies
 * @OFFLOAD_CTL_POLICY: answer to @OFFLOAD_CTL_POLICIES, once for each policy
 * @OFFLOAD_CTL_COLLECT: to dittod, with the descriptor of a file or without: OFFLOAD_COLLECT, whose
 *	text is the path; the answer has the number of the run
 * @OFFLOAD_CTL_KEEP: to dittod, with the descriptor of a file: upload the head of a snapshot, see
 *	offload/snapshot.h, a registration or a list of garbage; the answer has a file with the name
 *	of its object. If the path is KEEP_NAME, nothing is uploaded
 * @OFFLOAD_CTL_FETCH: to dittod: get content; the path is "OFFSET LENGTH\nCOOKIE"
 * @OFFLOAD_CTL_DATA: answer to @OFFLOAD_CTL_FETCH, some times, in any order, with a file; the end
 *	is OFFLOAD_CTL_OBJECT
 * @OFFLOAD_CTL_SCHEDULE: to dittod: tell the schedule; and the answer
 * @OFFLOAD_CTL_SHARES: to dittod: tell about shares with local snapshots
 * @OFFLOAD_CTL_SHARE: answer to @OFFLOAD_CTL_SHARES, once for each share
 * @OFFLOAD_CTL_OBJECT: answer to these orders about objects, and their end
 */
enum offload_ctl_type {
	OFFLOAD_CTL_PUSH = 1,
	OFFLOAD_CTL_STATUS,
	OFFLOAD_CTL_PROGRESS,
	OFFLOAD_CTL_STORE,
	OFFLOAD_CTL_DONE,
	OFFLOAD_CTL_FAILED,
	OFFLOAD_CTL_LIST,
	OFFLOAD_CTL_READ,
	OFFLOAD_CTL_DELETE,
	OFFLOAD_CTL_OBJECT,
	OFFLOAD_CTL_POLICIES,
	OFFLOAD_CTL_POLICY,
	OFFLOAD_CTL_REKEY,
	OFFLOAD_CTL_KEEP,
	OFFLOAD_CTL_FETCH,
	OFFLOAD_CTL_DATA,
	OFFLOAD_CTL_OWN,
	OFFLOAD_CTL_COLLECT,
	OFFLOAD_CTL_SCHEDULE,
	OFFLOAD_CTL_SHARES,
	OFFLOAD_CTL_SHARE,
};

/**
 * struct offload_ctl_request - a request
 * @type: enum offload_ctl_type
 * @version: OFFLOAD_CTL_VERSION
 * @store: name of the store; "" for the store of @share
 * @share: name of the share
 * @path: path of the file, for messages; or names of objects
 */
struct offload_ctl_request {
	u32 type;
	u32 version;
	char store[OFFLOAD_CTL_STORE_SIZE];
	char share[OFFLOAD_CTL_SHARE_SIZE];
	char path[OFFLOAD_CTL_PATH_SIZE];
};

/**
 * struct offload_ctl_push - OFFLOAD_CTL_PROGRESS, and OFFLOAD_CTL_DONE after OFFLOAD_CTL_PUSH
 * @type: enum offload_ctl_type
 * @version: OFFLOAD_CTL_VERSION
 * @done: bytes of the file that are in the store
 * @uploaded: bytes that were sent
 * @deduplicated: bytes of the file that were in the store before; once the push is done
 * @requests: requests to the store
 * @cookie_len: bytes of @cookie; 0 until the push is done
 * @cookie: names the content in the store
 * @store: name of the store
 */
struct offload_ctl_push {
	u32 type;
	u32 version;
	u64 done;
	u64 uploaded;
	u64 deduplicated;
	u64 requests;
	u32 cookie_len;
	u8 cookie[OFFLOAD_CTL_COOKIE_MAX];
	char store[OFFLOAD_CTL_STORE_SIZE];
};

/* Longest words about a bucket, with the NUL. */
#define OFFLOAD_CTL_WORD_SIZE	64
#define OFFLOAD_CTL_RULES_SIZE	256

/**
 * struct offload_bucket - what is known of the bucket of a store; all "" before it was asked
 * @uuid: its UUID
 * @versioning: "on", "suspended", "off" or "unknown"
 * @lock: object lock: "off", "on" with what it locks, or "unknown"
 * @lifecycle: rules that delete or archive objects of Ditto; "none" or "unknown"
 * @storage_class: storage class of its objects
 * @refused: why nothing is uploaded, or ""
 */
struct offload_bucket {
	char uuid[OFFLOAD_CTL_WORD_SIZE];
	char versioning[OFFLOAD_CTL_WORD_SIZE];
	char lock[OFFLOAD_CTL_WORD_SIZE];
	char lifecycle[OFFLOAD_CTL_RULES_SIZE];
	char storage_class[OFFLOAD_CTL_WORD_SIZE];
	char refused[OFFLOAD_CTL_TEXT_SIZE];
};

/**
 * struct offload_ctl_store - OFFLOAD_CTL_STORE, and OFFLOAD_CTL_DONE after OFFLOAD_CTL_STATUS
 * @type: enum offload_ctl_type
 * @version: OFFLOAD_CTL_VERSION
 * @running: the store process runs and knows the store
 * @starts: how often the store process was started
 * @pushes: uploads under way
 * @fetches: recalls under way
 * @packing: small files share objects
 * @pushed: bytes that were uploaded since the start of dittod
 * @fetched: bytes that were recalled since the start of dittod
 * @errors: requests that failed since the start of dittod
 * @name: name of the store
 * @where: endpoint and bucket
 * @error: text of the last error, or ""
 * @bucket: its bucket
 */
struct offload_ctl_store {
	u32 type;
	u32 version;
	u32 running;
	u32 starts;
	u32 pushes;
	u32 fetches;
	u32 packing;
	u32 zero;
	u64 pushed;
	u64 fetched;
	u64 errors;
	char name[OFFLOAD_CTL_STORE_SIZE];
	char where[OFFLOAD_CTL_TEXT_SIZE];
	char error[OFFLOAD_CTL_TEXT_SIZE];
	struct offload_bucket bucket;
};

/**
 * struct offload_ctl_failure - OFFLOAD_CTL_FAILED
 * @type: enum offload_ctl_type
 * @version: OFFLOAD_CTL_VERSION
 * @error: positive errno
 * @store: name of the store, or ""
 * @text: the cause
 */
struct offload_ctl_failure {
	u32 type;
	u32 version;
	u32 error;
	char store[OFFLOAD_CTL_STORE_SIZE];
	char text[OFFLOAD_CTL_TEXT_SIZE];
};

/**
 * struct offload_ctl_object - OFFLOAD_CTL_OBJECT
 * @type: enum offload_ctl_type
 * @version: OFFLOAD_CTL_VERSION
 * @size: bytes of the content that was read, number of objects that were listed, or number of the
 *	run of gc
 * @requests: requests to the store
 * @more: 1 if there are more objects to list, or if the object was rewritten, or the store
 *	taken
 * @has_file: 1 if a descriptor comes along: the list, or the content of a manifest
 */
struct offload_ctl_object {
	u32 type;
	u32 version;
	u64 size;
	u64 requests;
	u32 more;
	u32 has_file;
};

/**
 * struct offload_policy - a section [policy NAME]; dittod sends it to dittoctl as it is
 * @type: OFFLOAD_CTL_POLICY
 * @version: OFFLOAD_CTL_VERSION
 * @name: its name
 * @path: the directory; policies of directories below it come first there
 * @store: name of the store, or "" for the store of the share
 * @include: patterns of names, separated by spaces; "" for all
 * @exclude: patterns of names that are left out
 * @accessed: seconds since the last access
 * @changed: seconds since the last change
 * @min_size: bytes; smaller files stay
 * @max_size: bytes; larger files stay
 * @start: percent of the file system in use from which files are offloaded; 0 for always
 * @stop: percent in use at which it ends
 * @from: minute of the day from which files are offloaded
 * @to: minute of the day at which it ends; the same as @from for all day
 * @packing: small files share objects; set when it is sent
 */
struct offload_policy {
	u32 type;
	u32 version;
	char name[OFFLOAD_CTL_STORE_SIZE];
	char path[OFFLOAD_CTL_PATH_SIZE];
	char store[OFFLOAD_CTL_STORE_SIZE];
	char include[OFFLOAD_POLICY_PATTERNS];
	char exclude[OFFLOAD_POLICY_PATTERNS];
	u64 accessed;
	u64 changed;
	u64 min_size;
	u64 max_size;
	u32 start;
	u32 stop;
	u32 from;
	u32 to;
	u32 packing;
	u32 zero;
};

/**
 * enum offload_job - what is done by the timer, in this order
 * @OFFLOAD_JOB_POLICIES: files are offloaded, while the others are done
 * @OFFLOAD_JOB_LOCAL: snapshots are made and deleted in the file systems of shares, also while the
 *	others are done
 * @OFFLOAD_JOB_SNAPSHOTS: a snapshot of each share is made, and old ones are deleted
 * @OFFLOAD_JOB_GC: garbage is deleted
 * @OFFLOAD_JOB_SCRUB: some objects are checked
 * @OFFLOAD_JOB_TRASH: old files go from the bins of shares
 * @OFFLOAD_JOBS: number of these
 */
enum offload_job {
	OFFLOAD_JOB_POLICIES,
	OFFLOAD_JOB_LOCAL,
	OFFLOAD_JOB_SNAPSHOTS,
	OFFLOAD_JOB_GC,
	OFFLOAD_JOB_SCRUB,
	OFFLOAD_JOB_TRASH,
	OFFLOAD_JOBS,
};

/* Most kinds of snapshots that stay. */
#define OFFLOAD_KEEPS	4

/**
 * struct offload_keep - snapshots that stay
 * @period: one of each so many seconds; 0 ends the list
 * @count: how many of them
 */
struct offload_keep {
	u64 period;
	u32 count;
	u32 zero;
};

/**
 * struct offload_ctl_share - OFFLOAD_CTL_SHARE
 * @type: OFFLOAD_CTL_SHARE
 * @version: OFFLOAD_CTL_VERSION
 * @share: name of the share
 * @keep: local snapshots that stay
 */
struct offload_ctl_share {
	u32 type;
	u32 version;
	char share[OFFLOAD_CTL_SHARE_SIZE];
	struct offload_keep keep[OFFLOAD_KEEPS];
};

/**
 * struct offload_schedule - the section [schedule]; dittod sends it to dittoctl as it is
 * @type: OFFLOAD_CTL_SCHEDULE
 * @version: OFFLOAD_CTL_VERSION
 * @period: by enum offload_job: seconds in which it is done once; for @OFFLOAD_JOB_SCRUB, in which
 *	all objects are checked once; for @OFFLOAD_JOB_LOCAL, the shortest of all shares; 0 for
 *	never
 * @keep: snapshots that stay
 * @stubs_only: snapshots have only the content of offloaded files
 * @stores: number of stores; set when it is sent, as the next one
 * @shares: number of shares that offload
 * @since: when dittod began, seconds since 1970; only in its status
 */
struct offload_schedule {
	u32 type;
	u32 version;
	u64 period[OFFLOAD_JOBS];
	struct offload_keep keep[OFFLOAD_KEEPS];
	u32 stubs_only;
	u32 stores;
	u32 shares;
	u32 zero;
	u64 since;
};

/**
 * struct offload_ctl_data - OFFLOAD_CTL_DATA
 * @type: enum offload_ctl_type
 * @version: OFFLOAD_CTL_VERSION
 * @offset: place in the content in bytes
 * @length: bytes
 * @start: where they begin in the file that comes along
 */
struct offload_ctl_data {
	u32 type;
	u32 version;
	u64 offset;
	u64 length;
	u64 start;
};

/* Any answer of dittod. */
union offload_ctl_answer {
	u32 type;
	struct offload_ctl_push push;
	struct offload_ctl_store store;
	struct offload_ctl_failure failure;
	struct offload_ctl_object object;
	struct offload_policy policy;
	struct offload_schedule schedule;
	struct offload_ctl_share share;
	struct offload_ctl_data data;
};

#endif
