/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries of snapshots are made anew: for restore, expose and adopt. */
#ifndef _DITTO_CTL_SNAPSHOT_RESTORE_H
#define _DITTO_CTL_SNAPSHOT_RESTORE_H

#include "ctl/offload/filesystem.h"
#include "snapshot.h"
#include "snapshot_links.h"

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
 * struct restore_dir - a directory that was made, in which entries are being made
 * @above: that above it, or NULL
 * @path: its path
 * @place: of its entry in the file of the tree, for entries may be large
 * @inode: its inode number
 */
struct restore_dir {
	struct restore_dir *above;
	char *path;
	u64 place;
	ino_t inode;
};

/**
 * struct restore - one run of the command
 * @ctl: this run of the tool
 * @s: the snapshot
 * @tree: its tree
 * @links: its files that were restored
 * @dir: the directory in which entries are being made, or NULL
 * @root: descriptor of the target
 * @registrar: registers the file systems of files
 * @to: path of the target, for messages
 * @replace: files that are there are replaced
 * @resume: what is there stays, and is no failure; neither is content that was never stored
 * @readonly: nobody may write to what is restored
 * @warned: an attribute was refused, and that was printed
 * @incomplete: the tree could not be read or followed to its end
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
	struct snapshot_links *links;
	struct restore_dir *dir;
	int root;
	struct registrar registrar;
	const char *to;
	bool replace;
	bool resume;
	bool readonly;
	bool warned;
	bool incomplete;
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
void restore_end(struct restore *r, int lock);
/* Open the target, without following symbolic links. Returns an exit status. */
int restore_open_root(struct restore *r);
/*
 * Make all at some paths, which end with NULL, and directories above them that are not there, or
 * all but the root if @paths is NULL; and write it to the disk.
 */
void restore_all(struct restore *r, char **paths);
/* Give the open root the attributes that it has in the tree. Returns false after a message. */
bool restore_root_attributes(struct restore *r);
/* Print and count a failure. Returns false. */
bool restore_fail(struct restore *r, const struct snapshot_entry *e, const char *why);
/* Print what was done at @where. Returns an exit status. */
int restore_print(const struct restore *r, const char *where);
/* Open the directory of an entry, and find the name there. Returns a descriptor, or -1. */
int restore_open_parent(const struct restore *r, const char *path, const char **name);
/* The share of "SHARE/NAME". Returns false after a message. */
bool restore_share(struct ctl *ctl, const char *text, struct snapshot_share *share);

#endif
