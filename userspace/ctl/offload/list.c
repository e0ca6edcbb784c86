// SPDX-License-Identifier: GPL-2.0-only
/* Lists of the objects of stores. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "list.h"

/* Take a line "NAME SIZE TIME". Returns the name, which may be longer than Ditto's names are. */
static const char *list_add_line(struct offload_list *l, const char *store, char *line)
{
	struct index_object o = { .store = store };
	unsigned long long size, modified;
	char *numbers = strchr(line, ' ');

	if (!numbers || sscanf(numbers, "%llu %llu", &size, &modified) != 2)
		return NULL;
	*numbers = '\0';
	o.size = size;
	o.modified = modified;
	if (object_name_parse(line, &o.kind, o.name))
		l->each(l->arg, &o);
	else if (!strncmp(line, "snapshots/", strlen("snapshots/")) ||
		 !strncmp(line, "garbage/", strlen("garbage/")) ||
		 !strncmp(line, "filesystems/", strlen("filesystems/")))
		/* Others are left alone, but what this one needs is not known. */
		l->problem(l->arg, line, "this is no name of an object of Ditto's");
	return line;
}

/*
 * Go on behind the last name of a page. A store that does not sort by names, or gives the same page
 * again, would be asked for ever. Returns false after a problem.
 */
static bool list_advance(struct offload_list *l, const char *store, const char *last)
{
	size_t len = last ? strlen(last) : 0;

	if (len >= sizeof(l->after)) {
		l->problem(l->arg, store, "a name in the list is too long to go on from");
		return false;
	}
	if (!last || strcmp(last, l->after) <= 0) {
		l->problem(l->arg, store,
			   "the list does not advance: it goes on with no later name");
		return false;
	}
	memcpy(l->after, last, len + 1);
	return true;
}

void offload_list_result(struct offload_list *l, const struct offload_result *r)
{
	const char *last = NULL, *name;
	char *text, *line, *next;
	size_t len = 0;

	l->more = false;
	if (r->error) {
		l->problem(l->arg, r->store, r->text);
		return;
	}
	text = (char *)offload_file_read(r->file, &len);
	for (line = text ? strtok_r(text, "\n", &next) : NULL; line;
	     line = strtok_r(NULL, "\n", &next)) {
		name = list_add_line(l, r->store, line);
		last = name ?: last;
	}
	/* Without a place to go on from, the list would begin anew. */
	if (r->more && !text)
		l->problem(l->arg, r->store, "a page of the list has no object of Ditto's");
	l->more = r->more && text && list_advance(l, r->store, last);
	free(text);
}

static void list_prefix(struct offload_list *l, const char *store, const char *prefix)
{
	char *words;

	l->after[0] = '\0';
	do {
		words = mem_print("%s\n%s", prefix, l->after);
		offload_orders_add(l->orders, OFFLOAD_CTL_LIST, store, words, 0);
		offload_orders_wait(l->orders);
		free(words);
	} while (l->more);
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
