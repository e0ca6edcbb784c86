// SPDX-License-Identifier: GPL-2.0-only
/* Objects that were fetched. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "objects.h"

/* Time that unused objects stay, and between two looks at them, in ms. */
#define IDLE		15000
#define TICK		5000
#define NEVER		60000
/* Memory of an object besides its content. */
#define OVERHEAD	(16U << 10)

/**
 * struct objects - all objects
 * @engine: what they share
 * @list: the objects; the one that was used last is the last one
 * @n: number of them
 * @loading: number of those that are loaded
 * @memory: bytes that they use
 */
struct objects {
	TAILQ_HEAD(, object) list;
	struct engine *engine;
	unsigned int n;
	unsigned int loading;
	u64 memory;
};

struct objects *objects_new(struct engine *engine)
{
	struct objects *all = mem_new(sizeof(*all));

	all->engine = engine;
	TAILQ_INIT(&all->list);
	return all;
}

static void object_free(struct object *o)
{
	TAILQ_REMOVE(&o->all->list, o, list);
	o->all->n--;
	o->all->memory -= o->memory;
	if (o->load.file >= 0)
		close(o->load.file);
	manifest_free(&o->manifest);
	store_put(o->load.store);
	free(o);
}

/* Change the memory that is counted for an object. */
static void object_count(struct object *o, u64 memory)
{
	o->all->memory += memory - o->memory;
	o->memory = memory;
}

static void object_touch(struct object *o)
{
	o->used = clock_ms();
	TAILQ_REMOVE(&o->all->list, o, list);
	TAILQ_INSERT_TAIL(&o->all->list, o, list);
}

/* Free objects that are not in use, oldest first, until @memory bytes are free. */
static bool objects_make_room(struct objects *all, u64 memory)
{
	struct object *o, *next;

	for (o = TAILQ_FIRST(&all->list); o; o = next) {
		if (all->memory + memory <= OBJECTS_MEMORY_MAX && all->n <= OBJECTS_MAX)
			return true;
		next = TAILQ_NEXT(o, list);
		if (o->state == OBJECT_READY && !o->users)
			object_free(o);
	}
	return all->memory + memory <= OBJECTS_MEMORY_MAX && all->n <= OBJECTS_MAX;
}

static void object_load(struct object *o)
{
	u64 memory = OVERHEAD;

	/* A manifest's length is not known yet; most are small. */
	if (o->load.kind == ENVELOPE_CHUNK)
		memory += 2 * o->load.max;
	/* Manifests in use may fill the memory; one object at a time is loaded nevertheless. */
	if (!objects_make_room(o->all, memory) && o->all->loading)
		return;
	o->all->loading++;
	object_count(o, memory);
	o->state = OBJECT_LOADING;
	load_start(&o->load);
}

/* Load objects for which there was no memory before. */
static void objects_go_on(struct objects *all)
{
	struct object *o, *next;

	for (o = TAILQ_FIRST(&all->list); o; o = next) {
		next = TAILQ_NEXT(o, list);
		if (o->state != OBJECT_STALLED)
			continue;
		/* Making room must not free the next one. */
		object_load(o);
		if (o->state == OBJECT_STALLED)
			return;
		next = TAILQ_FIRST(&all->list);
	}
}

static bool object_decode_manifest(struct load *l, const u8 *plain, struct why *why)
{
	struct object *o = l->arg;

	return manifest_decode(&o->manifest, plain, l->len, why);
}

static bool object_is_spent(const struct object *o)
{
	return o->sent && o->sent >= o->load.len;
}

static void object_loaded(struct load *l)
{
	struct object *o = l->arg;
	struct objects *all = o->all;
	struct object_wait *w;

	all->loading--;
	if (!l->error && l->kind == ENVELOPE_CHUNK && !l->pack && l->len != l->max) {
		l->error = EIO;
		why_not(&l->why, "wrong bytes: a chunk has not the length that its manifest says");
	}
	if (!l->error) {
		o->state = OBJECT_READY;
		object_count(o, OVERHEAD + (l->kind == ENVELOPE_CHUNK ? l->len :
					    (u64)o->manifest.n * sizeof(*o->manifest.chunks)));
		object_touch(o);
	}
	/* Those who waited may ask for other objects, which must not free this one. */
	object_use(o);
	while ((w = TAILQ_FIRST(&o->waits))) {
		objects_stop_waiting(w);
		w->done(w, l->error ? NULL : o, l->error, l->why.text);
	}
	object_unuse(o);
	if (l->error || object_is_spent(o))
		object_free(o);
	objects_go_on(all);
}

static struct object *object_new(struct objects *all, const struct object_key *key,
				 enum transfer_urgency urgency)
{
	struct object *o = mem_new(sizeof(*o));

	o->all = all;
	o->used = clock_ms();
	TAILQ_INIT(&o->waits);
	o->load.engine = all->engine;
	o->load.store = store_get(key->store);
	o->load.kind = key->kind;
	o->load.urgency = urgency;
	memcpy(o->load.name, key->name, HASH_SIZE);
	o->load.max = key->max;
	if (key->pack) {
		o->pack = *key->pack;
		o->load.pack = &o->pack;
	}
	o->load.use = key->kind == ENVELOPE_MANIFEST ? object_decode_manifest : NULL;
	o->load.done = object_loaded;
	o->load.arg = o;
	o->load.file = -1;
	TAILQ_INSERT_TAIL(&all->list, o, list);
	all->n++;
	return o;
}

static struct object *objects_find(const struct objects *all, const struct object_key *key)
{
	struct object *o;

	TAILQ_FOREACH(o, &all->list, list)
		if (!memcmp(o->load.name, key->name, HASH_SIZE) && o->load.kind == key->kind &&
		    o->load.store == key->store && !o->load.pack == !key->pack)
			return o;
	return NULL;
}

struct object *objects_get(struct objects *all, const struct object_key *key,
			   enum transfer_urgency urgency, struct object_wait *wait)
{
	struct object *o = objects_find(all, key);

	if (o && o->state == OBJECT_READY) {
		object_touch(o);
		return o;
	}
	if (!o) {
		o = object_new(all, key, urgency);
		object_load(o);
	} else if (urgency < o->load.urgency) {
		load_raise(&o->load, urgency);
	}
	if (wait) {
		wait->object = o;
		TAILQ_INSERT_TAIL(&o->waits, wait, list);
	}
	return NULL;
}

u64 object_moved(const struct object *o)
{
	return o->state == OBJECT_STALLED ? o->load.store->moved :
					    transfer_moved(&o->load.transfer);
}

void objects_stop_waiting(struct object_wait *wait)
{
	if (!wait->object)
		return;
	TAILQ_REMOVE(&wait->object->waits, wait, list);
	wait->object = NULL;
}

void object_use(struct object *o)
{
	o->users++;
}

void object_unuse(struct object *o)
{
	o->users--;
}

/* Memory that is used again soon is still in the caches of the processor. */
void object_count_sent(struct object *o, u64 bytes)
{
	o->sent += bytes;
	if (!o->users && object_is_spent(o))
		object_free(o);
}

bool objects_idle(const struct objects *all)
{
	return TAILQ_EMPTY(&all->list);
}

u64 objects_tick(struct objects *all)
{
	struct object *o, *next;
	u64 now = clock_ms();

	for (o = TAILQ_FIRST(&all->list); o; o = next) {
		next = TAILQ_NEXT(o, list);
		if (o->state == OBJECT_READY && !o->users && o->used + IDLE <= now)
			object_free(o);
	}
	return TAILQ_EMPTY(&all->list) ? NEVER : TICK;
}
