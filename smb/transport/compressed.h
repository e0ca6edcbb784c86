/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The form of compressed messages: MS-SMB2 sections 2.2.42, 3.1.4.4 and 3.1.5.3. The algorithms are
 * in compress/.
 */
#ifndef _DITTO_SMB_TRANSPORT_COMPRESSED_H
#define _DITTO_SMB_TRANSPORT_COMPRESSED_H

#include <linux/types.h>

#include "../wire/wire.h"

u32 dsmb_compressed_measure(const struct dsmb_compression *with, const void *data, u32 len,
			    u32 max);
const struct dsmb_header *dsmb_compressed_header(const void *data, u32 len);
int dsmb_compressed_expand(const struct dsmb_compression *with, const void *data, u32 len,
			   u8 *out, u32 size);
u32 dsmb_compressed_make(const struct dsmb_compression *with, const u8 *data, u32 len, u32 head,
			 u8 *out);

#endif
