// SPDX-License-Identifier: GPL-2.0-only
/* File systems as a whole; see mounts.h. */

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mem.h"
#include "mounts.h"

#define MOUNTS_TABLE	"/proc/self/mountinfo"
/* Subvolume that has all others of a file system of btrfs, which tells its UUID in its own way. */
#define BTRFS_TYPE	"btrfs"
#define BTRFS_ALL	"5"

/* FS_IOC_GETFSUUID of Linux 6.9. */
struct fs_uuid {
	u8 len;
	u8 uuid[FILESYSTEM_ID_SIZE];
};

#define GET_FS_UUID	_IOR(0x15, 0, struct fs_uuid)

static char *field_copy(const char *field)
{
	char *text = mem_string(field);

	text_decode_octal(text);
	return text;
}

/* ID PARENT DEVICE ROOT PATH OPTIONS [TAG...] - TYPE SOURCE OPTIONS */
static bool mount_point_parse(struct mount_point *m, char *line)
{
	char *field[5] = { NULL }, *type, *source, *next, *rest = strstr(line, " - ");
	int i;

	if (!rest)
		return false;
	*rest = '\0';
	field[0] = strtok_r(line, " ", &next);
	for (i = 1; i < 5 && field[i - 1]; i++)
		field[i] = strtok_r(NULL, " ", &next);
	rest[strcspn(rest + 3, "\n") + 3] = '\0';
	type = strtok_r(rest + 3, " ", &next);
	source = strtok_r(NULL, " ", &next);
	if (!field[4] || !source)
		return false;
	m->id = strtoull(field[0], NULL, 10);
	m->device = mem_string(field[2]);
	m->root = field_copy(field[3]);
	m->path = field_copy(field[4]);
	m->type = mem_string(type);
	m->source = field_copy(source);
	return true;
}

bool mount_table_read(struct mount_table *t, struct why *why)
{
	FILE *table = fopen(MOUNTS_TABLE, "re");
	char *line = NULL;
	size_t size = 0;

	memset(t, 0, sizeof(*t));
	if (!table)
		return why_not(why, MOUNTS_TABLE ": %s", strerror(errno));
	while (getline(&line, &size, table) >= 0) {
		t->list = mem_grow(t->list, t->n, sizeof(*t->list));
		if (mount_point_parse(&t->list[t->n], line))
			t->n++;
	}
	free(line);
	fclose(table);
	return true;
}

void mount_table_free(struct mount_table *t)
{
	while (t->n) {
		t->n--;
		free(t->list[t->n].device);
		free(t->list[t->n].root);
		free(t->list[t->n].path);
		free(t->list[t->n].type);
		free(t->list[t->n].source);
	}
	free(t->list);
	memset(t, 0, sizeof(*t));
}

/* The mount that an open file or directory is in, or NULL. */
static const struct mount_point *mount_table_find(const struct mount_table *t, int fd)
{
	struct statx st;
	size_t i;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) || !(st.stx_mask & STATX_MNT_ID))
		return NULL;
	for (i = 0; i < t->n; i++)
		if (t->list[i].id == st.stx_mnt_id)
			return &t->list[i];
	return NULL;
}

bool filesystem_read_id(int fd, u8 id[FILESYSTEM_ID_SIZE])
{
	struct btrfs_ioctl_fs_info_args info = { .num_devices = 0 };
	struct fs_uuid uuid = { .len = 0 };
	struct statfs fs;

	memset(id, 0, FILESYSTEM_ID_SIZE);
	if (!ioctl(fd, GET_FS_UUID, &uuid) && uuid.len == FILESYSTEM_ID_SIZE) {
		memcpy(id, uuid.uuid, FILESYSTEM_ID_SIZE);
		return true;
	}
	/* Each subvolume tells another number by statfs(). */
	if (!ioctl(fd, BTRFS_IOC_FS_INFO, &info)) {
		memcpy(id, info.fsid, FILESYSTEM_ID_SIZE);
		return true;
	}
	if (fstatfs(fd, &fs))
		return false;
	memcpy(id, &fs.f_fsid, sizeof(fs.f_fsid));
	return true;
}

static bool directory_read_id(int dir, u8 id[FILESYSTEM_ID_SIZE])
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
	bool good = fd >= 0 && filesystem_read_id(fd, id);

	error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return good;
}

bool filesystem_find(const struct mount_table *t, int fd, struct filesystem *fs, struct why *why)
{
	const struct mount_point *m = mount_table_find(t, fd);

	memset(fs, 0, sizeof(*fs));
	if (!m)
		return why_not(why, "its file system is not in " MOUNTS_TABLE);
	if (!filesystem_read_id(fd, fs->id))
		return why_not(why, "which file system it is in is not known: %s", strerror(errno));
	snprintf(fs->type, sizeof(fs->type), "%s", m->type);
	snprintf(fs->path, sizeof(fs->path), "%s", m->path);
	return true;
}

/* Open what is mounted, unless something else is mounted on it. Returns a descriptor, or -1. */
static int mount_point_open(const struct mount_table *t, const struct mount_point *m)
{
	int fd = open(m->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || mount_table_find(t, fd) == m)
		return fd;
	close(fd);
	errno = EBUSY;
	return -1;
}

