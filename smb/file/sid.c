// SPDX-License-Identifier: GPL-2.0-only
/*
 * Security identifiers: MS-DTYP section 2.4.2. Unix ids are mapped to SIDs of authority 22
 * (S-1-22); the SIDs of the Windows server for NFS are accepted as well. Well-known SIDs are mapped
 * by a table.
 */

#include <kunit/visibility.h>
#include <linux/cred.h>
#include <linux/stat.h>
#include <linux/uidgid.h>

#include "../../net/helper/auth.h"
#include "../transport/builder.h"
#include "../transport/cursor.h"
#include "sid.h"

#define DSMB_SID_REVISION	1
#define DSMB_SID_UNIX		22	/* authority of Unix users and groups */
#define DSMB_SID_UNIX_USER	1
#define DSMB_SID_UNIX_GROUP	2
/* SIDs of the Windows server for NFS for users, groups and modes. */
#define DSMB_SID_NT		5
#define DSMB_SID_NFS		88
#define DSMB_SID_NFS_MODE	3

/* S-1-authority-sub */
static const struct {
	u8 who;
	u8 authority;
	u8 sub;
} dsmb_well_known[] = {
	{ DITTO_WHO_EVERYONE, 1, 0 },
	{ DITTO_WHO_OWNER, 3, 0 },
	{ DITTO_WHO_GROUP, 3, 1 },
	{ DITTO_WHO_OWNER_RIGHTS, 3, 4 },
	{ DITTO_WHO_NETWORK, 5, 2 },
	{ DITTO_WHO_ANONYMOUS, 5, 7 },
	{ DITTO_WHO_AUTHENTICATED, 5, 11 },
};

static struct dsmb_sid dsmb_sid_unix(u32 kind, u32 id)
{
	return (struct dsmb_sid) {
		.authority = DSMB_SID_UNIX,
		.nsubs = 2,
		.subs = { kind, id },
	};
}

struct dsmb_sid dsmb_sid_of_uid(kuid_t uid)
{
	return dsmb_sid_unix(DSMB_SID_UNIX_USER, from_kuid_munged(&init_user_ns, uid));
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_sid_of_uid);

struct dsmb_sid dsmb_sid_of_gid(kgid_t gid)
{
	return dsmb_sid_unix(DSMB_SID_UNIX_GROUP, from_kgid_munged(&init_user_ns, gid));
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_sid_of_gid);

/* Get the number of a SID of this kind, in either form. */
static bool dsmb_sid_number(const struct dsmb_sid *sid, u32 kind, u32 *number)
{
	u8 n = sid->nsubs;

	if (sid->authority == DSMB_SID_NT && n == 3 && sid->subs[0] == DSMB_SID_NFS) {
		*number = sid->subs[2];
		return sid->subs[1] == kind;
	}
	if (sid->authority != DSMB_SID_UNIX || n != 2)
		return false;
	*number = sid->subs[1];
	return sid->subs[0] == kind;
}

bool dsmb_sid_to_uid(const struct dsmb_sid *sid, kuid_t *uid)
{
	u32 number;

	if (!dsmb_sid_number(sid, DSMB_SID_UNIX_USER, &number))
		return false;
	*uid = make_kuid(&init_user_ns, number);
	return uid_valid(*uid);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_sid_to_uid);

bool dsmb_sid_to_gid(const struct dsmb_sid *sid, kgid_t *gid)
{
	u32 number;

	if (!dsmb_sid_number(sid, DSMB_SID_UNIX_GROUP, &number))
		return false;
	*gid = make_kgid(&init_user_ns, number);
	return gid_valid(*gid);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_sid_to_gid);

bool dsmb_sid_to_mode(const struct dsmb_sid *sid, umode_t *mode)
{
	if (sid->authority != DSMB_SID_NT || sid->nsubs != 3 || sid->subs[0] != DSMB_SID_NFS ||
	    sid->subs[1] != DSMB_SID_NFS_MODE)
		return false;
	*mode = sid->subs[2] & S_IALLUGO;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_sid_to_mode);

bool dsmb_sid_is_user(const struct dsmb_sid *sid, const struct ditto_auth_user *user)
{
	struct dsmb_cursor c = dsmb_cursor(user->sid, user->sid_len);
	struct dsmb_sid own;

	return user->sid_len && dsmb_get_sid(&c, &own) && dsmb_sid_eq(&own, sid);
}

bool dsmb_sid_to_who(const struct dsmb_sid *sid, enum ditto_who *who)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dsmb_well_known); i++) {
		if (sid->authority == dsmb_well_known[i].authority && sid->nsubs == 1 &&
		    sid->subs[0] == dsmb_well_known[i].sub) {
			*who = dsmb_well_known[i].who;
			return true;
		}
	}
	return false;
}

bool dsmb_sid_of_who(enum ditto_who who, struct dsmb_sid *sid)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dsmb_well_known); i++) {
		if (who == dsmb_well_known[i].who) {
			*sid = (struct dsmb_sid) {
				.authority = dsmb_well_known[i].authority,
				.nsubs = 1,
				.subs = { dsmb_well_known[i].sub },
			};
			return true;
		}
	}
	return false;
}

bool dsmb_sid_eq(const struct dsmb_sid *a, const struct dsmb_sid *b)
{
	return a->authority == b->authority && a->nsubs == b->nsubs &&
	       !memcmp(a->subs, b->subs, a->nsubs * sizeof(a->subs[0]));
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_sid_eq);

bool dsmb_get_sid(struct dsmb_cursor *c, struct dsmb_sid *sid)
{
	u8 revision = dsmb_get_u8(c);
	int i;

	sid->nsubs = dsmb_get_u8(c);
	/* Six bytes, big endian. */
	sid->authority = 0;
	for (i = 0; i < 6; i++)
		sid->authority = sid->authority << 8 | dsmb_get_u8(c);
	if (revision != DSMB_SID_REVISION || sid->nsubs > DSMB_SID_SUBS_MAX) {
		sid->nsubs = 0;
		c->bad = true;
		return false;
	}
	for (i = 0; i < sid->nsubs; i++)
		sid->subs[i] = dsmb_get_u32(c);
	return !c->bad;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_get_sid);

void dsmb_encode_sid(struct dsmb_builder *b, const struct dsmb_sid *sid)
{
	int i;

	dsmb_encode_u8(b, DSMB_SID_REVISION);
	dsmb_encode_u8(b, sid->nsubs);
	for (i = 40; i >= 0; i -= 8)
		dsmb_encode_u8(b, sid->authority >> i);
	for (i = 0; i < sid->nsubs; i++)
		dsmb_encode_u32(b, sid->subs[i]);
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_encode_sid);
