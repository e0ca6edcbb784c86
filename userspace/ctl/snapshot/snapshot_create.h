/* SPDX-License-Identifier: GPL-2.0-only */
/* Snapshots that are being made. */
#ifndef _DITTO_CTL_SNAPSHOT_CREATE_H
#define _DITTO_CTL_SNAPSHOT_CREATE_H

#include "snapshot.h"
#include "snapshot_links.h"

/* Most files under way. */
#define SNAPSHOT_SLOTS		8
/* Most entries in memory because an earlier one is under way, and their bytes without the last. */
#define SNAPSHOT_WINDOW		4096
#define SNAPSHOT_WINDOW_BYTES	(16U << 20)

/**
 * struct create_item - an entry that is not in the tree yet
 * @e: the entry, which owns all that it points to
 * @last: its file in the last snapshot, as above; all zeros if there is none
 * @bytes: bytes of both
 * @busy: its content is not known yet
 */
struct create_item {
	struct snapshot_entry e;
	struct snapshot_entry last;
	u64 bytes;
	bool busy;
};

/**
 * struct slot - a file that is being uploaded
 * @fd: connection to dittod, or -1 if the slot is free
 * @item: the entry
 * @e: the same
 * @place: path of the file
 * @info: the file before the upload
 * @stored: its content is in the store
 * @tries: uploads of it so far
 */
struct slot {
	int fd;
	struct create_item *item;
	struct snapshot_entry *e;
	char *place;
	struct offload_info info;
	bool stored;
	unsigned int tries;
};

/**
 * struct create - one run of the command
 * @ctl: this run of the tool
 * @share: the share
 * @root: descriptor of its root
 * @walk: its entries
 * @entries: reads them
 * @window: those from @written up to @next, by number modulo SNAPSHOT_WINDOW
 * @held: bytes of them
 * @waiting: the last one, if another name of its file is under way, or NULL
 * @links: files with several names whose content is known
 * @automatic: it is one of the schedule
 * @stubs_only: content that is not in the store stays out
 * @before: the last snapshot, all zeros if there is none
 * @last: the tree of its last snapshot, or an empty one
 * @last_entries: reads it
 * @last_entry: the present entry of it, or NULL behind the last one
 * @tree: the new tree
 * @s: the snapshot
 * @next: number of entries of the walk that were begun
 * @written: number of those that are in @tree, or gone
 * @failed: files and directories that are not in the snapshot as they should be
 * @changing: files among them that changed all the time
 * @uploads: files that were uploaded
 * @uploaded: bytes that were sent to the store
 * @deduplicated: bytes that it had already
 * @requests: requests to the store
 * @done: bytes of files that are done
 * @start: begin, in ms
 * @slot: the files that are being uploaded
 */
struct create {
	struct ctl *ctl;
	struct snapshot_share share;
	int root;
	struct snapshot_walk walk;
	struct snapshot_reader entries;
	struct create_item *window;
	u64 held;
	struct create_item *waiting;
	struct snapshot_links *links;
	bool automatic;
	bool stubs_only;
	struct snapshot before;
	struct snapshot_tree last;
	struct snapshot_reader last_entries;
	const struct snapshot_entry *last_entry;
	struct snapshot_tree tree;
	struct snapshot s;
	u64 next;
	u64 written;
	u64 failed;
	u64 changing;
	u64 uploads;
	u64 uploaded;
	u64 deduplicated;
	u64 requests;
	u64 done;
	u64 start;
	struct slot slot[SNAPSHOT_SLOTS];
};

/*
 * Have all files of the walk uploaded, as far as the stores do not have their content, and add all
 * entries to the tree. Returns false and fills @why if the entries of the walk cannot be read.
 */
bool create_files(struct create *c, struct why *why);

#endif
