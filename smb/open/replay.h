/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests that come again because a channel was lost and nobody knows what became
 * of them. MS-SMB2 sections 3.3.5.2.10 and 3.3.5.9.10.
 *
 * CREATE is known by its CreateGuid and the ClientGuid: the table of those has what
 * is being opened, and what is open. Other requests that change something are told
 * apart by the ChannelSequence, which goes up when a channel is lost: those with an
 * older one come too late, and a replay waits until they are through.
 *
 * Locking: created_lock (spinlock) in replay.c guards the table. open->where guards
 * the open's sequence and the counts of calls.
 *
 * Lifetime: an entry is its call's until CREATE succeeds, and then the open's.
 */
#ifndef _DITTO_SMB_OPEN_REPLAY_H
#define _DITTO_SMB_OPEN_REPLAY_H

#include <linux/types.h>
#include <linux/uuid.h>

struct dsmb_call;
struct dsmb_created;
struct dsmb_open;

/**
 * dsmb_replay_begin - a CREATE with a CreateGuid comes, or runs again
 * @call: of CREATE
 * @guid: CreateGuid
 * @open: filled with what it opened already, held, if this is a replay; else NULL
 *
 * Return: SUCCESS; DUPLICATE_OBJECTID for a guid that is in use; FILE_NOT_AVAILABLE
 * while the same CREATE is under way; INSUFFICIENT_RESOURCES.
 */
u32 dsmb_replay_begin(struct dsmb_call *call, const u8 *guid, struct dsmb_open **open);

/* CREATE succeeded: the guid is the open's from now on. */
void dsmb_replay_opened(struct dsmb_call *call, struct dsmb_open *open);
/* The same for one that was made again after a restart. */
void dsmb_replay_restored(struct dsmb_open *open, const guid_t *client, const u8 *guid);
/* What a client opened with a guid, held, or NULL. */
struct dsmb_open *dsmb_replay_find(struct dsmb_call *call, const u8 *guid);
/* The call ends: what it began and did not open is forgotten. */
void dsmb_replay_end(struct dsmb_call *call);

/* The open is closed: the guid is free. NULL is allowed for both. */
void dsmb_created_forget(struct dsmb_created *created);
void dsmb_created_free(struct dsmb_created *created);

/**
 * dsmb_sequence_begin - a call is about an open
 * @call: changes something, or not
 * @open: found for it
 *
 * Return: false if it comes too late, or as a replay too early. A call that changes something
 * is counted until dsmb_sequence_end().
 */
bool dsmb_sequence_begin(struct dsmb_call *call, struct dsmb_open *open);
void dsmb_sequence_end(struct dsmb_call *call);
/* The open came back by this call: what was outstanding does not count any more. */
void dsmb_sequence_reset(struct dsmb_call *call, struct dsmb_open *open);

#endif
