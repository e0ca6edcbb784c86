/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Principals: the identity that created a client, to be compared with the principal of later calls.
 * See also dnfs4_principal_matches() in client.h.
 */
#ifndef _DITTO_FS_NFS_V4_SESSION_PRINCIPAL_H
#define _DITTO_FS_NFS_V4_SESSION_PRINCIPAL_H

#include <linux/kconfig.h>
#include <linux/types.h>

struct dnfs_call;
struct dnfs4_client;
struct dnfs4_principal;

/* Bytes of a principal's digest, as stored in client records. */
#define DNFS4_PRINCIPAL_DIGEST	16

bool dnfs4_principal_init(struct dnfs4_principal *principal, const struct dnfs_call *call);
bool dnfs4_principal_confirm(struct dnfs4_principal *principal, const struct dnfs_call *call);
void dnfs4_principal_exit(struct dnfs4_principal *principal);
void dnfs4_principal_digest(const struct dnfs4_principal *principal,
			    u8 digest[DNFS4_PRINCIPAL_DIGEST]);
bool dnfs4_caller_digest(const struct dnfs_call *call, u8 digest[DNFS4_PRINCIPAL_DIGEST]);
bool dnfs4_principal_may_manage(const struct dnfs4_client *client, const struct dnfs_call *call);
bool dnfs4_service_is_valid(const char *name);
bool dnfs4_is_protected(const struct dnfs_call *call);

#endif
