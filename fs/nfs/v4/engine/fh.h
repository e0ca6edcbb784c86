/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handles from the wire.
 */
#ifndef _DITTO_FS_NFS_V4_ENGINE_FH_H
#define _DITTO_FS_NFS_V4_ENGINE_FH_H

#include "compound.h"

/* The file of a handle becomes the current one. NFS4_OK, BADHANDLE, STALE and others. */
u32 dnfs4_fh_decode(struct dnfs4_compound *cmp, const u8 *data, u32 len);

/*
 * For what is not part of a COMPOUND: share and node of the bytes of a handle, to be put by
 * dnfs4_fh_put(). Nobody is checked, and there is no credential. An errno of
 * ditto_handle_decode().
 */
int dnfs4_fh_find(struct ditto_server *srv, const u8 *data, u32 len, struct dnfs4_fh *fh);

#endif
