// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deletion of condemned objects: one request for all of them, or one for each where a store does
 * not know that. What an upload relies on stays. From here until the end of the requests, uploads
 * that are going to rely on one of these objects wait, and then find that it is gone.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/bulk.h"
#include "collect.h"
#include "condemned.h"
#include "object/envelope.h"
#include "mem.h"
#include "memfile.h"

/* Bytes of the longest line of the request, with its end. */
#define LINE_SIZE	(OBJECT_NAME_SIZE + 1)

/**
 * struct collect - a request
 * @list: entry in struct collects' list
 * @told: it was answered; the deletions go on
 * @engine: what all share
 * @id: number of the request
 * @store: the store; this is a user
 * @wait: for the lists of garbage
 * @run: number of the run of gc
 * @objects: the objects to delete
 * @n: number of them
 * @body: of the request for all
 * @answer: to it
 * @transfer: that request
 * @singles: requests for one object each, or NULL
 * @left: those that have not ended
 * @requests: requests that were made
 * @others: lines about objects that stay
 * @lines: where they are written
 * @lines_len: bytes of @others
 */
struct collect {
	LIST_ENTRY(collect) list;
	bool told;
	struct engine *engine;
	u64 id;
	struct store *store;
	struct condemned_wait wait;
	u32 run;
	struct bulk_object *objects;
	size_t n;
	char *body;
	u8 *answer;
	struct transfer transfer;
	struct transfer *singles;
	size_t left;
	u64 requests;
	char *others;
	FILE *lines;
	size_t lines_len;
};

/**
 * struct collects - all requests
 * @list: the requests
 * @engine: what all share
 */
struct collects {
	LIST_HEAD(, collect) list;
	struct engine *engine;
};

struct collects *collects_new(struct engine *engine)
{
	struct collects *all = mem_new(sizeof(*all));

	LIST_INIT(&all->list);
	all->engine = engine;
	return all;
}

static void collect_free(struct collect *c)
{
	LIST_REMOVE(c, list);
	if (c->lines)
		fclose(c->lines);
	free(c->others);
	free(c->objects);
	free(c->body);
	free(c->answer);
	free(c->singles);
	store_put(c->store);
	free(c);
}

static void collect_fail(struct collect *c, int error, const char *why)
{
	if (!c->told)
		out_send_failed(&c->engine->out, c->id, error, why);
	collect_free(c);
}

/* Tell the number of the run, and which objects stay. */
static void collect_tell(struct collect *c)
{
	const struct offload_msg msg = { .type = OFFLOAD_COLLECTED, .id = c->id, .number = c->run,
					 .requests = c->requests };
	int fd = -1;

	if (c->told) {
		collect_free(c);
		return;
	}
	if (fflush(c->lines))
		mem_out();
	if (c->lines_len)
		fd = memfile_new(c->others, c->lines_len);
	if (fd < -1) {
		collect_fail(c, -fd, "no memory for the names of objects");
		return;
	}
	out_send(&c->engine->out, &msg, fd);
	if (fd >= 0)
		close(fd);
	collect_free(c);
}

/* All requests have ended. */
static void collect_end(struct collect *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!c->objects[i].deleted)
			fprintf(c->lines, "%s %s%s\n", c->objects[i].name,
				c->objects[i].refused ? COLLECT_REFUSED : "", c->objects[i].cause);
	condemned_end_deletions(c->engine->condemned, c->store);
	collect_tell(c);
}

/* An attempt without an answer may still be under way, also if another one had one. */
static void collect_check_late(struct collect *c, const struct bulk_object *o,
			       const struct transfer *t)
{
	u64 answered = t->outcome == OUTCOME_BUSY ? 0 : 1;
	u8 name[HASH_SIZE];
	u32 kind;

	if (t->requests > answered && object_name_parse(o->name, &kind, name))
		condemned_is_late(c->engine->condemned, c->store, name);
}

static void collect_single_done(struct transfer *t)
{
	struct collect *c = t->arg;
	struct bulk_object *o = &c->objects[t - c->singles];

	c->requests += t->requests;
	collect_check_late(c, o, t);
	o->deleted = t->outcome == OUTCOME_GOOD || t->outcome == OUTCOME_MISSING;
	/* Other errors concern the way to the store, or the bucket. */
	o->refused = t->outcome == OUTCOME_REFUSED &&
		     (t->error == EACCES || t->error == EBUSY || t->error == EIO);
	snprintf(o->cause, sizeof(o->cause), "%.*s", (int)sizeof(o->cause) - 1, t->why.text);
	text_make_printable(o->cause);
	if (!--c->left)
		collect_end(c);
}

static void collect_single(struct collect *c)
{
	struct transfer *t;
	size_t i;

	c->left = c->n;
	c->singles = mem_new(c->n * sizeof(*c->singles));
	for (i = 0; i < c->n; i++) {
		t = &c->singles[i];
		t->store = c->store;
		t->method = TRANSFER_DELETE;
		t->urgency = TRANSFER_BACKGROUND;
		memcpy(t->object, c->objects[i].name, sizeof(t->object));
		t->done = collect_single_done;
		t->arg = c;
		transfer_start(c->engine->transfers, t);
	}
}

