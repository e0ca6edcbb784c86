// SPDX-License-Identifier: GPL-2.0-only
/* Replacing the files of a configuration, see config_save.h. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "config_file.h"
#include "config_save.h"
#include "daemon/log.h"
#include "folder.h"
#include "mem.h"

char *config_save_path(const char *path)
{
	return realpath(path, NULL) ?: mem_string(path);
}

int config_save_begin(const struct config_file *file)
{
	char *path = config_save_path(file->path), *copy = mem_string(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(copy);
	if (fd >= 0 && flock(fd, LOCK_EX)) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		log_error("%s: %s", path, strerror(errno));
	free(path);
	return fd;
}

/* The first file that was changed, added or removed, or NULL. All are sorted, but for the first. */
static const char *changed_file(const struct config_texts *before, const struct config_texts *now)
{
	unsigned int i;
	int order;

	for (i = 0; i < before->n && i < now->n; i++) {
		order = strcmp(before->file[i].path, now->file[i].path);
		if (order || !file_stamp_same(&before->file[i].stamp, &now->file[i].stamp))
			return order < 0 ? before->file[i].path : now->file[i].path;
	}
	if (i < before->n)
		return before->file[i].path;
	return i < now->n ? now->file[i].path : NULL;
}

/* An editor does not lock. */
bool config_save_is_current(const struct config_file *file, const struct config_texts *before)
{
	struct config_texts now;
	struct mistakes mistakes;
	bool same = config_texts_read(file, &now, &mistakes);
	const char *changed = same ? changed_file(before, &now) : NULL;

	if (!same)
		log_error("%s", mistakes.text[0]);
	else if (changed)
		log_error("%s was changed just now: dittoctl config apply", changed);
	config_texts_free(&now);
	mistakes_free(&mistakes);
	return same && !changed;
}

/*
 * Write what is to take the place of a file, and let FILE.bak be what it is now. Return: the new
 * file; NULL with errno.
 */
static FILE *file_prepare(const char *path, const char *text)
{
	char *old = mem_print("%s.bak", path);
	struct stat st = { .st_mode = 0644 };
	bool exists = !stat(path, &st), good;
	FILE *new = folder_replace(path, 0600);

	good = new && (!exists || !fchown(fileno(new), st.st_uid, st.st_gid)) &&
	       !fchmod(fileno(new), st.st_mode & 07777) && fputs(text, new) >= 0 &&
	       !fflush(new) && !fsync(fileno(new));
	if (good && exists)
		good = (!unlink(old) || errno == ENOENT) && !link(path, old);
	free(old);
	if (good)
		return new;
	folder_abandon(new, path);
	return NULL;
}

/*
 * All is on the disk before the first file is replaced, so that one that cannot be written leaves
 * the others as they are. New sections are in the first file: if not all are replaced, none stands
 * in two.
 */
bool config_save_replace(const struct config_texts *before, const struct config_texts *after)
{
	struct {
		char *path;
		FILE *new;
	} *file = mem_new(after->n * sizeof(*file));
	bool good = true;
	unsigned int i;

	for (i = 0; good && i < after->n; i++) {
		if (!strcmp(before->file[i].text, after->file[i].text))
			continue;
		file[i].path = config_save_path(after->file[i].path);
		file[i].new = file_prepare(file[i].path, after->file[i].text);
		good = file[i].new;
		if (!good)
			log_error("%s: %s", file[i].path, strerror(errno));
	}
	for (i = after->n; i--;) {
		if (!good) {
			folder_abandon(file[i].new, file[i].path);
		} else if (file[i].new && !folder_replaced(file[i].new, file[i].path)) {
			log_error("%s: %s", file[i].path, strerror(errno));
			good = false;
		}
		free(file[i].path);
	}
	free(file);
	return good;
}
