/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opens: what a FileId names. A file, directory or stream of a disk share (a
 * core's instance), or a pipe.
 *
 * Lifetime: open->ref counts the table that it is in and each call in flight.
 * dsmb_open_close() takes it out of the table; the instance is closed with the
 * last reference. Most opens are in the table of their session until then. One
 * that outlives its session (durable.h) is detached from it, and attached to
 * another one when its client comes back.
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

#include "../../net/budget.h"

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
struct dsmb_dir;	/* where a listing is: query_directory.c */
struct dsmb_notify;	/* notify.h */
struct dsmb_durable;	/* durable.h */
struct dsmb_pipe;	/* pipe.c */
struct dsmb_server;
struct dsmb_session;
struct dsmb_tree;

#define DSMB_LOCK_SEQUENCES	64	/* MS-SMB2 3.3.1.10 */

/**
 * struct dsmb_open - one
 * @server: whose
 * @where: spinlock, guards @session, @tree, @volatile_id, @published and @closing for writing;
 *	the lock of the session's table is taken inside
 * @session: in whose table it is or is to be, not counted: it leaves before the session goes;
 *	NULL while it is in none, and once it is closed
 * @tree: held; of the session it was in last while it is in none
 * @cred: of who opened it, which @tree keeps; what was granted then is done as that
 * @persistent: FileId.Persistent, also the key of @owner
 * @volatile_id: FileId.Volatile
 * @published: it was in a table
 * @ref: see above
 * @rights: GrantedAccess, as DITTO_RIGHT_* bits, which are those of the wire
 * @inst: of a disk share; NULL for a pipe
 * @owner: of its claims; of the session's client, or of one that outlives the session
 * @outlives: the latter
 * @lease_owner: key of what it caches by, which it does not break; @owner without a lease
 * @entry_owner: key of what it caches the directory by that it is in, or NULL; held
 * @lease: what it caches by, held, or NULL: lease.h; set before it can be found
 * @lease_link: on the lease's list; under the lease's lock
 * @pipe: of IPC$; NULL for a disk
 * @action: enum ditto_open_action of its CREATE
 * @options: CreateOptions
 * @write_through: every write is stable
 * @posix: it came with the POSIX extensions: names are exact and as they are, what is
 *	removed or replaced goes at once; its instance knows that, too
 * @encrypted: its CREATE came encrypted, and so go breaks
 * @since: wall clock, for people; 0 if it is not known
 * @durable: what makes it outlive its session, or NULL; set before it can be found by its client
 * @refused: what was to make it persistent and did not; others may look at it yet, by the lease
 * @delete_on_close: it asked for the deletion of its file, and nobody took that back
 * @delete_on_close_later: it did before a restart, and the deletion is not pending again yet
 * @created: of a CREATE that may be replayed, or NULL; the same
 * @app: of the application that has it, or NULL; the same
 * @used: something was done with it since its CREATE, which is replayed no more
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
 * @channel_sequence: MS-SMB2 3.3.5.2.10; it and the next three under @where: replay.c
 * @turn: how often it changed
 * @outstanding: calls that change something, of this sequence
 * @outstanding_before: of those before
 * @closing: CLOSE was there
 * @charge: for it while it is in no session's table; under @where
 * @rcu: freed under RCU
 */
struct dsmb_open {
	struct dsmb_server *server;
	spinlock_t where;	/* see above */
	struct dsmb_session *session;
	struct dsmb_tree *tree;
	struct ditto_cred *cred;
	u64 persistent;
	u64 volatile_id;
	bool published;
	refcount_t ref;
	u32 rights;
	struct ditto_instance *inst;
	struct ditto_owner *owner;
	bool outlives;
	struct ditto_owner *lease_owner;
	struct ditto_owner *entry_owner;
	struct dsmb_lease *lease;
	struct list_head lease_link;
	struct dsmb_pipe *pipe;
	u8 action;
	u32 options;
	bool write_through;
	bool posix;
	bool encrypted;
	time64_t since;
	struct dsmb_durable *durable;
	struct dsmb_durable *refused;
	bool delete_on_close;
	bool delete_on_close_later;
	struct dsmb_created *created;
	struct dsmb_app *app;
	bool used;
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
	u32 turn;
	u32 outstanding;
	u32 outstanding_before;
	bool closing;
	struct ditto_charge charge;
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
 * @outlives: it may have to outlive the session
 *
 * It has its ids and its owner. Return: ERR_PTR(-ENOMEM), -EMFILE (too many), -ESHUTDOWN.
 */
struct dsmb_open *dsmb_open_alloc(struct dsmb_call *call, bool outlives);
/*
 * An open that is made again after a restart, for the client with a ClientGuid: nobody's, with
 * a tree that stands for the one it was of. ERR_PTR(-ENOMEM), -ESHUTDOWN.
 */
struct dsmb_open *dsmb_open_restored(struct dsmb_server *server, const guid_t *guid,
				     struct dsmb_tree *tree, u64 persistent);
/* There is an open of this id, maybe of this life of the server: none gets it again. */
void dsmb_open_id_used(const struct dsmb_server *server, u64 persistent);
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
/*
 * Who does something with an open on his own behalf, for ditto_instance_begin(). @tree is that
 * of the open, held: it may come to another one meanwhile.
 */
void dsmb_open_op(struct dsmb_open *open, const struct dsmb_tree *tree, struct ditto_op *op,
		  struct ditto_actor *actor);

/*
 * By what local processes are shown a range of an open; NULL if they are not. A file that
 * cannot be opened is locked all the same. lock.c
 */
struct ditto_file *dsmb_lock_file(struct ditto_share *share, const struct dsmb_open *open,
				  struct ditto_node *node);

/* Where a listing is, with its open; NULL is allowed. query_directory.c */
void dsmb_dir_free(struct dsmb_dir *dir);

/* Out of the table; calls that wait on it are cancelled. True for the first who does it. */
bool dsmb_open_close(struct dsmb_open *open);
/*
 * All opens of a session, or of one tree of it. Those that may wait for their client to come
 * back are detached instead, if @keep says so.
 */
void dsmb_opens_close(struct dsmb_session *session, struct dsmb_tree *tree, bool keep);

/*
 * Out of this session's table; nobody's now, and charged by itself, with a part of what the
 * session was charged with. Its reference stays with the caller. False if it is not there any more.
 */
bool dsmb_open_detach(struct dsmb_open *open, struct dsmb_session *session);

/* How long is waited at most until the loss of a connection was dealt with, and by how many. */
#define DSMB_LOSS_MS		5000
#define DSMB_AWAITING_MAX	16

/*
 * A client may ask for it on a new connection before the end of the old one, which came
 * earlier, was dealt with: that is waited for. Returns at once if its session has a connection.
 * Context: may sleep; no lock held.
 */
void dsmb_open_await_loss(struct dsmb_open *open);

/*
 * One that was detached comes to the session and the tree of a call, with a new volatile id.
 * Return: 0; -ENOENT (it was not, or is closed), -ESHUTDOWN, -EMFILE, -ENOMEM.
 */
int dsmb_open_attach(struct dsmb_open *open, struct dsmb_call *call);

/* Close it unless it was attached meanwhile. */
void dsmb_open_close_detached(struct dsmb_open *open);

/**
 * struct dsmb_open_state - what an open holds on its file
 * @ranges: it has locked some
 * @delete_pending: the file goes at the last close
 */
struct dsmb_open_state {
	bool ranges;
	bool delete_pending;
};

/* False if the file was taken away from under it. */
bool dsmb_open_look(struct dsmb_open *open, struct dsmb_open_state *state);

static inline bool dsmb_open_is_detached(const struct dsmb_open *open)
{
	return !READ_ONCE(open->session) && !READ_ONCE(open->closing);
}

/* The tree that it is of, or was last; held. */
struct dsmb_tree *dsmb_open_tree(struct dsmb_open *open);
/* The session and the tree that it is of now, both held; false if it is nobody's. */
bool dsmb_open_place(struct dsmb_open *open, struct dsmb_session **session,
		     struct dsmb_tree **tree);

#endif
