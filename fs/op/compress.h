/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compression of single files, where the file system has a switch for it. It is told
 * with the attributes (STATX_ATTR_COMPRESSED); what is made in a directory that has the
 * switch on has it, too. How the file system compresses is its own matter, and what lies
 * there already stays as it is until it is written anew.
 */
#ifndef _DITTO_FS_OP_COMPRESS_H
#define _DITTO_FS_OP_COMPRESS_H

#include <linux/types.h>

struct ditto_node;
struct ditto_op;
struct ditto_share;

/* Has the share's file system such a switch? Any context. */
bool ditto_can_compress(const struct ditto_share *share);

/**
 * ditto_compress - compress a file from now on, or a directory's new files, or do not
 * @op: who; rights are checked by the caller
 * @node: regular file or directory, held
 * @on: compress
 *
 * Asks the lock table as a change of attributes.
 *
 * Context: may sleep. Return: 0; -EOPNOTSUPP (by this file system, or of this file),
 * -EROFS, -EJUKEBOX and others.
 */
int ditto_compress(struct ditto_op *op, struct ditto_node *node, bool on);

#endif
