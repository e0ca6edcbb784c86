/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Orphans: delegations of files whose holder restarted and does not know of them any more.
 *
 * When a client is replaced by a new one of the same machine, the new client may inherit its
 * delegations and adopt them one by one. Until then nobody can answer a break of them. An orphan is
 * in the way of nobody: any conflict revokes it immediately, without a callback, and the
 * conflicting request goes on.
 *
 * An orphan is a caching grant of the heir, with a key of its own. So it counts for the heir's
 * limits, does not conflict with what the heir does, and ends with the heir.
 */
#ifndef _DITTO_LOCKD_ORPHAN_H
#define _DITTO_LOCKD_ORPHAN_H

#include <linux/types.h>

struct ditto_client;
struct ditto_lease_ops;
struct ditto_lock_point;
struct ditto_owner;

unsigned int ditto_orphans_inherit(struct ditto_client *from, struct ditto_owner *key,
				   const struct ditto_lease_ops *ops, void *private,
				   unsigned int most);
u8 ditto_orphan_bits(struct ditto_lock_point *point, const struct ditto_owner *key);
void ditto_orphan_drop(struct ditto_lock_point *point, const struct ditto_owner *key);
void ditto_orphans_drop(struct ditto_client *client);

#endif
