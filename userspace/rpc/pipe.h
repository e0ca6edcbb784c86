/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named pipes that clients open to query the server: its shares, the names of SIDs, and the
 * machine itself.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_PIPE_H
#define _DITTOD_PIPE_H

#include "rpc.h"

struct pipes;

/*
 * Callback that lists the shares that a user may know of; @out is freed with kernel_shares_free().
 * Returns 0 or a negative errno.
 */
typedef int (*pipe_shares_t)(const struct rpc_user *user, struct kernel_shares *out);
/* Callback that changes a share; see share_admin_change(). */
typedef int (*pipe_change_t)(const struct rpc_user *user, const u8 *bytes, size_t len, u64 until);

/*
 * Create the pipes. @spawner is the socket of the spawner, @shares lists the shares, @change
 * changes one. Returns NULL and sets errno on error. If the worker cannot be started, pipes can
 * still be opened, but their calls fail.
 */
struct pipes *pipes_new(int spawner, pipe_shares_t shares, pipe_change_t change);
/* Close all pipes and stop the worker. No other thread may use @pipes any more. */
void pipes_free(struct pipes *pipes);
/* Close all pipes, because the module whose clients opened them was unloaded. */
void pipes_clear(struct pipes *pipes);

/*
 * Open a pipe on behalf of @user and fill @id. A full table evicts another pipe. Returns 0, or
 * -ENOENT (there is no pipe of that name).
 */
int pipe_open(struct pipes *pipes, const char *name, const struct rpc_user *user, u64 *id);

/**
 * pipe_call - process a message that a client wrote
 * @pipes: all pipes
 * @id: number of the pipe
 * @in: the message: fragments of a remote call, the last one possibly incomplete
 * @len: length of @in in bytes
 * @deadline: CLOCK_MONOTONIC in ms; no names are looked up and no lists are made after it
 * @out: filled with the reply, freed by the caller; NULL if there is none
 * @out_len: filled with the length of the reply in bytes
 *
 * Waits for the name service until @deadline, and at most LOOKUP_TIME (lookup.h) for one name;
 * names that were not found by then are reported as unknown, and lists fail. Calls on one pipe are
 * processed one after the other. The pipe is closed after an error.
 *
 * Return: 0, -ENOENT (there is no such pipe, or its worker has ended), -EINVAL (the message is not
 * a remote call).
 */
int pipe_call(struct pipes *pipes, u64 id, const u8 *in, size_t len, u64 deadline, u8 **out,
	      size_t *out_len);
/* Close a pipe; an unknown number is ignored. */
void pipe_close(struct pipes *pipes, u64 id);

/* The descriptor is readable when pipes_ready() has work. */
int pipes_fd(const struct pipes *pipes);
void pipes_ready(struct pipes *pipes);

/*
 * List the shares that the user's session may use, for administrators all of SMB; a pipe_shares_t.
 * Returns 0 or a negative errno.
 */
int pipe_shares(const struct rpc_user *user, struct kernel_shares *out);
/* Change a share; a pipe_change_t. */
int pipe_share_change(const struct rpc_user *user, const u8 *bytes, size_t len, u64 until);

#endif
