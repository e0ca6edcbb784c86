// SPDX-License-Identifier: GPL-2.0-only
/*
 * One dittod at a time, see daemon_lock.h.
 *
 * The locks are fcntl(2) locks: they belong to the process, so that neither the spawner, which
 * inherits the descriptors, nor a file that a killed dittod leaves keeps the next one from
 * starting, and they tell who holds them. Such a lock is lost when its process closes any
 * descriptor of the file, so nothing else opens these files.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/run_path.h"
#include "common/types.h"
#include "log.h"
#include "mem.h"
#include "daemon_lock.h"

/* Tries to learn who holds a lock, in case it was just dropped. */
#define LOCK_TRIES	3

static int daemon_lock_fds[] = { -1, -1 };

/* Returns 0, or -EBUSY and the process that holds the lock, 0 if unknown, or a negative errno. */
static int daemon_lock_file(int fd, pid_t *holder)
{
	struct flock lock;
	int i;

	*holder = 0;
	for (i = 0; i < LOCK_TRIES; i++) {
		lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
		if (!fcntl(fd, F_SETLK, &lock))
			return 0;
		if (errno != EAGAIN && errno != EACCES)
			return -errno;
		if (fcntl(fd, F_GETLK, &lock))
			return -errno;
		if (lock.l_type == F_UNLCK)
			continue;
		/* A process of another PID namespace has no number here. */
		*holder = lock.l_pid > 0 ? lock.l_pid : 0;
		break;
	}
	return -EBUSY;
}

/*
 * A lock that cannot be had for another reason, such as a folder that does not exist yet, is no
 * second dittod: what else is wrong is reported where it matters.
 */
static bool daemon_lock_path(const char *path, int *fd, pid_t *holder)
{
	int rc;

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	rc = *fd < 0 ? -errno : daemon_lock_file(*fd, holder);
	if (rc && rc != -EBUSY)
		log_warning("%s cannot be locked: %s", path, strerror(-rc));
	return rc != -EBUSY;
}

static const char *daemon_lock_name(pid_t pid, char text[64])
{
	if (pid)
		snprintf(text, 64, "process %d", pid);
	else
		snprintf(text, 64, "a process of another container");
	return text;
}

bool daemon_lock(const char *state_dir, struct why *why)
{
	char path[RUN_PATH_SIZE], name[64];
	pid_t holder = 0;
	char *file;
	bool good;

	run_folder_make();
	if (!daemon_lock_path(run_path(path, "helper", ".lock"), &daemon_lock_fds[0], &holder)) {
		daemon_lock_name(holder, name);
		return why_not(why,
			       "dittod runs in this network namespace already (%s), and goes on: 'systemctl reload dittod' makes it read its configuration again, 'systemctl restart dittod' replaces it; one that was started by hand is ended by 'kill' with its number",
			       name);
	}
	/* The mode is the one of the state, which holds a secret. */
	if (mkdir(state_dir, 0700) && errno != EEXIST)
		return why_not(why, "%s: %s", state_dir, strerror(errno));
	file = mem_print("%s/lock", state_dir);
	good = daemon_lock_path(file, &daemon_lock_fds[1], &holder);
	free(file);
	if (good)
		return true;
	daemon_unlock();
	return why_not(why,
		       "another dittod (%s), which serves another network namespace, keeps its state in %s: give this one a folder of its own with --state",
		       daemon_lock_name(holder, name), state_dir);
}

void daemon_unlock(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(daemon_lock_fds); i++) {
		if (daemon_lock_fds[i] >= 0)
			close(daemon_lock_fds[i]);
		daemon_lock_fds[i] = -1;
	}
}
