// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl quota: limits of users, groups and projects on the file system of a share. */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/dqblk_xfs.h>
#include <linux/genetlink.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "ditto-nl-gen.h"
#include "nl/share.h"
#include "out.h"
#include "quota.h"

#define PROJECTS	"/etc/projid"

static const struct column quota_columns[] = {
	{ "KIND", false }, { "NAME", false }, { "USED", true }, { "SOFT", true }, { "HARD", true },
	{ "LEFT", true }, { "FILES", true }, { "SOFT", true }, { "HARD", true }, { "LEFT", true },
	{ NULL, false }
};

/**
 * struct quota_fs - the file system of a share
 * @ctl: this run of the tool
 * @share: the share
 * @fd: its root
 * @counts: it counts the kind
 * @enforces: it enforces limits of the kind
 */
struct quota_fs {
	struct ctl *ctl;
	struct share *share;
	int fd;
	bool counts[MAXQUOTAS];
	bool enforces[MAXQUOTAS];
};

/* Libraries of Debian 12 do not have it. Returns 0 or an errno. */
static int quota_call(const struct quota_fs *fs, int cmd, int kind, u32 id, void *arg)
{
	return syscall(SYS_quotactl_fd, fs->fd, QCMD(cmd, kind), id, arg) ? errno : 0;
}

static void quota_state(struct quota_fs *fs)
{
	struct fs_quota_statv state = { .qs_version = FS_QSTATV_VERSION1 };
	int kind;

	if (quota_call(fs, Q_XGETQSTATV, USRQUOTA, 0, &state))
		return;
	/* A bit for each kind to count, and one to enforce. */
	for (kind = 0; kind < MAXQUOTAS; kind++) {
		fs->counts[kind] = state.qs_flags & (FS_QUOTA_UDQ_ACCT << 2 * kind);
		fs->enforces[kind] = state.qs_flags & (FS_QUOTA_UDQ_ENFD << 2 * kind);
	}
}

static void quota_close(struct quota_fs *fs)
{
	if (fs->fd >= 0)
		close(fs->fd);
	share_free(fs->share);
}

/* Find the share, and open its root. Returns an exit status; quota_close() is called for any. */
static int quota_open(struct ctl *ctl, const char *name, struct quota_fs *fs)
{
	struct nl_msg *reply;
	int status;

	*fs = (struct quota_fs){ .ctl = ctl, .fd = -1 };
	status = ctl_do(ctl, DITTO_CMD_SHARE_GET, share_put_name, name, name, &reply);
	if (status)
		return status;
	fs->share = reply ? share_from_msg(reply) : NULL;
	nlmsg_free(reply);
	if (!fs->share || !fs->share->path) {
		why_not(&ctl->conn.why, "this version does not understand the kernel's answer");
		return ctl_refused(ctl, name);
	}
	fs->fd = open(fs->share->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fs->fd < 0)
		return ctl_failed(ctl, "%s: %s: %s", name, fs->share->path, strerror(errno));
	if (!share_has_root(fs->share, fs->fd))
		return ctl_failed(ctl, "%s: something else is mounted at %s than what is served",
				  name, fs->share->path);
	quota_state(fs);
	return CTL_OK;
}

static int quota_off(const struct quota_fs *fs, int kind)
{
	struct why why;

	quota_why_off(&why, fs->share->fs_type ?: "its file system", kind, false);
	return ctl_failed(fs->ctl, "%s: %s", fs->share->name, why.text);
}

static int quota_errno(const struct quota_fs *fs, int err)
{
	if (err == EPERM)
		return ctl_failed(fs->ctl, "%s: this needs root (CAP_SYS_ADMIN)", fs->share->name);
	return ctl_failed(fs->ctl, "%s: %s", fs->share->name, strerror(err));
}

/* Find a project in projid(5), by its name or, if that is NULL, by its number. */
static bool project_find(const char *name, u32 *id, char *found, size_t size)
{
	FILE *in = fopen(PROJECTS, "re");
	char line[256], *number;
	bool good = false;
	struct why why;
	u64 value;

	if (!in)
		return false;
	while (!good && fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = '\0';
		number = strchr(line, ':');
		if (line[0] == '#' || !number)
			continue;
		*number++ = '\0';
		good = text_number(number, 0, UINT32_MAX - 1, &value, &why) &&
		       (name ? !strcmp(name, line) : value == *id);
	}
	fclose(in);
	if (!good)
		return false;
	*id = (u32)value;
	snprintf(found, size, "%s", line);
	return true;
}

/* A name or a number. Returns false if there is no such name. */
static bool quota_id(int kind, const char *word, u32 *id)
{
	const struct passwd *user = kind == USRQUOTA ? getpwnam(word) : NULL;
	const struct group *group = kind == GRPQUOTA ? getgrnam(word) : NULL;
	char name[256];
	struct why why;
	u64 value;

	if (user)
		*id = user->pw_uid;
	else if (group)
		*id = group->gr_gid;
	else if (kind == PRJQUOTA && project_find(word, id, name, sizeof(name)))
		return true;
	else if (text_number(word, 0, UINT32_MAX - 1, &value, &why))
		*id = (u32)value;
	else
		return false;
	return true;
}

