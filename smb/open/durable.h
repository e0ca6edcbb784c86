/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durable opens: opens that are kept when their session or connection is lost, until their client
 * reconnects. MS-SMB2 sections 3.3.5.9.6, 3.3.5.9.7, 3.3.5.9.10, 3.3.5.9.12 and 3.3.7.1.
 *
 * The claims of such an open in the lock table do not belong to its session. From the CREATE on,
 * their owner belongs to the client that stands for the ClientGuid (lease_client.c), so byte-range
 * locks, share reservation and lease stay in place when the session goes. The open itself leaves
 * the table of the session. It remains in the table of the server, which has all durable opens,
 * until its client attaches it to another session or its timeout expires. That table pins neither
 * share nor node beyond what the open itself pins.
 *
 * A disconnected client cannot give up its caching. When any operation, of any protocol, conflicts
 * with the caching of a disconnected durable open, the open is closed (MS-SMB2 sections 3.3.4.6 and
 * 3.3.4.7). Resilient (section 3.3.5.15.9) and persistent (persist.h) opens are sturdier: they lose
 * only their caching, and keep the file, its byte-range locks and its share reservation until the
 * timeout.
 *
 * Locking: the lock of server->durables guards that table; open->where (open.h) decides between
 * closing and reconnecting. The lock of the lease guards the name by which clients know an open.
 *
 * Lifetime: the reference that the session's table has to an open passes to the server while the
 * open is disconnected. A running timer has a reference of its own.
 */
#ifndef _DITTO_SMB_OPEN_DURABLE_H
#define _DITTO_SMB_OPEN_DURABLE_H

#include <linux/rbtree.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>

#include "../../net/budget.h"
#include "../wire/create_context.h"

struct ditto_auth_user;
struct dsmb_call;
struct dsmb_closer;	/* closer.h */
struct dsmb_lease;
struct dsmb_open;
struct dsmb_path;
struct dsmb_persist;	/* persist.h */
struct dsmb_server;
struct dsmb_session;

/* Limit of durable opens of a server, connected or not; CREATEs beyond it get plain opens. */
#define DSMB_DURABLES_MAX	65536
/* Longest timeout, in milliseconds, of a disconnected open, whatever its client requests. */
#define DSMB_DURABLE_MS_MAX	300000U
/* Timeout of a persistent open where the setting disables durable opens. */
#define DSMB_DURABLE_MS_USUAL	60000U

/**
 * struct dsmb_durable - durability of an open
 * @open: the open; not counted
 * @version: version of the create contexts, see struct dsmb_durable_ask
 * @guid: CreateGuid
 * @client: ClientGuid
 * @name: hash of the name by which the client of a lease knows the open (Lease.Filename of MS-SMB2
 *	section 3.3.1.12): the name of its CREATE or its last rename; 0 if it is not known. Written
 *	under the lock of the lease once the open is in use
 * @user: the only user who may reconnect to the open; held
 * @timeout_ms: granted timeout in milliseconds
 * @resilient: the open is resilient, see above
 * @persist: record of a persistent open, or NULL; never changes
 * @deletes: name whose deletion the persistent open requests, see ditto_instance_name(); or NULL.
 *	This and @deleter are under the server's @deleters_lock
 * @deleter: link in the server's @deleters, with @deletes
 * @deadline: end of the timeout in jiffies, while the open is disconnected
 * @expire: closes the open at @deadline
 * @closer: drops the last reference to the open, once that is closed; NULL if it is in use. Taken
 *	with xchg()
 * @charge: budget charge for the open while it is in no session's table; under @open's @where
 */
struct dsmb_durable {
	struct dsmb_open *open;
	u8 version;
	u8 guid[DSMB_GUID_SIZE];
	guid_t client;
	u64 name;
	struct ditto_auth_user *user;
	u32 timeout_ms;
	bool resilient;
	struct dsmb_persist *persist;
	const void *deletes;
	struct rb_node deleter;
	unsigned long deadline;
	struct delayed_work expire;
	struct dsmb_closer *closer;
	struct ditto_charge charge;
};

/**
 * dsmb_durable_time - compute the timeout of a durable open
 * @asked_ms: requested timeout in milliseconds, 0 for the server's choice
 * @usual_ms: the server's own timeout
 *
 * Return: the timeout in milliseconds, at most DSMB_DURABLE_MS_MAX.
 */
u32 dsmb_durable_time(u32 asked_ms, u32 usual_ms);

/**
 * dsmb_durable_fits - check whether an open's caching allows durability
 * @granted: granted caching
 *
 * Return: true for a batch oplock and for a lease with HANDLE caching (MS-SMB2 sections 3.3.5.9.6
 *	and 3.3.5.9.10).
 */
bool dsmb_durable_fits(const struct dsmb_caching *granted);

