// SPDX-License-Identifier: GPL-2.0-only
/* Local snapshots of shares, see snapshot_local.h. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "common/offload_schedule.h"
#include "common/subvolume.h"
#include "ctl/ctl.h"
#include "ctl/out.h"
#include "fault.h"
#include "mem.h"
#include "snapshot_local.h"
#include "snapshot_restore.h"

/* Names of snapshots: clients find the time in them, in UTC. */
#define NAME_FORMAT	"@GMT-%Y.%m.%d-%H.%M.%S"
#define NAME_SIZE	sizeof("@GMT-2026.11.20-14.30.00")
/* Of the directory of snapshots: what the schedule has made, by name. */
#define RECORD_XATTR	"trusted.ditto.local."
#define RECORD_SIZE	512
#define BOOT_PATH	"/proc/sys/kernel/random/boot_id"
/* Seconds to wait for one whose name no other snapshot has. */
#define NAME_TRIES	3

/**
 * struct local_snapshot - a snapshot that the schedule has made of the share
 * @made: when
 * @subvolume: number of the subvolume
 */
struct local_snapshot {
	struct offload_moment made;
	u64 subvolume;
};

/**
 * struct local - one run for a share
 * @ctl: this run of the tool
 * @share: the share
 * @root: its root
 * @folder: its directory of snapshots
 * @uuid: of the subvolume at the root
 * @now: the present time
 * @list: snapshots that the schedule has made of it
 * @n: number of them
 * @others: number of those that are of another subvolume, which was at the root before
 * @changed: number of those that were changed since
 * @changed_last: when the last of these was made
 */
struct local {
	struct ctl *ctl;
	const struct snapshot_share *share;
	int root;
	int folder;
	u8 uuid[16];
	struct offload_moment now;
	struct local_snapshot *list;
	size_t n;
	size_t others;
	size_t changed;
	u64 changed_last;
};

static const char *local_name(u64 time, char name[NAME_SIZE])
{
	time_t seconds = (time_t)time;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(name, NAME_SIZE, NAME_FORMAT, &tm))
		name[0] = '\0';
	return name;
}

/* Whether a name is as the schedule gives them. */
static bool local_name_read(const char *name, u64 *time)
{
	struct tm tm = { .tm_sec = 0 };
	char same[NAME_SIZE];
	const char *end = strptime(name, NAME_FORMAT, &tm);
	time_t seconds;

	if (!end || *end)
		return false;
	seconds = timegm(&tm);
	*time = (u64)seconds;
	return seconds > 0 && !strcmp(local_name(*time, same), name);
}

static char *local_record_name(const char *name, char buf[NAME_SIZE + sizeof(RECORD_XATTR)])
{
	snprintf(buf, NAME_SIZE + sizeof(RECORD_XATTR), RECORD_XATTR "%s", name);
	return buf;
}

static bool local_read_clock(struct local *l)
{
	struct timespec uptime;
	FILE *in = fopen(BOOT_PATH, "re");
	bool good = in && fscanf(in, "%36s", l->now.boot) == 1 &&
		    !clock_gettime(CLOCK_BOOTTIME, &uptime);

	if (in)
		fclose(in);
	l->now.time = (u64)time(NULL);
	if (good)
		l->now.uptime = (u64)uptime.tv_sec;
	else
		snapshot_problem(l->ctl, l->share->name, "%s: %s", BOOT_PATH, strerror(errno));
	return good;
}

/**
 * enum local_kind - what a name in the directory is
 * @LOCAL_FOREIGN: nothing that the schedule has made of the share
 * @LOCAL_OWN: a snapshot that it has made
 * @LOCAL_OF_OTHER: one that it has made of another subvolume than the present one
 * @LOCAL_CHANGED: one that was changed since, as by a program that deduplicates
 */
enum local_kind {
	LOCAL_FOREIGN,
	LOCAL_OWN,
	LOCAL_OF_OTHER,
	LOCAL_CHANGED,
};

