/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of SIDs. */
#ifndef _DITTOD_SID_LIST_H
#define _DITTOD_SID_LIST_H

#include "sid.h"

/* Most SIDs of one user; the kernel accepts no more in an answer. */
#define SID_LIST_MAX	1024

/**
 * struct sid_list - SIDs without duplicates
 * @n: number of entries in @sid
 * @sid: the SIDs, in the order in which they were added; owned by this
 */
struct sid_list {
	unsigned int n;
	struct sid *sid;
};

bool sid_list_has(const struct sid_list *list, const struct sid *sid);
/* Add a SID that may be there already. Returns false if there is no room. */
bool sid_list_add(struct sid_list *list, const struct sid *sid);
/* Return the number of bytes that sid_list_put() writes. */
size_t sid_list_size(const struct sid_list *list);
/* Encode all SIDs for the wire, one behind the other. */
void sid_list_put(const struct sid_list *list, u8 *out);
/*
 * Decode what sid_list_put() wrote, and add it. Returns false if it is malformed or there is no
 * room; @list may be changed even then.
 */
bool sid_list_get(struct sid_list *list, const u8 *in, size_t len);
/* Remove and free all entries. */
void sid_list_clear(struct sid_list *list);

#endif
