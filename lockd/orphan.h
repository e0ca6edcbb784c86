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

/**
 * ditto_orphans_inherit - make the delegations of a client orphans of another client
 * @from: the client that was replaced; the caller releases it afterwards
 * @key: key of the heir for its orphans; used for nothing else
 * @ops: only @ops->free is called, once for each orphan that ends
 * @private: for @ops
 * @most: inherit no more than these
 *
 * Each delegation is passed on in one step, so that no conflict is missed. The holder's callbacks
 * of the old grant are not called, except @free. A delegation that is being recalled is not passed
 * on, and neither is what exceeds a limit of the heir. Orphans of @from are passed on, too.
 *
 * Return: number of orphans.
 */
unsigned int ditto_orphans_inherit(struct ditto_client *from, struct ditto_owner *key,
				   const struct ditto_lease_ops *ops, void *private,
				   unsigned int most);

/**
 * ditto_orphan_bits - look for the orphan with a key on a node
 * @point: of the node, held by the caller
 * @key: the key
 *
 * The orphan is adopted by ditto_lease_grant(), see struct ditto_lease_request.
 *
 * Return: its DITTO_LEASE_* bits; 0 if there is none.
 */
u8 ditto_orphan_bits(struct ditto_lock_point *point, const struct ditto_owner *key);

/**
 * ditto_orphan_drop - give up the orphan with a key on a node, if there is one
 * @point: of the node, held by the caller
 * @key: the key
 */
void ditto_orphan_drop(struct ditto_lock_point *point, const struct ditto_owner *key);

/**
 * ditto_orphans_drop - give up all orphans of a client
 * @client: held by the caller
 */
void ditto_orphans_drop(struct ditto_client *client);

#endif
