// SPDX-License-Identifier: GPL-2.0-only
/*
 * RELEASE_LOCKOWNER (RFC 7530 section 16.37): a client of 4.0 gives up a lock-owner.
 *
 * A lock-owner that still holds a byte-range lock is kept with all of its lock stateids, and the
 * status is NFS4ERR_LOCKS_HELD. Otherwise its lock stateids are closed one by one.
 */
#include <linux/err.h>

#include "../../../../lockd/owner.h"
#include "../engine/ops.h"
#include "../session/client.h"
#include "../state/open.h"

struct release_args {
	struct dnfs4_name owner;
};

static u32 release_decode(struct dnfs4_compound *cmp, void *args)
{
	struct release_args *a = args;

	return dnfs4_decode_name_of_owner(cmp, &a->owner);
}

static u32 release_exec(struct dnfs4_compound *cmp, void *args, void *result)
{
	const struct release_args *a = args;
	struct dnfs4_owner *owner;
	struct dnfs4_lock *lock;
	u32 status;

	status = dnfs4_client_of_op(cmp, a->owner.clientid);
	if (status)
		return status;
	owner = dnfs4_owner_get(cmp->client, DNFS4_OWNER_LOCK, &a->owner, false);
	if (!owner)
		return NFS4_OK;
	/* While this is held, no LOCK of the owner is in progress. */
	mutex_lock(&owner->lock);
	do {
		spin_lock(&owner->client->owners_lock);
		lock = rb_entry_safe(rb_first(&owner->states), struct dnfs4_lock, by_open);
		/* While it is in the tree, the client's table has a reference. */
		if (lock)
			dnfs4_state_hold(&lock->state);
		spin_unlock(&owner->client->owners_lock);
		if (!lock)
			break;
		/* All lock states of the owner have the same claimant. */
		if (ditto_owner_has_ranges(lock->claimant)) {
			status = NFS4ERR_LOCKS_HELD;
		} else {
			dnfs4_state_lock(&lock->state);
			dnfs4_lock_close(lock);
			dnfs4_state_unlock(&lock->state);
		}
		dnfs4_state_put(&lock->state);
	} while (!status);
	mutex_unlock(&owner->lock);
	if (!status)
		dnfs4_owner_release(owner);
	dnfs4_owner_put(owner);
	return status;
}

const struct dnfs4_op dnfs4_op_release_lockowner = {
	.name = "RELEASE_LOCKOWNER",
	.flags = DNFS4_OP_CHANGES,
	.minor_last = 0,
	.argsize = sizeof(struct release_args),
	.decode = release_decode,
	.exec = release_exec,
};