/* Returns an enum local_kind, and fills @s unless it is foreign; or a negative errno. */
static int local_kind_find(const struct local *l, const char *name, struct local_snapshot *s)
{
	char record[RECORD_SIZE], xattr[NAME_SIZE + sizeof(RECORD_XATTR)], uuid[TEXT_UUID_MAX];
	struct btrfs_ioctl_get_subvol_info_args info = { .treeid = 0 };
	unsigned long long uptime, change;
	u8 id[16];
	int share = 0, rc;
	struct why why;
	ssize_t len;

	if (!local_name_read(name, &s->made.time))
		return LOCAL_FOREIGN;
	len = fgetxattr(l->folder, local_record_name(name, xattr), record, sizeof(record) - 1);
	if (len < 0)
		return errno == ENODATA ? LOCAL_FOREIGN : -errno;
	record[len] = '\0';
	if (sscanf(record, "%36s %llu %36s %llu %n", uuid, &uptime, s->made.boot, &change,
		   &share) < 4 || !share || strcmp(record + share, l->share->name) ||
	    !text_uuid(uuid, id, &why))
		return LOCAL_FOREIGN;
	rc = subvolume_read_info(l->folder, name, &info);
	if (rc == -ENOENT || rc == -ENOTDIR || rc == -ELOOP)
		return LOCAL_FOREIGN;
	if (rc)
		return rc;
	s->made.uptime = uptime;
	s->subvolume = info.treeid;
	if (memcmp(info.uuid, id, sizeof(id)))
		return LOCAL_FOREIGN;
	if (memcmp(info.parent_uuid, l->uuid, sizeof(l->uuid)))
		return LOCAL_OF_OTHER;
	if (info.ctransid != change || !(info.flags & BTRFS_ROOT_SUBVOL_RDONLY))
		return LOCAL_CHANGED;
	return LOCAL_OWN;
}

static int local_compare(const void *a, const void *b)
{
	u64 first = ((const struct local_snapshot *)a)->made.time;
	u64 second = ((const struct local_snapshot *)b)->made.time;

	return first < second ? -1 : first > second;
}

/* Returns false after a message if one cannot be looked at. */
static bool local_read_list(struct local *l)
{
	int fd = openat(l->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct local_snapshot s;
	const char *what = l->share->snapshots;
	struct dirent *e;
	int rc = list ? 0 : -errno;

	while (!rc) {
		errno = 0;
		e = readdir(list);
		rc = -errno;
		if (!e)
			break;
		rc = local_kind_find(l, e->d_name, &s);
		if (rc == LOCAL_OWN) {
			l->list = mem_grow(l->list, l->n, sizeof(*l->list));
			l->list[l->n++] = s;
		}
		l->others += rc == LOCAL_OF_OTHER;
		l->changed += rc == LOCAL_CHANGED;
		if (rc == LOCAL_CHANGED && s.made.time <= l->now.time &&
		    s.made.time > l->changed_last)
			l->changed_last = s.made.time;
		rc = rc < 0 ? rc : 0;
	}
	if (rc)
		snapshot_problem(l->ctl, l->share->name,
				 "its snapshots in %s cannot be looked at, so none is made or deleted: %s",
				 what, strerror(-rc));
	if (list)
		closedir(list);
	return !rc;
}

static void local_print(const struct local *l, const char *what, u64 time)
{
	char name[NAME_SIZE];

	local_name(time, name);
	if (!l->ctl->json) {
		printf("%s: %s %s/%s\n", l->share->name, what, l->share->snapshots, name);
		return;
	}
	json_open(stdout, NULL, '{');
	json_string(stdout, "share", l->share->name);
	json_string(stdout, "snapshot", name);
	json_string(stdout, "change", what);
	json_close(stdout, '}');
}

/* What an administrator can do about an error. */
static const char *local_remedy(int error)
{
	if (error == ENOSPC || error == EDQUOT)
		return "; remove files, or snapshots that nobody needs (btrfs subvolume delete)";
	if (error == EROFS)
		return "; dmesg may say why its file system is read-only: mount it writable again";
	return "";
}

/* It is lost for good, so it is looked at again if it was not just made. */
static bool local_delete(const struct local *l, const struct local_snapshot *s, bool again)
{
	struct btrfs_ioctl_vol_args_v2 args = {
		.flags = BTRFS_SUBVOL_SPEC_BY_ID, .subvolid = s->subvolume,
	};
	char name[NAME_SIZE], xattr[NAME_SIZE + sizeof(RECORD_XATTR)];
	struct local_snapshot now;

	local_name(s->made.time, name);
	if (again && (local_kind_find(l, name, &now) != LOCAL_OWN ||
		      now.subvolume != s->subvolume)) {
		snapshot_problem(l->ctl, l->share->name,
				 "the old snapshot %s/%s is not deleted: somebody has just changed it",
				 l->share->snapshots, name);
		return false;
	}
	if (ioctl(l->folder, BTRFS_IOC_SNAP_DESTROY_V2, &args)) {
		snapshot_problem(l->ctl, l->share->name,
				 "the old snapshot %s/%s is not deleted: %s%s",
				 l->share->snapshots, name, strerror(errno), local_remedy(errno));
		return false;
	}
	fremovexattr(l->folder, local_record_name(name, xattr));
	return true;
}

/* Write the record of a new snapshot. Returns 0 or a negative errno. */
static int local_write_record(const struct local *l, const char *name,
			      const struct btrfs_ioctl_get_subvol_info_args *info)
{
	char record[RECORD_SIZE], xattr[NAME_SIZE + sizeof(RECORD_XATTR)], id[TEXT_UUID_MAX];
	int len = snprintf(record, sizeof(record), "%s %llu %s %llu %s",
			   text_from_uuid(info->uuid, id), (unsigned long long)l->now.uptime,
			   l->now.boot, (unsigned long long)info->ctransid, l->share->name);

	local_record_name(name, xattr);
	/* Without the record nobody deletes the snapshot, so it is not left to the next commit. */
	if (fsetxattr(l->folder, xattr, record, (size_t)len, 0) || fsync(l->folder))
		return -errno;
	return 0;
}

static bool local_make(struct local *l)
{
	struct btrfs_ioctl_vol_args_v2 args = { .fd = l->root, .flags = BTRFS_SUBVOL_RDONLY };
	struct btrfs_ioctl_get_subvol_info_args info = { .treeid = 0 };
	struct local_snapshot s;
	char name[NAME_SIZE];
	int tries, rc = -EEXIST;
	bool good = false;
	sigset_t ends, before;

	/* Without its record nobody would delete it. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, &before);
	for (tries = 0; tries < NAME_TRIES && rc == -EEXIST; tries++) {
		/* Another share with the same directory may have one of this second. */
		if (tries)
			sleep(1);
		if (!local_read_clock(l))
			goto out;
		snprintf(args.name, sizeof(args.name), "%s", local_name(l->now.time, name));
		rc = ioctl(l->folder, BTRFS_IOC_SNAP_CREATE_V2, &args) ? -errno : 0;
	}
	if (rc) {
		snapshot_problem(l->ctl, l->share->name, "no snapshot is made: %s%s", strerror(-rc),
				 local_remedy(-rc));
		goto out;
	}
	rc = subvolume_read_info(l->folder, name, &info);
	s = (struct local_snapshot){ .made = l->now, .subvolume = info.treeid };
	if (!rc)
		rc = local_write_record(l, name, &info);
	if (rc) {
		snapshot_problem(l->ctl, l->share->name, "its snapshot cannot be recorded: %s%s",
				 strerror(-rc), local_remedy(-rc));
		if (info.treeid)
			local_delete(l, &s, false);
		goto out;
	}
	l->list = mem_grow(l->list, l->n, sizeof(*l->list));
	l->list[l->n++] = s;
	local_print(l, "made", s.made.time);
	good = true;
out:
	sigprocmask(SIG_SETMASK, &before, NULL);
	return good;
}

