/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Directory delegations: notifications to their holders (RFC 8881 section 10.9).
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

/* Supported notifications. Cookie verifiers do not change, so there is none for them. */
#define DNFS4_DIR_TYPES \
	(BIT(NOTIFY4_CHANGE_CHILD_ATTRS) | BIT(NOTIFY4_CHANGE_DIR_ATTRS) | \
	 BIT(NOTIFY4_REMOVE_ENTRY) | BIT(NOTIFY4_ADD_ENTRY) | BIT(NOTIFY4_RENAME_ENTRY))
/* Notifications of entries. Without any of them each change recalls the delegation. */
#define DNFS4_DIR_ENTRY_TYPES \
	(BIT(NOTIFY4_REMOVE_ENTRY) | BIT(NOTIFY4_ADD_ENTRY) | BIT(NOTIFY4_RENAME_ENTRY))

/**
 * struct dnfs4_dir_ask - notifications requested by a client, then those granted
 * @signal: a client that is refused wants to be notified when it may have more delegations
 * @types: bits of enum notify_type4
 * @wait: milliseconds by which notifications of attributes may be delayed
 * @child: attributes of entries
 * @dir: attributes of the directory
 */
struct dnfs4_dir_ask {
	bool signal;
	u32 types;
	u32 wait;
	struct dnfs4_bitmap child;
	struct dnfs4_bitmap dir;
};

struct dnfs4_dir *dnfs4_dir_alloc(struct dnfs4_compound *cmp, struct dnfs4_delegation *d,
				  struct dnfs4_dir_ask *ask);
void dnfs4_dir_granted(struct dnfs4_dir *dir);
bool dnfs4_dir_tells(const struct dnfs4_dir *dir);
bool dnfs4_dir_tells_attrs(const struct dnfs4_dir *dir);

/* Holder's operations for grants of directory delegations. */
extern const struct ditto_lease_ops dnfs4_dir_cache_ops;

#endif
