/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files that make and change access control lists share; see acl.h. */
#ifndef _DITTO_FS_ACL_PRIVATE_H
#define _DITTO_FS_ACL_PRIVATE_H

#include "acl.h"

/* The three classes of a mode, as they lie in it. */
enum ditto_class {
	DITTO_CLASS_OTHER,
	DITTO_CLASS_GROUP,
	DITTO_CLASS_OWNER,
	DITTO_CLASSES,
};

/* Who may read a file may also look at what it is; of those made from modes everybody may. */
#define DITTO_RIGHTS_LOOK \
	(DITTO_RIGHT_READ_ATTRS | DITTO_RIGHT_READ_ACL | DITTO_RIGHT_SYNCHRONIZE)

static inline u32 ditto_mode_bits(umode_t mode, enum ditto_class class)
{
	return mode >> (3 * class) & 7;
}

static inline bool ditto_ace_is_effective(const struct ditto_ace *ace)
{
	return !(ace->flags & DITTO_ACE_INHERIT_ONLY);
}

/* The rights that three bits of a mode stand for: RFC 8881 section 6.4.1.1. */
u32 ditto_rights_of_bits(u32 bits, bool is_dir);
/* The classes that an entry is about, as BIT(DITTO_CLASS_*). Named others are of none. */
u32 ditto_ace_classes(const struct ditto_ace *ace, kuid_t uid, kgid_t gid);

#endif
