// SPDX-License-Identifier: GPL-2.0-only
/* Replayed requests: the table of CreateGuids, and the channel sequences of opens. See replay.h. */
#include <linux/hashtable.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/uuid.h>

#include "../auth/session.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "durable.h"
#include "open.h"
#include "replay.h"

/* A difference up to this is ahead, a larger one is behind (MS-SMB2 section 3.3.5.2.10). */
#define SEQUENCE_AHEAD	0x7fff

/**
 * struct dsmb_created - a CreateGuid in use
 * @link: link in the table; unhashed once it is forgotten
 * @server: server of the client
 * @client: ClientGuid
 * @guid: CreateGuid
 * @open: open that was created, or NULL while the CREATE is in progress
 */
struct dsmb_created {
	struct hlist_node link;
	const struct dsmb_server *server;
	guid_t client;
	u8 guid[DSMB_GUID_SIZE];
	struct dsmb_open *open;
};

static DEFINE_SPINLOCK(created_lock);
static DEFINE_HASHTABLE(created_table, 13);

static u32 created_key(const u8 *guid)
{
	static siphash_key_t secret __read_mostly;

	/* Clients choose the CreateGuids. */
	get_random_once(&secret, sizeof(secret));
	return siphash(guid, DSMB_GUID_SIZE, &secret);
}

static struct dsmb_created *created_find(const struct dsmb_created *like)
{
	struct dsmb_created *created;

	lockdep_assert_held(&created_lock);
	hash_for_each_possible(created_table, created, link, created_key(like->guid)) {
		if (created->server == like->server &&
		    guid_equal(&created->client, &like->client) &&
		    !memcmp(created->guid, like->guid, sizeof(like->guid)))
			return created;
	}
	return NULL;
}

/* Status of a CREATE with a CreateGuid that is in use. Called with created_lock held. */
static u32 created_status(struct dsmb_call *call, const struct dsmb_created *created,
			  struct dsmb_open **open)
{
	if (!(call->flags & DSMB_FLAG_REPLAY))
		return STATUS_DUPLICATE_OBJECTID;
	if (!created->open)
		return STATUS_FILE_NOT_AVAILABLE;
	/* The open may be closing. */
	if (!refcount_inc_not_zero(&created->open->ref))
		return STATUS_FILE_NOT_AVAILABLE;
	*open = created->open;
	return STATUS_SUCCESS;
}

/*
 * Register a CREATE with a CreateGuid, or find the open of a replay. @open: set to the open that
 * the CREATE created earlier, with a reference, if this is a replay; else NULL. MS-SMB2 section
 * 3.3.5.9.10. Return: STATUS_SUCCESS; STATUS_DUPLICATE_OBJECTID if the CreateGuid is in use;
 * STATUS_FILE_NOT_AVAILABLE while the same CREATE is in progress; STATUS_INSUFFICIENT_RESOURCES.
 */
u32 dsmb_replay_begin(struct dsmb_call *call, const u8 *guid, struct dsmb_open **open)
{
	struct dsmb_created *fresh, *found;
	u32 status = STATUS_SUCCESS;

	*open = NULL;
	if (call->created)
		return STATUS_SUCCESS;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return STATUS_INSUFFICIENT_RESOURCES;
	fresh->server = call->conn->server;
	fresh->client = call->conn->client_guid;
	memcpy(fresh->guid, guid, sizeof(fresh->guid));

	spin_lock(&created_lock);
	found = created_find(fresh);
	/* A CREATE is not a replay once the client has used the open. */
	if (found && found->open && READ_ONCE(found->open->used)) {
		hash_del(&found->link);
		found = NULL;
	}
	if (found) {
		status = created_status(call, found, open);
	} else {
		hash_add(created_table, &fresh->link, created_key(guid));
		call->created = fresh;
	}
	spin_unlock(&created_lock);
	if (found)
		kfree(fresh);
	return status;
}

/* Pass the CreateGuid of a successful CREATE to its open. */
void dsmb_replay_opened(struct dsmb_call *call, struct dsmb_open *open)
{
	struct dsmb_created *created = call->created;

	if (!created)
		return;
	call->created = NULL;
	spin_lock(&created_lock);
	created->open = open;
	spin_unlock(&created_lock);
	open->created = created;
}

