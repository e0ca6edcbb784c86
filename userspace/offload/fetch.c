// SPDX-License-Identifier: GPL-2.0-only
/* Fetches: the chunks of a range are loaded side by side, and sent as they come. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fault.h"
#include "fetch.h"
#include "mem.h"
#include "object/pack.h"

/* Most chunks that a fetch waits for. */
#define WINDOW		16
/* Bytes behind a range that are loaded ahead if the file is read in order. */
#define AHEAD		(16U << 20)
/* Time between two notices that more has come, in ms. */
#define PROGRESS	250
#define NEVER		60000

/**
 * struct fetch_wait - waits for a chunk
 * @wait: its part in the object; first member
 * @fetch: the fetch
 * @chunk: index of the chunk
 */
struct fetch_wait {
	struct object_wait wait;
	struct fetch *fetch;
	u32 chunk;
};

/**
 * struct fetch - a fetch
 * @list: entry in struct fetches' list
 * @all: the set
 * @id: number of the request
 * @store: the store
 * @offset: first byte of the range
 * @end: behind its last byte
 * @manifest: the manifest, once it is there
 * @in_order: the range follows the one before
 * @next: index of the next chunk
 * @waits: one for the manifest, then one per chunk; unused if @object is NULL in it
 * @waiting: number of chunks that are waited for
 * @told: clock_ms() when data was last sent, or that more has come
 */
struct fetch {
	TAILQ_ENTRY(fetch) list;
	struct fetches *all;
	u64 id;
	struct store *store;
	u64 offset;
	u64 end;
	struct object *manifest;
	bool in_order;
	u32 next;
	struct fetch_wait waits[WINDOW];
	unsigned int waiting;
	u64 told;
};

/**
 * struct fetches - all fetches
 * @engine: what they share
 * @objects: chunks and manifests
 * @list: the fetches
 * @tick: when they were last looked at
 */
struct fetches {
	TAILQ_HEAD(, fetch) list;
	u64 tick;
	struct engine *engine;
	struct objects *objects;
};

struct fetches *fetches_new(struct engine *engine, struct objects *objects)
{
	struct fetches *all = mem_new(sizeof(*all));

	all->engine = engine;
	all->objects = objects;
	TAILQ_INIT(&all->list);
	return all;
}

/* Tell the end, with an error or without, and free the fetch. */
static void fetch_end(struct fetch *f, int error, const char *why)
{
	const struct offload_msg done = { .type = OFFLOAD_FETCHED, .id = f->id };
	struct out *out = &f->all->engine->out;
	unsigned int i;

	for (i = 0; i < WINDOW; i++)
		objects_stop_waiting(&f->waits[i].wait);
	/* What is missing may be so because it is another bucket. */
	if (error == ENODATA && f->store->doubt.text[0])
		why = f->store->doubt.text;
	if (error)
		out_send_failed(out, f->id, error, why);
	else
		out_send(out, &done, -1);
	if (f->manifest)
		object_unuse(f->manifest);
	store_put(f->store);
	TAILQ_REMOVE(&f->all->list, f, list);
	free(f);
}

/* Send the part of a chunk that lies within the range. Returns its bytes. */
static u64 fetch_send(struct fetch *f, const struct object *o, const struct manifest_chunk *c)
{
	u64 from = c->offset > f->offset ? c->offset : f->offset;
	u64 to = c->offset + c->length < f->end ? c->offset + c->length : f->end;
	const struct offload_msg msg = { .type = OFFLOAD_DATA, .id = f->id, .offset = from,
					 .length = to - from,
					 .start = from - c->offset };

	fault_point("fetch-send");
	out_send(&f->all->engine->out, &msg, o->load.file);
	f->told = clock_ms();
	return msg.length;
}

/* Files often have equal chunks behind each other. */
static bool fetch_repeats(const struct fetch *f, u32 chunk)
{
	const struct manifest *m = &f->manifest->manifest;
	u32 i;

	for (i = chunk + 1; i < m->n && m->chunks[i].offset < f->end + AHEAD; i++)
		if (!memcmp(m->chunks[i].name, m->chunks[chunk].name, HASH_SIZE))
			return true;
	return false;
}

/* The same for a chunk of the manifest, which is not kept if nobody will need it soon. */
static void fetch_send_chunk(struct fetch *f, struct object *o, u32 chunk)
{
	u64 sent = fetch_send(f, o, &f->manifest->manifest.chunks[chunk]);

	if (!fetch_repeats(f, chunk))
		object_count_sent(o, sent);
}

static struct object *fetch_get(struct fetch *f, const struct manifest_chunk *c,
				enum transfer_urgency urgency, struct object_wait *wait)
{
	const struct object_key key = { .store = f->store, .kind = ENVELOPE_CHUNK, .name = c->name,
					.max = c->length };

	return objects_get(f->all->objects, &key, urgency, wait);
}

/* Load what will probably be read next. */
static void fetch_ahead(struct fetch *f)
{
	const struct manifest *m = &f->manifest->manifest;
	u32 i = f->next;

	/* Chunks that were loaded ahead before may have been sent since. */
	if (i < f->manifest->ahead)
		i = f->manifest->ahead;
	for (; i < m->n && m->chunks[i].offset < f->end + AHEAD; i++)
		fetch_get(f, &m->chunks[i], TRANSFER_AHEAD, NULL);
	f->manifest->ahead = i;
}

static struct fetch_wait *fetch_free_wait(struct fetch *f)
{
	unsigned int i;

	for (i = 0; i < WINDOW; i++)
		if (!f->waits[i].wait.object)
			return &f->waits[i];
	return NULL;
}

