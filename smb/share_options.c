// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options of shares that only SMB uses, read under RCU. A share that SMB must not serve has none;
 * nobody connects to it, and it is treated as one that offers nothing.
 */
#include <linux/rcupdate.h>
#include <linux/stat.h>

#include "auth/session.h"
#include "share_options.h"

umode_t dsmb_share_new_mode(const struct ditto_share *share, umode_t mode, bool is_dir)
{
	const struct dsmb_share_options *options;

	rcu_read_lock();
	options = dsmb_share_options(rcu_dereference(share->opts));
	if (!options)
		mode = 0;
	else if (is_dir)
		mode = (mode & options->directory_mask) | options->force_directory_mode;
	else
		mode = (mode & options->create_mask) | options->force_create_mode;
	rcu_read_unlock();
	return mode & S_IALLUGO;
}

bool dsmb_share_hides_unreadable(const struct ditto_share *share)
{
	const struct dsmb_share_options *options;
	bool hides;

	rcu_read_lock();
	options = dsmb_share_options(rcu_dereference(share->opts));
	hides = !options || options->hide_unreadable;
	rcu_read_unlock();
	return hides;
}

u32 dsmb_share_logins(const struct ditto_share *share)
{
	const struct dsmb_share_options *options;
	u32 logins;

	rcu_read_lock();
	options = dsmb_share_options(rcu_dereference(share->opts));
	logins = options ? options->auth : 0;
	rcu_read_unlock();
	return logins;
}

bool dsmb_share_is_continuous(const struct ditto_share *share)
{
	const struct dsmb_share_options *options;
	bool continuous;

	rcu_read_lock();
	options = dsmb_share_options(rcu_dereference(share->opts));
	continuous = options && options->continuous;
	rcu_read_unlock();
	return continuous;
}

bool dsmb_share_notifies(const struct ditto_share *share)
{
	const struct dsmb_share_options *options;
	bool notifies;

	rcu_read_lock();
	options = dsmb_share_options(rcu_dereference(share->opts));
	notifies = options && options->notify;
	rcu_read_unlock();
	return notifies;
}

bool dsmb_share_is_apple(const struct ditto_share *share)
{
	const struct dsmb_share_options *options;
	bool apple;

	rcu_read_lock();
	options = dsmb_share_options(rcu_dereference(share->opts));
	apple = options && options->apple;
	rcu_read_unlock();
	return apple;
}

u8 dsmb_share_apple_caps(const struct ditto_share *share, const struct dsmb_session *session)
{
	u8 negotiated = READ_ONCE(session->apple);

	return negotiated && dsmb_share_is_apple(share) ? negotiated : 0;
}
