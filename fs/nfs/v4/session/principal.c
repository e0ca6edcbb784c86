// SPDX-License-Identifier: GPL-2.0-only
/* Principals: comparison and digest, see principal.h. */
#include <crypto/blake2s.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "../../../share/cred.h"
#include "../../../share/share.h"
#include "../../rpc/call.h"
#include "client.h"
#include "principal.h"

/* All RPCSEC_GSS services count as one flavour: protection is not part of the identity. */
static u32 dnfs4_sec_kind(u32 sec)
{
	return sec & DNFS_SEC_PROVEN ? DNFS_SEC_PROVEN : sec;
}

bool dnfs4_principal_init(struct dnfs4_principal *principal, const struct dnfs_call *call)
{
	principal->sec = call->sec;
	principal->uid = call->ident.uid;
	principal->name = NULL;
	if (!(call->sec & DNFS_SEC_PROVEN) || !call->principal)
		return true;
	principal->name = kstrdup(call->principal, GFP_KERNEL);
	return principal->name;
}

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
EXPORT_SYMBOL_IF_KUNIT(dnfs4_principal_matches);

void dnfs4_principal_digest(const struct dnfs4_principal *principal,
			    u8 digest[DNFS4_PRINCIPAL_DIGEST])
{
	struct blake2s_state state;
	__be32 head[2] = {
		cpu_to_be32(dnfs4_sec_kind(principal->sec)),
		cpu_to_be32(principal->name ? 0 : __kuid_val(principal->uid)),
	};

	blake2s_init(&state, DNFS4_PRINCIPAL_DIGEST);
	blake2s_update(&state, (const u8 *)head, sizeof(head));
	if (principal->name)
		blake2s_update(&state, principal->name, strlen(principal->name));
	blake2s_final(&state, digest);
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_principal_digest);

bool dnfs4_is_protected(const struct dnfs_call *call)
{
	return call->sec & (DITTO_SEC_KRB5I | DITTO_SEC_KRB5P);
}
