/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Persistent state of dittod, in one SQLite file.
 *
 * The file contains the key that signs file handles, the number of starts of dittod, the ids of
 * shares, and the objects of the kernel's configuration that dittod owns. The ownership is valid
 * for one instance of the server only, which its start time identifies.
 *
 * Used by one thread at a time. Functions that return bool return false if the value does not
 * exist, and on error; errors are logged.
 */
#ifndef _DITTOD_STATE_H
#define _DITTOD_STATE_H

#include "text.h"

struct state;

#define STATE_KEY_LEN	16
/* Longest identity of a file system, in bytes. */
#define STATE_FS_MAX	16

/* Called for each entry of a list; must not change that list. */
typedef void (*state_name_fn)(const char *name, void *arg);
typedef void (*state_listener_fn)(u32 id, const char *text, void *arg);

/*
 * Open DIR/state.db, created if missing, and count a start. Returns NULL and fills @why on error.
 */
struct state *state_open(const char *dir, struct why *why);
/*
 * Copy DIR/state.db into memory; without one, begin with an empty one. Returns NULL and fills @why
 * on error.
 */
struct state *state_open_copy(const char *dir, struct why *why);
/* Close the database and free @st; NULL is allowed. */
void state_close(struct state *st);
/* Return the number of times the database was opened, this time included. */
u64 state_epoch(const struct state *st);

/*
 * Note the start time of the server. If it differs from the recorded one, the ownership of all
 * objects is dropped.
 */
bool state_instance(struct state *st, u64 started);
/*
 * Note for which defaults of this version the configuration is. Returns true once if the state is
 * of a version with others.
 */
bool state_defaults_changed(struct state *st);
/* Return the key that signs file handles. The first call creates it. */
bool state_handle_key(struct state *st, u8 key[STATE_KEY_LEN]);
/* Was the key sent to this instance of the server? */
bool state_key_given(struct state *st);
bool state_set_key_given(struct state *st);

/*
 * Return the SID of this machine as text. The first call records @derived, so that the SID stays if
 * the machine's id changes. If it cannot be recorded, @derived is returned.
 */
void state_machine_sid(struct state *st, const char *derived, char *sid, size_t size);

/* Return the id that a share with this name and path had before. */
bool state_share_id(struct state *st, const char *name, const char *path, u8 id[16]);
/* Record the id of a share, and that dittod owns the share. */
bool state_share_put(struct state *st, const char *name, const char *path,
		     const u8 id[16]);
/*
 * Return the length of the recorded file system identity of a share with this name and path; 0 if
 * none is recorded.
 */
size_t state_share_fs(struct state *st, const char *name, const char *path,
		      u8 fs[STATE_FS_MAX]);
bool state_share_fs_put(struct state *st, const char *name, const u8 *fs, size_t len);
bool state_share_fs_forget(struct state *st, const char *name);
/* List the shares that have a recorded file system. */
void state_shares_with_fs(struct state *st, state_name_fn fn, void *arg);
/* Drop the ownership of a share; its id is kept. */
bool state_share_drop(struct state *st, const char *name);
/* List the shares that dittod owns. */
void state_shares(struct state *st, state_name_fn fn, void *arg);

/* Listeners that dittod owns, each with the text that it was requested by. */
bool state_listener_put(struct state *st, u32 id, const char *text);
bool state_listener_drop(struct state *st, u32 id);
void state_listeners(struct state *st, state_listener_fn fn, void *arg);

/* Values of settings before dittod first changed them. */
bool state_setting(struct state *st, const char *name, u64 *before);
bool state_setting_put(struct state *st, const char *name, u64 before);
bool state_setting_drop(struct state *st, const char *name);

#endif
