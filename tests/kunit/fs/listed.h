/* SPDX-License-Identifier: GPL-2.0-only */
/* Files with access control lists, for suites that need them. */
#ifndef _DITTO_TESTS_KUNIT_FS_LISTED_H
#define _DITTO_TESTS_KUNIT_FS_LISTED_H

#include "../../../fs/acl/acl.h"
#include "../../../fs/op/attr.h"
#include "../../../fs/op/check/rights.h"
#include "folder.h"

/* The user of a folder. */
#define USER		1000
#define READS		(DITTO_RIGHT_READ_DATA | DITTO_RIGHT_READ_ATTRS | DITTO_RIGHT_READ_ACL)
#define WRITES		(DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA)
/* Creation, look-up and listing for tests. */
#define ENTERS		(READS | DITTO_RIGHT_EXECUTE)
#define ANYTHING	DITTO_RIGHTS_ALL
#define BOTH		DITTO_ACE_INHERITABLE

/* An entry of a list to be made. The SID of a foreign one is sid_of_domain(@id). */
struct listed_entry {
	u8 type;
	u8 who;
	u32 mask;
	u32 id;
	u8 flags;
};

#define ALLOW(who, mask, ...)	{ DITTO_ACE_ALLOW, DITTO_WHO_##who, mask, ##__VA_ARGS__ }
#define DENY(who, mask, ...)	{ DITTO_ACE_DENY, DITTO_WHO_##who, mask, ##__VA_ARGS__ }

struct ditto_acl *listed_make(struct kunit *test, const struct listed_entry *entries,
			      size_t count);
void listed_give(struct kunit *test, struct folder *f, struct ditto_node *node,
		 const struct listed_entry *entries, size_t count);

/* The administrator gives a node the list that follows. */
#define SET_LIST(f, node, ...) do {						\
	static const struct listed_entry entries_[] = { __VA_ARGS__ };		\
										\
	listed_give(test, f, node, entries_, ARRAY_SIZE(entries_));		\
} while (0)

/* ditto_setattr() as the given caller. */
int listed_set(struct folder *f, struct ditto_cred *cred, struct ditto_node *node,
	       const struct ditto_setattr *set);
/* ditto_permission() of the user. */
int listed_may(struct folder *f, struct ditto_node *node, u32 may);
/* Permission, set-id and sticky bits. */
umode_t listed_mode(const struct ditto_node *node);
/* Set how a client's chmod changes lists in the folder's share, enum ditto_chmod. */
void listed_chmod_does(struct kunit *test, struct folder *f, u32 how);
/* A chmod by a process of the server. */
int listed_chmod(struct folder *f, struct ditto_node *node, umode_t mode);

#endif
