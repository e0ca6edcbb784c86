/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_SUNRPC_SVCSOCK_H
#define _DITTO_COMPAT_LINUX_SUNRPC_SVCSOCK_H

#include_next <linux/sunrpc/svcsock.h>

#ifndef DITTO_HAVE_SVC_RECV_TIMEO
static inline int ditto_svc_recv(struct svc_rqst *rqstp, long timeo)
{
	svc_recv(rqstp);
	return 0;
}

#define svc_recv	ditto_svc_recv
#endif

#endif
