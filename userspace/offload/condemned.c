// SPDX-License-Identifier: GPL-2.0-only
/* Condemned objects. See condemned.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "condemned.h"
#include "store/listing.h"
#include "load.h"
#include "mem.h"
#include "object/name_set.h"

#define FOLDER		"garbage/"
/* Most names of a set: 256 MiB, as the table doubles. With more, everything is condemned. */
#define NAMES_MAX	(4U << 20)
/* A store may go on with a request that it has not answered for so many of its timeouts. */
#define LATE		2

/**
 * struct condemned - the condemned objects of one store
 * @list: entry in struct condemnations' list
 * @all: the set
 * @name: name of the store
 * @names: names of the lists, and of those that an earlier run has read, in case that a list does
 *	not come yet
 * @relied: condemned objects on which uploads rely since the run began
 * @sent: those that were sent since then
 * @deleting: objects that are being deleted
 * @late: objects that a request without an answer may still delete
 * @late_until: clock_ms() until which that is so
 * @wake_at: clock_ms() at which those who wait for time go on; 0 if there are none
 * @full: there are more names than are remembered
 * @unusable: a list cannot be used, so any object may be condemned
 * @run: number of the run of gc; 0 if there was none
 * @waits: those who wait
 * @woken: those who are about to go on
 * @loading: the definition of the store whose lists are being read, or NULL
 * @transfer: request for a page of names of lists
 * @query: of that request
 * @page: the answer to it
 * @lines: lines of the page
 * @next: where the next line begins
 * @after: name from which the next page goes on
 * @more: there is another page
 * @advances: the page has a later name than those before
 * @load: reads a list
 */
struct condemned {
	TAILQ_ENTRY(condemned) list;
	struct condemnations *all;
	char name[OFFLOAD_STORE_MAX + 1];
	struct name_set names[2];
	struct name_set relied;
	struct name_set sent;
	struct name_set deleting;
	struct name_set late;
	u64 late_until;
	u64 wake_at;
	bool full;
	bool unusable;
	u32 run;
	LIST_HEAD(condemned_waits, condemned_wait) waits;
	struct condemned_waits woken;

	struct store *loading;
	struct transfer transfer;
	char *query;
	u8 *page;
	char *lines;
	char *next;
	char after[OBJECT_NAME_SIZE];
	bool more;
	bool advances;
	struct load load;
};

/**
 * struct condemnations - the condemned objects of all stores
 * @list: by store
 * @engine: what all requests share
 * @began: clock_ms() at the start of the process
 */
struct condemnations {
	TAILQ_HEAD(, condemned) list;
	struct engine *engine;
	u64 began;
};

struct condemnations *condemnations_new(struct engine *engine)
{
	struct condemnations *all = mem_new(sizeof(*all));

	all->engine = engine;
	all->began = clock_ms();
	TAILQ_INIT(&all->list);
	return all;
}

static struct condemned *condemned_of(struct condemnations *all, const struct store *store)
{
	struct condemned *c;

	TAILQ_FOREACH(c, &all->list, list)
		if (!strcmp(c->name, store->name))
			return c;
	c = mem_new(sizeof(*c));
	c->all = all;
	memcpy(c->name, store->name, sizeof(c->name));
	LIST_INIT(&c->waits);
	LIST_INIT(&c->woken);
	TAILQ_INSERT_TAIL(&all->list, c, list);
	return c;
}

static bool condemned_is_named(const struct condemned *c, const u8 name[HASH_SIZE])
{
	return name_set_has(&c->names[0], name) || name_set_has(&c->names[1], name);
}

/* If not all names are known, any object may be condemned. */
static bool condemned_has(const struct condemned *c, const u8 name[HASH_SIZE])
{
	return c->full || c->unusable || condemned_is_named(c, name);
}

/* If a list is unusable, any name may come. If there are too many, no object is deleted. */
static void condemned_note(struct condemned *c, struct name_set *set, const u8 name[HASH_SIZE])
{
	if (c->full || !condemned_has(c, name))
		return;
	name_set_add(set, name);
	c->full = set->n > NAMES_MAX;
}

static void condemned_add_names(struct condemned *c, const struct garbage_list *list)
{
	u32 i, kind;

	/* Those that are kept may have been deleted before. */
	for (i = 0; i < list->n && !c->full; i++) {
		name_set_add(&c->names[0], garbage_get(list, i, &kind));
		c->full = c->names[0].n > NAMES_MAX;
	}
}

void condemned_stop_waiting(struct condemned_wait *w)
{
	if (w->waits)
		LIST_REMOVE(w, list);
	w->waits = false;
}

static void condemned_wait(struct condemned *c, struct condemned_wait *w)
{
	w->waits = true;
	LIST_INSERT_HEAD(&c->waits, w, list);
}

