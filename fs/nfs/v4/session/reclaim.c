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
 *
 * Locking: one of clients->record_locks, chosen by the owner string, serializes changes of the
 * records of all clients with that string. It is held while the helper is asked, and therefore
 * taken by workers only. clients->lock nests inside it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <crypto/blake2s.h>
#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../../lockd/table.h"
#include "../../../../net/peer.h"
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
		blake2s(p, client->owner_string, NULL, OWNER_DIGEST, client->owner_len, 0);
		p += OWNER_DIGEST;
	}
	rec->key_len = p - rec->bytes;
	dnfs4_principal_digest(&client->principal, p);
}

/* The lock of the client's record, which is also that of its other incarnations. */
static struct mutex *dnfs4_record_lock(const struct dnfs4_client *client)
{
	struct dnfs4_clients *clients = client->server->clients;
	u64 hash = siphash(client->owner_string, client->owner_len, &clients->owner_key);

	return &clients->record_locks[hash % DNFS4_RECORD_LOCKS];
}

u32 dnfs4_client_record(struct dnfs4_compound *cmp)
{
	struct dnfs4_client *client = cmp->client;
	struct ditto_server *srv = client->server->srv;

	if (test_bit(DNFS4_CLIENT_RECORDED, &client->flags))
		return NFS4_OK;
	if (READ_ONCE(srv->locks->state) == DITTO_STATE_LOADING)
		return NFS4ERR_DELAY;
	/* Without a helper there are no records. */
	if (!ditto_server_epoch(srv))
		return NFS4_OK;
	/* A client that is withdrawn is about to be released. */
	if (!cmp->call->record_awaited && !test_bit(DNFS4_CLIENT_WITHDRAWN, &client->flags)) {
		ditto_task_start(&client->record);
		dnfs_await_record(cmp->call, &client->record);
	}
	return NFS4ERR_DELAY;
}

/* Return: true if the client's record is on disk, or may be. */
static bool dnfs4_record_may_be(const struct dnfs4_client *client)
{
	return test_bit(DNFS4_CLIENT_RECORDED, &client->flags) ||
	       test_bit(DNFS4_CLIENT_RECORD_UNSURE, &client->flags);
}

/*
 * Return: true if the record now belongs to the next incarnation of the client. What is to be
 * known about it passes over.
 */
static bool dnfs4_record_inherited(struct dnfs4_client *client)
{
	const struct dnfs4_client_id id = {
		.len = client->owner_len, .owner = client->owner_string
	};
	u8 own[DNFS4_PRINCIPAL_DIGEST], other[DNFS4_PRINCIPAL_DIGEST];
	struct dnfs4_clients *clients = client->server->clients;
	struct dnfs4_client *heir, *unconfirmed;
	bool inherited = false;

	mutex_lock(&clients->lock);
	dnfs4_client_by_owner(clients, client->minor, &id, &heir, &unconfirmed);
	/* The record of one that is withdrawn is not to be there. */
	if (!heir || heir == client || test_bit(DNFS4_CLIENT_WITHDRAWN, &heir->flags))
		goto unlock;
	dnfs4_principal_digest(&client->principal, own);
	dnfs4_principal_digest(&heir->principal, other);
	/* The next incarnation inherits what is known about the record. */
	if (!memcmp(own, other, sizeof(own)))
		set_bit(test_bit(DNFS4_CLIENT_RECORDED, &client->flags) ?
			DNFS4_CLIENT_RECORDED : DNFS4_CLIENT_RECORD_UNSURE, &heir->flags);
	inherited = dnfs4_record_may_be(heir);
unlock:
	mutex_unlock(&clients->lock);
	return inherited;
}

static int dnfs4_record_put(struct dnfs4_client *client)
{
	struct dnfs4_record rec;
	int err;

	lockdep_assert_held(dnfs4_record_lock(client));
	dnfs4_record_of(client, &rec);
	/* A record whose writing fails may be on disk nevertheless. */
	set_bit(DNFS4_CLIENT_RECORD_UNSURE, &client->flags);
	err = ditto_record_put(client->server->srv, DITTO_RECORD_CLIENT, rec.bytes, rec.key_len,
			       rec.bytes + rec.key_len, DNFS4_PRINCIPAL_DIGEST);
	if (err) {
		pr_warn_ratelimited("%s may not open files: it cannot be recorded (error %d); is dittod running?\n",
				    client->client.name, err);
		return err;
	}
	set_bit(DNFS4_CLIENT_RECORDED, &client->flags);
	clear_bit(DNFS4_CLIENT_RECORD_UNSURE, &client->flags);
	return 0;
}

static int dnfs4_record_drop(struct dnfs4_client *client)
{
	struct dnfs4_record rec;
	int err;

	lockdep_assert_held(dnfs4_record_lock(client));
	dnfs4_record_of(client, &rec);
	set_bit(DNFS4_CLIENT_RECORD_UNSURE, &client->flags);
	clear_bit(DNFS4_CLIENT_RECORDED, &client->flags);
	err = ditto_record_remove(client->server->srv, DITTO_RECORD_CLIENT, rec.bytes,
				  rec.key_len);
	if (!err)
		clear_bit(DNFS4_CLIENT_RECORD_UNSURE, &client->flags);
	return err;
}

