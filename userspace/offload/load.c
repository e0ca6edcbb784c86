// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads. An object arrives in a file in memory and is decrypted there. If it is not compressed,
 * this file is what dittod gets, and nothing was copied.
 */

#include <errno.h>
#include <string.h>

#include "load.h"

/* Attempts after wrong bytes. */
#define TRIES_MAX	3

static struct load *load_of(struct job *job)
{
	return (struct load *)((char *)job - offsetof(struct load, job));
}

static void load_end(struct load *l)
{
	memfile_close(&l->stored);
	if (l->error)
		memfile_close(&l->content);
	l->done(l);
}

/* Replace @l->content by the decompressed content. */
static bool load_inflate(struct load *l, const struct envelope *e)
{
	struct memfile plain;

	if (memfile_open(&plain, e->plain ? e->plain : 1))
		return why_not(&l->why, "out of memory");
	if (!envelope_inflate(e, l->stored.map, plain.map, &l->why)) {
		memfile_close(&plain);
		return false;
	}
	l->content = plain;
	l->start = 0;
	return true;
}

static bool load_open_envelope(struct load *l)
{
	struct envelope e;

	if (!envelope_parse(&e, l->kind, l->store->keys, l->store->n_keys, l->stored.map,
			    l->transfer.got, l->max, &l->why) ||
	    !envelope_decrypt(&e, l->stored.map, &l->why))
		return false;
	if (e.zstd) {
		if (!load_inflate(l, &e))
			return false;
	} else {
		l->content = l->stored;
		l->stored = (struct memfile)MEMFILE_NONE;
		l->start = ENVELOPE_HEADER;
	}
	l->len = e.plain;
	return envelope_check_name(&e, l->content.map + l->start, l->name, &l->why);
}

/* Runs in a thread. */
static void load_open(struct job *job)
{
	struct load *l = load_of(job);

	l->error = EIO;
	if (!load_open_envelope(l))
		return;
	if (l->use) {
		if (!l->use(l, l->content.map + l->start, &l->why))
			return;
		memfile_close(&l->content);
	} else if (memfile_seal(&l->content, l->start + l->len)) {
		why_not(&l->why, "out of memory");
		return;
	}
	l->error = 0;
}

static void load_explain(struct load *l)
{
	struct why cause = l->why;

	why_not(&l->why, "store %s, bucket %s, object %s%s: %.512s", l->store->name,
		l->store->bucket, l->store->prefix, l->transfer.object, cause.text);
}

static void load_opened(struct job *job)
{
	struct load *l = load_of(job);

	if (l->error && ++l->tries < TRIES_MAX) {
		memfile_close(&l->content);
		memfile_close(&l->stored);
		load_start(l);
		return;
	}
	if (l->error)
		load_explain(l);
	load_end(l);
}

static void load_got(struct transfer *t)
{
	struct load *l = t->arg;

	l->job.run = load_open;
	l->job.done = load_opened;
	if (!l->stored.map) {
		t->outcome = OUTCOME_REFUSED;
		t->error = ENOMEM;
		why_not(&t->why, "out of memory");
	}
	if (t->outcome == OUTCOME_GOOD && !pool_submit(l->engine->readers, &l->job))
		return;
	l->error = t->error ? t->error : EAGAIN;
	if (t->outcome == OUTCOME_GOOD)
		why_not(&l->why, "too many requests");
	else
		l->why = t->why;
	load_end(l);
}

/* Without memory, the load ends with the next round of transfers: nothing can be received. */
void load_start(struct load *l)
{
	struct transfer *t = &l->transfer;

	l->error = 0;
	l->content = (struct memfile)MEMFILE_NONE;
	memset(t, 0, sizeof(*t));
	t->store = l->store;
	t->method = TRANSFER_GET;
	t->urgency = l->urgency;
	object_name(l->kind == ENVELOPE_MANIFEST, l->name, t->object);
	if (!memfile_open(&l->stored, ENVELOPE_MAX(l->max))) {
		t->into = l->stored.map;
		t->room = l->stored.size;
	}
	t->done = load_got;
	t->arg = l;
	transfer_start(l->engine->transfers, t);
}

void load_raise(struct load *l, enum transfer_urgency urgency)
{
	l->urgency = urgency;
	transfer_raise(l->engine->transfers, &l->transfer, urgency);
}
