// SPDX-License-Identifier: GPL-2.0-only
/* Notes of the heads of snapshots: a line "STORE OBJECT" for each. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

/*
 * The object of a note, whose store @line is then, or NULL. A line that is no note was not written
 * to its end, so its head was not sent.
 */
static const char *heads_parse(char *line, u8 name[HASH_SIZE])
{
	char *object = strchr(line, ' '), *end = strchr(line, '\n');
	u32 kind;

	if (!object || !end)
		return NULL;
	*object++ = '\0';
	*end = '\0';
	return object_name_parse(object, &kind, name) && kind == ENVELOPE_SNAPSHOT ? object : NULL;
}

bool heads_each(const char *path,
		void (*use)(void *arg, const char *store, const u8 name[HASH_SIZE]), void *arg,
		struct why *why)
{
	FILE *in = fopen(path, "re");
	u8 name[HASH_SIZE];
	char *line = NULL;
	size_t room = 0;
	bool good;

	if (!in)
		return errno == ENOENT || why_not(why, "%s: %s", path, strerror(errno));
	while (getline(&line, &room, in) >= 0)
		if (heads_parse(line, name))
			use(arg, line, name);
	good = !ferror(in);
	free(line);
	fclose(in);
	return good || why_not(why, "%s: it cannot be read", path);
}

/* Whenever the power is cut, other lines are whole. */
void heads_drop(const char *path, const char *store, const char *object)
{
	FILE *file = fopen(path, "r+e");
	bool locked = file && !flock(fileno(file), LOCK_EX), others = false;
	const char *found;
	u8 name[HASH_SIZE];
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	off_t at = 0;

	while (locked && (len = getline(&line, &room, file)) >= 0) {
		found = heads_parse(line, name);
		if (found && !strcmp(line, store) && !strcmp(found, object)) {
			memset(line, '\n', (size_t)len);
			(void)!pwrite(fileno(file), line, (size_t)len, at);
		} else if (found) {
			others = true;
		}
		at += len;
	}
	if (locked && feof(file) && !others)
		(void)!ftruncate(fileno(file), 0);
	if (file)
		fclose(file);
	free(line);
}
