// SPDX-License-Identifier: GPL-2.0-only
/* The texts of a configuration, see config_text.h. */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "config_file.h"
#include "config_text.h"
#include "mem.h"

/* Larger files are rejected. */
#define FILE_MAX	(4 * 1024 * 1024)
/* Bytes that are read together. */
#define BLOCK_SIZE	4096
/* So often all is read if files change or vanish while they are read, with pauses. */
#define READ_TRIES	5
#define READ_PAUSE_US	20000

char *config_text_read(FILE *file, size_t *len)
{
	char *text = NULL;
	size_t blocks = 0, got;

	*len = 0;
	do {
		text = mem_grow(text, blocks, BLOCK_SIZE);
		got = fread(text + *len, 1, BLOCK_SIZE, file);
		blocks++;
		*len += got;
	} while (got == BLOCK_SIZE && *len <= FILE_MAX);
	if (!ferror(file) && *len <= FILE_MAX) {
		text[*len] = '\0';
		return text;
	}
	errno = ferror(file) ? errno : EFBIG;
	free(text);
	return NULL;
}

void config_texts_add(struct config_texts *texts, const char *path, char *text, size_t len)
{
	texts->file = mem_grow(texts->file, texts->n, sizeof(*texts->file));
	texts->file[texts->n++] = (struct config_text){ .path = mem_string(path), .text = text,
							.len = len };
}

/* Files in an order: the same ones in another order have another stamp. */
static void stamp_add(struct file_stamp *all, const struct stat *st)
{
	struct file_stamp one = file_stamp_of(st);

	all->inode = all->inode * 31 + one.inode;
	all->size = all->size * 31 + one.size;
	all->changed = all->changed * 31 + one.changed;
}

/* A pipe changes as it is read, and always gives all. */
static bool file_was_written(FILE *file, const struct stat *before)
{
	struct file_stamp then = file_stamp_of(before), now;
	struct stat st;

	if (!S_ISREG(before->st_mode) || fstat(fileno(file), &st))
		return false;
	now = file_stamp_of(&st);
	return !file_stamp_same(&then, &now);
}

/* Read one file. Returns 0, or an errno and fills @why: ESTALE if it was written at that time. */
static int file_read(struct config_texts *texts, const char *path, struct why *why)
{
	FILE *file = fopen(path, "re");
	int error = file ? 0 : errno;
	char *text = NULL;
	struct stat st;
	size_t len = 0;

	/* Before it is read: what is changed from now on has another stamp. */
	if (!error && fstat(fileno(file), &st))
		error = errno;
	if (!error)
		text = config_text_read(file, &len);
	if (!error && !text)
		error = errno;
	/* The rest may be missing. */
	if (!error && file_was_written(file, &st))
		error = ESTALE;
	if (file)
		fclose(file);
	why_not(why, "%s", error == ESTALE ? "it changes while it is read" : strerror(error));
	if (!error && S_ISREG(st.st_mode) && (st.st_mode & 0002)) {
		why_not(why, "every user may write it: chmod o-w");
		error = EPERM;
	}
	if (error) {
		free(text);
		return error;
	}
	stamp_add(&texts->stamp, &st);
	config_texts_add(texts, path, text, len);
	texts->file[texts->n - 1].stamp = file_stamp_of(&st);
	return 0;
}

/* Editors leave files behind that are hidden, or end in something else. */
static int name_is_read(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && end && !strcmp(end, ".conf");
}

/* The order is the same in all languages. */
static int name_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void mistake_add(struct mistakes *mistakes, const char *path, const char *why)
{
	mistakes->text = mem_grow(mistakes->text, mistakes->count, sizeof(*mistakes->text));
	mistakes->text[mistakes->count++] = mem_print("%s: %s", path, why);
}

/*
 * Returns true if an error of a file may not last: it was written, or removed, perhaps by an editor
 * that makes it anew. A link that leads nowhere is a mistake: what it named is not to be removed.
 */
static bool error_may_pass(const char *path, int error)
{
	struct stat st;

	return error == ESTALE ||
	       (error == ENOENT && (lstat(path, &st) || !S_ISLNK(st.st_mode)));
}

/* Returns false if a file of the folder has changed or vanished since that was listed. */
static bool folder_read(struct config_texts *texts, const char *folder, struct mistakes *mistakes)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, name_is_read, name_order), i;
	bool whole = true;
	struct stat st;
	struct why why;
	char *path;
	int error;

	if (n < 0 && errno != ENOENT)
		mistake_add(mistakes, folder, strerror(errno));
	else if (n >= 0 && !stat(folder, &st) && (st.st_mode & 0002))
		mistake_add(mistakes, folder, "every user may write it: chmod o-w");
	for (i = 0; i < n; i++) {
		path = mem_print("%s/%s", folder, entry[i]->d_name);
		error = stat(path, &st) ? errno : 0;
		why_not(&why, "%s", strerror(error));
		if (!error && S_ISREG(st.st_mode))
			error = file_read(texts, path, &why);
		whole = whole && !error_may_pass(path, error);
		if (error)
			mistake_add(mistakes, path, why.text);
		free(path);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	return whole;
}

/* Returns false if all is to be read again. */
static bool texts_read(const struct config_file *file, const char *folder,
		       struct config_texts *texts, struct mistakes *mistakes)
{
	struct why why;
	bool whole;
	int error;

	memset(texts, 0, sizeof(*texts));
	memset(mistakes, 0, sizeof(*mistakes));
	error = file_read(texts, file->path, &why);
	whole = !error_may_pass(file->path, error);
	if (error == ENOENT && file->optional && !whole) {
		config_texts_add(texts, file->path, mem_string(""), 0);
		texts->file[0].missing = true;
	} else if (error) {
		mistake_add(mistakes, file->path, why.text);
	}
	return folder_read(texts, folder, mistakes) && whole;
}

bool config_texts_read(const struct config_file *file, struct config_texts *texts,
		       struct mistakes *mistakes)
{
	char *folder = mem_print("%s.d", file->path);
	unsigned int tries;

	for (tries = 1; !texts_read(file, folder, texts, mistakes) && tries < READ_TRIES; tries++) {
		config_texts_free(texts);
		mistakes_free(mistakes);
		usleep(READ_PAUSE_US);
	}
	free(folder);
	if (!mistakes->count)
		return true;
	config_texts_free(texts);
	return false;
}

void config_texts_free(struct config_texts *texts)
{
	unsigned int i;

	for (i = 0; i < texts->n; i++) {
		free(texts->file[i].path);
		free(texts->file[i].text);
	}
	free(texts->file);
	memset(texts, 0, sizeof(*texts));
}
