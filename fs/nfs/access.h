/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ACCESS, whose bits are the same in all versions (RFC 1813 section 3.3.4, RFC 8881
 * section 18.1.1).
 */
#ifndef _DITTO_FS_NFS_ACCESS_H
#define _DITTO_FS_NFS_ACCESS_H

#include "../op.h"

/* Those with a meaning for a directory, or for what is none. */
u32 dnfs_access_known(bool dir);

/**
 * dnfs_access - what the caller may do
 * @op: who
 * @node: held
 * @wanted: bits that are asked for
 * @granted: filled with those of them that the caller has; without a meaning, none
 *
 * Return: 0, also if nothing is granted, or an errno of ditto_permission() that is no refusal.
 */
int dnfs_access(struct ditto_op *op, struct ditto_node *node, u32 wanted, u32 *granted);

#endif
