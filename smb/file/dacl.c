// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access control lists as DACLs: MS-DTYP sections 2.4.3 to 2.4.5.
 *
 * An entry of a list may name the owner of the file without saying which user that is. In a DACL
 * such an entry has two forms: the SID of the owner where it applies to the file itself, and
 * Creator Owner where it is only inherited. The same holds for the group.
 */

#include <kunit/visibility.h>
#include <linux/err.h>

#include "../../fs/acl/acl.h"
#include "../../net/helper/auth.h"
#include "../open/create_wire.h"
#include "../transport/builder.h"
#include "../transport/status.h"
#include "security.h"

#define DSMB_ACL_REVISION		2
#define DSMB_ACL_HEAD			8

#define DSMB_ACE_HEAD			8	/* including the mask */

/* Control bits (MS-DTYP section 2.4.6) that depend on each other. */
#define DSMB_SD_DACL_AUTO_INHERIT_REQ	0x0100
#define DSMB_SD_DACL_AUTO_INHERITED	0x0400

static const struct {
	u16 control;
	u16 flag;
} dsmb_dacl_controls[] = {
	{ 0x0008, DITTO_ACL_DEFAULTED },
	{ 0x1000, DITTO_ACL_PROTECTED },
};

/* Classes of entry types. */
enum dsmb_ace_kind {
	DSMB_ACE_OTHER,		/* ignored: allows nothing */
	DSMB_ACE_ALLOWS,
	DSMB_ACE_DENIES,
	DSMB_ACE_REFUSED,	/* must not be ignored: that would allow more */
};

static enum dsmb_ace_kind dsmb_ace_kind(u8 type)
{
	static const u8 kinds[] = {
		[0x00] = DSMB_ACE_ALLOWS,
		[0x01] = DSMB_ACE_DENIES,
		[0x06] = DSMB_ACE_REFUSED,	/* ACCESS_DENIED_OBJECT */
		[0x0a] = DSMB_ACE_REFUSED,	/* ACCESS_DENIED_CALLBACK */
		[0x0c] = DSMB_ACE_REFUSED,	/* ACCESS_DENIED_CALLBACK_OBJECT */
	};

	return type < ARRAY_SIZE(kinds) ? kinds[type] : DSMB_ACE_OTHER;
}

u32 dsmb_specific_rights(u32 mask)
{
	static const struct {
		u32 generic;
		u32 rights;
	} map[] = {
		{ DSMB_ACCESS_GENERIC_READ, 0x00120089 },
		{ DSMB_ACCESS_GENERIC_WRITE, 0x00120116 },
		{ DSMB_ACCESS_GENERIC_EXECUTE, 0x001200a0 },
		{ DSMB_ACCESS_GENERIC_ALL, DITTO_RIGHTS_ALL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(map); i++)
		if (mask & map[i].generic)
			mask |= map[i].rights;
	return mask & ~DSMB_ACCESS_GENERIC;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_specific_rights);

/* Encoding */

/**
 * struct dsmb_shown - a DACL entry to encode
 * @flags: inheritance flags
 * @sid: principal, unless the entry has a foreign SID
 */
struct dsmb_shown {
	u8 flags;
	struct dsmb_sid sid;
};

static struct dsmb_sid dsmb_ace_sid(const struct ditto_ace *ace)
{
	struct dsmb_sid sid = { };

	if (ace->who == DITTO_WHO_UID)
		return dsmb_sid_of_uid(ace->uid);
	if (ace->who == DITTO_WHO_GID)
		return dsmb_sid_of_gid(ace->gid);
	dsmb_sid_of_who(ace->who, &sid);
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
			.flags = ace->flags & DITTO_ACE_INHERITED,
			.sid = owner ? dsmb_sid_of_uid(secured->uid) :
				       dsmb_sid_of_gid(secured->gid),
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
								dsmb_sid_size(&shown->sid));
}

