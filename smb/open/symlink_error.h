/* SPDX-License-Identifier: GPL-2.0-only */
/* A path that leads through a symbolic link: the client follows it by itself. */
#ifndef _DITTO_SMB_OPEN_SYMLINK_ERROR_H
#define _DITTO_SMB_OPEN_SYMLINK_ERROR_H

#include <linux/types.h>

#include "../transport/cursor.h"

struct dsmb_call;
struct dsmb_path;

/**
 * dsmb_symlink_error_encode - the answer with STOPPED_ON_SYMLINK (MS-SMB2 section 2.2.2.2.1)
 * @call: of CREATE; nothing was written to its answer
 * @path: as parsed
 * @name: the same as it came, in UTF-16
 * @passed: bytes of @path before the symbolic link
 *
 * Return: STOPPED_ON_SYMLINK, or the status of what went wrong.
 */
u32 dsmb_symlink_error_encode(struct dsmb_call *call, const struct dsmb_path *path,
			      struct dsmb_cursor name, u32 passed);

#endif
