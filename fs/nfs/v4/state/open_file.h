/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of an OPEN by name: found or made. */
#ifndef _DITTO_FS_NFS_V4_STATE_OPEN_FILE_H
#define _DITTO_FS_NFS_V4_STATE_OPEN_FILE_H

#include "../attr/attr.h"
#include "../engine/compound.h"

/**
 * struct dnfs4_open_file - a file that is looked for, or to be made
 * @name: in the current handle's directory
 * @create: it is to be made if it is not there
 * @mode: enum createmode4
 * @verf: of the exclusive modes
 * @sattr: attributes to make it with
 * @node: filled, held: what was found or made
 * @made: filled: it was made, maybe by the first sending of the same request
 * @attrset: filled: attributes that were set
 * @wcc: filled: of the directory
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

/* createhow4. */
u32 dnfs4_decode_createhow(struct dnfs4_compound *cmp, struct dnfs4_open_file *file);

/* Find it or make it. NFS4_OK, or a status; then there is no node. */
u32 dnfs4_open_file_get(struct dnfs4_compound *cmp, struct dnfs4_open_file *file);

#endif
