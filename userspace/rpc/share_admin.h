/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes of shares that administrators ask for by remote calls, made by dittod. What a client
 * asks for was decoded by the pipe worker, and is checked here.
 */
#ifndef _DITTOD_SHARE_ADMIN_H
#define _DITTOD_SHARE_ADMIN_H

#include "rpc.h"

/**
 * share_admin_change - add, change or remove a share on behalf of a user
 * @k: connection to the kernel
 * @user: user of the pipe
 * @bytes: the change, see share_change_get()
 * @len: length of @bytes
 * @until: CLOCK_MONOTONIC in ms; nobody is waited for after it
 *
 * What is refused is logged with what would allow it. Requests that run in a share which is removed
 * are not waited for, nor is a file system that does not answer.
 *
 * Return: 0; -EACCES (the user must not); -ENOENT (there is no such share); -EEXIST (there is
 * one); -ENOTDIR (there is no such folder); -EOPNOTSUPP (Ditto cannot do what is asked for);
 * -EINVAL; -EBADMSG (the worker's message is malformed); -EIO.
 */
int share_admin_change(struct kernel *k, const struct rpc_user *user, const u8 *bytes, size_t len,
		       u64 until);

#endif
