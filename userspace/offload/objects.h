/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects that were fetched: chunks and manifests. Several requests share one load. Manifests stay
 * for a while, and chunks until all of them has been sent, because they reach across the borders of
 * ranges.
 */
#ifndef _DITTO_OFFLOAD_OBJECTS_H
#define _DITTO_OFFLOAD_OBJECTS_H

#include "load.h"
#include "object/manifest.h"

/* Most bytes of memory of all objects, and the most objects, each of which has a descriptor. */
#define OBJECTS_MEMORY_MAX	(256U << 20)
#define OBJECTS_MAX		512

struct object;
struct objects;

/**
 * struct object_wait - somebody who waits for an object
 * @list: entry in struct object's list
 * @object: the object; NULL if it is not waited for
 * @done: called when the object is there; or with an error, and then @object is gone
 */
struct object_wait {
	TAILQ_ENTRY(object_wait) list;
	struct object *object;
	void (*done)(struct object_wait *w, struct object *o, int error, const char *why);
};

enum object_state {
	OBJECT_STALLED,
	OBJECT_LOADING,
	OBJECT_READY,
};

/**
 * struct object - an object
 * @list: entry in struct objects' list
 * @all: the set
 * @state: enum object_state; it is stalled while there is no memory
 * @load: the load, with the object's store, kind, name, and content
 * @waits: those who wait for it
 * @users: those who use @manifest
 * @used: when it was last used, CLOCK_MONOTONIC in ms
 * @memory: bytes that are counted for it
 * @pack: the pack, if the object is a member of one
 * @manifest: the manifest, if it is one
 * @last_end: where the last range of the manifest's file ended that was fetched
 * @ahead: chunks of the manifest before this index were loaded ahead
 * @sent: bytes of the content that were sent; what has been sent as a whole is not kept
 */
struct object {
	TAILQ_HEAD(, object_wait) waits;
	TAILQ_ENTRY(object) list;
	struct objects *all;
	enum object_state state;
	struct load load;
	unsigned int users;
	u64 used;
	u64 memory;
	struct cookie pack;
	struct manifest manifest;
	u64 last_end;
	u32 ahead;
	u64 sent;
};

/**
 * struct object_key - which object is wanted
 * @store: its store
 * @kind: kind of its content
 * @name: its name
 * @max: most bytes of content; the exact number for a chunk that is no member
 * @pack: NULL, or the content is a member of this pack
 */
struct object_key {
	struct store *store;
	enum envelope_kind kind;
	const u8 *name;
	size_t max;
	const struct cookie *pack;
};

/* Create the set of all objects. */
struct objects *objects_new(struct engine *engine);

/**
 * objects_get - find or load an object
 * @all: the set
 * @key: the object
 * @urgency: enum transfer_urgency
 * @wait: waits for the object if it is not there; NULL to load it for later
 *
 * Return: the object if it is there, valid until the next call; NULL if it is loaded.
 */
struct object *objects_get(struct objects *all, const struct object_key *key,
			   enum transfer_urgency urgency, struct object_wait *wait);
/* When more of an object that is loaded has last come, see transfer_moved(). */
u64 object_moved(const struct object *o);
/* Stop waiting, if @wait does. */
void objects_stop_waiting(struct object_wait *wait);
/* Begin and end to use a manifest. */
void object_use(struct object *o);
void object_unuse(struct object *o);

/* Count bytes of a chunk that were sent. The object is gone afterwards if that was all of it. */
void object_count_sent(struct object *o, u64 bytes);

/* Return whether there are no objects. */
bool objects_idle(const struct objects *all);
/* Free objects that were not used for long. Returns the ms until the next call. */
u64 objects_tick(struct objects *all);

#endif
