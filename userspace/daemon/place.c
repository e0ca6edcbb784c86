// SPDX-License-Identifier: GPL-2.0-only
/*
 * Examines the paths of shares.
 *
 * An access to a hanging file system cannot be cancelled: its thread stays until the file system
 * answers. There is at most one such thread for a path.
 *
 * Locking: the mutex protects the list. The thread of an examination owns it until @done is set.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "place.h"

/* Bytes of a thread's stack. */
#define STACK_SIZE	(64 * 1024)

/* Linux 6.9; the headers of Debian 12 are older. */
struct fs_uuid {
	u8 len;
	u8 uuid[PLACE_FS_MAX];
};

#define GET_FS_UUID	_IOR(0x15, 0, struct fs_uuid)

/* These file systems generate a new UUID at each mount. */
static bool is_volatile(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) || st.f_type == TMPFS_MAGIC || st.f_type == RAMFS_MAGIC ||
	       st.f_type == OVERLAYFS_SUPER_MAGIC;
}

static int place_read(const char *path, struct place *place)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	struct fs_uuid uuid = { 0 };
	struct statx stx;
	int rc = 0;

	memset(place, 0, sizeof(*place));
	if (fd < 0)
		return -errno;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx))
		rc = -errno;
	else
		place->mountpoint = stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	if (!rc && !is_volatile(fd) && !ioctl(fd, GET_FS_UUID, &uuid) &&
	    uuid.len && uuid.len <= PLACE_FS_MAX) {
		place->fs_len = uuid.len;
		memcpy(place->fs, uuid.uuid, uuid.len);
	}
	close(fd);
	return rc;
}

/**
 * struct look - examination of a path
 * @next: next entry in the list
 * @path: the path
 * @done: the result is available
 * @left: given up, so the thread frees it
 * @rc: result
 * @place: result
 */
struct look {
	struct look *next;
	char *path;
	bool done;
	bool left;
	int rc;
	struct place place;
};

static pthread_mutex_t looks_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t looks_done = PTHREAD_COND_INITIALIZER;
static struct look *looks;

static struct look **look_find_locked(const char *path)
{
	struct look **p = &looks;

	while (*p && strcmp((*p)->path, path))
		p = &(*p)->next;
	return p;
}

static void look_free_locked(struct look **p)
{
	struct look *look = *p;

	*p = look->next;
	free(look->path);
	free(look);
}

static void *look_run(void *arg)
{
	struct look *look = arg;
	struct place place;
	int rc = place_read(look->path, &place);

	pthread_mutex_lock(&looks_lock);
	look->place = place;
	look->rc = rc;
	look->done = true;
	if (look->left)
		look_free_locked(look_find_locked(look->path));
	pthread_cond_broadcast(&looks_done);
	pthread_mutex_unlock(&looks_lock);
	return NULL;
}

static int look_start(struct look *look)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc = pthread_attr_init(&attr);

	if (rc)
		return -rc;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	rc = pthread_create(&thread, &attr, look_run, look);
	pthread_attr_destroy(&attr);
	return -rc;
}

void place_begin(const char *path)
{
	struct look *look;

	pthread_mutex_lock(&looks_lock);
	if (!*look_find_locked(path)) {
		look = mem_new(sizeof(*look));
		look->path = mem_string(path);
		look->next = looks;
		looks = look;
		look->rc = look_start(look);
		look->done = look->rc;
	}
	pthread_mutex_unlock(&looks_lock);
}

int place_look(const char *path, u64 until, struct place *place)
{
	const struct timespec end = { (time_t)(until / 1000), (long)(until % 1000) * 1000000 };
	struct look *look;
	int rc = 0;

	memset(place, 0, sizeof(*place));
	pthread_mutex_lock(&looks_lock);
	look = *look_find_locked(path);
	while (look && !look->done && !look->left && rc != ETIMEDOUT)
		rc = pthread_cond_clockwait(&looks_done, &looks_lock, CLOCK_MONOTONIC, &end);
	if (look && look->done) {
		rc = look->rc;
		*place = look->place;
	} else {
		rc = -ETIMEDOUT;
	}
	pthread_mutex_unlock(&looks_lock);
	return rc;
}

void place_end(void)
{
	struct look **p;

	pthread_mutex_lock(&looks_lock);
	for (p = &looks; *p;) {
		if ((*p)->done) {
			look_free_locked(p);
		} else {
			(*p)->left = true;
			p = &(*p)->next;
		}
	}
	pthread_mutex_unlock(&looks_lock);
}
