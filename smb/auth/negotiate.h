/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NEGOTIATE: the dialect of a connection, its capabilities, and its signing and encryption
 * algorithms (MS-SMB2 sections 2.2.3, 2.2.4, 3.3.5.3 and 3.3.5.4).
 */
#ifndef _DITTO_SMB_AUTH_NEGOTIATE_H
#define _DITTO_SMB_AUTH_NEGOTIATE_H

#include <linux/types.h>

#include "../wire/wire.h"

struct dsmb_builder;
struct dsmb_call;
struct dsmb_conn;
struct dsmb_cursor;

/* NegotiateContext types: MS-SMB2 section 2.2.3.1; POSIX is an extension. */
#define DSMB_CONTEXT_PREAUTH		0x0001
#define DSMB_CONTEXT_ENCRYPTION		0x0002
#define DSMB_CONTEXT_COMPRESSION	0x0003
#define DSMB_CONTEXT_NETNAME		0x0005
#define DSMB_CONTEXT_TRANSPORT		0x0006
#define DSMB_CONTEXT_RDMA		0x0007
#define DSMB_CONTEXT_SIGNING		0x0008
#define DSMB_CONTEXT_POSIX		0x0100

/* MS-SMB2 section 2.2.3.1.1. */
#define DSMB_HASH_SHA512		0x0001

/* Limit of this server; clients send a handful. */
#define DSMB_CONTEXTS_MAX		32

/**
 * struct dsmb_offer - the choices made from the contexts of a NEGOTIATE
 * @seen: bit of each context type up to 15 that was present, for types allowed only once
 * @cipher: the chosen cipher; NONE without a common one
 * @signing: the chosen signing algorithm
 * @posix: the POSIX extensions were offered
 * @compression: the common compression algorithms
 */
struct dsmb_offer {
	u16 seen;
	enum dsmb_cipher cipher;
	enum dsmb_signing signing;
	bool posix;
	struct dsmb_compression compression;
};

/**
 * dsmb_offer_parse - parse the contexts of a NEGOTIATE (MS-SMB2 sections 2.2.3.1 and 3.3.5.4)
 * @in: the message from its header on
 * @offset: NegotiateContextOffset
 * @count: NegotiateContextCount
 * @ciphers: bits of enum dsmb_cipher that may be chosen
 * @compresses: compression is supported; else a context about it is ignored
 * @offer: filled
 *
 * Context: any.
 * Return: STATUS_SUCCESS; INVALID_PARAMETER; SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP if SHA-512 is
 * not offered.
 */
u32 dsmb_offer_parse(struct dsmb_cursor *in, u32 offset, u16 count, u32 ciphers, bool compresses,
		     struct dsmb_offer *offer);

/**
 * dsmb_offer_answer - write the contexts of the response (MS-SMB2 section 2.2.4.1)
 * @out: the response; contexts are aligned in it
 * @offer: from dsmb_offer_parse()
 *
 * Context: any.
 * Return: NegotiateContextCount.
 */
u16 dsmb_offer_answer(struct dsmb_builder *out, const struct dsmb_offer *offer);

/**
 * dsmb_dialect_choose - choose the greatest common dialect
 * @in: positioned at the dialects of the request
 * @count: number of dialects
 * @min: the lowest dialect that may be chosen
 *
 * Context: any.
 * Return: the dialect; 0 if there is none.
 */
u16 dsmb_dialect_choose(struct dsmb_cursor *in, u16 count, u16 min);

/**
 * dsmb_negotiate_smb1 - handle the SMB1 multi-protocol negotiation (MS-SMB2 section 3.3.5.3)
 * @conn: before NEGOTIATE
 * @in: the SMB1 message, from its protocol id on
 * @out: filled with header and body of an SMB2 NEGOTIATE response, or with an SMB1 one
 *
 * Return: 0, or a negative errno: the connection must be dropped; with -EPROTONOSUPPORT, which has
 * an SMB1 response, after that was sent.
 */
int dsmb_negotiate_smb1(struct dsmb_conn *conn, struct dsmb_cursor *in, struct dsmb_builder *out);

/**
 * dsmb_validate_negotiate - handle FSCTL_VALIDATE_NEGOTIATE_INFO (MS-SMB2 section 3.3.5.15.12)
 * @call: of IOCTL
 * @in: its input
 * @out: filled with its output, 24 bytes; its size is MaxOutputResponse if that is less
 *
 * Context: any.
 * Return: STATUS_SUCCESS; DSMB_DROP if the values differ from NEGOTIATE, so that the negotiation
 * was tampered with, or if the response does not fit.
 */
u32 dsmb_validate_negotiate(struct dsmb_call *call, struct dsmb_cursor *in,
			    struct dsmb_builder *out);

/**
 * dsmb_before_send - extend the preauthentication hash by a response (MS-SMB2 section 3.3.4.1)
 * @call: of NEGOTIATE or SESSION_SETUP
 * @message: the response as it will be sent: signed, from its header on, without padding
 * @len: its bytes
 *
 * To be called before the first byte is sent, because the client's next request may follow
 * immediately.
 */
void dsmb_before_send(struct dsmb_call *call, const void *message, u32 len);

#endif
