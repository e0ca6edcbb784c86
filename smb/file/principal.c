// SPDX-License-Identifier: GPL-2.0-only
/* SIDs of accounts, and accounts of SIDs, in security descriptors. See principal.h. */

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../fs/acl/acl.h"
#include "../../fs/acl/sid.h"
#include "../../net/helper/names.h"
#include "../../net/peer.h"
#include "../auth/session.h"
#include "../server.h"
#include "../transport/call.h"
#include "../transport/conn.h"
#include "../wire/status.h"
#include "principal.h"

static_assert(DITTO_FOREIGN_MAX >= DITTO_SID_MAX);

static int dsmb_principal_uid_ask(struct dsmb_call *call, kuid_t uid, u8 sid[DITTO_SID_MAX])
{
	struct ditto_server *srv = call->conn->server->srv;
	struct ditto_names_park *park;
	int err = ditto_names_sid_of_user(srv, uid, sid, NULL);

	if (err != -EJUKEBOX)
		return err;
	park = dsmb_call_names_park(call);
	return park ? ditto_names_sid_of_user(srv, uid, sid, park) : -ENOMEM;
}

static int dsmb_principal_gid_ask(struct dsmb_call *call, kgid_t gid, u8 sid[DITTO_SID_MAX])
{
	struct ditto_server *srv = call->conn->server->srv;
	struct ditto_names_park *park;
	int err = ditto_names_sid_of_group(srv, gid, sid, NULL);

	if (err != -EJUKEBOX)
		return err;
	park = dsmb_call_names_park(call);
	return park ? ditto_names_sid_of_group(srv, gid, sid, park) : -ENOMEM;
}

/* Only SIDs of domains have accounts that the SID itself does not give. */
static int dsmb_principal_account_ask(struct dsmb_call *call, const struct ditto_sid *sid,
				      struct ditto_account *account)
{
	struct ditto_server *srv = call->conn->server->srv;
	struct ditto_names_park *park;
	u8 packed[DITTO_SID_MAX];
	int err;

	if (!ditto_sid_is_of_domain(sid))
		return -ENOENT;
	ditto_sid_encode(sid, packed);
	err = ditto_names_account_of_sid(srv, packed, account, NULL);
	if (err != -EJUKEBOX)
		return err;
	park = dsmb_call_names_park(call);
	return park ? ditto_names_account_of_sid(srv, packed, account, park) : -ENOMEM;
}

/* Get the SID of a user. Context: may sleep for memory. */
void dsmb_principal_of_uid(struct dsmb_call *call, kuid_t uid, struct ditto_sid *sid)
{
	u8 packed[DITTO_SID_MAX];

	if (dsmb_principal_uid_ask(call, uid, packed) ||
	    !ditto_sid_decode(packed, sizeof(packed), sid))
		*sid = ditto_sid_of_uid(uid);
}

/* Get the SID of a group. Context: may sleep for memory. */
void dsmb_principal_of_gid(struct dsmb_call *call, kgid_t gid, struct ditto_sid *sid)
{
	u8 packed[DITTO_SID_MAX];

	if (dsmb_principal_gid_ask(call, gid, packed) ||
	    !ditto_sid_decode(packed, sizeof(packed), sid))
		*sid = ditto_sid_of_gid(gid);
}

/*
 * Get the user of a SID. Context: may sleep for memory. Return: false if there is none, or none is
 * known yet.
 */
bool dsmb_principal_to_uid(struct dsmb_call *call, const struct ditto_sid *sid, kuid_t *uid)
{
	struct ditto_account account;

	if (ditto_sid_is_user(sid, call->session->user)) {
		*uid = call->session->user->uid;
		return true;
	}
	if (ditto_sid_to_uid(sid, uid))
		return true;
	if (dsmb_principal_account_ask(call, sid, &account) || !uid_valid(account.uid))
		return false;
	*uid = account.uid;
	return true;
}

/*
 * Get the group of a SID. Context: may sleep for memory. Return: false if there is none, or none is
 * known yet.
 */
bool dsmb_principal_to_gid(struct dsmb_call *call, const struct ditto_sid *sid, kgid_t *gid)
{
	struct ditto_account account;

	if (ditto_sid_to_gid(sid, gid))
		return true;
	if (dsmb_principal_account_ask(call, sid, &account) || !gid_valid(account.gid))
		return false;
	*gid = account.gid;
	return true;
}

/* A list of a file is shared, so that a changed one is a copy. */
static struct ditto_acl *dsmb_acl_copy(const struct ditto_acl *acl)
{
	struct ditto_acl *copy = ditto_acl_alloc(acl->count);

	if (!copy)
		return NULL;
	copy->flags = acl->flags;
	memcpy(copy->aces, acl->aces, array_size(acl->count, sizeof(acl->aces[0])));
	return copy;
}

static bool dsmb_ace_ask(struct dsmb_call *call, const struct ditto_ace *ace,
			 u8 sid[DITTO_SID_MAX])
{
	if (ace->who == DITTO_WHO_UID)
		return !dsmb_principal_uid_ask(call, ace->uid, sid);
	if (ace->who == DITTO_WHO_GID)
		return !dsmb_principal_gid_ask(call, ace->gid, sid);
	return false;
}

/*
 * Replace the accounts in a list by the SIDs that a directory has for them. @acl: list of a file;
 * the caller's reference becomes one to the result. Context: may sleep for memory. Return: the
 * list, which may be @acl itself, or ERR_PTR(-ENOMEM); then @acl was dropped.
 */
struct ditto_acl *dsmb_principals_shown(struct dsmb_call *call, struct ditto_acl *acl)
{
	struct ditto_acl *shown = acl;
	u8 sid[DITTO_SID_MAX];

	for (unsigned int i = 0; i < acl->count; i++) {
		if (!dsmb_ace_ask(call, &acl->aces[i], sid))
			continue;
		if (shown == acl) {
			shown = dsmb_acl_copy(acl);
			if (!shown) {
				ditto_acl_put(acl);
				return ERR_PTR(-ENOMEM);
			}
		}
		shown->aces[i].who = DITTO_WHO_FOREIGN;
		shown->aces[i].foreign_len = ditto_sid_len(sid);
		memcpy(shown->aces[i].foreign, sid, ditto_sid_len(sid));
	}
	if (shown != acl)
		ditto_acl_put(acl);
	return shown;
}

/* Replace the SIDs in a list by the accounts that have them. Context: may sleep for memory. */
void dsmb_principals_taken(struct dsmb_call *call, struct ditto_acl *acl)
{
	struct ditto_account account;
	struct ditto_ace *ace;
	struct ditto_sid sid;

	for (ace = acl->aces; ace < acl->aces + acl->count; ace++) {
		if (ace->who != DITTO_WHO_FOREIGN ||
		    !ditto_sid_decode(ace->foreign, ace->foreign_len, &sid) ||
		    dsmb_principal_account_ask(call, &sid, &account))
			continue;
		if (gid_valid(account.gid)) {
			ace->who = DITTO_WHO_GID;
			ace->gid = account.gid;
		} else {
			ace->who = DITTO_WHO_UID;
			ace->uid = account.uid;
		}
		ace->foreign_len = 0;
		memset(ace->foreign, 0, sizeof(ace->foreign));
	}
}
