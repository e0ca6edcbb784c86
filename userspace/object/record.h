/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of offloaded files, see fs/offload/record.c. The kernel alone writes them. */
#ifndef _DITTO_OFFLOAD_RECORD_H
#define _DITTO_OFFLOAD_RECORD_H

#include "cookie.h"

#define OFFLOAD_RECORD_XATTR	"trusted.ditto.offload"
/* Says where the content of a file that came back is still stored, instead of a record. */
#define OFFLOAD_STORED_XATTR	"trusted.ditto.stored"
/* Longest record in bytes. */
#define OFFLOAD_RECORD_MAX	4096

/**
 * struct offload_record - what the record of a file says about its content
 * @size: bytes of the content
 * @inode: inode number of the file that the record was made for
 * @generation: of that inode
 * @cookie: names the content
 */
struct offload_record {
	u64 size;
	u64 inode;
	u32 generation;
	struct cookie cookie;
};

/* What the record of a file with this content would say. Returns false if the cookie is invalid. */
bool offload_record_set(struct offload_record *r, u64 size, const u8 *cookie, size_t len);
/* Decode a record. Returns false if it is damaged or of another version. */
bool offload_record_decode(struct offload_record *r, const u8 *in, size_t len);
/* The same for the attribute of a file that came back. */
bool offload_stored_decode(struct offload_record *r, const u8 *in, size_t len);

#endif