/* Returns false if the number has no name. */
static bool quota_name(int kind, u32 id, char *name, size_t size)
{
	const struct passwd *user = kind == USRQUOTA ? getpwuid(id) : NULL;
	const struct group *group = kind == GRPQUOTA ? getgrgid(id) : NULL;

	if (kind == PRJQUOTA)
		return project_find(NULL, &id, name, size);
	if (!user && !group)
		return false;
	snprintf(name, size, "%s", user ? user->pw_name : group->gr_name);
	return true;
}

static void quota_cell_limit(struct table *t, u64 limit, bool bytes)
{
	char buf[OUT_VALUE_MAX];

	if (!limit)
		table_cell(t, "-");
	else if (bytes)
		table_cell(t, "%s", bytes_text((double)limit * QIF_DQBLKSIZE, buf));
	else
		table_cell(t, "%llu", (unsigned long long)limit);
}

/* The time until the soft limit, which is exceeded, becomes a hard one. */
static void quota_cell_left(struct table *t, u64 end)
{
	u64 now = (u64)time(NULL);
	char buf[OUT_VALUE_MAX];

	if (!end)
		table_cell(t, "-");
	else if (end <= now)
		table_cell(t, "none");
	else
		table_cell(t, "%s", duration_text((end - now) * 1000, buf));
}

static void quota_json_limits(const char *const keys[3], const u64 values[3], u64 unit)
{
	char buf[OUT_VALUE_MAX];
	unsigned int i;

	for (i = 0; i < 2; i++)
		json_number(stdout, keys[i], values[i] ? values[i] * unit : UINT64_MAX);
	if (values[2])
		json_string(stdout, keys[2], time_text(values[2], 0, false, buf));
}

static void quota_row(struct table *t, int kind, u32 id, const struct if_dqblk *q)
{
	static const char *const of_bytes[] = { "soft", "hard", "soft-until" };
	static const char *const of_files[] = { "files-soft", "files-hard", "files-soft-until" };
	const u64 bytes[] = { q->dqb_bsoftlimit, q->dqb_bhardlimit, q->dqb_btime };
	const u64 files[] = { q->dqb_isoftlimit, q->dqb_ihardlimit, q->dqb_itime };
	char name[256], buf[OUT_VALUE_MAX];
	bool named = quota_name(kind, id, name, sizeof(name));

	if (!t) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "kind", quota_kind_name(kind));
		json_number(stdout, "id", id);
		if (named)
			json_string(stdout, "name", name);
		json_number(stdout, "used", q->dqb_curspace);
		quota_json_limits(of_bytes, bytes, QIF_DQBLKSIZE);
		json_number(stdout, "files", q->dqb_curinodes);
		quota_json_limits(of_files, files, 1);
		json_close(stdout, '}');
		return;
	}
	table_cell(t, "%s", quota_kind_name(kind));
	if (named)
		table_cell(t, "%s", name);
	else
		table_cell(t, "%u", id);
	table_cell(t, "%s", bytes_text((double)q->dqb_curspace, buf));
	quota_cell_limit(t, q->dqb_bsoftlimit, true);
	quota_cell_limit(t, q->dqb_bhardlimit, true);
	quota_cell_left(t, q->dqb_btime);
	table_cell(t, "%llu", (unsigned long long)q->dqb_curinodes);
	quota_cell_limit(t, q->dqb_isoftlimit, false);
	quota_cell_limit(t, q->dqb_ihardlimit, false);
	quota_cell_left(t, q->dqb_itime);
}

/* All that have files or limits. Returns an exit status. */
static int quota_list_kind(const struct quota_fs *fs, struct table *t, int kind)
{
	struct if_nextdqblk next;
	u64 id;
	int err;

	for (id = 0; id < UINT32_MAX; id = (u64)next.dqb_id + 1) {
		struct if_dqblk q;

		err = quota_call(fs, Q_GETNEXTQUOTA, kind, (u32)id, &next);
		if (err)
			return err == ENOENT || err == ESRCH ? CTL_OK : quota_errno(fs, err);
		/* The same members; the number follows. */
		memcpy(&q, &next, offsetof(struct if_nextdqblk, dqb_valid));
		if (q.dqb_curspace || q.dqb_curinodes || q.dqb_bsoftlimit || q.dqb_bhardlimit ||
		    q.dqb_isoftlimit || q.dqb_ihardlimit)
			quota_row(t, kind, next.dqb_id, &q);
	}
	return CTL_OK;
}

