// SPDX-License-Identifier: GPL-2.0-only
/* Principals: comparison and digest, see principal.h. */
#include <crypto/blake2s.h>
#include <linux/ctype.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "../../../../net/peer.h"
#include "../../../share/cred.h"
#include "../../../share/share.h"
#include "../../rpc/call.h"
#include "../../share_options.h"
#include "client.h"
#include "principal.h"

/* All RPCSEC_GSS services count as one flavour: protection is not part of the identity. */
static u32 dnfs4_sec_kind(u32 sec)
{
	return sec & DNFS_SEC_PROVEN ? DNFS_SEC_PROVEN : sec;
}

/* The name that the caller's machine has proved, or NULL. */
static const char *dnfs4_cert_name(const struct dnfs_call *call)
{
	return call->security == DNFS_CONN_MTLS ? call->peer->cert_name : NULL;
}

/* sunrpc's upcall to rpc.gssd has 256 bytes for two names, about 80 others and what separates. */
#define SERVICE_MAX	80

/*
 * Can a principal be part of an upcall to rpc.gssd? @name: "service@host". The upcall is a line of
 * words, so a name must not have characters that separate them.
 */
bool dnfs4_service_is_valid(const char *name)
{
	const char *host = strchr(name, '@');

	if (!host || host == name || !host[1] || strlen(name) > SERVICE_MAX)
		return false;
	for (const char *c = name; *c; c++)
		if (c != host && !(isascii(*c) && isalnum(*c)) && !strchr("-._", *c))
			return false;
	return true;
}

/* Copy a name of a service, if it is usable. Returns false without memory. */
static bool dnfs4_service_copy(const char *name, char **copy)
{
	if (!name || !dnfs4_service_is_valid(name))
		return true;
	*copy = kstrdup(name, GFP_KERNEL);
	return *copy;
}

/* Fill a principal from a call. Return: false without memory. */
bool dnfs4_principal_init(struct dnfs4_principal *principal, const struct dnfs_call *call)
{
	principal->sec = call->sec;
	principal->uid = call->ident.uid;
	principal->security = call->security;
	principal->name = NULL;
	principal->service = NULL;
	principal->acceptor = NULL;
	principal->cert_name = NULL;
	if (dnfs4_cert_name(call)) {
		principal->cert_name = kstrdup(dnfs4_cert_name(call), GFP_KERNEL);
		if (!principal->cert_name)
			return false;
	}
	if (!(call->sec & DNFS_SEC_PROVEN) || !call->principal)
		return true;
	if (!dnfs4_service_copy(call->service, &principal->service) ||
	    !dnfs4_service_copy(call->acceptor, &principal->acceptor))
		return false;
	principal->name = kstrdup(call->principal, GFP_KERNEL);
	return principal->name;
}

/*
 * Take the proof of the machine from the call that confirms the client. The client may have been
 * made over a connection that proves less. Context: clients->lock. Return: false without memory.
 */
bool dnfs4_principal_confirm(struct dnfs4_principal *principal, const struct dnfs_call *call)
{
	const char *name = dnfs4_cert_name(call);
	char *cert_name = NULL;

	if (call->security <= principal->security)
		return true;
	if (name) {
		cert_name = kstrdup(name, GFP_KERNEL);
		if (!cert_name)
			return false;
	}
	kfree(principal->cert_name);
	principal->cert_name = cert_name;
	principal->security = call->security;
	return true;
}

/* Free what a principal owns. One that is all zeroes owns nothing. */
void dnfs4_principal_exit(struct dnfs4_principal *principal)
{
	kfree(principal->name);
	kfree(principal->service);
	kfree(principal->acceptor);
	kfree(principal->cert_name);
}

/*
 * Compare a call's principal with a client's. All RPCSEC_GSS services count as the same flavour.
 * GSS principals are compared by name, other flavours by uid. All callers with AUTH_NONE count as
 * the same principal. Context: any. Return: true if the call comes from the principal that created
 * the client.
 */
