// SPDX-License-Identifier: GPL-2.0-only
/*
 * The entries of a share, for snapshots.
 *
 * Clients may rename: each entry is opened from the root of the share, without following symbolic
 * links, and all that is said about it is read by that descriptor. So a directory that is replaced
 * by a link leads nowhere.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "nl/share.h"
#include "ctl/ctl.h"
#include "ditto-nl-gen.h"
#include "fault.h"
#include "fd_path.h"
#include "mem.h"
#include "ctl/stream_dir.h"
#include "snapshot.h"

/* Longest value, and list, of extended attributes in Linux. */
#define XATTR_MAX	65536

/**
 * struct walk - a walk over a share
 * @look: how its entries are looked at
 * @dev: file system of its root, which is not left
 * @w: filled
 */
struct walk {
	struct snapshot_look look;
	dev_t dev;
	struct snapshot_walk *w;
};

/* Names of the entries of a directory. */
struct names {
	char **name;
	size_t n;
};

bool snapshot_share_read(struct ctl *ctl, const struct share *s, struct snapshot_share *share)
{
	memset(share, 0, sizeof(*share));
	snprintf(share->name, sizeof(share->name), "%s", s->name);
	snprintf(share->snapshots, sizeof(share->snapshots), "%s", s->snapshots ?: "");
	share->offload = s->offload;
	if (realpath(s->path, share->path))
		return true;
	snapshot_problem(ctl, s->name, "%s", strerror(errno));
	return false;
}

bool snapshot_share_get(struct ctl *ctl, const char *name, struct snapshot_share *share)
{
	struct nl_msg *msg, *reply = NULL;
	struct share *s = NULL;
	bool good = false;

	if (ctl_connect(ctl))
		return false;
	msg = conn_message(&ctl->conn, DITTO_CMD_SHARE_GET);
	msg_put_string(msg, DITTO_A_SHARE_NAME, name);
	if (conn_call(&ctl->conn, msg, &reply) || !reply) {
		ctl_refused(ctl, name);
		return false;
	}
	s = share_from_msg(reply);
	nlmsg_free(reply);
	if (s && s->name)
		good = snapshot_share_read(ctl, s, share);
	else
		snapshot_problem(ctl, name, "the kernel's answer is malformed");
	share_free(s);
	return good;
}

int snapshot_root_open(const char *path)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

int snapshot_entry_open(int root, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (u64)(O_PATH | O_CLOEXEC | flags),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
}

char *snapshot_place(const struct snapshot_share *share, const char *path)
{
	return mem_print("%s%s%s", strcmp(share->path, "/") ? share->path : "", *path ? "/" : "",
			 path);
}

static void entry_set_times(struct snapshot_entry *e, const struct statx *st)
{
	const struct statx_timestamp *const times[SNAPSHOT_TIMES] = {
		[SNAPSHOT_ACCESSED] = &st->stx_atime, [SNAPSHOT_MODIFIED] = &st->stx_mtime,
		[SNAPSHOT_CHANGED] = &st->stx_ctime, [SNAPSHOT_CREATED] = &st->stx_btime,
	};
	int i;

	for (i = 0; i < SNAPSHOT_TIMES; i++) {
		e->time[i].sec = times[i]->tv_sec;
		e->time[i].nsec = times[i]->tv_nsec;
	}
}

static void look_problem(struct snapshot_look *look, const char *path, const char *what, int error)
{
	char *place = snapshot_place(look->share, path);

	snapshot_problem(look->ctl, place, "%s%s%s", what, *what ? ": " : "", strerror(error));
	free(place);
	look->problems++;
}

/* It is one problem, however many attributes there are, and however often they are read. */
static void entry_lack(struct snapshot_look *look, struct snapshot_entry *e, const char *path,
		       const char *what, int error)
{
	if (!e->partial)
		look_problem(look, path, what, error);
	e->partial = true;
}

/* An attribute that is gone by now is not in the snapshot. */
static void entry_read_xattr(struct snapshot_look *look, struct snapshot_entry *e,
			     const char *path, const char *place, const char *name, u8 **buf)
{
	static char value[XATTR_MAX];
	ssize_t n = getxattr(place, name, value, sizeof(value));

	if (n < 0 && errno != ENODATA && errno != ENOENT)
		entry_lack(look, e, path, name, errno);
	if (n >= 0 && !snapshot_xattr_add(e, buf, name, value, (size_t)n))
		entry_lack(look, e, path, name, E2BIG);
}

