/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests of the kernel about logins. */
#ifndef _DITTOD_AUTH_CALL_H
#define _DITTOD_AUTH_CALL_H

#include "auth.h"
#include "pool.h"

struct conn;
struct nl_msg;
struct upcall_services;

/**
 * struct auth_call - a token of a client
 * @job: in the pool
 * @auth: looks at it
 * @channel: where the answer goes
 * @id: the kernel's number for the request
 * @deadline: CLOCK_MONOTONIC in ms; nobody waits for the answer after it
 * @step: the token and the answer
 * @token: memory of it
 * @peer: where it came from
 * @error: of the answer, positive errno or 0
 */
struct auth_call {
	struct job job;
	struct auth *auth;
	struct conn *channel;
	u64 id;
	u64 deadline;
	struct auth_step step;
	u8 *token;
	char peer[128];
	u32 error;
};

/* Fill a request from its message. 0, or -EBADMSG if it makes no sense. */
int auth_call_parse(struct auth_call *c, struct nl_msg *msg, u64 now_ms);
/* Find the answer; may block. */
void auth_call_work(struct auth_call *c);
/* Add the answer to a message. */
void auth_call_put(struct nl_msg *msg, const struct auth_call *c);
void auth_call_free(struct auth_call *c);

/* Begin to work on a token; the answer is sent by pool_reap(). */
void auth_call_take(struct conn *channel, const struct upcall_services *services,
		    struct nl_msg *msg);
/* An authentication will not go on. */
void auth_call_abort(const struct upcall_services *services, struct nl_msg *msg);

#endif
