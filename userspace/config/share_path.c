// SPDX-License-Identifier: GPL-2.0-only
/* Examines the paths of shares, whose file systems may hang. */

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ctl/offload/mounts.h"
#include "ctl/stream_dir.h"
#include "daemon/detached.h"
#include "mem.h"
#include "object/guarded.h"
#include "share_path.h"

/* Bytes of a thread's stack. */
#define STACK_SIZE	(64 * 1024)

/* Linux 6.9; the headers of Debian 12 are older. */
struct fs_uuid {
	u8 len;
	u8 uuid[SHARE_PATH_FS_MAX];
};

#define GET_FS_UUID	_IOR(0x15, 0, struct fs_uuid)

/* These file systems generate a new UUID at each mount. */
static bool share_path_is_volatile(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) || st.f_type == TMPFS_MAGIC || st.f_type == RAMFS_MAGIC ||
	       st.f_type == OVERLAYFS_SUPER_MAGIC;
}

/**
 * struct share_path_call - examination of a path
 * @call: the call
 * @place: result of share_path_call_run()
 * @file: result of share_path_call_find()
 * @space: result of share_path_call_measure()
 * @why: result of share_path_call_guard()
 */
struct share_path_call {
	struct detached_path call;
	struct share_path place;
	struct share_path_file file;
	struct share_path_space space;
	struct why why;
};

static struct share_path_call *share_path_call_of(const struct detached *one)
{
	return (struct share_path_call *)one;
}

static int share_path_call_run(struct detached *one)
{
	struct share_path_call *call = share_path_call_of(one);
	struct share_path *place = &call->place;
	struct fs_uuid uuid = { 0 };
	struct statx stx;
	int fd, rc = 0;

	fd = open(call->call.path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx)) {
		rc = -errno;
		goto out;
	}
	place->mountpoint = stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	if (!share_path_is_volatile(fd) && !ioctl(fd, GET_FS_UUID, &uuid) &&
	    uuid.len && uuid.len <= SHARE_PATH_FS_MAX) {
		place->fs_len = uuid.len;
		memcpy(place->fs, uuid.uuid, uuid.len);
	}
out:
	close(fd);
	return rc;
}

static int share_path_call_find(struct detached *one)
{
	struct share_path_call *call = share_path_call_of(one);
	struct statx stx;

	if (statx(AT_FDCWD, call->call.path, 0, STATX_INO, &stx))
		return -errno;
	call->file.device = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	call->file.inode = stx.stx_ino;
	return 0;
}

static bool share_path_is_open(const char *share, const char *dir)
{
	char *path = mem_print("%s/%s", share, dir);
	struct stat st;
	bool open = !lstat(path, &st) && hidden_dir_is_open(&st);

	free(path);
	return open;
}

static int share_path_call_measure(struct detached *one)
{
	struct share_path_call *call = share_path_call_of(one);
	struct statvfs st;

	if (statvfs(call->call.path, &st))
		return -errno;
	call->space.size = (u64)st.f_blocks * st.f_frsize;
	if (!st.f_files || st.f_favail)
		call->space.free = (u64)st.f_bavail * st.f_frsize;
	call->space.bin_is_open = share_path_is_open(call->call.path, HIDDEN_NAME) ||
				  share_path_is_open(call->call.path, HIDDEN_NAME "/trash");
	return 0;
}

static int share_path_call_guard(struct detached *one)
{
	struct share_path_call *call = share_path_call_of(one);
	struct mount_table mounts;
	struct filesystem fs;
	int fd;

	fd = open(call->call.path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!share_path_is_volatile(fd) && mount_table_read(&mounts, &call->why)) {
		if (filesystem_find(&mounts, fd, &fs, &call->why))
			guarded_add(&fs, &call->why);
		mount_table_free(&mounts);
	}
	close(fd);
	return 0;
}

static void share_path_call_read_why(const struct detached *one, void *why)
{
	*(struct why *)why = share_path_call_of(one)->why;
}

static void share_path_call_read_space(const struct detached *one, void *space)
{
	*(struct share_path_space *)space = share_path_call_of(one)->space;
}

static void share_path_call_read_file(const struct detached *one, void *file)
{
	*(struct share_path_file *)file = share_path_call_of(one)->file;
}

static void share_path_call_read(const struct detached *one, void *place)
{
	*(struct share_path *)place = share_path_call_of(one)->place;
}

static const struct detached_ops share_path_call_ops = {
	.stack_size = STACK_SIZE,
	.path_size = sizeof(struct share_path_call),
	.run = share_path_call_run,
	.read = share_path_call_read,
};

static const struct detached_ops share_path_file_ops = {
	.stack_size = STACK_SIZE,
	.path_size = sizeof(struct share_path_call),
	.run = share_path_call_find,
	.read = share_path_call_read_file,
};

static const struct detached_ops share_path_space_ops = {
	.stack_size = STACK_SIZE,
	.path_size = sizeof(struct share_path_call),
	.run = share_path_call_measure,
	.read = share_path_call_read_space,
};

static const struct detached_ops share_path_guard_ops = {
	.stack_size = STACK_SIZE,
	.path_size = sizeof(struct share_path_call),
	.run = share_path_call_guard,
	.read = share_path_call_read_why,
};

static struct detached_list share_path_calls = DETACHED_LIST(&share_path_call_ops);
static struct detached_list file_calls = DETACHED_LIST(&share_path_file_ops);
static struct detached_list space_calls = DETACHED_LIST(&share_path_space_ops);
static struct detached_list guard_calls = DETACHED_LIST(&share_path_guard_ops);

void share_path_begin(const char *path)
{
	detached_begin(&share_path_calls, path);
}

int share_path_wait(const char *path, u64 until, struct share_path *place)
{
	memset(place, 0, sizeof(*place));
	return detached_get(&share_path_calls, path, until, place);
}

void share_path_end(void)
{
	detached_end(&share_path_calls);
}

void share_path_file_begin(const char *path)
{
	detached_begin(&file_calls, path);
}

int share_path_file_wait(const char *path, u64 until, struct share_path_file *file)
{
	return detached_get(&file_calls, path, until, file);
}

void share_path_file_end(void)
{
	detached_end(&file_calls);
}

void share_path_space_begin(const char *path)
{
	detached_begin(&space_calls, path);
}

int share_path_space_wait(const char *path, u64 until, struct share_path_space *space)
{
	return detached_get(&space_calls, path, until, space);
}

void share_path_space_end(void)
{
	detached_end(&space_calls);
}

void share_path_guard_begin(const char *path)
{
	detached_begin(&guard_calls, path);
}

int share_path_guard_wait(const char *path, u64 until, struct why *why)
{
	why->text[0] = '\0';
	return detached_get(&guard_calls, path, until, why);
}

void share_path_guard_end(void)
{
	detached_end(&guard_calls);
}
