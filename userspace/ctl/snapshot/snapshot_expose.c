// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl offload snapshot expose and hide: what clients see of a snapshot. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "fault.h"
#include "mem.h"
#include "snapshot_remove.h"
#include "snapshot_restore.h"

/* Name of the directory of a snapshot: its time comes first. */
static char *expose_name(const struct snapshot_head *h)
{
	char time[32];

	snapshot_time_text(h->time, time);
	if (!strcmp(time, h->name))
		return mem_string(time);
	return mem_print("%s_%s", time, h->name);
}

/* Returns false if clients cannot see the tree under its name. */
static bool expose_tree(struct restore *r, int folder, const char *new, const char *name)
{
	bool good;

	restore_all(r, NULL);
	good = restore_root_attributes(r) && !r->incomplete;
	fault_point("snapshot-expose");
	if (good && renameat2(folder, new, folder, name, RENAME_NOREPLACE))
		good = restore_fail(r, &(struct snapshot_entry){ .path = "" }, strerror(errno));
	fsync(folder);
	return good;
}

/* Open the directory of snapshots below the root of its share, and make it if it is not there. */
static int expose_open_in(const struct snapshot_share *share, int root, bool make)
{
	const char *name;
	struct restore at = {
		.root = root < 0 ? snapshot_root_open(share->path) :
			fcntl(root, F_DUPFD_CLOEXEC, 0),
	};
	int dir = at.root < 0 ? -1 : restore_open_parent(&at, share->snapshots, &name);
	int fd = -1, error;

	if (dir >= 0 && make)
		mkdirat(dir, name, 0755);
	if (dir >= 0)
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	error = errno;
	if (dir >= 0)
		close(dir);
	if (at.root >= 0)
		close(at.root);
	errno = error;
	return fd;
}

