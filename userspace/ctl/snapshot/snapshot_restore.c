// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload snapshot restore, and what makes entries of a snapshot anew.
 *
 * A file is made empty with a name of its own, gets its content from the kernel as a stub
 * (offload-adopt), its attributes, and then its name: at each moment the old or the new file has
 * it. No data is read. Clients may change the share at any time: each directory is opened without
 * following symbolic links, and never outside of the target; and what a file or directory gets, it
 * gets by a descriptor, for another one may have its name.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ditto-nl-gen.h"
#include "fault.h"
#include "fd_path.h"
#include "mem.h"
#include "object/record.h"
#include "ctl/offload/filesystem.h"
#include "snapshot_local.h"
#include "snapshot_restore.h"
#include "ctl/out.h"
#include "ctl/worm.h"

int restore_open_parent(const struct restore *r, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char *folder = mem_print("%.*s", slash ? (int)(slash - path) : 0, path);
	int fd = snapshot_entry_open(r->root, folder, O_DIRECTORY), error = errno;

	*name = slash ? slash + 1 : path;
	free(folder);
	errno = error;
	return fd;
}

bool restore_fail(struct restore *r, const struct snapshot_entry *e, const char *why)
{
	char *path = mem_print("%s/%s", r->to, e->path);

	snapshot_problem(r->ctl, path, "%s", why);
	free(path);
	r->failed++;
	return false;
}

/* Whether a name still leads to an open file. */
static bool restore_is_same(int dir, const char *name, int fd)
{
	struct stat a, b;

	return !fstat(fd, &a) && !fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Who may do what depends on these attributes: without them others might do more. */
static bool restore_is_access(const char *xattr)
{
	static const char *const names[] = {
		"trusted.ditto.acl", "security.NTACL",
		"system.posix_acl_access", "system.posix_acl_default",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(xattr, names[i]))
			return true;
	return false;
}

/* Once, for it is the same with all files if the file system does not have such attributes. */
static void restore_warn(struct restore *r, const struct snapshot_entry *e, const char *what)
{
	if (!r->warned)
		snapshot_problem(r->ctl, *e->path ? e->path : r->to,
				 "without %s: %s; that of others may be missing, too", what,
				 strerror(errno));
	r->warned = true;
}

/* Returns the name of what is needed and was refused, or NULL. */
static const char *restore_xattrs(struct restore *r, const struct snapshot_entry *e,
				  const char *place)
{
	struct snapshot_xattr x;
	u32 at = 0;

	while (snapshot_xattr_next(e, &at, &x)) {
		if (!strcmp(x.name, RESTORED_XATTR) || !strcmp(x.name, ADOPTING_XATTR) ||
		    !strcmp(x.name, LOCAL_FOLDER_XATTR) ||
		    !setxattr(place, x.name, x.value, x.len, 0))
			continue;
		if (restore_is_access(x.name))
			return x.name;
		restore_warn(r, e, x.name);
	}
	return NULL;
}

static bool restore_attributes(struct restore *r, const struct snapshot_entry *e, int fd)
{
	const struct timespec times[2] = {
		{ .tv_sec = e->time[SNAPSHOT_ACCESSED].sec,
		  .tv_nsec = e->time[SNAPSHOT_ACCESSED].nsec },
		{ .tv_sec = e->time[SNAPSHOT_MODIFIED].sec,
		  .tv_nsec = e->time[SNAPSHOT_MODIFIED].nsec },
	};
	bool has_mode = !S_ISLNK(e->mode);
	char place[FD_PATH_MAX];
	mode_t mode = e->mode & 07777;
	const char *what = NULL;

	fd_path(fd, place);
	/* A mode with set-user-ID must not come to another owner. */
	if (fchownat(fd, "", e->uid, e->gid, AT_EMPTY_PATH))
		what = "owner";
	else if (has_mode && chmod(place, mode))
		what = "mode";
	else
		what = restore_xattrs(r, e, place);
	/* The access control list of POSIX follows the mode. */
	if (!what && r->readonly && has_mode && chmod(place, mode & ~0222))
		what = "mode";
	if (!what && utimensat(fd, "", times, AT_EMPTY_PATH))
		restore_warn(r, e, "times");
	if (what)
		restore_fail(r, e, what);
	return !what;
}

/* The store of the content names the file system of an open file from here on. */
static bool restore_register(struct restore *r, const struct snapshot_entry *e, int fd)
{
	struct offload_record record;
	char place[FD_PATH_MAX];
	struct why why;

	if (!offload_record_set(&record, e->size, e->cookie, e->cookie_len))
		return restore_fail(r, e, "its record is damaged or of a later version");
	return registrar_register_path(&r->registrar, fd_path(fd, place), record.cookie.store,
				       &why) || restore_fail(r, e, why.text);
}

/* Make a stub of an empty file. */
static bool restore_adopt(struct restore *r, const struct snapshot_entry *e, int fd)
{
	char place[FD_PATH_MAX];
	struct offload_info info;
	struct nl_msg *msg;
	int rc;

	if (!restore_register(r, e, fd))
		return false;
	rc = offload_info_get(r->ctl, fd_path(fd, place), &info);
	fault_point("snapshot-adopt");
	if (!rc) {
		msg = conn_message(&r->ctl->conn, DITTO_CMD_OFFLOAD_ADOPT);
		msg_put_string(msg, DITTO_A_OFFLOAD_PATH, place);
		msg_put_string(msg, DITTO_A_OFFLOAD_SHARE, info.share);
		msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_FILE_ID, info.file_id);
		msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_GENERATION, info.generation);
		msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_SIZE, e->size);
		msg_put(msg, DITTO_A_OFFLOAD_COOKIE, e->cookie, e->cookie_len);
		rc = conn_call(&r->ctl->conn, msg, NULL);
	}
	fault_point("snapshot-adopted");
	return !rc || restore_fail(r, e, r->ctl->conn.why.text);
}

