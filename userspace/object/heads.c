// SPDX-License-Identifier: GPL-2.0-only
/* Notes of the heads of snapshots: a line "STORE OBJECT" for each. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope.h"
#include "folder.h"
#include "heads.h"
#include "mem.h"
#include "object_name.h"

bool heads_note(const char *path, const char *store, const char *object, struct why *why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	/* The last line may have no end, after a power failure. */
	char *line = mem_print("\n%s %s\n", store, object);
	ssize_t len = (ssize_t)strlen(line);
	bool good = fd >= 0 && !flock(fd, LOCK_EX) && write(fd, line, (size_t)len) == len &&
		    !fsync(fd) && folder_sync(path);

	if (!good)
		why_not(why, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(line);
	return good;
}

/* A line that is no note was not written to its end, so its head was not sent. */
static void heads_use_line(char *line,
			   void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE]),
			   void *arg)
{
	char *object = strchr(line, ' '), *end = strchr(line, '\n');
	u8 name[HASH_SIZE];
	u32 kind;

	if (!object || !end)
		return;
	*object++ = '\0';
	*end = '\0';
	if (object_name_parse(object, &kind, name) && kind == ENVELOPE_SNAPSHOT)
		use(arg, line, name);
}

bool heads_each(const char *path,
		void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE]), void *arg,
		struct why *why)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	bool good;

	if (!in)
		return errno == ENOENT || why_not(why, "%s: %s", path, strerror(errno));
	while (getline(&line, &room, in) >= 0)
		heads_use_line(line, use, arg);
	good = !ferror(in);
	free(line);
	fclose(in);
	return good || why_not(why, "%s: it cannot be read", path);
}

/* Whenever the power is cut, other lines are whole. */
void heads_drop(const char *path, const char *store, const char *object)
{
	char *note = mem_print("%s %s\n", store, object), *line = NULL;
	FILE *file = fopen(path, "r+e");
	size_t room = 0;
	ssize_t len;
	off_t at = 0;

	while (file && !flock(fileno(file), LOCK_EX) && (len = getline(&line, &room, file)) >= 0) {
		if (!strcmp(line, note)) {
			memset(line, '\n', (size_t)len);
			(void)!pwrite(fileno(file), line, (size_t)len, at);
		}
		at += len;
	}
	if (file)
		fclose(file);
	free(line);
	free(note);
}

u64 heads_size(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : (u64)st.st_size;
}

/* Notes that stay are only asked for once more. */
void heads_forget(const char *path, u64 size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && !flock(fd, LOCK_EX) && !fstat(fd, &st) && (u64)st.st_size == size)
		(void)!ftruncate(fd, 0);
	if (fd >= 0)
		close(fd);
}
