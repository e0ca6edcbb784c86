/* SPDX-License-Identifier: GPL-2.0-only */
/* What ditto-guard watches, for dittoctl status. */
#ifndef _DITTO_CTL_GUARD_H
#define _DITTO_CTL_GUARD_H

#include "nl/share.h"

/**
 * struct guard_mount - a mounted file system with offloaded files
 * @by: who guards it
 * @id: its UUID, as text
 * @path: where it is mounted
 */
struct guard_mount {
	char *by;
	char *id;
	char *path;
};

/**
 * struct guard - the state of ditto-guard
 * @is_needed: this machine has file systems with offloaded files
 * @runs: it runs
 * @n: number of @list
 * @list: what it reported
 */
struct guard {
	bool is_needed;
	bool runs;
	size_t n;
	struct guard_mount *list;
};

void guard_look(struct guard *g);
/* Begin to look at the file system of a share, which may hang. */
void guard_share_begin(const struct share *s);
/*
 * What is missing if a share offloads, and ditto-guard would not watch its file system: a sentence
 * for free(), or NULL. @until: deadline by clock_ms(). Only root sees it.
 */
char *guard_share_note(const struct share *s, u64 until);
void guard_free(struct guard *g);
void guard_json(const struct guard *g);
void guard_print(const struct guard *g);

#endif
