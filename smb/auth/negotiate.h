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

/* negotiate_context.c */
u32 dsmb_offer_parse(struct dsmb_cursor *in, u32 offset, u16 count, u32 ciphers, bool compresses,
		     struct dsmb_offer *offer);
u16 dsmb_offer_answer(struct dsmb_builder *out, const struct dsmb_offer *offer);
u16 dsmb_dialect_choose(struct dsmb_cursor *in, u16 count, u16 min);

/* negotiate.c */
int dsmb_negotiate_smb1(struct dsmb_conn *conn, struct dsmb_cursor *in, struct dsmb_builder *out);
u32 dsmb_validate_negotiate(struct dsmb_call *call, struct dsmb_cursor *in,
			    struct dsmb_builder *out);
void dsmb_before_send(struct dsmb_call *call, const void *message, u32 len);

#endif
