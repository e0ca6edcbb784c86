// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access control lists of files that have none: made from a mode or a POSIX ACL.
 *
 * Of a mode, and of a POSIX ACL, only the first that fits somebody counts, but of a list all that
 * do. So who is allowed less than what stands further behind gives to him, too, is denied the
 * difference.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/posix_acl.h>
#include <linux/stat.h>

#include "acl.h"
#include "acl_private.h"

/* What the owner may of every file, whatever its mode. */
#define DITTO_RIGHTS_OWNING \
	(DITTO_RIGHTS_LOOK | DITTO_RIGHT_WRITE_ACL | DITTO_RIGHT_WRITE_OWNER | \
	 DITTO_RIGHT_WRITE_ATTRS)
/* Entries for a mode: two for each class but the last. */
#define ACES_OF_MODE	5

u32 ditto_rights_of_bits(u32 bits, bool is_dir)
{
	u32 rights = 0;

	if (bits & S_IROTH)
		rights |= DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_XATTRS;
	if (bits & S_IWOTH)
		rights |= DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA |
			  DITTO_RIGHT_WRITE_XATTRS | DITTO_RIGHT_WRITE_ATTRS |
			  (is_dir ? DITTO_RIGHT_DELETE_CHILD : 0);
	if (bits & S_IXOTH)
		rights |= DITTO_RIGHT_EXECUTE;
	return rights;
}

/* One more entry behind the others; none that says nothing. */
static struct ditto_ace *add(struct ditto_acl *acl, enum ditto_ace_type type, enum ditto_who who,
			     u32 mask)
{
	struct ditto_ace *ace;

	if (!mask)
		return NULL;
	ace = &acl->aces[acl->count++];
	ace->type = type;
	ace->who = who;
	ace->mask = mask;
	return ace;
}

/* @behind: the bits that anybody else has. */
static void add_owner(struct ditto_acl *acl, u32 bits, u32 behind, bool is_dir)
{
	u32 full = DITTO_RIGHTS_OWNING | ditto_rights_of_bits(bits, is_dir);

	/* Who may write to it may replace it by another, so why not delete it. */
	if (bits & S_IWOTH)
		full |= DITTO_RIGHT_DELETE | DITTO_RIGHT_DELETE_CHILD;
	add(acl, DITTO_ACE_DENY, DITTO_WHO_OWNER,
	    ditto_rights_of_bits(behind & ~bits, is_dir) & ~full);
	add(acl, DITTO_ACE_ALLOW, DITTO_WHO_OWNER, full);
}

static void add_mode(struct ditto_acl *acl, umode_t mode, bool is_dir)
{
	u32 owner = ditto_mode_bits(mode, DITTO_CLASS_OWNER);
	u32 group = ditto_mode_bits(mode, DITTO_CLASS_GROUP);
	u32 other = ditto_mode_bits(mode, DITTO_CLASS_OTHER);

	add_owner(acl, owner, group | other, is_dir);
	add(acl, DITTO_ACE_DENY, DITTO_WHO_GROUP, ditto_rights_of_bits(other & ~group, is_dir));
	add(acl, DITTO_ACE_ALLOW, DITTO_WHO_GROUP,
	    DITTO_RIGHTS_LOOK | ditto_rights_of_bits(group, is_dir));
	add(acl, DITTO_ACE_ALLOW, DITTO_WHO_EVERYONE,
	    DITTO_RIGHTS_LOOK | ditto_rights_of_bits(other, is_dir));
}

/* Room for that many and none of them there; to be filled by add(). */
static struct ditto_acl *alloc_empty(unsigned int room)
{
	struct ditto_acl *acl = ditto_acl_alloc(room);

	if (!acl)
		return ERR_PTR(-ENOMEM);
	acl->flags = DITTO_ACL_MADE | DITTO_ACL_AUTO_INHERITED;
	acl->count = 0;
	return acl;
}

struct ditto_acl *ditto_acl_from_mode(umode_t mode)
{
	struct ditto_acl *acl = alloc_empty(ACES_OF_MODE);

	if (!IS_ERR(acl))
		add_mode(acl, mode, S_ISDIR(mode));
	return acl;
}
EXPORT_SYMBOL_NS_GPL(ditto_acl_from_mode, DITTO);