static void entry_read_xattrs(struct snapshot_look *look, struct snapshot_entry *e,
			      const char *path, int fd)
{
	static char names[XATTR_MAX];
	char place[FD_PATH_MAX];
	u8 *buf = NULL;
	ssize_t len;
	char *name;

	/* It has no access for fgetxattr(); the link in /proc leads to a symbolic link itself. */
	fd_path(fd, place);
	len = listxattr(place, names, sizeof(names));
	free((void *)e->xattrs);
	e->xattrs = NULL;
	e->xattrs_len = 0;
	e->n_xattrs = 0;
	/* Some file systems have none at all. */
	if (len < 0 && errno != ENOTSUP && errno != ENOENT)
		entry_lack(look, e, path, "extended attributes", errno);
	for (name = names; name < names + len; name += strlen(name) + 1)
		if (snapshot_xattr_is_kept(name))
			entry_read_xattr(look, e, path, place, name, &buf);
}

bool snapshot_entry_read(struct snapshot_look *look, const char *path, int fd,
			 struct snapshot_entry *e)
{
	char target[SNAPSHOT_PATH_MAX + 1] = "";
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &st))
		return false;
	if (S_ISLNK(st.stx_mode) && readlinkat(fd, "", target, sizeof(target) - 1) <= 0)
		return false;
	e->mode = st.stx_mode;
	e->links = st.stx_nlink;
	e->uid = st.stx_uid;
	e->gid = st.stx_gid;
	e->size = S_ISREG(st.stx_mode) ? st.stx_size : 0;
	e->inode = st.stx_ino;
	e->major = st.stx_rdev_major;
	e->minor = st.stx_rdev_minor;
	entry_set_times(e, &st);
	free((void *)e->target);
	e->target = mem_string(target);
	entry_read_xattrs(look, e, path, fd);
	return true;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Read the names in a directory, in order. Returns 0 or an errno; @names is freed in any case. */
static int names_read(struct names *names, int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!list) {
		error = errno;
		if (fd >= 0)
			close(fd);
		return error;
	}
	while (errno = 0, (e = readdir(list))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		names->name = mem_grow(names->name, names->n, sizeof(*names->name));
		names->name[names->n++] = mem_string(e->d_name);
	}
	error = errno;
	closedir(list);
	if (names->n)
		qsort(names->name, names->n, sizeof(*names->name), name_compare);
	return error;
}

/* Whether an open entry is a directory whose entries belong to the share. */
static bool walk_enters(const struct walk *walk, int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISDIR(st.st_mode) && st.st_dev == walk->dev;
}

/* Look at an entry, and read its names if it is a directory. What is gone is no problem. */
static void walk_add(struct walk *walk, const char *path, struct names *names)
{
	int fd = snapshot_entry_open(walk->look.root, path, O_NOFOLLOW), error = 0;
	struct snapshot_entry e = { .path = mem_string(path) };
	char at[FD_PATH_MAX];

	if (fd < 0 || !snapshot_entry_read(&walk->look, path, fd, &e)) {
		error = errno;
	} else if (!bin_dir_is(path, fd_path(fd, at))) {
		/* Its content is not known yet. */
		e.flags = e.size ? SNAPSHOT_LOST : 0;
		e.change = e.partial;
		snapshot_tree_add(&walk->w->tree, &e);
		walk->w->bytes += e.size;
		if (walk_enters(walk, fd))
			error = names_read(names, fd);
	}
	if (error && error != ENOENT)
		look_problem(&walk->look, path, "", error);
	if (fd >= 0)
		close(fd);
	snapshot_entry_free(&e);
}

/*
 * The depth is bounded: a path that is too long for the kernel cannot be opened. No descriptor of a
 * directory stays open while its entries are looked at. A name may be read twice while others are
 * renamed.
 */
static void walk_entry(struct walk *walk, const char *path)
{
	const char *snapshots = walk->look.share->snapshots;
	struct names names = { 0 };
	char *below;
	size_t i;

	if (*snapshots && !strcmp(path, snapshots))
		return;
	walk_add(walk, path, &names);
	if (names.n)
		fault_point("snapshot-directory");
	for (i = 0; i < names.n; i++) {
		if (i + 1 == names.n || strcmp(names.name[i], names.name[i + 1])) {
			below = mem_print("%s%s%s", path, *path ? "/" : "", names.name[i]);
			walk_entry(walk, below);
			free(below);
		}
		free(names.name[i]);
	}
	free(names.name);
}

bool snapshot_walk(struct ctl *ctl, const struct snapshot_share *share, struct snapshot_walk *w)
{
	struct walk walk = { .look = { .ctl = ctl, .share = share }, .w = w };
	struct why why;
	struct stat st;
	bool good;

	memset(w, 0, sizeof(*w));
	good = snapshot_tree_new(&w->tree, &why);
	if (good) {
		walk.look.root = snapshot_root_open(share->path);
		if (walk.look.root < 0 || fstat(walk.look.root, &st)) {
			look_problem(&walk.look, "", "", errno);
		} else {
			walk.dev = st.st_dev;
			walk_entry(&walk, "");
		}
		if (walk.look.root >= 0)
			close(walk.look.root);
		good = snapshot_tree_end(&w->tree, &why);
	}
	if (!good)
		snapshot_problem(ctl, share->name, "%s", why.text);
	w->problems = walk.look.problems;
	return good;
}
