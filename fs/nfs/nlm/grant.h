/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocked locks: queued in the lock table, and once granted, reported to the
 * client with GRANTED.
 */
#ifndef _DITTO_FS_NFS_NLM_GRANT_H
#define _DITTO_FS_NFS_NLM_GRANT_H

#include <linux/sunrpc/xdr.h>

#include "../../share/handle.h"
#include "callout.h"
#include "file.h"

struct dnfs_call;

/* Bytes of our cookies: a 64-bit number. */
#define DNLM_COOKIE_SIZE	8

enum dnlm_grant_phase {
	DNLM_GRANT_WAITING,	/* queued in the lock table, or its callback has not come yet */
	DNLM_GRANT_CALLING,	/* the lock is held, and GRANTED is being sent */
};

/**
 * struct dnlm_grant - a blocked lock
 * @wait: entry in the lock table's queue
 * @past: what the owner had among the bytes before; filled when the lock is granted
 * @callout: sends GRANTED
 * @nlm: the server
 * @client: a reference
 * @ref: references of the lock table and of the callout
 * @phase: guarded by the server's grants_lock, as are the members up to @cookie
 * @told: the client knows that it has the lock: GRANTED is not needed
 * @dropped: the lock was given up
 * @by_owner: entry in the server's table of that name
 * @by_cookie: entry in the server's table of that name, while CALLING
 * @number: the cookie; 0 if not in @by_cookie
 * @cookie: the cookie on the wire
 * @answer: status of the client's reply to GRANTED
 * @msg: arguments of GRANTED; its strings are in @cookie, @fh, @oh and the server's name
 * @message: GRANTED_MSG is used, which the client answers with GRANTED_RES
 * @version: NLM version
 * @first: first byte
 * @last: last byte
 * @fh: filehandle
 * @oh: opaque handle of the owner
 */
struct dnlm_grant {
	struct ditto_wait wait;
	struct ditto_range_before past;
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

struct dnlm_grant *dnlm_grant_alloc(struct dnfs_call *call, const struct dnlm_msg *msg,
				    bool message, const struct ditto_range_request *req,
				    struct dnlm_asker *asker);
void dnlm_grant_abandon(struct dnlm_grant *grant);
void dnlm_grants_sent(struct dnlm_server *nlm, const struct ditto_owner *owner,
		      const struct dnlm_msg *msg);
bool dnlm_grant_cancel(struct dnlm_server *nlm, const struct ditto_range_request *req,
		       const struct dnlm_bytes *fh, struct ditto_range_before *past);
void dnlm_grants_given_up(struct dnlm_server *nlm, const struct ditto_range_request *req,
			  const struct dnlm_bytes *fh);
void dnlm_grants_drop(struct dnlm_client *client);
bool dnlm_granted_res(struct dnlm_server *nlm, const struct in6_addr *addr,
		      const struct dnlm_bytes *cookie, u32 status);
u64 dnlm_cookie_number(const struct dnlm_bytes *cookie);
void dnlm_grants_init(struct dnlm_server *nlm);

#endif
