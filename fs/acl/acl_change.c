// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adapting access control lists to a new mode: RFC 8881 section 6.4.1.1.
 *
 * The rights that permission bits stand for are removed from all entries for the three classes
 * and granted anew: the owner's at the front, where no remaining entry can deny them, the group's
 * and others' at the end. In between, named users and groups keep the rights that they had and
 * that the group has now. Other rights, such as DELETE, are not changed.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/stat.h>
#include <linux/string.h>

#include "acl_private.h"

/**
 * struct chmod - a list that is being adapted
 * @out: the new list
 * @acl: the old list
 * @uid: owner of the file
 * @gid: group of the file
 * @rights: rights of the new permission bits, for each class
 * @all: all rights that permission bits can stand for
 * @keeps_named: named users and groups are not limited to the group's bits
 */
struct chmod {
	struct ditto_acl_builder out;
	const struct ditto_acl *acl;
	kuid_t uid;
	kgid_t gid;
	u32 rights[DITTO_CLASSES];
	u32 all;
	bool keeps_named;
};

static bool is_same_who(const struct ditto_ace *a, const struct ditto_ace *b)
{
	if (a->who != b->who)
		return false;
	switch (a->who) {
	case DITTO_WHO_UID:
		return uid_eq(a->uid, b->uid);
	case DITTO_WHO_GID:
		return gid_eq(a->gid, b->gid);
	case DITTO_WHO_FOREIGN:
		return a->foreign_len == b->foreign_len &&
		       !memcmp(a->foreign, b->foreign, a->foreign_len);
	}
	return true;
}

/* True for a named user or group, which the group's bits limit. */
static bool is_named(const struct chmod *c, const struct ditto_ace *ace)
{
	return (ace->who == DITTO_WHO_UID || ace->who == DITTO_WHO_GID ||
		ace->who == DITTO_WHO_FOREIGN) && !ditto_ace_classes(ace, c->uid, c->gid);
}

/*
 * Omit rights that earlier entries for the same principal decide, so that repeated changes do not
 * grow the list.
 */
static u32 acl_undecided_bits(const struct ditto_acl *acl, const struct ditto_ace *ace)
{
	u32 mask = ace->mask;
	unsigned int i;

	for (i = 0; i < acl->count; i++)
		if (ditto_ace_is_effective(&acl->aces[i]) && is_same_who(&acl->aces[i], ace))
			mask &= ~acl->aces[i].mask;
	return mask;
}

/*
 * Find an entry that this one can be merged into: no entry between them decides the contrary for
 * the same rights.
 */
static struct ditto_ace *find_alike(struct ditto_acl *acl, const struct ditto_ace *ace)
{
	struct ditto_ace *other;
	unsigned int i;

	for (i = acl->count; i-- > 0;) {
		other = &acl->aces[i];
		if (!ditto_ace_is_effective(other))
			continue;
		if (other->type == ace->type && other->flags == ace->flags &&
		    is_same_who(other, ace))
			return other;
		if (other->type != ace->type && other->mask & ace->mask)
			break;
	}
	return NULL;
}

/* Add an effective entry that is not inheritable. */
static void add_effective(struct chmod *c, const struct ditto_ace *ace, u32 mask)
{
	struct ditto_ace copy = *ace, *alike;

	copy.flags &= DITTO_ACE_INHERITED;
	copy.mask = mask;
	copy.mask = acl_undecided_bits(c->out.acl, &copy);
	/* An entry for owner rights has an effect even without rights. */
	if (!copy.mask && (mask || ace->who != DITTO_WHO_OWNER_RIGHTS))
		return;
	alike = find_alike(c->out.acl, &copy);
	if (alike)
		alike->mask |= copy.mask;
	else
		ditto_acl_add(&c->out, &copy);
}

static void add_class(struct chmod *c, enum ditto_ace_type type, enum ditto_who who, u32 mask)
{
	const struct ditto_ace ace = { .type = type, .who = who };

	if (mask)
		add_effective(c, &ace, mask);
}

/* Rights of an entry that are kept. @denied: rights denied to everyone by earlier entries. */
static u32 kept_mask(const struct chmod *c, const struct ditto_ace *ace, u32 denied)
{
	u32 above = c->keeps_named ? 0 : ~c->rights[DITTO_CLASS_GROUP];

	if (ditto_ace_classes(ace, c->uid, c->gid))
		return ace->mask & ~c->all;
	if (ace->type == DITTO_ACE_DENY)
		return ace->mask;
	/* Entries for network or anonymous users get the rights of others. */
	if (!is_named(c, ace))
		return ace->mask & ~c->all;
	return ace->mask & ~(c->all & (denied | above));
}

