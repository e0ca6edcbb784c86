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

/**
 * dnfs4_principal_init - fill a principal from a call
 * @principal: filled; to be released with dnfs4_principal_exit(), also without success
 * @call: the call
 *
 * Return: false without memory.
 */
bool dnfs4_principal_init(struct dnfs4_principal *principal, const struct dnfs_call *call);

/**
 * dnfs4_principal_confirm - take the proof of the machine from the call that confirms the client
 * @principal: of a client that is not confirmed yet
 * @call: the call, whose principal matches
 *
 * The client may have been made over a connection that proves less.
 *
 * Context: may sleep; clients->lock.
 * Return: false without memory.
 */
bool dnfs4_principal_confirm(struct dnfs4_principal *principal, const struct dnfs_call *call);

/* Free what a principal owns. One that is all zeroes owns nothing. */
void dnfs4_principal_exit(struct dnfs4_principal *principal);

/**
 * dnfs4_principal_digest - compute a digest of a principal
 * @principal: the principal
 * @digest: filled
 *
 * The digest is stable across restarts of the server.
 *
 * Context: any.
 */
void dnfs4_principal_digest(const struct dnfs4_principal *principal,
			    u8 digest[DNFS4_PRINCIPAL_DIGEST]);

/* The same of the caller of a call. Context: may sleep. Return: false without memory. */
bool dnfs4_caller_digest(const struct dnfs_call *call, u8 digest[DNFS4_PRINCIPAL_DIGEST]);

/*
 * Can a caller act for a confirmed client as a whole? Its principal can, and so can others from the
 * address from which it was made; both over a connection that proves no less than that one did.
 */
bool dnfs4_principal_may_manage(const struct dnfs4_client *client, const struct dnfs_call *call);

/* Can a principal be part of an upcall to rpc.gssd? @name: "service@host". */
bool dnfs4_service_is_valid(const char *name);

/**
 * dnfs4_is_protected - check for integrity protection
 * @call: the call
 *
 * Context: any.
 * Return: true if the call came with RPCSEC_GSS integrity or privacy.
 */
bool dnfs4_is_protected(const struct dnfs_call *call);

#endif
