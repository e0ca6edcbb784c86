/* SPDX-License-Identifier: GPL-2.0-only */
/* Security identifiers: MS-DTYP section 2.4.2. Unix ids and principals of lists have SIDs. */
#ifndef _DITTO_FS_ACL_SID_H
#define _DITTO_FS_ACL_SID_H

#include <linux/types.h>
#include <linux/uidgid.h>

#include "acl.h"

struct ditto_auth_user;

#define DITTO_SID_SUBS_MAX	15

/**
 * struct ditto_sid - a security identifier
 * @authority: IdentifierAuthority
 * @nsubs: number of @subs
 * @subs: SubAuthority
 */
struct ditto_sid {
	u64 authority;
	u8 nsubs;
	u32 subs[DITTO_SID_SUBS_MAX];
};

/**
 * ditto_sid_of_uid - make the SID of a Unix user, S-1-22-1-uid
 * @uid: the user
 *
 * Context: any.
 * Return: the SID.
 */
struct ditto_sid ditto_sid_of_uid(kuid_t uid);

/**
 * ditto_sid_of_gid - make the SID of a Unix group, S-1-22-2-gid
 * @gid: the group
 *
 * Context: any.
 * Return: the SID.
 */
struct ditto_sid ditto_sid_of_gid(kgid_t gid);

/**
 * ditto_sid_to_uid - get the Unix user of a SID
 * @sid: S-1-22-1-uid or S-1-5-88-1-uid
 * @uid: set to the user
 *
 * Context: any.
 * Return: false for other SIDs, and for numbers that are not valid uids.
 */
bool ditto_sid_to_uid(const struct ditto_sid *sid, kuid_t *uid);

/**
 * ditto_sid_to_gid - get the Unix group of a SID
 * @sid: S-1-22-2-gid or S-1-5-88-2-gid
 * @gid: set to the group
 *
 * Context: any.
 * Return: false for other SIDs, and for numbers that are not valid gids.
 */
bool ditto_sid_to_gid(const struct ditto_sid *sid, kgid_t *gid);

/**
 * ditto_sid_to_mode - get the mode of a SID that carries one in a DACL entry
 * @sid: S-1-5-88-3-mode
 * @mode: set to the mode, without type
 *
 * Context: any.
 * Return: false for other SIDs.
 */
bool ditto_sid_to_mode(const struct ditto_sid *sid, umode_t *mode);

/* True for S-1-5-88-kind-number: a user, a group or a mode of Unix. Any context. */
bool ditto_sid_is_foreign_unix(const struct ditto_sid *sid);

/* The SID of that kind: 1 is a user, 2 a group, 3 a mode. Any context. */
struct ditto_sid ditto_sid_foreign_unix(u32 kind, u32 number);

/**
 * ditto_sid_is_user - check whether a SID is the domain SID of a user
 * @sid: the SID
 * @user: an identity, or NULL
 *
 * Context: any.
 * Return: true if the user has this domain SID.
 */
bool ditto_sid_is_user(const struct ditto_sid *sid, const struct ditto_auth_user *user);

/**
 * ditto_sid_is_of_domain - check whether a SID is one of an account of a domain
 * @sid: the SID
 *
 * A machine is a domain, too. MS-DTYP section 2.4.2.4.
 *
 * Context: any.
 * Return: true for S-1-5-21-x-y-z-rid.
 */
bool ditto_sid_is_of_domain(const struct ditto_sid *sid);

/**
 * ditto_sid_to_who - get the principal of a well-known SID
 * @sid: the SID
 * @who: set to the principal; DITTO_WHO_OWNER and DITTO_WHO_GROUP are Creator Owner and Creator
 *	Group
 *
 * MS-DTYP section 2.4.2.4.
 *
 * Context: any.
 * Return: false for other SIDs.
 */
bool ditto_sid_to_who(const struct ditto_sid *sid, enum ditto_who *who);

/**
 * ditto_sid_of_who - get the well-known SID of a principal
 * @who: the principal, see ditto_sid_to_who()
 * @sid: filled
 *
 * Context: any.
 * Return: false if the principal has none.
 */
bool ditto_sid_of_who(enum ditto_who who, struct ditto_sid *sid);

/**
 * ditto_sid_eq - compare two SIDs
 * @a: one SID
 * @b: the other SID
 *
 * Context: any.
 * Return: true if they are equal.
 */
bool ditto_sid_eq(const struct ditto_sid *a, const struct ditto_sid *b);

/**
 * ditto_sid_decode - decode a packed SID
 * @bytes: the SID, possibly followed by other data
 * @size: number of bytes
 * @sid: filled; without sub-authorities on error
 *
 * MS-DTYP section 2.4.2.2.
 *
 * Context: any.
 * Return: bytes of the SID, or 0 if there is no valid one.
 */
u32 ditto_sid_decode(const u8 *bytes, size_t size, struct ditto_sid *sid);

/**
 * ditto_sid_encode - encode a SID
 * @sid: the SID
 * @bytes: filled; ditto_sid_size() bytes
 *
 * Context: any.
 */
void ditto_sid_encode(const struct ditto_sid *sid, u8 *bytes);

/* Bytes of a packed SID. Any context. */
static inline u32 ditto_sid_size(const struct ditto_sid *sid)
{
	return DITTO_SID_MIN + 4 * sid->nsubs;
}

#endif