static void collect_done(struct transfer *t)
{
	struct collect *c = t->arg;
	struct why why;
	size_t i;

	c->requests += t->requests;
	for (i = 0; i < c->n; i++)
		collect_check_late(c, &c->objects[i], t);
	/*
	 * A store that does not know the request refuses it in one way or another. One that says so
	 * is not asked again.
	 */
	if (t->outcome == OUTCOME_REFUSED || t->outcome == OUTCOME_MISSING) {
		c->store->deletes_single |= t->outcome == OUTCOME_MISSING ||
					    t->error == EOPNOTSUPP;
		collect_single(c);
		return;
	}
	if (t->outcome != OUTCOME_GOOD ||
	    !bulk_parse(c->objects, c->n, c->store->prefix, (const char *)c->answer, t->got,
			&why)) {
		for (i = 0; i < c->n; i++)
			snprintf(c->objects[i].cause, sizeof(c->objects[i].cause), "%.*s",
				 BULK_CAUSE_SIZE - 1,
				 t->outcome == OUTCOME_GOOD ? why.text : t->why.text);
	}
	collect_end(c);
}

static void collect_all(struct collect *c)
{
	struct transfer *t = &c->transfer;

	c->body = bulk_body(c->store->prefix, c->objects, c->n);
	c->answer = mem_new(BULK_ANSWER_MAX);
	t->store = c->store;
	t->method = TRANSFER_POST;
	t->urgency = TRANSFER_BACKGROUND;
	t->query = BULK_QUERY;
	t->body = (const u8 *)c->body;
	t->body_len = strlen(c->body);
	hash_sha256(t->body, t->body_len, t->sha256);
	t->has_md5 = hash_md5(t->body, t->body_len, t->md5);
	t->into = c->answer;
	t->room = BULK_ANSWER_MAX;
	t->done = collect_done;
	t->arg = c;
	transfer_start(c->engine->transfers, t);
}

/* Take the name of an object. Returns false if it is none. */
static bool collect_add(struct collect *c, const char *line)
{
	u8 name[HASH_SIZE];
	u32 kind;

	if (!object_name_parse(line, &kind, name) || kind > ENVELOPE_PACK)
		return false;
	if (condemned_begin_deletion(c->engine->condemned, c->store, name))
		snprintf(c->objects[c->n++].name, OBJECT_NAME_SIZE, "%s", line);
	else
		fprintf(c->lines, "%s " COLLECT_RELIED "\n", line);
	return true;
}

/* Begin to delete what the lines name. Returns false if one of them names no object. */
static bool collect_begin(struct collect *c, char *lines)
{
	char *line, *next;
	size_t n = 0;

	for (line = strtok_r(lines, "\n", &next); line; line = strtok_r(NULL, "\n", &next))
		if (++n > BULK_OBJECTS_MAX || !collect_add(c, line))
			return false;
	return true;
}

static void collect_delete(struct collect *c, int fd)
{
	size_t room = (size_t)BULK_OBJECTS_MAX * LINE_SIZE;
	char *lines = mem_new(room + 1);
	ssize_t len = pread(fd, lines, room + 1, 0);
	bool good;

	c->objects = mem_new(BULK_OBJECTS_MAX * sizeof(*c->objects));
	good = len >= 0 && (size_t)len <= room && collect_begin(c, lines);
	free(lines);
	if (!good) {
		condemned_end_deletions(c->engine->condemned, c->store);
		collect_fail(c, EINVAL, "the order names something else than objects");
	} else if (!c->n) {
		collect_tell(c);
	} else if (c->store->deletes_single) {
		collect_single(c);
	} else {
		collect_all(c);
	}
}

/* A run has begun when all lists of garbage were read, and the last one deletes nothing more. */
static void collect_begin_run(struct collect *c)
{
	struct condemnations *condemned = c->engine->condemned;

	if (condemned_know(condemned, c->store, &c->wait) &&
	    condemned_no_deletions(condemned, c->store, &c->wait))
		collect_tell(c);
}

static void collect_go(struct condemned_wait *w, int error, const char *why)
{
	struct collect *c = (struct collect *)((char *)w - offsetof(struct collect, wait));

	if (error)
		collect_fail(c, error, why);
	else
		collect_begin_run(c);
}

void collect_start(struct collects *all, const struct offload_msg *msg, struct store *store, int fd)
{
	struct engine *engine = all->engine;
	struct collect *c = mem_new(sizeof(*c));
	char *text = mem_print("%.*s", (int)msg->text_len, msg->text);
	u32 run = (u32)strtoul(text, NULL, 10);
	bool begins = !strcmp(text, COLLECT_BEGIN);

	free(text);
	LIST_INSERT_HEAD(&all->list, c, list);
	c->engine = engine;
	c->id = msg->id;
	c->store = store_get(store);
	c->wait.go = collect_go;
	c->lines = open_memstream(&c->others, &c->lines_len);
	if (!c->lines)
		mem_out();
	if (begins) {
		c->run = condemned_begin_run(engine->condemned, store);
		collect_begin_run(c);
	} else if (fd < 0) {
		collect_fail(c, EBADF, "the names of the objects are missing");
	} else if (!condemned_is_run(engine->condemned, store, run)) {
		collect_fail(c, ESTALE,
			     "the store process or another gc has begun anew; run it again");
	} else if (!condemned_no_deletions(engine->condemned, store, &c->wait)) {
		condemned_stop_waiting(&c->wait);
		collect_fail(c, EBUSY, "the run deletes other objects just now; run it again");
	} else {
		c->run = run;
		collect_delete(c, fd);
	}
}

bool collect_cancel(struct collects *all, u64 id)
{
	struct collect *c;

	LIST_FOREACH(c, &all->list, list)
		if (c->id == id && !c->told)
			break;
	if (!c)
		return false;
	out_send_failed(&all->engine->out, id, ECANCELED, "cancelled");
	c->told = true;
	/* The end of what is being deleted is waited for. */
	if (c->wait.waits) {
		condemned_stop_waiting(&c->wait);
		collect_free(c);
	}
	return true;
}
