/* SPDX-License-Identifier: GPL-2.0-only */
/* Security identifiers: MS-DTYP section 2.4.2. */
#ifndef _DITTO_SMB_FILE_SID_H
#define _DITTO_SMB_FILE_SID_H

#include <linux/types.h>
#include <linux/uidgid.h>

#include "../../fs/acl/acl.h"

struct ditto_auth_user;
struct dsmb_builder;
struct dsmb_cursor;

#define DSMB_SID_SUBS_MAX	15

/**
 * struct dsmb_sid - a security identifier
 * @authority: IdentifierAuthority
 * @nsubs: number of @subs
 * @subs: SubAuthority
 */
struct dsmb_sid {
	u64 authority;
	u8 nsubs;
	u32 subs[DSMB_SID_SUBS_MAX];
};

/**
 * dsmb_sid_of_uid - make the SID of a Unix user, S-1-22-1-uid
 * @uid: the user
 *
 * Return: the SID.
 */
struct dsmb_sid dsmb_sid_of_uid(kuid_t uid);

/**
 * dsmb_sid_of_gid - make the SID of a Unix group, S-1-22-2-gid
 * @gid: the group
 *
 * Return: the SID.
 */
struct dsmb_sid dsmb_sid_of_gid(kgid_t gid);

/**
 * dsmb_sid_to_uid - get the Unix user of a SID
 * @sid: S-1-22-1-uid or S-1-5-88-1-uid
 * @uid: set to the user
 *
 * Return: false for other SIDs, and for numbers that are not valid uids.
 */
bool dsmb_sid_to_uid(const struct dsmb_sid *sid, kuid_t *uid);

/**
 * dsmb_sid_to_gid - get the Unix group of a SID
 * @sid: S-1-22-2-gid or S-1-5-88-2-gid
 * @gid: set to the group
 *
 * Return: false for other SIDs, and for numbers that are not valid gids.
 */
bool dsmb_sid_to_gid(const struct dsmb_sid *sid, kgid_t *gid);

/**
 * dsmb_sid_to_mode - get the mode of a SID that carries one in a DACL entry
 * @sid: S-1-5-88-3-mode
 * @mode: set to the mode, without type
 *
 * Return: false for other SIDs.
 */
bool dsmb_sid_to_mode(const struct dsmb_sid *sid, umode_t *mode);

/**
 * dsmb_sid_is_user - check whether a SID is the domain SID of a user
 * @sid: the SID
 * @user: user of a session
 *
 * Return: true if the user has this domain SID.
 */
bool dsmb_sid_is_user(const struct dsmb_sid *sid, const struct ditto_auth_user *user);

/**
 * dsmb_sid_to_who - get the principal of a well-known SID
 * @sid: the SID
 * @who: set to the principal; DITTO_WHO_OWNER and DITTO_WHO_GROUP are Creator Owner and Creator
 *	Group
 *
 * MS-DTYP section 2.4.2.4.
 *
 * Return: false for other SIDs.
 */
bool dsmb_sid_to_who(const struct dsmb_sid *sid, enum ditto_who *who);

/**
 * dsmb_sid_of_who - get the well-known SID of a principal
 * @who: the principal, see dsmb_sid_to_who()
 * @sid: filled
 *
 * Return: false if the principal has none.
 */
bool dsmb_sid_of_who(enum ditto_who who, struct dsmb_sid *sid);

/**
 * dsmb_sid_eq - compare two SIDs
 * @a: one SID
 * @b: the other SID
 *
 * Return: true if they are equal.
 */
bool dsmb_sid_eq(const struct dsmb_sid *a, const struct dsmb_sid *b);

/**
 * dsmb_get_sid - decode a SID
 * @c: positioned at the SID; marked as bad if there is none
 * @sid: filled
 *
 * MS-DTYP section 2.4.2.2.
 *
 * Return: false if there is no valid SID.
 */
bool dsmb_get_sid(struct dsmb_cursor *c, struct dsmb_sid *sid);

/**
 * dsmb_encode_sid - encode a SID
 * @b: buffer
 * @sid: the SID
 */
void dsmb_encode_sid(struct dsmb_builder *b, const struct dsmb_sid *sid);
/* Bytes on the wire. */
static inline u32 dsmb_sid_size(const struct dsmb_sid *sid)
{
	return 8 + 4 * sid->nsubs;
}

#endif
