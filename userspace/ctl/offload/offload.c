// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl offload: requests to the kernel and dittod, and the status. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/run_path.h"
#include "ctl/ctl.h"
#include "ctl/stream_dir.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "offload.h"
#include "filesystem.h"
#include "jobs.h"
#include "mark.h"
#include "object/record.h"
#include "ctl/trash.h"
#include "ctl/out.h"
#include "pass.h"
#include "text.h"

static u64 info_number(struct nlattr **tb, unsigned int type)
{
	return tb[type] ? msg_number(&spec_offload_set.attrs[type], tb[type]) : 0;
}

/* The store's name is the first line of the cookie. */
static void info_set_cookie(struct offload_info *info, const struct nlattr *cookie)
{
	const char *text = nla_data(cookie), *end = memchr(text, '\n', (size_t)nla_len(cookie));

	info->cookie_len = (u32)nla_len(cookie);
	if (info->cookie_len > sizeof(info->cookie))
		info->cookie_len = 0;
	memcpy(info->cookie, text, info->cookie_len);
	if (end && (size_t)(end - text) < sizeof(info->store))
		snprintf(info->store, sizeof(info->store), "%.*s", (int)(end - text), text);
	text_make_printable(info->store);
}

int offload_info_get(struct ctl *ctl, const char *path, struct offload_info *info)
{
	struct nl_msg *msg = conn_message(&ctl->conn, DITTO_CMD_OFFLOAD_GET);
	struct nlattr *tb[DITTO_A_OFFLOAD_MAX + 1];
	struct nl_msg *reply = NULL;
	int rc;

	memset(info, 0, sizeof(*info));
	msg_put_string(msg, DITTO_A_OFFLOAD_PATH, path);
	rc = conn_call(&ctl->conn, msg, &reply);
	if (rc)
		return rc;
	if (!reply || msg_parse(reply, &spec_offload_set, tb) || !tb[DITTO_A_OFFLOAD_STATE]) {
		why_not(&ctl->conn.why, "this version does not understand the kernel's answer");
		nlmsg_free(reply);
		return -EBADMSG;
	}
	info->state = (u32)info_number(tb, DITTO_A_OFFLOAD_STATE);
	info->size = info_number(tb, DITTO_A_OFFLOAD_SIZE);
	info->change = info_number(tb, DITTO_A_OFFLOAD_CHANGE);
	info->file_id = info_number(tb, DITTO_A_OFFLOAD_FILE_ID);
	info->generation = (u32)info_number(tb, DITTO_A_OFFLOAD_GENERATION);
	info->resident = info_number(tb, DITTO_A_OFFLOAD_RESIDENT);
	info->obstacle = (u32)info_number(tb, DITTO_A_OFFLOAD_OBSTACLE);
	if (tb[DITTO_A_OFFLOAD_SHARE])
		snprintf(info->share, sizeof(info->share), "%s",
			 nla_get_string(tb[DITTO_A_OFFLOAD_SHARE]));
	if (tb[DITTO_A_OFFLOAD_COOKIE])
		info_set_cookie(info, tb[DITTO_A_OFFLOAD_COOKIE]);
	nlmsg_free(reply);
	return 0;
}

const char *offload_obstacle_text(const struct offload_info *info)
{
	switch (info->obstacle) {
	case DITTO_OFFLOAD_OBSTACLE_NONE:
		return NULL;
	case DITTO_OFFLOAD_OBSTACLE_REMOTE:
		return "the blocks of its files belong to another machine; offload them there";
	case DITTO_OFFLOAD_OBSTACLE_OVERLAY:
		return "overlayfs frees no blocks; serve a directory of ext4, XFS or Btrfs itself";
	case DITTO_OFFLOAD_OBSTACLE_MOUNT:
		return "its file system cannot free blocks; serve one of ext4, XFS or Btrfs";
	case DITTO_OFFLOAD_OBSTACLE_KERNEL:
		return "this kernel has no CONFIG_FANOTIFY_ACCESS_PERMISSIONS, which guards files";
	default:
		return "this kernel cannot free blocks of its files";
	}
}

