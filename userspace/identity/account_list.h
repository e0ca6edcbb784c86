/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of the accounts of this machine, for clients that choose among them. */
#ifndef _DITTOD_ACCOUNT_LIST_H
#define _DITTOD_ACCOUNT_LIST_H

#include "rpc/row_list.h"

/*
 * List the users, or the groups, of the files in /etc in the order of their numbers; see enum
 * account_number (rpc.h) for the columns. Accounts with numbers below @listed are the system's.
 * Returns 0 or a negative errno; @out is freed with rows_free().
 */
int account_list_users(u32 listed, struct rows *out);
int account_list_groups(u32 listed, struct rows *out);

#endif
