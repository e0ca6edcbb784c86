/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Delegations: caching grants of the lock table, as NFSv4 grants them to clients; and what
 * other parts of NFSv4 need from the callback channel.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_DELEGATION_H
#define _DITTO_FS_NFS_V4_DELEG_DELEGATION_H

#include <linux/nfs4.h>

#include "../engine/compound.h"

struct ditto_lease_times;
struct ditto_node;
struct dnfs4_client;
struct dnfs4_open;
struct dnfs4_session;
struct net;

/**
 * struct dnfs4_delegated - open_delegation4 of an OPEN (RFC 8881 section 18.16.2)
 * @type: OPEN_DELEGATE_*
 * @stateid: of a delegation that was granted
 * @recall: the client must return the delegation immediately
 * @why: for OPEN_DELEGATE_NONE_EXT: why_no_delegation4
 * @will: for WND4_CONTENTION and WND4_RESOURCE: the server will notify the client later
 */
struct dnfs4_delegated {
	u32 type;
	struct dnfs4_stateid stateid;
	bool recall;
	u32 why;
	bool will;
};

/* True if @delegated has a stateid: a delegation was granted. */
static inline bool dnfs4_delegated_is_held(const struct dnfs4_delegated *delegated)
{
	return delegated->type == NFS4_OPEN_DELEGATE_READ ||
	       delegated->type == NFS4_OPEN_DELEGATE_WRITE ||
	       delegated->type == NFS4_OPEN_DELEGATE_WRITE_ATTRS_DELEG;
}

/* Bits above the wants (4.1): when the client wants a delegation. */
#define DNFS4_SHARE_WHEN_MASK	\
	(NFS4_SHARE_SIGNAL_DELEG_WHEN_RESRC_AVAIL | NFS4_SHARE_PUSH_DELEG_WHEN_UNCONTENDED)

/* Most bytes of an encoded open_delegation4. */
#define DNFS4_DELEGATED_BYTES	(4 + 16 + 4 + 12 + 28)

/* room.c */

/**
 * dnfs4_room_want - tell a client later that it may have more delegations
 * @cmp: the request of 4.1 or later that was refused one
 *
 * Context: any.
 * Return: false if no limit was the reason, or the client cannot be notified.
 */
bool dnfs4_room_want(const struct dnfs4_compound *cmp);

/**
 * dnfs4_room_cancel - do not tell a client any more
 * @client: the client
 *
 * Context: any.
 */
void dnfs4_room_cancel(struct dnfs4_client *client);

/**
 * dnfs4_encode_delegated - encode an open_delegation4
 * @xdr: the stream
 * @out: the result of dnfs4_delegate()
 *
 * Return: false if it does not fit.
 */
bool dnfs4_encode_delegated(struct xdr_stream *xdr, const struct dnfs4_delegated *out);

/**
 * dnfs4_delegate - grant a delegation with an OPEN, if possible
 * @cmp: has the file as current handle, and a client
 * @open: the open of this OPEN; its state.lock is held
 * @want: OPEN4_SHARE_ACCESS_WANT_* bits of the OPEN; 0 in 4.0
 * @claim: the claim type of the OPEN; CLAIM_PREVIOUS reclaims a delegation
 * @reclaim_type: for CLAIM_PREVIOUS: OPEN_DELEGATE_* to reclaim
 * @out: filled. OPEN_DELEGATE_NONE if nothing is granted; in 4.1 OPEN_DELEGATE_NONE_EXT if the
 *	client asked with @want
 *
 * Never fails the OPEN.
 */
void dnfs4_delegate(struct dnfs4_compound *cmp, struct dnfs4_open *open, u32 want, u32 claim,
		    u32 reclaim_type, struct dnfs4_delegated *out);

/**
 * dnfs4_delegate_wanted - grant a delegation without an OPEN, if possible
 * @cmp: 4.1 or later; has a regular file as current handle, and a client that is recorded
 * @type: OPEN_DELEGATE_* to grant or reclaim; the user has permission
 * @want: OPEN4_SHARE_ACCESS_WANT_* bits of the request
 * @reclaim: reclaims a delegation held before a restart of the server
 * @out: zeroed by the caller; filled with the delegation, or OPEN_DELEGATE_NONE_EXT
 */
void dnfs4_delegate_wanted(struct dnfs4_compound *cmp, u32 type, u32 want, bool reclaim,
			   struct dnfs4_delegated *out);

/**
 * dnfs4_delegation_may_reclaim - check whether delegations of a type are reclaimed
 * @cmp: the request
 * @type: OPEN_DELEGATE_* from the wire
 *
 * Return: true for the types that its minor version grants.
 */
bool dnfs4_delegation_may_reclaim(const struct dnfs4_compound *cmp, u32 type);