bool offload_send(int fd, struct offload_ctl_request *request, int file)
{
	union pass_room room;
	struct iovec iov = { request, sizeof(*request) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	request->version = OFFLOAD_CTL_VERSION;
	pass_put(&h, &room, file);
	return sendmsg(fd, &h, MSG_NOSIGNAL) == (ssize_t)sizeof(*request);
}

void offload_clear_bar(bool shown)
{
	if (shown)
		fputs("\r\033[K", stderr);
}

static const char *const offload_bars[OFFLOAD_BARS] = {
	[OFFLOAD_CAPABLE] = "has capabilities (setcap), which it would lose",
	[OFFLOAD_FIXED] = "cannot lose its blocks, as it is immutable (chattr +i, +a)",
};

enum offload_bar offload_bar(const char *path)
{
	struct statx st;

	if (lgetxattr(path, "security.capability", NULL, 0) > 0)
		return OFFLOAD_CAPABLE;
	if (!statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &st) &&
	    st.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND))
		return OFFLOAD_FIXED;
	return OFFLOAD_FREE;
}

const char *offload_bar_text(enum offload_bar bar)
{
	return offload_bars[bar];
}

bool offload_walk_failed(const FTSENT *e)
{
	return (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS) &&
	       e->fts_errno != ENOENT;
}

bool offload_is_gone(const char *path)
{
	struct stat st;

	return lstat(path, &st) && errno == ENOENT;
}

bool offload_is_tiny(const char *path, const struct stat *st)
{
	static dev_t dev;
	static u64 block;
	struct statvfs fs;

	if (!st->st_size || lgetxattr(path, OFFLOAD_RECORD_XATTR, NULL, 0) >= 0)
		return false;
	/* One after the other, most files are of one file system. */
	if (!block || dev != st->st_dev) {
		dev = st->st_dev;
		block = statvfs(path, &fs) ? 0 : fs.f_frsize;
	}
	return (u64)st->st_blocks * 512 <= block;
}

void offload_complain(const struct ctl *ctl, bool bar, const char *subject, const char *text)
{
	char *name = text_printable(subject), *what = text_printable(text);

	offload_clear_bar(bar);
	fprintf(stderr, "dittoctl: offload %s: %s: %s\n", ctl->verb, name, what);
	free(what);
	free(name);
}

int offload_connect(struct offload_ctl_request *request, int file, struct why *why)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char path[RUN_PATH_SIZE];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	run_path(path, OFFLOAD_CTL_NAME, OFFLOAD_CTL_SUFFIX);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (fd >= 0 && !connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) &&
	    offload_send(fd, request, file))
		return fd;
	if (errno == ENOENT || errno == ECONNREFUSED)
		why_not(why, "dittod does not run, which does the work");
	else
		why_not(why, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

bool offload_answer(int fd, union offload_ctl_answer *answer, int *file)
{
	union pass_room room;
	struct iovec iov = { answer, sizeof(*answer) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &room,
			    .msg_controllen = sizeof(room) };
	int passed = -1;
	ssize_t len;

	do {
		len = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);
	} while (len < 0 && errno == EINTR);
	if (len >= 0)
		pass_take(&h, &passed);
	if (file)
		*file = passed;
	else if (passed >= 0)
		close(passed);
	if (len < (ssize_t)sizeof(answer->type))
		return false;
	switch (answer->type) {
	case OFFLOAD_CTL_STORE:
		return len == sizeof(answer->store);
	case OFFLOAD_CTL_FAILED:
		return len == sizeof(answer->failure);
	case OFFLOAD_CTL_POLICY:
		return len == sizeof(answer->policy);
	case OFFLOAD_CTL_SCHEDULE:
		return len == sizeof(answer->schedule);
	case OFFLOAD_CTL_SHARE:
		return len == sizeof(answer->share);
	case OFFLOAD_CTL_OBJECT:
		return len == sizeof(answer->object);
	case OFFLOAD_CTL_DATA:
		return len == sizeof(answer->data);
	default:
		return len == sizeof(answer->push) || len == sizeof(answer->store);
	}
}

bool offload_call(struct offload_ctl_request *request, int file, union offload_ctl_answer *answer,
		  int *got, struct why *why)
{
	int fd = offload_connect(request, file, why);
	bool good;

	if (fd < 0)
		return false;
	do {
		good = offload_answer(fd, answer, got);
	} while (good && answer->type == OFFLOAD_CTL_PROGRESS);
	close(fd);
	if (!good)
		return why_not(why, "dittod has ended");
	return answer->type != OFFLOAD_CTL_FAILED || why_not(why, "%.500s", answer->failure.text);
}