/**
 * dsmb_durable_allowed - check whether an open of this call may outlive its session
 * @call: the CREATE
 *
 * Return: false for guest and anonymous users.
 */
bool dsmb_durable_allowed(const struct dsmb_call *call);

/**
 * dsmb_durable_grant - make an open durable or persistent if it qualifies
 * @call: the CREATE
 * @open: open of a file, begun and not published
 * @ask: requested durability
 * @granted: granted caching
 *
 * It is no error if durability is not granted; open->durable is NULL then.
 *
 * Context: may sleep; waits for the helper if a record must be written.
 */
void dsmb_durable_grant(struct dsmb_call *call, struct dsmb_open *open,
			const struct dsmb_durable_ask *ask, const struct dsmb_caching *granted);

/**
 * dsmb_durable_strengthen - make an open resilient
 * @call: FSCTL_LMR_REQUEST_RESILIENCY
 * @open: the open
 * @timeout_ms: timeout in milliseconds
 *
 * MS-SMB2 section 3.3.5.15.9. A persistent open is left as it is. The client knows the open by the
 * name that it has now.
 *
 * Context: may sleep; takes the lock of dsmb_open_rare().
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER if the open cannot outlive its session;
 *	STATUS_INSUFFICIENT_RESOURCES.
 */
u32 dsmb_durable_strengthen(struct dsmb_call *call, struct dsmb_open *open, u32 timeout_ms);

/**
 * dsmb_durable_restore - make an open durable and persistent that is restored after a restart
 * @open: allocated by dsmb_open_restored()
 * @client: ClientGuid
 * @guid: CreateGuid
 * @name: hash of the name by which the client knows the open, or 0
 * @user: user who may reconnect to the open; a reference is taken
 * @timeout_ms: timeout in milliseconds
 *
 * Return: 0 or -ENOMEM.
 */
int dsmb_durable_restore(struct dsmb_open *open, const guid_t *client, const u8 *guid, u64 name,
			 struct ditto_auth_user *user, u32 timeout_ms);

/**
 * dsmb_durable_publish - publish a restored open and start its timeout
 * @open: the open, with all the claims that it had
 *
 * Return: 0, -ENOSPC if there are too many durable opens, -EBUSY if the id is in use, or -ENOMEM.
 */
int dsmb_durable_publish(struct dsmb_open *open);

/**
 * dsmb_durable_is_sturdy - check whether a disconnected open survives conflicting operations
 * @open: the open
 *
 * Return: true for a resilient or persistent open, which loses only its caching to a conflict.
 */
bool dsmb_durable_is_sturdy(const struct dsmb_open *open);

/**
 * dsmb_durable_record - get the record of an open
 * @open: the open, which the caller keeps
 *
 * Until the open is granted, its durability may be refused: @open->durable is read once, and what
 * it was stays with the open.
 *
 * Return: the record, borrowed from the open; NULL if the open is not persistent.
 */
struct dsmb_persist *dsmb_durable_record(const struct dsmb_open *open);

/**
 * dsmb_durable_is_persistent - check whether an open is persistent
 * @open: the open
 *
 * Return: true if the open is persistent, see persist.h.
 */
bool dsmb_durable_is_persistent(const struct dsmb_open *open);

/**
 * dsmb_durable_close - close an open; the record of a persistent one goes first
 * @open: the open, which need not be durable; the caller has a reference
 *
 * One that is not published yet is left alone: its durability may be taken away at any time.
 *
 * If the record cannot be removed, the client loses the open nevertheless, but the open keeps its
 * claims until the record is gone.
 *
 * Context: may sleep; waits for the helper if the open is persistent.
 * Return: as dsmb_open_close().
 */
bool dsmb_durable_close(struct dsmb_open *open);

/**
 * dsmb_durable_close_later - the same, without waiting for the helper
 * @open: the open, which need not be durable; the caller has a reference
 *
 * A persistent open keeps its claims until its record is gone.
 *
 * Context: may sleep, but does not wait for the helper.
 */
void dsmb_durable_close_later(struct dsmb_open *open);

/**
 * dsmb_durable_find - find the open that a client reconnects to
 * @call: the CREATE
 * @ask: its reconnect context
 * @asked: its lease context
 * @open: set to the open, with a reference; it is disconnected, or was when this function looked
 *
 * MS-SMB2 sections 3.3.5.9.7 and 3.3.5.9.12.
 *
 * Context: may sleep; waits for the loss of the old connection, see dsmb_open_await_loss().
 * Return: STATUS_SUCCESS; STATUS_OBJECT_NAME_NOT_FOUND; STATUS_ACCESS_DENIED for another user;
 *	STATUS_FILE_NOT_AVAILABLE if the open could not be restored yet after a restart.
 */
