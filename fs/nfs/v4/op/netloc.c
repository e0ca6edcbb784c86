// SPDX-License-Identifier: GPL-2.0-only
/* Servers of a copy on the wire, see netloc.h. */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/nfs4.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/sunrpc/addr.h>
#include <kunit/visibility.h>
#include <net/ipv6.h>

#include "../engine/compound.h"
#include "netloc.h"

/* A netloc4 is longer than a name, an URL or a universal address needs. */
#define NETLOC_MAX	1024
/* An IPv6 address, and a port as two numbers. */
#define NETLOC_UADDR	(INET6_ADDRSTRLEN + 8)

u32 dnfs4_netloc_decode(struct dnfs4_compound *cmp, struct dnfs4_netloc *loc)
{
	const void *data;
	u32 status;

	*loc = (struct dnfs4_netloc){};
	if (xdr_stream_decode_u32(cmp->in, &loc->type))
		return NFS4ERR_BADXDR;
	switch (loc->type) {
	case NL4_NETADDR:
		status = dnfs4_decode_opaque(cmp, NETLOC_MAX, &data, &loc->netid_len);
		if (status)
			return status;
		loc->netid = data;
		fallthrough;
	case NL4_NAME:
	case NL4_URL:
		status = dnfs4_decode_opaque(cmp, NETLOC_MAX, &data, &loc->text_len);
		loc->text = status ? NULL : data;
		return status;
	}
	return NFS4ERR_BADXDR;
}

bool dnfs4_netlocs_encode(struct xdr_stream *xdr, const struct sockaddr *sa)
{
	const struct in6_addr *in6 = &((const struct sockaddr_in6 *)sa)->sin6_addr;
	const void *in = &((const struct sockaddr_in *)sa)->sin_addr;
	bool is_in6 = sa->sa_family == AF_INET6 && !ipv6_addr_v4mapped(in6);
	const char *netid = is_in6 ? "tcp6" : "tcp";
	u16 port = rpc_get_port(sa);
	char text[NETLOC_UADDR];
	u32 len;

	if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)
		return xdr_stream_encode_u32(xdr, 0) >= 0;
	if (sa->sa_family == AF_INET6)
		in = &in6->s6_addr32[3];
	/* Universal addresses end with the port (RFC 5665 section 5.2.3). */
	if (is_in6)
		len = scnprintf(text, sizeof(text), "%pI6c.%u.%u", in6, port >> 8, port & 0xff);
	else
		len = scnprintf(text, sizeof(text), "%pI4.%u.%u", in, port >> 8, port & 0xff);
	return xdr_stream_encode_u32(xdr, 1) >= 0 &&
	       xdr_stream_encode_u32(xdr, NL4_NETADDR) >= 0 &&
	       xdr_stream_encode_opaque(xdr, netid, strlen(netid)) >= 0 &&
	       xdr_stream_encode_opaque(xdr, text, len) >= 0;
}
EXPORT_SYMBOL_IF_KUNIT(dnfs4_netlocs_encode);
