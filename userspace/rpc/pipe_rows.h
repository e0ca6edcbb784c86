/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists for clients of pipes, made by dittod, which decides who may see what. */
#ifndef _DITTOD_PIPE_ROWS_H
#define _DITTOD_PIPE_ROWS_H

#include "rpc.h"

/* Set what RPC_LIST_SERVER tells; NULL stands for a default. */
void pipe_rows_set_server(const char *workgroup, const char *comment);
/**
 * pipe_rows_get - get a list on behalf of a user
 * @user: user of the pipe
 * @list: the list
 * @deadline: CLOCK_MONOTONIC in ms; nobody is waited for after it
 * @out: filled, freed with rows_free() in any case
 *
 * May block until the deadline. Return: 0, -EACCES (the user must not see it), another negative
 * errno.
 */
int pipe_rows_get(const struct rpc_user *user, enum rpc_list list, u64 deadline,
		  struct rows *out);
/*
 * End a session or close an open on behalf of a user. May block. Returns 0, -EACCES (the user must
 * not), -ENOENT (there is none), another negative errno.
 */
int pipe_rows_end(const struct rpc_user *user, enum rpc_list list, u64 id);

#endif
