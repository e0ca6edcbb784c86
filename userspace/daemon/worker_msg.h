/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between dittod and its workers, over SOCK_SEQPACKET: one packet
 * is one message. A worker may be in the hands of an attacker, so whatever it
 * sends is checked here for form and length, and by the receiver for meaning.
 *
 * A packet is the type and the length of the rest (u32 each), then the fields of
 * the type in the order of enum worker_field, each a length (u32) and its bytes.
 * Both sides are the same program, so numbers are in the order of the machine.
 */
#ifndef _DITTOD_WORKER_MSG_H
#define _DITTOD_WORKER_MSG_H

#include "auth.h"
#include "auth_ntlm.h"
#include "text.h"

/* Longest token or message of a pipe, as the specification of the netlink family says. */
#define WORKER_TOKEN_MAX	65000
/* Longest reason, with its NUL. */
#define WORKER_WHY_SIZE		sizeof(((struct why *)NULL)->text)
/* Longest packet. */
#define WORKER_PACKET_MAX	(WORKER_TOKEN_MAX + 4096)

/**
 * enum worker_type - messages
 * @WORKER_HELLO: from any worker: it is ready; of logins: how users can log in now
 * @WORKER_FORGET: to any worker: a login or a pipe will not go on
 * @WORKER_TAKE: to the login worker: a token of a client
 * @WORKER_TOOK: answer to @WORKER_TAKE
 * @WORKER_ASK: from the worker, at most once between the two: the passwords' line of a user
 * @WORKER_USER: answer to @WORKER_ASK, with a descriptor of the line if there is such a user
 * @WORKER_KEYTAB: to the worker: a descriptor of the keytab, empty if there is none; that with
 *	the highest number counts
 * @WORKER_CALL: to the pipe worker: what a client wrote into a pipe; a pipe begins with the
 *	first, which says whose it is
 * @WORKER_CALLED: answer to @WORKER_CALL
 * @WORKER_FIND: from the worker, between the two, as all that follow: an account
 * @WORKER_FOUND: answer to @WORKER_FIND
 * @WORKER_LIST: the shares
 * @WORKER_LISTED: answer to @WORKER_LIST, with a descriptor of the list, see share_list.h
 * @WORKER_RESOLVE: to the host worker: the address of a host
 * @WORKER_RESOLVED: answer to @WORKER_RESOLVE with the same number: an error, or the names, see
 *	host_names.h
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
	WORKER_FIND,
	WORKER_FOUND,
	WORKER_LIST,
	WORKER_LISTED,
	WORKER_RESOLVE,
	WORKER_RESOLVED,
	WORKER_TYPES
};

/* Bits of @mechs in struct worker_msg; the last one: system calls are filtered. */
#define WORKER_KERBEROS	1
#define WORKER_NTLM	2
#define WORKER_FILTERED	4

/**
 * struct worker_msg - a message
 * @type: enum worker_type; it decides which of the others are in it
 * @id: of the login, the pipe, the keytab or the host's look-up, chosen by dittod
 * @first: the token or message is the first one
 * @outcome: enum gss_outcome
 * @way: enum gss_way
 * @expires: wall clock in seconds, or AUTH_NEVER
 * @mechs: WORKER_*
 * @pipe: number of the kind of pipe, see rpc_pipe_number()
 * @uid: of the pipe's user, or of an account, which may be a group
 * @anonymous: the pipe's user gave no name
 * @find: enum sid_find
 * @error: positive errno or 0
 * @name: proved, see struct gss_peer
 * @user: who the client says it is, by NTLM; the pipe's user; name of an account
 * @domain: of @user
 * @why: for people
 * @key: session key
 * @key_len: bytes
 * @token: of the client, or for it, or what is written and read on a pipe, or the address or
 *	the names of a host; decoded, it lies in the packet
 * @token_len: bytes
 */
struct worker_msg {
	u32 type;
	u64 id;
	u64 first;
	u64 outcome;
	u64 way;
	u64 expires;
	u64 mechs;
	u64 pipe;
	u64 uid;
	u64 anonymous;
	u64 find;
	u64 error;
	char name[AUTH_USER_SIZE];
	char user[NSS_NAME_SIZE];
	char domain[NTLM_DOMAIN_SIZE];
	char why[WORKER_WHY_SIZE];
	u8 key[AUTH_KEY_MAX];
	size_t key_len;
	const u8 *token;
	size_t token_len;
};

/* To a packet; returns its length, 0 if a field is too long. */
size_t worker_msg_encode(const struct worker_msg *msg, u8 packet[WORKER_PACKET_MAX]);
/* From a packet; false if it is not exactly one message with every field within its limits. */
bool worker_msg_decode(struct worker_msg *msg, const u8 *packet, size_t len);

/**
 * worker_msg_send - send a message
 * @fd: socket
 * @msg: the message
 * @pass: descriptor to go with it, or -1
 *
 * Never blocks. Return: 0, -EAGAIN (the other side does not read), another negative errno.
 */
int worker_msg_send(int fd, const struct worker_msg *msg, int pass);

/**
 * worker_msg_receive - wait for a message
 * @fd: socket
 * @msg: filled; its token is in @packet
 * @packet: memory for it
 * @passed: filled with the descriptor that came with it, or -1; NULL to accept none
 * @until: CLOCK_MONOTONIC in ms, or 0 to wait for ever
 *
 * Return: 0, -ETIMEDOUT, -ECONNRESET (the other side ended), -EBADMSG (it makes no sense),
 * another negative errno.
 */
int worker_msg_receive(int fd, struct worker_msg *msg, u8 packet[WORKER_PACKET_MAX], int *passed,
		       u64 until);

#endif
