/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encoding of the list of shares, from dittod to the pipe worker. The list is passed as a file in
 * memory because its length has no limit.
 */
#ifndef _DITTOD_SHARE_LIST_H
#define _DITTOD_SHARE_LIST_H

#include "daemon/kernel.h"

/**
 * share_list_write - write the shares that a user may see
 * @shares: all shares
 * @guests: only those that let guests in, see rpc_user_is_known()
 * @admin: include the paths of the shares, and their users and groups
 *
 * Return: a descriptor owned by the caller, or a negative errno.
 */
int share_list_write(const struct kernel_shares *shares, bool guests, bool admin);

/**
 * share_list_read - read such a list
 * @fd: descriptor of the list
 * @out: filled, freed with kernel_shares_free() on success; each share has its name,
 *	comment, path, users and groups, default_access, and the flags browse, guest,
 *	hide_unreadable and encrypt
 *
 * Return: 0 or a negative errno.
 */
int share_list_read(int fd, struct kernel_shares *out);

#endif
