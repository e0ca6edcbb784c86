// SPDX-License-Identifier: GPL-2.0-only
/* What ditto-guard watches, see guard.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "guard.h"
#include "guard_status.h"
#include "ctl/offload/mounts.h"
#include "daemon/detached.h"
#include "mem.h"
#include "object/guarded.h"
#include "out.h"

#define NOT_LISTED "ditto-guard does not know its file system: without Ditto, its offloaded files read as zeros (systemctl restart dittod; dittoctl offload rebuild)"
#define NO_ANSWER "its file system does not answer, so it is not known whether ditto-guard knows it"

/* Bytes of a thread's stack. */
#define STACK_SIZE	(128 * 1024)

/* "BY UUID PATH" */
static void guard_take(struct guard *g, char *line)
{
	char *id = strchr(line, ' '), *path = id ? strchr(id + 1, ' ') : NULL;

	if (!path)
		return;
	*id++ = '\0';
	*path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	g->list = mem_grow(g->list, g->n, sizeof(*g->list));
	g->list[g->n++] = (struct guard_mount) {
		.by = mem_string(line),
		.id = mem_string(id),
		.path = mem_string(path),
	};
}

void guard_look(struct guard *g)
{
	int lock = open(GUARD_LOCK_PATH, O_RDONLY | O_CLOEXEC);
	struct guarded all;
	FILE *file;
	char *line = NULL;
	size_t size = 0;
	struct why why;

	/* Who may not read the list sees nothing of it. */
	g->is_needed = guarded_read(&all, &why) && all.n;
	guarded_free(&all);
	if (lock < 0)
		return;
	g->runs = flock(lock, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(lock);
	file = g->runs ? fopen(GUARD_STATUS_PATH, "re") : NULL;
	if (!file)
		return;
	while (getline(&line, &size, file) >= 0)
		guard_take(g, line);
	free(line);
	fclose(file);
}

/* Whether the file system of an open directory is in the list, or is gone after a restart. */
static bool guard_lists(const struct guarded *all, int fd)
{
	struct mount_table mounts;
	struct filesystem fs;
	struct why why;
	bool found;
	size_t i;

	if (!mount_table_read(&mounts, &why))
		return true;
	found = !filesystem_find(&mounts, fd, &fs, &why) || !strcmp(fs.type, "tmpfs");
	for (i = 0; i < all->n && !found; i++)
		found = !memcmp(all->list[i].id, fs.id, sizeof(fs.id));
	mount_table_free(&mounts);
	return found;
}

/**
 * struct guard_call - a look at the file system of a share, which may hang
 * @call: the call about the path of the share
 * @missing: ditto-guard would not watch the file system
 */
struct guard_call {
	struct detached_path call;
	bool missing;
};

static struct guard_call *guard_call_of(const struct detached *one)
{
	return (struct guard_call *)one;
}

static int guard_call_run(struct detached *one)
{
	struct guard_call *call = guard_call_of(one);
	struct guarded all = { 0 };
	struct why why;
	int fd;

	fd = open(call->call.path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	call->missing = guarded_read(&all, &why) && !guard_lists(&all, fd);
	guarded_free(&all);
	close(fd);
	return 0;
}

static void guard_call_read(const struct detached *one, void *missing)
{
	*(bool *)missing = guard_call_of(one)->missing;
}

static const struct detached_ops guard_call_ops = {
	.stack_size = STACK_SIZE,
	.path_size = sizeof(struct guard_call),
	.run = guard_call_run,
	.read = guard_call_read,
};

static struct detached_list guard_calls = DETACHED_LIST(&guard_call_ops);

static bool guard_share_counts(const struct share *s)
{
	return s->offload && !geteuid();
}

void guard_share_begin(const struct share *s)
{
	if (guard_share_counts(s))
		detached_begin(&guard_calls, s->path);
}

char *guard_share_note(const struct share *s, u64 until)
{
	bool missing = false;

	if (!guard_share_counts(s))
		return NULL;
	if (detached_get(&guard_calls, s->path, until, &missing) == -ETIMEDOUT)
		return mem_print("share %s: " NO_ANSWER, s->name);
	return missing ? mem_print("share %s: " NOT_LISTED, s->name) : NULL;
}

void guard_free(struct guard *g)
{
	while (g->n) {
		g->n--;
		free(g->list[g->n].by);
		free(g->list[g->n].id);
		free(g->list[g->n].path);
	}
	free(g->list);
}

void guard_json(const struct guard *g)
{
	size_t i;

	json_open(stdout, "guard", '{');
	json_bool(stdout, "runs", g->runs);
	json_open(stdout, "filesystems", '[');
	for (i = 0; i < g->n; i++) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "path", g->list[i].path);
		json_string(stdout, "id", g->list[i].id);
		json_string(stdout, "by", g->list[i].by);
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
	json_close(stdout, '}');
}

void guard_print(const struct guard *g)
{
	static const struct column columns[] = {
		{ "OFFLOADED FILES BELOW", false }, { "GUARDED BY", false }, { NULL, false }
	};
	struct table *t;
	size_t i;

	if (!g->n)
		return;
	t = table_new(columns);
	for (i = 0; i < g->n; i++) {
		table_cell(t, "%s", g->list[i].path);
		table_cell(t, "%s", g->list[i].by);
	}
	table_end(t, stdout);
}
