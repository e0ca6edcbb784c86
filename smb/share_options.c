// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options of shares that only SMB uses, read under RCU. A share that SMB must not serve has none;
 * nobody connects to it, and it is treated as one that offers nothing.
 */
#include <linux/rcupdate.h>
#include <linux/stat.h>

#include "auth/session.h"
#include "share_options.h"

static struct dsmb_share_options options_read(const struct ditto_share *share)
{
	static const struct dsmb_share_options none = { .hide_unreadable = true };
	const struct dsmb_share_options *options;
	struct dsmb_share_options copy;

	rcu_read_lock();
	options = dsmb_share_options(rcu_dereference(share->opts));
	copy = options ? *options : none;
	rcu_read_unlock();
	return copy;
}

/*
 * Compute the mode of a new file when the client sent none. Context: any. Return: @mode restricted
 * by the share's mask, with the forced bits added.
 */
umode_t dsmb_share_new_mode(const struct ditto_share *share, umode_t mode, bool is_dir)
{
	const struct dsmb_share_options options = options_read(share);

	if (is_dir)
		mode = (mode & options.directory_mask) | options.force_directory_mode;
	else
		mode = (mode & options.create_mask) | options.force_create_mode;
	return mode & S_IALLUGO;
}

/* Tell whether listings omit files the user may not read. Context: any. Return: true if they do. */
bool dsmb_share_hides_unreadable(const struct ditto_share *share)
{
	return options_read(share).hide_unreadable;
}

/* Get the kinds of logins that a share takes. Context: any. Return: DITTO_LOGIN_* bits. */
u32 dsmb_share_logins(const struct ditto_share *share)
{
	return options_read(share).auth;
}

/*
 * Tell whether opens may survive a restart of the server. Context: any. Return: true if they may.
 */
bool dsmb_share_is_continuous(const struct ditto_share *share)
{
	return options_read(share).continuous;
}

/*
 * Tell whether clients may watch directories for changes. Context: any. Return: true if they may.
 */
bool dsmb_share_notifies(const struct ditto_share *share)
{
	return options_read(share).notify;
}

/* True if clients may use Apple's extensions on the share. Any context. */
bool dsmb_share_is_apple(const struct ditto_share *share)
{
	return options_read(share).apple;
}

/* The DSMB_APPLE_* bits that count for a session on the share. Any context. */
u8 dsmb_share_apple_caps(const struct ditto_share *share, const struct dsmb_session *session)
{
	u8 negotiated = READ_ONCE(session->apple);

	return negotiated && dsmb_share_is_apple(share) ? negotiated : 0;
}
