/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What outlives dittod and the machine: one SQLite file.
 *
 * It holds the key that signs file handles, how often dittod started, the ids
 * of shares, and what of the kernel's configuration is ours. The last is only
 * true for one life of the server, which is told apart by its start time.
 *
 * Used by one thread at a time. A write that fails is logged and reported.
 */
#ifndef _DITTOD_STATE_H
#define _DITTOD_STATE_H

#include "text.h"

struct state;

#define STATE_KEY_LEN	16
/* Longest identity of a file system. */
#define STATE_FS_MAX	16

/* Calls @fn for each; it must not change what is listed. */
typedef void (*state_name_fn)(const char *name, void *arg);
typedef void (*state_listener_fn)(u32 id, const char *text, void *arg);

/* Open DIR/state.db, made if it is not there, and count a start. NULL and @why. */
struct state *state_open(const char *dir, struct why *why);
void state_close(struct state *st);
/* How often it was opened, this time included. */
u64 state_epoch(const struct state *st);

/* The server's start time: forget what was ours in another life. */
bool state_instance(struct state *st, u64 started);
/* The key that signs handles; made when it is first asked for. */
bool state_handle_key(struct state *st, u8 key[STATE_KEY_LEN]);
/* Did this life of the server get the key? */
bool state_key_given(struct state *st);
bool state_set_key_given(struct state *st);

/* The id a share with this name and path had before. */
bool state_share_id(struct state *st, const char *name, const char *path, u8 id[16]);
/* Remember an id and that the share is ours. */
bool state_share_put(struct state *st, const char *name, const char *path,
		     const u8 id[16]);
/* The file system that a share with this name and path lay on; 0 if none is remembered. */
size_t state_share_fs(struct state *st, const char *name, const char *path,
		      u8 fs[STATE_FS_MAX]);
bool state_share_fs_put(struct state *st, const char *name, const u8 *fs, size_t len);
bool state_share_fs_forget(struct state *st, const char *name);
/* Shares whose file system is remembered. */
void state_shares_with_fs(struct state *st, state_name_fn fn, void *arg);
/* The share is not ours any more; its id is kept. */
bool state_share_drop(struct state *st, const char *name);
/* Shares that are ours. */
void state_shares(struct state *st, state_name_fn fn, void *arg);

/* Listeners that are ours, and how they were asked for. */
bool state_listener_put(struct state *st, u32 id, const char *text);
bool state_listener_drop(struct state *st, u32 id);
void state_listeners(struct state *st, state_listener_fn fn, void *arg);

/* What a setting was before we first changed it. */
bool state_setting(struct state *st, const char *name, u64 *before);
bool state_setting_put(struct state *st, const char *name, u64 before);
bool state_setting_drop(struct state *st, const char *name);

#endif
