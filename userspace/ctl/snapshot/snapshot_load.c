// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots as the stores have them, and what they refer to. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "mem.h"
#include "object/heads.h"
#include "offload/keep.h"
#include "ctl/offload/lock.h"
#include "ctl/offload/read.h"
#include "snapshot.h"
#include "ctl/offload/survey.h"

/* Bytes of one fetch. */
#define PIECE		(16ULL << 20)

void snapshot_problem(const struct ctl *ctl, const char *subject, const char *format, ...)
{
	char text[OFFLOAD_PROBLEM_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	offload_complain(ctl, isatty(STDERR_FILENO), subject, text);
}

const char *snapshot_time_text(u64 time, char buf[32])
{
	time_t seconds = (time_t)time;
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	strftime(buf, 32, "%Y-%m-%d_%H:%M:%S", &tm);
	return buf;
}

int snapshot_lock(void)
{
	int fd;

	while ((fd = offload_lock_upload()) == -EAGAIN)
		usleep(OFFLOAD_LOCK_PAUSE);
	return fd;
}

bool snapshot_note_head(struct ctl *ctl, const struct snapshot *s, int file)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_KEEP, .path = KEEP_NAME };
	union offload_ctl_answer a;
	char *name = NULL;
	struct why why;
	size_t len = 0;
	int got = -1;
	bool good;

	mkdir(INDEX_FOLDER, 0755);
	snprintf(request.store, sizeof(request.store), "%s", s->store);
	snprintf(request.share, sizeof(request.share), "%s", s->head.share);
	good = offload_call(&request, file, &a, &got, &why);
	if (good)
		name = (char *)offload_file_read(got, &len);
	if (good && !name)
		why_not(&why, "the name of the snapshot did not come");
	good = name && heads_note(HEADS_PATH, s->store, name, &why);
	if (!good)
		snapshot_problem(ctl, s->head.name, "%s", why.text);
	free(name);
	if (got >= 0)
		close(got);
	return good;
}

/**
 * struct loading - lists and heads that are being read
 * @ctl: this run of the tool
 * @all: filled
 * @reads: orders to read heads
 * @listed: number of snapshots that were listed and are there
 */
struct loading {
	struct ctl *ctl;
	struct snapshots *all;
	struct offload_orders *reads;
	size_t listed;
};

static void loading_problem(void *arg, const char *subject, const char *text)
{
	struct loading *l = arg;

	snapshot_problem(l->ctl, subject, "%s", text);
	l->all->problems++;
}

static void loading_read(void *arg, const struct offload_result *r)
{
	struct loading *l = arg;
	struct snapshots *all = l->all;
	struct snapshot *s;
	struct why why;
	size_t len = 0;
	u8 *bytes;

	/* The list may be old: it has been deleted. */
	if (r->error == ENODATA)
		return;
	if (r->error) {
		loading_problem(l, r->path, r->text);
		return;
	}
	bytes = offload_file_read(r->file, &len);
	all->list = mem_grow(all->list, all->n, sizeof(*all->list));
	s = &all->list[all->n];
	memset(s, 0, sizeof(*s));
	snprintf(s->store, sizeof(s->store), "%s", r->store);
	snprintf(s->object, sizeof(s->object), "%s", r->path);
	if (!bytes)
		loading_problem(l, r->path, "the snapshot did not come");
	else if (!snapshot_head_decode(&s->head, bytes, len, &why))
		loading_problem(l, r->path, why.text);
	else
		all->n++;
	free(bytes);
}

static int snapshot_compare(const void *a, const void *b)
{
	const struct snapshot *x = a, *y = b;

	if (x->head.time != y->head.time)
		return x->head.time < y->head.time ? -1 : 1;
	return strcmp(x->object, y->object);
}

