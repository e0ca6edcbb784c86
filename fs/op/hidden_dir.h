/* SPDX-License-Identifier: GPL-2.0-only */
/* Directories of the server in the root of a share, below its hidden name. */
#ifndef _DITTO_FS_OP_HIDDEN_DIR_H
#define _DITTO_FS_OP_HIDDEN_DIR_H

#include <linux/types.h>

struct dentry;
struct ditto_share;

/* Directories in DITTO_HIDDEN. */
#define DITTO_STREAMS	"streams"
#define DITTO_TRASH	"trash"

struct dentry *ditto_dir_make(struct ditto_share *share, struct dentry *parent, const char *name);
struct dentry *ditto_hidden_dir(struct ditto_share *share, const char *name, bool create);

#endif
