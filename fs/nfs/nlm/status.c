// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only place where an errno becomes a status of NLM or NSM (C702 section 10.2,
 * RFC 1813 section 6.1.4).
 */
#include <linux/errno.h>
#include <linux/kernel.h>

#include "proto.h"
#include "status.h"

struct dnlm_status {
	int err;
	u8 v4;
	u8 v3;
};

static const struct dnlm_status dnlm_statuses[] = {
	{ 0,		NLM_GRANTED,		NLM_GRANTED },
	{ EAGAIN,	NLM_DENIED,		NLM_DENIED },
	/* Queued now, or queued before by the same request. */
	{ EINPROGRESS,	NLM_BLOCKED,		NLM_BLOCKED },
	{ EALREADY,	NLM_BLOCKED,		NLM_BLOCKED },
	/* Clients retry after this status, whatever the reason. */
	{ EPERM,	NLM_DENIED_GRACE_PERIOD, NLM_DENIED_GRACE_PERIOD },
	{ EBUSY,	NLM_DENIED_GRACE_PERIOD, NLM_DENIED_GRACE_PERIOD },
	{ EJUKEBOX,	NLM_DENIED_GRACE_PERIOD, NLM_DENIED_GRACE_PERIOD },
	{ ENOGRACE,	NLM_DENIED_GRACE_PERIOD, NLM_DENIED_GRACE_PERIOD },
	/* The host was released during the request: retried with a new client. */
	{ ESHUTDOWN,	NLM_DENIED_GRACE_PERIOD, NLM_DENIED_GRACE_PERIOD },
	{ ENOLCK,	NLM_DENIED_NOLOCKS,	NLM_DENIED_NOLOCKS },
	{ ENOMEM,	NLM_DENIED_NOLOCKS,	NLM_DENIED_NOLOCKS },
	{ EDEADLK,	NLM4_DEADLCK,		NLM_DENIED },
	{ EROFS,	NLM4_ROFS,		NLM_DENIED_NOLOCKS },
	{ ESTALE,	NLM4_STALE_FH,		NLM_DENIED_NOLOCKS },
	{ EBADHANDLE,	NLM4_STALE_FH,		NLM_DENIED_NOLOCKS },
	{ EFBIG,	NLM4_FBIG,		NLM_DENIED_NOLOCKS },
	{ EOVERFLOW,	NLM4_FBIG,		NLM_DENIED_NOLOCKS },
};

/*
 * Translate an errno to a status of NLM version 4. Return: enum nlm_status; NLM4_FAILED for an
 * errno without a row.
 */
u32 dnlm4_status(int err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dnlm_statuses); i++)
		if (dnlm_statuses[i].err == -err)
			return dnlm_statuses[i].v4;
	return NLM4_FAILED;
}

/*
 * Translate an errno to a status of NLM versions 1 and 3. Return: one of the first five of enum
 * nlm_status; NLM_DENIED_NOLOCKS for an errno without a row.
 */
u32 dnlm3_status(int err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dnlm_statuses); i++)
		if (dnlm_statuses[i].err == -err)
			return dnlm_statuses[i].v3;
	return NLM_DENIED_NOLOCKS;
}

/* Translate an errno to a result of NSM. Return: enum nsm_result. */
u32 dnsm_status(int err)
{
	return err ? NSM_FAILURE : NSM_SUCCESS;
}
