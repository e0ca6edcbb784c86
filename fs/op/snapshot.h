/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots of a share, kept by the file system or by the administrator.
 *
 * A snapshot is a directory inside the directory that the share option "snapshots" names. Its
 * name contains the time of the snapshot in UTC: four digits for the year, then two digits each
 * for month, day, hour, minute and second, with one other character between them. Any text may
 * precede and follow. Examples: "@GMT-2026.11.20-14.30.00" (MS-SMB2 section 2.2.32.2),
 * "daily_2026-11-20_14:30:00".
 */
#ifndef _DITTO_FS_OP_SNAPSHOT_H
#define _DITTO_FS_OP_SNAPSHOT_H

#include <linux/time64.h>
#include <linux/types.h>

struct dentry;
struct ditto_name;
struct ditto_op;
struct ditto_share;

/* Longest path of the directory of snapshots, relative to the root of the share. */
#define DITTO_SNAPSHOTS_PATH_MAX	255

/**
 * ditto_snapshot_time - parse the time in a snapshot's name
 * @name: name of the directory
 * @time: filled with seconds since 1970
 *
 * Context: any.
 * Return: false if the name contains no time.
 */
bool ditto_snapshot_time(const struct ditto_name *name, time64_t *time);

/**
 * ditto_snapshots_for_each - call a function for every snapshot of a share
 * @op: the caller; needs permission to list the directory of snapshots
 * @fn: a nonzero value ends the list
 * @arg: passed to @fn
 *
 * Without a directory of snapshots, the list is empty.
 *
 * Return: 0, the nonzero value of @fn, or a negative errno.
 */
int ditto_snapshots_for_each(struct ditto_op *op,
			     int (*fn)(void *arg, const struct ditto_name *name, time64_t time),
			     void *arg);

/**
 * ditto_snapshot_path - get the path of a file in a snapshot
 * @op: the caller
 * @time: exact time of the snapshot
 * @path: path of the file, relative to the root of the share
 * @len: length of @path
 * @out: filled with a path relative to the root of the share; kmalloc()ed, terminated,
 *	owned by the caller
 *
 * Return: length of the path, -ENOENT (no such snapshot), -ENOMEM and others.
 */
int ditto_snapshot_path(struct ditto_op *op, time64_t time, const char *path, u32 len, char **out);

/**
 * ditto_snapshots_hides - check whether listings of a directory leave out the snapshot directory
 * @share: held
 * @dir: a directory of the share
 *
 * Return: true if the directory of snapshots is in @dir and is not to be listed.
 */
bool ditto_snapshots_hides(const struct ditto_share *share, struct dentry *dir);

/**
 * ditto_snapshots_is_name - check whether a name is the snapshot directory's
 * @share: held
 * @name: name of an entry
 *
 * Context: any.
 * Return: true if it is the last component of the option.
 */
bool ditto_snapshots_is_name(const struct ditto_share *share, const struct ditto_name *name);

#endif