/* A snapshot that is known is asked for by its name, too: lists may be old or damaged. */
static void loading_add_known(void *arg, const char *store, const u8 name[HASH_SIZE])
{
	char text[OBJECT_NAME_SIZE];
	struct loading *l = arg;
	size_t i;

	object_name(ENVELOPE_SNAPSHOT, name, text);
	for (i = 0; i < l->listed; i++)
		if (!strcmp(l->all->list[i].object, text) && !strcmp(l->all->list[i].store, store))
			return;
	offload_orders_add(l->reads, OFFLOAD_CTL_READ, store, text, 0);
}

/* Ask for all that the index, if it is given, and notes know, and that the lists do not have. */
static void loading_ask_known(struct loading *l, struct index *known)
{
	struct why why;

	offload_orders_wait(l->reads);
	l->listed = l->all->n;
	if (known) {
		index_snapshots(known, loading_add_known, l);
		index_partial_snapshots(known, loading_add_known, l);
		offload_orders_wait(l->reads);
		l->listed = l->all->n;
	}
	if (!heads_each(HEADS_PATH, loading_add_known, l, &why))
		loading_problem(l, HEADS_PATH, why.text);
}

static void snapshots_load_with(struct ctl *ctl, struct snapshots *all, struct index *known)
{
	struct loading l = { .ctl = ctl, .all = all };

	memset(all, 0, sizeof(*all));
	l.reads = offload_read_below("snapshots/", loading_read, loading_problem, &l);
	loading_ask_known(&l, known);
	offload_orders_free(l.reads);
	if (all->n)
		qsort(all->list, all->n, sizeof(*all->list), snapshot_compare);
}

void snapshots_load(struct ctl *ctl, struct snapshots *all)
{
	snapshots_load_with(ctl, all, NULL);
}

void snapshots_free(struct snapshots *all)
{
	free(all->list);
	memset(all, 0, sizeof(*all));
}

const struct snapshot *snapshots_find(struct ctl *ctl, const struct snapshots *all,
				      const char *text)
{
	const char *slash = strrchr(text, '/');
	size_t i;

	for (i = all->n; slash && i; i--) {
		const struct snapshot_head *h = &all->list[i - 1].head;

		if (!strcmp(h->name, slash + 1) && strlen(h->share) == (size_t)(slash - text) &&
		    !strncmp(h->share, text, (size_t)(slash - text)))
			return &all->list[i - 1];
	}
	snapshot_problem(ctl, text, slash ? "there is no such snapshot" :
			 "the name of a snapshot is SHARE/NAME");
	return NULL;
}

/* Take one part of what was fetched. Returns false if it does not fit. */
static bool tree_take(const struct offload_ctl_data *d, int file, u8 *bytes, u64 offset,
		      u64 length, u64 *got)
{
	u64 at = d->offset - offset;

	if (file < 0 || d->offset < offset || at > length || d->length > length - at ||
	    pread(file, bytes + at, d->length, (off_t)d->start) != (ssize_t)d->length)
		return false;
	*got += d->length;
	return true;
}

/* Fetch a part of the tree, not too large for a packet of each chunk. Returns 0 or an errno. */
static int tree_fetch(const struct snapshot *s, u64 offset, u64 length, u8 *bytes,
		      struct why *why)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_FETCH };
	union offload_ctl_answer a;
	u64 got = 0;
	int fd, file;
	bool good;

	snprintf(request.path, sizeof(request.path), "%llu %llu\n%.*s",
		 (unsigned long long)offset, (unsigned long long)length,
		 (int)s->head.cookie_len, (const char *)s->head.cookie);
	fd = offload_connect(&request, -1, why);
	if (fd < 0)
		return -ENOTCONN;
	why_not(why, "the tree of the snapshot did not come");
	while ((good = offload_answer(fd, &a, &file)) && a.type == OFFLOAD_CTL_DATA) {
		good = tree_take(&a.data, file, bytes, offset, length, &got);
		close(file);
		if (!good)
			break;
	}
	close(fd);
	if (good && a.type == OFFLOAD_CTL_FAILED) {
		why_not(why, "%.500s", a.failure.text);
		return a.failure.error ? -(int)a.failure.error : -EIO;
	}
	return good && a.type == OFFLOAD_CTL_OBJECT && got >= length ? 0 : -EIO;
}