/* Ask for chunks, and send those that are there. */
static void fetch_go_on(struct fetch *f)
{
	const struct manifest *m = &f->manifest->manifest;
	bool asked = false;
	struct fetch_wait *w;
	struct object *o;

	while (f->next < m->n && m->chunks[f->next].offset < f->end &&
	       (w = fetch_free_wait(f))) {
		w->chunk = f->next++;
		asked = true;
		o = fetch_get(f, &m->chunks[w->chunk], TRANSFER_WAITED_FOR, &w->wait);
		if (o)
			fetch_send_chunk(f, o, w->chunk);
		else
			f->waiting++;
	}
	if (f->next < m->n && m->chunks[f->next].offset < f->end)
		return;
	if (asked && f->in_order)
		fetch_ahead(f);
	if (!f->waiting)
		fetch_end(f, 0, NULL);
}

static void fetch_got_chunk(struct object_wait *wait, struct object *o, int error, const char *why)
{
	struct fetch_wait *w = (struct fetch_wait *)wait;
	struct fetch *f = w->fetch;

	if (error) {
		fetch_end(f, error, why);
		return;
	}
	f->waiting--;
	fetch_send_chunk(f, o, w->chunk);
	fetch_go_on(f);
}

static void fetch_begin(struct fetch *f, struct object *o)
{
	const struct manifest *m = &o->manifest;
	unsigned int i;

	f->manifest = o;
	object_use(o);
	if (f->end > m->size) {
		fetch_end(f, EINVAL, "the range lies behind the end of the file");
		return;
	}
	f->in_order = f->offset == o->last_end;
	o->last_end = f->end;
	if (!f->in_order)
		o->ahead = 0;
	for (i = 0; i < WINDOW; i++)
		f->waits[i].wait.done = fetch_got_chunk;
	if (m->n)
		f->next = manifest_find(m, f->offset);
	if (f->offset == f->end)
		fetch_end(f, 0, NULL);
	else
		fetch_go_on(f);
}

static void fetch_got_manifest(struct object_wait *wait, struct object *o, int error,
			       const char *why)
{
	struct fetch *f = ((struct fetch_wait *)wait)->fetch;

	if (error)
		fetch_end(f, error, why);
	else
		fetch_begin(f, o);
}

/* The whole content of a small file is there. */
static void fetch_send_member(struct fetch *f, const struct object *o)
{
	const struct manifest_chunk whole = { .length = (u32)o->load.len };

	if (f->end > o->load.len) {
		fetch_end(f, EINVAL, "the range lies behind the end of the file");
		return;
	}
	if (f->offset < f->end)
		fetch_send(f, o, &whole);
	fetch_end(f, 0, NULL);
}

static void fetch_got_member(struct object_wait *wait, struct object *o, int error,
			     const char *why)
{
	struct fetch *f = ((struct fetch_wait *)wait)->fetch;

	if (error)
		fetch_end(f, error, why);
	else
		fetch_send_member(f, o);
}

void fetch_start(struct fetches *all, const struct offload_msg *msg, struct store *store,
		 const struct cookie *cookie)
{
	const struct object_key manifest = { .store = store, .kind = ENVELOPE_MANIFEST,
					     .name = cookie->name, .max = MANIFEST_MAX };
	const struct object_key member = { .store = store, .kind = ENVELOPE_CHUNK,
					   .name = cookie->member, .max = PACK_FILE_MAX,
					   .pack = cookie };
	struct fetch *f = mem_new(sizeof(*f));
	struct object *o;
	unsigned int i;

	f->all = all;
	f->id = msg->id;
	f->store = store_get(store);
	f->offset = msg->offset;
	/* Both are less than 2^63. */
	f->end = msg->offset + msg->length;
	f->told = clock_ms();
	for (i = 0; i < WINDOW; i++)
		f->waits[i].fetch = f;
	f->waits[0].wait.done = cookie->packed ? fetch_got_member : fetch_got_manifest;
	TAILQ_INSERT_TAIL(&all->list, f, list);
	o = objects_get(all->objects, cookie->packed ? &member : &manifest, TRANSFER_WAITED_FOR,
			&f->waits[0].wait);
	if (o && cookie->packed)
		fetch_send_member(f, o);
	else if (o)
		fetch_begin(f, o);
}

/*
 * A chunk is not sent before all of it was verified, which takes long on a slow line. So dittod is
 * notified that more of it has come, or that it waits for its turn on a line that is not idle.
 */
static void fetch_tell(struct fetch *f, u64 now)
{
	const struct offload_msg msg = { .type = OFFLOAD_PROGRESS, .id = f->id };
	bool moved = false;
	unsigned int i;

	if (now < f->told + PROGRESS)
		return;
	for (i = 0; i < WINDOW; i++)
		moved |= f->waits[i].wait.object &&
			 object_moved(f->waits[i].wait.object) > f->told;
	if (!moved)
		return;
	f->told = now;
	out_send(&f->all->engine->out, &msg, -1);
}

u64 fetches_tick(struct fetches *all)
{
	u64 now = clock_ms();
	struct fetch *f;

	if (TAILQ_EMPTY(&all->list))
		return NEVER;
	if (now < all->tick + PROGRESS)
		return all->tick + PROGRESS - now;
	all->tick = now;
	TAILQ_FOREACH(f, &all->list, list)
		fetch_tell(f, now);
	return PROGRESS;
}

bool fetch_cancel(struct fetches *all, u64 id)
{
	struct fetch *f;

	TAILQ_FOREACH(f, &all->list, list) {
		if (f->id != id)
			continue;
		fetch_end(f, ECANCELED, "cancelled");
		return true;
	}
	return false;
}