static void add_kept(struct chmod *c, const struct ditto_ace *ace, u32 denied, bool fewer)
{
	struct ditto_ace copy = *ace;
	bool needed = !fewer || ace->type == DITTO_ACE_DENY || !is_named(c, ace);
	u32 mask = kept_mask(c, ace, denied);

	if (!ditto_ace_is_effective(ace) ||
	    (ace->flags & DITTO_ACE_INHERITABLE && mask == ace->mask && needed)) {
		ditto_acl_add(&c->out, ace);
		return;
	}
	/* New files inherit the same entries as before. */
	if (ace->flags & DITTO_ACE_INHERITABLE) {
		copy.flags |= DITTO_ACE_INHERIT_ONLY;
		ditto_acl_add(&c->out, &copy);
	}
	if (needed)
		add_effective(c, ace, mask);
}

/* Add all entries between those for the owner and those for the group. */
static void add_between(struct chmod *c, bool fewer)
{
	u32 more = c->rights[DITTO_CLASS_OTHER] & ~c->rights[DITTO_CLASS_GROUP];
	u32 allowed = 0, denied = 0;
	const struct ditto_ace *ace;
	struct ditto_ace deny;
	unsigned int i;

	for (i = 0; more && !c->keeps_named && i < c->acl->count; i++) {
		deny = c->acl->aces[i];
		if (!ditto_ace_is_effective(&deny) || !is_named(c, &deny))
			continue;
		deny.type = DITTO_ACE_DENY;
		deny.flags = 0;
		add_effective(c, &deny, more);
	}
	for (i = 0; i < c->acl->count; i++) {
		ace = &c->acl->aces[i];
		add_kept(c, ace, denied, fewer);
		if (!ditto_ace_is_effective(ace) ||
		    !(ditto_ace_classes(ace, c->uid, c->gid) & BIT(DITTO_CLASS_OTHER)))
			continue;
		if (ace->type == DITTO_ACE_ALLOW)
			allowed |= ace->mask & ~denied;
		else
			denied |= ace->mask & ~allowed;
	}
}

/* Users who may read the file may also view its metadata. */
static u32 class_rights(u32 rights)
{
	return rights & DITTO_RIGHT_READ_DATA ? rights | DITTO_RIGHTS_LOOK : rights;
}

/* True for an entry about the users of a class who are anonymous, or about those who are not. */
static bool is_about_class(const struct chmod *c, const struct ditto_ace *ace,
			   enum ditto_class class, bool anonymous)
{
	if (!ditto_ace_is_effective(ace))
		return false;
	if (ace->who == DITTO_WHO_NETWORK)
		return true;
	if (!anonymous)
		return ditto_ace_classes(ace, c->uid, c->gid) & BIT(class);
	/* Denials remain. */
	if (ace->who == DITTO_WHO_ANONYMOUS && ace->type != DITTO_ACE_ALLOW)
		return false;
	return ditto_ace_classes_anonymous(ace, c->uid, c->gid) & BIT(class);
}

static u32 rights_of_class(const struct chmod *c, enum ditto_class class, bool anonymous)
{
	const struct ditto_ace *ace;
	u32 allowed = 0, denied = 0;

	for (ace = c->acl->aces; ace < c->acl->aces + c->acl->count; ace++) {
		if (!is_about_class(c, ace, class, anonymous))
			continue;
		if (ace->type == DITTO_ACE_ALLOW)
			allowed |= ace->mask & ~denied;
		else
			denied |= ace->mask & ~allowed;
	}
	return allowed;
}

/*
 * Rights that a class has, and keeps, but that its anonymous users do not have. The bits do not
 * tell the difference.
 */
static u32 proven_rights(const struct chmod *c, enum ditto_class class)
{
	return c->rights[class] & rights_of_class(c, class, false) &
	       ~rights_of_class(c, class, true);
}

static struct ditto_acl *acl_change_entries(struct chmod *c, bool fewer)
{
	u32 owner = c->rights[DITTO_CLASS_OWNER];
	u32 group = c->rights[DITTO_CLASS_GROUP];
	u32 other = c->rights[DITTO_CLASS_OTHER];
	u32 proven_group = proven_rights(c, DITTO_CLASS_GROUP);
	u32 proven = proven_rights(c, DITTO_CLASS_OTHER);

