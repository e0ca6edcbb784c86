/* SPDX-License-Identifier: GPL-2.0-only */
/* An index for tests, with files, objects and lists whose names are one letter. */
#ifndef _DITTO_TESTS_INDEX_BENCH_H
#define _DITTO_TESTS_INDEX_BENCH_H

#include <sqlite3.h>

#include "index/index.h"
#include "test.h"

#define DAY	86400

/* Where the index is. */
extern char *path;
extern const struct filesystem disk;

/* Run the tests with a place for the index. Returns the exit status. */
int index_bench_main(const struct test *tests);

/* A name that consists of one byte; good until the fourth call after it. */
const u8 *name_of(char byte);
void file_add(struct index *x, const char *file, char manifest);
/* A manifest with two chunks. */
void manifest_add_pair(struct index *x, char name, char first, char second);
/* An object that the store lists. */
void object_add(u32 kind, char name, u64 size, u64 modified);
/* Take the list of the store, and end the survey. */
void survey_end(struct index *x);
/*
 * Look at files and objects at a time: manifest A has chunks a and b, B has b and c. @files: which
 * manifests have a file.
 */
void index_survey(struct index *x, const char *files, u64 now);

/* Callbacks that append to the text @arg. */
void text_add(char *text, char c);
void object_note(void *arg, const struct index_object *o);
void referred_note(void *arg, const struct index_object *o, bool present, u64 length);
void file_note(void *arg, const char *file);

/**
 * struct condemn_note - what a list says
 * @x: the index
 * @now: its time
 * @kept: the objects stay
 * @names: names of the objects
 */
struct condemn_note {
	struct index *x;
	u64 now;
	bool kept;
	char names[64];
};

void object_condemn(void *arg, const struct index_object *o);

/* The names of garbage, as a string: upper case for manifests, which come before chunks. */
const char *index_garbage_names(struct index *x, u64 before);
/* The names of garbage that no list names, as a string. */
const char *index_new_names(struct index *x);

/* Change the database past the index. */
void database_change(const char *sql);
/* The number that a query has as its result. */
u64 database_number(sqlite3 *db, const char *sql);

#endif
