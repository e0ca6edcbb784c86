// SPDX-License-Identifier: GPL-2.0-only
/* Lists of garbage: what gc has condemned, and dittoctl offload undelete. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl.h"
#include "fault.h"
#include "mem.h"
#include "offload/collect.h"
#include "garbage.h"
#include "read.h"
#include "ctl/out.h"

/* Seconds for which lists stay that nobody needs: copies of a store may lag behind. */
#define SPENT		86400ULL

static void garbage_problem(void *arg, const char *subject, const char *text)
{
	offload_survey_problem(arg, subject, "%s", text);
}

/* Which objects it condemns or keeps is not known: those condemned before it are in doubt. */
static void garbage_is_damaged(struct offload_survey *s, const struct offload_result *r,
			       const u8 name[HASH_SIZE], const char *cause)
{
	char *text = mem_print("%s; what was condemned before this list is condemned anew", cause);

	offload_complain(s->ctl, false, r->path, text);
	free(text);
	index_add_list(s->index, &(struct index_list){
		.store = r->store, .name = name, .time = r->tag, .damaged = true });
}

/* The later one of two clocks counts, so that neither of them shortens the time. */
static void garbage_read(void *arg, const struct offload_result *r)
{
	struct offload_survey *s = arg;
	struct index_object o = { .store = r->store };
	struct garbage_list list;
	u8 name[HASH_SIZE], *bytes;
	struct why why;
	size_t len = 0;
	u32 kind, i;

	/* The store process leaves it out, too. */
	if (r->error == ENOKEY)
		return;
	if (r->error == EBADMSG && object_name_parse(r->path, &kind, name)) {
		garbage_is_damaged(s, r, name, r->text);
		return;
	}
	/* One that keeps objects may be among those that are listed and do not come. */
	if (r->error) {
		offload_survey_problem(s, r->path, "%s", r->text);
		return;
	}
	bytes = offload_file_read(r->file, &len);
	if (!bytes || !object_name_parse(r->path, &kind, name)) {
		offload_survey_problem(s, r->path, "the list of garbage did not come");
	} else if (!garbage_decode(&list, bytes, len, &why)) {
		garbage_is_damaged(s, r, name, why.text);
	} else {
		o.since = list.time > r->tag ? list.time : r->tag;
		index_add_list(s->index, &(struct index_list){
			.store = r->store, .name = name, .time = o.since, .kept = list.kept });
		for (i = 0; i < list.n; i++) {
			memcpy(o.name, garbage_get(&list, i, &o.kind), HASH_SIZE);
			index_add_condemned(s->index, &o, list.kept);
		}
	}
	free(bytes);
}

bool offload_garbage_load(struct offload_survey *s)
{
	u64 before = s->problems;

	index_forget_lists(s->index);
	offload_orders_free(offload_read_below("garbage/", garbage_read, garbage_problem, s));
	if (s->problems == before)
		index_end_lists(s->index);
	return s->problems == before;
}

static void garbage_cleaned(void *arg, const struct offload_result *r)
{
	if (r->error)
		offload_survey_problem(arg, r->path, "%s", r->text);
}

static void garbage_clean(void *arg, const struct index_object *o)
{
	char name[OBJECT_NAME_SIZE];

	object_name(o->kind, o->name, name);
	offload_orders_add(arg, OFFLOAD_CTL_DELETE, o->store, name, 0);
}

void offload_garbage_clean(struct offload_survey *s)
{
	struct offload_orders *orders = offload_orders_new(garbage_cleaned, s);
	u64 now = (u64)time(NULL);

	index_spend_lists(s->index, now);
	index_spent_lists(s->index, now - SPENT, garbage_clean, orders);
	offload_orders_free(orders);
}

static void garbage_writer_flush(struct garbage_writer *w)
{
	struct garbage_list list = { .kept = w->kept, .time = w->time, .n = w->n };
	struct index_object o = { .store = w->store, .since = w->time };
	size_t len = w->n ? garbage_encode(&list, w->bytes) : 0;
	struct why why;
	u32 i;

	list.entries = w->bytes + GARBAGE_HEADER;
	w->n = 0;
	if (!len)
		return;
	if (!offload_keep(w->store, "list of garbage", w->bytes, len, &why)) {
		offload_survey_problem(w->s, w->store, "%s", why.text);
		return;
	}
	for (i = 0; i < list.n; i++) {
		memcpy(o.name, garbage_get(&list, i, &o.kind), HASH_SIZE);
		index_condemn(w->s->index, &o, w->kept);
	}
	w->written += list.n;
}

void garbage_writer_add(void *writer, const struct index_object *o)
{
	struct garbage_writer *w = writer;

	if (w->most && w->written + w->n >= w->most)
		return;
	if (w->n == GARBAGE_ENTRIES_MAX || strcmp(w->store, o->store))
		garbage_writer_flush(w);
	if (!w->bytes)
		w->bytes = mem_new(GARBAGE_MAX);
	snprintf(w->store, sizeof(w->store), "%s", o->store);
	/* The clock may have been set back since they were condemned. */
	if (w->kept && o->since > w->time)
		w->time = o->since;
	garbage_put(w->bytes, w->n++, o->kind, o->name);
}

void garbage_writer_end(struct garbage_writer *w)
{
	garbage_writer_flush(w);
	free(w->bytes);
	w->bytes = NULL;
}

/**
 * struct undelete - one run of the command
 * @s: the survey
 * @writer: writes the lists
 * @words: names of objects that stay; none for all
 */
