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

/* acl_list.c */
int ditto_acl_begin(struct ditto_acl_builder *b, unsigned int want);
void ditto_acl_add(struct ditto_acl_builder *b, const struct ditto_ace *ace);
struct ditto_acl *ditto_acl_end(struct ditto_acl_builder *b, int err);

/* acl_make.c */
u32 ditto_rights_of_bits(u32 bits, bool is_dir);

/* acl_eval.c */
u32 ditto_ace_classes(const struct ditto_ace *ace, kuid_t uid, kgid_t gid);
u32 ditto_ace_classes_anonymous(const struct ditto_ace *ace, kuid_t uid, kgid_t gid);
bool ditto_ace_may_match(const struct ditto_ace *ace, const struct ditto_acl_subject *who);

#endif
