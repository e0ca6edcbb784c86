// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim after a restart: client records on disk, the grace period, and RECLAIM_COMPLETE
 * (RFC 8881 sections 8.4.2.1 and 18.51, RFC 7530 section 9.6).
 *
 * Format of a client record:
 *   key	prefix (3 bytes: "n4" and the minor version family), then the owner string; if
 *		that is too long, a byte 0 and its digest
 *   data	digest of the principal
 *
 * Key and data together identify a client. A client with the same owner string but another
 * principal may not reclaim.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <crypto/blake2s.h>
#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../../lockd/table.h"
#include "../../../../net/server.h"
#include "../../server.h"
#include "../engine/ops.h"
#include "../engine/server.h"
#include "client_private.h"
#include "principal.h"

#define PREFIX		3
/* Longest owner string stored as it is; of longer ones the digest is stored. */
#define OWNER_MAX	512
#define OWNER_DIGEST	BLAKE2S_HASH_SIZE

static_assert(PREFIX + OWNER_MAX <= DITTO_RECORD_KEY_MAX);
static_assert(PREFIX + OWNER_MAX + DNFS4_PRINCIPAL_DIGEST <= DITTO_KNOWN_ID_MAX);

/* A client record: key, directly followed by the data. Both together identify the client. */
struct dnfs4_record {
	u32 key_len;
	u8 bytes[PREFIX + OWNER_MAX + DNFS4_PRINCIPAL_DIGEST];
};

static void dnfs4_record_of(const struct dnfs4_client *client, struct dnfs4_record *rec)
{
	u8 *p = rec->bytes;

	*p++ = 'n';
	*p++ = '4';
	*p++ = client->minor;
	if (client->owner_len <= OWNER_MAX) {
		memcpy(p, client->owner_string, client->owner_len);
		p += client->owner_len;
	} else {
		*p++ = 0;
		blake2s(NULL, 0, client->owner_string, client->owner_len, p, OWNER_DIGEST);
		p += OWNER_DIGEST;
	}
	rec->key_len = p - rec->bytes;
	dnfs4_principal_digest(&client->principal, p);
}

/* Get the recorder of a client, which has it from then on, or an ERR_PTR. */
static struct ditto_recorder *dnfs4_recorder(struct dnfs4_client *client)
{
	struct ditto_recorder *recorder = READ_ONCE(client->recorder), *other;
	struct dnfs4_record rec;

	if (recorder)
		return recorder;
	dnfs4_record_of(client, &rec);
	recorder = ditto_recorder_get(&client->server->nfs->recorders, DITTO_RECORD_CLIENT,
				      rec.bytes, rec.key_len, &client->addr);
	if (IS_ERR(recorder))
		return recorder;
	other = cmpxchg(&client->recorder, NULL, recorder);
	if (!other)
		return recorder;
	ditto_recorder_put(recorder);
	return other;
}

/*
 * Make sure that the client of a COMPOUND is recorded on disk. A client must be on disk before it
 * gets its first state (an OPEN or a delegation), see net/helper/record.h. Without a configured
 * helper this succeeds, but nothing can be reclaimed after a restart.
 *
 * The call may wait a moment for the record, see dnfs_await_record(). Context: any but interrupts;
 * does not wait for the helper. Return: NFS4_OK; NFS4ERR_DELAY while the record is being written,
 * if it cannot be, or if the client is about to be released.
 */
u32 dnfs4_client_record(struct dnfs4_compound *cmp)
{
	struct dnfs4_client *client = cmp->client;
	struct ditto_server *srv = client->server->srv;
	struct ditto_recorder *recorder = READ_ONCE(client->recorder);
	u8 principal[DNFS4_PRINCIPAL_DIGEST];

	if (recorder && ditto_recorder_is_written(recorder, client->token))
		return NFS4_OK;
	if (READ_ONCE(srv->locks->state) == DITTO_STATE_LOADING)
		return NFS4ERR_DELAY;
	/* Without a helper there are no records. */
	if (!ditto_server_epoch(srv))
		return NFS4_OK;
	if (cmp->call->record_awaited)
		return NFS4ERR_DELAY;
	recorder = dnfs4_recorder(client);
	dnfs4_principal_digest(&client->principal, principal);
	/* Either this sees the release of the client, or that finds the recorder. */
	if (!IS_ERR(recorder) && !test_bit(DNFS4_CLIENT_GONE, &client->flags) &&
	    !ditto_recorder_set(recorder, client->token, principal, sizeof(principal), NULL))
		dnfs_await_record(cmp->call, &recorder->task);
	return NFS4ERR_DELAY;
}

