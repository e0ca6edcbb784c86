/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records that the kernel wants to find again after a restart, and the lives
 * of the server, in the state database on a connection of their own.
 *
 * A life of the server is told by its random instance number; each new one
 * gets the next epoch. A record belongs to the life in which it was put last.
 * What returns true, or 0, is on disk.
 *
 * Used by one thread at a time. An error is logged.
 */
#ifndef _DITTOD_RECORD_H
#define _DITTOD_RECORD_H

#include "text.h"

struct records;

/* Limits of the kernel. */
#define RECORD_KEY_MAX	1024
#define RECORD_DATA_MAX	6144

/**
 * struct record - one record
 * @type: enum ditto_record_type
 * @key_len: bytes of @key
 * @data_len: bytes of @data
 * @key: unique within the type
 * @data: the rest
 */
struct record {
	u32 type;
	u16 key_len;
	u16 data_len;
	u8 key[RECORD_KEY_MAX];
	u8 data[RECORD_DATA_MAX];
};

/* Open the database that state_open() made. NULL and @why on error. */
struct records *records_open(const char *dir, struct why *why);
void records_close(struct records *r);

/**
 * records_begin - which life of the server is this
 * @r: the records
 * @instance: its number
 * @known: the epoch that the server has already, or 0
 * @clean: filled: the life before ended in good order
 *
 * A server that has an epoch from another database keeps it: the database
 * takes it over, so that epochs only grow.
 *
 * Return: the epoch, or 0 on error.
 */
u64 records_begin(struct records *r, u64 instance, u64 known, bool *clean);
/* Everything asked for was written, and the server or this program ends. */
bool records_end(struct records *r);

/* Several changes become one write to the disk: all or none of them. */
bool records_batch_begin(struct records *r);
bool records_batch_end(struct records *r);
/* Undo what was done since records_batch_begin(). */
void records_batch_cancel(struct records *r);

/* Write a record, in place of one with the same key. */
bool record_put(struct records *r, const struct record *record);
/* Remove it; one that is not there is no error. */
bool record_remove(struct records *r, const struct record *record);
/* Remove all of a type that belong to lives before this one. */
bool record_forget(struct records *r, u32 type);

/* Call @fn for all records of lives before; it returns false to end. False if it did. */
bool record_previous(struct records *r, bool (*fn)(const struct record *record, void *arg),
		     void *arg);

#endif
