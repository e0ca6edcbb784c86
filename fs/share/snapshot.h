/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots of a share: what it was at some time, kept by the file system or by who runs it.
 *
 * They are directories in one directory of the share, the option "snapshots", whose names tell
 * their time in UTC: the year in four digits, then month, day, hour, minute and second in two
 * each, with one other character between, and whatever else around. So "@GMT-2026.11.20-14.30.00"
 * (MS-SMB2 section 2.2.32.2) is one, and "daily_2026-11-20_14:30:00".
 */
#ifndef _DITTO_FS_SHARE_SNAPSHOT_H
#define _DITTO_FS_SHARE_SNAPSHOT_H

#include <linux/time64.h>
#include <linux/types.h>

struct ditto_name;
struct ditto_op;

/* Longest name of the directory, from the share's root. */
#define DITTO_SNAPSHOTS_PATH_MAX	255

/* The time that a name tells, in seconds since 1970; false if it tells none. */
bool ditto_snapshot_time(const struct ditto_name *name, time64_t *time);

/**
 * ditto_snapshots_for_each - call a function for every snapshot of a share
 * @op: who asks; needs to read the directory they are in
 * @fn: ends the list with a value other than 0
 * @arg: passed to @fn
 *
 * Context: may sleep. Return: 0, what @fn returned, or an errno; a share without a directory
 * for snapshots has none.
 */
int ditto_snapshots_for_each(struct ditto_op *op,
			     int (*fn)(void *arg, const struct ditto_name *name, time64_t time),
			     void *arg);

/**
 * ditto_snapshot_path - where a file is in a snapshot
 * @op: who asks
 * @time: of the snapshot, exactly
 * @path: of the file, from the share's root
 * @len: of @path
 * @out: filled with a path from the share's root, kmalloc()ed; not terminated
 *
 * Context: may sleep. Return: its length, -ENOENT (no such snapshot), -ENOMEM and others.
 */
int ditto_snapshot_path(struct ditto_op *op, time64_t time, const char *path, u32 len, char **out);

#endif