/* Pass the record of a client's previous incarnation to it, if both have the same principal. */
void dnfs4_record_inherit(struct dnfs4_client *client, struct dnfs4_client *old)
{
	u8 principal[DNFS4_PRINCIPAL_DIGEST], other[DNFS4_PRINCIPAL_DIGEST];

	dnfs4_principal_digest(&client->principal, principal);
	dnfs4_principal_digest(&old->principal, other);
	if (!READ_ONCE(old->recorder) || memcmp(principal, other, sizeof(other)) ||
	    IS_ERR(dnfs4_recorder(client)))
		return;
	ditto_recorder_pass(client->recorder, old->token, client->token);
	/* Pairs with the release of the heir: this sees it, or that finds the record. */
	smp_mb();
	if (test_bit(DNFS4_CLIENT_GONE, &client->flags))
		ditto_recorder_unset(client->recorder, client->token, NULL);
}

/* Remove the record of a released client from disk, in the background. */
void dnfs4_record_remove(struct dnfs4_client *client)
{
	struct ditto_recorder *recorder;

	/* Pairs with dnfs4_client_record(). */
	smp_mb();
	recorder = READ_ONCE(client->recorder);
	if (recorder)
		ditto_recorder_unset(recorder, client->token, NULL);
}

/*
 * Remove a client's record before its state is given to others. After success the client is not
 * recorded again. Waits for the helper. Context: sleeps. Return: 0, or an errno of
 * ditto_recorder_withdraw(); then the record may still be on disk.
 */
int dnfs4_record_withdraw(struct dnfs4_client *client)
{
	/* Without one, the client has no state. */
	struct ditto_recorder *recorder = READ_ONCE(client->recorder);
	int err = recorder ? ditto_recorder_withdraw(recorder, client->token) : 0;

	if (err)
		pr_warn_ratelimited("%s keeps what it has: its record cannot be removed (error %d); is dittod running?\n",
				    client->client.name, err);
	return err;
}

/*
 * Let a client reclaim after the module is loaded again. The core outlives the module and keeps the
 * records of clients.
 */
void dnfs4_reclaim_suspend(struct dnfs4_client *client)
{
	if (client->recorder && ditto_recorder_is_written(client->recorder, client->token))
		ditto_recorder_leave(client->recorder, client->token, true);
}

/* Allow a client to reclaim if it was known before the restart. */
void dnfs4_reclaim_admit(struct dnfs4_client *client)
{
	struct dnfs4_record rec;

	dnfs4_record_of(client, &rec);
	if (ditto_grace_admit(&client->client, rec.bytes, rec.key_len + DNFS4_PRINCIPAL_DIGEST))
		set_bit(DNFS4_CLIENT_MAY_RECLAIM, &client->flags);
}

/*
 * Check whether a client has said that it reclaims nothing more. RECLAIM_COMPLETE comes before all
 * new state, even without reclaims (RFC 8881 section 18.51.3). Whether the grace period is over,
 * the lock table checks. Return: NFS4_OK; NFS4ERR_GRACE before RECLAIM_COMPLETE, which 4.0 does not
 * have; NFS4ERR_DELAY while the server waits for the helper's records.
 */
u32 dnfs4_complete_check(struct dnfs4_client *client)
{
	if (unlikely(READ_ONCE(client->client.table->state) == DITTO_STATE_LOADING))
		return NFS4ERR_DELAY;
	if (client->minor && !test_bit(DNFS4_CLIENT_RECLAIM_COMPLETE, &client->flags))
		return NFS4ERR_GRACE;
	return NFS4_OK;
}

/*
 * Check whether a client may acquire or reclaim state now. @reclaim: the request reclaims state
 * held before the restart. Implements RFC 8881 sections 8.4.2.1 and 18.51.3, and RFC 7530 section
 * 9.6. Return: NFS4_OK; NFS4ERR_GRACE; NFS4ERR_NO_GRACE; NFS4ERR_RECLAIM_BAD; NFS4ERR_DELAY while
 * the server waits for the helper's records.
 */
