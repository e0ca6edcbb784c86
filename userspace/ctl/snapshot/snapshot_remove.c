// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removing a directory with all below.
 *
 * Users own what is below, and may change it at any time: names are only used in a directory that
 * is open, which was reached without following links and without entering mounts. There is no limit
 * to the depth, but few descriptors are enough: what is in a subdirectory moves up to the top, and
 * is removed there.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/types.h"
#include "fault.h"
#include "snapshot_remove.h"

/* Name of a directory that moved up, and bytes of it. */
#define MOVED_NAME	".ditto-removed.%llu"
#define MOVED_SIZE	40
/* Tries to find such a name. */
#define TRIES		1000

/**
 * struct removal - a directory that is being removed
 * @top: descriptor of it
 * @dev: its file system
 * @moved: number of directories that moved up
 * @removed: number of entries that are gone or moved
 */
struct removal {
	int top;
	dev_t dev;
	u64 moved;
	u64 removed;
};

/* Open a directory. Returns -1 with errno. */
static int remove_open(int folder, const char *name)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};

	return (int)syscall(SYS_openat2, folder, name, &how, sizeof(how));
}

/* Take a directory from its owner, so that he adds nothing. */
static bool remove_take(int fd)
{
	return !fchown(fd, geteuid(), getegid()) && !fchmod(fd, 0700);
}

static bool remove_move(struct removal *r, int dir, const char *name)
{
	char moved[MOVED_SIZE];
	int i;

	for (i = 0; i < TRIES; i++) {
		snprintf(moved, sizeof(moved), MOVED_NAME, (unsigned long long)r->moved++);
		if (!renameat2(dir, name, r->top, moved, RENAME_NOREPLACE))
			return true;
		if (errno != EEXIST)
			return false;
	}
	return false;
}

static bool remove_all_in(struct removal *r, int dir);

/* Remove a directory that is in the top. */
static bool remove_dir(struct removal *r, const char *name)
{
	int fd = remove_open(r->top, name), error;
	struct stat st;
	bool good = false;

	if (fd < 0)
		return false;
	/* A subvolume is no mount, but another file system all the same. */
	if (!fstat(fd, &st) && st.st_dev != r->dev)
		errno = EXDEV;
	else if (remove_take(fd))
		good = remove_all_in(r, fd) && !unlinkat(r->top, name, AT_REMOVEDIR);
	error = errno;
	close(fd);
	errno = error;
	return good;
}

static bool remove_entry(struct removal *r, int dir, const char *name)
{
	if (!unlinkat(dir, name, 0))
		return true;
	if (errno != EISDIR && errno != EPERM)
		return errno == ENOENT;
	if (!unlinkat(dir, name, AT_REMOVEDIR))
		return true;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return errno == ENOENT;
	return dir == r->top ? remove_dir(r, name) : remove_move(r, dir, name);
}

/* Empty a directory. Returns false with errno if something is left. */
static bool remove_all_in(struct removal *r, int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!list)
		return false;
	while ((e = readdir(list))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (!remove_entry(r, dir, e->d_name)) {
			error = errno;
			continue;
		}
		r->removed++;
		fault_point("snapshot-removed");
	}
	closedir(list);
	errno = error;
	return !error;
}

bool snapshot_remove(int folder, const char *name)
{
	struct removal r = { .top = remove_open(folder, name) };
	struct stat st;
	u64 before;
	bool good;
	int error;

	if (r.top < 0)
		return false;
	good = !fstat(r.top, &st) && remove_take(r.top);
	r.dev = st.st_dev;
	/* What moved up while the list was read may not be in it. */
	while (good) {
		before = r.removed;
		good = remove_all_in(&r, r.top);
		if (good && !unlinkat(folder, name, AT_REMOVEDIR))
			break;
		good = r.removed > before;
	}
	error = errno;
	close(r.top);
	errno = error;
	return good;
}
