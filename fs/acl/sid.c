// SPDX-License-Identifier: GPL-2.0-only
/*
 * Security identifiers: MS-DTYP section 2.4.2. Unix ids are mapped to SIDs of authority 22
 * (S-1-22); Windows' SIDs for them (S-1-5-88) are accepted as well. Well-known SIDs are mapped by a
 * table.
 */

#include <linux/cred.h>
#include <linux/module.h>
#include <linux/stat.h>
#include <linux/uidgid.h>
#include <linux/unaligned.h>

#include "../../net/helper/auth.h"
#include "sid.h"

#define DITTO_SID_REVISION	1
#define DITTO_SID_UNIX		22	/* authority of Unix users and groups */
#define DITTO_SID_UNIX_USER	1
#define DITTO_SID_UNIX_GROUP	2
/* S-1-5-88: SIDs of Windows for Unix users, groups and modes. */
#define DITTO_SID_NT		5
#define DITTO_SID_FOREIGN_UNIX		88
#define DITTO_SID_FOREIGN_MODE	3
/* Accounts of domains and machines: S-1-5-21-x-y-z-rid. */
#define DITTO_SID_DOMAIN	21

/* S-1-authority-sub */
static const struct {
	u8 who;
	u8 authority;
	u8 sub;
} sid_well_known[] = {
	{ DITTO_WHO_EVERYONE, 1, 0 },
	{ DITTO_WHO_OWNER, 3, 0 },
	{ DITTO_WHO_GROUP, 3, 1 },
	{ DITTO_WHO_OWNER_RIGHTS, 3, 4 },
	{ DITTO_WHO_NETWORK, 5, 2 },
	{ DITTO_WHO_ANONYMOUS, 5, 7 },
	{ DITTO_WHO_AUTHENTICATED, 5, 11 },
};

static struct ditto_sid sid_unix(u32 kind, u32 id)
{
	return (struct ditto_sid) {
		.authority = DITTO_SID_UNIX,
		.nsubs = 2,
		.subs = { kind, id },
	};
}

/**
 * ditto_sid_of_uid - make the SID of a Unix user, S-1-22-1-uid
 * @uid: the user
 *
 * Context: any.
 * Return: the SID.
 */
struct ditto_sid ditto_sid_of_uid(kuid_t uid)
{
	return sid_unix(DITTO_SID_UNIX_USER, from_kuid_munged(&init_user_ns, uid));
}
EXPORT_SYMBOL_NS_GPL(ditto_sid_of_uid, "DITTO");

/**
 * ditto_sid_of_gid - make the SID of a Unix group, S-1-22-2-gid
 * @gid: the group
 *
 * Context: any.
 * Return: the SID.
 */
struct ditto_sid ditto_sid_of_gid(kgid_t gid)
{
	return sid_unix(DITTO_SID_UNIX_GROUP, from_kgid_munged(&init_user_ns, gid));
}
EXPORT_SYMBOL_NS_GPL(ditto_sid_of_gid, "DITTO");

/* True for S-1-5-88-kind-number: a user, a group or a mode of Unix. Any context. */
bool ditto_sid_is_foreign_unix(const struct ditto_sid *sid)
{
	return sid->authority == DITTO_SID_NT && sid->nsubs == 3 &&
	       sid->subs[0] == DITTO_SID_FOREIGN_UNIX;
}

/* The SID of that kind: 1 is a user, 2 a group, 3 a mode. Any context. */
struct ditto_sid ditto_sid_foreign_unix(u32 kind, u32 number)
{
	return (struct ditto_sid) {
		.authority = DITTO_SID_NT,
		.nsubs = 3,
		.subs = { DITTO_SID_FOREIGN_UNIX, kind, number },
	};
}
EXPORT_SYMBOL_NS_GPL(ditto_sid_foreign_unix, "DITTO");

/* Get the number of a SID of this kind, in either form. */
static bool sid_number(const struct ditto_sid *sid, u32 kind, u32 *number)
{
	if (ditto_sid_is_foreign_unix(sid)) {
		*number = sid->subs[2];
		return sid->subs[1] == kind;
	}
	if (sid->authority != DITTO_SID_UNIX || sid->nsubs != 2)
		return false;
	*number = sid->subs[1];
	return sid->subs[0] == kind;
}

/**
 * ditto_sid_to_uid - get the Unix user of a SID
 * @sid: S-1-22-1-uid or S-1-5-88-1-uid
 * @uid: set to the user
 *
 * Context: any.
 * Return: false for other SIDs, and for numbers that are not valid uids.
 */
bool ditto_sid_to_uid(const struct ditto_sid *sid, kuid_t *uid)
{
	u32 number;

	if (!sid_number(sid, DITTO_SID_UNIX_USER, &number))
		return false;
	*uid = make_kuid(&init_user_ns, number);
	return uid_valid(*uid);
}
EXPORT_SYMBOL_NS_GPL(ditto_sid_to_uid, "DITTO");

/**
 * ditto_sid_to_gid - get the Unix group of a SID
 * @sid: S-1-22-2-gid or S-1-5-88-2-gid
 * @gid: set to the group
 *
 * Context: any.
 * Return: false for other SIDs, and for numbers that are not valid gids.
 */