/* Read the kind that is named. Returns an exit status. */
static int quota_kind(const struct ctl *ctl, const char *word, int *kind)
{
	*kind = word ? quota_kind_of(word) : -1;
	if (*kind >= 0)
		return CTL_OK;
	return ctl_usage(ctl, "'%s' is not allowed: user, group or project is", word ?: "");
}

static int quota_list(struct ctl *ctl, char **words)
{
	int kind, only = -1, status;
	struct quota_fs fs;
	struct table *t;

	if (!words[0])
		return ctl_usage(ctl, "the name of the share is needed");
	if (words[1]) {
		status = quota_kind(ctl, words[1], &only) ?: ctl_no_more(ctl, words + 2);
		if (status)
			return status;
	}
	status = quota_open(ctl, words[0], &fs);
	for (kind = 0; !status && kind < MAXQUOTAS; kind++)
		if (only < 0 ? fs.counts[kind] : kind == only)
			break;
	if (!status && (kind == MAXQUOTAS || !fs.counts[kind]))
		status = quota_off(&fs, only < 0 ? USRQUOTA : only);
	if (!status) {
		t = list_begin(ctl->json, quota_columns);
		for (kind = 0; !status && kind < MAXQUOTAS; kind++)
			if (fs.counts[kind] && (only < 0 || kind == only))
				status = quota_list_kind(&fs, t, kind);
		list_end(t);
	}
	quota_close(&fs);
	return status;
}

/*
 * Read SHARE KIND NAME, and the record of the last, which is empty if there is none. Returns an
 * exit status; quota_close() is called for any.
 */
static int quota_read(struct ctl *ctl, char **words, struct quota_fs *fs, int *kind, u32 *id,
		      struct if_dqblk *q)
{
	int status, err;

	*fs = (struct quota_fs){ .fd = -1 };
	*q = (struct if_dqblk){ 0 };
	if (!words[0])
		return ctl_usage(ctl, "the name of the share is needed");
	status = quota_kind(ctl, words[1], kind);
	if (status)
		return status;
	if (!words[2])
		return ctl_usage(ctl, "which %s?", words[1]);
	if (!quota_id(*kind, words[2], id))
		return ctl_failed(ctl, "there is no %s '%s'; a number is allowed, too", words[1],
				  words[2]);
	status = quota_open(ctl, words[0], fs);
	if (status)
		return status;
	if (!fs->counts[*kind])
		return quota_off(fs, *kind);
	err = quota_call(fs, Q_GETQUOTA, *kind, *id, q);
	return !err || err == ENOENT ? CTL_OK : quota_errno(fs, err);
}

static int quota_show(struct ctl *ctl, char **words)
{
	struct quota_fs fs;
	struct if_dqblk q;
	int kind, status;
	struct table *t;
	u32 id;

	status = quota_read(ctl, words, &fs, &kind, &id, &q);
	if (!status)
		status = ctl_no_more(ctl, words + 3);
	if (!status) {
		t = list_begin(ctl->json, quota_columns);
		quota_row(t, kind, id, &q);
		list_end(t);
	}
	quota_close(&fs);
	return status;
}

static int quota_set(struct ctl *ctl, char **words)
{
	struct quota_change change = { 0 };
	struct quota_fs fs;
	struct if_dqblk q;
	int kind, status, err;
	struct why why;
	char **word;
	u32 id;

	status = quota_read(ctl, words, &fs, &kind, &id, &q);
	if (status)
		goto out;
	for (word = words + 3; *word; word += 2) {
		if (!quota_change_read(&change, word[0], word[1], &why)) {
			status = ctl_usage(ctl, "%s", why.text);
			goto out;
		}
	}
	if (word == words + 3)
		status = ctl_usage(ctl, "a limit is needed, such as --hard 10G");
	else if (!id)
		status = ctl_failed(ctl,
				    "%s: number 0 has no limits: root may exceed them, and XFS takes them for the default of all",
				    words[0]);
	else if (!quota_change_apply(&change, &q, &why))
		status = ctl_failed(ctl, "%s: %s", words[0], why.text);
	if (status)
		goto out;
	err = quota_call(&fs, Q_SETQUOTA, kind, id, &q);
	if (err) {
		status = quota_errno(&fs, err);
	} else if (!fs.enforces[kind]) {
		quota_why_off(&why, fs.share->fs_type ?: "its file system", kind, true);
		ctl_warn(ctl, "%s: %s", words[0], why.text);
	}
out:
	quota_close(&fs);
	return status;
}

const struct verb quota_verbs[] = {
	{ "list", quota_list, "SHARE [user|group|project]" },
	{ "show", quota_show, "SHARE user|group|project NAME" },
	{ "set", quota_set,
	  "SHARE user|group|project NAME\n"
	  "            [--soft SIZE] [--hard SIZE] [--files-soft NUMBER] [--files-hard NUMBER]" },
	{ NULL, NULL, NULL }
};
