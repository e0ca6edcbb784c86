// SPDX-License-Identifier: GPL-2.0-only
/* Checks: a small object is put into the bucket and read back. */

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
 * @content: what was read
 */
struct check {
	TAILQ_ENTRY(check) list;
	struct checks *all;
	u64 id;
	struct transfer transfer;
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

static void check_read(struct transfer *t)
{
	struct check *c = t->arg;

	if (t->outcome != OUTCOME_GOOD)
		check_end(c, t->error, t->why.text);
	else if (t->got != sizeof(c->content) || memcmp(c->content, CONTENT, t->got))
		check_end(c, EIO, "the store gives back other bytes than were stored");
	else
		check_end(c, 0, NULL);
}

static void check_written(struct transfer *t)
{
	struct check *c = t->arg;

	if (t->outcome != OUTCOME_GOOD) {
		check_end(c, t->error, t->why.text);
		return;
	}
	t->method = TRANSFER_GET;
	t->into = c->content;
	t->room = sizeof(c->content);
	t->done = check_read;
	transfer_start(c->all->engine->transfers, t);
}

void check_start(struct checks *all, u64 id, struct store *store)
{
	struct check *c = mem_new(sizeof(*c));
	struct transfer *t = &c->transfer;

	c->all = all;
	c->id = id;
	t->store = store;
	t->method = TRANSFER_PUT;
	memcpy(t->object, OBJECT, sizeof(OBJECT));
	t->body = (const u8 *)CONTENT;
	t->body_len = sizeof(c->content);
	hash_sha256(t->body, t->body_len, t->sha256);
	t->has_md5 = hash_md5(t->body, t->body_len, t->md5);
	t->done = check_written;
	t->arg = c;
	TAILQ_INSERT_TAIL(&all->list, c, list);
	transfer_start(all->engine->transfers, t);
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