static const struct column store_columns[] = {
	{ "STORE", false }, { "STATE", false }, { "PUSHES", true }, { "FETCHES", true },
	{ "PUSHED", true }, { "FETCHED", true }, { "ERRORS", true }, { "WHERE", false },
	{ NULL, false }
};

static void store_row(struct table *t, const struct offload_ctl_store *s)
{
	char bytes[OUT_VALUE_MAX];

	table_cell(t, "%s", s->name);
	table_cell(t, "%s", s->running ? "ready" : "down");
	table_cell(t, "%u", s->pushes);
	table_cell(t, "%u", s->fetches);
	table_cell(t, "%s", bytes_text((double)s->pushed, bytes));
	table_cell(t, "%s", bytes_text((double)s->fetched, bytes));
	table_cell(t, "%llu", (unsigned long long)s->errors);
	table_cell(t, "%s", s->where);
}

/* Words about a bucket that was not asked yet. */
static const char *store_word(const char *word)
{
	return word[0] ? word : "unknown";
}

static void store_json(const struct offload_ctl_store *s)
{
	json_open(stdout, NULL, '{');
	json_string(stdout, "store", s->name);
	json_string(stdout, "where", s->where);
	json_bool(stdout, "ready", s->running);
	json_number(stdout, "starts", s->starts);
	json_bool(stdout, "packing", s->packing);
	json_number(stdout, "pushes", s->pushes);
	json_number(stdout, "fetches", s->fetches);
	json_number(stdout, "pushed", s->pushed);
	json_number(stdout, "fetched", s->fetched);
	json_number(stdout, "errors", s->errors);
	json_string(stdout, "error", s->error);
	json_string(stdout, "uuid", s->bucket.uuid);
	json_string(stdout, "versioning", store_word(s->bucket.versioning));
	json_string(stdout, "object-lock", store_word(s->bucket.lock));
	json_string(stdout, "lifecycle", store_word(s->bucket.lifecycle));
	json_string(stdout, "storage-class", store_word(s->bucket.storage_class));
	json_string(stdout, "refused", s->bucket.refused);
	json_close(stdout, '}');
}

static const struct column bucket_columns[] = {
	{ "STORE", false }, { "UUID", false }, { "VERSIONS", false }, { "OBJECT-LOCK", false },
	{ "CLASS", false }, { "LIFECYCLE", false }, { NULL, false }
};

static void bucket_row(struct table *t, const struct offload_ctl_store *s)
{
	const struct offload_bucket *b = &s->bucket;

	table_cell(t, "%s", s->name);
	table_cell(t, "%s", b->uuid[0] ? b->uuid : "-");
	table_cell(t, "%s", store_word(b->versioning));
	table_cell(t, "%s", store_word(b->lock));
	table_cell(t, "%s", store_word(b->storage_class));
	table_cell(t, "%s", store_word(b->lifecycle));
}

/* What an administrator has to know of a bucket. */
static void bucket_notes(const struct offload_ctl_store *s, FILE *out)
{
	const struct offload_bucket *b = &s->bucket;

	if (b->refused[0])
		fprintf(out, "%s: nothing is uploaded: %s\n", s->name, b->refused);
	if (!strcmp(b->versioning, "on") || !strcmp(b->versioning, "suspended"))
		fprintf(out,
			"%s: the bucket keeps versions: what gc deletes stays until the versions expire\n",
			s->name);
}

/**
 * struct stores_shown - what is shown of the stores
 * @stores: the table of stores
 * @buckets: the table of their buckets
 * @notes: what else there is to say
 * @errors: the last error of each
 */
struct stores_shown {
	struct table *stores;
	struct table *buckets;
	FILE *notes;
	FILE *errors;
	char *text[2];
	size_t len[2];
};

static void stores_begin(struct stores_shown *s)
{
	s->stores = table_new(store_columns);
	s->buckets = table_new(bucket_columns);
	s->notes = open_memstream(&s->text[0], &s->len[0]);
	s->errors = open_memstream(&s->text[1], &s->len[1]);
	if (!s->notes || !s->errors)
		mem_out();
}

static void stores_add(struct stores_shown *s, const struct offload_ctl_store *store)
{
	store_row(s->stores, store);
	bucket_row(s->buckets, store);
	bucket_notes(store, s->notes);
	if (store->error[0])
		fprintf(s->errors, "%s: %s\n", store->name, store->error);
}