static void dsmb_encode_ace(struct dsmb_builder *b, const struct ditto_ace *ace,
			    const struct dsmb_shown *shown)
{
	dsmb_encode_u8(b, ace->type == DITTO_ACE_DENY);
	dsmb_encode_u8(b, shown->flags);
	dsmb_encode_u16(b, dsmb_shown_size(ace, shown));
	dsmb_encode_u32(b, ace->mask);
	if (ace->who == DITTO_WHO_FOREIGN)
		dsmb_encode_bytes(b, ace->foreign, ace->foreign_len);
	else
		dsmb_encode_sid(b, &shown->sid);
}

u16 dsmb_dacl_control(const struct ditto_acl *acl)
{
	u16 control = DSMB_SD_DACL_PRESENT;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dsmb_dacl_controls); i++)
		if (acl->flags & dsmb_dacl_controls[i].flag)
			control |= dsmb_dacl_controls[i].control;
	if (acl->flags & DITTO_ACL_AUTO_INHERITED)
		control |= DSMB_SD_DACL_AUTO_INHERITED;
	return control;
}

u32 dsmb_dacl_size(const struct dsmb_secured *secured)
{
	const struct ditto_acl *acl = secured->acl;
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
	return size;
}

void dsmb_encode_dacl(struct dsmb_builder *b, const struct dsmb_secured *secured)
{
	const struct ditto_acl *acl = secured->acl;
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
	dsmb_fill_u16(b, at + 2, b->len - at);
	dsmb_fill_u16(b, at + 4, count);
}

/* Decoding */

/**
 * struct dsmb_ace - a decoded DACL entry
 * @kind: class of its type
 * @flags: inheritance flags
 * @mask: access mask
 * @sid: principal; only of entries that allow or deny
 */
struct dsmb_ace {
	enum dsmb_ace_kind kind;
	u8 flags;
	u32 mask;
	struct dsmb_sid sid;
};

/* Decode the next entry. Return: false if it is malformed. */
static bool dsmb_get_ace(struct dsmb_cursor *aces, struct dsmb_ace *ace)
{
	u32 at = aces->pos;
	struct dsmb_cursor c;
	u16 size;

	ace->kind = dsmb_ace_kind(dsmb_get_u8(aces));
	ace->flags = dsmb_get_u8(aces);
	size = dsmb_get_u16(aces);
	if (aces->bad || size < DSMB_ACE_HEAD || size % 4)
		return false;
	c = dsmb_window(aces, at, size);
	if (c.bad)
		return false;
	dsmb_seek(aces, at + size);
	dsmb_skip(&c, 4);
	ace->mask = dsmb_get_u32(&c);
	ace->sid.nsubs = 0;
	if (ace->kind != DSMB_ACE_ALLOWS && ace->kind != DSMB_ACE_DENIES)
		return true;
	return dsmb_get_sid(&c, &ace->sid);
}

bool dsmb_get_trustee(struct dsmb_cursor *aces, struct dsmb_sid *sid)
{
	struct dsmb_ace ace = { };
	bool good = dsmb_get_ace(aces, &ace);

	*sid = ace.sid;
	return good;
}

static void dsmb_keep_foreign(const struct dsmb_sid *sid, struct ditto_ace *ace)
{
	struct dsmb_builder b = dsmb_builder(ace->foreign, sizeof(ace->foreign));

	ace->who = DITTO_WHO_FOREIGN;
	dsmb_encode_sid(&b, sid);
	ace->foreign_len = b.len;
}

/* Creator Owner and Creator Group match no user, except in inherited entries. */
static void dsmb_take_creator(const struct dsmb_sid *sid, enum ditto_who who,
			      struct ditto_ace *ace)
{
	if (!(ace->flags & DITTO_ACE_INHERITABLE)) {
		dsmb_keep_foreign(sid, ace);
		return;
	}
	ace->who = who;
	ace->flags |= DITTO_ACE_INHERIT_ONLY;
}

static void dsmb_take_sid(const struct dsmb_sid *sid, const struct ditto_auth_user *user,
			  struct ditto_ace *ace)
{
	enum ditto_who who;
	kuid_t uid;
	kgid_t gid;

