/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File systems within a share (fs/share/nested.h), which clients reach by paths of the share's tree
 * connect.
 *
 * A CREATE changes to the file system that its path leads into. Later calls use the file system of
 * the open. Paths of clients always begin at the root of the tree connect.
 */
#ifndef _DITTO_SMB_OPEN_NESTED_H
#define _DITTO_SMB_OPEN_NESTED_H

#include <linux/types.h>

struct dsmb_call;
struct dsmb_path;

int dsmb_nested_enter(struct dsmb_call *call, struct dsmb_path *path);
int dsmb_nested_skip(struct dsmb_call *call, const char *path, u32 len, bool exact);
void dsmb_nested_restrict(struct dsmb_call *call);

#endif
