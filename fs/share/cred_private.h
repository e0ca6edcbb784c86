/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests see of fs/share/cred.c. */
#ifndef _DITTO_FS_SHARE_CRED_PRIVATE_H
#define _DITTO_FS_SHARE_CRED_PRIVATE_H

#include "cred.h"

/**
 * struct ditto_squashed - who acts after squashing
 * @uid: user
 * @gid: group
 * @anon_gid: group that stands in for invalid ones, and for group 0 if @no_root_group
 * @guest: the share's anonymous user
 * @groups: the identity's supplementary groups count
 * @no_root_group: supplementary group 0 becomes @anon_gid
 * @admin: with the administrator's privileges
 */
struct ditto_squashed {
	kuid_t uid;
	kgid_t gid;
	kgid_t anon_gid;
	bool guest;
	bool groups;
	bool no_root_group;
	bool admin;
};

#if IS_ENABLED(CONFIG_KUNIT)
void ditto_cred_squash(const struct ditto_share_opts *opts, unsigned int squash,
		       const struct ditto_ident *ident, struct ditto_squashed *who);
unsigned int ditto_creds_count(const struct ditto_server *srv);
#endif

#endif
