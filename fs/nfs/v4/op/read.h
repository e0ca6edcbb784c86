/* SPDX-License-Identifier: GPL-2.0-only */
/* The common part of READ and READ_PLUS: arguments, and data of a file in a reply. */
#ifndef _DITTO_FS_NFS_V4_OP_READ_H
#define _DITTO_FS_NFS_V4_OP_READ_H

#include <linux/types.h>

#include "../state/stateid.h"

struct dnfs4_compound;
struct dnfs4_io;

/**
 * struct dnfs4_read_args - arguments (RFC 8881 section 18.22, RFC 7862 section 15.10)
 * @stateid: permission to read
 * @offset: first byte
 * @count: number of bytes
 */
struct dnfs4_read_args {
	struct dnfs4_stateid stateid;
	u64 offset;
	u32 count;
};

u32 dnfs4_read_decode(struct dnfs4_compound *cmp, void *args);

/**
 * struct dnfs4_payload - data that was read
 * @count: bytes read
 * @eof: the end of the file was reached
 * @paged: the data is in the pages of the reply
 * @base: if @paged: offset of the first byte in the first page
 * @copy: otherwise the data; to be freed
 */
struct dnfs4_payload {
	u32 count;
	bool eof;
	bool paged;
	u32 base;
	void *copy;
};

int dnfs4_payload_read(struct dnfs4_compound *cmp, struct dnfs4_io *io, loff_t pos, u32 count,
		       u32 bytes, struct dnfs4_payload *payload);
bool dnfs4_payload_encode(struct dnfs4_compound *cmp, const struct dnfs4_payload *payload);

#endif