bool dnfs4_principal_matches(const struct dnfs4_client *client, const struct dnfs_call *call)
{
	const struct dnfs4_principal *principal = &client->principal;

	if (dnfs4_sec_kind(principal->sec) != dnfs4_sec_kind(call->sec))
		return false;
	if (principal->sec & DNFS_SEC_PROVEN && (principal->name || call->principal))
		return principal->name && call->principal &&
		       !strcmp(principal->name, call->principal);
	/* All callers with AUTH_NONE are the same principal. */
	return principal->sec == DITTO_SEC_NONE || uid_eq(principal->uid, call->ident.uid);
}

/* Does the connection of a call prove as much as that which made the client? */
static bool dnfs4_principal_conn_matches(const struct dnfs4_principal *principal,
					 const struct dnfs_call *call)
{
	if (principal->sec & DNFS_SEC_PROVEN)
		return true;
	/* The bits are in the order of what they prove. */
	static_assert(DNFS_CONN_PLAIN < DNFS_CONN_TLS && DNFS_CONN_TLS < DNFS_CONN_MTLS);
	if (call->security < principal->security)
		return false;
	return principal->security != DNFS_CONN_MTLS ||
	       !strcmp(principal->cert_name ?: "", dnfs4_cert_name(call) ?: "");
}

/*
 * Check whether a call may end a client's state by a restart. Anybody can claim the uid of
 * AUTH_SYS. A client that was created through TLS is therefore not restarted without TLS, and one
 * that was created with a certificate only with the same name. A machine may still use one client,
 * by its verifier, through connections of several kinds. Context: any. Return: true if the call
 * comes from the principal that created the client, with the same proof.
 */
bool dnfs4_principal_may_restart(const struct dnfs4_client *client, const struct dnfs_call *call)
{
	return dnfs4_principal_matches(client, call) &&
	       dnfs4_principal_conn_matches(&client->principal, call);
}

/*
 * Can a caller act for a confirmed client as a whole? Its principal can, and so can others from the
 * address from which it was made; both over a connection that proves no less than that one did.
 */
bool dnfs4_principal_may_manage(const struct dnfs4_client *client, const struct dnfs_call *call)
{
	return (dnfs4_principal_matches(client, call) ||
		ipv6_addr_equal(&client->addr, &call->peer->addr)) &&
	       dnfs4_principal_conn_matches(&client->principal, call);
}

/*
 * The same as dnfs4_principal_digest() of the caller of a call. Context: may sleep. Return: false
 * without memory.
 */
bool dnfs4_caller_digest(const struct dnfs_call *call, u8 digest[DNFS4_PRINCIPAL_DIGEST])
{
	struct dnfs4_principal principal;
	bool done = dnfs4_principal_init(&principal, call);

	if (done)
		dnfs4_principal_digest(&principal, digest);
	dnfs4_principal_exit(&principal);
	return done;
}

/*
 * Compute a digest of a principal. The digest is stable across restarts of the server. Context:
 * any.
 */
void dnfs4_principal_digest(const struct dnfs4_principal *principal,
			    u8 digest[DNFS4_PRINCIPAL_DIGEST])
{
	struct blake2s_ctx ctx;
	__be32 head[2] = {
		cpu_to_be32(dnfs4_sec_kind(principal->sec)),
		cpu_to_be32(principal->name ? 0 : __kuid_val(principal->uid)),
	};

	blake2s_init(&ctx, DNFS4_PRINCIPAL_DIGEST);
	blake2s_update(&ctx, (const u8 *)head, sizeof(head));
	/* The name of a machine counts where the user is not proved, as for restarts. */
	if (principal->name)
		blake2s_update(&ctx, principal->name, strlen(principal->name));
	else if (principal->cert_name && !(principal->sec & DNFS_SEC_PROVEN))
		blake2s_update(&ctx, principal->cert_name, strlen(principal->cert_name));
	blake2s_final(&ctx, digest);
}

/*
 * Check for integrity protection. Context: any. Return: true if the call came with RPCSEC_GSS
 * integrity or privacy.
 */
bool dnfs4_is_protected(const struct dnfs_call *call)
{
	return call->sec & (DITTO_SEC_KRB5I | DITTO_SEC_KRB5P);
}
