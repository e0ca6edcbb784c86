// SPDX-License-Identifier: GPL-2.0-only
/* Evaluation of access control lists, see acl.h. */

#include <linux/cred.h>
#include <linux/module.h>
#include <linux/stat.h>

#include "acl.h"
#include "acl_private.h"

#define DITTO_RIGHTS_LIST	(DITTO_RIGHT_READ_ACL | DITTO_RIGHT_WRITE_ACL)

/* Like in_group_p(), but for any credential. The groups are sorted. */
static bool is_in_group(const struct cred *cred, kgid_t gid)
{
	const struct group_info *groups = cred->group_info;
	int low = 0, high = groups->ngroups, middle;

	if (gid_eq(gid, cred->fsgid))
		return true;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (gid_eq(gid, groups->gid[middle]))
			return true;
		if (gid_gt(gid, groups->gid[middle]))
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/*
 * True if the entry applies to the user by its ids. A squashed user has the rights of the user it
 * is squashed to, even if anonymous.
 */
static bool is_about(const struct ditto_ace *ace, const struct ditto_acl_subject *who)
{
	switch ((enum ditto_who)ace->who) {
	case DITTO_WHO_OWNER:
	case DITTO_WHO_OWNER_RIGHTS:
		return uid_eq(who->cred->fsuid, who->uid);
	case DITTO_WHO_GROUP:
		return is_in_group(who->cred, who->gid);
	case DITTO_WHO_UID:
		return uid_eq(who->cred->fsuid, ace->uid);
	case DITTO_WHO_GID:
		return is_in_group(who->cred, ace->gid);
	case DITTO_WHO_AUTHENTICATED:
		return !who->anonymous;
	case DITTO_WHO_ANONYMOUS:
		return who->anonymous;
	case DITTO_WHO_EVERYONE:
	case DITTO_WHO_NETWORK:
		return true;
	case DITTO_WHO_FOREIGN:
	case DITTO_WHOS:
		break;
	}
	return false;
}

/* Note what decided about some rights. Only for explanations. */
static noinline void acl_decided(struct ditto_acl_decisions *decisions, u32 rights,
				 enum ditto_acl_decider by, const struct ditto_acl *acl,
				 unsigned int number)
{
	for (unsigned int bit = 0; bit < DITTO_RIGHT_BITS; bit++) {
		struct ditto_acl_decision *decision = &decisions->right[bit];

		if (!(rights & BIT(bit)))
			continue;
		*decision = (struct ditto_acl_decision) { .by = by };
		if (by == DITTO_DECIDED_BY_ENTRY) {
			decision->number = number;
			decision->ace = acl->aces[number];
		}
	}
	decisions->evaluated = true;
}

static enum ditto_sid_match ace_match(const struct ditto_ace *ace,
				      const struct ditto_acl_subject *who)
{
	if (ace->who == DITTO_WHO_FOREIGN)
		return ditto_sid_match(ace->foreign, who->token);
	return is_about(ace, who) ? DITTO_SID_HIS : DITTO_SID_OTHER;
}

/*
 * Tell whether an entry is about a user. Context: any. Return: true if it is, and if nobody can
 * tell.
 */
bool ditto_ace_may_match(const struct ditto_ace *ace, const struct ditto_acl_subject *who)
{
	return ace_match(ace, who) != DITTO_SID_OTHER;
}

/*
 * Compute the rights that a list grants. @undecided: filled with an entry that has an effect and
 * whose SID the token cannot decide, because there is none or it is not complete; the first that
 * denies, else the first. NULL without such an entry. They count as matching if they deny, and as
 * not matching if they allow. The first entry that names a right decides (RFC 8881 section 6.2.1).
 * The owner may read and write the list itself, unless an entry for owner rights limits this
 * (MS-DTYP section 2.5.3.2). Privileges are up to the caller. Context: any. Return: DITTO_RIGHT_*
 * bits.
 */
u32 ditto_acl_rights(const struct ditto_acl *acl, const struct ditto_acl_subject *who,
		     const struct ditto_ace **undecided)
{
	bool limited = false;
	const struct ditto_ace *ace;
	u32 allowed = 0, denied = 0;
	enum ditto_sid_match match;
	unsigned int i;

	*undecided = NULL;
	if (acl->flags & DITTO_ACL_NULL) {
		if (unlikely(who->decisions))
			acl_decided(who->decisions, ~0, DITTO_DECIDED_BY_NULL, acl, 0);
		return DITTO_RIGHTS_ALL;
	}
	if (unlikely(who->decisions))
		acl_decided(who->decisions, ~0, DITTO_DECIDED_BY_NOBODY, acl, 0);
	for (i = 0; i < acl->count; i++) {
		ace = &acl->aces[i];
		if (!ditto_ace_is_effective(ace))
			continue;
		match = ace_match(ace, who);
		if (match == DITTO_SID_UNDECIDED && ace->mask & ~(allowed | denied) &&
		    (!*undecided || ace->type > (*undecided)->type))
			*undecided = ace;
		/* Rather too few rights than too many. */
		if (match == DITTO_SID_OTHER ||
		    (match == DITTO_SID_UNDECIDED && ace->type == DITTO_ACE_ALLOW))
			continue;
		limited |= ace->who == DITTO_WHO_OWNER_RIGHTS;
		if (unlikely(who->decisions))
			acl_decided(who->decisions, ace->mask & ~(allowed | denied),
				    DITTO_DECIDED_BY_ENTRY, acl, i);
		if (ace->type == DITTO_ACE_ALLOW)
			allowed |= ace->mask & ~denied;
		else
			denied |= ace->mask & ~allowed;
	}
	/* Regardless of denials, so that owners can undo a list that locks them out. */
	if (!limited && uid_eq(who->cred->fsuid, who->uid)) {
		if (unlikely(who->decisions))
			acl_decided(who->decisions, DITTO_RIGHTS_LIST & ~allowed,
				    DITTO_DECIDED_BY_OWNER, acl, 0);
		allowed |= DITTO_RIGHTS_LIST;
	}
	return allowed;
}

/*
 * Get the classes of a mode that an entry applies to. Context: any. Return: BIT(DITTO_CLASS_*)
 * bits; 0 for other named users and groups.
 */
u32 ditto_ace_classes(const struct ditto_ace *ace, kuid_t uid, kgid_t gid)
{
	switch ((enum ditto_who)ace->who) {
	case DITTO_WHO_OWNER:
	case DITTO_WHO_OWNER_RIGHTS:
		return BIT(DITTO_CLASS_OWNER);
	case DITTO_WHO_GROUP:
		return BIT(DITTO_CLASS_GROUP);
	case DITTO_WHO_UID:
		return uid_eq(ace->uid, uid) ? BIT(DITTO_CLASS_OWNER) : 0;
	case DITTO_WHO_GID:
		return gid_eq(ace->gid, gid) ? BIT(DITTO_CLASS_GROUP) : 0;
	case DITTO_WHO_EVERYONE:
	case DITTO_WHO_AUTHENTICATED:
		return BIT(DITTO_CLASS_OWNER) | BIT(DITTO_CLASS_GROUP) | BIT(DITTO_CLASS_OTHER);
	/* Local processes match none of these. */
	case DITTO_WHO_ANONYMOUS:
	case DITTO_WHO_NETWORK:
	case DITTO_WHO_FOREIGN:
	case DITTO_WHOS:
		break;
	}
	return 0;
}

/*
 * Writing to a directory would also require DELETE_CHILD, but lists that permit changes of a
 * directory seldom contain it: they permit DELETE for its entries instead.
 */
static umode_t bits_of_rights(u32 rights)
{
	const u32 write = DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA;

	return (rights & DITTO_RIGHT_READ_DATA ? 0004 : 0) |
	       ((rights & write) == write ? 0002 : 0) |
	       (rights & DITTO_RIGHT_EXECUTE ? 0001 : 0);
}

/*
 * The same if all users are anonymous, and use a protocol. Context: any. Return: as
 * ditto_ace_classes().
 */
u32 ditto_ace_classes_anonymous(const struct ditto_ace *ace, kuid_t uid, kgid_t gid)
{
	switch (ace->who) {
	case DITTO_WHO_AUTHENTICATED:
		return 0;
	case DITTO_WHO_ANONYMOUS:
	case DITTO_WHO_NETWORK:
		return BIT(DITTO_CLASS_OWNER) | BIT(DITTO_CLASS_GROUP) | BIT(DITTO_CLASS_OTHER);
	}
	return ditto_ace_classes(ace, uid, gid);
}

static umode_t acl_mode(const struct ditto_acl *acl, kuid_t uid, kgid_t gid, bool anonymous)
{
	u32 allowed[DITTO_CLASSES] = { }, denied[DITTO_CLASSES] = { };
	const struct ditto_ace *ace;
	unsigned int i, class;
	umode_t mode = 0;
	u32 classes;

	if (acl->flags & DITTO_ACL_NULL)
		return 0777;
	for (i = 0; i < acl->count; i++) {
		ace = &acl->aces[i];
		if (!ditto_ace_is_effective(ace))
			continue;
		classes = anonymous ? ditto_ace_classes_anonymous(ace, uid, gid) :
				      ditto_ace_classes(ace, uid, gid);
		for (class = 0; class < DITTO_CLASSES; class++) {
			if (!(classes & BIT(class)))
				continue;
			if (ace->type == DITTO_ACE_ALLOW)
				allowed[class] |= ace->mask & ~denied[class];
			else
				denied[class] |= ace->mask & ~allowed[class];
		}
	}
	for (class = 0; class < DITTO_CLASSES; class++)
		mode |= bits_of_rights(allowed[class]) << (3 * class);
	return mode;
}

/**
 * ditto_acl_mode - compute the permission bits that correspond to a list
 * @acl: the list
 * @uid: owner of the file
 * @gid: group of the file
 *
 * Implements RFC 8881 section 6.3.2. An entry that names the owner's uid or the file's gid counts
 * as one for the owner or the group, because Windows writes them this way. Local processes are
 * authenticated, so entries for authenticated users count for all classes. They use no protocol,
 * so entries for network users do not count. Entries for other users and groups cannot be
 * expressed by a mode.
 *
 * Context: any.
 * Return: nine permission bits.
 */
umode_t ditto_acl_mode(const struct ditto_acl *acl, kuid_t uid, kgid_t gid)
{
	return acl_mode(acl, uid, gid, false);
}
EXPORT_SYMBOL_NS_GPL(ditto_acl_mode, "DITTO");

/**
 * ditto_acl_mode_instead - compute the permission bits that take the place of a list
 * @acl: a list that cannot be stored
 * @uid: owner of the file
 * @gid: group of the file
 *
 * Clients are checked by these bits, anonymous ones among them. So group and others get what the
 * list permits to users and to anonymous ones alike.
 *
 * Context: any.
 * Return: nine permission bits, a subset of ditto_acl_mode().
 */
umode_t ditto_acl_mode_instead(const struct ditto_acl *acl, kuid_t uid, kgid_t gid)
{
	/* The owner can change the mode in any case. */
	return acl_mode(acl, uid, gid, false) & (acl_mode(acl, uid, gid, true) | 0700);
}
EXPORT_SYMBOL_NS_GPL(ditto_acl_mode_instead, "DITTO");
