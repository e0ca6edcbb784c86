/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who holds or waits for what, in typed form, for the control plane. What is
 * shown is not one moment: claims come and go while a list is read.
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
 * @id: its number, not used again
 * @kind: see there
 * @what: as of a conflict
 * @state: see there
 * @keep: of a grant that is being broken, what it may keep
 * @left_ms: of one, time until it is revoked
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
 * struct ditto_show_cursor - where a list goes on; zeroed at its start
 * @client: number of the last client that was passed
 * @shown: number of the one that is shown
 * @claim: number of the last claim shown of this one, or of a node
 * @wait: number of the last waiting request shown of it
 */
struct ditto_show_cursor {
	u64 client;
	u64 shown;
	u64 claim;
	u64 wait;
};

typedef int (*ditto_show_fn)(const struct ditto_claim_info *info, void *arg);

/**
 * ditto_show_clients - all claims and waiting requests, client by client
 * @table: the table
 * @protocol: of this protocol only; NULL for all
 * @name: of the client of this name only; NULL for all
 * @cursor: moved past what was shown
 * @fn: called for each; a result other than 0 ends the list before this one
 * @arg: for @fn
 *
 * Context: may sleep. Return: what @fn said last, -ENOMEM, or 0 at the end.
 */
int ditto_show_clients(struct ditto_lock_table *table, const char *protocol, const char *name,
		       struct ditto_show_cursor *cursor, ditto_show_fn fn, void *arg);

/* The same for what is on one node; held by the caller. */
int ditto_show_point(struct ditto_lock_point *point, struct ditto_show_cursor *cursor,
		     ditto_show_fn fn, void *arg);

/**
 * ditto_show_local - locks that processes of the server hold on a file
 * @inode: the file
 * @passed: how many of them were shown; 0 at the start
 * @fn: called for each, without number, point and time
 * @arg: for @fn
 *
 * Context: may sleep. Return: as ditto_show_clients().
 */
int ditto_show_local(struct inode *inode, u32 *passed, ditto_show_fn fn, void *arg);

/**
 * ditto_show_release - take a claim away, or end a wait
 * @table: the table
 * @id: its number
 * @why: for the trace; a constant
 *
 * As if the client was released, but only this one.
 *
 * Context: may sleep. Return: 0, or -ENOENT (none has this number any more).
 */
int ditto_show_release(struct ditto_lock_table *table, u64 id, const char *why);

#endif
