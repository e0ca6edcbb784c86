// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delegations of the previous instance of a client (RFC 8881 section 10.2.1, RFC 7530 section
 * 10.2.1).
 *
 * A client that restarts loses its opens and locks, but its delegations are kept as orphans of the
 * lock table: each gives way to the first conflict. The new instance claims them by OPEN with
 * CLAIM_DELEGATE_PREV or CLAIM_DELEG_PREV_FH, and each becomes a delegation with a new stateid.
 * What is not claimed goes with DELEGPURGE, or one lease time after the client was confirmed or
 * last claimed one.
 *
 * There is no record of an orphan but the grant in the lock table, which is found by the node.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/nfs4.h>

#include "../../../../lockd/grace.h"
#include "../../../../lockd/orphan.h"
#include "../../../../lockd/owner.h"
#include "../../../../net/server.h"
#include "../../../node/node.h"
#include "../engine/server.h"
#include "../session/client.h"
#include "delegations.h"

/* Key in the lock table of the owner of what is kept. */
static const u8 previous_key[] = "\0previous";

static void previous_free(struct ditto_lease *grant)
{
	dnfs4_states_keep(ditto_lease_private(grant), -1);
}

static const struct ditto_lease_ops previous_ops = {
	.free = previous_free,
};

/* The owner of what is kept; it exists while anything is. */
static struct ditto_owner *previous_owner(struct dnfs4_client *client)
{
	if (!READ_ONCE(client->nkept))
		return NULL;
	return ditto_owner_find(&client->client, previous_key, sizeof(previous_key));
}

/*
 * Keep the delegations of the previous instance of a client. @old: the previous instance; of the
 * same principal, and released by the caller afterwards. What exceeds the limits of the client is
 * not kept.
 */
void dnfs4_previous_inherit(struct dnfs4_client *client, struct dnfs4_client *old)
{
	struct ditto_owner *key;
	u32 count = 0, most;

	/* In this order, so that a full account does not stand in the way. */
	most = dnfs4_states_disown(old);
	if (!most || dnfs4_states_keep(client, most))
		goto out;
	key = ditto_owner_get(&client->client, previous_key, sizeof(previous_key));
	if (!IS_ERR(key)) {
		count = ditto_orphans_inherit(&old->client, key, &previous_ops, client, most);
		ditto_owner_put(key);
	}
	dnfs4_states_keep(client, (int)count - (int)most);
out:
	WRITE_ONCE(client->previous_since, jiffies);
	set_bit(DNFS4_CLIENT_PREVIOUS, &client->flags);
	clear_bit_unlock(DNFS4_CLIENT_INHERITS, &client->flags);
}

/*
 * Check whether the time to claim delegations is over. Context: any. Return: true if
 * dnfs4_previous_purge() is due.
 */
bool dnfs4_previous_is_over(const struct dnfs4_client *client)
{
	unsigned long lease = READ_ONCE(client->server->srv->settings.lease_time_s) * HZ;

	return test_bit(DNFS4_CLIENT_PREVIOUS, &client->flags) &&
	       time_after(jiffies, READ_ONCE(client->previous_since) + lease);
}

/*
 * Check whether a client may claim delegations of its previous instance. It may until DELEGPURGE,
 * and otherwise for a lease time after it was confirmed or last claimed one. Context: any. Return:
 * NFS4_OK; NFS4ERR_NO_GRACE; NFS4ERR_GRACE while the server is in its grace period; NFS4ERR_DELAY
 * while the delegations are being passed on.
 */
u32 dnfs4_previous_check(struct dnfs4_client *client)
{
	if (test_bit_acquire(DNFS4_CLIENT_INHERITS, &client->flags))
		return NFS4ERR_DELAY;
	if (!test_bit(DNFS4_CLIENT_PREVIOUS, &client->flags) || dnfs4_previous_is_over(client))
		return NFS4ERR_NO_GRACE;
	return ditto_grace_holds(client->client.table, DITTO_CLAIM_LEASE) ? NFS4ERR_GRACE :
									    NFS4_OK;
}

static u8 previous_bits(struct dnfs4_compound *cmp, const struct ditto_owner *key)
{
	if (!key || cmp->current_fh.kind != DNFS4_FH_NODE || cmp->current_fh.named)
		return 0;
	return ditto_orphan_bits(&dnfs4_node(cmp)->point, key);
}

/*
 * Find out which delegation of the current file is kept. Return: OPEN_DELEGATE_READ,
 * OPEN_DELEGATE_WRITE, or OPEN_DELEGATE_NONE.
 */
u32 dnfs4_previous_type(struct dnfs4_compound *cmp)
{
	struct ditto_owner *key = previous_owner(cmp->client);
	u8 bits = previous_bits(cmp, key);

	ditto_owner_put(key);
	if (!bits)
		return NFS4_OPEN_DELEGATE_NONE;
	return bits & DITTO_LEASE_WRITE ? NFS4_OPEN_DELEGATE_WRITE : NFS4_OPEN_DELEGATE_READ;
}

/*
 * Claim the delegation of the current file. Return: NFS4_OK; NFS4ERR_RECLAIM_BAD if none is kept;
 * NFS4ERR_DELAY.
 */
u32 dnfs4_previous_claim(struct dnfs4_compound *cmp, struct dnfs4_delegated *out)
{
	struct ditto_owner *key = previous_owner(cmp->client);
	u8 bits = previous_bits(cmp, key);
	int err = -EAGAIN;

	if (bits)
		err = dnfs4_delegation_adopt(cmp, key, bits, out);
	ditto_owner_put(key);
	if (err == -EAGAIN)
		return NFS4ERR_RECLAIM_BAD;
	if (err)
		return NFS4ERR_DELAY;
	WRITE_ONCE(cmp->client->previous_since, jiffies);
	return NFS4_OK;
}

/* Give up what is kept of one file. */
void dnfs4_previous_drop(struct dnfs4_client *client, struct ditto_node *node)
{
	struct ditto_owner *key = previous_owner(client);

	if (key)
		ditto_orphan_drop(&node->point, key);
	ditto_owner_put(key);
}

/* Give up everything that is kept. */
void dnfs4_previous_purge(struct dnfs4_client *client)
{
	clear_bit(DNFS4_CLIENT_PREVIOUS, &client->flags);
	ditto_orphans_drop(&client->client);
}
