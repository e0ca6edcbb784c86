// SPDX-License-Identifier: GPL-2.0-only
/* Opens of files, see watch.h. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "daemon/log.h"
#include "fd_path.h"
#include "module.h"
#include "object/record.h"
#include "watch.h"

#define WATCH_MAX	64
/* A disk reads as many records in parallel. */
#define WATCH_THREADS	4
#define WATCH_STACK	(128 << 10)
#define WATCH_EVENTS	(FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM)

/**
 * struct watch - a file system
 * @group: where the kernel asks
 * @device: its device, constant while it is marked
 */
struct watch {
	int group;
	char device[WATCH_DEVICE_MAX];
};

static struct watch watches[WATCH_MAX];
static size_t n_watches;

/* Errors of the disk count as a record: nobody knows what is in the file. */
static bool file_has_record(int fd)
{
	ssize_t len = fgetxattr(fd, OFFLOAD_RECORD_XATTR, NULL, 0);

	return len > 0 || (len < 0 && errno != ENODATA && errno != EOPNOTSUPP);
}

/*
 * Whether the module has begun to guard the file system and the mark is about to be removed. The
 * module did not see the beginning of an open by anybody but its servers, which is refused.
 */
static bool open_is_by_server(const struct watch *w, pid_t pid)
{
	char text[MODULE_TEXT_MAX];
	int fd = module_open();
	bool guards;

	if (fd < 0)
		return false;
	guards = module_read(fd, text) && module_text_has(text, w->device);
	close(fd);
	return guards && module_has_server(pid);
}

/**
 * struct refusal - what is logged about an open
 * @path: of the file; the longest one does not fit in a line of the kernel's log
 * @name: of the process
 */
struct refusal {
	char path[512];
	char name[32];
};

/* Before the answer, after which both may be gone. */
static void refusal_fill(struct refusal *r, int fd, pid_t pid)
{
	char link[64];
	ssize_t len;
	int comm;

	len = readlink(fd_path(fd, link), r->path, sizeof(r->path) - 1);
	r->path[len > 0 ? len : 0] = '\0';
	snprintf(link, sizeof(link), "/proc/%d/comm", pid);
	comm = open(link, O_RDONLY | O_CLOEXEC);
	len = comm < 0 ? -1 : read(comm, r->name, sizeof(r->name) - 1);
	if (comm >= 0)
		close(comm);
	r->name[len > 0 ? len : 0] = '\0';
	r->name[strcspn(r->name, "\n")] = '\0';
}

/*
 * Answer, and close the file first: after the answer, its file system may be unmounted. The answer
 * names the event by the descriptor, which no other may get before, so another file is put there.
 */
static void watch_respond(const struct watch *w, int fd, unsigned int answer)
{
	struct fanotify_response response = { .fd = fd, .response = answer };

	dup3(w->group, fd, O_CLOEXEC);
	/* Whoever asked may have been killed, and nobody waits for the answer. */
	if (write(w->group, &response, sizeof(response)) < 0 && errno != ENOENT)
		log_warning("an open of a file is not answered: %s", strerror(errno));
	close(fd);
}

static void watch_answer(const struct watch *w, const struct fanotify_event_metadata *event)
{
	struct refusal r;

	if (event->fd < 0)
		return;
	if (!file_has_record(event->fd) || open_is_by_server(w, event->pid)) {
		watch_respond(w, event->fd, FAN_ALLOW);
		return;
	}
	refusal_fill(&r, event->fd, event->pid);
	watch_respond(w, event->fd, FAN_DENY);
	log_warning("%s: its data is offloaded and no share serves it, so it is not opened for %s[%d]: start Ditto with a share of this file system (systemctl start ditto)",
		    r.path, r.name, event->pid);
}

static void *watch_serve(void *arg)
{
	const struct watch *w = arg;
	struct fanotify_event_metadata event;

	/*
	 * One at a time, so that another thread takes the next while this one waits for a disk.
	 * The kernel itself refuses what it cannot open for this process, and tells the error here.
	 */
	for (;;)
		if (read(w->group, &event, sizeof(event)) == sizeof(event))
			watch_answer(w, &event);
	return NULL;
}

/* One thread is enough if no other can be started. */
static int watch_start(struct watch *w)
{
	int n = 0, error = 0;
	pthread_attr_t attr;
	pthread_t thread;

	/*
	 * The kernel opens the file to ask. If somebody has a lease on it, that fails instead of
	 * holding up this thread until the lease is given back.
	 */
	w->group = fanotify_init(FAN_CLASS_CONTENT | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS |
				 FAN_CLOEXEC,
				 O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME | O_NONBLOCK);
	if (w->group < 0)
		return errno;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, WATCH_STACK);
	while (n < WATCH_THREADS && !error) {
		error = pthread_create(&thread, &attr, watch_serve, w);
		n += !error;
	}
	pthread_attr_destroy(&attr);
	if (n)
		return 0;
	close(w->group);
	return error;
}

static struct watch *watch_find(const char *device)
{
	size_t i;

	for (i = 0; i < n_watches; i++)
		if (!strcmp(watches[i].device, device))
			return &watches[i];
	return NULL;
}

/* Whether nothing is marked: the mark goes with the file system, which may be mounted unseen. */
static bool watch_is_idle(const struct watch *w)
{
	char path[64], line[256];
	bool idle = true;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", w->group);
	info = fopen(path, "re");
	if (!info)
		return false;
	while (idle && fgets(line, sizeof(line), info))
		idle = !strstr(line, "sdev:");
	fclose(info);
	return idle;
}

static struct watch *watch_take(const char *device, struct why *why)
{
	struct watch *w = watch_find(device);
	int error;
	size_t i;

	for (i = 0; !w && i < n_watches; i++)
		if (watch_is_idle(&watches[i]))
			w = &watches[i];
	if (w)
		goto found;
	if (n_watches == WATCH_MAX) {
		why_not(why, "more than %d file systems have offloaded files", WATCH_MAX);
		return NULL;
	}
	w = &watches[n_watches];
	error = watch_start(w);
	if (error) {
		why_not(why, "%s%s", strerror(error), error == EINVAL ?
			": this kernel has no CONFIG_FANOTIFY_ACCESS_PERMISSIONS" : "");
		return NULL;
	}
	n_watches++;
found:
	snprintf(w->device, sizeof(w->device), "%s", device);
	return w;
}

/* A descriptor of O_PATH, which keeps nobody from unmounting, is taken by its path only. */
static int watch_mark(const struct watch *w, unsigned int how, int fd)
{
	char path[FD_PATH_MAX];

	return fanotify_mark(w->group, how | FAN_MARK_FILESYSTEM, WATCH_EVENTS, AT_FDCWD,
			     fd_path(fd, path));
}

bool watch_begin(const char *device, int fd, struct why *why)
{
	struct watch *w = watch_take(device, why);

	return w && (!watch_mark(w, FAN_MARK_ADD, fd) || why_not(why, "%s", strerror(errno)));
}

void watch_end(const char *device, int fd)
{
	struct watch *w = watch_find(device);

	if (w)
		watch_mark(w, FAN_MARK_REMOVE, fd);
}
