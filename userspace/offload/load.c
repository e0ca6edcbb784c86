// SPDX-License-Identifier: GPL-2.0-only
/* Loads: an object is decrypted where it arrived, checked, and then copied into a file. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "load.h"
#include "memfile.h"
#include "object/pack.h"

/* Attempts after wrong bytes. */
#define TRIES_MAX	3
/* Pages of smaller buffers are mapped one by one. */
#define POPULATED	(64U << 10)

static struct load *load_of(struct job *job)
{
	return (struct load *)((char *)job - offsetof(struct load, job));
}

static void load_end(struct load *l)
{
	free(l->stored);
	l->stored = NULL;
	l->done(l);
}

/* Without memory, nothing is known about the object. Returns false. */
static bool load_lacks_memory(struct load *l, const char *what, int error)
{
	l->error = ENOMEM;
	return why_not(&l->why, "no memory for %s: %s", what, strerror(error));
}

/* Use the content, or make a file of it. */
static bool load_use(struct load *l, const struct envelope *e, const u8 *plain)
{
	l->len = e->plain;
	if (!envelope_check_name(e, plain, l->name, &l->why))
		return false;
	if (l->use)
		return l->use(l, plain, &l->why);
	l->file = memfile_new(plain, l->len);
	return l->file >= 0 || load_lacks_memory(l, "a file", -l->file);
}

/* Bytes of an object, or of the part of one, at most. */
static size_t load_room(const struct load *l)
{
	if (l->kind == ENVELOPE_PACK)
		return PACK_MAX;
	return l->pack ? l->pack->room : ENVELOPE_MAX(l->max);
}

static bool load_open_envelope(struct load *l)
{
	struct envelope *e = &l->envelope;
	size_t len = l->transfer.got;
	u8 *plain;
	bool good;

	if (l->kind == ENVELOPE_PACK)
		return l->use(l, NULL, &l->why);
	if (l->pack)
		len = envelope_in_room(l->stored, len);
	if (!envelope_parse(e, l->kind, l->store->keys, l->store->n_keys, l->stored, len, l->max,
			    &l->why) ||
	    !envelope_decrypt(e, l->stored, &l->why))
		return false;
	if (!e->zstd)
		return load_use(l, e, l->stored + ENVELOPE_HEADER);
	plain = malloc(e->plain + 1);
	if (!plain)
		return load_lacks_memory(l, "the content", ENOMEM);
	good = envelope_inflate(e, l->stored, plain, &l->why) && load_use(l, e, plain);
	free(plain);
	return good;
}

/* Runs in a thread. */
static void load_open(struct job *job)
{
	struct load *l = load_of(job);

	l->error = 0;
	l->damaged = !load_open_envelope(l) && !l->error;
	if (l->damaged)
		l->error = EIO;
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

	if (l->damaged && ++l->tries < TRIES_MAX) {
		free(l->stored);
		load_start(l);
		return;
	}
	if (l->error)
		load_explain(l);
	/* Whoever uploads this content must not count on the object. */
	if (l->damaged)
		name_set_add(&l->engine->damaged, l->name);
	load_end(l);
}

static void load_got(struct transfer *t)
{
	struct load *l = t->arg;

	l->job.run = load_open;
	l->job.done = load_opened;
	if (!l->stored) {
		t->outcome = OUTCOME_REFUSED;
		t->error = ENOMEM;
		why_not(&t->why, "out of memory");
	}
	if (t->outcome == OUTCOME_GOOD && !pool_submit(l->engine->readers, &l->job))
		return;
	l->error = t->error ? t->error : EAGAIN;
	l->damaged = false;
	if (t->outcome == OUTCOME_GOOD)
		why_not(&l->why, "too many requests");
	else
		l->why = t->why;
	load_end(l);
}

/*
 * Get memory for what comes. Of a chunk the length is known; to map its pages in one step costs
 * less than a fault for each. Kernels before Linux 5.14 cannot, and then it is slower.
 */
static u8 *load_buffer(const struct load *l)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from, to;
	size_t room = load_room(l);
	u8 *buffer = malloc(room);

	if (!buffer || l->kind != ENVELOPE_CHUNK || room < POPULATED)
		return buffer;
	from = ((uintptr_t)buffer + page - 1) & ~(page - 1);
	to = ((uintptr_t)buffer + room) & ~(page - 1);
	madvise((void *)from, to - from, MADV_POPULATE_WRITE);
	return buffer;
}

/* Without memory, the load ends with the next round of transfers: nothing can be received. */
void load_start(struct load *l)
{
	struct transfer *t = &l->transfer;

	l->error = 0;
	l->file = -1;
	memset(t, 0, sizeof(*t));
	t->store = l->store;
	t->method = TRANSFER_GET;
	t->urgency = l->urgency;
	/* A record, a manifest or a list has its name. */
	t->expected = true;
	if (l->pack) {
		object_name(ENVELOPE_PACK, l->pack->name, t->object);
		t->offset = l->pack->offset;
		t->range = l->pack->room;
	} else {
		object_name(l->kind, l->name, t->object);
	}
	l->stored = load_buffer(l);
	t->into = l->stored;
	t->room = l->stored ? load_room(l) : 0;
	t->done = load_got;
	t->arg = l;
	transfer_start(l->engine->transfers, t);
}

void load_raise(struct load *l, enum transfer_urgency urgency)
{
	l->urgency = urgency;
	transfer_raise(l->engine->transfers, &l->transfer, urgency);
}
