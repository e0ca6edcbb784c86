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

struct ditto_sid ditto_sid_of_uid(kuid_t uid);
struct ditto_sid ditto_sid_of_gid(kgid_t gid);
bool ditto_sid_to_uid(const struct ditto_sid *sid, kuid_t *uid);
bool ditto_sid_to_gid(const struct ditto_sid *sid, kgid_t *gid);
bool ditto_sid_to_mode(const struct ditto_sid *sid, umode_t *mode);
bool ditto_sid_is_foreign_unix(const struct ditto_sid *sid);
struct ditto_sid ditto_sid_foreign_unix(u32 kind, u32 number);
bool ditto_sid_is_user(const struct ditto_sid *sid, const struct ditto_auth_user *user);
bool ditto_sid_is_of_domain(const struct ditto_sid *sid);
bool ditto_sid_to_who(const struct ditto_sid *sid, enum ditto_who *who);
bool ditto_sid_of_who(enum ditto_who who, struct ditto_sid *sid);
bool ditto_sid_eq(const struct ditto_sid *a, const struct ditto_sid *b);
u32 ditto_sid_decode(const u8 *bytes, size_t size, struct ditto_sid *sid);
void ditto_sid_encode(const struct ditto_sid *sid, u8 *bytes);

/* Bytes of a packed SID. Any context. */
static inline u32 ditto_sid_size(const struct ditto_sid *sid)
{
	return DITTO_SID_MIN + 4 * sid->nsubs;
}

#endif
