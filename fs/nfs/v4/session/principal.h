/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Principals: who made a client, and whether it is the one that calls.
 */
#ifndef _DITTO_FS_NFS_V4_SESSION_PRINCIPAL_H
#define _DITTO_FS_NFS_V4_SESSION_PRINCIPAL_H

#include <linux/types.h>

struct dnfs_call;
struct dnfs4_principal;

/* Digest of a principal, as it stands in records. */
#define DNFS4_PRINCIPAL_DIGEST	16

/* Fill it with who calls. False without memory. */
bool dnfs4_principal_init(struct dnfs4_principal *principal, const struct dnfs_call *call);
/* The same over restarts. */
void dnfs4_principal_digest(const struct dnfs4_principal *principal,
			    u8 digest[DNFS4_PRINCIPAL_DIGEST]);
/* Did the call come with RPCSEC_GSS that protects its integrity? */
bool dnfs4_is_protected(const struct dnfs_call *call);

#endif
