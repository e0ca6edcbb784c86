/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The error response for a path that leads through a symbolic link, which the client resolves
 * itself.
 */
#ifndef _DITTO_SMB_OPEN_SYMLINK_ERROR_H
#define _DITTO_SMB_OPEN_SYMLINK_ERROR_H

#include <linux/string.h>
#include <linux/types.h>

#include "../wire/cursor.h"

struct dsmb_call;
struct dsmb_path;

u32 dsmb_symlink_error_encode(struct dsmb_call *call, const struct dsmb_path *path,
			      struct dsmb_cursor name, u32 passed);

/*
 * Is the target of a symbolic link a path of Windows, \??\C:\f or \\server\share? Such a link is
 * stored as the client made it, and leads nowhere on this machine.
 */
static inline bool dsmb_target_is_nt(const char *target, u32 len)
{
	return (len >= 4 && !memcmp(target, "\\??\\", 4)) ||
	       (len >= 2 && !memcmp(target, "\\\\", 2));
}

#endif
