// SPDX-License-Identifier: GPL-2.0-only
/* The entries of a share, for snapshots. */

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/share.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "offload_snapshot.h"

/* Longest value, and list, of extended attributes in Linux. */
#define XATTR_MAX	65536

bool snapshot_share_get(struct ctl *ctl, const char *name, struct snapshot_share *share)
{
	struct nl_msg *msg, *reply = NULL;
	struct share *s = NULL;
	bool good = false;

	memset(share, 0, sizeof(*share));
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
	if (s && realpath(s->path, share->path)) {
		snprintf(share->name, sizeof(share->name), "%s", s->name ? s->name : name);
		snprintf(share->snapshots, sizeof(share->snapshots), "%s",
			 s->snapshots ? s->snapshots : "");
		share->offload = s->offload;
		good = true;
	} else {
		snapshot_problem(ctl, name, "%s", s ? strerror(errno) :
				 "the kernel's answer is malformed");
	}
	share_free(s);
	return good;
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

/* It is one problem, however many attributes there are, and however often they are read. */
static void entry_lack(struct snapshot_look *look, struct snapshot_entry *e, const char *place,
		       const char *what, int error)
{
	if (e->partial)
		return;
	snapshot_problem(look->ctl, place, "%s: %s", what, strerror(error));
	look->problems++;
	e->partial = true;
}

/* An attribute that is gone meanwhile is not in the snapshot. */
static void entry_read_xattr(struct snapshot_look *look, struct snapshot_entry *e,
			     const char *place, const char *name, u8 **buf)
{
	static char value[XATTR_MAX];
	ssize_t n = lgetxattr(place, name, value, sizeof(value));

	if (n < 0 && errno != ENODATA && errno != ENOENT)
		entry_lack(look, e, place, name, errno);
	if (n >= 0 && !snapshot_xattr_add(e, buf, name, value, (size_t)n))
		entry_lack(look, e, place, name, E2BIG);
}

static void entry_read_xattrs(struct snapshot_look *look, struct snapshot_entry *e,
			      const char *place)
{
	static char names[XATTR_MAX];
	ssize_t len = llistxattr(place, names, sizeof(names));
	u8 *buf = NULL;
	char *name;

	free((void *)e->xattrs);
	e->xattrs = NULL;
	e->xattrs_len = 0;
	e->n_xattrs = 0;
	/* Some file systems have none at all. */
	if (len < 0 && errno != ENOTSUP && errno != ENOENT)
		entry_lack(look, e, place, "extended attributes", errno);
	for (name = names; name < names + len; name += strlen(name) + 1)
		if (snapshot_xattr_is_kept(name))
			entry_read_xattr(look, e, place, name, &buf);
}

bool snapshot_entry_read(struct snapshot_look *look, const char *place, struct snapshot_entry *e)
{
	char target[SNAPSHOT_PATH_MAX + 1] = "";
	struct statx st;

	if (statx(AT_FDCWD, place, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &st))
		return false;
	if (S_ISLNK(st.stx_mode) && readlink(place, target, sizeof(target) - 1) <= 0)
		return false;
	e->mode = st.stx_mode;
	e->uid = st.stx_uid;
	e->gid = st.stx_gid;
	e->size = S_ISREG(st.stx_mode) ? st.stx_size : 0;
	e->inode = st.stx_ino;
	e->major = st.stx_rdev_major;
	e->minor = st.stx_rdev_minor;
	entry_set_times(e, &st);
	free((void *)e->target);
	e->target = mem_string(target);
	entry_read_xattrs(look, e, place);
	return true;
}

static int walk_compare(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void walk_add(struct snapshot_look *look, struct snapshot_walk *w, const FTSENT *found,
		     const char *path)
{
	struct snapshot_entry *e;

	w->entries = mem_grow(w->entries, w->n, sizeof(*w->entries));
	e = &w->entries[w->n];
	memset(e, 0, sizeof(*e));
	if (snapshot_entry_read(look, found->fts_path, e)) {
		e->path = mem_string(path);
		w->n++;
	} else if (errno != ENOENT) {
		snapshot_problem(look->ctl, found->fts_path, "%s", strerror(errno));
		look->problems++;
	}
}

void snapshot_walk(struct ctl *ctl, const struct snapshot_share *share, struct snapshot_walk *w)
{
	char *const roots[] = { (char *)share->path, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, walk_compare);
	struct snapshot_look look = { .ctl = ctl };
	size_t root = strlen(share->path);
	const char *path;
	FTSENT *e;

	memset(w, 0, sizeof(*w));
	if (!fts)
		mem_out();
	while (errno = 0, (e = fts_read(fts))) {
		path = e->fts_path + root;
		path += *path == '/';
		if (*share->snapshots && !strcmp(path, share->snapshots)) {
			fts_set(fts, e, FTS_SKIP);
			continue;
		}
		if ((e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS) &&
		    e->fts_errno != ENOENT) {
			snapshot_problem(ctl, e->fts_path, "%s", strerror(e->fts_errno));
			look.problems++;
		}
		if (e->fts_info != FTS_DP && e->fts_info != FTS_NS && e->fts_info != FTS_ERR &&
		    e->fts_info != FTS_DNR)
			walk_add(&look, w, e, path);
	}
	/* It ended early: what is missing was not removed. */
	if (errno) {
		snapshot_problem(ctl, share->path, "%s", strerror(errno));
		look.problems++;
	}
	fts_close(fts);
	w->problems = look.problems;
}

void snapshot_walk_free(struct snapshot_walk *w)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		free((void *)w->entries[i].path);
		free((void *)w->entries[i].target);
		free((void *)w->entries[i].cookie);
		free((void *)w->entries[i].xattrs);
	}
	free(w->entries);
	memset(w, 0, sizeof(*w));
}
