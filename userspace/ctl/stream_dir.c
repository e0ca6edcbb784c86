// SPDX-License-Identifier: GPL-2.0-only
/* Directories that the server keeps in a share, see stream_dir.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "stream_dir.h"

/* Types of file handles of the file systems whose handles have number and generation. */
#define HANDLE_INO32	1
#define HANDLE_INO64	0x81
#define HANDLE_BTRFS	0x4d

bool stream_identity_get(int fd, struct stream_identity *id)
{
	union {
		struct file_handle handle;
		u8 room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .handle.handle_bytes = MAX_HANDLE_SZ };
	const u8 *data = u.handle.f_handle;
	u32 word[3] = { 0 }, len;
	struct stat st;
	int mount;

	*id = (struct stream_identity) { 0 };
	if (name_to_handle_at(fd, "", &u.handle, &mount, AT_EMPTY_PATH) || fstat(fd, &st))
		return false;
	len = u.handle.handle_bytes;
	memcpy(word, data, len < sizeof(word) ? len : sizeof(word));
	if (u.handle.handle_type == HANDLE_INO32 && len == 8) {
		id->ino = word[0];
		id->generation = word[1];
	} else if (u.handle.handle_type == HANDLE_INO32 && len == 12) {
		/* tmpfs */
		id->ino = (u64)word[2] << 32 | word[1];
		id->generation = word[0];
	} else if (u.handle.handle_type == HANDLE_INO64 && len == 12) {
		memcpy(&id->ino, data, sizeof(id->ino));
		id->generation = word[2];
	} else if (u.handle.handle_type == HANDLE_BTRFS && len == 20) {
		memcpy(&id->ino, data, sizeof(id->ino));
		memcpy(&id->subvolume, data + 8, sizeof(id->subvolume));
		memcpy(&id->generation, data + 16, sizeof(id->generation));
	}
	/* The form was not understood if the number is another one. */
	return id->ino && id->ino == st.st_ino;
}

void stream_key(const struct stream_identity *id, u64 subvolume, char key[STREAM_KEY_MAX])
{
	int len;

	len = snprintf(key, STREAM_KEY_MAX, "%016llx-%08x", (unsigned long long)id->ino,
		       id->generation);
	if (id->subvolume != subvolume)
		snprintf(key + len, STREAM_KEY_MAX - (size_t)len, "-%llx",
			 (unsigned long long)id->subvolume);
}

bool bin_dir_is(const char *path, const char *at)
{
	static const char bin[] = "/" HIDDEN_NAME "/trash";
	size_t len = strlen(path), end = sizeof(bin) - 1;

	return (!strcmp(path, bin + 1) || (len >= end && !strcmp(path + len - end, bin))) &&
	       getxattr(at, TRASH_XATTR, NULL, 0) > 0;
}

int folder_open(int dir, const char *name, bool make)
{
	int fd;

	if (make && mkdirat(dir, name, 0700) && errno != EEXIST)
		return -1;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && make && (fsync(fd) || fsync(dir))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Closes a bin that others could enter, as the server does before a file comes there. */
static int outer_open(int dir, const char *name, bool make)
{
	int fd = folder_open(dir, name, make);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && !hidden_dir_is_open(&st)) {
		/* On a disk that is read-only it stays so, and can be read. */
		if (!strcmp(name, "trash") && st.st_mode & 0077)
			fchmod(fd, 0700);
		return fd;
	}
	if (fd >= 0) {
		close(fd);
		errno = EPERM;
	}
	return -1;
}

int hidden_dir_open(int root, const char *name, bool make)
{
	int hidden = outer_open(root, HIDDEN_NAME, make), fd;

	if (hidden < 0)
		return -1;
	fd = outer_open(hidden, name, make);
	close(hidden);
	return fd;
}
