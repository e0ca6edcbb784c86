// SPDX-License-Identifier: GPL-2.0-only
/*
 * Security descriptors, their DACLs and SACLs, converted to lists: MS-DTYP sections 2.4.3 to 2.4.6.
 *
 * An entry of a DACL is ignored if its type is not known and it can only allow something.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../../net/helper/auth.h"
#include "acl.h"
#include "sd.h"

/* MS-DTYP section 2.4.5 has 2 and 4. Windows accepts all values between them. */
#define SD_ACL_REVISION_MIN	2
#define SD_ACL_REVISION_MAX	4
#define SD_ACL_HEAD		8
#define SD_ACE_HEAD		8	/* including the mask */

/* Control bits that depend on each other. */
#define SD_DACL_AUTO_INHERIT_REQ	0x0100
#define SD_DACL_AUTO_INHERITED		0x0400
#define SD_SACL_AUTO_INHERIT_REQ	0x0200
#define SD_SACL_AUTO_INHERITED		0x0800

/* Classes of entry types. */
enum sd_ace_kind {
	SD_ACE_OTHER,		/* ignored: allows nothing */
	SD_ACE_ALLOWS,
	SD_ACE_DENIES,
	SD_ACE_AUDITS,
	SD_ACE_REFUSED,		/* must not be ignored: that would allow more */
};

/**
 * struct sd_ace - a decoded entry
 * @kind: class of its type
 * @flags: flags
 * @mask: access mask
 * @sid: principal; only of entries that allow, deny or audit
 */
struct sd_ace {
	enum sd_ace_kind kind;
	u8 flags;
	u32 mask;
	struct ditto_sid sid;
};

static enum sd_ace_kind sd_ace_kind(u8 type)
{
	static const u8 kinds[] = {
		[0x00] = SD_ACE_ALLOWS,
		[0x01] = SD_ACE_DENIES,
		[0x02] = SD_ACE_AUDITS,
		[0x06] = SD_ACE_REFUSED,	/* ACCESS_DENIED_OBJECT */
		[0x0a] = SD_ACE_REFUSED,	/* ACCESS_DENIED_CALLBACK */
		[0x0c] = SD_ACE_REFUSED,	/* ACCESS_DENIED_CALLBACK_OBJECT */
	};

	return type < ARRAY_SIZE(kinds) ? kinds[type] : SD_ACE_OTHER;
}

/*
 * Decode the entry at the front of @left bytes. Return: bytes of the entry, or 0 if it is
 * malformed.
 */
static u32 sd_ace_decode(const u8 *bytes, u32 left, struct sd_ace *ace)
{
	u16 size;

	ace->sid.nsubs = 0;
	if (left < SD_ACE_HEAD)
		return 0;
	size = get_unaligned_le16(bytes + 2);
	if (size < SD_ACE_HEAD || size % 4 || size > left)
		return 0;
	ace->kind = sd_ace_kind(bytes[0]);
	ace->flags = bytes[1];
	ace->mask = get_unaligned_le32(bytes + 4);
	if (ace->kind != SD_ACE_OTHER && ace->kind != SD_ACE_REFUSED &&
	    !ditto_sid_decode(bytes + SD_ACE_HEAD, size - SD_ACE_HEAD, &ace->sid))
		return 0;
	return size;
}

/* Check a DACL or SACL; fill its entries, their number and their size. */
static int sd_list_decode(const u8 *bytes, size_t size, u32 at, u16 *count, const u8 **aces,
			  u32 *aces_size)
{
	const u8 *list = bytes + at;
	struct sd_ace ace;
	u32 len, pos = 0;
	u16 i;

	if (at > size || size - at < SD_ACL_HEAD)
		return -EINVAL;
	len = get_unaligned_le16(list + 2);
	if (list[0] < SD_ACL_REVISION_MIN || list[0] > SD_ACL_REVISION_MAX ||
	    len < SD_ACL_HEAD || len > size - at)
		return -EINVAL;
	*count = get_unaligned_le16(list + 4);
	*aces = list + SD_ACL_HEAD;
	*aces_size = len - SD_ACL_HEAD;
	for (i = 0; i < *count; i++) {
		len = sd_ace_decode(*aces + pos, *aces_size - pos, &ace);
		if (!len)
			return -EINVAL;
		pos += len;
	}
	return 0;
}

