/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of dittoctl offload snapshot. */
#ifndef _DITTO_CTL_SNAPSHOT_H
#define _DITTO_CTL_SNAPSHOT_H

#include <limits.h>

#include "object/object_name.h"
#include "object/snapshot_tree.h"
#include "ctl/offload/offload.h"

struct ctl;
struct offload_schedule;
struct offload_survey;
struct share;

/**
 * struct snapshot - a snapshot in a store
 * @store: name of the store
 * @object: name of its object
 * @head: what that says
 */
struct snapshot {
	char store[OFFLOAD_CTL_STORE_SIZE];
	char object[OBJECT_NAME_SIZE];
	struct snapshot_head head;
};

/**
 * struct snapshots - the snapshots of all stores, oldest first
 * @list: the snapshots
 * @n: number of them
 * @problems: stores and snapshots that could not be read; each was printed
 */
struct snapshots {
	struct snapshot *list;
	size_t n;
	u64 problems;
};

/* snapshot_load.c */

/* Read the heads of all snapshots that the lists of the stores, or notes of this machine, have. */
void snapshots_load(struct ctl *ctl, struct snapshots *all);
void snapshots_free(struct snapshots *all);
/* The snapshot with the text "SHARE/NAME". NULL after a message. */
const struct snapshot *snapshots_find(struct ctl *ctl, const struct snapshots *all,
				      const char *text);
/*
 * Read a tree into a file, to be freed unless there is an error. Returns 0, or fills @why and
 * returns -ENODATA if the store does not have all of it, -EBADMSG if it is damaged, or another
 * errno if it may come later.
 */
int snapshot_load_tree(const struct snapshot *s, struct snapshot_tree *tree, struct why *why);
/* Find and load a snapshot and its tree. Returns an exit status; messages were printed. */
int snapshot_open(struct ctl *ctl, const char *text, struct snapshot *s,
		  struct snapshot_tree *tree);
/*
 * Note the name of a head before it is sent, while uploads are locked. @file: the head. Returns
 * false after a message.
 */
bool snapshot_note_head(struct ctl *ctl, const struct snapshot *s, int file);
/* Wait until no objects are deleted. Returns a lock (ctl/offload/lock.h) or a negative errno. */
int snapshot_lock(void);

/* snapshot_walk.c */

/**
 * struct snapshot_share - a share as it is now
 * @name: its name
 * @path: its root
 * @snapshots: path of the directory of snapshots from there, or ""
 * @offload: its files may be offloaded
 */
struct snapshot_share {
	char name[OFFLOAD_CTL_SHARE_SIZE];
	char path[PATH_MAX];
	char snapshots[PATH_MAX];
	bool offload;
};

/* What the kernel says about a share. Returns false after a message. */
bool snapshot_share_read(struct ctl *ctl, const struct share *s, struct snapshot_share *share);
/* Find a share. Returns false after a message. */
bool snapshot_share_get(struct ctl *ctl, const char *name, struct snapshot_share *share);

/**
 * struct snapshot_walk - the entries of a share
 * @tree: the entries; files are without their content, and snapshot_entry.change says which ones
 *	are partial
 * @bytes: bytes of all files
 * @problems: what could not be read; each was printed
 */
struct snapshot_walk {
	struct snapshot_tree tree;
	u64 bytes;
	u64 problems;
};

/* Look at a share but for its directory of snapshots. Returns false after a message. */
bool snapshot_walk(struct ctl *ctl, const struct snapshot_share *share, struct snapshot_walk *w);
/*
 * Open the root of a share, or a directory that is used as one. No symbolic link in its path is
 * followed, for clients may have made it. Returns a descriptor that gives no access, or -1 with
 * errno, which is ELOOP for a link.
 */
int snapshot_root_open(const char *path);
/*
 * Open the entry at a path below the root of a share, or the root if the path is empty. Clients may
 * rename, so no symbolic link is followed. The descriptor gives no access, so that a pipe or device
 * is not opened. @flags are further ones: O_DIRECTORY, or O_NOFOLLOW to open a symbolic link
 * itself. Returns -1 with errno.
 */
int snapshot_entry_open(int root, const char *path, int flags);
/*
 * Open the directory of snapshots of a share, and make it if it is not there. Nobody but root may
 * write to it: in a directory of others, names could lead to other files. @root: the share's root,
 * or -1 to look for it. Returns -1 after a message.
 */
int snapshot_folder_open(struct ctl *ctl, const struct snapshot_share *share, int root, bool make);
/* Path of an entry in a share, to be freed. */
char *snapshot_place(const struct snapshot_share *share, const char *path);

/**
 * struct snapshot_look - looks at files and directories
 * @ctl: this run of the tool
 * @share: the share in which they are
 * @root: descriptor of its root
 * @problems: entries with attributes that could not be read, and others that failed; each was
 *	printed
 */
struct snapshot_look {
	struct ctl *ctl;
	const struct snapshot_share *share;
	int root;
	u64 problems;
};

/*
 * Look at what snapshot_entry_open() has opened; @path is for messages. Returns false with errno,
 * and with the old entry kept.
 */
bool snapshot_entry_read(struct snapshot_look *look, const char *path, int fd,
			 struct snapshot_entry *e);

/*
 * Make a snapshot of a share. @name: its name, or NULL for the time; @schedule: NULL, or it is one
 * of the schedule, which has a name of its own. *@failed: entries that are not in it as they should
 * be; *@changing: those among them that changed all the time. Returns false after a message if
 * there is no snapshot.
 */
bool snapshot_make(struct ctl *ctl, const struct snapshot_share *share, const char *name,
		   const struct offload_schedule *schedule, u64 *failed, u64 *changing);
/* Delete heads of snapshots; what is garbage then, gc deletes. Returns false after a message. */
bool snapshot_delete_heads(struct ctl *ctl, const struct snapshot *list[], size_t n);
/* Give a snapshot of the schedule its name, which tells its time. */
void snapshot_auto_name(struct snapshot_head *h);

/* The commands; they return exit statuses. */
int snapshot_diff(struct ctl *ctl, char **words);
int snapshot_restore(struct ctl *ctl, char **words);
int snapshot_expose(struct ctl *ctl, char **words);
int snapshot_hide(struct ctl *ctl, char **words);

/* Print a problem. */
void snapshot_problem(const struct ctl *ctl, const char *subject, const char *format, ...)
	__printf(3, 4);
/* Text of a time, "2026-11-20_14:30:00" in UTC. */
const char *snapshot_time_text(u64 time, char buf[32]);

/* What snapshots refer to, for the index. Returns false if something is unknown. */
bool snapshot_survey(struct offload_survey *s);

#endif
