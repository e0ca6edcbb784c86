/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_SUNRPC_SVC_H
#define _DITTO_COMPAT_LINUX_SUNRPC_SVC_H

#include_next <linux/sunrpc/svc.h>

#ifndef DITTO_HAVE_RQ_PRIVATE
/* The NFS server of the kernel uses it alone; sunrpc allocates it as NULL and never touches it. */
#define rq_private	rq_lease_breaker
#endif

#ifdef DITTO_HAVE_RESPAGES
/* Before a call, sunrpc allocates those in front of rq_next_page that miss. */
static inline void svc_rqst_respages_refill(struct svc_rqst *rqstp)
{
	rqstp->rq_next_page = rqstp->rq_respages + rqstp->rq_maxpages;
}

static inline void svc_rqst_respages_all(struct svc_rqst *rqstp)
{
}
#else
/* Before a call, sunrpc allocates all that miss. */
static inline void svc_rqst_respages_refill(struct svc_rqst *rqstp)
{
}

/* Reply with the pages of the call, too, of which the reply has the rest otherwise. */
static inline void svc_rqst_respages_all(struct svc_rqst *rqstp)
{
	rqstp->rq_respages = rqstp->rq_pages;
}
#endif

/* Otherwise sunrpc ends the oldest connection if there are many. */
static inline void svc_serv_unlimit_connections(struct svc_serv *serv)
{
#ifdef DITTO_HAVE_SV_MAXCONN
	serv->sv_maxconn = UINT_MAX;
#else
	/* There are too many if they are more than XPT_MAX_TMP_CONN. */
	serv->sv_tmpcnt = INT_MIN / 2;
#endif
}

#ifndef DITTO_HAVE_SVC_NRPOOLS
static inline unsigned int svc_serv_nrpools(const struct svc_serv *serv)
{
	return serv->sv_nrpools;
}
#endif

#ifndef DITTO_HAVE_SVC_SET_MIN_THREADS
static inline int ditto_svc_set_num_threads(struct svc_serv *serv, unsigned int min_threads,
					    unsigned int nrservs)
{
	return svc_set_num_threads(serv, NULL, nrservs);
}

#define svc_set_num_threads	ditto_svc_set_num_threads
#endif

#endif
