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

/*
 * Find or make a directory, which only its owner can use. Returns it, to be put, or an ERR_PTR. May
 * sleep; write access to the mount, @parent is not locked.
 */
struct dentry *ditto_dir_make(struct ditto_share *share, struct dentry *parent, const char *name);

/*
 * Find a directory in DITTO_HIDDEN, or make it. The server's credential is in place, and with
 * @create write access to the mount. Returns it, to be put, or an ERR_PTR; also if others than the
 * server can change it. With @create, others cannot enter the bin any more. May sleep.
 */
struct dentry *ditto_hidden_dir(struct ditto_share *share, const char *name, bool create);

#endif
