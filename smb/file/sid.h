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
 * struct dsmb_sid - one
 * @authority: IdentifierAuthority
 * @nsubs: how many
 * @subs: SubAuthority
 */
struct dsmb_sid {
	u64 authority;
	u8 nsubs;
	u32 subs[DSMB_SID_SUBS_MAX];
};

/* Unix users and groups as SIDs: S-1-22-1-uid, S-1-22-2-gid. */
struct dsmb_sid dsmb_sid_of_uid(kuid_t uid);
struct dsmb_sid dsmb_sid_of_gid(kgid_t gid);
/* And back, also S-1-5-88-1-uid and -2-gid; false for others, and for numbers that nobody has. */
bool dsmb_sid_to_uid(const struct dsmb_sid *sid, kuid_t *uid);
bool dsmb_sid_to_gid(const struct dsmb_sid *sid, kgid_t *gid);
/* S-1-5-88-3-mode, which an entry of a list says a mode with. */
bool dsmb_sid_to_mode(const struct dsmb_sid *sid, umode_t *mode);

/* Is it that which a session's user has from a domain? */
bool dsmb_sid_is_user(const struct dsmb_sid *sid, const struct ditto_auth_user *user);

/*
 * Those whom everybody knows by the same SID (MS-DTYP section 2.4.2.4). DITTO_WHO_OWNER and
 * _GROUP are Creator Owner and Creator Group. False for others.
 */
bool dsmb_sid_to_who(const struct dsmb_sid *sid, enum ditto_who *who);
bool dsmb_sid_of_who(enum ditto_who who, struct dsmb_sid *sid);

bool dsmb_sid_eq(const struct dsmb_sid *a, const struct dsmb_sid *b);
/* False, and @c marked, if there is none. */
bool dsmb_get_sid(struct dsmb_cursor *c, struct dsmb_sid *sid);
void dsmb_put_sid(struct dsmb_builder *b, const struct dsmb_sid *sid);
/* Bytes on the wire. */
static inline u32 dsmb_sid_size(const struct dsmb_sid *sid)
{
	return 8 + 4 * sid->nsubs;
}

#endif