	if (dsmb_sid_to_uid(sid, &uid)) {
		ace->who = DITTO_WHO_UID;
		ace->uid = uid;
	} else if (dsmb_sid_to_gid(sid, &gid)) {
		ace->who = DITTO_WHO_GID;
		ace->gid = gid;
	} else if (dsmb_sid_is_user(sid, user)) {
		ace->who = DITTO_WHO_UID;
		ace->uid = user->uid;
	} else if (!dsmb_sid_to_who(sid, &who)) {
		dsmb_keep_foreign(sid, ace);
	} else if (who == DITTO_WHO_OWNER || who == DITTO_WHO_GROUP) {
		dsmb_take_creator(sid, who, ace);
	} else {
		ace->who = who;
	}
}

/* A file has nothing that could inherit from it. */
static u8 dsmb_take_flags(u8 flags, bool is_dir)
{
	return flags & (is_dir ? DITTO_ACE_FLAGS : DITTO_ACE_INHERITED);
}

static bool dsmb_ace_counts(const struct dsmb_ace *ace, bool is_dir)
{
	return (ace->kind == DSMB_ACE_ALLOWS || ace->kind == DSMB_ACE_DENIES) &&
	       (is_dir || !(ace->flags & DITTO_ACE_INHERIT_ONLY));
}

/* Count the entries that the list will have. Return: a status. */
static u32 dsmb_count_aces(const struct dsmb_sd *sd, bool is_dir, unsigned int *count)
{
	struct dsmb_cursor aces = sd->aces;
	struct dsmb_ace ace;
	u16 i;

	*count = 0;
	for (i = 0; i < sd->naces && dsmb_get_ace(&aces, &ace); i++) {
		if (ace.kind == DSMB_ACE_REFUSED)
			return STATUS_NOT_SUPPORTED;
		*count += dsmb_ace_counts(&ace, is_dir);
	}
	return *count > DITTO_ACES_MAX ? STATUS_ALLOTTED_SPACE_EXCEEDED : STATUS_SUCCESS;
}

/*
 * MS-DTYP section 2.5.3.4.1: the list is auto-inherited if the client that computed it requests so.
 */
static u16 dsmb_take_control(u16 control)
{
	const u16 inherited = DSMB_SD_DACL_AUTO_INHERITED | DSMB_SD_DACL_AUTO_INHERIT_REQ;
	unsigned int i;
	u16 flags = 0;

	for (i = 0; i < ARRAY_SIZE(dsmb_dacl_controls); i++)
		if (control & dsmb_dacl_controls[i].control)
			flags |= dsmb_dacl_controls[i].flag;
	if ((control & inherited) == inherited)
		flags |= DITTO_ACL_AUTO_INHERITED;
	return flags;
}

u32 dsmb_sd_acl(const struct dsmb_sd *sd, const struct ditto_auth_user *user, bool is_dir,
		struct ditto_acl **out)
{
	struct dsmb_cursor aces = sd->aces;
	struct ditto_acl *acl;
	struct ditto_ace *to;
	struct dsmb_ace ace;
	unsigned int count;
	u32 status;
	u16 i;

	status = dsmb_count_aces(sd, is_dir, &count);
	if (status)
		return status;
	acl = ditto_acl_alloc(count);
	if (!acl)
		return STATUS_INSUFFICIENT_RESOURCES;
	acl->flags = dsmb_take_control(sd->control);
	if (sd->null_dacl || !(sd->parts & DSMB_SECURITY_DACL))
		acl->flags |= DITTO_ACL_NULL;
	to = acl->aces;
	for (i = 0; i < sd->naces && dsmb_get_ace(&aces, &ace); i++) {
		if (!dsmb_ace_counts(&ace, is_dir))
			continue;
		to->type = ace.kind == DSMB_ACE_DENIES ? DITTO_ACE_DENY : DITTO_ACE_ALLOW;
		to->flags = dsmb_take_flags(ace.flags, is_dir);
		to->mask = dsmb_specific_rights(ace.mask) & DITTO_RIGHTS_ALL;
		dsmb_take_sid(&ace.sid, user, to++);
	}
	*out = acl;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_sd_acl);
