// SPDX-License-Identifier: GPL-2.0-only
/*
 * Security descriptors made from owner, group and mode, and the other way:
 * MS-DTYP sections 2.4.3 to 2.4.6.
 */

#include <kunit/visibility.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "../fs/rights.h"
#include "attrs.h"
#include "builder.h"
#include "security.h"

#define DSMB_SD_REVISION		1
#define DSMB_SD_DACL_PRESENT		0x0004
#define DSMB_SD_DACL_AUTO_INHERITED	0x0400
#define DSMB_SD_SELF_RELATIVE		0x8000

#define DSMB_ACL_REVISION		2
#define DSMB_ACL_REVISION_DS		4

#define DSMB_ACE_ALLOW			0
#define DSMB_ACE_DENY			1
#define DSMB_ACE_INHERIT_ONLY		0x08

/* Rights of a mask that stand for several (MS-DTYP 2.4.3). */
#define DSMB_GENERIC_ALL		BIT(28)
#define DSMB_GENERIC_EXECUTE		BIT(29)
#define DSMB_GENERIC_WRITE		BIT(30)
#define DSMB_GENERIC_READ		BIT(31)

/* Who may anything with a file may also look at what it is. */
#define DSMB_RIGHTS_LOOK \
	(DITTO_RIGHT_READ_ATTRS | DITTO_RIGHT_READ_ACL | DITTO_RIGHT_SYNCHRONIZE)
#define DSMB_RIGHTS_READ	(DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_XATTRS)
#define DSMB_RIGHTS_WRITE \
	(DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA | DITTO_RIGHT_WRITE_XATTRS | \
	 DITTO_RIGHT_WRITE_ATTRS)
#define DSMB_RIGHTS_OWNER \
	(DSMB_RIGHTS_LOOK | DITTO_RIGHT_WRITE_ACL | DITTO_RIGHT_WRITE_OWNER | \
	 DITTO_RIGHT_WRITE_ATTRS)

/* The three classes of a mode. */
enum dsmb_class {
	DSMB_CLASS_OTHER,
	DSMB_CLASS_GROUP,
	DSMB_CLASS_OWNER,
	DSMB_CLASSES,
};

static u32 dsmb_class_bits(umode_t mode, enum dsmb_class class)
{
	return mode >> (3 * class) & 7;
}

static u32 dsmb_rights_of_bits(u32 bits, bool is_dir)
{
	u32 rights = 0;

	if (bits & 4)
		rights |= DSMB_RIGHTS_READ;
	if (bits & 2)
		rights |= DSMB_RIGHTS_WRITE | (is_dir ? DITTO_RIGHT_DELETE_CHILD : 0);
	if (bits & 1)
		rights |= DITTO_RIGHT_EXECUTE;
	return rights;
}

static void dsmb_put_ace(struct dsmb_builder *b, u8 type, u32 rights, const struct dsmb_sid *sid,
			 u16 *count)
{
	if (!rights)
		return;
	dsmb_put_u8(b, type);
	dsmb_put_u8(b, 0);
	dsmb_put_u16(b, 8 + dsmb_sid_size(sid));
	dsmb_put_u32(b, rights);
	dsmb_put_sid(b, sid);
	++*count;
}

/*
 * An entry for each class. A class that has less than one behind it, of which its
 * people are too, is denied the difference: only the first that fits counts in
 * a mode, but all in a list.
 */
static void dsmb_put_dacl(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	const struct dsmb_sid owner = dsmb_sid_of_uid(attrs->uid);
	const struct dsmb_sid group = dsmb_sid_of_gid(attrs->gid);
	u32 u = dsmb_class_bits(attrs->mode, DSMB_CLASS_OWNER);
	u32 g = dsmb_class_bits(attrs->mode, DSMB_CLASS_GROUP);
	u32 o = dsmb_class_bits(attrs->mode, DSMB_CLASS_OTHER);
	bool is_dir = attrs->is_dir;
	u32 at = b->len, full;
	u16 count = 0;

	dsmb_put_u8(b, DSMB_ACL_REVISION);
	dsmb_put_u8(b, 0);
	dsmb_put_u16(b, 0);
	dsmb_put_u32(b, 0);

	full = DSMB_RIGHTS_OWNER | dsmb_rights_of_bits(u, is_dir);
	/* Who may write to it may replace it by another, so why not delete it. */
	if (u & 2)
		full |= DITTO_RIGHT_DELETE | DITTO_RIGHT_DELETE_CHILD;
	dsmb_put_ace(b, DSMB_ACE_DENY, dsmb_rights_of_bits((g | o) & ~u, is_dir) & ~full, &owner,
		     &count);
	dsmb_put_ace(b, DSMB_ACE_ALLOW, full, &owner, &count);
	full = DSMB_RIGHTS_LOOK | dsmb_rights_of_bits(g, is_dir);
	dsmb_put_ace(b, DSMB_ACE_DENY, dsmb_rights_of_bits(o & ~g, is_dir), &group, &count);
	dsmb_put_ace(b, DSMB_ACE_ALLOW, full, &group, &count);
	full = DSMB_RIGHTS_LOOK | dsmb_rights_of_bits(o, is_dir);
	dsmb_put_ace(b, DSMB_ACE_ALLOW, full, &dsmb_sid_everyone, &count);

	dsmb_fill_u16(b, at + 2, b->len - at);
	dsmb_fill_u16(b, at + 4, count);
}