/* Let all go on who wait. They may have to wait again, and end others. */
static void condemned_wake(struct condemned *c, int error, const char *why)
{
	struct condemned_wait *w;

	while ((w = LIST_FIRST(&c->waits))) {
		LIST_REMOVE(w, list);
		LIST_INSERT_HEAD(&c->woken, w, list);
	}
	while ((w = LIST_FIRST(&c->woken))) {
		condemned_stop_waiting(w);
		w->go(w, error, why);
	}
}

u64 condemnations_tick(struct condemnations *all)
{
	u64 now = clock_ms(), next = UINT64_MAX;
	struct condemned *c;

	TAILQ_FOREACH(c, &all->list, list) {
		if (c->late_until <= now)
			name_set_free(&c->late);
		if (c->wake_at && c->wake_at <= now) {
			c->wake_at = 0;
			condemned_wake(c, 0, NULL);
		}
		if (c->wake_at && c->wake_at - now < next)
			next = c->wake_at - now;
	}
	return next;
}

/* The lists were read, or could not be. */
static void condemned_loaded(struct condemned *c, int error, const char *why)
{
	struct store *store = c->loading;

	free(c->query);
	free(c->page);
	free(c->lines);
	c->query = NULL;
	c->page = NULL;
	c->lines = NULL;
	c->loading = NULL;
	store->knows_condemned = !error;
	condemned_wake(c, error, why);
	store_put(store);
}

static void condemned_load_next(struct condemned *c);

/* Take the names of a list that was read. */
static void condemned_got_list(struct load *l)
{
	struct condemned *c = l->arg;
	struct garbage_list list;
	struct why why;
	u8 *bytes;

	/* The names may be old: it has been deleted. */
	if (l->error == ENODATA) {
		condemned_load_next(c);
		return;
	}
	if (l->error && l->damaged) {
		c->unusable = true;
		condemned_load_next(c);
		return;
	}
	if (l->error) {
		condemned_loaded(c, l->error, l->why.text);
		return;
	}
	/* Anybody can have made it, also before the store got its keys. */
	if (!envelope_is_ours(&l->envelope, l->store->n_keys)) {
		close(l->file);
		condemned_load_next(c);
		return;
	}
	bytes = mmap(NULL, l->len, PROT_READ, MAP_PRIVATE, l->file, 0);
	close(l->file);
	if (bytes == MAP_FAILED) {
		condemned_loaded(c, errno, "no memory for a list of garbage");
		return;
	}
	if (garbage_decode(&list, bytes, l->len, &why))
		condemned_add_names(c, &list);
	else
		c->unusable = true;
	munmap(bytes, l->len);
	condemned_load_next(c);
}

static void condemned_load_page(struct condemned *c);

/* Read the next list of the page: a line "NAME SIZE TIME". */
static void condemned_load_next(struct condemned *c)
{
	struct load *l = &c->load;
	char *line, *end;
	u32 kind;

	while (c->next && *c->next) {
		line = c->next;
		end = line + strcspn(line, "\n");
		c->next = *end ? end + 1 : end;
		line[strcspn(line, " ")] = '\0';
		if (strncmp(line, FOLDER, strlen(FOLDER)))
			continue;
		/* A store that gives the same names again would be asked for ever. */
		if (strcmp(line, c->after) <= 0) {
			condemned_loaded(c, EIO,
					 "the store's list of garbage goes on with no later name");
			return;
		}
		snprintf(c->after, sizeof(c->after), "%s", line);
		c->advances = true;
		if (!object_name_parse(line, &kind, l->name) || kind != ENVELOPE_GARBAGE) {
			c->unusable = true;
			continue;
		}
		load_start(l);
		return;
	}
	if (c->more && c->advances)
		condemned_load_page(c);
	else if (c->more)
		condemned_loaded(c, EIO, "the store's list of garbage has a page of other names");
	else
		condemned_loaded(c, 0, NULL);
}

static void condemned_got_page(struct transfer *t)
{
	struct condemned *c = t->arg;
	struct listing l;
	struct why why;

	if (t->outcome != OUTCOME_GOOD) {
		condemned_loaded(c, t->error, t->why.text);
		return;
	}
	if (!listing_parse(&l, (const char *)c->page, t->got, t->store->prefix, &why)) {
		condemned_loaded(c, EIO, why.text);
		return;
	}
	free(c->lines);
	c->lines = l.lines;
	c->next = l.lines;
	c->more = l.more && l.n;
	condemned_load_next(c);
}