/**
 * ditto_sd_decode - decode a self-relative security descriptor
 * @bytes: what its offsets count from
 * @size: number of bytes
 * @at: where it begins
 * @sd: filled; points into @bytes
 *
 * Every entry of the DACL and of the SACL is checked.
 *
 * Context: any.
 * Return: 0; -EINVAL if it is malformed; -E2BIG if it has more than DITTO_SD_MAX bytes.
 */
int ditto_sd_decode(const void *bytes, size_t size, u32 at, struct ditto_sd *sd)
{
	const u8 *head = bytes + at;
	u32 owner, group, dacl, sacl;
	int err = 0;

	memset(sd, 0, sizeof(*sd));
	if (size > DITTO_SD_MAX)
		return -E2BIG;
	if (at > size || size - at < DITTO_SD_HEAD || head[0] != DITTO_SD_REVISION)
		return -EINVAL;
	sd->control = get_unaligned_le16(head + 2);
	owner = get_unaligned_le32(head + 4);
	group = get_unaligned_le32(head + 8);
	sacl = get_unaligned_le32(head + 12);
	dacl = get_unaligned_le32(head + 16);
	if (!(sd->control & DITTO_SD_SELF_RELATIVE))
		return -EINVAL;
	if (owner) {
		if (owner > size || !ditto_sid_decode(bytes + owner, size - owner, &sd->owner))
			return -EINVAL;
		sd->parts |= DITTO_SD_OWNER;
	}
	if (group) {
		if (group > size || !ditto_sid_decode(bytes + group, size - group, &sd->group))
			return -EINVAL;
		sd->parts |= DITTO_SD_GROUP;
	}
	if (sd->control & DITTO_SD_SACL_PRESENT) {
		sd->parts |= DITTO_SD_SACL;
		if (sacl)
			err = sd_list_decode(bytes, size, sacl, &sd->naudits, &sd->audits,
					     &sd->audits_size);
	}
	if (err || !(sd->control & DITTO_SD_DACL_PRESENT))
		return err;
	sd->parts |= DITTO_SD_DACL;
	sd->null_dacl = !dacl;
	return dacl ? sd_list_decode(bytes, size, dacl, &sd->naces, &sd->aces, &sd->size) : 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_sd_decode, "DITTO");

/**
 * ditto_sd_unix_mode - find a DACL entry that carries a mode (S-1-5-88-3)
 * @sd: decoded security descriptor
 * @mode: set to the mode, with set-id bits
 *
 * Context: any.
 * Return: false if there is no such entry.
 */
bool ditto_sd_unix_mode(const struct ditto_sd *sd, umode_t *mode)
{
	struct sd_ace ace;
	u32 pos = 0;
	u16 i;

	for (i = 0; i < sd->naces; i++) {
		pos += sd_ace_decode(sd->aces + pos, sd->size - pos, &ace);
		if (ditto_sid_to_mode(&ace.sid, mode))
			return true;
	}
	return false;
}
EXPORT_SYMBOL_NS_GPL(ditto_sd_unix_mode, "DITTO");

/**
 * ditto_specific_rights - replace the generic rights of a mask by specific rights for files
 * @mask: access mask
 *
 * MS-DTYP section 2.4.3.
 *
 * Context: any.
 * Return: the mask without generic rights.
 */
