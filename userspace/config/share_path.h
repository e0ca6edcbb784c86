/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Examines the paths of shares: mount point or not, and the identity of the file system.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_SHARE_PATH_H
#define _DITTOD_SHARE_PATH_H

#include "common/types.h"
#include "text.h"

/* Longest identity of a file system, in bytes. */
#define SHARE_PATH_FS_MAX	16

/**
 * struct share_path - properties of a path
 * @mountpoint: the path is a mount point
 * @fs: UUID of the file system, which stays the same over mounts
 * @fs_len: length of @fs in bytes; 0 if the file system has no stable UUID
 */
struct share_path {
	bool mountpoint;
	u8 fs[SHARE_PATH_FS_MAX];
	size_t fs_len;
};

/**
 * struct share_path_file - the file that a path leads to
 * @device: st_dev of stat(2)
 * @inode: st_ino
 */
struct share_path_file {
	u64 device;
	u64 inode;
};

/*
 * Start to examine a path, in a thread of its own, which may block as long as the file system
 * does. Nothing is started while an earlier examination of this path runs.
 */
void share_path_begin(const char *path);

/**
 * share_path_wait - wait for the result of share_path_begin()
 * @path: the path given to share_path_begin()
 * @until: deadline by clock_ms()
 * @place: filled
 *
 * An examination that share_path_end() gave up is not waited for again.
 *
 * Return: 0; -ETIMEDOUT if there is no result yet; another negative errno.
 */
int share_path_wait(const char *path, u64 until, struct share_path *place);

/* Discard all results, and give up the examinations that have none yet. */
void share_path_end(void);

/*
 * The same for the file that a path leads to. Nothing stays open between the calls, so that a file
 * system can be unmounted at any time.
 */
void share_path_file_begin(const char *path);
int share_path_file_wait(const char *path, u64 until, struct share_path_file *file);
void share_path_file_end(void);

/**
 * struct share_path_space - the file system that a path leads to
 * @size: bytes; 0 if it has no size of its own
 * @free: bytes that users may still take; 0 if there are no inodes left
 * @bin_is_open: others than root can change the bin of a share there, so that it is not used
 */
struct share_path_space {
	u64 size;
	u64 free;
	bool bin_is_open;
};

/* The same for the space and the bin there. */
void share_path_space_begin(const char *path);
int share_path_space_wait(const char *path, u64 until, struct share_path_space *space);
void share_path_space_end(void);

/*
 * The same to put the file system there into the list for ditto-guard, unless none of it outlives
 * the mount. Errors fill @why.
 */
void share_path_guard_begin(const char *path);
int share_path_guard_wait(const char *path, u64 until, struct why *why);
void share_path_guard_end(void);

#endif
