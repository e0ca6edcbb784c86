/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists that the kernel gives to clients of SMB, some for administrators alone: sessions, opens,
 * and connections to shares, as rows (see enum rpc_list).
 *
 * All functions are thread-safe: each call has a netlink connection of its own. They return 0 or a
 * negative errno, or -CONN_NOT_LOADED.
 */
#ifndef _DITTOD_PIPE_KERNEL_H
#define _DITTOD_PIPE_KERNEL_H

#include "rpc.h"

/* List all sessions, or one user's if @only is not NULL. */
int pipe_kernel_sessions(const struct rpc_user *only, struct rows *out);
int pipe_kernel_opens(struct rows *out);
int pipe_kernel_trees(struct rows *out);
/* End a session, or close an open. Returns -ENOENT if there is none. */
int pipe_kernel_end_session(u64 id);
int pipe_kernel_end_open(u64 id);

#endif
