// SPDX-License-Identifier: GPL-2.0-only
/* The list of file systems with offloaded files, see guarded.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "guarded.h"
#include "mem.h"

/* "UUID TYPE PATH" */
static bool guarded_parse(struct filesystem *fs, char *line)
{
	char *type, *path = "";
	struct why why;

	line[strcspn(line, "\n")] = '\0';
	type = strchr(line, ' ');
	if (!type)
		return false;
	*type++ = '\0';
	if (strchr(type, ' ')) {
		path = strchr(type, ' ');
		*path++ = '\0';
	}
	if (!*type || strlen(type) > FILESYSTEM_TYPE_MAX || !text_uuid(line, fs->id, &why))
		return false;
	snprintf(fs->type, sizeof(fs->type), "%s", type);
	snprintf(fs->path, sizeof(fs->path), "%s", path);
	return true;
}

bool guarded_read(struct guarded *all, struct why *why)
{
	FILE *file = fopen(GUARDED_PATH, "re");
	char *line = NULL;
	size_t size = 0;
	bool good;

	memset(all, 0, sizeof(*all));
	if (!file)
		return errno == ENOENT || why_not(why, GUARDED_PATH ": %s", strerror(errno));
	while (getline(&line, &size, file) >= 0) {
		all->list = mem_grow(all->list, all->n, sizeof(*all->list));
		if (guarded_parse(&all->list[all->n], line))
			all->n++;
	}
	good = !ferror(file) || why_not(why, GUARDED_PATH ": %s", strerror(errno));
	free(line);
	fclose(file);
	return good;
}

void guarded_free(struct guarded *all)
{
	free(all->list);
	memset(all, 0, sizeof(*all));
}

static bool guarded_write(const struct guarded *all, struct why *why)
{
	FILE *file = folder_replace(GUARDED_PATH, 0666);
	char uuid[TEXT_UUID_MAX], *path;
	size_t i;

	for (i = 0; file && i < all->n; i++) {
		path = text_printable(all->list[i].path);
		fprintf(file, "%s %s %s\n", text_from_uuid(all->list[i].id, uuid),
			all->list[i].type, path);
		free(path);
	}
	return folder_replaced(file, GUARDED_PATH) ||
	       why_not(why, GUARDED_PATH ": %s", strerror(errno));
}

/* Whoever changes the list has its folder locked. Returns a descriptor, or -1 after @why. */
static int guarded_lock(struct why *why)
{
	int folder;

	mkdir(GUARDED_FOLDER, 0700);
	folder = open(GUARDED_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0 && !flock(folder, LOCK_EX))
		return folder;
	why_not(why, GUARDED_FOLDER ": %s", strerror(errno));
	if (folder >= 0)
		close(folder);
	return -1;
}

static size_t guarded_find(const struct guarded *all, const u8 id[FILESYSTEM_ID_SIZE])
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (!memcmp(all->list[i].id, id, FILESYSTEM_ID_SIZE))
			break;
	return i;
}

bool guarded_add(const struct filesystem *fs, struct why *why)
{
	int folder = guarded_lock(why);
	struct guarded all;
	bool good;

	if (folder < 0)
		return false;
	good = guarded_read(&all, why);
	if (good && guarded_find(&all, fs->id) == all.n) {
		all.list = mem_grow(all.list, all.n, sizeof(*all.list));
		all.list[all.n++] = *fs;
		good = guarded_write(&all, why);
	}
	guarded_free(&all);
	close(folder);
	return good;
}

bool guarded_remove(const u8 id[FILESYSTEM_ID_SIZE], bool *known, struct why *why)
{
	int folder = guarded_lock(why);
	struct guarded all;
	bool good;
	size_t i;

	if (folder < 0)
		return false;
	good = guarded_read(&all, why);
	i = guarded_find(&all, id);
	if (good && i < all.n) {
		*known = true;
		all.list[i] = all.list[--all.n];
		good = guarded_write(&all, why);
	}
	guarded_free(&all);
	close(folder);
	return good;
}