/* Another name, @new, of a file that was restored at a path. Returns its descriptor, or -1. */
static int restore_link(struct restore *r, const struct snapshot_entry *e, const char *made,
			u64 inode, int dir, const char *new)
{
	const char *name;
	int from = restore_open_parent(r, made, &name);
	int fd = from < 0 ? -1 : openat(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	bool good = false;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st)) {
		good = st.st_ino == inode;
		errno = ESTALE;
	}
	good = good && !linkat(fd, "", dir, new, AT_EMPTY_PATH);
	if (!good)
		restore_fail(r, e, strerror(errno));
	if (!good && fd >= 0)
		close(fd);
	if (from >= 0)
		close(from);
	return good ? fd : -1;
}

/* Make an empty file. Nothing but its attributes is wanted from the descriptor. */
static int restore_create(int dir, const char *new)
{
	int made = openat(dir, new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	char place[FD_PATH_MAX];
	int fd = made < 0 ? -1 : open(fd_path(made, place), O_PATH | O_CLOEXEC), error = errno;

	if (made >= 0)
		close(made);
	errno = error;
	return fd;
}

/* Make a link, device, pipe or socket. It is not opened by making it: another may be there now. */
static int restore_create_other(const struct snapshot_entry *e, int dir, const char *new)
{
	struct stat st;
	int rc, fd;

	if (S_ISLNK(e->mode))
		rc = symlinkat(e->target, dir, new);
	else
		rc = mknodat(dir, new, (e->mode & S_IFMT) | 0600, makedev(e->major, e->minor));
	fd = rc ? -1 : openat(dir, new, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && (st.st_mode & S_IFMT) == (e->mode & S_IFMT) &&
	    st.st_uid == geteuid() && st.st_nlink == 1)
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

/* Make a file or another entry with all but its name. Returns a descriptor, or -1. */
static int restore_new(struct restore *r, const struct snapshot_entry *e, int dir, const char *new)
{
	const char *made;
	u64 inode;
	int fd;

	if (S_ISREG(e->mode) && snapshot_links_find(r->links, e, &made, &inode))
		return restore_link(r, e, made, inode, dir, new);
	/* It may be another name of a file that is there. */
	if (snapshot_links_failed(r->links))
		return -1;
	if (S_ISREG(e->mode) && e->flags & SNAPSHOT_LOST) {
		restore_fail(r, e, "the snapshot does not have its content");
		r->failed -= r->resume;
		r->lost += r->resume;
		return -1;
	}
	fd = S_ISREG(e->mode) ? restore_create(dir, new) : restore_create_other(e, dir, new);
	if (fd < 0) {
		restore_fail(r, e, strerror(errno));
		return -1;
	}
	if ((!S_ISREG(e->mode) || !e->size || restore_adopt(r, e, fd)) &&
	    restore_attributes(r, e, fd))
		return fd;
	close(fd);
	return -1;
}

static ino_t restore_inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/* With @resume, what users have put in the place of an entry, or of a directory above it, stays. */
static ino_t restore_fail_place(struct restore *r, const struct snapshot_entry *e, int error)
{
	bool other = r->resume && (error == ENOTDIR || error == ELOOP);

	restore_fail(r, e, other ? "it stays, because another file has this name by now" :
		     strerror(error));
	r->failed -= other;
	r->kept += other;
	return 0;
}

/*
 * Whether the entry is there, from an earlier run that was interrupted, or another one that
 * somebody has made since. *@inode: set for the first, otherwise 0.
 */
static bool restore_find_there(struct restore *r, const struct snapshot_entry *e, int dir,
			       const char *name, ino_t *inode)
{
	struct stat st;

	*inode = 0;
	if (!r->resume || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return false;
	if ((st.st_mode & S_IFMT) == (e->mode & S_IFMT) &&
	    (!S_ISREG(e->mode) || ((u64)st.st_size == e->size &&
				   st.st_mtim.tv_sec == e->time[SNAPSHOT_MODIFIED].sec))) {
		r->there++;
		*inode = st.st_ino;
		return true;
	}
	restore_fail(r, e, "it stays, because another file has this name by now");
	r->failed--;
	r->kept++;
	return true;
}

/* True if the file that has the name is committed, see Documentation/worm.md. */
static bool restore_meets_committed(int dir, const char *name)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char place[FD_PATH_MAX];
	bool committed;

	if (fd < 0)
		return false;
	committed = getxattr(fd_path(fd, place), WORM_XATTR, NULL, 0) >= 0;
	close(fd);
	return committed;
}

/* Make a file, and then give it its name. Returns its inode number, or 0. */
static ino_t restore_file(struct restore *r, const struct snapshot_entry *e)
{
	char new[RESTORE_NAME_SIZE];
	const char *name;
	int dir = restore_open_parent(r, e->path, &name), fd;
	ino_t inode = 0;

	if (dir < 0)
		return restore_fail_place(r, e, errno);
	if (restore_find_there(r, e, dir, name, &inode)) {
		close(dir);
		return inode;
	}
	snprintf(new, sizeof(new), RESTORE_NEW_NAME, getpid());
	unlinkat(dir, new, 0);
	fd = restore_new(r, e, dir, new);
	fault_point("snapshot-rename");
	if (fd >= 0 && !restore_is_same(dir, new, fd))
		restore_fail(r, e, "somebody has put another file there");
	else if (fd >= 0 && r->replace && restore_meets_committed(dir, name))
		restore_fail(r, e, "the file there is committed (dittoctl worm show)");
	else if (fd >= 0 && renameat2(dir, new, dir, name, r->replace ? 0 : RENAME_NOREPLACE))
		restore_fail(r, e, strerror(errno));
	else if (fd >= 0)
		inode = restore_inode(fd);
	/* Two names of one file stay two names. */
	unlinkat(dir, new, 0);
	if (fd >= 0)
		close(fd);
	close(dir);
	return inode;
}

/*
 * Make a directory that is marked until it has its attributes, so that a run that goes on does not
 * take it for one that users had made. Returns false with errno.
 */
static bool restore_make_marked(const struct restore *r, int dir, const char *name)
{
	const char *object = r->s.object;
	char new[RESTORE_NAME_SIZE], place[FD_PATH_MAX];
	bool good = false;
	struct stat st;
	int fd, error;

	if (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		errno = EEXIST;
		return false;
	}
	snprintf(new, sizeof(new), RESTORE_NEW_NAME, getpid());
	unlinkat(dir, new, AT_REMOVEDIR);
	if (mkdirat(dir, new, 0700))
		return false;
	fd = openat(dir, new, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	good = fd >= 0 && restore_is_same(dir, new, fd) &&
	       !setxattr(fd_path(fd, place), ADOPTING_XATTR, object, strlen(object), 0) &&
	       !renameat2(dir, new, dir, name, RENAME_NOREPLACE);
	error = errno;
	if (!good)
		unlinkat(dir, new, AT_REMOVEDIR);
	if (fd >= 0)
		close(fd);
	errno = error;
	return good;
}

static bool restore_make_dir(const struct restore *r, int dir, const char *name)
{
	return r->resume ? restore_make_marked(r, dir, name) : !mkdirat(dir, name, 0700);
}

/* Returns the inode number of a directory, or 0. */
static ino_t restore_dir(struct restore *r, const struct snapshot_entry *e)
{
	const char *name;
	int dir = restore_open_parent(r, e->path, &name), fd = -1;
	ino_t inode = 0;

	/* One that is there stays as it is until it gets its attributes. */
	if (dir >= 0 && (!*name || restore_make_dir(r, dir, name) || errno == EEXIST))
		fd = openat(dir, *name ? name : ".", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		inode = restore_inode(fd);
	if (!inode)
		restore_fail_place(r, e, errno);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return inode;
}

/*
 * Attributes of a directory. With @resume, one that users have, or had made, keeps its own, and one
 * that may lack entries gets them from a later run.
 */
static void restore_dir_attributes(struct restore *r, const struct restore_dir *dir, int fd)
{
	struct snapshot_entry e = { .path = dir->path };
	char place[FD_PATH_MAX];

	fd_path(fd, place);
	if (r->resume && (r->incomplete || getxattr(place, ADOPTING_XATTR, NULL, 0) < 0))
		return;
	if (!snapshot_tree_read(&r->tree, dir->place, &e)) {
		restore_fail(r, &e, "the file of the snapshot cannot be read");
		r->incomplete = true;
		return;
	}
	if (restore_attributes(r, &e, fd) && r->resume && removexattr(place, ADOPTING_XATTR))
		restore_fail(r, &e, strerror(errno));
	snapshot_entry_free(&e);
}

/* Begin to make entries in a directory. */
static void restore_enter(struct restore *r, const struct snapshot_entry *e, u64 place,
			  ino_t inode)
{
	struct restore_dir *dir = mem_new(sizeof(*dir));

	dir->above = r->dir;
	dir->inode = inode;
	dir->path = mem_string(e->path);
	dir->place = place;
	r->dir = dir;
}

/*
 * All is made in directories that a path is not below, or in all if it is NULL: they get their
 * attributes last, and from below, for what is made in them changes their times.
 */
static void restore_leave(struct restore *r, const char *path)
{
	struct snapshot_entry e = { NULL };
	struct restore_dir *dir;
	int fd;

	while ((dir = r->dir) && !(path && snapshot_path_is_below(path, dir->path))) {
		e.path = dir->path;
		fd = snapshot_entry_open(r->root, dir->path, O_DIRECTORY);
		if (fd < 0)
			restore_fail(r, &e, strerror(errno));
		else if (restore_inode(fd) != dir->inode)
			restore_fail(r, &e, "somebody has put another directory there");
		else
			restore_dir_attributes(r, dir, fd);
		if (fd >= 0)
			close(fd);
		r->dir = dir->above;
		free(dir->path);
		free(dir);
	}
}

static bool restore_is_there(const struct restore *r, const char *path)
{
	int fd = snapshot_entry_open(r->root, path, O_DIRECTORY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool restore_is_wanted(const struct restore *r, const char *path, char **paths)
{
	if (!paths)
		return *path;
	for (; *paths; paths++)
		if (snapshot_path_is_below(path, *paths) ||
		    (snapshot_path_is_below(*paths, path) && !restore_is_there(r, path)))
			return true;
	return false;
}

/* The descriptor of the target gives no access, which syncfs() needs. */
static void restore_sync(struct restore *r)
{
	int fd = openat(r->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd)) {
		snapshot_problem(r->ctl, r->to, "it may be lost if power fails: %s",
				 strerror(errno));
		r->failed++;
	}
	if (fd >= 0)
		close(fd);
}

/* @place: of the entry in the file of the tree. */
static void restore_entry(struct restore *r, const struct snapshot_entry *e, u64 place)
{
	u64 there = r->there;
	ino_t inode;

	inode = S_ISDIR(e->mode) ? restore_dir(r, e) : restore_file(r, e);
	if (!inode)
		return;
	if (S_ISDIR(e->mode) && *e->path)
		restore_enter(r, e, place, inode);
	if (S_ISREG(e->mode))
		snapshot_links_add(r->links, e, inode);
	if (r->there != there)
		return;
	r->files += S_ISREG(e->mode);
	r->others += !S_ISREG(e->mode);
	r->bytes += e->size;
}

/* More is missing than the entries that have failed. */
static void restore_fail_rest(struct restore *r, const char *why)
{
	restore_fail(r, &(struct snapshot_entry){ .path = "" }, why);
	r->incomplete = true;
}

/* Without a note of the names of files, further names would become files of their own for good. */
void restore_all(struct restore *r, char **paths)
{
	const struct snapshot_entry *e;
	struct snapshot_reader reader;
	struct why why;

	r->links = snapshot_links_new();
	snapshot_reader_begin(&reader, &r->tree);
	while (!snapshot_links_failed(r->links) && (e = snapshot_reader_next(&reader))) {
		restore_leave(r, e->path);
		if (restore_is_wanted(r, e->path, paths))
			restore_entry(r, e, reader.place);
	}
	if (snapshot_links_failed(r->links))
		restore_fail_rest(r,
				  "the rest is not restored: no room in $SQLITE_TMPDIR or /var/tmp to note the names of files");
	if (!snapshot_reader_end(&reader, &why))
		restore_fail_rest(r, why.text);
	restore_leave(r, NULL);
	snapshot_links_free(r->links);
	restore_sync(r);
}

bool restore_root_attributes(struct restore *r)
{
	const struct snapshot_entry *e;
	struct snapshot_reader reader;
	struct why why;
	bool good;

	snapshot_reader_begin(&reader, &r->tree);
	e = snapshot_reader_next(&reader);
	good = e && restore_attributes(r, e, r->root);
	if (!snapshot_reader_end(&reader, &why))
		restore_fail_rest(r, why.text);
	return good;
}

int restore_print(const struct restore *r, const char *where)
{
	char bytes[OUT_VALUE_MAX];

	if (r->ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "snapshot", r->s.head.name);
		json_string(stdout, "path", where);
		json_number(stdout, "files", r->files);
		json_number(stdout, "others", r->others);
		json_number(stdout, "bytes", r->bytes);
		json_number(stdout, "failed", r->failed);
		json_close(stdout, '}');
		json_end(stdout);
	} else {
		printf("%s: %llu files and %llu others restored, %s; %llu failed\n", where,
		       (unsigned long long)r->files, (unsigned long long)r->others,
		       bytes_text((double)r->bytes, bytes), (unsigned long long)r->failed);
	}
	return r->failed ? CTL_REFUSED : CTL_OK;
}

int restore_begin(struct restore *r, const char *snapshot, int *lock)
{
	*lock = snapshot_lock();
	if (*lock < 0) {
		snapshot_problem(r->ctl, snapshot, "no lock: %s", strerror(-*lock));
		return CTL_REFUSED;
	}
	return snapshot_open(r->ctl, snapshot, &r->s, &r->tree);
}

int restore_open_root(struct restore *r)
{
	r->root = snapshot_root_open(r->to);
	if (r->root >= 0)
		return CTL_OK;
	snapshot_problem(r->ctl, r->to, "%s", errno != ELOOP ? strerror(errno) :
			 "there is a symbolic link in this path; a path without one is needed");
	return CTL_REFUSED;
}

void restore_end(struct restore *r, int lock)
{
	snapshot_tree_free(&r->tree);
	registrar_free(&r->registrar);
	if (r->root >= 0)
		close(r->root);
	if (lock >= 0)
		close(lock);
}

bool restore_share(struct ctl *ctl, const char *text, struct snapshot_share *share)
{
	const char *slash = strrchr(text, '/');
	char *name = mem_print("%.*s", slash ? (int)(slash - text) : 0, text);
	bool good = slash && snapshot_share_get(ctl, name, share);

	if (!slash)
		snapshot_problem(ctl, text, "the name of a snapshot is SHARE/NAME");
	free(name);
	return good;
}

/* "." and "/" are the root. */
static char *restore_path(char *path)
{
	size_t len;

	while (*path == '/' || (path[0] == '.' && (path[1] == '/' || !path[1])))
		path++;
	for (len = strlen(path); len && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	return path;
}

/* Keep the paths that are in the snapshot. Those that are not have failed. */
static void restore_find_paths(struct restore *r, char **paths)
{
	const struct snapshot_entry *e;
	struct snapshot_reader reader;
	char **path, **end = paths;
	struct why why;
	bool *found;
	size_t n = 0;

	while (paths[n])
		n++;
	found = mem_new((n + 1) * sizeof(*found));
	snapshot_reader_begin(&reader, &r->tree);
	while ((e = snapshot_reader_next(&reader)))
		for (path = paths; *path; path++)
			if (!strcmp(*path, e->path))
				found[path - paths] = true;
	if (!snapshot_reader_end(&reader, &why)) {
		restore_fail(r, &(struct snapshot_entry){ .path = "" }, why.text);
		*paths = NULL;
	}
	for (path = paths; *path; path++) {
		if (found[path - paths]) {
			*end++ = *path;
			continue;
		}
		snapshot_problem(r->ctl, *path, "it is not in the snapshot");
		r->failed++;
	}
	*end = NULL;
	free(found);
}

static int restore_paths(struct restore *r, const char *snapshot, char **paths)
{
	int lock, rc = restore_begin(r, snapshot, &lock);
	char **path;

	if (!rc)
		rc = restore_open_root(r);
	if (!rc) {
		for (path = paths; *path; path++)
			*path = restore_path(*path);
		restore_find_paths(r, paths);
		restore_all(r, paths);
		rc = restore_print(r, r->to);
	}
	restore_end(r, lock);
	return rc;
}

int snapshot_restore(struct ctl *ctl, char **words)
{
	struct restore r = { .ctl = ctl, .root = -1 };
	struct snapshot_share share;
	char *snapshot = *words, **paths, **end;

	if (!snapshot)
		return ctl_usage(ctl, "the name of a snapshot, SHARE/NAME, is needed");
	for (paths = end = ++words; *words; words++) {
		if (!strcmp(*words, "--to") && words[1])
			r.to = *++words;
		else if (!strcmp(*words, "--replace"))
			r.replace = true;
		else if (strncmp(*words, "--", 2))
			*end++ = *words;
		else
			return ctl_unknown(ctl, "option", *words, NULL);
	}
	*end = NULL;
	if (!*paths)
		return ctl_usage(ctl, "a path in the snapshot is needed; . is all of it");
	if (!r.to && !restore_share(ctl, snapshot, &share))
		return CTL_REFUSED;
	if (!r.to)
		r.to = share.path;
	else if (ctl_connect(ctl))
		return CTL_REFUSED;
	return restore_paths(&r, snapshot, paths);
}
