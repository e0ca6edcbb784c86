/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of shares that only NFS uses. */
#ifndef _DITTO_FS_NFS_SHARE_OPTIONS_H
#define _DITTO_FS_NFS_SHARE_OPTIONS_H

#include <linux/bits.h>
#include <linux/types.h>

#include "../../net/setting.h"
#include "../share/share.h"
#include "server.h"

/* Accepted connections, as bits of the option "xprtsec". */
#define DNFS_CONN_PLAIN	BIT(0)	/* without TLS */
#define DNFS_CONN_TLS	BIT(1)	/* with TLS */
#define DNFS_CONN_MTLS	BIT(2)	/* with TLS, and the client's certificate was verified */

/* Values of the option "nlm-callers". */
enum dnfs_nlm_callers {
	DNFS_NLM_PROVEN,
	DNFS_NLM_MACHINE,
	DNFS_NLM_SEC,
};

/* The options of one share, described in option_defs.h. */
struct dnfs_share_options {
#define OPTION(...) DITTO_SETTING_MEMBER(__VA_ARGS__)
#include "option_defs.h"
};

/**
 * dnfs_share_options - get NFS's own options of a share
 * @opts: current options of the share
 *
 * Context: RCU.
 * Return: the options, or NULL if NFS must not serve the share.
 */
static inline const struct dnfs_share_options *
dnfs_share_options(const struct ditto_share_opts *opts)
{
	return ditto_share_block(opts, dnfs_protocol_bit());
}

/* Get an option of NFS of a share, which is held; 0 if NFS must not serve it. Any context. */
#define dnfs_share_option(share, member) ({				\
	const struct dnfs_share_options *__own;				\
	u32 __value;							\
									\
	rcu_read_lock();						\
	__own = dnfs_share_options(rcu_dereference((share)->opts));	\
	__value = __own ? __own->member : 0;				\
	rcu_read_unlock();						\
	__value;							\
})

#endif
