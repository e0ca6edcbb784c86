/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File systems as a whole: which one a directory is in, where one is mounted, and its root, from
 * which all of its files are reached whatever is mounted where.
 */
#ifndef _DITTO_CTL_OFFLOAD_MOUNTS_H
#define _DITTO_CTL_OFFLOAD_MOUNTS_H

#include "object/filesystem.h"

/**
 * struct mount_point - a line of /proc/self/mountinfo
 * @id: number of the mount
 * @device: number of the file system's device, as text
 * @root: the directory of the file system that is mounted
 * @path: where
 * @type: type of the file system
 * @source: its device
 */
struct mount_point {
	u64 id;
	char *device;
	char *root;
	char *path;
	char *type;
	char *source;
};

/**
 * struct mount_table - what is mounted
 * @n: number of mounts
 * @list: the mounts
 */
struct mount_table {
	size_t n;
	struct mount_point *list;
};

/* Read the table. Returns false and fills @why on errors. */
bool mount_table_read(struct mount_table *t, struct why *why);
void mount_table_free(struct mount_table *t);

/*
 * Open what is mounted, unless something else is mounted on it, and read its id. Returns a
 * descriptor (O_PATH), or -1 with errno.
 */
int mount_point_identify(const struct mount_table *t, const struct mount_point *m,
			 u8 id[FILESYSTEM_ID_SIZE]);

/* Whether a type mounts file systems of the other: versions of ext do. */
bool filesystem_type_is_same(const char *a, const char *b);

/* The id of the file system of what is open for reading. Returns false with errno. */
bool filesystem_read_id(int fd, u8 id[FILESYSTEM_ID_SIZE]);
/*
 * Find out which file system a file or directory is in, which is open for reading. Returns false
 * and fills @why on errors.
 */
bool filesystem_find(const struct mount_table *t, int fd, struct filesystem *fs, struct why *why);

/**
 * filesystem_open - open the root of a file system, with all subvolumes
 * @t: what is mounted
 * @fs: the file system
 * @device: set to the mount_point.device of its mounts, or NULL if it is not mounted
 * @why: filled on errors
 *
 * Below the root that is opened nothing else is mounted.
 *
 * Return: a descriptor, or -1.
 */
int filesystem_open(const struct mount_table *t, const struct filesystem *fs, const char **device,
		    struct why *why);

/* Whether a file system is mounted, also as another type. */
bool filesystem_may_be_mounted(const struct mount_table *t, const struct filesystem *fs);

/*
 * Find the path of a file of the file system with a device, from that below its root, "/NAME":
 * below a mount if one has it, otherwise "UUID:/NAME". To be freed by the caller.
 */
char *filesystem_path(const struct mount_table *t, const char *device, const struct filesystem *fs,
		      const char *name);

#endif
