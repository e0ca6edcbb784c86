/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Delegations of directories: what their holders are told.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_DIR_DELEGATION_H
#define _DITTO_FS_NFS_V4_DELEG_DIR_DELEGATION_H

#include <linux/bits.h>
#include <linux/types.h>

#include "../attr/attr.h"

struct ditto_lease_ops;
struct dnfs4_compound;
struct dnfs4_delegation;
struct dnfs4_dir;

/* notify_type4 (RFC 8881 section 3.3.15) */
enum dnfs4_notify_type {
	NOTIFY4_CHANGE_CHILD_ATTRS = 0,
	NOTIFY4_CHANGE_DIR_ATTRS = 1,
	NOTIFY4_REMOVE_ENTRY = 2,
	NOTIFY4_ADD_ENTRY = 3,
	NOTIFY4_RENAME_ENTRY = 4,
	NOTIFY4_CHANGE_COOKIE_VERIFIER = 5,
};

/* Those that can be told; verifiers of cookies do not change. */
#define DNFS4_DIR_TYPES \
	(BIT(NOTIFY4_CHANGE_CHILD_ATTRS) | BIT(NOTIFY4_CHANGE_DIR_ATTRS) | \
	 BIT(NOTIFY4_REMOVE_ENTRY) | BIT(NOTIFY4_ADD_ENTRY) | BIT(NOTIFY4_RENAME_ENTRY))
/* Those of entries: with none of them a change has to wait until the delegation is returned. */
#define DNFS4_DIR_ENTRY_TYPES \
	(BIT(NOTIFY4_REMOVE_ENTRY) | BIT(NOTIFY4_ADD_ENTRY) | BIT(NOTIFY4_RENAME_ENTRY))

/**
 * struct dnfs4_dir_ask - what a client wants to be told, and then what it will be
 * @types: bits of enum dnfs4_notify_type
 * @wait: milliseconds by which news of attributes may be late
 * @child: attributes of entries
 * @dir: attributes of the directory
 */
struct dnfs4_dir_ask {
	u32 types;
	u32 wait;
	struct dnfs4_bitmap child;
	struct dnfs4_bitmap dir;
};

/* Of a delegation that is not granted yet; what of @ask cannot be done is taken away. */
struct dnfs4_dir *dnfs4_dir_alloc(struct dnfs4_compound *cmp, struct dnfs4_delegation *d,
				  struct dnfs4_dir_ask *ask);

/* Is there a change that it is told of? */
bool dnfs4_dir_tells(const struct dnfs4_dir *dir);

/* For ditto_lease_grant(). */
extern const struct ditto_lease_ops dnfs4_dir_cache_ops;

#endif
