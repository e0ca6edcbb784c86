/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A listing on its way: READDIR of directories, of the pseudo root and of named
 * attribute directories.
 */
#ifndef _DITTO_FS_NFS_V4_OP_READDIR_H
#define _DITTO_FS_NFS_V4_OP_READDIR_H

#include <linux/sunrpc/xdr.h>

#include "../attr/attr_private.h"

/* Reserved, and never an entry's (RFC 8881 section 18.23.3). */
#define DNFS4_COOKIE_LAST_RESERVED	2

/**
 * struct dnfs4_listing - the entries of a reply
 * @cmp: compound
 * @cookie: behind which entry it begins
 * @plan: what is told of each entry
 * @src: of the entry at hand
 * @xdr: where entries go
 * @buf: of @xdr; its size is what the client and the reply allow
 * @own: memory of @buf, if it is not in the reply's pages
 * @dirroom: what is left of dircount
 * @count: entries so far
 * @full: one did not fit, or has to wait
 * @eof: there are no more
 * @search: may the directory be searched: 0, or an errno; 1 while nobody asked
 * @status: why an entry could not be given yet
 */
struct dnfs4_listing {
	struct dnfs4_compound *cmp;
	u64 cookie;
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

/**
 * dnfs4_listing_add - an entry whose attributes are in @list->src, or cannot be had
 * @list: listing
 * @name: of the entry
 * @cookie: behind it
 * @ino: its number in this directory
 * @status: NFS4_OK or why there are no attributes
 *
 * Return: false if the listing ends before it.
 */
bool dnfs4_listing_add(struct dnfs4_listing *list, const struct ditto_name *name, u64 cookie,
		       u64 ino, u32 status);

/* readdir_roots.c: return 0 or an errno. */
int dnfs4_list_pseudo(struct dnfs4_listing *list);
int dnfs4_list_attrdir(struct dnfs4_listing *list);

#endif
