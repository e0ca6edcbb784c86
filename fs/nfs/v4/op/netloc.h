/* SPDX-License-Identifier: GPL-2.0-only */
/* Servers of a copy on the wire: netloc4 (RFC 7862 section 4.2.2). */
#ifndef _DITTO_FS_NFS_V4_OP_NETLOC_H
#define _DITTO_FS_NFS_V4_OP_NETLOC_H

#include <linux/types.h>

struct dnfs4_compound;
struct sockaddr;
struct xdr_stream;

/* Bytes of one netloc4 with an address: type, netid, and universal address. */
#define DNFS4_NETLOC_BYTES	(4 + 4 + 4 + 4 + 64)

/**
 * struct dnfs4_netloc - a server
 * @type: NL4_NAME, NL4_URL or NL4_NETADDR
 * @netid_len: bytes of @netid
 * @text_len: bytes of @text
 * @netid: network of an address, not terminated; else NULL
 * @text: name, URL or universal address, not terminated
 */
struct dnfs4_netloc {
	u32 type;
	u32 netid_len;
	u32 text_len;
	const char *netid;
	const char *text;
};

/**
 * dnfs4_netloc_decode - decode a netloc4
 * @cmp: compound
 * @loc: filled; its texts are valid until the operation ends
 *
 * Return: NFS4_OK or NFS4ERR_BADXDR.
 */
u32 dnfs4_netloc_decode(struct dnfs4_compound *cmp, struct dnfs4_netloc *loc);

/**
 * dnfs4_netlocs_encode - encode an array of netloc4 with at most one address
 * @xdr: results
 * @sa: the address and port; the array is empty if it is neither IPv4 nor IPv6
 *
 * Return: false if it does not fit.
 */
bool dnfs4_netlocs_encode(struct xdr_stream *xdr, const struct sockaddr *sa);

#endif
