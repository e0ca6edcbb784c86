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

u32 dsmb_replay_begin(struct dsmb_call *call, const u8 *guid, struct dsmb_open **open);
void dsmb_replay_opened(struct dsmb_call *call, struct dsmb_open *open);
void dsmb_replay_restored(struct dsmb_open *open, const guid_t *client, const u8 *guid);
struct dsmb_open *dsmb_replay_find(struct dsmb_call *call, const u8 *guid);
void dsmb_replay_end(struct dsmb_call *call);
void dsmb_created_forget(struct dsmb_created *created);
void dsmb_created_free(struct dsmb_created *created);
bool dsmb_sequence_begin(struct dsmb_call *call, struct dsmb_open *open);
void dsmb_sequence_end(struct dsmb_call *call);
void dsmb_sequence_reset(struct dsmb_call *call, struct dsmb_open *open);

#endif
