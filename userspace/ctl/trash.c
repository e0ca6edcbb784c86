// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl trash: files that clients have removed from shares with a bin. */

#include <errno.h>
#include <linux/genetlink.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/offload/apart.h"
#include "ctl/snapshot/snapshot.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "nl/share.h"
#include "out.h"
#include "trash.h"
#include "trash_bin.h"

#define DAY	86400ULL
#define MIB	1048576ULL
/* Rows of a table, which are in memory together: a list may have millions. */
#define ROWS_MAX	16384

static const struct column trash_columns[] = {
	{ "ID", false }, { "SHARE", false }, { "REMOVED", false }, { "BY", false },
	{ "SIZE", true }, { "PATH", false }, { NULL, false }
};

static void trash_row(struct table *t, const char *share, const struct trash_entry *e)
{
	const struct passwd *user = getpwuid(e->uid);
	char buf[OUT_VALUE_MAX];

	table_cell(t, "%s", e->id);
	table_cell(t, "%s", share);
	table_cell(t, "%s", time_text(e->time, 0, false, buf));
	if (!e->path)
		table_cell(t, "-");
	else if (user)
		table_cell(t, "%s", user->pw_name);
	else
		table_cell(t, "%u", e->uid);
	table_cell(t, "%s", bytes_text((double)e->size, buf));
	table_cell(t, "%s", e->path ? e->path : "-");
}

static void trash_json(const char *share, const struct trash_entry *e)
{
	char buf[OUT_VALUE_MAX];

	json_open(stdout, NULL, '{');
	json_string(stdout, "id", e->id);
	json_string(stdout, "share", share);
	json_string(stdout, "removed", time_text(e->time, 0, false, buf));
	json_number(stdout, "size", e->size);
	if (e->path) {
		json_number(stdout, "uid", e->uid);
		json_string(stdout, "path", e->path);
	}
	json_close(stdout, '}');
}

/**
 * struct trash_run - a command
 * @ctl: this run of the tool
 * @table: the list, or NULL
 * @rows: of @table
 * @ids: ids of files, up to NULL; empty for all
 * @restore: they are restored instead of removed
 * @share: the share that is looked at
 * @bin: its bin
 * @rest: what stays in it
 * @now: when the run began
 * @done: number of files that were restored or removed
 * @failed: something went wrong, and was printed
 */
struct trash_run {
	struct ctl *ctl;
	struct table *table;
	unsigned int rows;
	char **ids;
	bool restore;
	const struct share *share;
	struct trash_bin bin;
	struct trash_rest rest;
	u64 now;
	u64 done;
	bool failed;
};

static void trash_failed(struct trash_run *r, const struct why *why)
{
	snapshot_problem(r->ctl, r->share->name, "%s", why->text);
	r->failed = true;
}

/* Call a function for each file in the bin. */
static void trash_walk(struct trash_run *r, trash_fn fn)
{
	int err = trash_bin_each(&r->bin, fn, r);
	struct why why;

	if (!err)
		return;
	why_not(&why, "some files cannot be read: %s", strerror(err));
	trash_failed(r, &why);
}

/* Open the bin of a share whose path still leads to its root. */
static bool trash_open(struct trash_bin *bin, const struct share *share, struct why *why)
{
	if (!trash_bin_open(bin, share->path, why))
		return false;
	if (share_has_root(share, bin->root))
		return true;
	trash_bin_close(bin);
	return why_not(why, "%s does not lead to the root of the share any more", share->path);
}

/* Call a function for the bin of a share. */
static void trash_look(struct trash_run *r, const struct share *share,
		       void (*fn)(struct trash_run *r))
{
	struct why why;

	r->share = share;
	if (trash_open(&r->bin, share, &why)) {
		fn(r);
		trash_bin_close(&r->bin);
	} else {
		trash_failed(r, &why);
	}
}

/* Call a function for the bin of each share, or of one. Returns an exit status. */
static int trash_each(struct trash_run *r, const char *name, void (*fn)(struct trash_run *r))
{
	struct replies replies = { 0 };
	bool found = !name;
	struct share *share;
	unsigned int i;

	if (ctl_list(r->ctl, DITTO_CMD_SHARE_GET, &replies))
		return CTL_REFUSED;
	for (i = 0; i < replies.count; i++) {
		share = share_from_msg(replies.msg[i]);
		if (share && share->path && (!name || !strcmp(share->name, name))) {
			found = true;
			trash_look(r, share, fn);
		}
		share_free(share);
	}
	replies_free(&replies);
	if (!found)
		return ctl_failed(r->ctl, "there is no share '%s'", name);
	return r->failed ? CTL_REFUSED : CTL_OK;
}

static bool trash_list_file(void *arg, const struct trash_entry *e)
{
	struct trash_run *r = arg;

	if (!r->table) {
		trash_json(r->share->name, e);
		return true;
	}
	if (r->rows == ROWS_MAX) {
		table_end(r->table, stdout);
		r->table = table_new(trash_columns);
		r->rows = 0;
	}
	trash_row(r->table, r->share->name, e);
	r->rows++;
	return true;
}

static void trash_list_bin(struct trash_run *r)
{
	trash_walk(r, trash_list_file);
}