static bool local_has_one(const struct local *l, u64 period)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->list[i].made.time / period == l->now.time / period)
			return true;
	return l->changed_last / period == l->now.time / period;
}

/* Delete those that the schedule does not keep. */
static bool local_thin(struct local *l, const struct offload_keep *keep)
{
	struct offload_moment *made = mem_new((l->n + 1) * sizeof(*made));
	bool *stays = mem_new((l->n + 1) * sizeof(*stays)), good;
	char name[NAME_SIZE] = "";
	struct why why;
	size_t i;

	if (l->n)
		qsort(l->list, l->n, sizeof(*l->list), local_compare);
	for (i = 0; i < l->n; i++)
		made[i] = l->list[i].made;
	good = offload_local_choose(keep, made, l->n, &l->now, stays, &why);
	if (why.text[0])
		snapshot_problem(l->ctl, l->share->name, "%s/%s: %s", l->share->snapshots,
				 local_name(made[l->n - 1].time, name), why.text);
	for (i = 0; i < l->n; i++) {
		if (stays[i])
			continue;
		if (local_delete(l, &l->list[i], true))
			local_print(l, "deleted", made[i].time);
		else
			good = false;
	}
	free(stays);
	free(made);
	return good;
}

/* Open the root of the share, if snapshots can be made of it. Returns -1 after a message. */
static int local_open_root(struct ctl *ctl, const struct snapshot_share *share)
{
	int place = snapshot_root_open(share->path);
	int fd = place < 0 ? -1 : openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct why why;

	if (fd < 0)
		why_not(&why, "%s: %s", share->path, strerror(errno));
	if (place >= 0)
		close(place);
	if (fd >= 0 && subvolume_check_root(fd, share->path, &why))
		return fd;
	if (fd >= 0)
		close(fd);
	snapshot_problem(ctl, share->name, "%s", why.text);
	return -1;
}

