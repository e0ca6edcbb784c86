/* SPDX-License-Identifier: GPL-2.0-only */
/* Common to the tests of access control lists. */
#ifndef _DITTO_TESTS_KUNIT_FS_ACL_COMMON_H
#define _DITTO_TESTS_KUNIT_FS_ACL_COMMON_H

#include <kunit/test.h>
#include <linux/cred.h>

#include "../../../fs/acl/acl.h"

static inline struct ditto_acl *acl_of(struct kunit *test, const struct ditto_ace *aces,
				       unsigned int count)
{
	struct ditto_acl *acl = ditto_acl_alloc(count);

	KUNIT_ASSERT_NOT_NULL(test, acl);
	memcpy(acl->aces, aces, count * sizeof(*aces));
	return acl;
}

/* The rights of a user of two groups, by the list of a file of user 1 and group 2. */
static inline u32 acl_rights(struct kunit *test, const struct ditto_acl *acl, u32 uid, u32 gid1,
			     u32 gid2, bool anonymous)
{
	struct group_info *groups = groups_alloc(1);
	struct cred cred = { .fsuid = KUIDT_INIT(uid), .fsgid = KGIDT_INIT(gid1) };
	const struct ditto_ace *undecided;
	struct ditto_acl_subject who = {
		.cred = &cred,
		.anonymous = anonymous,
		.uid = KUIDT_INIT(1),
		.gid = KGIDT_INIT(2),
	};
	u32 rights;

	KUNIT_ASSERT_NOT_NULL(test, groups);
	groups->gid[0] = KGIDT_INIT(gid2);
	cred.group_info = groups;
	rights = ditto_acl_rights(acl, &who, &undecided);
	put_group_info(groups);
	return rights;
}

/* Returned as bits of a mode. */
static inline u32 acl_bits(u32 rights)
{
	const u32 write = DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA;

	return (rights & DITTO_RIGHT_READ_DATA ? 4 : 0) | ((rights & write) == write ? 2 : 0) |
	       (rights & DITTO_RIGHT_EXECUTE ? 1 : 0);
}

#endif