/* Register the CreateGuid of an open restored after a restart. */
void dsmb_replay_restored(struct dsmb_open *open, const guid_t *client, const u8 *guid)
{
	struct dsmb_created *created = kzalloc(sizeof(*created), GFP_KERNEL);

	/* Without the entry the client can still reconnect by the FileId. */
	if (!created)
		return;
	created->server = open->server;
	created->client = *client;
	memcpy(created->guid, guid, sizeof(created->guid));
	created->open = open;
	open->created = created;
	spin_lock(&created_lock);
	if (!created_find(created))
		hash_add(created_table, &created->link, created_key(guid));
	spin_unlock(&created_lock);
}

/* Look up an open by its CreateGuid. Return: the open with a reference, or NULL. */
struct dsmb_open *dsmb_replay_find(struct dsmb_call *call, const u8 *guid)
{
	struct dsmb_created like = {
		.server = call->conn->server, .client = call->conn->client_guid,
	}, *found;
	struct dsmb_open *open = NULL;

	memcpy(like.guid, guid, sizeof(like.guid));
	spin_lock(&created_lock);
	found = created_find(&like);
	if (found && found->open && refcount_inc_not_zero(&found->open->ref))
		open = found->open;
	spin_unlock(&created_lock);
	return open;
}

/* Release the CreateGuid of a closed open. @created: entry of the open, or NULL. */
void dsmb_created_forget(struct dsmb_created *created)
{
	if (!created)
		return;
	spin_lock(&created_lock);
	hash_del(&created->link);
	spin_unlock(&created_lock);
}

/* Release a CreateGuid and free its entry. @created: the entry, or NULL. */
void dsmb_created_free(struct dsmb_created *created)
{
	dsmb_created_forget(created);
	kfree(created);
}

/* Forget the CreateGuid of a CREATE that opened nothing. */
void dsmb_replay_end(struct dsmb_call *call)
{
	dsmb_created_free(call->created);
	call->created = NULL;
}

/* Channel sequences */

/* Start a new sequence: calls in flight belong to the ones before. Called with open->where held. */
static void sequence_turn(const struct dsmb_call *call, struct dsmb_open *open)
{
	open->turn++;
	open->outstanding_before += open->outstanding;
	open->outstanding = 0;
	WRITE_ONCE(open->channel_sequence, call->channel_sequence);
}

/* Return: false if the call must be refused. */
static bool sequence_check(struct dsmb_call *call, struct dsmb_open *open, bool changes)
{
	u16 ahead = call->channel_sequence - open->channel_sequence;

	lockdep_assert_held(&open->where);
	if (ahead > SEQUENCE_AHEAD)
		return !changes;
	if (ahead)
		sequence_turn(call, open);
	return !(changes && call->flags & DSMB_FLAG_REPLAY && open->outstanding_before);
}

/*
 * Check the ChannelSequence of a call on an open. A modifying call is counted until
 * dsmb_sequence_end(). MS-SMB2 section 3.3.5.2.10. Return: false if the call comes too late, or is
 * a replay that comes too early.
 */
bool dsmb_sequence_begin(struct dsmb_call *call, struct dsmb_open *open)
{
	bool changes = call->cmd->flags & DSMB_CHANGES;
	bool good;

	if (!dsmb_dialect_is_3x(call->conn->dialect))
		return true;
	/* Most calls have the sequence that is known. */
	if (!changes && call->channel_sequence == READ_ONCE(open->channel_sequence))
		return true;
	spin_lock(&open->where);
	good = sequence_check(call, open, changes);
	if (good && changes) {
		open->outstanding++;
		call->counted = true;
		call->turn = open->turn;
	}
	spin_unlock(&open->where);
	return good;
}

/* Stop counting a call. */
void dsmb_sequence_end(struct dsmb_call *call)
{
	struct dsmb_open *open = call->open;

	if (!call->counted)
		return;
	call->counted = false;
	spin_lock(&open->where);
	if (call->turn == open->turn)
		open->outstanding--;
	else
		open->outstanding_before--;
	spin_unlock(&open->where);
}

/*
 * Start a new ChannelSequence when a client reconnects to an open. Calls in flight from before
 * count as older ones.
 */
void dsmb_sequence_reset(struct dsmb_call *call, struct dsmb_open *open)
{
	spin_lock(&open->where);
	sequence_turn(call, open);
	spin_unlock(&open->where);
}
