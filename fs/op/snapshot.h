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

bool ditto_snapshot_time(const struct ditto_name *name, time64_t *time);
int ditto_snapshots_for_each(struct ditto_op *op,
			     int (*fn)(void *arg, const struct ditto_name *name, time64_t time),
			     void *arg);
int ditto_snapshot_path(struct ditto_op *op, time64_t time, const char *path, u32 len, char **out);
bool ditto_snapshots_hides(const struct ditto_share *share, struct dentry *dir);
bool ditto_snapshots_is_name(const struct ditto_share *share, const struct ditto_name *name);

#endif
