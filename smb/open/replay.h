/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replay: requests that a client sends again because a channel was lost before their response
 * arrived. MS-SMB2 sections 3.3.5.2.10 and 3.3.5.9.10.
 *
 * A CREATE is identified by its CreateGuid and the ClientGuid; a table has the CREATEs in progress
 * and the opens they created. Other modifying requests are ordered by the ChannelSequence, which
 * the client increments when a channel is lost. A request with an older ChannelSequence comes too
 * late, and a replay is refused until the older requests are finished.
 *
 * Locking: created_lock (spinlock) in replay.c guards the table. open->where guards the open's
 * channel sequence and its counts of calls.
 *
 * Lifetime: an entry belongs to its call until the CREATE succeeds, and to the open afterwards.
 */
#ifndef _DITTO_SMB_OPEN_REPLAY_H
#define _DITTO_SMB_OPEN_REPLAY_H

#include <linux/types.h>
#include <linux/uuid.h>

struct dsmb_call;
struct dsmb_created;
struct dsmb_open;

/**
 * dsmb_replay_begin - register a CREATE with a CreateGuid, or find the open of a replay
 * @call: the CREATE, which may run again after it was parked
 * @guid: CreateGuid
 * @open: set to the open that the CREATE created earlier, with a reference, if this is a replay;
 *	else NULL
 *
 * MS-SMB2 section 3.3.5.9.10.
 *
 * Return: STATUS_SUCCESS; STATUS_DUPLICATE_OBJECTID if the CreateGuid is in use;
 *	STATUS_FILE_NOT_AVAILABLE while the same CREATE is in progress;
 *	STATUS_INSUFFICIENT_RESOURCES.
 */
u32 dsmb_replay_begin(struct dsmb_call *call, const u8 *guid, struct dsmb_open **open);

/**
 * dsmb_replay_opened - pass the CreateGuid of a successful CREATE to its open
 * @call: the CREATE
 * @open: the open
 */
void dsmb_replay_opened(struct dsmb_call *call, struct dsmb_open *open);

/**
 * dsmb_replay_restored - register the CreateGuid of an open restored after a restart
 * @open: the open
 * @client: ClientGuid
 * @guid: CreateGuid
 */
void dsmb_replay_restored(struct dsmb_open *open, const guid_t *client, const u8 *guid);

/**
 * dsmb_replay_find - look up an open by its CreateGuid
 * @call: a call of the client
 * @guid: CreateGuid
 *
 * Return: the open with a reference, or NULL.
 */
struct dsmb_open *dsmb_replay_find(struct dsmb_call *call, const u8 *guid);

/**
 * dsmb_replay_end - forget the CreateGuid of a CREATE that opened nothing
 * @call: the call, which ends
 */
void dsmb_replay_end(struct dsmb_call *call);

/**
 * dsmb_created_forget - release the CreateGuid of a closed open
 * @created: entry of the open, or NULL
 */
void dsmb_created_forget(struct dsmb_created *created);

/**
 * dsmb_created_free - release a CreateGuid and free its entry
 * @created: the entry, or NULL
 */
void dsmb_created_free(struct dsmb_created *created);

/**
 * dsmb_sequence_begin - check the ChannelSequence of a call on an open
 * @call: the call, modifying or not
 * @open: open of the call
 *
 * A modifying call is counted until dsmb_sequence_end(). MS-SMB2 section 3.3.5.2.10.
 *
 * Return: false if the call comes too late, or is a replay that comes too early.
 */
bool dsmb_sequence_begin(struct dsmb_call *call, struct dsmb_open *open);

/**
 * dsmb_sequence_end - stop counting a call
 * @call: the call; nothing is done if it is not counted
 */
void dsmb_sequence_end(struct dsmb_call *call);

/**
 * dsmb_sequence_reset - start a new ChannelSequence when a client reconnects to an open
 * @call: the CREATE that reconnects
 * @open: the open
 *
 * Calls in flight from before count as older ones.
 */
void dsmb_sequence_reset(struct dsmb_call *call, struct dsmb_open *open);

#endif
