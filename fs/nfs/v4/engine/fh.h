/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoding of filehandles from the wire.
 */
#ifndef _DITTO_FS_NFS_V4_ENGINE_FH_H
#define _DITTO_FS_NFS_V4_ENGINE_FH_H

#include "compound.h"

u32 dnfs4_fh_decode(struct dnfs4_compound *cmp, const u8 *data, u32 len);
int dnfs4_fh_find(struct ditto_server *srv, const u8 *data, u32 len, struct dnfs4_fh *fh);

#endif
