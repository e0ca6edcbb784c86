// SPDX-License-Identifier: GPL-2.0-only
/* The bin of a share, see trash_bin.h. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fd_path.h"
#include "mem.h"
#include "stream_dir.h"
#include "trash_bin.h"

/* Longest record (fs/op/trash.h). */
#define RECORD_MAX	4096

/* Names between slashes, none of which is "." or "..". */
static bool path_is_plain(const char *path)
{
	size_t len;

	for (;; path += len + 1) {
		len = strcspn(path, "/");
		if (!len || (len <= 2 && !strncmp(path, "..", len)))
			return false;
		if (!path[len])
			return true;
	}
}

/* Pass digits with a blank behind them. */
static bool number_take(const char **text, u64 max, u64 *n)
{
	const char *at = *text;
	u64 digit;

	for (*n = 0; *at >= '0' && *at <= '9'; at++) {
		digit = (u64)(*at - '0');
		if (*n > (max - digit) / 10)
			return false;
		*n = *n * 10 + digit;
	}
	if (at == *text || *at != ' ')
		return false;
	*text = at + 1;
	return true;
}

bool trash_record_parse(const char *record, size_t len, struct trash_entry *e)
{
	char text[RECORD_MAX + 1];
	u64 version, uid, owner;
	const char *at = text;

	if (len > RECORD_MAX || memchr(record, 0, len))
		return false;
	memcpy(text, record, len);
	text[len] = 0;
	if (!number_take(&at, 1, &version) || version != 1 ||
	    !number_take(&at, UINT32_MAX, &uid) || !number_take(&at, INT64_MAX, &e->time) ||
	    !number_take(&at, UINT32_MAX, &owner) || !path_is_plain(at))
		return false;
	e->uid = (u32)uid;
	e->owner = (u32)owner;
	e->path = mem_string(at);
	return true;
}

bool trash_bin_open(struct trash_bin *b, const char *root, struct why *why)
{
	struct stream_identity id;

	*b = (struct trash_bin){ .dir = -1 };
	b->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->root < 0)
		return why_not(why, "%s: %s", root, strerror(errno));
	if (stream_identity_get(b->root, &id))
		b->subvolume = id.subvolume;
	b->dir = hidden_dir_open(b->root, "trash", false);
	if (b->dir >= 0 || errno == ENOENT)
		return true;
	why_not(why, "%s/.ditto/trash: %s", root, strerror(errno));
	trash_bin_close(b);
	return false;
}

void trash_bin_close(struct trash_bin *b)
{
	if (b->dir >= 0)
		close(b->dir);
	close(b->root);
}

void trash_entry_free(struct trash_entry *e)
{
	free(e->id);
	free(e->path);
}

bool trash_entry_read(const struct trash_bin *b, const char *id, struct trash_entry *e)
{
	char record[RECORD_MAX], path[FD_PATH_MAX];
	ssize_t len = 0;
	struct stat st;
	int fd, err;

	*e = (struct trash_entry){ .id = NULL };
	errno = ENOENT;
	if (b->dir < 0 || !path_is_plain(id) || strchr(id, '/'))
		return false;
	fd = openat(b->dir, id, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &st)) {
		err = errno;
	} else if (!S_ISREG(st.st_mode)) {
		err = ENOENT;
	} else {
		len = getxattr(fd_path(fd, path), TRASH_XATTR, record, sizeof(record));
		err = len < 0 && errno != ENODATA && errno != ERANGE ? errno : 0;
	}
	close(fd);
	errno = err;
	if (err)
		return false;
	if (len <= 0 || !trash_record_parse(record, (size_t)len, e))
		e->time = (u64)st.st_ctim.tv_sec;
	e->id = mem_string(id);
	e->size = (u64)st.st_size;
	e->space = (u64)st.st_blocks * 512;
	return true;
}

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_cut(struct trash_names *t, size_t n)
{
	if (t->n)
		qsort(t->name, t->n, sizeof(*t->name), name_cmp);
	while (t->n > n)
		free(t->name[--t->n]);
}

void trash_names_add(struct trash_names *t, const char *name, const char *behind)
{
	if (strcmp(name, behind) <= 0)
		return;
	if (t->n == 2 * TRASH_BATCH)
		names_cut(t, TRASH_BATCH);
	t->name = mem_grow(t->name, t->n, sizeof(*t->name));
	t->name[t->n++] = mem_string(name);
}

void trash_names_end(struct trash_names *t)
{
	names_cut(t, TRASH_BATCH);
}

