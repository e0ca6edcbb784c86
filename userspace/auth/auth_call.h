/* SPDX-License-Identifier: GPL-2.0-only */
/* Upcalls of the kernel for authentication. */
#ifndef _DITTOD_AUTH_CALL_H
#define _DITTOD_AUTH_CALL_H

#include "auth.h"
#include "daemon/upcall_deadline.h"
#include "pool.h"

struct conn;
struct nl_msg;
struct upcall_services;

/**
 * struct auth_call - one token of a client
 * @job: job in the pool
 * @late: answers in time if nobody else does
 * @auth: processes the token
 * @channel: connection on which the reply is sent
 * @id: number of the request, chosen by the kernel
 * @deadline: CLOCK_MONOTONIC in ms; the kernel does not wait for the reply after it
 * @step: the token and the reply
 * @token: memory that holds the token
 * @peer: address of the client
 * @error: error of the reply, positive errno or 0
 */
struct auth_call {
	struct job job;
	struct upcall_deadline late;
	struct auth *auth;
	struct conn *channel;
	u64 id;
	u64 deadline;
	struct auth_step step;
	u8 *token;
	char peer[128];
	u32 error;
};

/* Fill @c from an upcall. Returns 0, or -EBADMSG for a malformed message. */
int auth_call_parse(struct auth_call *c, struct nl_msg *msg, u64 now_ms);
/* Process the token; may block. Runs in a thread of the pool. */
void auth_call_work(struct auth_call *c);
/* Add the reply to a message. */
void auth_call_put(struct nl_msg *msg, const struct auth_call *c);
/* Free the call with its token and reply. */
void auth_call_free(struct auth_call *c);

/* Queue a token for processing; pool_reap() sends the reply. */
void auth_call_take(struct conn *channel, const struct upcall_services *services,
		    struct nl_msg *msg);
/* Drop an authentication that the kernel has given up. */
void auth_call_abort(const struct upcall_services *services, struct nl_msg *msg);

#endif
