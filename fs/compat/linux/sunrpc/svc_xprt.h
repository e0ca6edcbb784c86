/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_SUNRPC_SVC_XPRT_H
#define _DITTO_COMPAT_LINUX_SUNRPC_SVC_XPRT_H

#include_next <linux/sunrpc/svc_xprt.h>

#ifndef DITTO_HAVE_SVC_UNREGISTER
static inline void ditto_svc_xprt_destroy_all(struct svc_serv *serv, struct net *net,
					      bool unregister)
{
	svc_xprt_destroy_all(serv, net);
	if (unregister)
		svc_rpcb_cleanup(serv, net);
}

#define svc_xprt_destroy_all	ditto_svc_xprt_destroy_all
#endif

#endif
