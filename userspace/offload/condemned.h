/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Condemned objects of a store: those that lists of garbage name (see garbage.h). An upload does
 * not believe that one of them is there, but sends it again, and so lets it live: what an upload
 * relies on is not deleted by the run of gc that goes on. All this is decided in the one thread of
 * the store process, through which all uploads and deletions of a server go.
 */
#ifndef _DITTO_OFFLOAD_CONDEMNED_H
#define _DITTO_OFFLOAD_CONDEMNED_H

#include "engine.h"
#include "object/garbage.h"

/**
 * struct condemned_wait - somebody who may have to wait
 * @list: entry in a list, if @waits
 * @waits: that is so
 * @go: set by the caller; called when it may ask again, or with an @error if the lists cannot be
 *	read
 */
struct condemned_wait {
	LIST_ENTRY(condemned_wait) list;
	bool waits;
	void (*go)(struct condemned_wait *w, int error, const char *why);
};

/* Create the condemned objects of all stores. */
struct condemnations *condemnations_new(struct engine *engine);
/* Let those go on who waited long enough. Returns ms until there is more to do. */
u64 condemnations_tick(struct condemnations *all);

/* Read the lists of a store unless they are known. Returns false if @w waits for that. */
bool condemned_know(struct condemnations *all, struct store *store, struct condemned_wait *w);
/*
 * An upload is going to rely on an object. Returns false if @w has to wait: until the lists are
 * known, or while the object is being deleted. So it is for a time after a request to delete it had
 * no answer, and after the process began, for whatever is condemned: the store may still delete it.
 */
bool condemned_rely(struct condemnations *all, struct store *store, const u8 name[HASH_SIZE],
		    struct condemned_wait *w);
/* Stop waiting, if @w does. */
void condemned_stop_waiting(struct condemned_wait *w);
/* Return whether an object has to be sent whatever the store says. */
bool condemned_doubts(struct condemnations *all, const struct store *store,
		      const u8 name[HASH_SIZE]);
/* An upload has sent an object. */
void condemned_sent(struct condemnations *all, const struct store *store,
		    const u8 name[HASH_SIZE]);
/* A list is about to be written. */
void condemned_add(struct condemnations *all, const struct store *store,
		   const struct garbage_list *list);

/*
 * A run of gc begins, which ends any other, and reads the lists anew. Returns its number. What the
 * other one is deleting has to be waited for. Uploads that are under way must have ended before the
 * last look at what refers to objects.
 */
u32 condemned_begin_run(struct condemnations *all, struct store *store);
/* Return whether this run still goes on, in this process. */
bool condemned_is_run(struct condemnations *all, const struct store *store, u32 run);
/*
 * Begin to delete an object, which is waited for from here on. Returns false if it must stay: it
 * is not condemned, or an upload relies on it since the run began.
 */
bool condemned_begin_deletion(struct condemnations *all, const struct store *store,
			      const u8 name[HASH_SIZE]);
/* Return whether nothing of a store is being deleted. Otherwise @w waits for that. */
bool condemned_no_deletions(struct condemnations *all, const struct store *store,
			    struct condemned_wait *w);
/* The store may still delete this object: it has not answered a request for that. */
void condemned_is_late(struct condemnations *all, const struct store *store,
		       const u8 name[HASH_SIZE]);
/* All deletions of a store have ended. Only one request deletes at a time. */
void condemned_end_deletions(struct condemnations *all, const struct store *store);

#endif