static void stores_end(struct stores_shown *s)
{
	fclose(s->notes);
	fclose(s->errors);
	table_end(s->stores, stdout);
	putchar('\n');
	table_end(s->buckets, stdout);
	if (s->len[0])
		printf("\nNotes:\n%s", s->text[0]);
	if (s->len[1])
		printf("\nLast errors:\n%s", s->text[1]);
	free(s->text[0]);
	free(s->text[1]);
}

/* What the timer has done, for stores, bins and local snapshots need that. */
static bool status_jobs(struct ctl *ctl)
{
	struct offload_schedule schedule;
	struct offload_progress progress;

	if (!offload_schedule_get(&schedule, &ctl->conn.why))
		return false;
	offload_schedule_set_trash(&schedule, trash_is_used(ctl));
	offload_progress_read(OFFLOAD_PROGRESS_PATH, &progress);
	if (ctl->json) {
		offload_jobs_json(&schedule, &progress);
	} else {
		if (schedule.stores)
			putchar('\n');
		offload_jobs_print(&schedule, &progress);
	}
	return true;
}

static int status_stores(struct ctl *ctl)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_STATUS };
	struct stores_shown shown = { .stores = NULL };
	union offload_ctl_answer a;
	struct why why;
	bool good;
	int fd = offload_connect(&request, -1, &why);

	if (fd < 0) {
		ctl->conn.why = why;
		return ctl_refused(ctl, NULL);
	}
	if (ctl->json)
		json_open(stdout, NULL, '[');
	else
		stores_begin(&shown);
	while ((good = offload_answer(fd, &a, NULL)) && a.type == OFFLOAD_CTL_STORE) {
		if (ctl->json)
			store_json(&a.store);
		else
			stores_add(&shown, &a.store);
	}
	close(fd);
	if (!ctl->json)
		stores_end(&shown);
	if (!good)
		why_not(&ctl->conn.why, "dittod has ended");
	good = good && status_jobs(ctl);
	if (ctl->json) {
		json_close(stdout, ']');
		json_end(stdout);
	}
	return good ? CTL_OK : ctl_refused(ctl, NULL);
}

/**
 * struct files - where the data of the files below a path is
 * @n: files by enum ditto_offload_state
 * @size: bytes of the files
 * @resident: bytes that are in the file system
 * @store: the store of the last one that is not resident
 * @failed: files that could not be asked for, and directories that could not be read
 */
struct files {
	u64 n[DITTO_OFFLOAD_STATE_CONFLICT + 1];
	u64 size;
	u64 resident;
	char store[OFFLOAD_CTL_STORE_SIZE];
	u64 failed;
};

static void files_add(struct ctl *ctl, struct files *f, const char *path)
{
	struct offload_info info;

	if (offload_info_get(ctl, path, &info)) {
		if (offload_is_gone(path))
			return;
		ctl_refused(ctl, path);
		f->failed++;
		return;
	}
	if (info.state < ARRAY_SIZE(f->n))
		f->n[info.state]++;
	f->size += info.size;
	f->resident += info.state == DITTO_OFFLOAD_STATE_RESIDENT ? info.size : info.resident;
	if (info.store[0])
		snprintf(f->store, sizeof(f->store), "%s", info.store);
}

