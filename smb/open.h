/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opens: what a FileId names. A file, directory or stream of a disk share (a
 * core's instance), or a pipe.
 *
 * Lifetime: open->ref counts the session's table and each call in flight.
 * dsmb_open_close() takes it out of the table; the instance is closed with the
 * last reference.
 */
#ifndef _DITTO_SMB_OPEN_H
#define _DITTO_SMB_OPEN_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/types.h>

struct ditto_instance;
struct ditto_node;
struct ditto_owner;
struct dsmb_call;
struct dsmb_lease;
struct dsmb_dir;	/* where a listing is: query_directory.c */
struct dsmb_notify;	/* notify.h */
struct dsmb_pipe;	/* pipe.c */
struct dsmb_session;
struct dsmb_tree;

#define DSMB_LOCK_SEQUENCES	64	/* MS-SMB2 3.3.1.10 */

/**
 * struct dsmb_open - one
 * @session: not counted: the session goes last
 * @tree: held
 * @persistent: FileId.Persistent
 * @volatile_id: FileId.Volatile
 * @ref: see above
 * @rights: GrantedAccess, as DITTO_RIGHT_* bits, which are those of the wire
 * @inst: of a disk share; NULL for a pipe
 * @owner: of its claims
 * @cache_owner: key of what it caches by, which it does not break; @owner without a lease
 * @lease: what it caches by, held, or NULL: lease.h; set before it can be found
 * @lease_link: on the lease's list; under the lease's lock
 * @pipe: of IPC$; NULL for a disk
 * @options: CreateOptions
 * @write_through: every write is stable
 * @posix: it came with the POSIX extensions: names are exact and as they are, what is
 *	removed or replaced goes at once; its instance knows that, too
 * @since: wall clock, for people; 0 if it is not known
 * @lock: guards what follows
 * @dir: of a directory
 * @notify: the same, of one that is watched: notify.h; set once
 * @lock_sequence: by bucket; bit 7 set: the number in the low bits was used and is valid
 * @position: FilePositionInformation
 * @ea_next: EAs that were listed, behind which a listing goes on
 * @quota: it is $Extend\$Quota
 * @quota_next: user whose quota a listing goes on with, under @lock
 * @mode: FileModeInformation
 * @kept_times: DSMB_TIME_* bits: times that changes through it leave alone
 * @channel_sequence: MS-SMB2 3.3.5.2.10
 * @closing: CLOSE was there
 * @rcu: freed under RCU
 */
struct dsmb_open {
	struct dsmb_session *session;
	struct dsmb_tree *tree;
	u64 persistent;
	u64 volatile_id;
	refcount_t ref;
	u32 rights;
	struct ditto_instance *inst;
	struct ditto_owner *owner;
	struct ditto_owner *cache_owner;
	struct dsmb_lease *lease;
	struct list_head lease_link;
	struct dsmb_pipe *pipe;
	u32 options;
	bool write_through;
	bool posix;
	time64_t since;
	struct mutex lock;	/* see above */
	struct dsmb_dir *dir;
	struct dsmb_notify *notify;
	u8 lock_sequence[DSMB_LOCK_SEQUENCES];
	u64 position;
	u32 ea_next;
	bool quota;
	u64 quota_next;
	u32 mode;
	u8 kept_times;
	u16 channel_sequence;
	bool closing;
	struct rcu_head rcu;
};

static inline void dsmb_open_hold(struct dsmb_open *open)
{
	refcount_inc(&open->ref);
}

void dsmb_open_put(struct dsmb_open *open);

/**
 * dsmb_open_alloc - an open for the session of a call, not yet in its table
 * @call: of CREATE; session and tree are there
 *
 * It has its ids and its owner. Return: ERR_PTR(-ENOMEM), -EMFILE (too many).
 */
struct dsmb_open *dsmb_open_alloc(struct dsmb_call *call);
/* It can be found from now on. -ENOMEM, -ESHUTDOWN. */
int dsmb_open_publish(struct dsmb_open *open);

/* The open with a FileId in a session, held, or NULL. */
struct dsmb_open *dsmb_open_find(struct dsmb_session *session, u64 persistent, u64 volatile_id);

/**
 * dsmb_open_begin - start doing something with the file of an open
 * @call: its @op is used; ended with dsmb_open_end() if this succeeds
 * @open: found by dsmb_call_open()
 * @node: filled, borrowed until the end
 *
 * Return: DSMB_SUCCESS; INVALID_DEVICE_REQUEST for a pipe; FILE_CLOSED if the file
 * was taken away from under the open.
 */
u32 dsmb_open_begin(struct dsmb_call *call, struct dsmb_open *open, struct ditto_node **node);
void dsmb_open_end(struct dsmb_call *call, struct dsmb_open *open);

/* Where a listing is, with its open; NULL is allowed. query_directory.c */
void dsmb_dir_free(struct dsmb_dir *dir);

/* Out of the table; calls that wait on it are cancelled. True for the first who does it. */
bool dsmb_open_close(struct dsmb_open *open);
/* All opens of a session, or of one tree of it. */
void dsmb_opens_close(struct dsmb_session *session, struct dsmb_tree *tree);

#endif