/*
 * Open the directory of snapshots. It is made once: clients that may write to the root can rename
 * it, and a new one would hide all snapshots, and keep more of them. Returns false after a message.
 */
static bool local_open_folder(struct local *l)
{
	const struct snapshot_share *share = l->share;
	char known[PATH_MAX + 32], text[PATH_MAX + 32];
	unsigned long long inode;
	struct stat st;
	int at = 0, fd;
	ssize_t len = fgetxattr(l->root, LOCAL_FOLDER_XATTR, known, sizeof(known) - 1);
	bool first;

	if (len < 0 && errno != ENODATA)
		goto bad;
	known[len < 0 ? 0 : len] = '\0';
	first = sscanf(known, "%llu %n", &inode, &at) < 1 || !at ||
		strcmp(known + at, share->snapshots);
	fd = first ? -1 : snapshot_entry_open(l->root, share->snapshots, O_DIRECTORY);
	if (!first && ((fd < 0 && errno == ENOENT) ||
		       (fd >= 0 && !fstat(fd, &st) && st.st_ino != inode))) {
		snapshot_problem(l->ctl, share->name,
				 "%s is not the directory that has its snapshots, inode %llu: it was renamed, removed, or is not mounted; bring it back, or have a new one with: setfattr -x %s %s",
				 share->snapshots, inode, LOCAL_FOLDER_XATTR, share->path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (fd >= 0)
		close(fd);
	l->folder = snapshot_folder_open(l->ctl, share, l->root, first);
	if (l->folder < 0 || !first)
		return l->folder >= 0;
	if (fstat(l->folder, &st))
		goto bad;
	len = snprintf(text, sizeof(text), "%llu %s", (unsigned long long)st.st_ino,
		       share->snapshots);
	if (!fsetxattr(l->root, LOCAL_FOLDER_XATTR, text, (size_t)len, 0))
		return true;
bad:
	snapshot_problem(l->ctl, share->name, "%s: %s%s", share->path, strerror(errno),
			 local_remedy(errno));
	return false;
}

/* Remove records of snapshots that are gone: the attributes of a file are limited. */
static void local_drop_records(const struct local *l)
{
	char *list = mem_new(XATTR_LIST_MAX);
	ssize_t len = flistxattr(l->folder, list, XATTR_LIST_MAX);
	const size_t prefix = sizeof(RECORD_XATTR) - 1;
	const char *at;
	struct stat st;

	for (at = list; at < list + len; at += strlen(at) + 1)
		if (!strncmp(at, RECORD_XATTR, prefix) && at[prefix] &&
		    fstatat(l->folder, at + prefix, &st, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
			fremovexattr(l->folder, at);
	free(list);
}

bool snapshot_local_run(struct ctl *ctl, const struct snapshot_share *share,
			const struct offload_keep *keep)
{
	struct local l = { .ctl = ctl, .share = share, .folder = -1 };
	struct btrfs_ioctl_get_subvol_info_args info = { .treeid = 0 };
	bool good;
	int rc;

	l.root = local_open_root(ctl, share);
	rc = l.root < 0 ? 0 : subvolume_read_info(l.root, ".", &info);
	if (rc)
		snapshot_problem(ctl, share->name, "%s: %s", share->path, strerror(-rc));
	memcpy(l.uuid, info.uuid, sizeof(l.uuid));
	good = l.root >= 0 && !rc;
	if (good && fgetxattr(l.root, ADOPTING_XATTR, NULL, 0) > 0) {
		snapshot_problem(ctl, share->name,
				 "no snapshot is made before all of it is there: dittoctl offload adopt");
		good = false;
	}
	good = good && local_open_folder(&l) && local_read_clock(&l) && local_read_list(&l);
	if (good) {
		local_drop_records(&l);
		if (!local_has_one(&l, offload_keep_period(keep)))
			good = local_make(&l);
		fault_point("local-made");
		good = local_thin(&l, keep) && good;
	}
	if (l.others)
		snapshot_problem(ctl, share->name,
				 "%zu snapshots in %s stay: they are of another subvolume than the one at %s now; to delete them: btrfs subvolume delete",
				 l.others, share->snapshots, share->path);
	if (l.changed)
		snapshot_problem(ctl, share->name,
				 "%zu snapshots in %s stay: they were changed since they were made; to delete them: btrfs subvolume delete",
				 l.changed, share->snapshots);
	if (l.folder >= 0)
		close(l.folder);
	if (l.root >= 0)
		close(l.root);
	free(l.list);
	return good;
}
