/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The form of compressed messages: MS-SMB2 sections 2.2.42, 3.1.4.4 and 3.1.5.3. The algorithms are
 * in compress/.
 */
#ifndef _DITTO_SMB_TRANSPORT_COMPRESSED_H
#define _DITTO_SMB_TRANSPORT_COMPRESSED_H

#include <linux/types.h>

#include "../wire/wire.h"

/*
 * Check the header of a compressed message: returns how long it says the message is, at most @max,
 * or 0 if the message has to be refused. The lengths in a chain are checked as it is expanded.
 */
u32 dsmb_compressed_measure(const struct dsmb_compression *with, const void *data, u32 len,
			    u32 max);

/*
 * Find the header of the first request of a compressed message. Returns NULL if it is compressed
 * itself, or in several parts.
 */
const struct dsmb_header *dsmb_compressed_header(const void *data, u32 len);

/*
 * Expand a message to @size bytes, which dsmb_compressed_measure() returned for it. Returns 0,
 * -EINVAL or -ENOMEM. Context: process; may sleep for memory.
 */
int dsmb_compressed_expand(const struct dsmb_compression *with, const void *data, u32 len,
			   u8 *out, u32 size);

/*
 * Compress a message of @len bytes but for its first @head bytes. Returns the bytes written to
 * @out, which are fewer than @len; 0 if there would be no fewer, if the message is longer than may
 * be compressed, or without memory. Context: process; may sleep for memory.
 */
u32 dsmb_compressed_make(const struct dsmb_compression *with, const u8 *data, u32 len, u32 head,
			 u8 *out);

#endif