u32 dnfs4_reclaim_check(struct dnfs4_client *client, bool reclaim)
{
	struct ditto_lock_table *table = client->client.table;
	u32 status;

	if (!reclaim) {
		status = dnfs4_complete_check(client);
		if (status)
			return status;
		return ditto_grace_holds(table, DITTO_CLAIM_OPEN) ? NFS4ERR_GRACE : NFS4_OK;
	}
	if (unlikely(READ_ONCE(table->state) == DITTO_STATE_LOADING))
		return NFS4ERR_DELAY;
	if (test_bit(DNFS4_CLIENT_RECLAIM_COMPLETE, &client->flags) ||
	    READ_ONCE(table->state) != DITTO_STATE_GRACE)
		return NFS4ERR_NO_GRACE;
	/* The client may have been confirmed before the grace period began. */
	if (!ditto_grace_may_reclaim(&client->client))
		dnfs4_reclaim_admit(client);
	return ditto_grace_may_reclaim(&client->client) ? NFS4_OK : NFS4ERR_RECLAIM_BAD;
}

static u32 complete_decode(struct dnfs4_compound *cmp, void *argp)
{
	u32 *one_fs = argp;

	if (xdr_stream_decode_u32(cmp->in, one_fs) || *one_fs > 1)
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static u32 complete_exec(struct dnfs4_compound *cmp, void *argp, void *resp)
{
	const u32 *one_fs = argp;

	if (*one_fs) {
		/* Reclaim is not tracked per file system. */
		return cmp->current_fh.kind == DNFS4_FH_NONE ? NFS4ERR_NOFILEHANDLE : NFS4_OK;
	}
	/* Too early, the grace period would not count it and wait for another one. */
	if (READ_ONCE(cmp->call->srv->locks->state) == DITTO_STATE_LOADING)
		return NFS4ERR_DELAY;
	if (test_and_set_bit(DNFS4_CLIENT_RECLAIM_COMPLETE, &cmp->client->flags))
		return NFS4ERR_COMPLETE_ALREADY;
	if (!READ_ONCE(cmp->client->client.known))
		dnfs4_reclaim_admit(cmp->client);
	clear_bit(DNFS4_CLIENT_MAY_RECLAIM, &cmp->client->flags);
	ditto_grace_done(&cmp->client->client);
	return NFS4_OK;
}

const struct dnfs4_op dnfs4_op_reclaim_complete = {
	.name = "RECLAIM_COMPLETE",
	.flags = DNFS4_OP_CHANGES,
	.minor_first = 1,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(u32),
	.decode = complete_decode,
	.exec = complete_exec,
};

static int dnfs4_reclaim_know(const struct ditto_record *record, void *arg)
{
	struct dnfs4_clients *clients = arg;
	u8 id[sizeof_field(struct dnfs4_record, bytes)];
	int err;

	/* Records of this format only. */
	if (record->key_len <= PREFIX || record->key_len > PREFIX + OWNER_MAX ||
	    record->key[0] != 'n' || record->key[1] != '4' || record->key[2] > 1 ||
	    record->data_len != DNFS4_PRINCIPAL_DIGEST)
		return 0;
	memcpy(id, record->key, record->key_len);
	memcpy(id + record->key_len, record->data, record->data_len);
	err = ditto_grace_know(clients->server->srv->locks, id,
			       record->key_len + record->data_len, DITTO_KNOWN_ANY);
	if (err)
		pr_warn("a client that was there before the restart may not reclaim: error %d\n",
			err);
	return 0;
}

static void dnfs4_reclaim_begin(struct ditto_state_hook *hook)
{
	struct dnfs4_clients *clients = container_of(hook, struct dnfs4_clients, hook);
	int err;

	err = ditto_record_previous_for_each(hook->srv, DITTO_RECORD_CLIENT, dnfs4_reclaim_know,
					     clients);
	if (err)
		pr_warn("not all clients of before the restart may reclaim: error %d\n", err);
	ditto_grace_start(clients->server->srv->locks);
}

void dnfs4_reclaim_init(struct dnfs4_clients *clients)
{
	clients->hook.begin = dnfs4_reclaim_begin;
	ditto_state_hook_add(clients->server->srv, &clients->hook);
}

void dnfs4_reclaim_exit(struct dnfs4_clients *clients)
{
	ditto_state_hook_remove(&clients->hook);
}
