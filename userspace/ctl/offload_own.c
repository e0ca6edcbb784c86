// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl offload take, and the question whose the stores are. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "mem.h"
#include "offload.h"
#include "offload/owner.h"
#include "offload_own.h"
#include "out.h"

/**
 * struct places - where stores are
 * @names: their names
 * @places: their places
 * @n: number of them
 */
struct places {
	char **names;
	char **places;
	size_t n;
};

/*
 * Where a store is, without what can be said in several ways: the scheme, its port, and the letters
 * of the host.
 */
static char *place_of(const char *where)
{
	bool tls = !strncmp(where, "https://", 8);
	const char *host = where + (tls ? 8 : 7), *port = tls ? ":443" : ":80";
	size_t len = strcspn(host, "/"), end = strlen(port), i;
	const char *rest = host + len;
	char *place;

	if (len > end && !strncmp(rest - end, port, end))
		len -= end;
	place = mem_print("%.*s%s", (int)len, host, rest);
	for (i = 0; i < len; i++)
		place[i] = (char)tolower(place[i]);
	return place;
}

/* What one of two stores in the same place does not need may be data of the other. */
static void places_add(struct places *p, struct offload_survey *s,
		       const struct offload_ctl_store *store)
{
	char *place = place_of(store->where);
	size_t i;

	for (i = 0; i < p->n; i++)
		if (!strcmp(p->places[i], place))
			offload_survey_problem(s, store->name,
					       "it is in the same place as the store %s: the data of one would be garbage of the other",
					       p->names[i]);
	p->names = mem_grow(p->names, p->n, sizeof(*p->names));
	p->places = mem_grow(p->places, p->n, sizeof(*p->places));
	p->names[p->n] = mem_string(store->name);
	p->places[p->n++] = place;
}

static void places_free(struct places *p)
{
	while (p->n) {
		free(p->names[--p->n]);
		free(p->places[p->n]);
	}
	free(p->names);
	free(p->places);
}

/**
 * struct own - a question for one store or all
 * @s: for messages
 * @taken: the store had another owner, or none
 */
struct own {
	struct offload_survey *s;
	bool taken;
};

static void own_done(void *arg, const struct offload_result *r)
{
	struct own *own = arg;

	if (r->error)
		offload_survey_problem(own->s, r->store, "%s", r->text);
	else
		own->taken = r->more;
}

bool offload_survey_own(struct offload_survey *s)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_STATUS };
	struct own own = { .s = s };
	struct offload_orders *orders = offload_orders_new(own_done, &own);
	union offload_ctl_answer a;
	struct places places = { .n = 0 };
	bool good = false;
	u64 before = s->problems;
	struct why why = { "dittod has ended" };
	int fd = offload_connect(&request, -1, &why);

	while (fd >= 0 && (good = offload_answer(fd, &a, NULL)) && a.type == OFFLOAD_CTL_STORE) {
		places_add(&places, s, &a.store);
		offload_orders_add(orders, OFFLOAD_CTL_OWN, a.store.name, "", 0);
	}
	if (fd >= 0)
		close(fd);
	places_free(&places);
	offload_orders_free(orders);
	if (!good)
		offload_survey_problem(s, "stores", "%s", why.text);
	return s->problems == before;
}

int offload_take(struct ctl *ctl, char **words)
{
	struct offload_survey s = { .ctl = ctl };
	struct own own = { .s = &s };
	struct offload_orders *orders;
	const char *name;

	if (*words && !strcmp(*words, "--json")) {
		ctl->json = true;
		words++;
	}
	name = *words;
	if (!name)
		return ctl_usage(ctl, "the name of a store is missing");
	if (!strncmp(name, "--", 2))
		return ctl_unknown(ctl, "option", name, NULL);
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	orders = offload_orders_new(own_done, &own);
	offload_orders_add(orders, OFFLOAD_CTL_OWN, name, OWNER_TAKE, 0);
	offload_orders_free(orders);
	if (s.problems)
		return CTL_REFUSED;
	if (ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "store", name);
		json_bool(stdout, "taken", own.taken);
		json_close(stdout, '}');
		json_end(stdout);
	} else {
		printf("store %s %s this server's\n", name, own.taken ? "is now" : "was already");
	}
	return CTL_OK;
}