u32 ditto_specific_rights(u32 mask)
{
	static const struct {
		u32 generic;
		u32 rights;
	} map[] = {
		{ BIT(31), 0x00120089 },	/* GENERIC_READ */
		{ BIT(30), 0x00120116 },	/* GENERIC_WRITE */
		{ BIT(29), 0x001200a0 },	/* GENERIC_EXECUTE */
		{ BIT(28), DITTO_RIGHTS_ALL },	/* GENERIC_ALL */
	};
	u32 rights = mask;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(map); i++) {
		if (mask & map[i].generic)
			rights |= map[i].rights;
		rights &= ~map[i].generic;
	}
	return rights;
}
EXPORT_SYMBOL_NS_GPL(ditto_specific_rights, "DITTO");

static void sd_keep_foreign(const struct ditto_sid *sid, struct ditto_ace *ace)
{
	ace->who = DITTO_WHO_FOREIGN;
	ace->foreign_len = ditto_sid_size(sid);
	ditto_sid_encode(sid, ace->foreign);
}

/* Creator Owner and Creator Group match no user, except in inherited entries. */
static void sd_take_creator(const struct ditto_sid *sid, enum ditto_who who,
			    struct ditto_ace *ace)
{
	if (!(ace->flags & DITTO_ACE_INHERITABLE)) {
		sd_keep_foreign(sid, ace);
		return;
	}
	ace->who = who;
	ace->flags |= DITTO_ACE_INHERIT_ONLY;
}

static void sd_take_sid(const struct ditto_sid *sid, const struct ditto_auth_user *user,
			struct ditto_ace *ace)
{
	enum ditto_who who;
	kuid_t uid;
	kgid_t gid;

	if (ditto_sid_to_uid(sid, &uid)) {
		ace->who = DITTO_WHO_UID;
		ace->uid = uid;
	} else if (ditto_sid_to_gid(sid, &gid)) {
		ace->who = DITTO_WHO_GID;
		ace->gid = gid;
	} else if (ditto_sid_is_user(sid, user)) {
		ace->who = DITTO_WHO_UID;
		ace->uid = user->uid;
	} else if (!ditto_sid_to_who(sid, &who)) {
		sd_keep_foreign(sid, ace);
	} else if (who == DITTO_WHO_OWNER || who == DITTO_WHO_GROUP) {
		sd_take_creator(sid, who, ace);
	} else {
		ace->who = who;
	}
}

/* A file has nothing that could inherit from it. */
static u8 sd_take_flags(u8 flags, bool is_dir)
{
	return flags & (is_dir ? DITTO_ACE_FLAGS : DITTO_ACE_INHERITED);
}

/* Entries that allow and deny nothing, and only name owner, group and mode of the file. */
static bool sd_ace_is_unix(const struct sd_ace *ace)
{
	return !ace->mask && ditto_sid_is_foreign_unix(&ace->sid);
}

/* True if the DACL has entries, and all of them only name owner, group or mode. Any context. */
bool ditto_sd_has_only_unix(const struct ditto_sd *sd)
{
	struct sd_ace ace;
	u32 pos = 0;

	for (u16 i = 0; i < sd->naces; i++) {
		pos += sd_ace_decode(sd->aces + pos, sd->size - pos, &ace);
		if (!sd_ace_is_unix(&ace))
			return false;
	}
	return sd->naces;
}
EXPORT_SYMBOL_NS_GPL(ditto_sd_has_only_unix, "DITTO");

/* An entry that is kept. */
static bool sd_ace_counts(const struct sd_ace *ace, bool is_dir)
{
	if (sd_ace_is_unix(ace))
		return false;
	return (ace->kind == SD_ACE_ALLOWS || ace->kind == SD_ACE_DENIES) &&
	       (is_dir || !(ace->flags & DITTO_ACE_INHERIT_ONLY));
}

/* Count the entries that the list will have. Return: the number, or a negative errno. */
static int sd_count_aces(const struct ditto_sd *sd, bool is_dir)
{
	struct sd_ace ace;
	int count = 0;
	u32 pos = 0;
	u16 i;

	for (i = 0; i < sd->naces; i++) {
		pos += sd_ace_decode(sd->aces + pos, sd->size - pos, &ace);
		if (ace.kind == SD_ACE_REFUSED)
			return -EOPNOTSUPP;
		count += sd_ace_counts(&ace, is_dir);
	}
	return count > DITTO_ACES_MAX ? -E2BIG : count;
}