void trash_names_free(struct trash_names *t)
{
	names_cut(t, 0);
	free(t->name);
	*t = (struct trash_names){ .n = 0 };
}

/* Read the first names behind another one. Returns 0 or an errno. */
static int names_read(const struct trash_bin *b, const char *behind, struct trash_names *t)
{
	int own = openat(b->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;
	DIR *list = own < 0 ? NULL : fdopendir(own);
	struct dirent *e;

	if (!list) {
		err = errno;
		if (own >= 0)
			close(own);
		return err;
	}
	while (errno = 0, (e = readdir(list)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			trash_names_add(t, e->d_name, behind);
	err = errno;
	closedir(list);
	trash_names_end(t);
	return err;
}

int trash_bin_each(const struct trash_bin *b, trash_fn fn, void *arg)
{
	char *behind = mem_string("");
	struct trash_names names = { .n = 0 };
	struct trash_entry e;
	bool more = b->dir >= 0;
	int err, first = 0;
	size_t i;

	while (more) {
		err = names_read(b, behind, &names);
		first = first ?: err;
		more = !err && names.n;
		for (i = 0; more && i < names.n; i++) {
			if (trash_entry_read(b, names.name[i], &e)) {
				more = fn(arg, &e);
				trash_entry_free(&e);
			} else if (errno != ENOENT) {
				first = first ?: errno;
			}
		}
		if (names.n) {
			free(behind);
			behind = mem_string(names.name[names.n - 1]);
		}
		more = more && names.n == TRASH_BATCH;
		trash_names_free(&names);
	}
	free(behind);
	return first;
}

bool trash_is_old(const struct trash_entry *e, u64 keep, u64 now)
{
	return keep && now > e->time && now - e->time > keep;
}

static u64 entry_space(const struct trash_entry *e)
{
	return e->space > TRASH_SPACE_MIN ? e->space : TRASH_SPACE_MIN;
}

void trash_rest_add(struct trash_rest *rest, const struct trash_entry *e)
{
	rest->files++;
	rest->space += entry_space(e);
}

void trash_rest_drop(struct trash_rest *rest, const struct trash_entry *e)
{
	u64 space = entry_space(e);

	rest->files -= rest->files ? 1 : 0;
	rest->space -= rest->space < space ? rest->space : space;
}

bool trash_rest_exceeds(const struct trash_rest *rest, u64 space)
{
	return (space && rest->space > space) || rest->files > TRASH_FILES_MAX;
}

/* The server does this for files that it knows, and it does not know all. */
static void streams_remove(struct trash_bin *b, const struct stream_identity *id)
{
	int streams = hidden_dir_open(b->root, "streams", false), dir;
	char key[STREAM_KEY_MAX];
	struct dirent *e;
	DIR *list;

	if (streams < 0)
		return;
	stream_key(id, b->subvolume, key);
	dir = folder_open(streams, key, false);
	list = dir < 0 ? NULL : fdopendir(dir);
	while (list && (e = readdir(list)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			unlinkat(dir, e->d_name, 0);
	if (list)
		closedir(list);
	else if (dir >= 0)
		close(dir);
	unlinkat(streams, key, AT_REMOVEDIR);
	close(streams);
}

bool trash_remove(struct trash_bin *b, const struct trash_entry *e, struct why *why)
{
	int fd = openat(b->dir, e->id, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stream_identity id;
	char path[FD_PATH_MAX];
	bool known, good;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || why_not(why, "%s: %s", e->id, strerror(errno));
	flock(b->dir, LOCK_EX);
	known = stream_identity_get(fd, &id);
	/*
	 * It was not removed after all, or has got another name since. If the server brings it here
	 * again from now on, it gets another record.
	 */
	if (!fstat(fd, &st) && st.st_nlink > 1)
		removexattr(fd_path(fd, path), TRASH_XATTR);
	good = !unlinkat(b->dir, e->id, 0) || errno == ENOENT;
	if (!good)
		why_not(why, "%s: %s", e->id, strerror(errno));
	else if (known && !fstat(fd, &st) && !st.st_nlink)
		streams_remove(b, &id);
	flock(b->dir, LOCK_UN);
	close(fd);
	return good;
}

static int dir_open(int at, const char *name)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};

	return (int)syscall(SYS_openat2, at, name, &how, sizeof(how));
}

/*
 * Make a directory for the owner of the file alone, in the bin, as another one may have its name by
 * then where clients can change names. The bin is locked. Returns it, or -1 with errno.
 */
static int dir_make(struct trash_bin *b, const struct trash_entry *e, int at, const char *name,
		    const struct stat *file)
{
	char *new = mem_print("%s.new", e->id);
	int fd = -1, err;

	/* Of a run that was killed. */
	unlinkat(b->dir, new, AT_REMOVEDIR);
	if (!mkdirat(b->dir, new, 0700))
		fd = openat(b->dir, new, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && (fchown(fd, file->st_uid, file->st_gid) ||
			renameat2(b->dir, new, at, name, RENAME_NOREPLACE))) {
		err = errno;
		close(fd);
		fd = -1;
		unlinkat(b->dir, new, AT_REMOVEDIR);
		errno = err;
	}
	err = errno;
	free(new);
	errno = err;
	return fd;
}

/* Open the directory that the file was in, which a new one of its owner may replace. */
static int parent_open(struct trash_bin *b, const struct trash_entry *e, const struct stat *file,
		       struct why *why)
{
	int dir = openat(b->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), next;
	char *path = mem_string(e->path), *at = path, *slash;
	bool made = true;
	struct stat st;

	for (; dir >= 0 && (slash = strchr(at, '/')); at = slash + 1) {
		*slash = 0;
		next = dir_open(dir, at);
		made = next < 0 && errno == ENOENT;
		if (made)
			next = dir_make(b, e, dir, at, file);
		close(dir);
		dir = next;
	}
	if (dir < 0)
		why_not(why, "%s: the directory of '%.300s' cannot be opened or made: %s", e->id,
			e->path, errno == ELOOP ? "a symbolic link is in its place" :
			strerror(errno));
	free(path);
	if (dir < 0 || made || (!fstat(dir, &st) && st.st_uid == e->owner))
		return dir;
	close(dir);
	why_not(why,
		"%s: the directory of '%.300s' belonged to user %u, and belongs to another one by now, so the file stays in the bin (.ditto/trash of the share)",
		e->id, e->path, e->owner);
	return -1;
}

bool trash_name_other(const char *name, const char *id, char other[NAME_MAX + 1])
{
	size_t len = strlen(name), end = strlen(id) + 1;

	if (end >= NAME_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (len + end > NAME_MAX)
		len = NAME_MAX - end;
	/* Before a character of UTF-8, not in it. */
	while (name[len] && len > 1 && ((u8)name[len] & 0xc0) == 0x80)
		len--;
	snprintf(other, NAME_MAX + 1, "%.*s.%s", (int)len, name, id);
	return true;
}

/*
 * Give the file its name again, or one that nobody has. Its record goes first: as soon as the file
 * has a name, a client may remove it, and it gets another one.
 */
static bool restore_name(struct trash_bin *b, const struct trash_entry *e, int file, int dir,
			 char **where)
{
	const char *slash = strrchr(e->path, '/'), *name = slash ? slash + 1 : e->path;
	char *record, path[FD_PATH_MAX], other[NAME_MAX + 1];
	bool good;
	int err;

	fd_path(file, path);
	good = !removexattr(path, TRASH_XATTR) || errno == ENODATA;
	if (good && !renameat2(b->dir, e->id, dir, name, RENAME_NOREPLACE)) {
		*where = mem_string(e->path);
	} else if (good) {
		good = errno == EEXIST && trash_name_other(name, e->id, other) &&
		       !renameat2(b->dir, e->id, dir, other, RENAME_NOREPLACE);
		if (good)
			*where = mem_print("%.*s%s", (int)(name - e->path), e->path, other);
	}
	if (!good) {
		err = errno;
		record = mem_print("1 %u %llu %u %s", e->uid, (unsigned long long)e->time, e->owner,
				   e->path);
		setxattr(path, TRASH_XATTR, record, strlen(record), 0);
		free(record);
		errno = err;
	}
	return good;
}

bool trash_restore(struct trash_bin *b, const struct trash_entry *e, char **where,
		   struct why *why)
{
	struct stat file;
	bool good = false;
	int fd, dir = -1;

	if (!e->path || !strncasecmp(e->path, ".ditto/", strlen(".ditto/")))
		return why_not(why, "%s: its record does not tell where it was", e->id);
	/* Of other runs, which make directories here, too. */
	flock(b->dir, LOCK_EX);
	fd = openat(b->dir, e->id, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &file))
		why_not(why, "%s: %s", e->id, strerror(errno));
	else
		dir = parent_open(b, e, &file, why);
	if (dir >= 0) {
		good = restore_name(b, e, fd, dir, where);
		if (!good)
			why_not(why, "%s: '%.300s': %s", e->id, e->path, strerror(errno));
		close(dir);
	}
	if (fd >= 0)
		close(fd);
	flock(b->dir, LOCK_UN);
	return good;
}
