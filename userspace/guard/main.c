// SPDX-License-Identifier: GPL-2.0-only
/*
 * ditto-guard: while ditto.ko does not guard a file system with offloaded files, an open of such a
 * file fails, so that nobody takes the zeros in it for its data, or writes over them. It starts
 * early, needs neither the module nor dittod, and stays.
 *
 * It looks around whenever something is mounted, the list of file systems changes, or the module
 * begins or ends to guard one: each file system of the list that is mounted is watched, unless the
 * module guards it.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/offload/mounts.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "guard_status.h"
#include "mem.h"
#include "module.h"
#include "object/guarded.h"
#include "run_path.h"
#include "watch.h"

/* Seconds between two attempts to find the module. */
#define MODULE_PAUSE	1
#define STATUS_NEW	GUARD_STATUS_PATH ".new"
/* STATX_MNT_ID_UNIQUE of Linux 6.8. */
#define MNT_ID_UNIQUE	0x4000

/**
 * struct seen - a mount that was looked at
 * @number: of the mount
 * @device: of its file system
 * @id: of its file system
 * @by: who guards it; NULL if it is not in the list
 */
struct seen {
	u64 number;
	char device[WATCH_DEVICE_MAX];
	u8 id[FILESYSTEM_ID_SIZE];
	const char *by;
};

struct seen_list {
	size_t n;
	struct seen *list;
};

/* Protects all below. */
static pthread_mutex_t guard_lock = PTHREAD_MUTEX_INITIALIZER;
/* What the module guards. */
static char guard_module[MODULE_TEXT_MAX];
/* File systems of the directories that were given, if there are any. */
static struct guarded guard_given;
/* The status for dittoctl, while it is being written; NULL if there is none. */
static FILE *guard_status;
static bool guard_has_status;
static struct seen_list guard_seen;

static bool guarded_has(const struct guarded *all, const char *type, const u8 *id)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (filesystem_type_is_same(all->list[i].type, type) &&
		    (!id || !memcmp(all->list[i].id, id, FILESYSTEM_ID_SIZE)))
			return true;
	return false;
}

/* The mount that is seen at a path, as a number that no other ever has; 0 if that is not known. */
static u64 mount_number(const char *path)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, MNT_ID_UNIQUE, &st) ||
	    !(st.stx_mask & MNT_ID_UNIQUE))
		return 0;
	return st.stx_mnt_id;
}

/* What was seen of a mount when it was last looked at, or NULL. */
static const struct seen *mount_seen(const struct mount_point *m, u64 number)
{
	size_t i;

	for (i = 0; number && i < guard_seen.n; i++)
		if (guard_seen.list[i].number == number &&
		    !strcmp(guard_seen.list[i].device, m->device))
			return &guard_seen.list[i];
	return NULL;
}

/* Watch what is mounted, or leave it to the module. */
static const char *mount_guard(const struct mount_point *m, int fd)
{
	struct why why;

	if (module_text_has(guard_module, m->device)) {
		watch_end(m->device, fd);
		return GUARD_BY_MODULE;
	}
	if (watch_begin(m->device, fd, &why))
		return GUARD_BY_GUARD;
	log_warning("%s cannot be watched, and its offloaded files read as zeros while Ditto does not serve it: %s",
		    m->path, why.text);
	return GUARD_BY_NONE;
}

static void status_line(const char *by, const u8 id[FILESYSTEM_ID_SIZE], const char *path)
{
	char uuid[TEXT_UUID_MAX], *name = text_printable(path);

	if (guard_status)
		fprintf(guard_status, "%s %s %s\n", by, text_from_uuid(id, uuid), name);
	free(name);
}

/* Whether nothing is to be done about a mount that was seen: looking at one keeps it busy. */
static bool seen_is_right(const struct seen *seen, const struct guarded *all,
			  const struct mount_point *m)
{
	if (!guarded_has(all, m->type, seen->id))
		return !seen->by;
	return seen->by && !strcmp(seen->by, module_text_has(guard_module, m->device) ?
						     GUARD_BY_MODULE : GUARD_BY_GUARD);
}

/* Look at a mount, and add it to @now. Returns whether it is of a file system in the list. */
static bool mount_look(const struct mount_table *mounts, const struct mount_point *m,
		       const struct guarded *all, struct seen_list *now)
{
	const struct seen *before;
	struct seen seen = { .by = NULL };
	int fd;

	/* File systems of other machines may not answer, and have no such type. */
	if (!guarded_has(all, m->type, NULL))
		return false;
	seen.number = mount_number(m->path);
	before = mount_seen(m, seen.number);
	if (before && seen_is_right(before, all, m)) {
		seen = *before;
	} else {
		fd = mount_point_identify(mounts, m, seen.id);
		if (fd < 0)
			return false;
		snprintf(seen.device, sizeof(seen.device), "%s", m->device);
		if (guarded_has(all, m->type, seen.id))
			seen.by = mount_guard(m, fd);
		close(fd);
	}
	now->list = mem_grow(now->list, now->n, sizeof(*now->list));
	now->list[now->n++] = seen;
	if (seen.by)
		status_line(seen.by, seen.id, m->path);
	return seen.by;
}

static bool device_was_found(const struct mount_table *mounts, const bool *found, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (found[i] && !strcmp(mounts->list[i].device, mounts->list[n].device))
			return true;
	return false;
}

