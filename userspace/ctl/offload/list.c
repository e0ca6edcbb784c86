// SPDX-License-Identifier: GPL-2.0-only
/* Lists of the objects of stores. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "list.h"

/* Go on with the name behind the last one. */
static void range_advance(struct index_range *r, const u8 last[HASH_SIZE])
{
	int i;

	memcpy(r->first, last, HASH_SIZE);
	for (i = HASH_SIZE - 1; i >= 0 && !++r->first[i]; i--)
		;
}

/*
 * Take a line "NAME SIZE TIME". Returns the name, which may be longer than Ditto's names are.
 * @last: the greatest name of an object so far
 */
static const char *list_add_line(struct offload_list *l, const char *store, char *line,
				 u8 last[HASH_SIZE])
{
	struct index_object o = { .store = store };
	unsigned long long size, modified;
	char *numbers = strchr(line, ' ');

	if (!numbers || sscanf(numbers, "%llu %llu", &size, &modified) != 2)
		return NULL;
	*numbers = '\0';
	o.size = size;
	o.modified = modified;
	if (object_name_parse(line, &o.kind, o.name)) {
		if (memcmp(last, o.name, HASH_SIZE) < 0)
			memcpy(last, o.name, HASH_SIZE);
		l->each(l->arg, &o);
	} else if (!strncmp(line, "snapshots/", strlen("snapshots/")) ||
		   !strncmp(line, "garbage/", strlen("garbage/")) ||
		   !strncmp(line, "filesystems/", strlen("filesystems/"))) {
		/* Others are left alone, but what this one needs is not known. */
		l->problem(l->arg, line, "this is no name of an object of Ditto's");
	}
	return line;
}

/*
 * Go on behind the last name of a page. A store that does not sort by names, or gives the same page
 * again, would be asked for ever. Returns false after a problem.
 */
static bool list_advance(struct offload_list *l, struct offload_list_part *p, const char *store,
			 const char *last)
{
	size_t len = last ? strlen(last) : 0;

	if (len >= sizeof(p->after)) {
		l->problem(l->arg, store, "a name in the list is too long to go on from");
		return false;
	}
	if (!last || strcmp(last, p->after) <= 0) {
		l->problem(l->arg, store,
			   "the list does not advance: it goes on with no later name");
		return false;
	}
	memcpy(p->after, last, len + 1);
	return true;
}

void offload_list_result(struct offload_list *l, const struct offload_result *r)
{
	struct offload_list_part *p = &l->part[r->tag];
	const char *last = NULL, *name;
	struct index_range range;
	char *text, *line, *next;
	u8 end[HASH_SIZE] = { 0 };
	size_t len = 0;

	p->more = false;
	if (r->error) {
		l->problem(l->arg, r->store, r->text);
		return;
	}
	text = (char *)offload_file_read(r->file, &len);
	for (line = text ? strtok_r(text, "\n", &next) : NULL; line;
	     line = strtok_r(NULL, "\n", &next)) {
		name = list_add_line(l, r->store, line, end);
		last = name ?: last;
	}
	/* Without a place to go on from, the list would begin anew. */
	if (r->more && !text)
		l->problem(l->arg, r->store, "a page of the list has no object of Ditto's");
	p->more = r->more && text && list_advance(l, p, r->store, last);
	free(text);
	/* The last page has all that is left, and another one all up to its last object. */
	if (r->more && memcmp(end, p->range.first, HASH_SIZE) < 0)
		return;
	range = p->range;
	range.store = r->store;
	if (r->more)
		memcpy(range.last, end, HASH_SIZE);
	if (l->page)
		l->page(l->arg, &range);
	range_advance(&p->range, range.last);
}

/* Begin the list of a prefix, which may end with the first digit of names. */
static void part_begin(struct offload_list_part *p, const char *prefix, const char *digit)
{
	u8 name[HASH_SIZE];

	memset(p, 0, sizeof(*p));
	snprintf(p->prefix, sizeof(p->prefix), "%s%s", prefix, digit);
	object_name_parse(prefix, &p->range.kind, name);
	memset(p->range.last, 0xff, HASH_SIZE);
	if (*digit) {
		p->range.first[0] = (u8)(strtoul(digit, NULL, 16) << 4);
		p->range.last[0] = p->range.first[0] | 0xf;
	}
	p->more = true;
}

/* Ask for a page of each part that has another one. Returns whether there was one. */
static bool list_ask(struct offload_list *l, const char *store)
{
	bool asked = false;
	char *words;
	size_t i;

	for (i = 0; i < OFFLOAD_LIST_PARTS; i++) {
		if (!l->part[i].more)
			continue;
		asked = true;
		words = mem_print("%s\n%s", l->part[i].prefix, l->part[i].after);
		offload_orders_add(l->orders, OFFLOAD_CTL_LIST, store, words, i);
		free(words);
	}
	if (asked)
		offload_orders_wait(l->orders);
	return asked;
}

/*
 * Data has lists of many pages, whose parts are read in parallel. Of other prefixes, names that are
 * none of Ditto's matter, too.
 */
static void list_prefix(struct offload_list *l, const char *store, const char *prefix)
{
	char digit[2] = "";
	size_t i;

	memset(l->part, 0, sizeof(l->part));
	part_begin(&l->part[0], prefix, digit);
	list_ask(l, store);
	if (l->part[0].more && l->part[0].range.kind <= ENVELOPE_PACK) {
		for (i = 0; i < OFFLOAD_LIST_PARTS; i++) {
			snprintf(digit, sizeof(digit), "%zx", i);
			part_begin(&l->part[i], prefix, digit);
		}
	}
	while (list_ask(l, store))
		;
}

bool offload_each_store(void (*use)(void *arg, const char *store), void *arg, struct why *why)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_STATUS };
	union offload_ctl_answer a;
	int fd = offload_connect(&request, -1, why);
	bool good;

	if (fd < 0)
		return false;
	while ((good = offload_answer(fd, &a, NULL)) && a.type == OFFLOAD_CTL_STORE)
		use(arg, a.store.name);
	close(fd);
	return good || why_not(why, "dittod has ended");
}

/**
 * struct stores_list - lists of stores
 * @l: the lists
 * @only: name of a store, or NULL for all
 * @prefixes: what is listed; ends with NULL
 * @found: there is such a store
 */
struct stores_list {
	struct offload_list *l;
	const char *only;
	const char *const *prefixes;
	bool found;
};

static void list_store(void *arg, const char *store)
{
	struct stores_list *s = arg;
	const char *const *prefix;

	if (s->only && strcmp(s->only, store))
		return;
	s->found = true;
	for (prefix = s->prefixes; *prefix; prefix++)
		list_prefix(s->l, store, *prefix);
}

/* List the objects below some prefixes in the stores. */
static bool list_stores(struct offload_list *l, const char *only, const char *const *prefixes)
{
	struct stores_list s = { .l = l, .only = only, .prefixes = prefixes };
	struct why why;

	if (offload_each_store(list_store, &s, &why))
		return s.found;
	l->problem(l->arg, "stores", why.text);
	return true;
}

bool offload_list_stores(struct offload_list *l, const char *only)
{
	static const char *const prefixes[] = { "chunks/", "manifests/", "packs/",
					       "snapshots/", NULL };

	return list_stores(l, only, prefixes);
}

void offload_list_below(struct offload_list *l, const char *prefix)
{
	const char *const prefixes[] = { prefix, NULL };

	list_stores(l, NULL, prefixes);
}
