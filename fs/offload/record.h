/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of an offloaded file: which parts of its content are in the file, and where the helper
 * finds the others. It is stored with the file as trusted.ditto.offload, see
 * Documentation/offload-kernel.md, and is the truth: nothing else tells that blocks were freed.
 *
 * The content is divided into ranges of the same size. A range whose bit is not set is absent: the
 * file system has no data for it, and its bytes must not be read from there. Bytes behind the size
 * of the record belong to no range and are in the file.
 *
 * Before this server writes into an absent range, or frees its blocks, the record says so: what is
 * found there later is its own. Other data in an absent range was written by somebody else, while
 * nobody guarded the file; see conflict.c.
 *
 * A file that is whole has no record. If its content came back and has not changed since, it may
 * have another attribute instead, which says where the content is still stored.
 */
#ifndef _DITTO_FS_OFFLOAD_RECORD_H
#define _DITTO_FS_OFFLOAD_RECORD_H

#include <linux/bitmap.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/types.h>

#define DITTO_OFFLOAD_XATTR		"trusted.ditto.offload"
#define DITTO_STORED_XATTR		"trusted.ditto.stored"
/* Bytes of the longest cookie. */
#define DITTO_OFFLOAD_COOKIE_MAX	512
/* Ranges of a file; larger files have larger ranges. */
#define DITTO_OFFLOAD_RANGES_MAX	8192
/* Logarithm of the smallest and largest size of a range. */
#define DITTO_OFFLOAD_SHIFT_MIN		23
#define DITTO_OFFLOAD_SHIFT_MAX		50
/* Bytes of the longest stored record. */
#define DITTO_OFFLOAD_RECORD_MAX	(48 + DITTO_OFFLOAD_COOKIE_MAX + \
					 2 * DITTO_OFFLOAD_RANGES_MAX / 8)
/* No range. */
#define DITTO_OFFLOAD_NONE		U32_MAX

/**
 * struct ditto_offload_record - a record in memory
 * @size: bytes of the content that was offloaded; less after a truncation
 * @change: change number of the file when its blocks were freed
 * @ino: inode number of the file that the record belongs to
 * @generation: generation of that inode
 * @shift: logarithm of the size of a range
 * @cookie_len: bytes of @cookie
 * @cookie: opaque to the kernel
 * @map: a bit for each range that is in the file
 * @own: a bit for each absent range in which this server may have left data
 */
struct ditto_offload_record {
	u64 size;
	u64 change;
	u64 ino;
	u32 generation;
	u8 shift;
	u16 cookie_len;
	u8 cookie[DITTO_OFFLOAD_COOKIE_MAX];
	DECLARE_BITMAP(map, DITTO_OFFLOAD_RANGES_MAX);
	DECLARE_BITMAP(own, DITTO_OFFLOAD_RANGES_MAX);
};

/**
 * struct ditto_stored - content of a file that is whole
 * @size: bytes of the file
 * @change: change number of the file with this content
 * @session: session of the volume that has seen this; nobody else believes it
 * @ino: inode number of the file
 * @generation: generation of that inode
 * @cookie_len: bytes of @cookie
 * @cookie: opaque to the kernel
 */
struct ditto_stored {
	u64 size;
	u64 change;
	u64 session;
	u64 ino;
	u32 generation;
	u16 cookie_len;
	u8 cookie[DITTO_OFFLOAD_COOKIE_MAX];
};

/* Bytes of the longest stored form of struct ditto_stored. */
#define DITTO_STORED_MAX		(52 + DITTO_OFFLOAD_COOKIE_MAX)

/* Number of ranges of a record. */
static inline u32 ditto_offload_ranges(const struct ditto_offload_record *record)
{
	return (record->size + (1ULL << record->shift) - 1) >> record->shift;
}

/* First byte of a range. */
static inline u64 ditto_offload_range_pos(const struct ditto_offload_record *record, u32 range)
{
	return (u64)range << record->shift;
}

/* Byte behind the last one of a range. */
static inline u64 ditto_offload_range_end(const struct ditto_offload_record *record, u32 range)
{
	return min(((u64)range + 1) << record->shift, record->size);
}

void ditto_offload_record_init(struct ditto_offload_record *record, u64 size);
size_t ditto_offload_record_encode(const struct ditto_offload_record *record, u8 *buf);
int ditto_offload_record_decode(struct ditto_offload_record *record, const u8 *buf, size_t len);
size_t ditto_stored_encode(const struct ditto_stored *stored, u8 *buf);
int ditto_stored_decode(struct ditto_stored *stored, const u8 *buf, size_t len);
u32 ditto_offload_absent(const struct ditto_offload_record *record, u64 pos, u64 end);
bool ditto_offload_cover(struct ditto_offload_record *record, u64 pos, u64 end);
bool ditto_offload_own(struct ditto_offload_record *record, u32 range);

/* Is it noted? Then what is found in the range does not count as written by somebody else. */
static inline bool ditto_offload_is_own(const struct ditto_offload_record *record, u32 range)
{
	return test_bit(range, record->own);
}

void ditto_offload_own_all(struct ditto_offload_record *record);
void ditto_offload_cut(struct ditto_offload_record *record, u64 size);
u64 ditto_offload_resident(const struct ditto_offload_record *record);

#endif
