/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NEGOTIATE: what a connection speaks, how it signs and encrypts
 * (MS-SMB2 sections 2.2.3, 2.2.4, 3.3.5.3, 3.3.5.4).
 */
#ifndef _DITTO_SMB_AUTH_NEGOTIATE_H
#define _DITTO_SMB_AUTH_NEGOTIATE_H

#include <linux/types.h>

#include "../transport/wire.h"

struct dsmb_builder;
struct dsmb_call;
struct dsmb_conn;
struct dsmb_cursor;

/* 2.2.3.1 */
#define DSMB_CONTEXT_PREAUTH		0x0001
#define DSMB_CONTEXT_ENCRYPTION		0x0002
#define DSMB_CONTEXT_COMPRESSION	0x0003
#define DSMB_CONTEXT_NETNAME		0x0005
#define DSMB_CONTEXT_TRANSPORT		0x0006
#define DSMB_CONTEXT_RDMA		0x0007
#define DSMB_CONTEXT_SIGNING		0x0008
#define DSMB_CONTEXT_POSIX		0x0100

/* 2.2.3.1.1 */
#define DSMB_HASH_SHA512		0x0001

/* Limits of ours: clients send a handful. */
#define DSMB_CONTEXTS_MAX		32
#define DSMB_DIALECTS_MAX		64

/**
 * struct dsmb_offer - what the contexts of a NEGOTIATE said, and what was chosen from it
 * @seen: bit of each type up to 15
 * @cipher: the best of those offered; NONE without one in common
 * @signing: the best of those offered
 * @posix: the POSIX extensions were offered
 */
struct dsmb_offer {
	u16 seen;
	enum dsmb_cipher cipher;
	enum dsmb_signing signing;
	bool posix;
};

/**
 * dsmb_offer_parse - read the contexts of a NEGOTIATE (2.2.3.1, 3.3.5.4)
 * @in: the message from its header on
 * @offset: NegotiateContextOffset
 * @count: NegotiateContextCount
 * @ciphers: bits of enum dsmb_cipher that may be chosen
 * @offer: filled
 *
 * Return: a status.
 */
u32 dsmb_offer_parse(struct dsmb_cursor *in, u32 offset, u16 count, u32 ciphers,
		     struct dsmb_offer *offer);

/* Put the answering contexts (2.2.4.1), aligned; returns how many. */
u16 dsmb_offer_answer(struct dsmb_builder *out, const struct dsmb_offer *offer);

/* The greatest dialect of @count at @in that is not below @min; 0 if there is none. */
u16 dsmb_dialect_choose(struct dsmb_cursor *in, u16 count, u16 min);

/**
 * dsmb_negotiate_smb1 - answer the old multi-protocol negotiation (3.3.5.3)
 * @conn: nothing was negotiated on it
 * @in: the SMB1 message, from its protocol id on
 * @out: gets header and body of an SMB2 NEGOTIATE response
 *
 * Return: 0, or an errno for which the connection is to be dropped.
 */
int dsmb_negotiate_smb1(struct dsmb_conn *conn, struct dsmb_cursor *in, struct dsmb_builder *out);

/**
 * dsmb_validate_negotiate - FSCTL_VALIDATE_NEGOTIATE_INFO (3.3.5.15.12)
 * @call: of IOCTL
 * @in: its input
 * @out: gets its output, 24 bytes
 *
 * Return: DSMB_SUCCESS, or DSMB_DROP where somebody changed what was negotiated.
 */
u32 dsmb_validate_negotiate(struct dsmb_call *call, struct dsmb_cursor *in,
			    struct dsmb_builder *out);

/**
 * dsmb_before_send - a response of NEGOTIATE or SESSION_SETUP is about to be sent
 * @call: answered
 * @message: the response as it goes out: signed, from its header on, without padding
 *	behind it
 * @len: bytes
 *
 * It becomes part of the preauthentication hash where it has to (3.3.4.1). To be
 * called before the first byte is sent, as the client's next request may follow at once.
 */
void dsmb_before_send(struct dsmb_call *call, const void *message, u32 len);

#endif
