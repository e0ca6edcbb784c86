/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests of the kernel about pipes. */
#ifndef _DITTOD_PIPE_CALL_H
#define _DITTOD_PIPE_CALL_H

#include "pipe.h"
#include "pool.h"

struct conn;
struct nl_msg;
struct upcall_services;

/**
 * struct pipe_request - a pipe is opened, or a message for it
 * @job: in the pool
 * @pipes: all
 * @channel: where the answer goes
 * @id: the kernel's number for the request
 * @deadline: CLOCK_MONOTONIC in ms; nobody waits for the answer after it
 * @open: a pipe is opened
 * @name: which
 * @user: by whom
 * @pipe: number of the pipe
 * @data: message
 * @len: bytes
 * @reply: what it answers
 * @reply_len: bytes
 * @error: of the answer, positive errno or 0
 */
struct pipe_request {
	struct job job;
	struct pipes *pipes;
	struct conn *channel;
	u64 id;
	u64 deadline;
	bool open;
	char name[NSS_NAME_SIZE];
	struct rpc_user user;
	u64 pipe;
	u8 *data;
	size_t len;
	u8 *reply;
	size_t reply_len;
	u32 error;
};

/* Fill a request from its message. 0, or -EBADMSG if it makes no sense. */
int pipe_call_parse(struct pipe_request *r, struct nl_msg *msg, u64 now_ms);
/* Find the answer; may block. */
void pipe_call_work(struct pipe_request *r);
/* Add the answer to a message. */
void pipe_call_put(struct nl_msg *msg, const struct pipe_request *r);
void pipe_call_free(struct pipe_request *r);

/* Begin to work on a request; the answer is sent by pool_reap(). */
void pipe_call_take(struct conn *channel, const struct upcall_services *services,
		    struct nl_msg *msg);
/* A pipe is closed. */
void pipe_call_close(const struct upcall_services *services, struct nl_msg *msg);

#endif
