/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records that the kernel must find again after a restart, and the history of server instances.
 * Both are kept in the state database, on a connection of their own.
 *
 * A server instance is identified by a random number. Each new instance gets the next epoch. A
 * record belongs to the instance that wrote it last. When a function returns true, or a nonzero
 * epoch, the change is on disk.
 *
 * Used by one thread at a time. Errors are logged.
 */
#ifndef _DITTOD_RECORD_H
#define _DITTOD_RECORD_H

#include "text.h"

struct records;

/* Limits of the kernel, in bytes. */
#define RECORD_KEY_MAX	1024
#define RECORD_DATA_MAX	6144

/**
 * struct record - one record
 * @type: enum ditto_record_type
 * @key_len: length of @key in bytes
 * @data_len: length of @data in bytes
 * @key: key, unique within the type
 * @data: content
 */
struct record {
	u32 type;
	u16 key_len;
	u16 data_len;
	u8 key[RECORD_KEY_MAX];
	u8 data[RECORD_DATA_MAX];
};

/* Open the database that state_open() created. Returns NULL and fills @why on error. */
struct records *records_open(const char *dir, struct why *why);
/* Close the database and free @r; NULL is allowed. */
void records_close(struct records *r);

/**
 * records_begin - start or continue a server instance
 * @r: the records
 * @instance: instance number of the server
 * @known: epoch that the server already has, or 0
 * @clean: filled: true if the instance before ended cleanly
 *
 * If the server already has an epoch from another database, it keeps that epoch and the database
 * adopts it. Epochs therefore never decrease.
 *
 * Return: the epoch, or 0 on error.
 */
u64 records_begin(struct records *r, u64 instance, u64 known, bool *clean);
/*
 * Note that the instance ends cleanly: all requested changes were written before the server or
 * dittod ended.
 */
bool records_end(struct records *r);

/* Combine several changes into one transaction, which is written completely or not at all. */
bool records_batch_begin(struct records *r);
bool records_batch_end(struct records *r);
/* Undo all changes since records_batch_begin(). */
void records_batch_cancel(struct records *r);

/* Write a record; replaces a record with the same type and key. */
bool record_put(struct records *r, const struct record *record);
/* Remove a record. A missing record is not an error. */
bool record_remove(struct records *r, const struct record *record);
/* Remove all records of a type that belong to earlier instances. */
bool record_forget(struct records *r, u32 type);

/*
 * Call @fn for each record of earlier instances until it returns false. Returns 0, -ECANCELED if it
 * did, or -EIO if there are records that cannot be read.
 */
int record_previous(struct records *r, bool (*fn)(const struct record *record, void *arg),
		    void *arg);

#endif
