/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of shares that only SMB uses. */
#ifndef _DITTO_SMB_SHARE_OPTIONS_H
#define _DITTO_SMB_SHARE_OPTIONS_H

#include <linux/types.h>

#include "../fs/share/share.h"
#include "../net/listener.h"
#include "../net/setting.h"
#include "server.h"

struct dsmb_session;

/* The options of one share, described in option_defs.h. */
struct dsmb_share_options {
#define OPTION(...) DITTO_SETTING_MEMBER(__VA_ARGS__)
#include "option_defs.h"
};

/* Values of @compress. */
enum dsmb_share_compress {
	DSMB_SHARE_COMPRESS_OFF,	/* nothing that clients get */
	DSMB_SHARE_COMPRESS_ASK,	/* what they ask for */
	DSMB_SHARE_COMPRESS_ON,		/* the same, and they should ask */
};

/**
 * dsmb_share_options - get SMB's own options of a share
 * @opts: current options of the share
 *
 * Context: RCU.
 * Return: the options, or NULL if SMB must not serve the share.
 */
static inline const struct dsmb_share_options *
dsmb_share_options(const struct ditto_share_opts *opts)
{
	return ditto_share_block(opts, dsmb_protocol.bit);
}

umode_t dsmb_share_new_mode(const struct ditto_share *share, umode_t mode, bool is_dir);
bool dsmb_share_hides_unreadable(const struct ditto_share *share);
u32 dsmb_share_logins(const struct ditto_share *share);
bool dsmb_share_is_continuous(const struct ditto_share *share);
bool dsmb_share_is_apple(const struct ditto_share *share);
u8 dsmb_share_apple_caps(const struct ditto_share *share, const struct dsmb_session *session);
bool dsmb_share_notifies(const struct ditto_share *share);

#endif