/**
 * dnfs4_delegation_covers - check an OPEN with CLAIM_DELEGATE_CUR against its delegation
 * @cmp: has the client
 * @sid: delegation stateid
 * @node: the file
 * @access: OPEN4_SHARE_ACCESS_* of the OPEN
 *
 * Return: NFS4_OK if the delegation permits the access; NFS4ERR_BAD_STATEID;
 * NFS4ERR_OPENMODE; or a status of dnfs4_state_find() or dnfs4_delegation_check().
 */
u32 dnfs4_delegation_covers(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
			    struct ditto_node *node, u32 access);

/**
 * dnfs4_delegation_check - check whether a client still holds a delegation
 * @cmp: has the client
 * @state: state of the delegation, held; state->lock is not held
 *
 * The lock table may revoke the caching grant some time before the state becomes void, and a
 * conflicting request may have changed the file by then. In that case this function revokes
 * the state.
 *
 * Return: NFS4_OK; NFS4ERR_DELEG_REVOKED; NFS4ERR_ADMIN_REVOKED; NFS4ERR_BAD_STATEID, which is
 * the only error in 4.0.
 */
u32 dnfs4_delegation_check(const struct dnfs4_compound *cmp, struct dnfs4_state *state);

/**
 * dnfs4_delegation_writes - check for a write delegation
 * @state: a delegation
 *
 * Context: any.
 * Return: true if it is a write delegation.
 */
bool dnfs4_delegation_writes(const struct dnfs4_state *state);

/**
 * dnfs4_delegation_node - get the file of a delegation
 * @state: a delegation
 *
 * Context: any.
 * Return: the node, without a reference, only for comparison.
 */
struct ditto_node *dnfs4_delegation_node(const struct dnfs4_state *state);

/**
 * dnfs4_delegation_set_times - store the times that the holder of a delegation kept itself
 * @cmp: SETATTR; the current handle is the file
 * @sid: stateid from the wire
 * @times: time_deleg_access and time_deleg_modify
 *
 * RFC 9754 section 5. See deleg_times.c for which times are accepted.
 *
 * Return: NFS4_OK, also if times were ignored; NFS4ERR_BAD_STATEID unless it is a delegation of
 * the file that includes its times; or a status of dnfs4_state_find(), dnfs4_delegation_check(),
 * the permission to write, or the file system.
 */
u32 dnfs4_delegation_set_times(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
			       const struct ditto_lease_times *times);

/**
 * dnfs4_delegation_note_mtime - note a modification time for when the client reports its own
 * @client: has changed the file other than by WRITE, or has set the time; it need not have a
 *	delegation of the file
 * @node: the file, after the change
 * @set: the client has set the time
 *
 * Context: any.
 */
void dnfs4_delegation_note_mtime(struct dnfs4_client *client, const struct ditto_node *node,
				 bool set);

/*
 * previous.c: delegations of the previous instance of a client, which the client may claim after
 * its restart (RFC 8881 section 10.2.1, RFC 7530 section 10.2.1). They are orphans in the lock
 * table.
 */

/**
 * dnfs4_previous_inherit - keep the delegations of the previous instance of a client
 * @client: the new instance, which was just confirmed, with DNFS4_CLIENT_INHERITS set
 * @old: the previous instance; of the same principal, and released by the caller afterwards
 *
 * What exceeds the limits of the client is not kept.
 */
void dnfs4_previous_inherit(struct dnfs4_client *client, struct dnfs4_client *old);

/**
 * dnfs4_previous_check - check whether a client may claim delegations of its previous instance
 * @client: the client
 *
 * It may until DELEGPURGE, and otherwise for a lease time after it was confirmed or last claimed
 * one.
 *
 * Context: any.
 * Return: NFS4_OK; NFS4ERR_NO_GRACE; NFS4ERR_GRACE while the server is in its grace period;
 * NFS4ERR_DELAY while the delegations are being passed on.
 */
u32 dnfs4_previous_check(struct dnfs4_client *client);

/**
 * dnfs4_previous_type - find out which delegation of the current file is kept
 * @cmp: has a client, and the file as current handle
 *
 * Return: OPEN_DELEGATE_READ, OPEN_DELEGATE_WRITE, or OPEN_DELEGATE_NONE.
 */
u32 dnfs4_previous_type(struct dnfs4_compound *cmp);

/**
 * dnfs4_previous_claim - claim the delegation of the current file
 * @cmp: has a client that is recorded, and the file as current handle
 * @out: filled on success
 *
 * Return: NFS4_OK; NFS4ERR_RECLAIM_BAD if none is kept; NFS4ERR_DELAY.
 */
u32 dnfs4_previous_claim(struct dnfs4_compound *cmp, struct dnfs4_delegated *out);

/**
 * dnfs4_previous_drop - give up what is kept of one file
 * @client: the client, which is about to get a delegation of the file
 * @node: the file
 */
