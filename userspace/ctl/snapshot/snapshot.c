// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl offload snapshot: the list, what is in a snapshot, and its end. */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "fault.h"
#include "ctl/offload/lock.h"
#include "ctl/offload/orders.h"
#include "object/heads.h"
#include "snapshot.h"
#include "ctl/out.h"

static const struct column list_columns[] = {
	{ "SNAPSHOT", false }, { "TIME (UTC)", false }, { "ENTRIES", true }, { "SIZE", true },
	{ "LOST", true }, { "STORE", false }, { NULL, false }
};

static void list_row(struct table *t, const struct snapshot *s)
{
	char bytes[OUT_VALUE_MAX], time[32];

	table_cell(t, "%s/%s", s->head.share, s->head.name);
	table_cell(t, "%s", snapshot_time_text(s->head.time, time));
	table_cell(t, "%llu", (unsigned long long)s->head.entries);
	table_cell(t, "%s", bytes_text((double)s->head.bytes, bytes));
	table_cell(t, "%llu", (unsigned long long)s->head.lost);
	table_cell(t, "%s", s->store);
}

static void list_json(const struct snapshot *s)
{
	json_open(stdout, NULL, '{');
	json_string(stdout, "share", s->head.share);
	json_string(stdout, "name", s->head.name);
	json_number(stdout, "time", s->head.time);
	json_number(stdout, "entries", s->head.entries);
	json_number(stdout, "bytes", s->head.bytes);
	json_number(stdout, "lost", s->head.lost);
	json_string(stdout, "store", s->store);
	json_string(stdout, "object", s->object);
	json_close(stdout, '}');
}

