/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of an OPEN by name: lookup or creation. */
#ifndef _DITTO_FS_NFS_V4_STATE_OPEN_FILE_H
#define _DITTO_FS_NFS_V4_STATE_OPEN_FILE_H

#include "../attr/attr.h"
#include "../engine/compound.h"

/**
 * struct dnfs4_open_file - a file to be looked up or created
 * @name: name in the directory of the current handle
 * @create: OPEN4_CREATE
 * @mode: enum createmode4
 * @verf: verifier of the exclusive modes
 * @sattr: attributes for a new file
 * @node: out: the file, with a reference
 * @made: out: the file was created, by this request or by its first transmission
 * @attrset: out: attributes that were set
 * @wcc: out: attributes of the directory before and after
 */
struct dnfs4_open_file {
	struct ditto_name name;
	bool create;
	u32 mode;
	u8 verf[NFS4_VERIFIER_SIZE];
	struct dnfs4_sattr sattr;
	struct ditto_node *node;
	bool made;
	struct dnfs4_bitmap *attrset;
	struct ditto_wcc *wcc;
};

/**
 * dnfs4_decode_createhow - decode a createhow4
 * @cmp: the COMPOUND
 * @file: @file->mode, @file->verf and @file->sattr are filled
 *
 * Return: NFS4_OK, NFS4ERR_BADXDR, or a status of dnfs4_decode_sattr().
 */
u32 dnfs4_decode_createhow(struct dnfs4_compound *cmp, struct dnfs4_open_file *file);

/**
 * dnfs4_open_file_get - look up or create the file of an OPEN
 * @cmp: has the directory, or a named attribute directory, as current handle
 * @file: the request; the results are filled
 *
 * RFC 8881 section 18.16.3.
 *
 * Context: may sleep.
 * Return: NFS4_OK; or a status, in which case the caller has no reference on a node.
 */
u32 dnfs4_open_file_get(struct dnfs4_compound *cmp, struct dnfs4_open_file *file);

#endif
