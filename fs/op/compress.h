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

bool ditto_can_compress(const struct ditto_share *share);
int ditto_compress(struct ditto_op *op, struct ditto_node *node, bool on);

#endif
