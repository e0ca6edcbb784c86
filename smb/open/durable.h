/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durable opens: those that wait for their client to come back when its session or
 * its connection was lost. MS-SMB2 sections 3.3.5.9.6, .7, .10, .12 and 3.3.7.1.
 *
 * What such an open holds in the lock table is not its session's: its owner is of
 * the client that stands for the ClientGuid (lease_client.c), from its CREATE on, so
 * its ranges, its deny bits and its lease stay where they are when the session
 * goes. The open itself leaves the session's table and is in the server's alone,
 * where all durable opens are, until its client takes it to another session or its
 * time is over. That table pins neither share nor node beyond what the open does.
 *
 * A client that is away can give nothing back: whoever gets in the way of what a
 * durable open caches, of any protocol, has it closed (3.3.4.6, 3.3.4.7). Resilient
 * (3.3.5.15.9) and persistent (persist.h) opens are sturdier: they lose only what they
 * cache, and keep the file, its ranges and its deny bits for all of their time.
 *
 * Locking: the lock of server->durables guards that table; open->where (open.h)
 * decides between closing and coming back.
 *
 * Lifetime: the reference by which an open is in its session's table is the
 * server's while it waits. A timer that runs has one of its own.
 */
#ifndef _DITTO_SMB_OPEN_DURABLE_H
#define _DITTO_SMB_OPEN_DURABLE_H

#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>

struct ditto_auth_user;
struct dsmb_builder;
struct dsmb_call;
struct dsmb_caching;
struct dsmb_contexts;
struct dsmb_lease;
struct dsmb_open;
struct dsmb_persist;	/* persist.h */
struct dsmb_server;
struct dsmb_session;

#define DSMB_GUID_SIZE		16

/* Durable opens of a server, connected or not; who asks for more gets plain ones. */
#define DSMB_DURABLES_MAX	65536
/* Longest time, in milliseconds, that an open waits, whatever its client asks for. */
#define DSMB_DURABLE_MS_MAX	300000U
/* What a persistent open waits where the setting lets others not wait at all. */
#define DSMB_DURABLE_MS_USUAL	60000U

/* Flags of DH2Q and DH2C: 2.2.13.2.11 and .12 */
#define DSMB_DURABLE_PERSISTENT	BIT(1)

/**
 * struct dsmb_durable_ask - what a CREATE asks for
 * @version: 1 or 2, of the contexts; 0 if it has none
 * @reconnect: it wants @id back
 * @persistent: it wants it to outlive the server, too
 * @timeout_ms: how long it is to wait; 0 for any time
 * @guid: CreateGuid, version 2
 * @id: FileId.Persistent
 */
struct dsmb_durable_ask {
	u8 version;
	bool reconnect;
	bool persistent;
	u32 timeout_ms;
	u8 guid[DSMB_GUID_SIZE];
	u64 id;
};

/**
 * struct dsmb_durable - what makes an open durable
 * @open: whose
 * @version: as above
 * @guid: as above
 * @client: ClientGuid
 * @user: to whom alone it comes back, held
 * @timeout_ms: granted
 * @resilient: see above
 * @persist: the record of a persistent one, or NULL; never changes
 * @deadline: in jiffies; while it waits
 * @expire: closes it then
 */
struct dsmb_durable {
	struct dsmb_open *open;
	u8 version;
	u8 guid[DSMB_GUID_SIZE];
	guid_t client;
	struct ditto_auth_user *user;
	u32 timeout_ms;
	bool resilient;
	struct dsmb_persist *persist;
	unsigned long deadline;
	struct delayed_work expire;
};

/* Of a CREATE. The contexts are well-formed. */
void dsmb_durable_parse(const struct dsmb_contexts *contexts, struct dsmb_durable_ask *ask);

/* How long an open waits for which this was asked, if the server's own time is @usual_ms. */
u32 dsmb_durable_time(u32 asked_ms, u32 usual_ms);

