/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIDs of accounts, and accounts of SIDs, in security descriptors. The helper knows them.
 *
 * An account that a directory knows is shown by the directory's SID, any other as S-1-22-1-uid or
 * S-1-22-2-gid. A SID that is set becomes the account that has it, so that mode bits and other
 * protocols know whom it means; a SID without an account is kept as it is.
 *
 * A call asks with these functions, and ends with dsmb_call_names_end(). If it needs an answer of
 * the helper it is parked. After the time of the setting upcall-ms it goes on without the answer.
 */
#ifndef _DITTO_SMB_FILE_PRINCIPAL_H
#define _DITTO_SMB_FILE_PRINCIPAL_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct ditto_acl;
struct dsmb_call;
struct ditto_sid;

void dsmb_principal_of_uid(struct dsmb_call *call, kuid_t uid, struct ditto_sid *sid);
void dsmb_principal_of_gid(struct dsmb_call *call, kgid_t gid, struct ditto_sid *sid);
bool dsmb_principal_to_uid(struct dsmb_call *call, const struct ditto_sid *sid, kuid_t *uid);
bool dsmb_principal_to_gid(struct dsmb_call *call, const struct ditto_sid *sid, kgid_t *gid);
struct ditto_acl *dsmb_principals_shown(struct dsmb_call *call, struct ditto_acl *acl);
void dsmb_principals_taken(struct dsmb_call *call, struct ditto_acl *acl);

#endif
