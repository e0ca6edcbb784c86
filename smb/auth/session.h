/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session is an authenticated user on one or several connections (channels).
 *
 * Lifetime: session->ref counts the server's table, each channel, each call in flight and other
 * holders. dsmb_session_close() ends a session, for LOGOFF, the loss of the last connection,
 * the administrator, or a refused reauthentication: trees, opens and locks are released, parked
 * calls are cancelled, channels are taken off their connections. Durable opens stay for a while
 * (open/durable.h). Opens whose end may wait for a disk end in the background (open/closer.h), and
 * the session leaves the lock table after the last of them. Closing is idempotent.
 *
 * Locking: session->lock (mutex) serializes authentication and the coming and going of channels
 * and trees. Trees and opens are looked up under RCU.
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
struct dsmb_lease_client;	/* open/lease_client.c */
struct dsmb_server;

enum dsmb_session_state {
	DSMB_SESSION_SETUP_GOING_ON,	/* authentication is not complete */
	DSMB_SESSION_VALID,
	DSMB_SESSION_EXPIRED,	/* the client must reauthenticate first */
	DSMB_SESSION_CLOSED,
};

/**
 * struct dsmb_channel - a session on one connection
 * @ref: one while linked, and one for each holder
 * @conn: held while linked; a holder of the channel beyond that also holds the connection
 * @session: held like @conn
 * @signer: signing key of this channel; NULL until authentication is complete, and for sessions
 *	that cannot sign
 * @ready: authentication is complete, so that dsmb_session_find() finds the channel; set with
 *	release semantics
 * @binding: the authentication in progress binds the session to this connection
 * @dead: unlinked; under session->lock
 * @busy: a step of an authentication is running; under session->lock
 * @going: an authentication is in progress; under session->lock
 * @auth: number that the helper gave the authentication; 0 if there is none or a running step
 *	has it; under session->lock
 * @login: charge for the authentication; owned by the running step, else under session->lock
 * @preauth: Session.PreauthIntegrityHashValue: hash over the SESSION_SETUP messages of this
 *	channel (3.1.1)
 * @expire: gives up an authentication that takes too long; holds channel, session and
 *	connection while queued
 * @break_delivery: checks that a break notification was delivered: open/break_delivery.c; holds
 *	the same references while queued
 * @told: TCP position behind that break notification; under session->lock
 * @acked: bytes acknowledged on the connection when it was sent; under session->lock
 * @breaks: breaks without acknowledgment that may not have arrived: open/break_delivery.c; under
 *	session->lock
 * @list: on session->channels, under session->lock
 * @rcu: frees it after a grace period
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
	struct list_head breaks;
	struct list_head list;
	struct rcu_head rcu;
};

/* Take a reference. */
static inline void dsmb_channel_hold(struct dsmb_channel *channel)
{
	refcount_inc(&channel->ref);
}

void dsmb_channel_put(struct dsmb_channel *channel);

/**
 * struct dsmb_identity - an identity that a session was reauthenticated as
 * @next: the one before
 * @user: held
 */
struct dsmb_identity {
	struct dsmb_identity *next;
	struct ditto_auth_user *user;
};

