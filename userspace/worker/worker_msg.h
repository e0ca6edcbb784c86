/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between dittod and its workers, over SOCK_SEQPACKET: one packet is one message. A
 * worker may be compromised, so form and length of each message are checked here, and its meaning
 * by the receiver.
 *
 * A packet consists of the type and the length of the rest (u32 each), followed by the fields of
 * the type in the order of enum worker_field, each a length (u32) and its bytes. Both sides are
 * the same program, so numbers are in host byte order.
 */
#ifndef _DITTOD_WORKER_MSG_H
#define _DITTOD_WORKER_MSG_H

#include "auth/auth.h"
#include "auth/ntlm/ntlm_users.h"
#include "text.h"

/* Longest token or message of a pipe, as in the specification of the netlink family. */
#define WORKER_TOKEN_MAX	65000
/* Longest reason, including the NUL. */
#define WORKER_WHY_SIZE		sizeof(((struct why *)NULL)->text)
/* Longest list of SIDs, in bytes. */
#define WORKER_SIDS_MAX		(SID_LIST_MAX * SID_SIZE_MAX)
/* Longest packet, in bytes. */
#define WORKER_PACKET_MAX	(WORKER_TOKEN_MAX + WORKER_SIDS_MAX + 4096)

/**
 * enum worker_type - types of messages
 * @WORKER_HELLO: from any worker: it is ready; from the login worker: the available mechanisms
 * @WORKER_FORGET: to the pipe worker: drop a pipe
 * @WORKER_TAKE: to the login worker: a token of a client
 * @WORKER_TOOK: answer to @WORKER_TAKE
 * @WORKER_ASK: from the login worker, at most once before @WORKER_TOOK: requests the
 *	NT hash of a local user
 * @WORKER_USER: answer to @WORKER_ASK, with the NT hash if there is such a user; or with an error
 *	if nobody else can be asked about the user now
 * @WORKER_KEYTAB: to the login worker: a descriptor of the keytab, empty if there is none;
 *	the keytab with the highest number is valid. To the keytab worker: the same
 * @WORKER_CALL: to the pipe worker: bytes that a client wrote into a pipe; the first one
 *	opens the pipe and carries its user
 * @WORKER_CALLED: answer to @WORKER_CALL, or a part of it
 * @WORKER_GO_ON: to the pipe worker: the next part of the answer is wanted
 * @WORKER_FIND: from the pipe worker, before @WORKER_CALLED: requests the name of a SID, or the
 *	SID of a name
 * @WORKER_FOUND: answer to @WORKER_FIND
 * @WORKER_LIST: from the pipe worker, before @WORKER_CALLED: requests the shares
 * @WORKER_ROWS: from the pipe worker, before @WORKER_CALLED: requests another list
 * @WORKER_LISTED: answer to both, with a descriptor of the list, see share_list.h and row_list.h
 * @WORKER_END: from the pipe worker, before @WORKER_CALLED: requests the end of one of a list
 * @WORKER_CHANGE: from the pipe worker, before @WORKER_CALLED: a change of a share, see
 *	share_change.h
 * @WORKER_ENDED: answer to @WORKER_END and @WORKER_CHANGE
 * @WORKER_RESOLVE: to the host worker: the address of a host
 * @WORKER_RESOLVED: answer to @WORKER_RESOLVE with the same number: an error or the names,
 *	see host_names.h
 * @WORKER_TLS_KEYS: to the TLS worker: a descriptor of a file of numbers (u32), the sizes of the
 *	files of enum tls_file in bytes, and of these
 * @WORKER_TLS_TAKEN: answer to @WORKER_TLS_KEYS with the same number: 0, perhaps with a warning, or
 *	why the keys before them stay
 * @WORKER_SHAKE: to the TLS worker, with the descriptor of a socket: do a handshake
 * @WORKER_SHAKEN: answer to @WORKER_SHAKE with the same number, when the handshake has ended
 * @WORKER_PROVED: from the keytab worker: 0, EKEYREJECTED if the keys are not the KDC's, another
 *	error if that is not known; and why
 * @WORKER_TYPES: one more than the highest type
 */
enum worker_type {
	WORKER_HELLO = 1,
	WORKER_FORGET,
	WORKER_TAKE,
	WORKER_TOOK,
	WORKER_ASK,
	WORKER_USER,
	WORKER_KEYTAB,
	WORKER_CALL,
	WORKER_CALLED,
	WORKER_GO_ON,
	WORKER_FIND,
	WORKER_FOUND,
	WORKER_LIST,
	WORKER_ROWS,
	WORKER_LISTED,
	WORKER_END,
	WORKER_CHANGE,
	WORKER_ENDED,
	WORKER_RESOLVE,
	WORKER_RESOLVED,
	WORKER_TLS_KEYS,
	WORKER_TLS_TAKEN,
	WORKER_SHAKE,
	WORKER_SHAKEN,
	WORKER_PROVED,
	WORKER_TYPES
};