void dnfs4_previous_drop(struct dnfs4_client *client, struct ditto_node *node);

/**
 * dnfs4_previous_purge - give up everything that is kept
 * @client: the client
 */
void dnfs4_previous_purge(struct dnfs4_client *client);

/**
 * dnfs4_previous_is_over - check whether the time to claim delegations is over
 * @client: the client
 *
 * Context: any.
 * Return: true if dnfs4_previous_purge() is due.
 */
bool dnfs4_previous_is_over(const struct dnfs4_client *client);

/*
 * callback.c: the callback channel of a client.
 *
 * In 4.0 the server connects to the address given in SETCLIENTID. In 4.1 it uses the
 * connections that are bound to the back channel. A channel is up after CB_NULL or CB_SEQUENCE
 * was answered.
 */

/**
 * struct dnfs4_callback_addr - 4.0: cb_client4 and callback_ident (RFC 7530 section 16.33)
 * @program: cb_program
 * @ident: callback_ident
 * @addr: address from r_netid and r_addr; ss_family 0 if they are not usable, in which case
 *	the client gets no delegations
 * @local: the server's address that the client used, the source address of callbacks
 */
struct dnfs4_callback_addr {
	u32 program;
	u32 ident;
	struct sockaddr_storage addr;
	struct sockaddr_storage local;
};

/**
 * dnfs4_callback_parse - parse the callback address of a 4.0 client
 * @net: the server's network namespace
 * @netid: r_netid; "tcp" and "tcp6" are supported
 * @netid_len: bytes of @netid
 * @uaddr: r_addr, a universal address (RFC 5665 section 5.2)
 * @uaddr_len: bytes of @uaddr
 * @addr: filled; ss_family 0 if the address is malformed or not supported
 */
void dnfs4_callback_parse(struct net *net, const char *netid, u32 netid_len, const char *uaddr,
			  u32 uaddr_len, struct sockaddr_storage *addr);

/**
 * dnfs4_callback_init - create the callback channel of a new client
 * @client: new
 *
 * Return: 0 or -ENOMEM.
 */
int dnfs4_callback_init(struct dnfs4_client *client);

/**
 * dnfs4_callback_stop - close the callback channel of a client
 * @client: being released
 *
 * Ends all callbacks without waiting for replies. No callback runs or is accepted afterwards.
 */
void dnfs4_callback_stop(struct dnfs4_client *client);

/**
 * dnfs4_callback_free - free the callback channel of a client
 * @client: being freed; may have no channel
 */
void dnfs4_callback_free(struct dnfs4_client *client);

/**
 * dnfs4_callback_set - 4.0: set the callback address of a client
 * @client: confirmed
 * @addr: the address
 *
 * The channel probes the address with CB_NULL.
 */
void dnfs4_callback_set(struct dnfs4_client *client, const struct dnfs4_callback_addr *addr);

/**
 * dnfs4_callback_changed - 4.1: note that the back channel changed
 * @client: the client, whose connections or callback parameters changed
 *
 * The channel probes the connection if necessary, and resends what is queued.
 *
 * Context: any.
 */
void dnfs4_callback_changed(struct dnfs4_client *client);

/**
 * dnfs4_callback_is_up - check whether a client can be called back now
 * @client: the client
 *
 * Context: any.
 * Return: true if its channel is up.
 */
bool dnfs4_callback_is_up(const struct dnfs4_client *client);

/**
 * dnfs4_callback_missed - 4.0: check whether RENEW must report NFS4ERR_CB_PATH_DOWN
 * @client: the client
 *
 * It must while callbacks do not reach a client that has delegations. It also must after a
 * delegation was revoked that the client may take for valid, until a DELEGRETURN of the client
 * or for one lease time from the first report.
 *
 * Context: any.
 * Return: true for NFS4ERR_CB_PATH_DOWN.
 */
bool dnfs4_callback_missed(struct dnfs4_client *client);

/* Create and destroy the memory of delegations, at module load and unload. */
int dnfs4_delegations_setup(void);
void dnfs4_delegations_cleanup(void);

/* Create and destroy the workqueue of callbacks, at module load and unload. */
int dnfs4_callbacks_setup(void);
void dnfs4_callbacks_cleanup(void);

/**
 * dnfs4_recall_slots - send CB_RECALL_SLOT with the present slot target
 * @session: uses more slots than its target
 *
 * Best effort. RFC 8881 section 20.8.
 */
void dnfs4_recall_slots(struct dnfs4_session *session);

/**
 * dnfs4_recall_any - ask all clients to return delegations that they do not need
 * @server: the server
 *
 * Sends CB_RECALL_ANY (RFC 8881 section 20.6) from a work item, at a limited rate.
 *
 * Context: any; does not wait.
 */
void dnfs4_recall_any(struct dnfs4_server *server);

#endif
