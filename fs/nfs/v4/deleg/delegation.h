/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Delegations: caching grants of the lock table as version 4 hands them out.
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_DELEGATION_H
#define _DITTO_FS_NFS_V4_DELEG_DELEGATION_H

#include "../engine/compound.h"

struct dnfs4_client;
struct dnfs4_open;
struct dnfs4_session;
struct net;

/**
 * struct dnfs4_delegated - open_delegation4 of an OPEN (RFC 8881 section 18.16.1)
 * @type: OPEN_DELEGATE_*
 * @stateid: of READ and WRITE
 * @recall: it is recalled already
 * @why: of NONE_EXT: why_no_delegation4
 * @will: of NONE_EXT with WND4_CONTENTION and WND4_RESOURCE: the client will be told later
 */
struct dnfs4_delegated {
	u32 type;
	struct dnfs4_stateid stateid;
	bool recall;
	u32 why;
	bool will;
};

/* Most bytes that it takes as open_delegation4. */
#define DNFS4_DELEGATED_BYTES	(4 + 16 + 4 + 12 + 28)
/* open_delegation4 in the reply to an OPEN; @minor 0 has no NONE_EXT. */
bool dnfs4_encode_delegated(struct xdr_stream *xdr, const struct dnfs4_delegated *out);

/**
 * dnfs4_delegate - may the client have a delegation with this open
 * @cmp: with the file as current handle, and a client
 * @open: just made, its state.lock held
 * @want: OPEN4_SHARE_ACCESS_WANT_* bits (0x0ff00) of the OPEN; 0 in 4.0
 * @claim: OPEN's claim_type4; CLAIM_PREVIOUS and CLAIM_DELEGATE_PREV reclaim
 * @reclaim_type: of CLAIM_PREVIOUS: OPEN_DELEGATE_* that it had
 * @out: filled; OPEN_DELEGATE_NONE unless something is granted, or 4.1 is told why not
 *
 * Never fails the OPEN.
 */
void dnfs4_delegate(struct dnfs4_compound *cmp, struct dnfs4_open *open, u32 want, u32 claim,
		    u32 reclaim_type, struct dnfs4_delegated *out);

/**
 * dnfs4_delegation_covers - CLAIM_DELEGATE_CUR: does a delegation of the client allow this
 * @cmp: its client
 * @sid: delegation stateid
 * @node: of the file
 * @access: OPEN4_SHARE_ACCESS_* of the OPEN
 *
 * Return: NFS4_OK; BAD_STATEID, OPENMODE and others.
 */
u32 dnfs4_delegation_covers(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
			    struct ditto_node *node, u32 access);

/**
 * dnfs4_delegation_check - does the client still have a delegation
 * @cmp: its client
 * @state: of the delegation, held; state->lock not held
 *
 * The grant may be void before its state is, and others may have changed the file by then:
 * the state follows here. May sleep.
 *
 * Return: NFS4_OK; DELEG_REVOKED, ADMIN_REVOKED; BAD_STATEID, which it is in 4.0 in any case.
 */
u32 dnfs4_delegation_check(const struct dnfs4_compound *cmp, struct dnfs4_state *state);

/* Is a delegation state one for writing? And of which file? For dnfs4_io_begin(). */
bool dnfs4_delegation_writes(const struct dnfs4_state *state);
struct ditto_node *dnfs4_delegation_node(const struct dnfs4_state *state);

/*
 * callback.c: the channel over which a client is called back.
 *
 * 4.0 dials the address of SETCLIENTID; 4.1 uses the connections that are bound for it.
 * A channel is up once a CB_NULL or CB_SEQUENCE was answered.
 */

/**
 * struct dnfs4_callback_addr - 4.0: cb_client4 and callback_ident (RFC 7530 section 16.33)
 * @program: cb_program
 * @ident: callback_ident
 * @addr: of r_netid and r_addr; ss_family 0 if they make no sense: no delegations then
 * @local: our address, from which the client is called
 */
struct dnfs4_callback_addr {
	u32 program;
	u32 ident;
	struct sockaddr_storage addr;
	struct sockaddr_storage local;
};

/**
 * dnfs4_callback_parse - where a client of 4.0 wants to be called back
 * @net: the server's namespace
 * @netid: r_netid, "tcp" or "tcp6"
 * @netid_len: of @netid
 * @uaddr: r_addr, a universal address (RFC 5665 section 5.2)
 * @uaddr_len: of @uaddr
 * @addr: filled; ss_family 0 if it makes no sense, or cannot be called
 */
void dnfs4_callback_parse(struct net *net, const char *netid, u32 netid_len, const char *uaddr,
			  u32 uaddr_len, struct sockaddr_storage *addr);

/* For client.c: make and end the channel with its client; set, or set anew, where it leads. */
int dnfs4_callback_init(struct dnfs4_client *client);
/* No callback runs or will; does not wait for the client to answer. May sleep. */
void dnfs4_callback_stop(struct dnfs4_client *client);
void dnfs4_callback_free(struct dnfs4_client *client);
/* 4.0, as it is confirmed: probes with CB_NULL. May sleep. */
void dnfs4_callback_set(struct dnfs4_client *client, const struct dnfs4_callback_addr *addr);
/* 4.1: connections or parameters of the back channel changed: probe, retry what waits. */
void dnfs4_callback_changed(struct dnfs4_client *client);
/* Can the client be called back now? Any context. */
bool dnfs4_callback_is_up(const struct dnfs4_client *client);

/*
 * 4.0: is RENEW to tell that the client cannot be called back? It is while the client has
 * delegations; and when one was revoked that it may take for valid, until it returns
 * delegations, or has had time to.
 */
bool dnfs4_callback_missed(struct dnfs4_client *client);

/* With the module. */
int dnfs4_callbacks_setup(void);
void dnfs4_callbacks_cleanup(void);

/* The session has more slots than it is to have: CB_RECALL_SLOT says so. May sleep. */
void dnfs4_recall_slots(struct dnfs4_session *session);

/* Memory is short, or the administrator asks: clients give back what they do not use. */
void dnfs4_recall_any(struct dnfs4_server *server);

#endif
