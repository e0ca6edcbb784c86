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

/**
 * dsmb_nested_enter - change to the file system that a path leads into
 * @call: CREATE on a disk tree; its share is replaced
 * @path: shortened to the part within the file system
 *
 * Return: 0, or an errno of ditto_walk_enter().
 */
int dsmb_nested_enter(struct dsmb_call *call, struct dsmb_path *path);

/**
 * dsmb_nested_skip - find the part of a path that is within the file system of an open
 * @call: between dsmb_open_begin() and dsmb_open_end()
 * @path: from the root of the tree connect
 * @len: bytes of @path
 * @exact: names are case-sensitive
 *
 * Return: bytes of @path before that part; -EXDEV if it leads into another file system; or an errno
 * of ditto_walk_enter().
 */
int dsmb_nested_skip(struct dsmb_call *call, const char *path, u32 len, bool exact);

/**
 * dsmb_nested_restrict - forbid changes if the file system is read-only within the share
 * @call: its op has the share
 *
 * Context: any.
 */
void dsmb_nested_restrict(struct dsmb_call *call);

#endif