bool ditto_sid_to_gid(const struct ditto_sid *sid, kgid_t *gid)
{
	u32 number;

	if (!sid_number(sid, DITTO_SID_UNIX_GROUP, &number))
		return false;
	*gid = make_kgid(&init_user_ns, number);
	return gid_valid(*gid);
}
EXPORT_SYMBOL_NS_GPL(ditto_sid_to_gid, "DITTO");

/*
 * Get the mode of a SID that carries one in a DACL entry. Context: any. Return: false for other
 * SIDs.
 */
bool ditto_sid_to_mode(const struct ditto_sid *sid, umode_t *mode)
{
	if (!ditto_sid_is_foreign_unix(sid) || sid->subs[1] != DITTO_SID_FOREIGN_MODE)
		return false;
	*mode = sid->subs[2] & S_IALLUGO;
	return true;
}

/**
 * ditto_sid_is_user - check whether a SID is the domain SID of a user
 * @sid: the SID
 * @user: an identity, or NULL
 *
 * Context: any.
 * Return: true if the user has this domain SID.
 */
bool ditto_sid_is_user(const struct ditto_sid *sid, const struct ditto_auth_user *user)
{
	struct ditto_sid own;

	return user && ditto_sid_decode(user->sid, user->sid_len, &own) &&
	       ditto_sid_eq(&own, sid);
}
EXPORT_SYMBOL_NS_GPL(ditto_sid_is_user, "DITTO");

/**
 * ditto_sid_is_of_domain - check whether a SID is one of an account of a domain
 * @sid: the SID
 *
 * A machine is a domain, too. MS-DTYP section 2.4.2.4.
 *
 * Context: any.
 * Return: true for S-1-5-21-x-y-z-rid.
 */
bool ditto_sid_is_of_domain(const struct ditto_sid *sid)
{
	return sid->authority == DITTO_SID_NT && sid->nsubs == 5 &&
	       sid->subs[0] == DITTO_SID_DOMAIN;
}
EXPORT_SYMBOL_NS_GPL(ditto_sid_is_of_domain, "DITTO");

/*
 * Get the principal of a well-known SID. MS-DTYP section 2.4.2.4. Context: any. Return: false for
 * other SIDs.
 */
bool ditto_sid_to_who(const struct ditto_sid *sid, enum ditto_who *who)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sid_well_known); i++) {
		if (sid->authority == sid_well_known[i].authority && sid->nsubs == 1 &&
		    sid->subs[0] == sid_well_known[i].sub) {
			*who = sid_well_known[i].who;
			return true;
		}
	}
	return false;
}

/**
 * ditto_sid_of_who - get the well-known SID of a principal
 * @who: the principal, see ditto_sid_to_who()
 * @sid: filled
 *
 * Context: any.
 * Return: false if the principal has none.
 */
bool ditto_sid_of_who(enum ditto_who who, struct ditto_sid *sid)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sid_well_known); i++) {
		if (who == sid_well_known[i].who) {
			*sid = (struct ditto_sid) {
				.authority = sid_well_known[i].authority,
				.nsubs = 1,
				.subs = { sid_well_known[i].sub },
			};
			return true;
		}
	}
	return false;
}
EXPORT_SYMBOL_NS_GPL(ditto_sid_of_who, "DITTO");

/**
 * ditto_sid_eq - compare two SIDs
 * @a: one SID
 * @b: the other SID
 *
 * Context: any.
 * Return: true if they are equal.
 */
bool ditto_sid_eq(const struct ditto_sid *a, const struct ditto_sid *b)
{
	return a->authority == b->authority && a->nsubs == b->nsubs &&
	       !memcmp(a->subs, b->subs, a->nsubs * sizeof(a->subs[0]));
}
EXPORT_SYMBOL_NS_GPL(ditto_sid_eq, "DITTO");

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
u32 ditto_sid_decode(const u8 *bytes, size_t size, struct ditto_sid *sid)
{
	int i;

	sid->nsubs = 0;
	if (size < DITTO_SID_MIN || bytes[0] != DITTO_SID_REVISION ||
	    bytes[1] > DITTO_SID_SUBS_MAX || size < ditto_sid_len(bytes))
		return 0;
	sid->nsubs = bytes[1];
	sid->authority = get_unaligned_be48(bytes + 2);
	for (i = 0; i < sid->nsubs; i++)
		sid->subs[i] = get_unaligned_le32(bytes + DITTO_SID_MIN + 4 * i);
	return ditto_sid_size(sid);
}
EXPORT_SYMBOL_NS_GPL(ditto_sid_decode, "DITTO");

/**
 * ditto_sid_encode - encode a SID
 * @sid: the SID
 * @bytes: filled; ditto_sid_size() bytes
 *
 * Context: any.
 */
void ditto_sid_encode(const struct ditto_sid *sid, u8 *bytes)
{
	int i;

	bytes[0] = DITTO_SID_REVISION;
	bytes[1] = sid->nsubs;
	put_unaligned_be48(sid->authority, bytes + 2);
	for (i = 0; i < sid->nsubs; i++)
		put_unaligned_le32(sid->subs[i], bytes + DITTO_SID_MIN + 4 * i);
}
EXPORT_SYMBOL_NS_GPL(ditto_sid_encode, "DITTO");
