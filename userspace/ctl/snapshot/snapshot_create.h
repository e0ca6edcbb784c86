/* SPDX-License-Identifier: GPL-2.0-only */
/* Snapshots that are being made. */
#ifndef _DITTO_CTL_SNAPSHOT_CREATE_H
#define _DITTO_CTL_SNAPSHOT_CREATE_H

#include "snapshot.h"

/* Most files under way. */
#define SNAPSHOT_SLOTS		8

/**
 * struct slot - a file that is being uploaded
 * @fd: connection to dittod, or -1 if the slot is free
 * @e: the entry
 * @place: path of the file
 * @info: the file before the upload
 * @stored: its content is in the store
 * @tries: uploads of it so far
 */
struct slot {
	int fd;
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
 * @names: the files among them, by what the walk found
 * @later: by place in @walk: another name of an earlier entry, for the second pass
 * @joining: this is the second pass
 * @automatic: it is one of the schedule
 * @stubs_only: content that is not in the store stays out
 * @before: the last snapshot, all zeros if there is none
 * @last: the tree of its last snapshot, or an empty one
 * @s: the snapshot
 * @next: the next entry
 * @failed: files and directories that are not in the snapshot as they should be
 * @changing: files among them that changed all the time
 * @uploads: files that were uploaded
 * @uploaded: bytes that were sent to the store
 * @deduplicated: bytes that it had already
 * @requests: requests to the store
 * @done: bytes of files that are done
 * @all: bytes of all files
 * @start: begin, in ms
 * @slot: the files that are being uploaded
 */
struct create {
	struct ctl *ctl;
	struct snapshot_share share;
	int root;
	struct snapshot_walk walk;
	struct snapshot_names names;
	bool *later;
	bool joining;
	bool automatic;
	bool stubs_only;
	struct snapshot before;
	struct snapshot_tree last;
	struct snapshot s;
	size_t next;
	u64 failed;
	u64 changing;
	u64 uploads;
	u64 uploaded;
	u64 deduplicated;
	u64 requests;
	u64 done;
	u64 all;
	u64 start;
	struct slot slot[SNAPSHOT_SLOTS];
};

/*
 * Have all files of the walk uploaded, as far as the stores do not have their content, and fill in
 * what names it.
 */
void create_files(struct create *c);

#endif
