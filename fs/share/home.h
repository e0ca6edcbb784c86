/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Home shares: shares of single users, which the helper adds when they log in.
 *
 * Users may write in directories on the way to their home, and exchange them for links at any time.
 * So the helper gives the directory that the home is in, and a link in it is not followed.
 */
#ifndef _DITTO_FS_SHARE_HOME_H
#define _DITTO_FS_SHARE_HOME_H

#include <linux/path.h>
#include <linux/uidgid.h>

struct netlink_ext_ack;

/**
 * struct ditto_home - whose home share is added, and where
 * @dir: the directory that the home is in, held by the caller
 * @uid: the user
 * @gid: group of the home if it is made; invalid if it is not to be made
 */
struct ditto_home {
	struct path dir;
	kuid_t uid;
	kgid_t gid;
};

int ditto_home_find(const struct ditto_home *home, const char *path, struct path *root,
		    struct netlink_ext_ack *extack);

#endif