int mount_point_identify(const struct mount_table *t, const struct mount_point *m,
			 u8 id[FILESYSTEM_ID_SIZE])
{
	int fd = mount_point_open(t, m), error;

	if (fd < 0 || directory_read_id(fd, id))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int filesystem_mount_with(const struct mount_point *m, bool readonly)
{
	int config = fsopen(m->type, FSOPEN_CLOEXEC), fd = -1, error;

	if (config < 0)
		return -1;
	if (!fsconfig(config, FSCONFIG_SET_STRING, "source", m->source, 0) &&
	    (strcmp(m->type, BTRFS_TYPE) ||
	     !fsconfig(config, FSCONFIG_SET_STRING, "subvolid", BTRFS_ALL, 0)) &&
	    (!readonly || !fsconfig(config, FSCONFIG_SET_FLAG, "ro", NULL, 0)) &&
	    !fsconfig(config, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = fsmount(config, FSMOUNT_CLOEXEC, 0);
	error = errno;
	close(config);
	errno = error;
	return fd;
}

/*
 * Mount the file system once more, but nowhere: it is the same one, with its root. Its source is a
 * name, which another device may have by now.
 */
static int filesystem_mount(const struct mount_point *m)
{
	unsigned int major, minor;
	struct stat st;
	int fd;

	if (stat(m->source, &st))
		return -1;
	if (!S_ISBLK(st.st_mode) ||
	    (strcmp(m->type, BTRFS_TYPE) &&
	     (sscanf(m->device, "%u:%u", &major, &minor) != 2 ||
	      st.st_rdev != makedev(major, minor)))) {
		errno = ENOTBLK;
		return -1;
	}
	/* One that is writable is not mounted otherwise. */
	fd = filesystem_mount_with(m, true);
	return fd < 0 && errno == EBUSY ? filesystem_mount_with(m, false) : fd;
}

/* Open the root of the file system that is mounted at @m, which @at is open at, or -1. */
static int mount_point_open_root(const struct mount_point *m, int at)
{
	/* A copy of the mount shows what others that are mounted on it hide. */
	if (at >= 0 && strcmp(m->type, BTRFS_TYPE) && !strcmp(m->root, "/"))
		return open_tree(at, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return filesystem_mount(m);
}

static bool directory_is_of(int fd, const struct filesystem *fs)
{
	u8 id[FILESYSTEM_ID_SIZE];

	return fd >= 0 && directory_read_id(fd, id) && !memcmp(id, fs->id, sizeof(id));
}

/* Open the root of the file system at @m if it is @fs. Returns a descriptor, or -1. */
static int mount_point_try(const struct mount_table *t, const struct mount_point *m,
			   const struct filesystem *fs, bool *is)
{
	int at = mount_point_open(t, m), fd = -1, error;

	*is = directory_is_of(at, fs);
	/* What is mounted on it hides which file system it is. */
	if (*is || at < 0)
		fd = mount_point_open_root(m, at);
	error = errno;
	if (at >= 0)
		close(at);
	*is = *is || directory_is_of(fd, fs);
	/* Some types of file systems are made anew by each mount. */
	if (fd >= 0 && !directory_is_of(fd, fs)) {
		close(fd);
		fd = -1;
		error = ENODEV;
	}
	errno = error;
	return fd;
}

bool filesystem_type_is_same(const char *a, const char *b)
{
	return !strcmp(a, b) || (!strncmp(a, "ext", 3) && !strncmp(b, "ext", 3));
}

int filesystem_open(const struct mount_table *t, const struct filesystem *fs, const char **device,
		    struct why *why)
{
	const struct mount_point *found = NULL;
	int fd = -1, root;
	size_t i;
	bool is;

	*device = NULL;
	why_not(why, "it is not mounted");
	for (i = 0; i < t->n; i++) {
		const struct mount_point *m = &t->list[i];

		if (!filesystem_type_is_same(m->type, fs->type) ||
		    (fd >= 0 && !strcmp(found->device, m->device)))
			continue;
		root = mount_point_try(t, m, fs, &is);
		if (!is)
			continue;
		if (found && strcmp(found->device, m->device)) {
			why_not(why,
				"%s and %s are two file systems with one UUID: unmount the copy",
				found->path, m->path);
			goto close;
		}
		found = m;
		*device = m->device;
		fd = root;
		if (fd < 0)
			why_not(why, "%s: its root cannot be opened: %s", m->path,
				strerror(errno));
	}
	return fd;
close:
	if (root >= 0)
		close(root);
	if (fd >= 0)
		close(fd);
	return -1;
}

bool filesystem_may_be_mounted(const struct mount_table *t, const struct filesystem *fs)
{
	const char *device;
	bool is = false;
	struct why why;
	size_t i;
	int fd = filesystem_open(t, fs, &device, &why);

	if (fd >= 0)
		close(fd);
	if (device)
		return true;
	for (i = 0; i < t->n && !is; i++) {
		/* File systems of other machines may not answer. */
		if (t->list[i].source[0] != '/' && strcmp(t->list[i].type, "tmpfs"))
			continue;
		fd = mount_point_try(t, &t->list[i], fs, &is);
		if (fd >= 0)
			close(fd);
	}
	return is;
}

/* The part of a path below a directory, which begins with a slash; NULL if it is not there. */
static const char *path_below(const char *path, const char *directory)
{
	size_t len = strcmp(directory, "/") ? strlen(directory) : 0;

	return !strncmp(path, directory, len) && path[len] == '/' ? path + len : NULL;
}

char *filesystem_path(const struct mount_table *t, const char *device, const struct filesystem *fs,
		      const char *name)
{
	char uuid[TEXT_UUID_MAX];
	const char *below;
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct mount_point *m = &t->list[i];

		if (strcmp(m->device, device))
			continue;
		below = path_below(name, m->root);
		if (below)
			return mem_print("%s%s", strcmp(m->path, "/") ? m->path : "", below);
	}
	return mem_print("%s:%s", text_from_uuid(fs->id, uuid), name);
}
