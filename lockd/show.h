/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of claims and waiting requests in typed form, for the control plane. A list is not a
 * snapshot: claims come and go while it is read.
 */
#ifndef _DITTO_LOCKD_SHOW_H
#define _DITTO_LOCKD_SHOW_H

#include <linux/time64.h>

#include "claim.h"

struct inode;

enum ditto_show_state {
	DITTO_SHOW_HELD,
	DITTO_SHOW_PENDING,	/* the VFS is being asked */
	DITTO_SHOW_WAITING,
	DITTO_SHOW_BREAKING,	/* an answer of the holder is awaited */
};

/**
 * struct ditto_claim_info - one claim or waiting request
 * @id: its number, never reused
 * @kind: see enum ditto_claim_kind
 * @what: the claim, described as for a conflict
 * @state: see enum ditto_show_state
 * @keep: of a grant that is being broken: bits that it may keep
 * @left_ms: of a grant that is being broken: milliseconds until it is revoked
 * @since: wall clock, in seconds
 * @point: the node, held during the call
 */
struct ditto_claim_info {
	u64 id;
	enum ditto_claim_kind kind;
	struct ditto_conflict what;
	enum ditto_show_state state;
	u8 keep;
	u32 left_ms;
	time64_t since;
	struct ditto_lock_point *point;
};

/**
 * struct ditto_show_cursor - position in a list; zeroed at its start
 * @client: number of the last client that was listed completely
 * @shown: number of the client that is being listed
 * @claim: number of the last claim of that client that was listed or passed
 * @wait: number of the last waiting request of it that was listed
 */
struct ditto_show_cursor {
	u64 client;
	u64 shown;
	u64 claim;
	u64 wait;
};

/* Called for each entry of a list, with no lock held. A result other than 0 ends the list. */
typedef int (*ditto_show_fn)(const struct ditto_claim_info *info, void *arg);

int ditto_show_clients(struct ditto_lock_table *table, const char *protocol, const char *name,
		       struct ditto_show_cursor *cursor, ditto_show_fn fn, void *arg);
int ditto_show_point(struct ditto_lock_point *point, struct ditto_show_cursor *cursor,
		     ditto_show_fn fn, void *arg);

int ditto_show_local(struct inode *inode, u32 *passed, ditto_show_fn fn, void *arg);

int ditto_show_release(struct ditto_lock_table *table, u64 id, const char *why);

#endif
