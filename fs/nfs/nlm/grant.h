/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks that a client waits for: queued in the lock table, then brought to the
 * client by GRANTED.
 */
#ifndef _DITTO_FS_NFS_NLM_GRANT_H
#define _DITTO_FS_NFS_NLM_GRANT_H

#include <linux/sunrpc/xdr.h>

#include "../../node/handle.h"
#include "callout.h"
#include "file.h"

struct dnfs_call;

/* Our cookies: a number. */
#define DNLM_COOKIE_SIZE	8

enum dnlm_grant_phase {
	DNLM_GRANT_WAITING,	/* the lock table has it */
	DNLM_GRANT_CALLING,	/* the lock is held, the client is being told */
};

/**
 * struct dnlm_grant - a lock that is waited for
 * @wait: in the lock table
 * @callout: tells the client
 * @nlm: the server
 * @client: held
 * @ref: the lock table, the callout, and whoever looks at it
 * @phase: under the server's grants_lock, as all below
 * @told: the client knows already that it has the lock: GRANTED is not called
 * @dropped: the lock was given up meanwhile
 * @by_owner: in the server's table
 * @by_cookie: in the server's table while calling
 * @number: the cookie
 * @cookie: on the wire
 * @answer: status that the client answered with
 * @msg: of GRANTED; its strings are here and in @oh
 * @message: GRANTED is called as a message, answered by GRANTED_RES
 * @version: of NLM
 * @first: first byte
 * @last: last byte
 * @fh: the file
 * @oh: the owner
 */
struct dnlm_grant {
	struct ditto_wait wait;
	struct dnlm_callout callout;
	struct dnlm_server *nlm;
	struct dnlm_client *client;
	refcount_t ref;

	enum dnlm_grant_phase phase;
	bool told;
	bool dropped;
	struct hlist_node by_owner;
	struct hlist_node by_cookie;
	u64 number;
	u8 cookie[DNLM_COOKIE_SIZE];
	u32 answer;

	struct dnlm_msg msg;
	bool message;
	u32 version;
	u64 first;
	u64 last;
	u8 fh[DITTO_HANDLE_MAX];
	u8 oh[];
};

/**
 * dnlm_grant_alloc - be ready to wait
 * @call: who asks
 * @msg: what for
 * @message: it came as LOCK_MSG
 * @req: the request to the lock table
 * @asker: host and owner
 *
 * Pass the result's @wait to ditto_range_lock(). Unless that says -EINPROGRESS
 * give the result back with dnlm_grant_abandon().
 *
 * Return: NULL without memory.
 */
struct dnlm_grant *dnlm_grant_alloc(struct dnfs_call *call, const struct dnlm_msg *msg,
				    bool message, const struct ditto_range_request *req,
				    struct dnlm_asker *asker);
void dnlm_grant_abandon(struct dnlm_grant *grant);

/* A LOCK of the same owner for the same range was answered: the client knows. */
void dnlm_grants_told(struct dnlm_server *nlm, const struct ditto_owner *owner,
		      const struct dnlm_msg *msg);

/**
 * dnlm_grants_given_up - an owner gave up a range
 * @nlm: the server
 * @owner: whose
 * @fh: of which file
 * @first: first byte
 * @last: last byte
 *
 * Return: a lock within it was being told to the client; that ends now.
 */
bool dnlm_grants_given_up(struct dnlm_server *nlm, const struct ditto_owner *owner,
			  const struct dnlm_bytes *fh, u64 first, u64 last);

/* A client holds nothing any more: it is not told of locks that it had. */
void dnlm_grants_drop(struct dnlm_client *client);

/**
 * dnlm_granted_res - a client answers GRANTED_MSG
 * @nlm: the server
 * @addr: where it came from
 * @cookie: which
 * @status: its answer
 *
 * Return: it was waited for.
 */
bool dnlm_granted_res(struct dnlm_server *nlm, const struct in6_addr *addr,
		      const struct dnlm_bytes *cookie, u32 status);

/* The number in a cookie of ours; 0 if it is none. */
u64 dnlm_cookie_number(const struct dnlm_bytes *cookie);

void dnlm_grants_init(struct dnlm_server *nlm);

#endif
