/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opens: the objects that a FileId names (MS-SMB2 section 3.3.1.10). An open is either a file,
 * directory or stream of a disk share, backed by an instance of the core, or a named pipe of IPC$.
 *
 * Lifetime: open->ref counts the session's table and every call in flight. dsmb_open_close()
 * removes the open from the table; the instance is closed when the last reference is dropped. Most
 * opens stay in the table of their session until then. An open that outlives its session
 * (durable.h) is detached from the table, and attached to the table of another session when its
 * client reconnects.
 */
#ifndef _DITTO_SMB_OPEN_OPEN_H
#define _DITTO_SMB_OPEN_OPEN_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/types.h>
#include <linux/uuid.h>

struct ditto_actor;
struct ditto_cred;
struct ditto_file;
struct ditto_instance;
struct ditto_node;
struct ditto_op;
struct ditto_owner;
struct ditto_share;
struct dsmb_app;	/* durable_app.h */
struct dsmb_call;
struct dsmb_lease;
struct dsmb_created;	/* replay.h */
struct dsmb_dir;	/* position of a listing: query_directory.c */
struct dsmb_notify;	/* notify.h */
struct dsmb_fs_limit;
struct dsmb_durable;	/* durable.h */
struct dsmb_pipe;	/* pipe.c */
struct dsmb_server;
struct dsmb_session;
struct dsmb_tree;

#define DSMB_LOCK_SEQUENCES	64	/* MS-SMB2 3.3.1.10 */

/* The bit of FileModeInformation, which CreateOptions has, too (MS-FSCC section 2.4.31). */
#define DSMB_MODE_WRITE_THROUGH	0x0002

/**
 * struct dsmb_open_limits - worker limits of a file system within a share
 * @fs_limit: of its workers
 * @recorders: of workers that wait for records
 */
struct dsmb_open_limits {
	struct dsmb_fs_limit *fs_limit;
	struct dsmb_fs_limit *recorders;
};

/**
 * struct dsmb_open_rare - what few opens have
 * @pipe: named pipe of IPC$; NULL for a file of a disk share; set before the open can be found
 * @limits: worker limits, if the file is in a file system within the share, else NULL; set before
 *	the open can be found
 * @refused: durability whose record could not be written, so the open is not persistent; other
 *	threads may still look at it through the lease
 * @app: application instance of the open, or NULL; set before the client can find the open
 * @ea_next: number of EAs listed so far; the next listing continues behind them
 * @lock: mutex; guards the members below
 * @moved_from: the instance before dsmb_open_move(), which requests may still use; or NULL
 * @dir: position of the directory listing
 * @notify: watch of a directory that is watched (notify.h); set once
 * @lock_sequence: one entry per LockSequenceIndex, DSMB_LOCK_SEQUENCES; the low bits are the number
 *	last used, which is valid if bit 7 is set. NULL until a request has one; set once
 * @quota_next: uid at which the quota listing continues; under @lock
 */
struct dsmb_open_rare {
	struct dsmb_pipe *pipe;
	struct dsmb_open_limits *limits;
	struct dsmb_durable *refused;
	struct dsmb_app *app;
	u32 ea_next;
	struct mutex lock;	/* see above */
	struct ditto_instance *moved_from;
	struct dsmb_dir *dir;
	struct dsmb_notify *notify;
	u8 *lock_sequence;
	u64 quota_next;
};