void dsmb_put_sd(struct dsmb_builder *b, const struct dsmb_attrs *attrs, u32 parts)
{
	u32 at = b->len;
	struct dsmb_sid sid;
	u16 control = DSMB_SD_SELF_RELATIVE;

	if (parts & DSMB_SECURITY_DACL)
		control |= DSMB_SD_DACL_PRESENT | DSMB_SD_DACL_AUTO_INHERITED;
	dsmb_put_u8(b, DSMB_SD_REVISION);
	dsmb_put_u8(b, 0);
	dsmb_put_u16(b, control);
	dsmb_put(b, 16);
	if (parts & DSMB_SECURITY_OWNER) {
		sid = dsmb_sid_of_uid(attrs->uid);
		dsmb_fill_u32(b, at + 4, b->len - at);
		dsmb_put_sid(b, &sid);
	}
	if (parts & DSMB_SECURITY_GROUP) {
		sid = dsmb_sid_of_gid(attrs->gid);
		dsmb_fill_u32(b, at + 8, b->len - at);
		dsmb_put_sid(b, &sid);
	}
	if (parts & DSMB_SECURITY_DACL) {
		dsmb_fill_u32(b, at + 16, b->len - at);
		dsmb_put_dacl(b, attrs);
	}
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_put_sd);

/**
 * struct dsmb_ace - an entry of an ACL
 * @type: DSMB_ACE_*, or one that counts for nothing here
 * @flags: inheritance
 * @mask: rights
 * @sid: whose; of known types only
 */
struct dsmb_ace {
	u8 type;
	u8 flags;
	u32 mask;
	struct dsmb_sid sid;
};

/* The next one; false if it is malformed. */
static bool dsmb_get_ace(struct dsmb_cursor *aces, struct dsmb_ace *ace)
{
	u32 at = aces->pos;
	struct dsmb_cursor c;
	u16 size;

	ace->type = dsmb_get_u8(aces);
	ace->flags = dsmb_get_u8(aces);
	size = dsmb_get_u16(aces);
	if (aces->bad || size < 8 || size % 4)
		return false;
	c = dsmb_window(aces, at, size);
	if (c.bad)
		return false;
	dsmb_seek(aces, at + size);
	dsmb_skip(&c, 4);
	ace->mask = dsmb_get_u32(&c);
	if (ace->type != DSMB_ACE_ALLOW && ace->type != DSMB_ACE_DENY)
		return true;
	return dsmb_get_sid(&c, &ace->sid);
}

static bool dsmb_get_dacl(struct dsmb_cursor *c, u32 offset, struct dsmb_sd *sd)
{
	struct dsmb_cursor head = dsmb_window(c, offset, 8), aces;
	struct dsmb_ace ace;
	u8 revision;
	u16 size, i;

	revision = dsmb_get_u8(&head);
	dsmb_skip(&head, 1);
	size = dsmb_get_u16(&head);
	sd->naces = dsmb_get_u16(&head);
	if (head.bad || size < 8 ||
	    (revision != DSMB_ACL_REVISION && revision != DSMB_ACL_REVISION_DS))
		return false;
	sd->aces = dsmb_window(c, offset, size);
	if (sd->aces.bad)
		return false;
	dsmb_skip(&sd->aces, 8);
	aces = sd->aces;
	for (i = 0; i < sd->naces; i++)
		if (!dsmb_get_ace(&aces, &ace))
			return false;
	return true;
}

