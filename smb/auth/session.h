/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions: who is at the other end, on one or several connections.
 *
 * Lifetime: session->ref counts the server's table, each channel and each call
 * in flight. dsmb_session_close() is the one way out, for LOGOFF, the last
 * connection, the administrator, a failed reauthentication: trees, opens and
 * claims go, calls that wait are cancelled, channels are taken off their
 * connections. Durable opens stay for a while (durable.h). It is idempotent.
 *
 * Locking: session->lock (mutex) serializes authentication, channels, trees'
 * coming and going. Looking up a tree or an open is under RCU.
 */
#ifndef _DITTO_SMB_AUTH_SESSION_H
#define _DITTO_SMB_AUTH_SESSION_H

#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/time64.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../../lockd/client.h"
#include "../../net/budget.h"
#include "../../net/helper/auth.h"
#include "crypto.h"

struct dsmb_call;
struct dsmb_conn;
struct dsmb_lease_client;	/* lease_client.c */
struct dsmb_server;

enum dsmb_session_state {
	DSMB_SESSION_SETUP_GOING_ON,	/* authentication is not done */
	DSMB_SESSION_VALID,
	DSMB_SESSION_EXPIRED,	/* must authenticate again before anything else */
	DSMB_SESSION_CLOSED,
};

/**
 * struct dsmb_channel - a session on a connection
 * @ref: being linked; each holder
 * @conn: held while linked; whoever holds the channel beyond that holds it too
 * @session: the same
 * @signer: of this channel; NULL until the authentication is done, and for sessions that
 *	cannot sign
 * @ready: its authentication was done; only then dsmb_session_find() finds it
 * @binding: the authentication that goes on binds this channel
 * @dead: unlinked; under session->lock
 * @busy: a step of an authentication is running; under session->lock
 * @going: an authentication goes on; under session->lock
 * @auth: of it, the helper's number; 0 none, or a step has it; under session->lock
 * @login: charge for it; the step's that is running, else under session->lock
 * @preauth: hash over this channel's SESSION_SETUP messages (3.1.1)
 * @expire: when the authentication must be over; holds channel, session and connection
 * @break_delivery: looks whether a break arrived: break_delivery.c; holds the same
 * @told: where in the connection that break ends; under session->lock
 * @acked: what was acknowledged on the connection then; the same
 * @list: on the session's list, under session->lock
 * @rcu: freed under RCU
 */
struct dsmb_channel {
	refcount_t ref;
	struct dsmb_conn *conn;
	struct dsmb_session *session;
	struct dsmb_signer *signer;
	bool ready;
	bool binding;
	bool dead;
	bool busy;
	bool going;
	u64 auth;
	struct ditto_charge login;
	u8 preauth[DSMB_PREAUTH_SIZE];
	struct delayed_work expire;
	struct delayed_work break_delivery;
	u32 told;
	u64 acked;
	struct list_head list;
	struct rcu_head rcu;
};

/* NULL is allowed. Process context. */
void dsmb_channel_put(struct dsmb_channel *channel);

/**
 * struct dsmb_session - one
 * @server: whose
 * @id: SessionId; random, not zero, 32 bits
 * @ref: see above
 * @lock: see above
 * @state: see there
 * @client: what the lock table knows it as
 * @lease_client: what holds its leases, once it has any
 * @user: whose it is; constant once VALID
 * @nobody: the anonymous one that it was renewed as once, or NULL; set once, under @lock
 * @acting_user: as whom it acts: @user, or @nobody from a renewal without a name to the next
 * @dialect: all channels have the same
 * @client_guid: of the first connection
 * @signer: of the session, for a channel that has none of its own (bind, 2.x)
 * @signing_key: of the session; binds are verified by it
 * @seal: encrypts to the client; NULL if it cannot
 * @unseal: decrypts from the client
 * @session_key: as authentication gave it; applications' keys come from it
 * @session_key_len: 16 bytes at least
 * @signing_required: by either side; never for guests and anonymous ones
 * @encrypt: everything is to be encrypted
 * @is_guest: signs and encrypts nothing
 * @is_anonymous: the same
 * @channels: struct dsmb_channel, under @lock
 * @nchannels: how many
 * @trees: struct dsmb_tree by id
 * @opens: struct dsmb_open by the low half of the volatile id; XA_FLAGS_ALLOC
 * @nopens: how many, for the limit
 * @who: who is charged, once it was authenticated
 * @trust: what it makes its connections worth: UNPROVEN until it is done, and for one without
 *	a name until it uses a share
 * @charge: for being a session
 * @opens_lock: guards @opens_charge
 * @opens_charge: for its opens, in steps
 * @forgets: nothing of it is kept for its client when it is closed
 * @since: wall clock
 * @expires: wall clock of the end of the ticket, or TIME64_MAX
 * @rcu: freed under RCU
 */
struct dsmb_session {
	struct dsmb_server *server;
	u64 id;
	refcount_t ref;
	struct mutex lock;	/* see above */
	enum dsmb_session_state state;
	struct ditto_client client;
	struct dsmb_lease_client *lease_client;
	struct ditto_auth_user *user;
	struct ditto_auth_user *nobody;
	struct ditto_auth_user *acting_user;
	u16 dialect;
	guid_t client_guid;
	struct dsmb_signer *signer;
	u8 signing_key[16];
	struct dsmb_sealer *seal;
	struct dsmb_sealer *unseal;
	u8 session_key[64];
	u8 session_key_len;
	bool signing_required;
	bool encrypt;
	bool is_guest;
	bool is_anonymous;
	struct list_head channels;
	unsigned int nchannels;
	struct xarray trees;
	struct xarray opens;
	atomic_t nopens;
	struct ditto_principal who;
	enum ditto_trust trust;
	struct ditto_charge charge;
	spinlock_t opens_lock;	/* see above */
	struct ditto_charge opens_charge;
	bool forgets;
	time64_t since;
	time64_t expires;
	struct rcu_head rcu;
};

static inline void dsmb_session_hold(struct dsmb_session *session)
{
	refcount_inc(&session->ref);
}

void dsmb_session_put(struct dsmb_session *session);

/* As whom a session acts now; there as long as the session is. */
static inline struct ditto_auth_user *dsmb_session_acting_user(const struct dsmb_session *session)
{
	/* Pairs with the end of an authentication. */
	return smp_load_acquire(&session->acting_user);
}

/*
 * The session with an id on this connection, held, or NULL. Only what was authenticated
 * is found: VALID or EXPIRED. @channel is filled with its channel, held too, for
 * dsmb_channel_put(); NULL for who does not need it.
 */
struct dsmb_session *dsmb_session_find(struct dsmb_conn *conn, u64 id,
				       struct dsmb_channel **channel);
/* The session with an id on any connection, held, or NULL. */
struct dsmb_session *dsmb_session_find_any(struct dsmb_server *server, u64 id);

/* See above. @why is for the trace, a constant. May sleep. */
void dsmb_session_close(struct dsmb_session *session, const char *why);
/* A connection went: its channels go, and sessions with no other with them. May sleep. */
void dsmb_sessions_disconnected(struct dsmb_conn *conn);
/* Its client has ended all of its connections, whether that was dealt with or not. May sleep. */
bool dsmb_session_is_lost(struct dsmb_session *session);

#endif
