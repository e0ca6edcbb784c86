// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access control lists encoded as DACLs, and audit lists as SACLs: MS-DTYP sections 2.4.3 to 2.4.5.
 *
 * An entry of a list may name the owner of the file without saying which user that is. In a DACL
 * such an entry has two forms: the SID of the owner where it applies to the file itself, and
 * Creator Owner where it is only inherited. The same holds for the group.
 */

#include <linux/cred.h>
#include <linux/stat.h>
#include <linux/uidgid.h>

#include "../../fs/acl/acl.h"
#include "../wire/attrs.h"
#include "../wire/builder.h"
#include "security.h"

#define DSMB_ACL_REVISION		2
#define DSMB_ACL_HEAD			8
#define DSMB_ACE_HEAD			8	/* including the mask */

/**
 * struct dsmb_shown - an entry to encode
 * @flags: flags of the entry
 * @sid: principal, unless the entry has a foreign SID
 */
struct dsmb_shown {
	u8 flags;
	struct ditto_sid sid;
};

static struct ditto_sid dsmb_ace_sid(const struct ditto_ace *ace)
{
	struct ditto_sid sid = { };

	if (ace->who == DITTO_WHO_UID)
		return ditto_sid_of_uid(ace->uid);
	if (ace->who == DITTO_WHO_GID)
		return ditto_sid_of_gid(ace->gid);
	ditto_sid_of_who(ace->who, &sid);
	return sid;
}

/* Return: number of DACL entries for this entry of the list. */
static unsigned int dsmb_show_ace(const struct ditto_ace *ace, const struct dsmb_secured *secured,
				  struct dsmb_shown shown[2])
{
	bool owner = ace->who == DITTO_WHO_OWNER;
	unsigned int n = 0;

	if (!owner && ace->who != DITTO_WHO_GROUP) {
		shown[0] = (struct dsmb_shown) { ace->flags, dsmb_ace_sid(ace) };
		return 1;
	}
	if (!(ace->flags & DITTO_ACE_INHERIT_ONLY))
		shown[n++] = (struct dsmb_shown) {
			.flags = ace->flags & (DITTO_ACE_INHERITED | DITTO_ACE_RESULTS),
			.sid = owner ? secured->owner : secured->group,
		};
	if (ace->flags & DITTO_ACE_INHERITABLE)
		shown[n++] = (struct dsmb_shown) {
			.flags = ace->flags | DITTO_ACE_INHERIT_ONLY,
			.sid = dsmb_ace_sid(ace),
		};
	return n;
}

static u32 dsmb_shown_size(const struct ditto_ace *ace, const struct dsmb_shown *shown)
{
	return DSMB_ACE_HEAD + (ace->who == DITTO_WHO_FOREIGN ? ace->foreign_len :
								ditto_sid_size(&shown->sid));
}

static void dsmb_encode_ace(struct dsmb_builder *b, const struct ditto_ace *ace,
			    const struct dsmb_shown *shown)
{
	/* The types have the same numbers. */
	dsmb_encode_u8(b, ace->type);
	dsmb_encode_u8(b, shown->flags);
	dsmb_encode_u16(b, dsmb_shown_size(ace, shown));
	dsmb_encode_u32(b, ace->mask);
	if (ace->who == DITTO_WHO_FOREIGN)
		dsmb_encode_bytes(b, ace->foreign, ace->foreign_len);
	else
		dsmb_encode_sid(b, &shown->sid);
}

/* Entries for owner, group and mode. */
#define DSMB_UNIX_ACES		3
#define DSMB_UNIX_ACE_SIZE	(DSMB_ACE_HEAD + 8 + 3 * 4)

static bool dsmb_list_has_unix(const struct dsmb_secured *secured, const struct ditto_acl *list)
{
	return secured->unix_of && list == secured->acl;
}

/* They deny nothing, so that they mean nothing to others. */
static void dsmb_encode_unix_aces(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	const u32 numbers[DSMB_UNIX_ACES] = {
		from_kuid_munged(&init_user_ns, attrs->uid),
		from_kgid_munged(&init_user_ns, attrs->gid),
		attrs->mode & S_IALLUGO,
	};
	struct ditto_sid sid;

	for (u32 i = 0; i < DSMB_UNIX_ACES; i++) {
		sid = ditto_sid_foreign_unix(i + 1, numbers[i]);
		dsmb_encode_u8(b, DITTO_ACE_DENY);
		dsmb_encode_u8(b, 0);
		dsmb_encode_u16(b, DSMB_UNIX_ACE_SIZE);
		dsmb_encode_u32(b, 0);
		dsmb_encode_sid(b, &sid);
	}
}

/* Compute the size of an encoded DACL or SACL. Return: bytes; 0 for a null DACL. */
u32 dsmb_list_size(const struct dsmb_secured *secured, const struct ditto_acl *acl)
{
	struct dsmb_shown shown[2];
	u32 size = DSMB_ACL_HEAD;
	unsigned int n;
	u16 i;

	if (acl->flags & DITTO_ACL_NULL)
		return 0;
	for (i = 0; i < acl->count; i++) {
		n = dsmb_show_ace(&acl->aces[i], secured, shown);
		while (n--)
			size += dsmb_shown_size(&acl->aces[i], &shown[n]);
	}
	if (dsmb_list_has_unix(secured, acl))
		size += DSMB_UNIX_ACES * DSMB_UNIX_ACE_SIZE;
	return size;
}

/* Encode a DACL or SACL. */
void dsmb_encode_list(struct dsmb_builder *b, const struct dsmb_secured *secured,
		      const struct ditto_acl *acl)
{
	struct dsmb_shown shown[2];
	u32 at = b->len, n, j;
	u16 count = 0, i;

	dsmb_encode_u8(b, DSMB_ACL_REVISION);
	dsmb_builder_reserve(b, DSMB_ACL_HEAD - 1);
	for (i = 0; i < acl->count; i++) {
		n = dsmb_show_ace(&acl->aces[i], secured, shown);
		for (j = 0; j < n; j++, count++)
			dsmb_encode_ace(b, &acl->aces[i], &shown[j]);
	}
	if (dsmb_list_has_unix(secured, acl)) {
		dsmb_encode_unix_aces(b, secured->unix_of);
		count += DSMB_UNIX_ACES;
	}
	dsmb_fill_u16(b, at + 2, b->len - at);
	dsmb_fill_u16(b, at + 4, count);
}