	if (ditto_acl_begin(&c->out, 3 * c->acl->count + 7))
		return ERR_PTR(-ENOMEM);
	c->out.acl->flags = c->acl->flags & DITTO_ACL_FLAGS;
	/* The owner may set times even without write permission. */
	add_class(c, DITTO_ACE_DENY, DITTO_WHO_OWNER,
		  (group | other) & ~owner & ~DITTO_RIGHT_WRITE_ATTRS);
	add_class(c, DITTO_ACE_ALLOW, DITTO_WHO_OWNER,
		  class_rights(owner) | DITTO_RIGHT_WRITE_ATTRS);
	add_between(c, fewer);
	add_class(c, DITTO_ACE_DENY, DITTO_WHO_GROUP, other & ~group);
	/* The mode does not count this entry: local processes are not anonymous. */
	add_class(c, DITTO_ACE_DENY, DITTO_WHO_ANONYMOUS, proven_group & ~other);
	/* The entry for AUTHENTICATED@ below gives its part without a denial. */
	add_class(c, DITTO_ACE_ALLOW, DITTO_WHO_GROUP,
		  class_rights(group & ~(proven_group & proven)));
	add_class(c, DITTO_ACE_ALLOW, DITTO_WHO_EVERYONE, class_rights(other & ~proven));
	add_class(c, DITTO_ACE_ALLOW, DITTO_WHO_AUTHENTICATED, class_rights(proven));
	return ditto_acl_end(&c->out, -ENOSPC);
}

static struct ditto_acl *acl_chmod(struct ditto_acl *acl, umode_t mode, kuid_t uid, kgid_t gid,
				   bool keeps_named)
{
	struct chmod c = {
		.keeps_named = keeps_named,
		.acl = acl,
		.uid = uid,
		.gid = gid,
		.all = ditto_rights_of_bits(0007, true),
	};
	struct ditto_acl *changed;
	unsigned int class;

	if (ditto_acl_mode(acl, uid, gid) == (mode & 0777))
		return ditto_acl_hold(acl);
	/* A NULL list permits everything; the new mode replaces it. */
	if (acl->flags & DITTO_ACL_NULL) {
		changed = ditto_acl_from_mode(mode);
		if (!IS_ERR(changed))
			changed->flags = acl->flags & DITTO_ACL_FLAGS & ~DITTO_ACL_NULL;
		return changed;
	}
	for (class = 0; class < DITTO_CLASSES; class++)
		c.rights[class] = ditto_rights_of_bits(ditto_mode_bits(mode, class),
						       S_ISDIR(mode));
	changed = acl_change_entries(&c, false);
	/*
	 * Too long: omit entries that allow rights to named users and groups, so that these get
	 * fewer rights, but never more.
	 */
	return changed == ERR_PTR(-ENOSPC) ? acl_change_entries(&c, true) : changed;
}

/*
 * Adapt a list to a new mode. Implements RFC 8881 section 6.4.1.1: ditto_acl_mode() of the result
 * equals the nine bits of @mode, and named users and groups have no more of the rights these stand
 * for than the group has. Flags of the list and inherit-only entries are kept. Return: the list,
 * which is @acl with another reference if its mode matches already; ERR_PTR(-ENOMEM), or
 * ERR_PTR(-ENOSPC) if it needs more than DITTO_ACES_MAX entries.
 */
struct ditto_acl *ditto_acl_chmod(struct ditto_acl *acl, umode_t mode, kuid_t uid, kgid_t gid)
{
	return acl_chmod(acl, mode, uid, gid, false);
}

/*
 * Adapt a list to a new mode, except entries for named users and groups. Only the entries for
 * owner, group and everyone are changed. Return: as ditto_acl_chmod().
 */
struct ditto_acl *ditto_acl_chmod_classes(struct ditto_acl *acl, umode_t mode, kuid_t uid,
					  kgid_t gid)
{
	return acl_chmod(acl, mode, uid, gid, true);
}

/*
 * Tell whether a list says no more than a mode can. Context: any. Return: true if it has entries
 * for owner, group and everyone only, and nothing inheritable.
 */
bool ditto_acl_is_trivial(const struct ditto_acl *acl)
{
	for (unsigned int i = 0; i < acl->count; i++) {
		const struct ditto_ace *ace = &acl->aces[i];

		if (ace->who > DITTO_WHO_EVERYONE || ace->flags & DITTO_ACE_INHERITABLE)
			return false;
	}
	return true;
}