/* Control bits of a DACL and of a SACL, and the flag of a list that they stand for. */
static const struct {
	u16 dacl;
	u16 sacl;
	u16 flag;
} sd_controls[] = {
	{ 0x0008, 0x0020, DITTO_ACL_DEFAULTED },
	{ 0x1000, 0x2000, DITTO_ACL_PROTECTED },
};

/*
 * MS-DTYP section 2.5.3.4.1: the list is auto-inherited if the client that computed it requests so.
 */
static u16 sd_take_control(u16 control, bool audit)
{
	const u16 inherited = audit ? SD_SACL_AUTO_INHERITED | SD_SACL_AUTO_INHERIT_REQ :
				      SD_DACL_AUTO_INHERITED | SD_DACL_AUTO_INHERIT_REQ;
	unsigned int i;
	u16 flags = 0;

	for (i = 0; i < ARRAY_SIZE(sd_controls); i++)
		if (control & (audit ? sd_controls[i].sacl : sd_controls[i].dacl))
			flags |= sd_controls[i].flag;
	if ((control & inherited) == inherited)
		flags |= DITTO_ACL_AUTO_INHERITED;
	return flags;
}

static u16 sd_control_of(const struct ditto_acl *acl, bool audit)
{
	u16 control = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sd_controls); i++)
		if (acl->flags & sd_controls[i].flag)
			control |= audit ? sd_controls[i].sacl : sd_controls[i].dacl;
	if (acl->flags & DITTO_ACL_AUTO_INHERITED)
		control |= audit ? SD_SACL_AUTO_INHERITED : SD_DACL_AUTO_INHERITED;
	return control;
}

/**
 * ditto_sd_control - get the Control bits of a list
 * @acl: access control list
 *
 * Context: any.
 * Return: Control bits of MS-DTYP section 2.4.6, with DITTO_SD_DACL_PRESENT.
 */
u16 ditto_sd_control(const struct ditto_acl *acl)
{
	return DITTO_SD_DACL_PRESENT | sd_control_of(acl, false);
}
EXPORT_SYMBOL_NS_GPL(ditto_sd_control, "DITTO");

/**
 * ditto_sd_audit_control - get the Control bits of an audit list
 * @list: the list
 *
 * Context: any.
 * Return: Control bits of MS-DTYP section 2.4.6, with DITTO_SD_SACL_PRESENT.
 */
u16 ditto_sd_audit_control(const struct ditto_acl *list)
{
	return DITTO_SD_SACL_PRESENT | sd_control_of(list, true);
}
EXPORT_SYMBOL_NS_GPL(ditto_sd_audit_control, "DITTO");

/**
 * ditto_sd_acl - convert a DACL to an access control list
 * @sd: decoded security descriptor; without a DACL it is treated as one with a null DACL
 * @user: user who sent it, or NULL; the user's domain SID stands for the local account
 * @is_dir: the list is for a directory
 *
 * Return: the list, to be put; ERR_PTR(-E2BIG) (more than DITTO_ACES_MAX entries);
 * ERR_PTR(-EOPNOTSUPP) (an entry denies access on a condition that is not evaluated here);
 * ERR_PTR(-ENOMEM).
 */
