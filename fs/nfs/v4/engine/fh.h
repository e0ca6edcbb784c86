/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoding of filehandles from the wire.
 */
#ifndef _DITTO_FS_NFS_V4_ENGINE_FH_H
#define _DITTO_FS_NFS_V4_ENGINE_FH_H

#include "compound.h"

/**
 * dnfs4_fh_decode - make the file of a wire filehandle the current one (PUTFH)
 * @cmp: compound
 * @data: filehandle
 * @len: bytes of @data
 *
 * Return: NFS4_OK; NFS4ERR_BADHANDLE; NFS4ERR_STALE; others of dnfs4_fh_enter().
 */
u32 dnfs4_fh_decode(struct dnfs4_compound *cmp, const u8 *data, u32 len);

/**
 * dnfs4_fh_find - find share and node of a wire filehandle outside of a COMPOUND
 * @srv: the server
 * @data: filehandle
 * @len: bytes of @data
 * @fh: filled, without a credential; to be put with dnfs4_fh_put()
 *
 * No access check is made. Named attributes are not found.
 *
 * Return: 0; -EBADHANDLE; an errno of ditto_handle_decode().
 */
int dnfs4_fh_find(struct ditto_server *srv, const u8 *data, u32 len, struct dnfs4_fh *fh);

#endif
