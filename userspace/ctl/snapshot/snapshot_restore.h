/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries of snapshots are made anew: for restore, expose and adopt. */
#ifndef _DITTO_CTL_SNAPSHOT_RESTORE_H
#define _DITTO_CTL_SNAPSHOT_RESTORE_H

#include "ctl/offload/filesystem.h"
#include "snapshot.h"

/* Name of a file that is not complete yet. */
#define RESTORE_NEW_NAME	".ditto-restore.%d"
#define RESTORE_NAME_SIZE	64
/* Set on directories that hold all of a snapshot: the name of its object. */
#define RESTORED_XATTR		"trusted.ditto.snapshot"
/*
 * The same until all of it is there: no checkpoint is made of such a share. Also set on directories
 * in it until they have their attributes.
 */
#define ADOPTING_XATTR		"trusted.ditto.adopting"

/**
 * struct restore - one run of the command
 * @ctl: this run of the tool
 * @s: the snapshot
 * @tree: its tree
 * @names: its files, by inode number
 * @root: descriptor of the target
 * @registrar: registers the file systems of files
 * @to: path of the target, for messages
 * @replace: files that are there are replaced
 * @resume: what is there stays, and is no failure; neither is content that was never stored
 * @readonly: nobody may write to what is restored
 * @wanted: which entries are restored, by place in @tree
 * @made: inode numbers of those that are there now, otherwise 0
 * @warned: an attribute was refused, and that was printed
 * @files: files that were restored
 * @others: directories and other entries
 * @bytes: bytes of the files
 * @there: entries that an earlier run has restored; with @resume, as the next two
 * @kept: entries that stay, because another file has the name; each was printed
 * @lost: files without content in the snapshot; each was printed
 * @failed: entries that were not, and one more if they may not be on disk
 */
struct restore {
	struct ctl *ctl;
	struct snapshot s;
	struct snapshot_tree tree;
	struct snapshot_names names;
	int root;
	struct registrar registrar;
	const char *to;
	bool replace;
	bool resume;
	bool readonly;
	bool *wanted;
	ino_t *made;
	bool warned;
	u64 files;
	u64 others;
	u64 bytes;
	u64 there;
	u64 kept;
	u64 lost;
	u64 failed;
};

/* Open the snapshot. The lock keeps the content until the stubs are on disk. */
int restore_begin(struct restore *r, const char *snapshot, int *lock);
/* Prepare for a tree that was loaded under the lock. */
void restore_prepare(struct restore *r);
void restore_end(struct restore *r, int lock);
/* Open the target, without following symbolic links. Returns an exit status. */
int restore_open_root(struct restore *r);
/* All at a path, "" for all of the tree, and directories above it that are not there. */
void restore_want(struct restore *r, const char *path);
/* Make all that is wanted, and write it to the disk. */
void restore_all(struct restore *r);
/* Give an open file, directory or other entry its attributes. Returns false after a message. */
bool restore_attributes(struct restore *r, const struct snapshot_entry *e, int fd);
/* Print and count a failure. Returns false. */
bool restore_fail(struct restore *r, const struct snapshot_entry *e, const char *why);
/* Print what was done at @where. Returns an exit status. */
int restore_print(const struct restore *r, const char *where);
/* Open the directory of an entry, and find the name there. Returns a descriptor, or -1. */
int restore_open_parent(const struct restore *r, const char *path, const char **name);
/* The share of "SHARE/NAME". Returns false after a message. */
bool restore_share(struct ctl *ctl, const char *text, struct snapshot_share *share);

#endif
