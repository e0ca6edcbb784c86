/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of garbage in the stores, see offload/garbage.h. */
#ifndef _DITTO_CTL_OFFLOAD_GARBAGE_H
#define _DITTO_CTL_OFFLOAD_GARBAGE_H

#include "object/garbage.h"
#include "survey.h"

/* Seconds that garbage stays, unless somebody says otherwise. */
#define GARBAGE_GRACE		(7 * 86400ULL)

/*
 * Read the lists of all stores. Returns false after messages: what the others say must not be used
 * then, for one that is missing may keep what they condemn.
 */
bool offload_garbage_load(struct offload_survey *s);
/* Delete the lists that nobody has needed for a day. The stores were listed. */
void offload_garbage_clean(struct offload_survey *s);

/**
 * struct garbage_writer - lists that are being written
 * @s: the survey; set by the caller, as all members up to @most
 * @kept: the objects stay
 * @time: now
 * @most: most objects that are written, others are left out; 0 for all
 * @written: objects of the lists that were written
 */
struct garbage_writer {
	struct offload_survey *s;
	bool kept;
	u64 time;
	u64 most;
	u64 written;

	/* The rest is private: the list of a store. */
	char store[OFFLOAD_CTL_STORE_SIZE];
	u8 *bytes;
	u32 n;
};

/* Add an object, @w is a struct garbage_writer. Objects come store by store. */
void garbage_writer_add(void *w, const struct index_object *o);
/* Write the rest, and free. */
void garbage_writer_end(struct garbage_writer *w);

/* Print condemned objects, and deletions. They return exit statuses. */
int offload_garbage_list(struct ctl *ctl);
int offload_garbage_history(struct ctl *ctl);

#endif
