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

u32 dsmb_durable_time(u32 asked_ms, u32 usual_ms);
bool dsmb_durable_fits(const struct dsmb_caching *granted);
bool dsmb_durable_allowed(const struct dsmb_call *call);
void dsmb_durable_grant(struct dsmb_call *call, struct dsmb_open *open,
			const struct dsmb_durable_ask *ask, const struct dsmb_caching *granted);
u32 dsmb_durable_strengthen(struct dsmb_call *call, struct dsmb_open *open, u32 timeout_ms);
int dsmb_durable_restore(struct dsmb_open *open, const guid_t *client, const u8 *guid, u64 name,
			 struct ditto_auth_user *user, u32 timeout_ms);
int dsmb_durable_publish(struct dsmb_open *open);
bool dsmb_durable_is_sturdy(const struct dsmb_open *open);
struct dsmb_persist *dsmb_durable_record(const struct dsmb_open *open);
bool dsmb_durable_is_persistent(const struct dsmb_open *open);
bool dsmb_durable_close(struct dsmb_open *open);
void dsmb_durable_close_later(struct dsmb_open *open);
u32 dsmb_durable_find(struct dsmb_call *call, const struct dsmb_durable_ask *ask,
		      const struct dsmb_caching *asked, struct dsmb_open **open);
bool dsmb_durable_name_matches(const struct dsmb_open *open, u64 name);
void dsmb_durables_rename(struct dsmb_open *open, const struct dsmb_path *path);
u32 dsmb_durable_replay(struct dsmb_call *call, struct dsmb_open *open,
			const struct dsmb_durable_ask *ask, const struct dsmb_caching *asked);
u32 dsmb_durable_attach(struct dsmb_call *call, struct dsmb_open *open);
bool dsmb_durable_disconnect(struct dsmb_open *open, struct dsmb_session *session);
void dsmb_durables_yield(struct dsmb_lease *lease);
void dsmb_durable_put_closed(struct dsmb_open *open);
void dsmb_durable_forget(struct dsmb_open *open);
void dsmb_durable_free(struct dsmb_open *open);
struct dsmb_open *dsmb_durable_next(struct dsmb_server *server, u64 *id);
u32 dsmb_durable_left(struct dsmb_open *open);
void dsmb_durables_close(struct dsmb_server *server, bool ends);

#endif
