/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compression of single files, on file systems with a flag for it. The flag is reported with the
 * attributes (STATX_ATTR_COMPRESSED), and new files inherit it from their directory. The method
 * is the file system's choice. Existing data is not converted until it is rewritten.
 */
#ifndef _DITTO_FS_OP_COMPRESS_H
#define _DITTO_FS_OP_COMPRESS_H

#include <linux/types.h>

struct ditto_node;
struct ditto_op;
struct ditto_share;

/**
 * ditto_can_compress - tell whether the share's file system has a compression flag
 * @share: held
 *
 * Context: any.
 * Return: true if it has.
 */
bool ditto_can_compress(const struct ditto_share *share);

/**
 * ditto_compress - set or clear the compression flag
 * @op: the caller; the caller of this function has checked the permission
 * @node: regular file or directory, held; a directory passes the flag on to new files
 * @on: compress
 *
 * The lock table is checked as for a change of attributes.
 *
 * Return: 0; -EOPNOTSUPP (by the file system or for this file), -EROFS, -EJUKEBOX and others.
 */
int ditto_compress(struct ditto_op *op, struct ditto_node *node, bool on);

#endif