u32 dsmb_durable_find(struct dsmb_call *call, const struct dsmb_durable_ask *ask,
		      const struct dsmb_caching *asked, struct dsmb_open **open);

/**
 * dsmb_durable_name_matches - check whether the client of a lease knows an open by a name
 * @open: the open, durable
 * @name: hash of the name, see dsmb_path_hash()
 *
 * The file may have another name by now. MS-SMB2 sections 3.3.5.9.7 and 3.3.5.9.12.
 *
 * Context: any.
 * Return: true if it is; false also if the name is not known.
 */
bool dsmb_durable_name_matches(const struct dsmb_open *open, u64 name);

/**
 * dsmb_durables_rename - note that a client has renamed a file through an open with a lease
 * @open: the open, begun, which need not be durable; nothing is done without a lease
 * @path: the new name, from the root of the tree connect; NULL for the present one
 *
 * The client knows all opens of the lease by the new name that it has opened by the old one. The
 * record of @open is left to the caller, others are written soon.
 *
 * Context: may sleep; takes the lock of the lease.
 */
void dsmb_durables_rename(struct dsmb_open *open, const struct dsmb_path *path);

/**
 * dsmb_durable_replay - check a replayed CREATE against the open that it created
 * @call: the replayed CREATE
 * @open: open found by its CreateGuid
 * @ask: requested durability
 * @asked: requested caching
 *
 * A disconnected open is attached to the session of the call. MS-SMB2 section 3.3.5.9.10.
 *
 * Return: STATUS_SUCCESS, STATUS_DUPLICATE_OBJECTID, STATUS_ACCESS_DENIED, or as
 *	dsmb_durable_attach().
 */
u32 dsmb_durable_replay(struct dsmb_call *call, struct dsmb_open *open,
			const struct dsmb_durable_ask *ask, const struct dsmb_caching *asked);

/**
 * dsmb_durable_attach - attach a disconnected open to the session of a call
 * @call: the CREATE
 * @open: the open; the caller has a reference
 *
 * Return: STATUS_SUCCESS; STATUS_OBJECT_NAME_NOT_FOUND if the open is not disconnected any more;
 *	STATUS_NETWORK_NAME_DELETED if the session or tree connect of the call has ended; or another
 *	error.
 */
u32 dsmb_durable_attach(struct dsmb_call *call, struct dsmb_open *open);

/**
 * dsmb_durable_disconnect - keep an open whose session or tree connect ends
 * @open: the open; the caller has a reference
 * @session: session that ends
 *
 * MS-SMB2 section 3.3.7.1.
 *
 * Return: true if the open is disconnected from now on, or if it is not the session's to close any
 *	more; false if the caller must close it.
 */
bool dsmb_durable_disconnect(struct dsmb_open *open, struct dsmb_session *session);

/**
 * dsmb_durables_yield - close the disconnected opens of a lease that an operation conflicts with
 * @lease: the lease; its lock is not held
 *
 * Sturdy opens stay, see dsmb_durable_is_sturdy(). The others end in the background, each one with
 * dsmb_lease_yielded().
 *
 * Context: may sleep, but does not wait for a disk.
 */
void dsmb_durables_yield(struct dsmb_lease *lease);

/**
 * dsmb_durable_put_closed - drop a reference to an open that may have been closed
 * @open: the open
 *
 * If it is durable and closed, it ends in the background.
 *
 * Context: process; does not wait for a disk.
 */
void dsmb_durable_put_closed(struct dsmb_open *open);

/**
 * dsmb_durable_forget - remove a closed open from the table of durable opens
 * @open: the open, closed
 *
 * The removal of its record begins.
 *
 * Context: any process context.
 */
void dsmb_durable_forget(struct dsmb_open *open);

/**
 * dsmb_durable_free - free the durability of an open
 * @open: the open, without references left
 */
void dsmb_durable_free(struct dsmb_open *open);

/**
 * dsmb_durable_next - iterate over the durable opens of a server
 * @server: the server
 * @id: lowest FileId.Persistent to consider; set to the id of the open found
 *
 * Return: the durable open with the lowest id not below @id, with a reference, or NULL.
 */
struct dsmb_open *dsmb_durable_next(struct dsmb_server *server, u64 *id);

/**
 * dsmb_durable_left - get the time until a disconnected open is closed
 * @open: a durable open
 *
 * Return: seconds, rounded up; 0 for an open that is not disconnected.
 */
u32 dsmb_durable_left(struct dsmb_open *open);

/**
 * dsmb_durables_close - close all disconnected opens
 * @server: the server
 * @ends: the server ends; persistent opens are closed only then, and their records stay
 *
 * Called when no client can reconnect any more. The opens end in the background.
 *
 * Context: may sleep; waits for the helper if @ends.
 */
void dsmb_durables_close(struct dsmb_server *server, bool ends);

#endif