static void files_walk(struct ctl *ctl, struct files *f, char *root)
{
	char *const roots[] = { root, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	FTSENT *e;

	if (!fts)
		mem_out();
	while ((e = fts_read(fts))) {
		if (e->fts_info == FTS_F && S_ISREG(e->fts_statp->st_mode)) {
			files_add(ctl, f, e->fts_path);
		} else if (e->fts_info == FTS_D && bin_dir_is(e->fts_path, e->fts_path)) {
			/* The kernel finds no path below. */
			fts_set(fts, e, FTS_SKIP);
		} else if (offload_walk_failed(e)) {
			offload_complain(ctl, false, e->fts_path, strerror(e->fts_errno));
			f->failed++;
		}
	}
	fts_close(fts);
}

static const struct column file_columns[] = {
	{ "RESIDENT", true }, { "PARTIAL", true }, { "OFFLOADED", true }, { "RECALLING", true },
	{ "CONFLICT", true }, { "SIZE", true }, { "HERE", true }, { "STORE", false },
	{ "PATH", false }, { NULL, false }
};

static void files_row(struct table *t, const struct files *f, const char *path)
{
	char bytes[OUT_VALUE_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(f->n); i++)
		table_cell(t, "%llu", (unsigned long long)f->n[i]);
	table_cell(t, "%s", bytes_text((double)f->size, bytes));
	table_cell(t, "%s", bytes_text((double)f->resident, bytes));
	table_cell(t, "%s", f->store[0] ? f->store : "-");
	table_cell(t, "%s", path);
}

static void files_json(const struct files *f, const char *path)
{
	size_t i;

	json_open(stdout, NULL, '{');
	json_string(stdout, "path", path);
	for (i = 0; i < ARRAY_SIZE(f->n); i++)
		json_number(stdout, spec_enum_name(&spec_offload_state, (u32)i), f->n[i]);
	json_number(stdout, "size", f->size);
	json_number(stdout, "here", f->resident);
	json_string(stdout, "store", f->store);
	json_number(stdout, "failed", f->failed);
	json_close(stdout, '}');
}

static int status_files(struct ctl *ctl, char **words)
{
	struct table *t;
	bool good = true;

	if (ctl_connect(ctl))
		return CTL_REFUSED;
	t = list_begin(ctl->json, file_columns);
	for (; *words; words++) {
		char *path = realpath(*words, NULL);
		struct files f = { 0 };

		if (!path) {
			ctl_usage(ctl, "%s: %s", *words, strerror(errno));
			good = false;
			continue;
		}
		files_walk(ctl, &f, path);
		good = good && !f.failed;
		if (ctl->json)
			files_json(&f, path);
		else
			files_row(t, &f, path);
		free(path);
	}
	list_end(t);
	return good ? CTL_OK : CTL_REFUSED;
}

static int offload_status(struct ctl *ctl, char **words)
{
	if (*words && !strcmp(*words, "--json")) {
		ctl->json = true;
		words++;
	}
	if (*words && !strncmp(*words, "--", 2))
		return ctl_unknown(ctl, "option", *words, NULL);
	return *words ? status_files(ctl, words) : status_stores(ctl);
}

const struct verb offload_verbs[] = {
	{ "push", offload_push, "[--store NAME] PATH..." },
	{ "recall", offload_recall, "[--overwrite|--keep-local] PATH..." },
	{ "status", offload_status, "[PATH...]" },
	{ "check", offload_check, "[--null] PATH..." },
	{ "pin", offload_pin, "PATH..." },
	{ "never", offload_never, "PATH..." },
	{ "auto", offload_auto, "PATH..." },
	{ "policy", offload_policy, "list" },
	{ "policy", offload_policy, "run [--dry-run] [--scheduled] [NAME...]" },
	{ "policy", offload_policy, "watch" },
	{ "run", offload_run,
	  "[--scheduled] [local-snapshots] [snapshots] [gc] [scrub] [policies] [trash]" },
	{ "snapshot", offload_snapshot, "create SHARE [NAME]" },
	{ "snapshot", offload_snapshot, "list [SHARE]" },
	{ "snapshot", offload_snapshot, "show SHARE/NAME [PATH...]" },
	{ "snapshot", offload_snapshot, "diff SHARE/NAME [SHARE/NAME|now]" },
	{ "snapshot", offload_snapshot, "restore SHARE/NAME [--to DIR] [--replace] PATH..." },
	{ "snapshot", offload_snapshot, "expose SHARE/NAME" },
	{ "snapshot", offload_snapshot, "hide SHARE/NAME" },
	{ "snapshot", offload_snapshot, "delete SHARE/NAME" },
	{ "gc", offload_gc, "[--dry-run] [--grace TIME] [--force]" },
	{ "gc", offload_gc, "--list" },
	{ "gc", offload_gc, "--history" },
	{ "undelete", offload_undelete, "STORE [OBJECT...]" },
	{ "repack", offload_repack, "[--dry-run] [PERCENT]" },
	{ "scrub", offload_scrub, "[--quick] [--repair] [--percent N]" },
	{ "rekey", offload_rekey, "[STORE]" },
	{ "rebuild", offload_rebuild, "" },
	{ "take", offload_take, "[--uuid UUID | --new-bucket] STORE" },
	{ "adopt", offload_adopt, "STORE [--to DIR] [--older] [--accept]" },
	{ "filesystem", offload_filesystem, "list" },
	{ "filesystem", offload_filesystem, "forget UUID" },
	{ NULL, NULL, NULL }
};
