/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel of the test's own: it keeps what it is told and notes each change. */
#ifndef _DITTO_FAKE_KERNEL_H
#define _DITTO_FAKE_KERNEL_H

#include "common/types.h"
#include "daemon/kernel.h"
#include "daemon/place.h"

/**
 * struct kernel - the fake
 * @server: settings, start time, protocols
 * @shares: what is served
 * @listeners: what is listened on
 * @next_id: of the next listener
 * @has_key: a handle key was given
 * @key: the last one
 * @gone: the module is not loaded
 * @fail_share: adding this share fails
 * @unknown: SHARE_BIT() of options that it does not know
 * @log: changes since fake_log() was called, a word each
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
	u32 unknown;
	char log[512];
	struct why why;
};

/* What lies at every path. */
extern struct place fake_place;
/* The path whose file system does not answer; NULL for none. */
extern const char *fake_stuck;

/* Loaded just now, at this time, with these protocols ("nfs smb"). */
void fake_load(struct kernel *k, u64 started, const char *protocol);
void fake_unload(struct kernel *k);
/* The changes since the last call, such as "+share:a listener:nfs". */
const char *fake_log(struct kernel *k);

#endif