static int snapshot_list(struct ctl *ctl, char **words)
{
	const char *share = *words;
	struct snapshots all;
	struct table *t;
	bool good;
	size_t i;

	if (share && ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	snapshots_load(ctl, &all);
	t = list_begin(ctl->json, list_columns);
	for (i = 0; i < all.n; i++) {
		if (share && strcmp(share, all.list[i].head.share))
			continue;
		if (ctl->json)
			list_json(&all.list[i]);
		else
			list_row(t, &all.list[i]);
	}
	list_end(t);
	good = !all.problems;
	snapshots_free(&all);
	return good ? CTL_OK : CTL_REFUSED;
}

static const struct column show_columns[] = {
	{ "MODE", false }, { "OWNER", true }, { "GROUP", true }, { "SIZE", true },
	{ "MODIFIED (UTC)", false }, { "PATH", false }, { NULL, false }
};

static const char *entry_type(const struct snapshot_entry *e)
{
	static const struct {
		u32 type;
		const char *name;
	} types[] = {
		{ S_IFREG, "file" }, { S_IFDIR, "directory" }, { S_IFLNK, "link" },
		{ S_IFIFO, "pipe" }, { S_IFSOCK, "socket" }, { S_IFCHR, "character-device" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if ((e->mode & S_IFMT) == types[i].type)
			return types[i].name;
	return "block-device";
}

static void show_row(struct table *t, const struct snapshot_entry *e)
{
	char time[32];

	table_cell(t, "%06o", e->mode);
	table_cell(t, "%u", e->uid);
	table_cell(t, "%u", e->gid);
	table_cell(t, "%llu", (unsigned long long)e->size);
	table_cell(t, "%s", snapshot_time_text((u64)e->time[SNAPSHOT_MODIFIED].sec, time));
	table_cell(t, "%s%s", *e->path ? e->path : ".",
		   e->flags & SNAPSHOT_LOST ? " (content is missing)" : "");
}

static void show_json(const struct snapshot_entry *e)
{
	json_open(stdout, NULL, '{');
	json_string(stdout, "path", e->path);
	json_string(stdout, "type", entry_type(e));
	json_number(stdout, "mode", e->mode & 07777);
	json_number(stdout, "uid", e->uid);
	json_number(stdout, "gid", e->gid);
	json_number(stdout, "size", e->size);
	json_signed(stdout, "modified", e->time[SNAPSHOT_MODIFIED].sec);
	json_bool(stdout, "lost", e->flags & SNAPSHOT_LOST);
	json_close(stdout, '}');
}

static bool show_wanted(const struct snapshot_entry *e, char **words)
{
	if (!*words)
		return true;
	for (; *words; words++)
		if (snapshot_path_is_below(e->path, *words))
			return true;
	return false;
}

static int snapshot_show(struct ctl *ctl, char **words)
{
	const struct snapshot_entry *e;
	struct snapshot_reader reader;
	struct snapshot_tree tree;
	struct snapshot s;
	struct table *t;
	struct why why;
	bool good;

	if (!*words)
		return ctl_usage(ctl, "the name of a snapshot, SHARE/NAME, is needed");
	if (snapshot_open(ctl, *words, &s, &tree))
		return CTL_REFUSED;
	t = list_begin(ctl->json, show_columns);
	snapshot_reader_begin(&reader, &tree);
	while ((e = snapshot_reader_next(&reader))) {
		if (!show_wanted(e, words + 1))
			continue;
		if (ctl->json)
			show_json(e);
		else
			show_row(t, e);
	}
	good = snapshot_reader_end(&reader, &why);
	list_end(t);
	if (!good)
		snapshot_problem(ctl, words[0], "%s", why.text);
	snapshot_tree_free(&tree);
	return good ? CTL_OK : CTL_REFUSED;
}

static int snapshot_create(struct ctl *ctl, char **words)
{
	struct snapshot_share share;
	u64 failed, changing;

	if (!*words)
		return ctl_usage(ctl, "the name of a share is needed");
	if (words[1] && ctl_no_more(ctl, words + 2))
		return CTL_USAGE;
	if (words[1] && !snapshot_name_is_good(words[1]))
		return ctl_usage(ctl, "'%.60s' is no name of a snapshot", words[1]);
	if (!snapshot_share_get(ctl, words[0], &share))
		return CTL_REFUSED;
	if (!share.offload) {
		snapshot_problem(ctl, words[0], "offload is off in this share");
		return CTL_REFUSED;
	}
	return snapshot_make(ctl, &share, words[1], NULL, &failed, &changing) && !failed ? CTL_OK :
	       CTL_REFUSED;
}

static void delete_done(void *arg, const struct offload_result *r)
{
	bool *failed = arg;

	*failed = *failed || r->error;
	if (!r->error)
		heads_drop(HEADS_PATH, r->store, r->path);
	else
		fprintf(stderr, "dittoctl: offload snapshot: %s: %s\n", r->path, r->text);
}

bool snapshot_delete_heads(struct ctl *ctl, const struct snapshot *list[], size_t n)
{
	struct offload_orders *orders;
	bool failed = false;
	struct why why;
	int lock = offload_lock_heads(true, &why);
	size_t i;

	if (lock < 0) {
		snapshot_problem(ctl, n ? list[0]->head.name : "", "%s", why.text);
		return false;
	}
	fault_point("snapshot-delete");
	orders = offload_orders_new(delete_done, &failed);
	for (i = 0; i < n; i++)
		offload_orders_add(orders, OFFLOAD_CTL_DELETE, list[i]->store, list[i]->object, 0);
	offload_orders_free(orders);
	close(lock);
	return !failed;
}

static int snapshot_delete(struct ctl *ctl, char **words)
{
	const struct snapshot *s;
	struct snapshots all;
	bool good;

	if (!*words)
		return ctl_usage(ctl, "the name of a snapshot, SHARE/NAME, is needed");
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	snapshots_load(ctl, &all);
	s = snapshots_find(ctl, &all, *words);
	good = s && snapshot_delete_heads(ctl, &s, 1);
	snapshots_free(&all);
	return good ? CTL_OK : CTL_REFUSED;
}

int offload_snapshot(struct ctl *ctl, char **words)
{
	static const struct {
		const char *name;
		int (*run)(struct ctl *ctl, char **words);
	} verbs[] = {
		{ "create", snapshot_create }, { "list", snapshot_list }, { "show", snapshot_show },
		{ "diff", snapshot_diff }, { "restore", snapshot_restore },
		{ "expose", snapshot_expose }, { "hide", snapshot_hide },
		{ "delete", snapshot_delete },
	};
	const char *verb;
	size_t i;

	if (*words && !strcmp(*words, "--json")) {
		ctl->json = true;
		words++;
	}
	if (!*words)
		return ctl_usage(ctl, "snapshot needs an action, such as list");
	verb = *words++;
	if (*words && !strcmp(*words, "--json")) {
		ctl->json = true;
		words++;
	}
	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verb, verbs[i].name))
			return verbs[i].run(ctl, words);
	return ctl_unknown(ctl, "action", verb, NULL);
}