/* Bits of @mechs in struct worker_msg. WORKER_FILTERED: system calls are filtered. */
#define WORKER_KERBEROS	1
#define WORKER_NTLM	2
#define WORKER_FILTERED	4

/**
 * struct worker_msg - a message
 * @type: enum worker_type; determines which other members are transmitted
 * @id: number of the login, pipe, keytab or look-up, chosen by dittod; of what is to end
 * @first: the token or message is the first one
 * @forget: number of a login to be dropped first, or 0
 * @rpcsec: the token is one of RPCSEC_GSS
 * @outcome: enum gss_outcome
 * @way: enum gss_way
 * @expires: wall clock in seconds, or AUTH_NEVER
 * @mechs: WORKER_* bits
 * @pipe: kind of pipe, see rpc_pipe_number()
 * @uid: number of the pipe's user
 * @anonymous: the pipe's user gave no name
 * @guest: the pipe's user did not prove the name
 * @administrator: see struct rpc_user
 * @more: another part of the answer follows
 * @until: CLOCK_MONOTONIC in ms; names are not asked for after it
 * @list: enum rpc_list
 * @by_name: a SID is requested, not a name
 * @use: enum sid_use
 * @error: positive errno or 0
 * @enctype: see struct auth_context, also for the next three; only if @rpcsec
 * @subkey: the acceptor chose the key
 * @seq: number of the acceptor's first message
 * @target: the principal of this machine
 * @server: this side of a handshake is the server
 * @certify: a client sends its certificate if it is asked for one
 * @proved: the peer has a certificate that was verified
 * @timeout: time that a handshake may take, in ms
 * @name: the proved name, see struct gss_peer; for a handshake, the name that the server's
 *	certificate must have, and then the name in the client's certificate
 * @user: user name that an NTLM client claims, the pipe's user, or a name
 * @sid: SID of the machine or of a name, as text
 * @domain: domain of @user
 * @why: reason, for log messages
 * @key: session key, or NT hash of a user
 * @key_len: length of @key in bytes
 * @token: token from or for the client, bytes written to or read from a pipe, a change of a
 *	share, or address or names of a host; in a decoded message it points into the packet
 * @token_len: length of @token in bytes
 * @sids: SIDs by which a domain controller vouches for the client, see sid_list_put(); in a
 *	decoded message it points into the packet
 * @sids_len: length of @sids in bytes
 */
struct worker_msg {
	u32 type;
	u64 id;
	u64 first;
	u64 forget;
	u64 rpcsec;
	u64 outcome;
	u64 way;
	u64 expires;
	u64 mechs;
	u64 pipe;
	u64 uid;
	u64 anonymous;
	u64 guest;
	u64 administrator;
	u64 more;
	u64 until;
	u64 list;
	u64 by_name;
	u64 use;
	u64 error;
	u64 enctype;
	u64 subkey;
	u64 seq;
	char target[NSS_NAME_SIZE];
	u64 server;
	u64 certify;
	u64 proved;
	u64 timeout;
	char name[AUTH_USER_SIZE];
	char user[NSS_NAME_SIZE];
	char sid[NSS_NAME_SIZE];
	char domain[NTLM_DOMAIN_SIZE];
	char why[WORKER_WHY_SIZE];
	u8 key[AUTH_KEY_MAX];
	size_t key_len;
	const u8 *token;
	size_t token_len;
	const u8 *sids;
	size_t sids_len;
};

/* Encode a message. Returns the length of the packet, 0 if a field is too long. */
size_t worker_msg_encode(const struct worker_msg *msg, u8 packet[WORKER_PACKET_MAX]);
/*
 * Decode a packet. Returns false unless it is exactly one message with every field within its
 * limits.
 */
bool worker_msg_decode(struct worker_msg *msg, const u8 *packet, size_t len);

/**
 * worker_msg_send - send a message
 * @fd: socket
 * @msg: the message
 * @pass: descriptor to pass along, or -1; stays the caller's
 *
 * Never blocks. Return: 0, -EAGAIN (the other side does not read), another negative errno.
 */
int worker_msg_send(int fd, const struct worker_msg *msg, int pass);

/**
 * worker_msg_receive - wait for a message
 * @fd: socket
 * @msg: filled; its token points into @packet
 * @packet: receive buffer
 * @passed: filled with the descriptor that was passed along, owned by the caller, or -1;
 *	NULL to accept none
 * @until: CLOCK_MONOTONIC in ms, or 0 to wait without limit
 *
 * Return: 0, -ETIMEDOUT, -ECONNRESET (the other side ended), -EBADMSG (invalid message), another
 * negative errno.
 */
int worker_msg_receive(int fd, struct worker_msg *msg, u8 packet[WORKER_PACKET_MAX], int *passed,
		       u64 until);

#endif