struct ditto_acl *ditto_sd_acl(const struct ditto_sd *sd, const struct ditto_auth_user *user,
			       bool is_dir)
{
	int count = sd_count_aces(sd, is_dir);
	struct ditto_acl *acl;
	struct ditto_ace *to;
	struct sd_ace ace;
	u32 pos = 0;
	u16 i;

	if (count < 0)
		return ERR_PTR(count);
	acl = ditto_acl_alloc(count);
	if (!acl)
		return ERR_PTR(-ENOMEM);
	acl->flags = sd_take_control(sd->control, false);
	if (sd->null_dacl || !(sd->parts & DITTO_SD_DACL))
		acl->flags |= DITTO_ACL_NULL;
	to = acl->aces;
	for (i = 0; i < sd->naces; i++) {
		pos += sd_ace_decode(sd->aces + pos, sd->size - pos, &ace);
		if (!sd_ace_counts(&ace, is_dir))
			continue;
		to->type = ace.kind == SD_ACE_DENIES ? DITTO_ACE_DENY : DITTO_ACE_ALLOW;
		to->flags = sd_take_flags(ace.flags, is_dir);
		to->mask = ditto_specific_rights(ace.mask) & DITTO_RIGHTS_ALL;
		sd_take_sid(&ace.sid, user, to++);
	}
	return acl;
}
EXPORT_SYMBOL_NS_GPL(ditto_sd_acl, "DITTO");

static bool sd_ace_audits(const struct sd_ace *ace, bool is_dir)
{
	return ace->kind == SD_ACE_AUDITS && (is_dir || !(ace->flags & DITTO_ACE_INHERIT_ONLY));
}

/**
 * ditto_sd_audit_list - convert a SACL to an audit list
 * @sd: decoded security descriptor
 * @user: as for ditto_sd_acl()
 * @is_dir: the list is for a directory
 *
 * Entries of other types than SYSTEM_AUDIT_ACE_TYPE are left out.
 *
 * Return: the list, to be put; NULL if it says nothing; ERR_PTR(-E2BIG) (more than DITTO_ACES_MAX
 * entries); ERR_PTR(-ENOMEM).
 */
struct ditto_acl *ditto_sd_audit_list(const struct ditto_sd *sd,
				      const struct ditto_auth_user *user, bool is_dir)
{
	u16 flags = sd_take_control(sd->control, true), i;
	unsigned int count = 0;
	struct ditto_acl *list;
	struct ditto_ace *to;
	struct sd_ace ace;
	u32 pos = 0;

	for (i = 0; i < sd->naudits; i++) {
		pos += sd_ace_decode(sd->audits + pos, sd->audits_size - pos, &ace);
		count += sd_ace_audits(&ace, is_dir);
	}
	if (count > DITTO_ACES_MAX)
		return ERR_PTR(-E2BIG);
	if (!count && !flags)
		return NULL;
	list = ditto_acl_alloc(count);
	if (!list)
		return ERR_PTR(-ENOMEM);
	list->flags = flags;
	to = list->aces;
	for (i = 0, pos = 0; i < sd->naudits; i++) {
		pos += sd_ace_decode(sd->audits + pos, sd->audits_size - pos, &ace);
		if (!sd_ace_audits(&ace, is_dir))
			continue;
		to->type = DITTO_ACE_AUDIT;
		to->flags = sd_take_flags(ace.flags, is_dir) | (ace.flags & DITTO_ACE_RESULTS);
		to->mask = ditto_specific_rights(ace.mask) &
			   (DITTO_RIGHTS_ALL | DITTO_RIGHT_SECURITY);
		sd_take_sid(&ace.sid, user, to++);
	}
	return list;
}
EXPORT_SYMBOL_NS_GPL(ditto_sd_audit_list, "DITTO");

/**
 * ditto_sd_has_audit_type - look for SACL entries of a type
 * @sd: decoded security descriptor
 * @type: AceType of MS-DTYP section 2.4.4.1
 *
 * Context: any.
 * Return: true if there is one.
 */
bool ditto_sd_has_audit_type(const struct ditto_sd *sd, u8 type)
{
	struct sd_ace ace;
	u32 pos = 0;

	for (u16 i = 0; i < sd->naudits; i++) {
		if (sd->audits[pos] == type)
			return true;
		pos += sd_ace_decode(sd->audits + pos, sd->audits_size - pos, &ace);
	}
	return false;
}
EXPORT_SYMBOL_NS_GPL(ditto_sd_has_audit_type, "DITTO");
