// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inheritance of access control lists by new files.
 *
 * Windows replaces CREATOR OWNER by the owner's SID, so that the entry stays with that user if
 * the file gets another owner. Here it remains an entry for the current owner, as RFC 8881
 * defines OWNER@, because the mode is derived from it. The encoding for Windows uses the SID of
 * the current owner.
 */

#include <linux/err.h>
#include <linux/module.h>

#include "acl_private.h"

/* True for entries that apply to the creator of a file. */
static bool is_creator(const struct ditto_ace *ace)
{
	return ace->who == DITTO_WHO_OWNER || ace->who == DITTO_WHO_GROUP;
}

static void add_flagged(struct ditto_acl_builder *b, const struct ditto_ace *ace, u8 flags)
{
	struct ditto_ace copy = *ace;

	copy.flags = flags | (ace->flags & DITTO_ACE_RESULTS);
	ditto_acl_add(b, &copy);
}

/*
 * @split: an inheritable entry for the creator is split in two, as on Windows: one for the
 * creator of this directory, and an inherit-only one for creators of files in it.
 */
static void inherit_to_dir(struct ditto_acl_builder *b, const struct ditto_ace *ace, u8 mark,
			   bool split)
{
	u8 further = ace->flags & DITTO_ACE_NO_PROPAGATE ? 0 : ace->flags & DITTO_ACE_INHERITABLE;

	if (!(ace->flags & DITTO_ACE_DIR_INHERIT)) {
		/* For files only; possibly also for files further down. */
		if (further)
			add_flagged(b, ace, further | DITTO_ACE_INHERIT_ONLY | mark);
		return;
	}
	if (!further || !split || !is_creator(ace)) {
		add_flagged(b, ace, further | mark);
		return;
	}
	add_flagged(b, ace, mark);
	add_flagged(b, ace, further | DITTO_ACE_INHERIT_ONLY | mark);
}

/*
 * Derive the list of a new file from the list of its directory. Implements RFC 8881 section 6.4.3
 * and MS-DTYP section 2.5.3.4. Entries for the owner and the group are inherited as such, so they
 * apply to a new owner if the file gets one. Entries are marked DITTO_ACE_INHERITED if the
 * directory's list is DITTO_ACL_AUTO_INHERITED. Also for audit lists. Return: the list, NULL if
 * nothing is inherited, or ERR_PTR(-ENOMEM).
 */
struct ditto_acl *ditto_acl_inherit(const struct ditto_acl *dir, bool is_dir)
{
	/*
	 * Entries are marked as inherited only if the directory's list uses automatic
	 * inheritance.
	 */
	bool is_auto = dir->flags & DITTO_ACL_AUTO_INHERITED;
	u8 mark = is_auto ? DITTO_ACE_INHERITED : 0;
	unsigned int i, creators = 0;
	struct ditto_acl_builder b;

	for (i = 0; i < dir->count; i++)
		creators += is_creator(&dir->aces[i]);
	if (ditto_acl_begin(&b, dir->count + creators))
		return ERR_PTR(-ENOMEM);
	b.acl->flags = is_auto ? DITTO_ACL_AUTO_INHERITED : 0;
	for (i = 0; i < dir->count; i++) {
		if (is_dir)
			inherit_to_dir(&b, &dir->aces[i], mark,
				       dir->count + creators <= DITTO_ACES_MAX);
		else if (dir->aces[i].flags & DITTO_ACE_FILE_INHERIT)
			add_flagged(&b, &dir->aces[i], mark);
	}
	if (b.acl->count)
		return b.acl;
	ditto_acl_put(b.acl);
	return NULL;
}