/**
 * struct dsmb_session - a session
 * @server: the server
 * @id: SessionId; random, 32 bits, not zero
 * @ref: references; see the top of this file
 * @lock: mutex; see the top of this file
 * @state: VALID is set with release semantics; written under @lock; see enum dsmb_session_state
 * @client: the session in the lock table, once it is VALID
 * @lease_client: holder of its leases, once it has any
 * @user: the authenticated user, with the groups of the first login; held; constant once VALID
 * @identities: further ones that it was reauthenticated as: @user with other groups, and the
 *	anonymous user; under @lock
 * @acting_user: the identity it acts as, from the last authentication: @user or one of @identities
 * @login: DITTO_LOGIN_* bit of the last authentication as @user
 * @dialect: dialect of all its channels
 * @client_guid: ClientGuid of the first connection
 * @by_client: in the table of client_dialect.c, once the session is VALID
 * @signer: signing key of the session, for channels without a key of their own (binding, 2.x)
 * @signing_key: signing key of the session, as bytes
 * @seal: encrypts messages to the client; NULL without encryption
 * @unseal: decrypts messages from the client; NULL without encryption
 * @session_key: key from the authentication; application keys are derived from it
 * @session_key_len: bytes of @session_key, 16 at least
 * @signing_required: one side requires signing; never set for guest and anonymous sessions
 * @encrypt: all messages must be encrypted
 * @is_guest: guest session: no signing, no encryption
 * @is_anonymous: anonymous session: no signing, no encryption
 * @apple: DSMB_APPLE_* bits that the client of macOS has negotiated last, with any tree connect
 * @channels: struct dsmb_channel, under @lock
 * @nchannels: number of @channels
 * @trees: struct dsmb_tree by TreeId
 * @first_tree: one of @trees with a disk share, the only one of many sessions, or NULL; changed
 *	under @lock, freed with RCU
 * @ntrees: number of @trees, under @lock
 * @opens: struct dsmb_open by the low half of FileId.Volatile; XA_FLAGS_ALLOC1
 * @recent: the one of @opens that came last, or NULL; changed under the lock of @opens, freed with
 *	RCU
 * @nopens: number of @opens, and of those with closers, for the limit
 * @parked: number of its calls that are parked; changed by transport/call.c
 * @who: the principal that is charged, once the session is authenticated
 * @trust: trust level it gives to its connections: UNPROVEN or STRANGER until it is
 *	authenticated, and for an anonymous or guest session until it connects to a guest share
 * @charge: charge for the session itself
 * @trees_charge: charge for its trees, as opens, in steps; under @lock
 * @opens_lock: spinlock; guards @opens_charge
 * @opens_charge: charge for its opens, in steps
 * @closing: its closers, and one until dsmb_session_close() has closed everything else
 * @closed: it has ended with all its opens, and has left the lock table
 * @why: reason of dsmb_session_close()
 * @forgets: closed by the administrator: its durable opens do not wait for the client
 * @since: wall clock time of its creation
 * @expires: wall clock time when the ticket ends, or TIME64_MAX; once VALID changed under @lock
 * @renewals: steps of reauthentications that it has taken since @renewals_since, in s; under @lock
 * @renewals_since: see @renewals
 * @rcu: frees it after a grace period
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
	struct dsmb_identity *identities;
	struct ditto_auth_user *acting_user;
	u32 login;
	u16 dialect;
	guid_t client_guid;
	struct hlist_node by_client;
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
	u8 apple;
	struct list_head channels;
	unsigned int nchannels;
	struct xarray trees;
	struct dsmb_tree __rcu *first_tree;
	unsigned int ntrees;
	struct xarray opens;
	struct dsmb_open __rcu *recent;
	atomic_t nopens;
	u32 parked;
	struct ditto_principal who;
	enum ditto_trust trust;
	struct ditto_charge charge;
	struct ditto_charge trees_charge;
	spinlock_t opens_lock;	/* see above */
	struct ditto_charge opens_charge;
	refcount_t closing;
	bool closed;
	const char *why;
	bool forgets;
	time64_t since;
	time64_t expires;
	u32 renewals;
	time64_t renewals_since;
	struct rcu_head rcu;
};

/* Take a reference. */
static inline void dsmb_session_hold(struct dsmb_session *session)
{
	refcount_inc(&session->ref);
}

void dsmb_session_put(struct dsmb_session *session);
u32 dsmb_session_login(const struct dsmb_session *session);

/* The user a session acts as now. It is valid as long as the session is held. */
static inline struct ditto_auth_user *dsmb_session_acting_user(const struct dsmb_session *session)
{
	/* Pairs with session_act_as() in session_finish.c. */
	return smp_load_acquire(&session->acting_user);
}

void dsmb_session_expire(struct dsmb_session *session);
struct dsmb_session *dsmb_session_find(struct dsmb_conn *conn, u64 id,
				       struct dsmb_channel **channel);
struct dsmb_session *dsmb_session_find_any(struct dsmb_server *server, u64 id, bool ending);
void dsmb_session_close(struct dsmb_session *session, const char *why);
void dsmb_session_closed(struct dsmb_session *session);
void dsmb_session_wait_closed(struct dsmb_session *session);
void dsmb_sessions_disconnected(struct dsmb_conn *conn);
bool dsmb_session_is_lost(struct dsmb_session *session);

#endif
