// SPDX-License-Identifier: GPL-2.0-only
/* Checks: a small object is read, which is put into the bucket if it is not there. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "mem.h"

#define OBJECT		"ditto-check"
#define CONTENT		"Ditto can write to this bucket.\n"
#define CONTENT_LEN	(sizeof(CONTENT) - 1)

/**
 * struct check - a check
 * @list: entry in struct checks' list
 * @all: the set
 * @id: number of the request
 * @transfer: the present request to the store
 * @written: the object was written
 * @content: what was read
 */
struct check {
	TAILQ_ENTRY(check) list;
	struct checks *all;
	u64 id;
	struct transfer transfer;
	bool written;
	u8 content[CONTENT_LEN];
};

/**
 * struct checks - all checks
 * @engine: what they share
 * @list: the checks
 */
struct checks {
	TAILQ_HEAD(, check) list;
	struct engine *engine;
};

struct checks *checks_new(struct engine *engine)
{
	struct checks *all = mem_new(sizeof(*all));

	all->engine = engine;
	TAILQ_INIT(&all->list);
	return all;
}

static void check_end(struct check *c, int error, const char *why)
{
	const struct offload_msg good = { .type = OFFLOAD_CHECKED, .id = c->id };
	struct out *out = &c->all->engine->out;

	if (error)
		out_send_failed(out, c->id, error, why);
	else
		out_send(out, &good, -1);
	TAILQ_REMOVE(&c->all->list, c, list);
	free(c);
}

static void check_begin(struct check *c, enum transfer_method method,
			void (*done)(struct transfer *t))
{
	struct transfer *t = &c->transfer;

	t->method = method;
	t->done = done;
	transfer_start(c->all->engine->transfers, t);
}

static void check_was_written(struct transfer *t);

/* Written once, because a bucket may keep all versions of its objects. */
static void check_write(struct check *c)
{
	struct transfer *t = &c->transfer;

	c->written = true;
	t->body = (const u8 *)CONTENT;
	t->body_len = sizeof(c->content);
	hash_sha256(t->body, t->body_len, t->sha256);
	t->has_md5 = hash_md5(t->body, t->body_len, t->md5);
	check_begin(c, TRANSFER_PUT, check_was_written);
}

static void check_was_read(struct transfer *t)
{
	struct check *c = t->arg;

	if (t->outcome == OUTCOME_MISSING && !c->written)
		check_write(c);
	else if (t->outcome != OUTCOME_GOOD)
		check_end(c, t->error, t->why.text);
	else if (t->got != sizeof(c->content) || memcmp(c->content, CONTENT, t->got))
		check_end(c, EIO, "the store gives back other bytes than were stored");
	else
		check_end(c, 0, NULL);
}

static void check_read(struct check *c)
{
	struct transfer *t = &c->transfer;

	t->expected = c->written;
	t->into = c->content;
	t->room = sizeof(c->content);
	check_begin(c, TRANSFER_GET, check_was_read);
}

static void check_was_written(struct transfer *t)
{
	struct check *c = t->arg;

	if (t->outcome == OUTCOME_GOOD)
		check_read(c);
	else
		check_end(c, t->error, t->why.text);
}

void check_start(struct checks *all, u64 id, struct store *store)
{
	struct check *c = mem_new(sizeof(*c));

	c->all = all;
	c->id = id;
	c->transfer.store = store;
	c->transfer.arg = c;
	memcpy(c->transfer.object, OBJECT, sizeof(OBJECT));
	TAILQ_INSERT_TAIL(&all->list, c, list);
	check_read(c);
}

bool check_cancel(struct checks *all, u64 id)
{
	struct check *c;

	TAILQ_FOREACH(c, &all->list, list) {
		if (c->id != id)
			continue;
		transfer_cancel(all->engine->transfers, &c->transfer);
		check_end(c, ECANCELED, "cancelled");
		return true;
	}
	return false;
}
