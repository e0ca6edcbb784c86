/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names that no protocol shows: where the streams of a share and its removed files are kept, see
 * fs/open/stream.h and fs/op/trash.h, and what the option veto-files of a share names.
 */
#ifndef _DITTO_FS_NODE_HIDDEN_H
#define _DITTO_FS_NODE_HIDDEN_H

#include <linux/fs.h>
#include <linux/string.h>

#include "casefold.h"
#include "share_types.h"

struct ditto_volume;

/* Name in the root of each share that has streams or a bin. */
#define DITTO_HIDDEN		".ditto"

bool ditto_is_hidden_name(const struct ditto_share *share, const struct dentry *dir,
			  const struct ditto_name *name);

/*
 * Tell whether a name is hidden in a directory. Context: any. Return: true for ".ditto" in any
 * case, and for what the file system takes for the same, in the root of a share; and for a name
 * that the share vetoes.
 */
static inline bool ditto_is_hidden(const struct ditto_share *share, const struct dentry *dir,
				   const struct ditto_name *name)
{
	return (name->len == strlen(DITTO_HIDDEN) || unlikely(IS_CASEFOLDED(d_inode(dir))) ||
		unlikely(rcu_access_pointer(share->veto))) &&
	       ditto_is_hidden_name(share, dir, name);
}

bool ditto_is_below_hidden(const struct ditto_share *share, struct dentry *dentry);
bool ditto_is_path_vetoed(const struct ditto_share *share, const char *path, u32 len);
bool ditto_is_hidden_on(struct ditto_volume *volume, const struct dentry *dir,
			const struct ditto_name *name);

#endif
