/* SPDX-License-Identifier: GPL-2.0-only */
/* Internals shared by the files that make and change access control lists; see acl.h. */
#ifndef _DITTO_FS_ACL_ACL_PRIVATE_H
#define _DITTO_FS_ACL_ACL_PRIVATE_H

#include "acl.h"

/* The classes of a mode, in order of their bits. */
enum ditto_class {
	DITTO_CLASS_OTHER,
	DITTO_CLASS_GROUP,
	DITTO_CLASS_OWNER,
	DITTO_CLASSES,
};

static inline u32 ditto_mode_bits(umode_t mode, enum ditto_class class)
{
	return mode >> (3 * class) & 7;
}

static inline bool ditto_ace_is_effective(const struct ditto_ace *ace)
{
	return !(ace->flags & DITTO_ACE_INHERIT_ONLY);
}

/**
 * struct ditto_acl_builder - a list under construction
 * @acl: the list; its count is the number of entries so far
 * @room: number of entries it can hold
 * @full: an entry did not fit
 */
struct ditto_acl_builder {
	struct ditto_acl *acl;
	unsigned int room;
	bool full;
};

/**
 * ditto_acl_begin - begin to build a list
 * @b: filled
 * @want: number of entries to make room for; limited to DITTO_ACES_MAX
 *
 * Return: 0 or -ENOMEM.
 */
int ditto_acl_begin(struct ditto_acl_builder *b, unsigned int want);

/**
 * ditto_acl_add - append an entry to a list under construction
 * @b: the builder; if there is no room, the entry is dropped and ditto_acl_end() fails
 * @ace: copied
 *
 * Context: any.
 */
void ditto_acl_add(struct ditto_acl_builder *b, const struct ditto_ace *ace);

/**
 * ditto_acl_end - finish a list under construction
 * @b: the builder
 * @err: error if an entry did not fit
 *
 * Context: any.
 * Return: the list, or ERR_PTR(@err) after freeing it.
 */
struct ditto_acl *ditto_acl_end(struct ditto_acl_builder *b, int err);

/* Convert three bits of a mode to DITTO_RIGHT_* bits: RFC 8881 section 6.4.1.1. */
u32 ditto_rights_of_bits(u32 bits, bool is_dir);

/**
 * ditto_ace_classes - get the classes of a mode that an entry applies to
 * @ace: the entry
 * @uid: owner of the file
 * @gid: group of the file
 *
 * Context: any.
 * Return: BIT(DITTO_CLASS_*) bits; 0 for other named users and groups.
 */
u32 ditto_ace_classes(const struct ditto_ace *ace, kuid_t uid, kgid_t gid);

/**
 * ditto_ace_classes_anonymous - the same if all users are anonymous, and use a protocol
 * @ace: the entry
 * @uid: owner of the file
 * @gid: group of the file
 *
 * Context: any.
 * Return: as ditto_ace_classes().
 */
u32 ditto_ace_classes_anonymous(const struct ditto_ace *ace, kuid_t uid, kgid_t gid);

/**
 * ditto_ace_may_match - tell whether an entry is about a user
 * @ace: the entry
 * @who: user and file
 *
 * Context: any.
 * Return: true if it is, and if nobody can tell.
 */
bool ditto_ace_may_match(const struct ditto_ace *ace, const struct ditto_acl_subject *who);

#endif
