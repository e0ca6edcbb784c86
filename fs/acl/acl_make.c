// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access control lists derived from a mode or a POSIX ACL, for files without a stored list.
 *
 * In a mode and in a POSIX ACL only the first matching class applies to a user; in an access
 * control list all matching entries do. A user who is granted less than later entries would add
 * is therefore denied the difference.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/posix_acl.h>
#include <linux/stat.h>
#include <linux/string.h>

#include "acl.h"
#include "acl_private.h"

/* Rights of the owner to every file, regardless of its mode. */
#define DITTO_RIGHTS_OWNING \
	(DITTO_RIGHTS_LOOK | DITTO_RIGHT_WRITE_ACL | DITTO_RIGHT_WRITE_OWNER | \
	 DITTO_RIGHT_WRITE_ATTRS)
/* Entries for a mode: two for each class, one for the last. */
#define ACES_OF_MODE	5

/* Convert three bits of a mode to DITTO_RIGHT_* bits: RFC 8881 section 6.4.1.1. */
u32 ditto_rights_of_bits(u32 bits, bool is_dir)
{
	u32 rights = 0;

	if (bits & 0004)
		rights |= DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_XATTRS;
	if (bits & 0002)
		rights |= DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA |
			  DITTO_RIGHT_WRITE_XATTRS | DITTO_RIGHT_WRITE_ATTRS |
			  (is_dir ? DITTO_RIGHT_DELETE_CHILD : 0);
	if (bits & 0001)
		rights |= DITTO_RIGHT_EXECUTE;
	return rights;
}

/* Add an entry, unless it would be empty. */
static void acl_make_add(struct ditto_acl_builder *b, enum ditto_ace_type type,
			 enum ditto_who who, u32 mask)
{
	const struct ditto_ace ace = { .type = type, .who = who, .mask = mask };

	if (mask)
		ditto_acl_add(b, &ace);
}

/* @behind: permission bits of any other class. */
static void add_owner(struct ditto_acl_builder *b, u32 bits, u32 behind, bool is_dir)
{
	u32 full = DITTO_RIGHTS_OWNING | ditto_rights_of_bits(bits, is_dir);

	/*
	 * A user who may write the file could replace its contents, so deletion is permitted,
	 * too.
	 */
	if (bits & 0002)
		full |= DITTO_RIGHT_DELETE | DITTO_RIGHT_DELETE_CHILD;
	acl_make_add(b, DITTO_ACE_DENY, DITTO_WHO_OWNER,
		     ditto_rights_of_bits(behind & ~bits, is_dir) & ~full);
	acl_make_add(b, DITTO_ACE_ALLOW, DITTO_WHO_OWNER, full);
}

static void add_mode(struct ditto_acl_builder *b, umode_t mode)
{
	u32 owner = ditto_mode_bits(mode, DITTO_CLASS_OWNER);
	u32 group = ditto_mode_bits(mode, DITTO_CLASS_GROUP);
	u32 other = ditto_mode_bits(mode, DITTO_CLASS_OTHER);
	bool is_dir = S_ISDIR(mode);

	add_owner(b, owner, group | other, is_dir);
	acl_make_add(b, DITTO_ACE_DENY, DITTO_WHO_GROUP,
		     ditto_rights_of_bits(other & ~group, is_dir));
	acl_make_add(b, DITTO_ACE_ALLOW, DITTO_WHO_GROUP,
		     DITTO_RIGHTS_LOOK | ditto_rights_of_bits(group, is_dir));
	acl_make_add(b, DITTO_ACE_ALLOW, DITTO_WHO_EVERYONE,
		     DITTO_RIGHTS_LOOK | ditto_rights_of_bits(other, is_dir));
}

/**
 * struct classes - permissions of a POSIX ACL by kind of user
 * @owner: of the owner
 * @users: of any named user, masked
 * @groups: of any group, masked
 * @other: of all others
 * @mask: upper limit for named users and for groups
 */
struct classes {
	u32 owner;
	u32 users;
	u32 groups;
	u32 other;
	u32 mask;
};

static struct classes classes_of(const struct posix_acl *posix)
{
	struct classes c = { .mask = 0007 };
	const struct posix_acl_entry *e, *end;

	FOREACH_ACL_ENTRY(e, posix, end) {
		if (e->e_tag == ACL_USER_OBJ)
			c.owner = e->e_perm;
		else if (e->e_tag == ACL_USER)
			c.users |= e->e_perm;
		else if (e->e_tag == ACL_OTHER)
			c.other = e->e_perm;
		else if (e->e_tag == ACL_MASK)
			c.mask = e->e_perm;
		else
			c.groups |= e->e_perm;
	}
	c.users &= c.mask;
	c.groups &= c.mask;
	return c;
}

/* Add an entry for the principal of a POSIX ACL entry. */
static void add_named(struct ditto_acl_builder *b, enum ditto_ace_type type,
		      const struct posix_acl_entry *e, u32 mask)
{
	struct ditto_ace ace = { .type = type, .mask = mask };

	if (!mask)
		return;
	if (e->e_tag == ACL_USER) {
		ace.who = DITTO_WHO_UID;
		ace.uid = e->e_uid;
	} else if (e->e_tag == ACL_GROUP) {
		ace.who = DITTO_WHO_GID;
		ace.gid = e->e_gid;
	} else {
		ace.who = DITTO_WHO_GROUP;
	}
	ditto_acl_add(b, &ace);
}