/**
 * struct dsmb_open - an open file, directory, stream or pipe
 * @server: server that the open belongs to
 * @where: spinlock; guards @session, @tree, @volatile_id, @published, @expired and @closing for
 *	writing; the lock of the session's table is taken inside it
 * @published: the open has been in a table
 * @outlives: @owner belongs to a client that outlives the session
 * @expired: the client may not come back any more; the open is closed once its record is removed
 * @closing: the open was closed
 * @session: session whose table the open is in or is about to enter; not counted, because the open
 *	leaves the table, or is discarded by its CREATE, before the session goes; NULL while it is
 *	in no table, and once it is closed
 * @tree: tree connect, held; while the open is in no table, the tree connect it was last in
 * @cred: credential of the user who opened the file, kept alive by @tree; operations whose access
 *	was granted at open run with it
 * @persistent: FileId.Persistent, also the key of @owner
 * @volatile_id: FileId.Volatile
 * @ref: see the comment at the top of this file
 * @rights: GrantedAccess as DITTO_RIGHT_* bits, which have the values of the wire
 * @inst: instance of a disk share's file; NULL for a pipe; changed by dsmb_open_move()
 * @owner: lock owner of the open's claims; it belongs to the client of the session, or to a client
 *	that outlives the session
 * @entry_owner: owner of the lease on the parent directory (ParentLeaseKey), or NULL; held
 * @lease: lease or oplock of the open, held, or NULL (lease.h); set before the open can be found
 * @lease_link: link in the lease's list of holders; under the lease's lock
 * @rcu: frees the open under RCU, when it has no lease any more
 * @action: enum ditto_open_action of the CREATE
 * @used: an operation was done on the open since its CREATE, so the CREATE is no longer replayed
 * @delete_on_close: this open requested the deletion of its file, and the request was not
 *	cancelled; changed by persist_delete.c
 * @delete_on_close_later: @delete_on_close is from before a restart, and the deletion is not
 *	pending again yet
 * @closed_by_client: the client has sent a CLOSE
 * @options: CreateOptions
 * @no_recall: data that is elsewhere is not brought back for this open
 * @snapshot: the file is in a snapshot, so nothing may be changed through this open
 * @posix: opened with the POSIX extensions: names are exact and unmapped, and a file that is
 *	deleted or replaced disappears immediately; the instance has the same flag
 * @encrypted: the CREATE was encrypted, so breaks are encrypted as well; a reconnect sets it anew
 * @quota: the open is $Extend\$Quota
 * @stream: enum dsmb_apple_stream: which of Apple's streams is open
 * @kept_times: DSMB_TIME_* bits of the times that changes through this open leave alone; written
 *	under @where, read at any time
 * @mode: FileModeInformation
 * @since: wall clock time of the CREATE in seconds, for display; it ends in 2106
 * @durable: durability of the open, or NULL; set before the client can find the open
 * @created: CreateGuid entry of a CREATE that may be replayed, or NULL; set before the client can
 *	find the open
 * @rare: what few opens have, or NULL; see dsmb_open_rare(); set once
 * @parked: number of calls that are parked on the open; changed by transport/call.c
 * @reconnected: the client came back to the open, and may use an earlier FileId.Volatile; set under
 *	@where, read at any time
 * @position: FilePositionInformation
 * @noted: second of the last attempt to note a change in a time of the file that had no effect
 * @channel_sequence: ChannelSequence, MS-SMB2 section 3.3.5.2.10; it and the next three members are
 *	guarded by @where, see replay.c
 * @turn: number of changes of @channel_sequence
 * @outstanding: modifying calls in flight with the current ChannelSequence
 * @outstanding_before: modifying calls in flight with an earlier ChannelSequence
 */
struct dsmb_open {
	struct dsmb_server *server;
	spinlock_t where;	/* see above */
	bool published;
	bool expired;
	bool closing;
	u8 kept_times;
	struct dsmb_session *session;
	struct dsmb_tree *tree;
	struct ditto_cred *cred;
	u64 persistent;
	u64 volatile_id;
	refcount_t ref;
	u32 rights;
	struct ditto_instance *inst;
	struct ditto_owner *owner;
	struct ditto_owner *entry_owner;
	struct dsmb_lease *lease;
	union {
		struct list_head lease_link;
		struct rcu_head rcu;
	};
	struct dsmb_durable *durable;
	struct dsmb_created *created;
	struct dsmb_open_rare *rare;
	u64 position;
	bool used;
	bool delete_on_close;
	bool delete_on_close_later;
	bool closed_by_client;
	bool encrypted : 1;
	/* Constant from before the open can be found. */
	bool outlives : 1;
	bool no_recall : 1;
	bool snapshot : 1;
	bool posix : 1;
	bool quota : 1;
	u8 stream : 2;
	u8 action : 2;
	u16 mode;
	u16 channel_sequence;
	bool reconnected;
	u32 options;
	u32 parked;
	u32 since;
	u32 noted;
	u32 turn;
	u32 outstanding;
	u32 outstanding_before;
};

/* Create and destroy the cache of opens, once for the module. */
int dsmb_opens_init(void);
void dsmb_opens_exit(void);
struct dsmb_open_rare *dsmb_open_rare(struct dsmb_open *open);

