/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Directories that the server keeps in .ditto of a share (fs/op/hidden_dir.h), and the names of
 * those that have the streams of files (fs/open/stream_dir.c).
 */
#ifndef _DITTO_CTL_STREAM_DIR_H
#define _DITTO_CTL_STREAM_DIR_H

#include <sys/stat.h>

#include "common/types.h"

/* In the root of a share, as DITTO_HIDDEN of fs/node/hidden.h. */
#define HIDDEN_NAME	".ditto"
#define STREAM_KEY_MAX	48
/* Record of a file in a bin, and mark of the bin (fs/op/trash.h). */
#define TRASH_XATTR	"trusted.ditto.trash"

/* Number, generation and subvolume of a file; no subvolume where the file system has none. */
struct stream_identity {
	u64 ino;
	u32 generation;
	u64 subvolume;
};

/* Read them of an open file, for which O_PATH suffices. Returns false if that is not possible. */
bool stream_identity_get(int fd, struct stream_identity *id);
/* The name of the directory of a file's streams. @subvolume: of the root of the share. */
void stream_key(const struct stream_identity *id, u64 subvolume, char key[STREAM_KEY_MAX]);

/*
 * True if a directory is the bin of a share, which the server has marked: no client reaches what is
 * in it. @at: a path that leads to it, if @path is one from elsewhere on.
 */
bool bin_dir_is(const char *path, const char *at);
/* True if others than root could change a directory of the server, which is not used then. */
static inline bool hidden_dir_is_open(const struct stat *st)
{
	return !S_ISDIR(st->st_mode) || st->st_uid || st->st_mode & 0022;
}

/* Open a directory of the server, or make it. Returns -1 with errno. */
int folder_open(int dir, const char *name, bool make);
/* The same for one in .ditto of a share, that only root may change. */
int hidden_dir_open(int root, const char *name, bool make);

#endif
