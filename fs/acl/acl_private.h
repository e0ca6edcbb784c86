/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files that make and change access control lists share; see acl.h. */
#ifndef _DITTO_FS_ACL_ACL_PRIVATE_H
#define _DITTO_FS_ACL_ACL_PRIVATE_H

#include "acl.h"

/* The three classes of a mode, as they lie in it. */
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
 * struct ditto_acl_builder - a list that is being written
 * @acl: it, with as many entries as there are
 * @room: how many there can be
 * @full: one more was wanted
 */
struct ditto_acl_builder {
	struct ditto_acl *acl;
	unsigned int room;
	bool full;
};

/* Room for @want entries, but never for more than a list has. Return: 0 or -ENOMEM. */
int ditto_acl_begin(struct ditto_acl_builder *b, unsigned int want);
/* Behind the others. It is dropped if there is no room, and then ditto_acl_end() says so. */
void ditto_acl_add(struct ditto_acl_builder *b, const struct ditto_ace *ace);
/* Return: the list, or ERR_PTR(@err) if it did not fit. */
struct ditto_acl *ditto_acl_end(struct ditto_acl_builder *b, int err);

/* A list that is in the table and was put for the last time leaves it. */
void ditto_acl_unintern(struct ditto_acl *acl);

/* The rights that three bits of a mode stand for: RFC 8881 section 6.4.1.1. */
u32 ditto_rights_of_bits(u32 bits, bool is_dir);
/* The classes that an entry is about, as BIT(DITTO_CLASS_*). Named others are of none. */
u32 ditto_ace_classes(const struct ditto_ace *ace, kuid_t uid, kgid_t gid);

#endif
