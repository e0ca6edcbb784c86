/* SPDX-License-Identifier: GPL-2.0-only */
/* A fake kernel for tests: stores its configuration and logs each change. */
#ifndef _DITTO_FAKE_KERNEL_H
#define _DITTO_FAKE_KERNEL_H

#include "common/types.h"
#include "daemon/kernel.h"
#include "config/share_path.h"

/**
 * struct kernel - the fake kernel
 * @server: settings, start time, protocols
 * @shares: the shares
 * @listeners: the listeners
 * @next_id: id of the next listener
 * @has_key: a handle key was set
 * @key: the last handle key
 * @gone: the module is not loaded
 * @fail_share: name of a share that cannot be added
 * @fail_setting: name of a setting that cannot be changed, nor others with it
 * @no_bins: shares cannot have a bin
 * @unknown: SHARE_OPTION_BIT() of options that it is too old to know
 * @root: folder that shares which are added have
 * @gate: socket, unless it is 0: a share that was added or removed writes a byte, and waits for one
 * @stop: set while a share is removed, unless it is NULL
 * @dry: nothing is changed
 * @log: changes since the last fake_log(), one word each
 * @why: the last error
 */
struct kernel {
	struct kernel_server server;
	struct kernel_shares shares;
	struct kernel_listeners listeners;
	u32 next_id;
	bool has_key;
	u8 key[16];
	bool gone;
	const char *fail_share;
	const char *fail_setting;
	bool no_bins;
	u64 unknown;
	struct share_path_file root;
	int gate;
	bool *stop;
	bool dry;
	char log[512];
	struct why why;
};

/* Result of kernel_open(). */
extern struct kernel *fake_opened;

/* Result of share_path_wait() for every path. */
extern struct share_path fake_place;
/* Path whose file system does not answer; NULL for none. */
extern const char *fake_stuck;

/* Result of share_path_file_wait() for every path, and what it returns. */
extern struct share_path_file fake_file;
extern int fake_file_rc;
/* Why share_path_guard_wait() fails, or NULL, and how many were begun. */
extern const char *fake_unlisted;
extern unsigned int fake_listed;

/* Result of share_path_space_wait() for every path. */
extern struct share_path_space fake_space;

/* Load the module with this start time and these protocols ("nfs smb"). */
void fake_load(struct kernel *k, u64 started, const char *protocol);
void fake_unload(struct kernel *k);
/* Return the changes since the last call, such as "+share:a listener:nfs". */
const char *fake_log(struct kernel *k);

#endif