static void condemned_load_page(struct condemned *c)
{
	struct store *store = c->loading;
	struct transfer *t = &c->transfer;
	char *folder = mem_print("%s" FOLDER, store->prefix);
	char *after = c->after[0] ? mem_print("%s%s", store->prefix, c->after) : mem_string("");

	c->advances = false;
	free(c->query);
	c->query = listing_query(folder, after);
	free(folder);
	free(after);
	if (!c->page)
		c->page = mem_new(LISTING_MAX);
	memset(t, 0, sizeof(*t));
	t->store = store;
	t->method = TRANSFER_GET;
	t->urgency = TRANSFER_BACKGROUND;
	t->query = c->query;
	t->into = c->page;
	t->room = LISTING_MAX;
	t->done = condemned_got_page;
	t->arg = c;
	transfer_start(c->all->engine->transfers, t);
}

static void condemned_load(struct condemned *c, struct store *store)
{
	c->unusable = false;
	c->loading = store_get(store);
	c->after[0] = '\0';
	c->load = (struct load){ .engine = c->all->engine, .store = store,
				 .kind = ENVELOPE_GARBAGE, .urgency = TRANSFER_BACKGROUND,
				 .max = GARBAGE_MAX, .done = condemned_got_list, .arg = c,
				 .file = -1 };
	condemned_load_page(c);
}

bool condemned_know(struct condemnations *all, struct store *store, struct condemned_wait *w)
{
	struct condemned *c;

	if (store->knows_condemned)
		return true;
	c = condemned_of(all, store);
	if (!c->loading)
		condemned_load(c, store);
	condemned_wait(c, w);
	return false;
}

/*
 * The clock_ms() from which on nothing deletes an object. A process that ended may have left
 * requests to delete whatever is condemned.
 */
static u64 condemned_quiet_at(const struct condemned *c, const struct store *store,
			      const u8 name[HASH_SIZE])
{
	u64 at = condemned_has(c, name) ? c->all->began + LATE * store->timeout : 0;

	if (name_set_has(&c->deleting, name))
		return UINT64_MAX;
	return name_set_has(&c->late, name) && c->late_until > at ? c->late_until : at;
}

bool condemned_rely(struct condemnations *all, struct store *store, const u8 name[HASH_SIZE],
		    struct condemned_wait *w)
{
	struct condemned *c;
	u64 at;

	if (!condemned_know(all, store, w))
		return false;
	c = condemned_of(all, store);
	at = condemned_quiet_at(c, store, name);
	if (at > clock_ms()) {
		/* The end of a deletion wakes, too. */
		if (at != UINT64_MAX && (!c->wake_at || at < c->wake_at))
			c->wake_at = at;
		condemned_wait(c, w);
		return false;
	}
	condemned_note(c, &c->relied, name);
	return true;
}

bool condemned_doubts(struct condemnations *all, const struct store *store,
		      const u8 name[HASH_SIZE])
{
	const struct condemned *c = condemned_of(all, store);

	return condemned_has(c, name) && !name_set_has(&c->sent, name);
}

void condemned_sent(struct condemnations *all, const struct store *store,
		    const u8 name[HASH_SIZE])
{
	struct condemned *c = condemned_of(all, store);

	condemned_note(c, &c->sent, name);
}

void condemned_add(struct condemnations *all, const struct store *store,
		   const struct garbage_list *list)
{
	condemned_add_names(condemned_of(all, store), list);
}

u32 condemned_begin_run(struct condemnations *all, struct store *store)
{
	struct condemned *c = condemned_of(all, store);

	name_set_free(&c->names[1]);
	c->names[1] = c->names[0];
	c->names[0] = (struct name_set){ .size = 0 };
	name_set_free(&c->relied);
	name_set_free(&c->sent);
	c->full = false;
	store->knows_condemned = false;
	while (getrandom(&c->run, sizeof(c->run), 0) != sizeof(c->run) || !c->run)
		;
	return c->run;
}

bool condemned_is_run(struct condemnations *all, const struct store *store, u32 run)
{
	return store->knows_condemned && run && condemned_of(all, store)->run == run;
}

bool condemned_begin_deletion(struct condemnations *all, const struct store *store,
			      const u8 name[HASH_SIZE])
{
	struct condemned *c = condemned_of(all, store);

	if (c->full || !condemned_is_named(c, name) || name_set_has(&c->relied, name))
		return false;
	name_set_add(&c->deleting, name);
	return true;
}

bool condemned_no_deletions(struct condemnations *all, const struct store *store,
			    struct condemned_wait *w)
{
	struct condemned *c = condemned_of(all, store);

	if (!c->deleting.n)
		return true;
	condemned_wait(c, w);
	return false;
}

void condemned_is_late(struct condemnations *all, const struct store *store,
		       const u8 name[HASH_SIZE])
{
	struct condemned *c = condemned_of(all, store);

	name_set_add(&c->late, name);
	c->late_until = clock_ms() + LATE * store->timeout;
}

void condemned_end_deletions(struct condemnations *all, const struct store *store)
{
	struct condemned *c = condemned_of(all, store);

	name_set_free(&c->deleting);
	condemned_wake(c, 0, NULL);
}
