/* SPDX-License-Identifier: GPL-2.0-only */
/* Upcalls of the kernel for named pipes. */
#ifndef _DITTOD_PIPE_CALL_H
#define _DITTOD_PIPE_CALL_H

#include "pipe.h"
#include "pool.h"

struct conn;
struct nl_msg;
struct upcall_services;

/**
 * struct pipe_request - a request to open a pipe, or a message for a pipe
 * @job: job in the pool
 * @pipes: all pipes
 * @channel: connection on which the reply is sent
 * @id: number of the request, chosen by the kernel
 * @deadline: CLOCK_MONOTONIC in ms; the kernel does not wait for the reply after it
 * @open: true to open a pipe, false for a message
 * @name: name of the pipe to open
 * @user: the client's user
 * @gids: groups of the client's session
 * @ngids: number of entries in @gids
 * @pipe: number of the pipe
 * @data: the message
 * @len: length of @data in bytes
 * @reply: reply to the message
 * @reply_len: length of @reply in bytes
 * @error: error of the reply, positive errno or 0
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
	u32 *gids;
	unsigned int ngids;
	u64 pipe;
	u8 *data;
	size_t len;
	u8 *reply;
	size_t reply_len;
	u32 error;
};

/* Fill @r from an upcall. Returns 0, or -EBADMSG for a malformed message. */
int pipe_call_parse(struct pipe_request *r, struct nl_msg *msg, u64 now_ms);
/* Process the request; may block. Runs in a thread of the pool. */
void pipe_call_work(struct pipe_request *r);
/* Add the reply to a message. */
void pipe_call_put(struct nl_msg *msg, const struct pipe_request *r);
/* Free the request with its message and reply. */
void pipe_call_free(struct pipe_request *r);

/* Queue a request for processing; pool_reap() sends the reply. */
void pipe_call_take(struct conn *channel, const struct upcall_services *services,
		    struct nl_msg *msg);
/* Close a pipe; there is no reply. */
void pipe_call_close(const struct upcall_services *services, struct nl_msg *msg);

#endif