struct undelete {
	struct offload_survey s;
	struct garbage_writer writer;
	char **words;
};

static void undelete_object(void *arg, const struct index_object *o)
{
	char name[OBJECT_NAME_SIZE];
	struct undelete *u = arg;
	char **word;

	object_name(o->kind, o->name, name);
	for (word = u->words; *word && strcmp(*word, name); word++)
		;
	if (*word || !*u->words)
		garbage_writer_add(&u->writer, o);
}

static void undelete_print(const struct undelete *u, const char *store)
{
	if (!u->s.ctl->json) {
		printf("%llu objects of store %s stay\n", (unsigned long long)u->writer.written,
		       store);
		return;
	}
	json_open(stdout, NULL, '{');
	json_string(stdout, "store", store);
	json_number(stdout, "objects", u->writer.written);
	json_close(stdout, '}');
	json_end(stdout);
}

static void undelete_began(void *arg, const struct offload_result *r)
{
	if (r->error)
		offload_survey_problem(arg, r->store, "%s", r->text);
}

/*
 * End the run of gc that may be deleting these objects, and wait for what it has begun. Returns
 * false after a message.
 */
static bool undelete_begin(struct undelete *u, const char *store)
{
	struct offload_orders *orders = offload_orders_new(undelete_began, &u->s);

	offload_orders_add(orders, OFFLOAD_CTL_COLLECT, store, COLLECT_BEGIN, 0);
	offload_orders_free(orders);
	return !u->s.problems;
}

int offload_undelete(struct ctl *ctl, char **words)
{
	struct undelete u = { .writer = { .kept = true } };
	const char *store;
	bool good;

	if (*words && !strcmp(*words, "--json")) {
		ctl->json = true;
		words++;
	}
	store = *words;
	if (!store)
		return ctl_usage(ctl, "the name of a store is missing");
	if (!strncmp(store, "--", 2))
		return ctl_unknown(ctl, "option", store, NULL);
	if (!offload_survey_open(&u.s, ctl, false))
		return CTL_REFUSED;
	u.words = words + 1;
	u.writer.s = &u.s;
	u.writer.time = (u64)time(NULL);
	/* A gc that begins later waits, and reads what this writes. */
	if (!index_lock(u.s.index))
		offload_survey_problem(&u.s, "the index", "%s", index_error(u.s.index));
	good = !u.s.problems && undelete_begin(&u, store) && offload_garbage_load(&u.s);
	if (good) {
		index_condemned(u.s.index, store, false, undelete_object, &u);
		garbage_writer_end(&u.writer);
		fault_point("undelete-sent");
	}
	if (good && !u.s.problems && !u.writer.written)
		offload_survey_problem(&u.s, store, "no such object is condemned there");
	good = offload_survey_commit(&u.s) && !u.s.problems;
	undelete_print(&u, store);
	offload_survey_close(&u.s);
	return good ? CTL_OK : CTL_REFUSED;
}

/* Add an object to a list. @d: its deletion, or NULL. */
static void row_add(struct table *t, const struct index_object *o, const struct index_deletion *d)
{
	char name[OBJECT_NAME_SIZE], bytes[OUT_VALUE_MAX], text[OUT_VALUE_MAX];

	object_name(o->kind, o->name, name);
	if (!t) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "store", o->store);
		json_string(stdout, "object", name);
		json_number(stdout, "size", o->size);
		json_number(stdout, "condemned", o->since);
		if (d && d->time)
			json_number(stdout, "deleted", d->time);
		if (d)
			json_number(stdout, "run", d->run);
		json_close(stdout, '}');
		return;
	}
	table_cell(t, "%s", o->store);
	table_cell(t, "%s", bytes_text((double)o->size, bytes));
	table_cell(t, "%s", time_text(o->since, 0, false, text));
	if (d) {
		table_cell(t, "%s", d->time ? time_text(d->time, 0, false, text) : "?");
		table_cell(t, "%s", time_text(d->run, 0, false, text));
	}
	table_cell(t, "%s", name);
}

static void list_row(void *arg, const struct index_object *o)
{
	row_add(arg, o, NULL);
}

int offload_garbage_list(struct ctl *ctl)
{
	static const struct column columns[] = {
		{ "STORE", false }, { "SIZE", true }, { "CONDEMNED", false }, { "OBJECT", false },
		{ NULL, false }
	};
	struct offload_survey s;
	struct table *t;
	bool good;

	if (!offload_survey_open(&s, ctl, false))
		return CTL_REFUSED;
	good = offload_garbage_load(&s);
	t = list_begin(ctl->json, columns);
	index_condemned(s.index, "", false, list_row, t);
	list_end(t);
	good = offload_survey_commit(&s) && good;
	offload_survey_close(&s);
	return good ? CTL_OK : CTL_REFUSED;
}

static void history_row(void *arg, const struct index_deletion *d)
{
	row_add(arg, &d->object, d);
}

int offload_garbage_history(struct ctl *ctl)
{
	static const struct column columns[] = {
		{ "STORE", false }, { "SIZE", true }, { "CONDEMNED", false }, { "DELETED", false },
		{ "RUN", false }, { "OBJECT", false }, { NULL, false }
	};
	struct offload_survey s;
	struct table *t;
	bool good;

	if (!offload_survey_open(&s, ctl, false))
		return CTL_REFUSED;
	t = list_begin(ctl->json, columns);
	index_deletions(s.index, history_row, t);
	list_end(t);
	good = offload_survey_commit(&s);
	offload_survey_close(&s);
	return good ? CTL_OK : CTL_REFUSED;
}