static int trash_list(struct ctl *ctl, char **words)
{
	struct trash_run r = { .ctl = ctl };
	int status;

	if (words[0] && ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	r.table = list_begin(ctl->json, trash_columns);
	status = trash_each(&r, words[0], trash_list_bin);
	list_end(r.table);
	return status;
}

/* Restore or remove a file. */
static bool trash_take(void *arg, const struct trash_entry *e)
{
	struct trash_run *r = arg;
	char *where = NULL;
	struct why why;

	if (r->restore ? !trash_restore(&r->bin, e, &where, &why) :
			 !trash_remove(&r->bin, e, &why)) {
		trash_failed(r, &why);
		return true;
	}
	r->done++;
	if (r->ctl->json && r->restore) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "id", e->id);
		json_string(stdout, "path", where);
		json_close(stdout, '}');
	} else if (r->restore) {
		text_make_printable(where);
		printf("%s\n", where);
	}
	free(where);
	return true;
}

static void trash_take_ids(struct trash_run *r)
{
	struct trash_entry e;
	struct why why;
	char **id;

	if (!r->ids[0])
		trash_walk(r, trash_take);
	for (id = r->ids; *id; id++) {
		if (trash_entry_read(&r->bin, *id, &e)) {
			trash_take(r, &e);
			trash_entry_free(&e);
			continue;
		}
		if (errno == ENOENT)
			why_not(&why, "there is no '%s' in the bin", *id);
		else
			why_not(&why, "%s: %s", *id, strerror(errno));
		trash_failed(r, &why);
	}
}

static int trash_restore_some(struct ctl *ctl, char **words)
{
	struct trash_run r = { .ctl = ctl, .restore = true };
	int status;

	if (!words[0] || !words[1])
		return ctl_usage(ctl, "a share and ids are needed: dittoctl trash list");
	r.ids = words + 1;
	if (ctl->json)
		json_open(stdout, NULL, '[');
	status = trash_each(&r, words[0], trash_take_ids);
	if (ctl->json) {
		json_close(stdout, ']');
		json_end(stdout);
	}
	return status;
}

static int trash_empty(struct ctl *ctl, char **words)
{
	struct trash_run r = { .ctl = ctl };
	int status;

	if (!words[0])
		return ctl_usage(ctl, "the share is needed");
	r.ids = words + 1;
	status = trash_each(&r, words[0], trash_take_ids);
	if (ctl->json) {
		json_open(stdout, NULL, '{');
		json_number(stdout, "removed", r.done);
		json_close(stdout, '}');
		json_end(stdout);
	} else {
		printf("removed %llu files for good\n", (unsigned long long)r.done);
	}
	return status;
}

static bool trash_expire_old(void *arg, const struct trash_entry *e)
{
	struct trash_run *r = arg;

	if (trash_is_old(e, r->share->trash_keep * DAY, r->now))
		return trash_take(r, e);
	trash_rest_add(&r->rest, e);
	return true;
}

static bool trash_expire_first(void *arg, const struct trash_entry *e)
{
	struct trash_run *r = arg;

	if (!trash_rest_exceeds(&r->rest, r->share->trash_size * MIB))
		return false;
	/* One that could not be removed. */
	if (trash_is_old(e, r->share->trash_keep * DAY, r->now))
		return true;
	trash_rest_drop(&r->rest, e);
	return trash_take(r, e);
}

/* Remove what the options of the share do not let stay. */
static void trash_expire_bin(struct trash_run *r)
{
	r->rest = (struct trash_rest){ .files = 0 };
	trash_walk(r, trash_expire_old);
	if (trash_rest_exceeds(&r->rest, r->share->trash_size * MIB))
		trash_walk(r, trash_expire_first);
}

static bool trash_expire_share(struct ctl *ctl, void *arg, unsigned int i)
{
	struct trash_run r = { .ctl = ctl, .now = (u64)time(NULL) };
	struct share **shares = arg;

	trash_look(&r, shares[i], trash_expire_bin);
	return !r.failed;
}

enum offload_job_result trash_expire(struct ctl *ctl)
{
	enum offload_job_result result;
	struct replies replies = { 0 };
	struct apart_share *each;
	struct share **shares;
	unsigned int i, n = 0;

	if (ctl_list(ctl, DITTO_CMD_SHARE_GET, &replies))
		return OFFLOAD_JOB_BAD;
	shares = mem_new((replies.count + 1) * sizeof(*shares));
	each = mem_new((replies.count + 1) * sizeof(*each));
	for (i = 0; i < replies.count; i++) {
		struct share *share = share_from_msg(replies.msg[i]);

		if (share && share->path && share->trash) {
			each[n] = (struct apart_share){ share->name, share->device };
			shares[n++] = share;
		} else {
			share_free(share);
		}
	}
	replies_free(&replies);
	result = apart_each(ctl, OFFLOAD_JOB_TRASH, each, n, trash_expire_share, shares);
	for (i = 0; i < n; i++)
		share_free(shares[i]);
	free(shares);
	free(each);
	return result;
}

bool trash_is_used(struct ctl *ctl)
{
	struct replies replies = { 0 };
	struct share *share;
	bool used = false;
	unsigned int i;

	/* Without the module there are no bins to tell of. */
	if (!ctl->conn.family && (conn_open(&ctl->conn) || conn_find_family(&ctl->conn)))
		return false;
	if (ctl_list(ctl, DITTO_CMD_SHARE_GET, &replies))
		return false;
	for (i = 0; i < replies.count; i++) {
		share = share_from_msg(replies.msg[i]);
		used = used || (share && share->trash);
		share_free(share);
	}
	replies_free(&replies);
	return used;
}

const struct verb trash_verbs[] = {
	{ "list", trash_list, "[SHARE]" },
	{ "restore", trash_restore_some, "SHARE ID..." },
	{ "empty", trash_empty, "SHARE [ID...]" },
	{ NULL, NULL, NULL }
};
