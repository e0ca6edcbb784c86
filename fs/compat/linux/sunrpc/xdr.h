/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_SUNRPC_XDR_H
#define _DITTO_COMPAT_LINUX_SUNRPC_XDR_H

#include_next <linux/sunrpc/xdr.h>

#ifndef DITTO_HAVE_XDR_PAGES_OF_BUF
static inline void ditto_xdr_init_encode_pages(struct xdr_stream *xdr, struct xdr_buf *buf)
{
	xdr_init_encode_pages(xdr, buf, buf->pages, NULL);
}

#define xdr_init_encode_pages	ditto_xdr_init_encode_pages
#endif

#endif