/**
 * struct tree_scan - a tree that is being fetched
 * @tree: gets its bytes, unless it is NULL
 * @use: is called for each entry, unless it is NULL
 * @arg: for @use
 * @scan: the entries so far
 * @bytes: room for a piece of the tree, and for an entry that began before it
 * @len: bytes there
 */
struct tree_scan {
	struct snapshot_tree *tree;
	void (*use)(void *arg, const struct snapshot_entry *e);
	void *arg;
	struct snapshot_scan scan;
	u8 *bytes;
	size_t len;
};

/* Use the entries that are there as a whole. */
static bool tree_scan_entries(struct tree_scan *c, size_t pos, struct why *why)
{
	struct snapshot_entry e;
	size_t n;

	for (; pos < c->len && !snapshot_scan_waits(c->bytes + pos, c->len - pos); pos += n) {
		n = snapshot_scan_next(&c->scan, &e, c->bytes + pos, c->len - pos, why);
		if (!n)
			return false;
		if (c->use)
			c->use(c->arg, &e);
	}
	c->len -= pos;
	memmove(c->bytes, c->bytes + pos, c->len);
	return true;
}

/* Fetch a tree, which may be larger than memory. Returns as snapshot_load_tree(). */
static int tree_scan(const struct snapshot *s, struct tree_scan *c, struct why *why)
{
	u64 size = s->head.tree_size, pos, length;
	size_t head;
	int error = 0;

	c->bytes = malloc(PIECE + SNAPSHOT_ENTRY_MAX);
	if (!c->bytes)
		mem_out();
	for (pos = 0; pos < size && !error; pos += length) {
		length = size - pos < PIECE ? size - pos : PIECE;
		error = tree_fetch(s, pos, length, c->bytes + c->len, why);
		if (error)
			break;
		if (c->tree)
			snapshot_tree_add_bytes(c->tree, c->bytes + c->len, length);
		/* The rest would be fetched for nothing. */
		if (c->tree && c->tree->error) {
			error = -ENOSPC;
			break;
		}
		c->len += length;
		head = pos ? 0 : snapshot_scan_begin(&c->scan, c->bytes, c->len, why);
		if ((!pos && !head) || !tree_scan_entries(c, head, why))
			error = -EBADMSG;
	}
	if (!error && !snapshot_scan_end(&c->scan, c->len, why))
		error = -EBADMSG;
	free(c->bytes);
	return error;
}

int snapshot_load_tree(const struct snapshot *s, struct snapshot_tree *tree, struct why *why)
{
	struct tree_scan c = { 0 };
	int error;

	if (!snapshot_tree_new(tree, why))
		return -ENOSPC;
	snapshot_tree_receive(tree);
	c.tree = tree;
	error = tree_scan(s, &c, why);
	tree->n = c.scan.n;
	if ((!error || tree->error) && !snapshot_tree_end(tree, why))
		return -ENOSPC;
	if (error)
		snapshot_tree_free(tree);
	return error;
}

int snapshot_open(struct ctl *ctl, const char *text, struct snapshot *s,
		  struct snapshot_tree *tree)
{
	const struct snapshot *found;
	struct snapshots all;
	struct why why;

	snapshots_load(ctl, &all);
	found = snapshots_find(ctl, &all, text);
	if (found)
		*s = *found;
	snapshots_free(&all);
	if (!found)
		return CTL_REFUSED;
	if (!snapshot_load_tree(s, tree, &why))
		return CTL_OK;
	snapshot_problem(ctl, text, "%s", why.text);
	return CTL_REFUSED;
}

/**
 * struct survey_known - snapshots that the index knows
 * @s: the survey
 * @all: snapshots of the stores
 * @known: by place in @all
 */
struct survey_known {
	struct offload_survey *s;
	struct snapshots *all;
	bool *known;
};