int snapshot_folder_open(struct ctl *ctl, const struct snapshot_share *share, int root, bool make)
{
	const char *why = NULL;
	struct stat st;
	int fd;

	if (!*share->snapshots) {
		snapshot_problem(ctl, share->name,
				 "no directory of snapshots: dittoctl share set %s snapshots .snapshots",
				 share->name);
		return -1;
	}
	fd = expose_open_in(share, root, make);
	if (fd < 0 || fstat(fd, &st))
		why = strerror(errno);
	else if (st.st_uid != geteuid() || st.st_mode & 0022)
		why = "others than root may write there; chown it to root, and chmod go-w";
	if (!why)
		return fd;
	snapshot_problem(ctl, share->name, "directory of snapshots %s: %s", share->snapshots, why);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Check the words of a command for one snapshot, and open its directory of snapshots. */
static int expose_begin(struct ctl *ctl, char **words, bool make, struct snapshot_share *share,
			int *folder)
{
	if (!*words)
		return ctl_usage(ctl, "the name of a snapshot, SHARE/NAME, is needed");
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	if (!restore_share(ctl, *words, share))
		return CTL_REFUSED;
	*folder = snapshot_folder_open(ctl, share, -1, make);
	return *folder < 0 ? CTL_REFUSED : CTL_OK;
}

/* Whether expose has made a directory. */
static bool expose_is_ours(int fd)
{
	return fgetxattr(fd, RESTORED_XATTR, NULL, 0) > 0;
}

/*
 * Remove what the end of the machine has left of others, and count it: nobody has it locked.
 * Returns false after messages.
 */
static bool expose_clean(struct ctl *ctl, int folder, u64 *removed)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	bool good = true;

	while (list && (e = readdir(list))) {
		if (strncmp(e->d_name, RESTORE_NEW_NAME, strlen(RESTORE_NEW_NAME) - 2))
			continue;
		found = openat(folder, e->d_name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (found < 0)
			continue;
		if (expose_is_ours(found) && !flock(found, LOCK_EX | LOCK_NB)) {
			if (snapshot_remove(folder, e->d_name)) {
				(*removed)++;
			} else {
				snapshot_problem(ctl, e->d_name, "%s", strerror(errno));
				good = false;
			}
		}
		close(found);
	}
	if (list)
		closedir(list);
	else if (fd >= 0)
		close(fd);
	return good;
}

/*
 * Make the directory, with a lock, and a mark that it may be removed again. Returns false after a
 * message.
 */
static bool expose_make(struct restore *r, int folder, const char *new)
{
	const char *object = r->s.object;
	u64 removed = 0;
	int error;

	expose_clean(r->ctl, folder, &removed);
	/* One that was left without a mark is empty. */
	unlinkat(folder, new, AT_REMOVEDIR);
	if (!mkdirat(folder, new, 0700)) {
		r->root = openat(folder, new, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (r->root >= 0 && !flock(r->root, LOCK_SH) &&
		    !fsetxattr(r->root, RESTORED_XATTR, object, strlen(object), 0))
			return true;
	}
	error = errno;
	unlinkat(folder, new, AT_REMOVEDIR);
	snapshot_problem(r->ctl, r->to, "%s", strerror(error));
	return false;
}

static int expose_in(struct restore *r, int folder, const char *new)
{
	char *name = expose_name(&r->s.head);
	int rc = CTL_REFUSED;
	struct stat st;

	if (!fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW)) {
		snapshot_problem(r->ctl, name, "it is exposed, or another file has its name");
	} else if (expose_make(r, folder, new)) {
		if (!expose_tree(r, folder, new, name) && !snapshot_remove(folder, new))
			snapshot_problem(r->ctl, r->to, "%s", strerror(errno));
		rc = restore_print(r, name);
	}
	free(name);
	return rc;
}

int snapshot_expose(struct ctl *ctl, char **words)
{
	struct restore r = { .ctl = ctl, .root = -1, .readonly = true };
	struct snapshot_share share;
	char new[RESTORE_NAME_SIZE], *to;
	int lock = -1, fd, rc;

	rc = expose_begin(ctl, words, true, &share, &fd);
	if (rc)
		return rc;
	/* The name of what is not complete has no time, so it is no snapshot to clients. */
	snprintf(new, sizeof(new), RESTORE_NEW_NAME, getpid());
	to = mem_print("%s/%s/%s", share.path, share.snapshots, new);
	r.to = to;
	rc = restore_begin(&r, *words, &lock);
	if (!rc)
		rc = expose_in(&r, fd, new);
	close(fd);
	restore_end(&r, lock);
	free(to);
	return rc;
}

/* While it is removed, it is no snapshot to clients. */
static bool hide_tree(struct ctl *ctl, int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool ours = fd >= 0 && expose_is_ours(fd), good = false;
	char new[RESTORE_NAME_SIZE];

	snprintf(new, sizeof(new), RESTORE_NEW_NAME, getpid());
	if (ours && !flock(fd, LOCK_SH) &&
	    !renameat2(folder, name, folder, new, RENAME_NOREPLACE))
		good = snapshot_remove(folder, new);
	if (!good)
		snapshot_problem(ctl, name, "%s", ours ? strerror(errno) :
				 "it stays, for expose did not make it");
	if (fd >= 0)
		close(fd);
	return good;
}

/* The directory of a snapshot with this name, whatever its time is. */
static bool hide_is_wanted(const char *found, const char *name)
{
	char time[32];
	const size_t len = strlen(snapshot_time_text(0, time));

	if (!strcmp(found, name))
		return true;
	return strlen(found) > len && found[len] == '_' && !strcmp(found + len + 1, name);
}

/* Remove the directories of a name. What was left of others may have been one of them. */
static int hide_all(struct ctl *ctl, int folder, const char *name)
{
	u64 hidden = 0;
	bool good = expose_clean(ctl, folder, &hidden);
	DIR *list = fdopendir(folder);
	struct dirent *e;

	if (!list)
		mem_out();
	while ((e = readdir(list))) {
		if (!hide_is_wanted(e->d_name, name))
			continue;
		good = hide_tree(ctl, folder, e->d_name) && good;
		hidden++;
	}
	/* A power cut must not bring back what is gone. */
	if (hidden && fsync(folder)) {
		snapshot_problem(ctl, name, "%s", strerror(errno));
		good = false;
	}
	closedir(list);
	if (good && !hidden)
		snapshot_problem(ctl, name, "it is not exposed");
	return good && hidden ? CTL_OK : CTL_REFUSED;
}

int snapshot_hide(struct ctl *ctl, char **words)
{
	struct snapshot_share share;
	int folder, rc;

	rc = expose_begin(ctl, words, false, &share, &folder);
	return rc ?: hide_all(ctl, folder, strrchr(*words, '/') + 1);
}