static bool is_group(const struct posix_acl_entry *e)
{
	return e->e_tag == ACL_GROUP_OBJ || e->e_tag == ACL_GROUP;
}

/*
 * POSIX.1e has this order: the owner, one of the users, all groups, others. Rights of others are
 * denied to group members only after each group has granted its rights.
 */
static void add_posix(struct ditto_acl_builder *b, const struct posix_acl *posix, bool is_dir)
{
	const struct classes c = classes_of(posix);
	const struct posix_acl_entry *e, *end;
	u32 bits;

	add_owner(b, c.owner, c.users | c.groups | c.other, is_dir);
	FOREACH_ACL_ENTRY(e, posix, end) {
		if (e->e_tag != ACL_USER)
			continue;
		bits = e->e_perm & c.mask;
		add_named(b, DITTO_ACE_DENY, e,
			  ditto_rights_of_bits((c.groups | c.other) & ~bits, is_dir));
		add_named(b, DITTO_ACE_ALLOW, e,
			  DITTO_RIGHTS_LOOK | ditto_rights_of_bits(bits, is_dir));
	}
	FOREACH_ACL_ENTRY(e, posix, end)
		if (is_group(e))
			add_named(b, DITTO_ACE_ALLOW, e, DITTO_RIGHTS_LOOK |
				  ditto_rights_of_bits(e->e_perm & c.mask, is_dir));
	FOREACH_ACL_ENTRY(e, posix, end)
		if (is_group(e))
			add_named(b, DITTO_ACE_DENY, e,
				  ditto_rights_of_bits(c.other & ~(e->e_perm & c.mask), is_dir));
	acl_make_add(b, DITTO_ACE_ALLOW, DITTO_WHO_EVERYONE,
		     DITTO_RIGHTS_LOOK | ditto_rights_of_bits(c.other, is_dir));
}

/*
 * Derive a list from a mode or POSIX ACL. @access: POSIX access ACL; NULL to use the mode; @def:
 * POSIX default ACL of a directory, which becomes inheritable entries; or NULL. Return: the list,
 * ERR_PTR(-ENOMEM), or ERR_PTR(-E2BIG) if it needs more than DITTO_ACES_MAX entries.
 */
struct ditto_acl *ditto_acl_from_posix(umode_t mode, const struct posix_acl *access,
				       const struct posix_acl *def)
{
	unsigned int room = access ? 2 * access->a_count : ACES_OF_MODE;
	struct ditto_acl_builder b;
	unsigned int i;

	/* Both forms are equivalent, but a list derived from a mode should look like one. */
	if (access && !posix_acl_equiv_mode(access, NULL)) {
		access = NULL;
		room = ACES_OF_MODE;
	}
	if (ditto_acl_begin(&b, room + (def ? 2 * def->a_count : 0)))
		return ERR_PTR(-ENOMEM);
	b.acl->flags = DITTO_ACL_MADE | DITTO_ACL_AUTO_INHERITED;
	if (access)
		add_posix(&b, access, S_ISDIR(mode));
	else
		add_mode(&b, mode);
	i = b.acl->count;
	/* Files inherit the entries, too, where DELETE_CHILD has no effect. */
	if (def)
		add_posix(&b, def, true);
	for (; i < b.acl->count; i++)
		b.acl->aces[i].flags = DITTO_ACE_INHERITABLE | DITTO_ACE_INHERIT_ONLY;
	return ditto_acl_end(&b, -E2BIG);
}

/* True if both entries can decide the same right of the same user. */
static bool ace_meets(const struct ditto_ace *allow, const struct ditto_ace *deny, kuid_t owner)
{
	bool now = ditto_ace_is_effective(deny);

	/* Inherit-only entries never apply together with effective ones. */
	if (!(allow->mask & deny->mask) || ditto_ace_is_effective(allow) != now)
		return false;
	if (deny->who != DITTO_WHO_UID)
		return true;
	if (allow->who == DITTO_WHO_UID)
		return uid_eq(allow->uid, deny->uid);
	/* The owner of a file created in the directory is not known. */
	return allow->who != DITTO_WHO_OWNER || !now || uid_eq(deny->uid, owner);
}

/*
 * Move deny entries to the front if that does not change the meaning. Windows expects this order
 * (MS-DTYP section 2.4.5). Its tools offer to sort other lists, which may change their meaning. A
 * list whose meaning would change is left as it is. Context: any.
 */
void ditto_acl_canonicalize(struct ditto_acl *acl, kuid_t owner)
{
	unsigned int i, front, denials = 0;
	struct ditto_ace ace;

	/* Each deny entry must be able to precede all allow entries in front of it. */
	for (i = 0; i < acl->count; i++) {
		if (acl->aces[i].type != DITTO_ACE_DENY)
			continue;
		for (front = 0; front < i; front++)
			if (acl->aces[front].type == DITTO_ACE_ALLOW &&
			    ace_meets(&acl->aces[front], &acl->aces[i], owner))
				return;
	}
	for (i = 0; i < acl->count; i++) {
		if (acl->aces[i].type != DITTO_ACE_DENY)
			continue;
		ace = acl->aces[i];
		memmove(&acl->aces[denials + 1], &acl->aces[denials],
			array_size(i - denials, sizeof(ace)));
		acl->aces[denials++] = ace;
	}
}

/* Derive a list from a mode. Return: the list, or ERR_PTR(-ENOMEM). */
struct ditto_acl *ditto_acl_from_mode(umode_t mode)
{
	return ditto_acl_from_posix(mode, NULL, NULL);
}