/* The snapshot with this name, or NULL. */
static bool *survey_find(struct survey_known *k, const char *store, const u8 name[HASH_SIZE])
{
	char text[OBJECT_NAME_SIZE];
	size_t i;

	object_name(ENVELOPE_SNAPSHOT, name, text);
	for (i = 0; i < k->all->n; i++)
		if (!strcmp(k->all->list[i].object, text) && !strcmp(k->all->list[i].store, store))
			return &k->known[i];
	return NULL;
}

static void survey_known(void *arg, const char *store, const u8 name[HASH_SIZE])
{
	struct survey_known *k = arg;
	bool *known = survey_find(k, store, name);

	if (known)
		*known = true;
	else
		index_forget_snapshot(k->s->index, store, name);
}

/* Those that are there still will be read again. */
static void survey_partial(void *arg, const char *store, const u8 name[HASH_SIZE])
{
	struct survey_known *k = arg;

	if (!survey_find(k, store, name))
		index_forget_snapshot(k->s->index, store, name);
}

static void survey_add(struct offload_survey *s, const struct snapshot *snapshot, const char *path,
		       const u8 *cookie, size_t len, u64 size)
{
	struct offload_record r;
	char *name;

	if (offload_record_set(&r, size, cookie, len)) {
		index_add_entry(s->index, &r);
		return;
	}
	name = mem_print("%s%s%s", snapshot->object, path ? "/" : "", path ? path : "");
	offload_survey_problem(s, name, "its record is damaged or of a later version");
	free(name);
}

/**
 * struct survey_adds - a snapshot that is being added to the index
 * @s: the survey
 * @snapshot: the snapshot
 * @name: its name
 * @begun: it has an entry
 */
struct survey_adds {
	struct offload_survey *s;
	const struct snapshot *snapshot;
	u8 name[HASH_SIZE];
	bool begun;
};

/* What was added of a tree that is not valid stays for now. */
static void survey_add_entry(void *arg, const struct snapshot_entry *e)
{
	struct survey_adds *a = arg;
	const struct snapshot *s = a->snapshot;

	if (!a->begun) {
		/* Parts of it, of a survey that was interrupted or that forgot the rest. */
		index_forget_snapshot(a->s->index, s->store, a->name);
		index_begin_snapshot(a->s->index, s->store, a->name, s->head.share);
	}
	a->begun = true;
	if (e->cookie_len)
		survey_add(a->s, s, e->path, e->cookie, e->cookie_len, e->size);
}

static void survey_add_snapshot(struct offload_survey *s, const struct snapshot *snapshot)
{
	const struct snapshot_head *h = &snapshot->head;
	struct survey_adds a = { .s = s, .snapshot = snapshot };
	struct tree_scan c = { .use = survey_add_entry, .arg = &a };
	u64 before = s->problems;
	struct why why;
	u32 kind;

	if (!object_name_parse(snapshot->object, &kind, a.name))
		return;
	if (tree_scan(snapshot, &c, &why))
		offload_survey_problem(s, snapshot->object, "%s", why.text);
	else
		survey_add(s, snapshot, NULL, h->cookie, h->cookie_len, h->tree_size);
	if (s->problems == before)
		index_end_snapshot(s->index);
}

bool snapshot_survey(struct offload_survey *s)
{
	u64 before = s->problems;
	struct survey_known k = { .s = s };
	struct snapshots all;
	size_t i;

	snapshots_load_with(s->ctl, &all, s->index);
	s->problems += all.problems;
	k.all = &all;
	k.known = mem_new((all.n + 1) * sizeof(*k.known));
	/* If a store does not answer, its snapshots are not gone. */
	if (!all.problems) {
		index_snapshots(s->index, survey_known, &k);
		index_partial_snapshots(s->index, survey_partial, &k);
	}
	for (i = 0; i < all.n && !all.problems; i++)
		if (!k.known[i])
			survey_add_snapshot(s, &all.list[i]);
	free(k.known);
	snapshots_free(&all);
	return s->problems == before;
}
