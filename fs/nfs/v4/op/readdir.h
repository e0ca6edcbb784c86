/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A directory listing in progress: READDIR of directories, of the pseudo root and of
 * named attribute directories.
 */
#ifndef _DITTO_FS_NFS_V4_OP_READDIR_H
#define _DITTO_FS_NFS_V4_OP_READDIR_H

#include <linux/sunrpc/xdr.h>

#include "../../../op/op.h"
#include "../attr/attr_private.h"

/**
 * struct dnfs4_listing - the entries of a READDIR reply
 * @cmp: compound
 * @cookie: cookie of the entry before the first one wanted; 0 for the first
 * @ask: attributes that the client asked for
 * @plan: attributes to return for each entry
 * @src: attributes read of the current entry
 * @xdr: stream that entries are written to
 * @buf: buffer of @xdr; its size is limited by the client and the reply
 * @own: memory of @buf if it is not in the pages of the reply; to be freed
 * @dirroom: bytes left of dircount
 * @count: number of entries written
 * @full: an entry did not fit, or is not available yet
 * @eof: the last entry was reached
 * @search: result of checking search permission: 0 or an errno; 1 if not checked yet
 * @status: status of an entry that is not available yet
 */
struct dnfs4_listing {
	struct dnfs4_compound *cmp;
	u64 cookie;
	const struct dnfs4_bitmap *ask;
	struct dnfs4_attr_plan plan;
	struct dnfs4_attr_src src;
	struct xdr_stream xdr;
	struct xdr_buf buf;
	void *own;
	u32 dirroom;
	u32 count;
	bool full;
	bool eof;
	int search;
	u32 status;
};

/* listing.c */

/* listing.c */
bool dnfs4_listing_add(struct dnfs4_listing *list, const struct ditto_name *name, u64 cookie,
		       u64 ino, u32 status);

/* readdir_roots.c */

/* readdir_roots.c */
int dnfs4_list_pseudo(struct dnfs4_listing *list);
int dnfs4_list_attrdir(struct dnfs4_listing *list);

#endif
