/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pipes that clients of the server open to ask about it: which shares there
 * are, what SIDs are called, what machine it is.
 *
 * Every function may be called by any thread.
 */
#ifndef _DITTOD_PIPE_H
#define _DITTOD_PIPE_H

#include "rpc.h"

struct pipes;

/* Get the list of shares. 0 or a negative errno. */
typedef int (*pipe_shares_t)(struct kernel_shares *out);

/*
 * @spawner starts workers, @shares tells what is served. NULL and errno on error; if the
 * worker cannot be started pipes can be opened and their calls fail.
 */
struct pipes *pipes_new(int spawner, pipe_shares_t shares);
void pipes_free(struct pipes *pipes);
/* Close all: who opened them is gone. */
void pipes_clear(struct pipes *pipes);

/* 0 and a number, or -ENOENT (there is no such pipe). */
int pipe_open(struct pipes *pipes, const char *name, const struct rpc_user *user, u64 *id);

/**
 * pipe_call - a message and what it answers
 * @pipes: all
 * @id: of the pipe
 * @in: message: some fragments of a remote call, the last one maybe not complete
 * @len: bytes
 * @deadline: CLOCK_MONOTONIC in ms; after it no name is looked up any more
 * @out: filled; to be freed; NULL without answer
 * @out_len: bytes
 *
 * The name service is waited for until @deadline, and no longer than LOOKUP_TIME for one name
 * (lookup.h); what was not found until then is not known.
 *
 * Return: 0, -ENOENT (there is no such pipe, or its worker has ended), -EINVAL (this is no
 * remote call).
 */
int pipe_call(struct pipes *pipes, u64 id, const u8 *in, size_t len, u64 deadline, u8 **out,
	      size_t *out_len);
void pipe_close(struct pipes *pipes, u64 id);

/* Readable when pipes_ready() has something to do. */
int pipes_fd(const struct pipes *pipes);
void pipes_ready(struct pipes *pipes);

/* What the kernel serves. 0 or a negative errno. */
int pipe_shares(struct kernel_shares *out);

#endif