int dsmb_get_sd(struct dsmb_cursor c, struct dsmb_sd *sd)
{
	u32 owner, group, dacl;
	u8 revision;
	u16 control;

	memset(sd, 0, sizeof(*sd));
	revision = dsmb_get_u8(&c);
	dsmb_skip(&c, 1);
	control = dsmb_get_u16(&c);
	owner = dsmb_get_u32(&c);
	group = dsmb_get_u32(&c);
	dsmb_skip(&c, 4);
	dacl = dsmb_get_u32(&c);
	if (c.bad || revision != DSMB_SD_REVISION || !(control & DSMB_SD_SELF_RELATIVE))
		return -EINVAL;

	if (owner) {
		dsmb_seek(&c, owner);
		if (!dsmb_get_sid(&c, &sd->owner))
			return -EINVAL;
		sd->parts |= DSMB_SECURITY_OWNER;
	}
	if (group) {
		dsmb_seek(&c, group);
		if (!dsmb_get_sid(&c, &sd->group))
			return -EINVAL;
		sd->parts |= DSMB_SECURITY_GROUP;
	}
	if (control & DSMB_SD_DACL_PRESENT) {
		sd->null_dacl = !dacl;
		if (dacl && !dsmb_get_dacl(&c, dacl, sd))
			return -EINVAL;
		sd->parts |= DSMB_SECURITY_DACL;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_get_sd);

/* Bits of a mode that an entry gives, or with @deny takes. */
static u32 dsmb_bits_of_mask(u32 mask, bool deny)
{
	const u32 write = DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA;
	u32 bits = 0;

	if (mask & DSMB_GENERIC_ALL)
		return 7;
	if (mask & (DITTO_RIGHT_READ_DATA | DSMB_GENERIC_READ))
		bits |= 4;
	/* Writing is both ways of it; without one of them it is not. */
	if (mask & DSMB_GENERIC_WRITE || (mask & write) == write || (deny && mask & write))
		bits |= 2;
	if (mask & (DITTO_RIGHT_EXECUTE | DSMB_GENERIC_EXECUTE))
		bits |= 1;
	return bits;
}

/* Is this SID all people that may use the server at all? S-1-1-0, S-1-5-11, S-1-5-32-545 */
static bool dsmb_sid_is_all(const struct dsmb_sid *sid)
{
	static const struct dsmb_sid authenticated = {
		.authority = 5, .nsubs = 1, .subs = { 11 },
	};
	static const struct dsmb_sid users = {
		.authority = 5, .nsubs = 2, .subs = { 32, 545 },
	};

	return dsmb_sid_eq(sid, &dsmb_sid_everyone) || dsmb_sid_eq(sid, &authenticated) ||
	       dsmb_sid_eq(sid, &users);
}

/* Creator Owner and Creator Group, S-1-3-0 and S-1-3-1; owner rights, S-1-3-4. */
static bool dsmb_sid_is_creator(const struct dsmb_sid *sid, u32 which)
{
	return sid->authority == 3 && sid->nsubs == 1 && sid->subs[0] == which;
}

/* The classes that an entry is about, as bits. */
static u32 dsmb_ace_classes(const struct dsmb_ace *ace, const struct dsmb_sid *owner,
			    const struct dsmb_sid *group)
{
	const struct dsmb_sid *sid = &ace->sid;

	if (dsmb_sid_is_all(sid))
		return BIT(DSMB_CLASS_OWNER) | BIT(DSMB_CLASS_GROUP) | BIT(DSMB_CLASS_OTHER);
	if (dsmb_sid_eq(sid, owner) || dsmb_sid_is_creator(sid, 0) || dsmb_sid_is_creator(sid, 4))
		return BIT(DSMB_CLASS_OWNER);
	if (dsmb_sid_eq(sid, group) || dsmb_sid_is_creator(sid, 1))
		return BIT(DSMB_CLASS_GROUP);
	return 0;
}

umode_t dsmb_sd_mode(const struct dsmb_sd *sd, kuid_t uid, kgid_t gid)
{
	const struct dsmb_sid owner = dsmb_sid_of_uid(uid), group = dsmb_sid_of_gid(gid);
	u32 allowed[DSMB_CLASSES] = { }, denied[DSMB_CLASSES] = { };
	struct dsmb_cursor aces = sd->aces;
	struct dsmb_ace ace;
	umode_t mode = 0;
	u32 classes, bits, class;
	u16 i;

	if (sd->null_dacl)
		return 0777;
	for (i = 0; i < sd->naces && dsmb_get_ace(&aces, &ace); i++) {
		if (ace.type > DSMB_ACE_DENY || ace.flags & DSMB_ACE_INHERIT_ONLY)
			continue;
		classes = dsmb_ace_classes(&ace, &owner, &group);
		bits = dsmb_bits_of_mask(ace.mask, ace.type == DSMB_ACE_DENY);
		for (class = 0; class < DSMB_CLASSES; class++) {
			if (!(classes & BIT(class)))
				continue;
			/* The first entry that says something about a right decides it. */
			if (ace.type == DSMB_ACE_DENY)
				denied[class] |= bits & ~allowed[class];
			else
				allowed[class] |= bits & ~denied[class];
		}
	}
	for (class = 0; class < DSMB_CLASSES; class++)
		mode |= allowed[class] << (3 * class);
	return mode;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_sd_mode);

bool dsmb_sd_unix_mode(const struct dsmb_sd *sd, umode_t *mode)
{
	struct dsmb_cursor aces = sd->aces;
	struct dsmb_ace ace;
	u16 i;

	for (i = 0; i < sd->naces && dsmb_get_ace(&aces, &ace); i++)
		if (dsmb_sid_to_mode(&ace.sid, mode))
			return true;
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(dsmb_sd_unix_mode);
