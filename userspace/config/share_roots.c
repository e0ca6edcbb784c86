// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories for shares that are added by remote calls, see share_roots.h.
 *
 * Locking: the mutex protects the directories in use.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "daemon/detached.h"
#include "mem.h"
#include "share_roots.h"

/* Bytes of a thread's stack. */
#define STACK_SIZE	(64 * 1024)
/* Most look-ups that wait for a file system which does not answer. */
#define LATE_FINDS_MAX	8

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct share_roots used;

bool share_roots_check_path(const char *path)
{
	const char *part = path;
	size_t len;

	if (path[0] != '/')
		return false;
	for (; *part; part += len) {
		len = strcspn(++part, "/");
		if (!len || !strncmp(part, ".", len) || (len == 2 && !strncmp(part, "..", 2)))
			return false;
	}
	return true;
}

bool share_roots_add(struct share_roots *roots, const char *path, struct why *why)
{
	size_t len = strlen(path);
	char *root;

	while (len > 1 && path[len - 1] == '/')
		len--;
	root = mem_print("%.*s", (int)len, path);
	if (!share_roots_check_path(root)) {
		free(root);
		return why_not(why,
			       "'%.60s' is not allowed: an absolute path other than /, without '.', '..' and '//', is",
			       path);
	}
	if (roots->n == SHARE_ROOTS_MAX) {
		free(root);
		return why_not(why, "more than %d directories", SHARE_ROOTS_MAX);
	}
	roots->path[roots->n++] = root;
	return true;
}

void share_roots_free(struct share_roots *roots)
{
	while (roots->n)
		free(roots->path[--roots->n]);
}

void share_roots_set(const struct share_roots *roots)
{
	unsigned int i;

	pthread_mutex_lock(&lock);
	share_roots_free(&used);
	for (i = 0; i < roots->n; i++)
		used.path[used.n++] = mem_string(roots->path[i]);
	pthread_mutex_unlock(&lock);
}

/* The rest of a path below a directory, "" for the directory itself; NULL if it is outside. */
static const char *path_below(const char *root, const char *path)
{
	size_t len = strlen(root);

	if (strncmp(root, path, len) || (path[len] && path[len] != '/'))
		return NULL;
	return path + len + strspn(path + len, "/");
}

bool share_roots_contain(const char *path)
{
	bool found = false;
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < used.n && !found; i++)
		found = path_below(used.path[i], path);
	pthread_mutex_unlock(&lock);
	return found;
}

/*
 * The outermost directory that contains a path, to be freed; NULL if there is none. Who may write
 * in it could exchange an inner one for a link.
 */
static char *roots_find_outermost(const char *path)
{
	const char *root = NULL;
	char *copy = NULL;
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < used.n; i++)
		if (path_below(used.path[i], path) &&
		    (!root || strlen(used.path[i]) < strlen(root)))
			root = used.path[i];
	if (root)
		copy = mem_string(root);
	pthread_mutex_unlock(&lock);
	return copy;
}

/**
 * struct folder_find - the look-up of a folder
 * @call: the call about its path
 * @file: the folder
 * @why: what is wrong
 */
struct folder_find {
	struct detached_path call;
	struct share_path_file file;
	struct why why;
};

static struct folder_find *folder_find_of(const struct detached *one)
{
	return (struct folder_find *)one;
}

static int folder_find_run(struct detached *one)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	struct folder_find *find = folder_find_of(one);
	char *root = roots_find_outermost(find->call.path);
	const char *inner;
	struct stat st;
	int dir, fd, rc = 0;

	if (!root) {
		why_not(&find->why, "it is not below a 'share-root' of ditto.conf");
		return -EACCES;
	}
	inner = path_below(root, find->call.path);
	dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = dir < 0 ? dir : (int)syscall(SYS_openat2, dir, *inner ? inner : ".", &how,
					  sizeof(how));
	if (fd < 0 || fstat(fd, &st))
		rc = -errno;
	else
		find->file = (struct share_path_file){ st.st_dev, st.st_ino };
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	free(root);
	if (rc == -ELOOP || rc == -EXDEV) {
		why_not(&find->why, "its path has a symbolic link or leaves the 'share-root'");
		return -EACCES;
	}
	if (rc)
		why_not(&find->why, "%s", strerror(-rc));
	return rc;
}

static void folder_find_read(const struct detached *one, void *out)
{
	struct folder_find *to = out;

	to->file = folder_find_of(one)->file;
	to->why = folder_find_of(one)->why;
}

static const struct detached_ops folder_find_ops = {
	.stack_size = STACK_SIZE,
	.path_size = sizeof(struct folder_find),
	.run = folder_find_run,
	.read = folder_find_read,
};

int share_roots_find(const char *path, u64 until, struct share_path_file *file, struct why *why)
{
	static struct detached_list finds = DETACHED_LIST(&folder_find_ops);
	/* One look-up at a time, because the end of one discards all. */
	static pthread_mutex_t find_lock = PTHREAD_MUTEX_INITIALIZER;
	const struct timespec end = clock_timespec(until);
	struct folder_find found = { .why = { "the file system does not answer" } };
	int rc;

	*file = found.file;
	if (pthread_mutex_clocklock(&find_lock, CLOCK_MONOTONIC, &end)) {
		why_not(why, "the look-up of another path takes too long");
		return -ETIMEDOUT;
	}
	if (clock_ms() >= until) {
		why_not(&found.why, "no time is left to look it up");
		rc = -ETIMEDOUT;
	} else if (detached_count_late(&finds) >= LATE_FINDS_MAX) {
		why_not(&found.why, "%d look-ups wait for file systems that do not answer",
			LATE_FINDS_MAX);
		rc = -EAGAIN;
	} else {
		detached_begin(&finds, path);
		rc = detached_get(&finds, path, until, &found);
		detached_end(&finds);
	}
	pthread_mutex_unlock(&find_lock);
	*file = found.file;
	*why = found.why;
	return rc;
}