/* The same if the open has it already, else NULL. */
static inline struct dsmb_open_rare *dsmb_open_has_rare(const struct dsmb_open *open)
{
	/* Pairs with dsmb_open_rare(). */
	return smp_load_acquire(&open->rare);
}

/* The named pipe of an open of IPC$; NULL for a file of a disk share. */
static inline struct dsmb_pipe *dsmb_open_pipe(const struct dsmb_open *open)
{
	const struct dsmb_open_rare *rare = dsmb_open_has_rare(open);

	return unlikely(rare) ? rare->pipe : NULL;
}

/* The worker limits of an open in a file system within the share; else NULL. */
static inline const struct dsmb_open_limits *dsmb_open_limits(const struct dsmb_open *open)
{
	const struct dsmb_open_rare *rare = dsmb_open_has_rare(open);

	return unlikely(rare) ? rare->limits : NULL;
}

/* True if every write through the open must be stable. */
static inline bool dsmb_open_writes_through(const struct dsmb_open *open)
{
	return READ_ONCE(open->mode) & DSMB_MODE_WRITE_THROUGH;
}

static inline void dsmb_open_hold(struct dsmb_open *open)
{
	refcount_inc(&open->ref);
}

void dsmb_open_put(struct dsmb_open *open);
void dsmb_open_discard(struct dsmb_open *open);
struct dsmb_open *dsmb_open_alloc(struct dsmb_call *call, bool outlives);
int dsmb_open_limit(struct dsmb_open *open, const struct ditto_share *share);
struct dsmb_open *dsmb_open_restored(struct dsmb_server *server, const guid_t *guid,
				     struct dsmb_tree *tree, u64 persistent);
void dsmb_open_id_used(const struct dsmb_server *server, u64 persistent);
int dsmb_open_publish(struct dsmb_open *open);
struct dsmb_open *dsmb_open_find(struct dsmb_session *session, u64 persistent, u64 volatile_id);
u32 dsmb_open_begin(struct dsmb_call *call, struct dsmb_open *open, struct ditto_node **node);
void dsmb_open_end(struct dsmb_call *call, struct dsmb_open *open);
void dsmb_open_move(struct dsmb_open *open, struct ditto_instance *inst);
void dsmb_open_op(struct dsmb_open *open, const struct dsmb_tree *tree, struct ditto_op *op,
		  struct ditto_actor *actor);
struct ditto_file *dsmb_open_lock_file(struct ditto_share *share, const struct dsmb_open *open,
				       struct ditto_node *node);
bool dsmb_open_close(struct dsmb_open *open);
void dsmb_open_uncount(struct dsmb_session *session);
void dsmb_opens_close(struct dsmb_session *session, struct dsmb_tree *tree, bool keep);
bool dsmb_open_detach(struct dsmb_open *open, struct dsmb_session *session);

/*
 * Longest wait, in milliseconds, for the loss of a connection to be processed, and the number of
 * waiters.
 */
#define DSMB_LOSS_MS		5000
#define DSMB_AWAITING_MAX	16

void dsmb_open_await_loss(struct dsmb_open *open);
int dsmb_open_attach(struct dsmb_open *open, struct dsmb_call *call);
bool dsmb_open_expire(struct dsmb_open *open, const unsigned long *deadline);
bool dsmb_open_give_up(struct dsmb_open *open);
void dsmb_open_close_detached(struct dsmb_open *open);

/**
 * struct dsmb_open_state - claims of an open on its file
 * @ranges: the open has byte-range locks
 * @delete_pending: the deletion of the file is pending
 * @reserved: space beyond the end of the file may be reserved
 * @unlinked: the file, or the file of a stream, has no name any more
 * @nameless: the name by which the file, or the file of a stream, was opened is not known, or was
 *	removed by others
 */
struct dsmb_open_state {
	bool ranges;
	bool delete_pending;
	bool reserved;
	bool unlinked;
	bool nameless;
};

bool dsmb_open_get_state(struct dsmb_open *open, struct dsmb_open_state *state);

/* True if the open waits for its client: it is in no session, and not closed. */
static inline bool dsmb_open_is_detached(const struct dsmb_open *open)
{
	return !READ_ONCE(open->session) && !READ_ONCE(open->closing);
}

struct dsmb_tree *dsmb_open_tree(struct dsmb_open *open);
bool dsmb_open_place(struct dsmb_open *open, struct dsmb_session **session,
		     struct dsmb_tree **tree);

#endif
