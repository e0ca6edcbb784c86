// SPDX-License-Identifier: GPL-2.0-only
/* Access control lists as objects: allocation, validation, construction. */

#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "acl_private.h"

/**
 * ditto_acl_alloc - allocate a list
 * @count: number of entries, DITTO_ACES_MAX at most
 *
 * Return: the list with zeroed entries; NULL without memory or if @count is too large.
 */
struct ditto_acl *ditto_acl_alloc(unsigned int count)
{
	struct ditto_acl *acl;

	if (count > DITTO_ACES_MAX)
		return NULL;
	acl = kzalloc(struct_size(acl, aces, count), GFP_KERNEL);
	if (!acl)
		return NULL;
	refcount_set(&acl->ref, 1);
	acl->count = count;
	return acl;
}
EXPORT_SYMBOL_NS_GPL(ditto_acl_alloc, "DITTO");

static bool principal_is_valid(const struct ditto_ace *ace)
{
	if (ace->who == DITTO_WHO_FOREIGN)
		return ditto_sid_is_valid(ace->foreign, ace->foreign_len);
	if (ace->foreign_len)
		return false;
	if (ace->who == DITTO_WHO_UID)
		return uid_valid(ace->uid);
	if (ace->who == DITTO_WHO_GID)
		return gid_valid(ace->gid);
	return ace->who < DITTO_WHOS;
}

/* Check entries of the types from @first to @last. */
static bool aces_are_valid(const struct ditto_acl *acl, u8 first, u8 last, u8 flags, u32 mask)
{
	for (unsigned int i = 0; i < acl->count; i++) {
		const struct ditto_ace *ace = &acl->aces[i];

		if (ace->type < first || ace->type > last || ace->flags & ~flags ||
		    ace->mask & ~mask || !principal_is_valid(ace))
			return false;
	}
	return true;
}

/* A file has no children that could inherit. */
static u8 ace_flags_of(bool is_dir)
{
	return is_dir ? DITTO_ACE_FLAGS : DITTO_ACE_INHERITED;
}

/**
 * ditto_acl_check - check whether a list is valid
 * @acl: the list; DITTO_ACL_MADE is ignored
 * @is_dir: the file is a directory; only then may entries be inheritable
 *
 * Types, flags, masks and principals are checked.
 *
 * Return: 0 or -EINVAL.
 */
int ditto_acl_check(const struct ditto_acl *acl, bool is_dir)
{
	if (acl->flags & ~(DITTO_ACL_FLAGS | DITTO_ACL_MADE) || acl->count > DITTO_ACES_MAX)
		return -EINVAL;
	/* A NULL list has no entries. */
	if (acl->flags & DITTO_ACL_NULL && acl->count)
		return -EINVAL;
	return aces_are_valid(acl, DITTO_ACE_ALLOW, DITTO_ACE_DENY, ace_flags_of(is_dir),
			      DITTO_RIGHTS_ALL) ? 0 : -EINVAL;
}
EXPORT_SYMBOL_NS_GPL(ditto_acl_check, "DITTO");

/* Check whether an audit list is valid. Return: 0 or -EINVAL. */
int ditto_audit_list_check(const struct ditto_acl *list, bool is_dir)
{
	if (list->flags & ~DITTO_ACL_FLAGS || list->flags & DITTO_ACL_NULL ||
	    list->count > DITTO_ACES_MAX)
		return -EINVAL;
	return aces_are_valid(list, DITTO_ACE_AUDIT, DITTO_ACE_AUDIT,
			      ace_flags_of(is_dir) | DITTO_ACE_RESULTS,
			      DITTO_RIGHTS_ALL | DITTO_RIGHT_SECURITY) ? 0 : -EINVAL;
}

/* Begin to build a list. Return: 0 or -ENOMEM. */
int ditto_acl_begin(struct ditto_acl_builder *b, unsigned int want)
{
	b->room = min(want, DITTO_ACES_MAX);
	b->full = false;
	b->acl = ditto_acl_alloc(b->room);
	if (!b->acl)
		return -ENOMEM;
	b->acl->count = 0;
	return 0;
}

/* Append an entry to a list under construction. Context: any. */
void ditto_acl_add(struct ditto_acl_builder *b, const struct ditto_ace *ace)
{
	if (b->acl->count == b->room) {
		b->full = true;
		return;
	}
	b->acl->count++;
	b->acl->aces[b->acl->count - 1] = *ace;
}

/*
 * Finish a list under construction. Context: any. Return: the list, or ERR_PTR(@err) after freeing
 * it.
 */
struct ditto_acl *ditto_acl_end(struct ditto_acl_builder *b, int err)
{
	if (!b->full)
		return b->acl;
	ditto_acl_put(b->acl);
	return ERR_PTR(err);
}
