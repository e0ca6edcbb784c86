/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list of shares as dittod gives it to the pipe worker: a file of memory, because
 * nothing limits how long it is.
 */
#ifndef _DITTOD_SHARE_LIST_H
#define _DITTOD_SHARE_LIST_H

#include "kernel.h"

/**
 * share_list_write - write what a user may be told
 * @shares: what is served
 * @anonymous: the user gave no name, and is told of shares for guests only: names of shares
 *	are names of users often enough
 * @paths: the user may know where shares lie
 *
 * Return: a descriptor or a negative errno.
 */
int share_list_write(const struct kernel_shares *shares, bool anonymous, bool paths);

/**
 * share_list_read - read it
 * @fd: the descriptor
 * @out: filled; to be freed by kernel_shares_free() on success; has names, comments, paths and
 *	whether a share is shown
 *
 * Return: 0 or a negative errno.
 */
int share_list_read(int fd, struct kernel_shares *out);

#endif