/* May an open with so much cached be durable: a batch oplock, or HANDLE of a lease? */
bool dsmb_durable_fits(const struct dsmb_caching *granted);

/* May an open of this call outlive its session? */
bool dsmb_durable_may(const struct dsmb_call *call);

/**
 * dsmb_durable_grant - make an open durable, if it may be
 * @call: of CREATE
 * @open: of a file, begun, not published; it outlives its session
 * @ask: what is asked for
 * @granted: what it caches by
 *
 * What is not granted is no error: open->durable tells.
 */
void dsmb_durable_grant(struct dsmb_call *call, struct dsmb_open *open,
			const struct dsmb_durable_ask *ask, const struct dsmb_caching *granted);

/*
 * An open is resilient from now on. Return: SUCCESS, or why not: INVALID_PARAMETER,
 * INSUFFICIENT_RESOURCES.
 */
u32 dsmb_durable_strengthen(struct dsmb_call *call, struct dsmb_open *open, u32 timeout_ms);

/* One that is made again after a restart is durable and persistent. -ENOMEM. */
int dsmb_durable_again(struct dsmb_open *open, const guid_t *client, const u8 *guid,
		       struct ditto_auth_user *user, u32 timeout_ms);
/* It has what it had: it can be found from now on, and waits. -ENOSPC. */
int dsmb_durable_restored(struct dsmb_open *open);

/* Does it keep the file whoever wants it? */
bool dsmb_durable_is_sturdy(const struct dsmb_open *open);
bool dsmb_durable_is_persistent(const struct dsmb_open *open);
/* It was closed: when this returns its record is gone, too. */
void dsmb_durable_settle(struct dsmb_open *open);

/* The data of the DH2Q context of an answer, or of DHnQ. */
void dsmb_durable_put(struct dsmb_builder *out, const struct dsmb_durable *durable);

/**
 * dsmb_durable_find - the open that a client wants back
 * @call: of CREATE
 * @ask: its reconnect context
 * @asked: its lease context
 * @open: filled, held; it waits, or did when this looked
 *
 * Return: SUCCESS, OBJECT_NAME_NOT_FOUND, ACCESS_DENIED for who is not its user, or
 * FILE_NOT_AVAILABLE: it could not be made again yet after a restart.
 */
u32 dsmb_durable_find(struct dsmb_call *call, const struct dsmb_durable_ask *ask,
		      const struct dsmb_caching *asked, struct dsmb_open **open);

/*
 * Does a replayed CREATE fit what it opened? An open that waits comes to the session of the
 * call. Return: a status.
 */
u32 dsmb_durable_replay(struct dsmb_call *call, struct dsmb_open *open,
			const struct dsmb_durable_ask *ask, const struct dsmb_caching *asked);

/* It comes to the session of the call, if it waits still. Return: a status. */
u32 dsmb_durable_attach(struct dsmb_call *call, struct dsmb_open *open);

/* Its session or tree goes. True if it waits from now on, or is closed already. */
bool dsmb_durable_disconnect(struct dsmb_open *open, struct dsmb_session *session);

/* Something gets in the way of what a lease caches: those of its opens that wait are closed. */
void dsmb_durables_yield(struct dsmb_lease *lease);

/* It was closed: it can be found no more. */
void dsmb_durable_forget(struct dsmb_open *open);
void dsmb_durable_free(struct dsmb_open *open);

/* The first durable open with this id or a higher one, held, or NULL. @id is set to its. */
struct dsmb_open *dsmb_durable_next(struct dsmb_server *server, u64 *id);
/* How long it waits yet, in seconds; 0 for one that does not. */
u32 dsmb_durable_left(struct dsmb_open *open);

/*
 * Close all that wait: nobody can come back. Persistent ones go with the server only, and their
 * records stay.
 */
void dsmb_durables_close(struct dsmb_server *server, bool ends);

#endif
