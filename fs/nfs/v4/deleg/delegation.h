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

bool dnfs4_room_want(const struct dnfs4_compound *cmp);
void dnfs4_room_cancel(struct dnfs4_client *client);

bool dnfs4_encode_delegated(struct xdr_stream *xdr, const struct dnfs4_delegated *out);

void dnfs4_delegate(struct dnfs4_compound *cmp, struct dnfs4_open *open, u32 want, u32 claim,
		    u32 reclaim_type, struct dnfs4_delegated *out);
void dnfs4_delegate_wanted(struct dnfs4_compound *cmp, u32 type, u32 want, bool reclaim,
			   struct dnfs4_delegated *out);
bool dnfs4_delegation_may_reclaim(const struct dnfs4_compound *cmp, u32 type);
u32 dnfs4_delegation_covers(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
			    struct ditto_node *node, u32 access);
u32 dnfs4_delegation_check(const struct dnfs4_compound *cmp, struct dnfs4_state *state);
bool dnfs4_delegation_writes(const struct dnfs4_state *state);
struct ditto_node *dnfs4_delegation_node(const struct dnfs4_state *state);

u32 dnfs4_delegation_set_times(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
			       const struct ditto_lease_times *times);

void dnfs4_delegation_note_mtime(struct dnfs4_client *client, const struct ditto_node *node,
				 bool set);

/*
 * previous.c: delegations of the previous instance of a client, which the client may claim after
 * its restart (RFC 8881 section 10.2.1, RFC 7530 section 10.2.1). They are orphans in the lock
 * table.
 */

void dnfs4_previous_inherit(struct dnfs4_client *client, struct dnfs4_client *old);
u32 dnfs4_previous_check(struct dnfs4_client *client);
u32 dnfs4_previous_type(struct dnfs4_compound *cmp);
u32 dnfs4_previous_claim(struct dnfs4_compound *cmp, struct dnfs4_delegated *out);
void dnfs4_previous_drop(struct dnfs4_client *client, struct ditto_node *node);
void dnfs4_previous_purge(struct dnfs4_client *client);
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

void dnfs4_callback_parse(struct net *net, const char *netid, u32 netid_len, const char *uaddr,
			  u32 uaddr_len, struct sockaddr_storage *addr);

int dnfs4_callback_init(struct dnfs4_client *client);
void dnfs4_callback_stop(struct dnfs4_client *client);
void dnfs4_callback_free(struct dnfs4_client *client);
void dnfs4_callback_set(struct dnfs4_client *client, const struct dnfs4_callback_addr *addr);
void dnfs4_callback_changed(struct dnfs4_client *client);
bool dnfs4_callback_is_up(const struct dnfs4_client *client);

bool dnfs4_callback_missed(struct dnfs4_client *client);

/* Create and destroy the memory of delegations, at module load and unload. */
int dnfs4_delegations_setup(void);
void dnfs4_delegations_cleanup(void);

/* Create and destroy the workqueue of callbacks, at module load and unload. */
int dnfs4_callbacks_setup(void);
void dnfs4_callbacks_cleanup(void);

void dnfs4_recall_slots(struct dnfs4_session *session);
void dnfs4_recall_any(struct dnfs4_server *server);

#endif
