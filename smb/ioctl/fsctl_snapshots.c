// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of snapshots: MS-SMB2 sections 2.2.32.2 and 3.3.5.15.1. It is sorted, newest first, and
 * is returned completely or not at all.
 */

#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/time.h>

#include "../../fs/op/snapshot.h"
#include "../wire/name.h"
#include "ioctl.h"

/* Most snapshots that are listed for a share: the newest ones. */
#define DSMB_SNAPSHOTS_MAX	4096
/* "@GMT-YYYY.MM.DD-HH.MM.SS" with its terminator, in UTF-16 units. */
#define DSMB_SNAPSHOT_TEXT	25
#define DSMB_SNAPSHOT_BYTES	(2 * DSMB_SNAPSHOT_TEXT)

/**
 * struct dsmb_snapshots - times of snapshots
 * @count: number of times
 * @time: the times; when it is full, the older half is dropped
 */
struct dsmb_snapshots {
	u32 count;
	time64_t time[2 * DSMB_SNAPSHOTS_MAX];
};

static int dsmb_newest_first(const void *a, const void *b)
{
	time64_t x = *(const time64_t *)a, y = *(const time64_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Sort the times, newest first, and keep as many as are listed. */
static void dsmb_snapshots_sort(struct dsmb_snapshots *all)
{
	sort(all->time, all->count, sizeof(all->time[0]), dsmb_newest_first, NULL);
	all->count = min_t(u32, all->count, DSMB_SNAPSHOTS_MAX);
}

static int dsmb_snapshot_add(void *arg, const struct ditto_name *name, time64_t time)
{
	struct dsmb_snapshots *all = arg;

	if (all->count == ARRAY_SIZE(all->time))
		dsmb_snapshots_sort(all);
	all->time[all->count++] = time;
	return 0;
}

static void dsmb_encode_snapshot(struct dsmb_builder *out, time64_t time)
{
	char text[DSMB_SNAPSHOT_TEXT];
	struct tm tm;

	time64_to_tm(time, 0, &tm);
	scnprintf(text, sizeof(text), "@GMT-%04ld.%02d.%02d-%02d.%02d.%02d", tm.tm_year + 1900,
		  tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	dsmb_encode_string(out, text, sizeof(text) - 1);
	dsmb_encode_u16(out, 0);
}

/* List the snapshots of a share. MS-SMB2 section 3.3.5.15.1. Return: a status or DSMB_PARKED. */
u32 dsmb_fsctl_snapshots(struct dsmb_ioctl *io)
{
	struct dsmb_snapshots *all;
	u32 i, bytes, told;
	int err;

	all = kvzalloc(sizeof(*all), GFP_KERNEL);
	if (!all)
		return STATUS_INSUFFICIENT_RESOURCES;
	err = ditto_snapshots_for_each(&io->call->op, dsmb_snapshot_add, all);
	if (err) {
		kvfree(all);
		return dsmb_op_status(io->call, err);
	}
	dsmb_snapshots_sort(all);

	/* All snapshots or none; with none the client retries with a larger buffer. */
	bytes = all->count * DSMB_SNAPSHOT_BYTES + sizeof(__le16);
	told = 12 + bytes <= min(io->max, io->out.size) ? all->count : 0;
	dsmb_encode_u32(&io->out, all->count);
	dsmb_encode_u32(&io->out, told);
	dsmb_encode_u32(&io->out, bytes);
	for (i = 0; i < told; i++)
		dsmb_encode_snapshot(&io->out, all->time[i]);
	dsmb_encode_u16(&io->out, 0);
	if (!told)
		dsmb_encode_u16(&io->out, 0);
	kvfree(all);
	return STATUS_SUCCESS;
}
