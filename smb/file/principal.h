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

/**
 * dsmb_principal_of_uid - get the SID of a user
 * @call: the call
 * @uid: the user
 * @sid: filled; with the SID of ditto_sid_of_uid() if the user has no other
 *
 * Context: may sleep for memory.
 */
void dsmb_principal_of_uid(struct dsmb_call *call, kuid_t uid, struct ditto_sid *sid);

/**
 * dsmb_principal_of_gid - get the SID of a group
 * @call: the call
 * @gid: the group
 * @sid: filled; with the SID of ditto_sid_of_gid() if the group has no other
 *
 * Context: may sleep for memory.
 */
void dsmb_principal_of_gid(struct dsmb_call *call, kgid_t gid, struct ditto_sid *sid);

/**
 * dsmb_principal_to_uid - get the user of a SID
 * @call: the call
 * @sid: the SID, of any form; may be the SID of the session's user
 * @uid: set to the user
 *
 * Context: may sleep for memory.
 * Return: false if there is none, or none is known yet.
 */
bool dsmb_principal_to_uid(struct dsmb_call *call, const struct ditto_sid *sid, kuid_t *uid);

/**
 * dsmb_principal_to_gid - get the group of a SID
 * @call: the call
 * @sid: the SID, of any form
 * @gid: set to the group
 *
 * Context: may sleep for memory.
 * Return: false if there is none, or none is known yet.
 */
bool dsmb_principal_to_gid(struct dsmb_call *call, const struct ditto_sid *sid, kgid_t *gid);

/**
 * dsmb_principals_shown - replace the accounts in a list by the SIDs that a directory has for them
 * @call: the call
 * @acl: list of a file; the caller's reference becomes one to the result
 *
 * Context: may sleep for memory.
 * Return: the list, which may be @acl itself, or ERR_PTR(-ENOMEM); then @acl was dropped.
 */
struct ditto_acl *dsmb_principals_shown(struct dsmb_call *call, struct ditto_acl *acl);

/**
 * dsmb_principals_taken - replace the SIDs in a list by the accounts that have them
 * @call: the call
 * @acl: list that was received; nobody else has it
 *
 * Context: may sleep for memory.
 */
void dsmb_principals_taken(struct dsmb_call *call, struct ditto_acl *acl);

#endif