static void look_at_mounts(const struct mount_table *mounts, const struct guarded *all)
{
	bool *found = mem_new((mounts->n + 1) * sizeof(*found));
	struct seen_list now = { .n = 0 };
	size_t i;

	for (i = 0; i < mounts->n; i++)
		found[i] = !device_was_found(mounts, found, i) &&
			   mount_look(mounts, &mounts->list[i], all, &now);
	free(found);
	free(guard_seen.list);
	guard_seen = now;
}

static void look_around_locked(void)
{
	struct mount_table mounts;
	struct guarded all;
	struct why why;

	/* What is watched stays so if there is an error. */
	if (!mount_table_read(&mounts, &why)) {
		log_warning("%s", why.text);
		return;
	}
	if (!guarded_read(&all, &why))
		log_warning("%s", why.text);
	guard_status = guard_has_status ? fopen(STATUS_NEW, "we") : NULL;
	look_at_mounts(&mounts, guard_given.n ? &guard_given : &all);
	if (guard_has_status && (!guard_status || fclose(guard_status) ||
				 rename(STATUS_NEW, GUARD_STATUS_PATH)))
		log_warning(GUARD_STATUS_PATH ": %s", strerror(errno));
	guarded_free(&all);
	mount_table_free(&mounts);
}

static void look_around(void)
{
	pthread_mutex_lock(&guard_lock);
	look_around_locked();
	pthread_mutex_unlock(&guard_lock);
}

/* Read what the module guards now, or after a change. Returns false if the module ends. */
static bool module_look(int fd)
{
	static char text[MODULE_TEXT_MAX];
	bool good = module_read(fd, text);

	pthread_mutex_lock(&guard_lock);
	memcpy(guard_module, text, sizeof(guard_module));
	look_around_locked();
	pthread_mutex_unlock(&guard_lock);
	return good;
}

/* The module ends when the descriptor is closed: then all is watched. */
static void *module_follow(void *arg)
{
	int fd = *(int *)arg;

	for (;;) {
		if (fd >= 0) {
			while (module_look(fd))
				;
			close(fd);
		}
		sleep(MODULE_PAUSE);
		fd = module_open();
	}
	return NULL;
}

/* The lock says that this process lives. Returns false if another one does. */
static bool status_begin(void)
{
	int lock;

	run_folder_make();
	lock = open(GUARD_LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	guard_has_status = lock >= 0 && !flock(lock, LOCK_EX | LOCK_NB);
	if (guard_has_status)
		return true;
	if (errno == EWOULDBLOCK) {
		fprintf(stderr, "ditto-guard: it runs already\n");
		return false;
	}
	log_warning(GUARD_LOCK_PATH ": %s", strerror(errno));
	return true;
}

static bool directories_take(char **directories)
{
	struct mount_table mounts;
	struct filesystem *fs;
	struct why why;
	bool good;
	int fd;

	if (!mount_table_read(&mounts, &why)) {
		fprintf(stderr, "ditto-guard: %s\n", why.text);
		return false;
	}
	for (good = true; good && *directories; directories++) {
		guard_given.list = mem_grow(guard_given.list, guard_given.n,
					    sizeof(*guard_given.list));
		fs = &guard_given.list[guard_given.n++];
		fd = open(*directories, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		good = fd < 0 ? why_not(&why, "%s", strerror(errno)) :
		       filesystem_find(&mounts, fd, fs, &why);
		if (fd >= 0)
			close(fd);
		if (!good)
			fprintf(stderr, "ditto-guard: %s: %s\n", *directories, why.text);
	}
	mount_table_free(&mounts);
	return good;
}

/* Wait for changes of what is mounted and of the list of file systems. */
static void guard_follow(int mounts, int changes)
{
	struct pollfd fds[] = {
		{ .fd = mounts, .events = POLLPRI },
		{ .fd = changes, .events = POLLIN },
	};
	char events[4096];

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[1].revents && read(changes, events, sizeof(events)) < 0)
			continue;
		look_around();
	}
}

int main(int argc, char **argv)
{
	int mounts, changes, module;
	pthread_t thread;

	if (argc > 1 && !strcmp(argv[1], "--version"))
		return puts("ditto-guard " DITTO_VERSION) < 0;
	if (argc > 1 && argv[1][0] == '-') {
		fputs("usage: ditto-guard [DIRECTORY...]\n", stderr);
		return 1;
	}
	log_open();
	/* With directories it is there for these alone, beside the one for the list. */
	if (argc > 1 ? !directories_take(argv + 1) : !status_begin())
		return 1;
	/* Memory that is not there could only be read from a disk that waits for this process. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		log_warning("its memory is not locked: %s", strerror(errno));
	mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	mkdir(GUARDED_FOLDER, 0700);
	changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (inotify_add_watch(changes, GUARDED_FOLDER, IN_MOVED_TO) < 0)
		log_warning(GUARDED_FOLDER ": %s", strerror(errno));
	module = module_open();
	if (module < 0 || !module_look(module))
		look_around();
	/* All that is mounted is watched. */
	notify("READY=1");
	if (pthread_create(&thread, NULL, module_follow, &module)) {
		fprintf(stderr, "ditto-guard: no thread can be started\n");
		return 1;
	}
	guard_follow(mounts, changes);
}
