// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl offload take, and the question whose the stores are. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "mem.h"
#include "offload.h"
#include "object/owner_text.h"
#include "own.h"
#include "ctl/out.h"

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

/**
 * struct reading - the object ditto-owner of a store is read
 * @owner: filled
 * @there: there is one
 * @why: why it cannot be read
 * @good: the store has answered
 */
struct reading {
	struct owner_text *owner;
	bool there;
	struct why *why;
	bool good;
};

static void reading_done(void *arg, const struct offload_result *r)
{
	struct reading *reading = arg;
	size_t len = 0;
	u8 *text = offload_file_read(r->file, &len);

	reading->good = !r->error;
	if (r->error)
		why_not(reading->why, "%s", r->text);
	if (text)
		reading->there = owner_text_parse(reading->owner, (const char *)text, len);
	free(text);
}

bool offload_owner_read(const char *store, struct owner_text *owner, struct why *why)
{
	struct reading reading = { .owner = owner, .why = why };
	struct offload_orders *orders = offload_orders_new(reading_done, &reading);

	memset(owner, 0, sizeof(*owner));
	offload_orders_add(orders, OFFLOAD_CTL_OWN, store, OWNER_READ, 0);
	offload_orders_free(orders);
	if (reading.good && !reading.there)
		why_not(why, "store %s: there is no object " OWNER_OBJECT, store);
	return reading.there;
}

static void is_done(void *arg, const struct offload_result *r)
{
	*(bool *)arg = !r->error;
}

bool offload_owner_is(const char *store, const char *uuid)
{
	bool is = false;
	struct offload_orders *orders = offload_orders_new(is_done, &is);
	char *text = mem_print(OWNER_IS "%s", uuid);

	offload_orders_add(orders, OFFLOAD_CTL_OWN, store, text, 0);
	offload_orders_free(orders);
	free(text);
	return is;
}

/* Read the options. @text: filled with what dittod is asked. Returns CTL_OK, or a status. */
static int take_options(struct ctl *ctl, char ***words, struct why *text)
{
	why_not(text, "%s", OWNER_TAKE);
	for (; **words && !strncmp(**words, "--", 2); (*words)++) {
		if (!strcmp(**words, "--json")) {
			ctl->json = true;
		} else if (!strcmp(**words, "--new-bucket")) {
			why_not(text, "%s", OWNER_TAKE_NEW);
		} else if (!strcmp(**words, "--uuid") && (*words)[1]) {
			(*words)++;
			if (!store_uuid_is_good(**words))
				return ctl_usage(ctl, "'%.60s' is no UUID of a store", **words);
			why_not(text, OWNER_TAKE_UUID "%s", **words);
		} else {
			return ctl_unknown(ctl, "option", **words, NULL);
		}
	}
	return CTL_OK;
}

bool offload_take_store(struct ctl *ctl, const char *store, const char *order, bool *taken)
{
	struct offload_survey s = { .ctl = ctl };
	struct own own = { .s = &s };
	struct offload_orders *orders = offload_orders_new(own_done, &own);

	offload_orders_add(orders, OFFLOAD_CTL_OWN, store, order, 0);
	offload_orders_free(orders);
	*taken = own.taken;
	return !s.problems;
}

int offload_take(struct ctl *ctl, char **words)
{
	struct offload_survey s = { .ctl = ctl };
	struct owner_text owner;
	struct why text, why;
	const char *name;
	bool taken;
	int status = take_options(ctl, &words, &text);

	if (status)
		return status;
	name = *words;
	if (!name)
		return ctl_usage(ctl, "the name of a store is missing");
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	if (!offload_take_store(ctl, name, text.text, &taken))
		return CTL_REFUSED;
	if (!offload_owner_read(name, &owner, &why)) {
		offload_survey_problem(&s, name, "%s", why.text);
		return CTL_REFUSED;
	}
	if (ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "store", name);
		json_bool(stdout, "taken", taken);
		json_string(stdout, "uuid", owner.uuid);
		json_close(stdout, '}');
		json_end(stdout);
	} else {
		printf("store %s %s this server's; its UUID is %s\n", name,
		       taken ? "is now" : "was already", owner.uuid);
	}
	return CTL_OK;
}