/* Remove the record of a client that was released, or leave it to the next incarnation. */
static int dnfs4_record_end(struct dnfs4_client *client)
{
	int err = 0;

	lockdep_assert_held(dnfs4_record_lock(client));
	if (dnfs4_record_may_be(client) && !dnfs4_record_inherited(client))
		err = dnfs4_record_drop(client);
	clear_bit(DNFS4_CLIENT_RECORDED, &client->flags);
	clear_bit(DNFS4_CLIENT_RECORD_UNSURE, &client->flags);
	/* A record that stays is dropped at the end of the next grace period. */
	if (err)
		pr_warn_ratelimited("%s is gone, but its record stays: error %d\n",
				    client->client.name, err);
	return err;
}

static struct dnfs4_client *dnfs4_record_client(struct ditto_task *task)
{
	return container_of(task, struct dnfs4_client, record);
}

static int dnfs4_record_run(struct ditto_task *task)
{
	struct dnfs4_client *client = dnfs4_record_client(task);
	int err = 0;

	mutex_lock(dnfs4_record_lock(client));
	if (test_bit(DNFS4_CLIENT_UNRECORD, &client->flags))
		err = dnfs4_record_end(client);
	else if (!test_bit(DNFS4_CLIENT_RECORDED, &client->flags) &&
		 !test_bit(DNFS4_CLIENT_WITHDRAWN, &client->flags) &&
		 !test_bit(DNFS4_CLIENT_GONE, &client->flags))
		err = dnfs4_record_put(client);
	mutex_unlock(dnfs4_record_lock(client));
	return err;
}

static void dnfs4_record_hold(struct ditto_task *task)
{
	dnfs4_client_hold(dnfs4_record_client(task));
}

static void dnfs4_record_release(struct ditto_task *task)
{
	dnfs4_client_put(dnfs4_record_client(task));
}

static const struct ditto_task_ops dnfs4_record_ops = {
	.run = dnfs4_record_run,
	.hold = dnfs4_record_hold,
	.put = dnfs4_record_release,
};

void dnfs4_record_init(struct dnfs4_client *client, const struct dnfs_call *call)
{
	struct in6_addr peer;

	ditto_addr_map(call->addr, &peer);
	ditto_task_init(&client->record, &call->server->tasks, &dnfs4_record_ops, &peer);
}

void dnfs4_record_remove(struct dnfs4_client *client)
{
	set_bit(DNFS4_CLIENT_UNRECORD, &client->flags);
	/* A record that is being written may be on disk soon. */
	if (dnfs4_record_may_be(client) || ditto_task_is_busy(&client->record))
		ditto_task_start(&client->record);
}

int dnfs4_record_withdraw(struct dnfs4_client *client)
{
	int err = 0;

	mutex_lock(dnfs4_record_lock(client));
	/* One that was replaced in the meantime has left its record to the next incarnation. */
	if (dnfs4_record_may_be(client) && !dnfs4_record_inherited(client))
		err = dnfs4_record_drop(client);
	if (!err) {
		clear_bit(DNFS4_CLIENT_RECORDED, &client->flags);
		clear_bit(DNFS4_CLIENT_RECORD_UNSURE, &client->flags);
	}
	if (!err)
		set_bit(DNFS4_CLIENT_WITHDRAWN, &client->flags);
	mutex_unlock(dnfs4_record_lock(client));
	if (err)
		pr_warn_ratelimited("%s keeps what it has: its record cannot be removed (error %d); is dittod running?\n",
				    client->client.name, err);
	return err;
}

void dnfs4_reclaim_suspend(struct dnfs4_client *client)
{
	struct ditto_record record = { .kind = DITTO_RECORD_CLIENT };
	struct dnfs4_record rec;
	int err;

	if (!test_bit(DNFS4_CLIENT_RECORDED, &client->flags))
		return;
	dnfs4_record_of(client, &rec);
	record.key = rec.bytes;
	record.key_len = rec.key_len;
	record.data = rec.bytes + rec.key_len;
	record.data_len = DNFS4_PRINCIPAL_DIGEST;
	err = ditto_record_keep(client->server->srv, &record);
	if (err)
		pr_warn_ratelimited("%s may not reclaim: error %d\n", client->client.name, err);
}

void dnfs4_reclaim_admit(struct dnfs4_client *client)
{
	struct dnfs4_record rec;

	dnfs4_record_of(client, &rec);
	if (ditto_grace_admit(&client->client, rec.bytes, rec.key_len + DNFS4_PRINCIPAL_DIGEST))
		set_bit(DNFS4_CLIENT_MAY_RECLAIM, &client->flags);
}

u32 dnfs4_complete_check(struct dnfs4_client *client)
{
	if (unlikely(READ_ONCE(client->client.table->state) == DITTO_STATE_LOADING))
		return NFS4ERR_DELAY;
	if (client->minor && !test_bit(DNFS4_CLIENT_RECLAIM_COMPLETE, &client->flags))
		return NFS4ERR_GRACE;
	return NFS4_OK;
}

u32 dnfs4_reclaim_check(struct dnfs4_client *client, bool reclaim)
{
	struct ditto_lock_table *table = client->client.table;
	u32 status;

	if (!reclaim) {
		status = dnfs4_complete_check(client);
		if (!status && ditto_grace_holds(table, DITTO_CLAIM_OPEN))
			status = NFS4ERR_GRACE;
		return status;
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
