/* SPDX-License-Identifier: GPL-2.0-only */
/* Internals of fs/share/cred.c that tests use. */
#ifndef _DITTO_FS_SHARE_CRED_PRIVATE_H
#define _DITTO_FS_SHARE_CRED_PRIVATE_H

#include "cred.h"

/**
 * struct ditto_squashed - an identity after squashing
 * @uid: user
 * @gid: primary group
 * @guest: the user is the share's anonymous user
 * @anon_gid: group that replaces invalid groups, and group 0 if @no_root_group is set
 * @groups: the identity keeps its supplementary groups
 * @no_root_group: supplementary group 0 becomes @anon_gid
 * @admin: has the administrator's privileges
 * @forced: acts as the user that the share has for all, with that user's groups; @gid is invalid
 *	for that user's primary group
 */
struct ditto_squashed {
	kuid_t uid;
	kgid_t gid;
	kgid_t anon_gid;
	bool guest;
	bool groups;
	bool no_root_group;
	bool admin;
	bool forced;
};

void ditto_cred_squash(const struct ditto_share_opts *opts, const struct ditto_verdict *verdict,
		       const struct ditto_ident *ident, struct ditto_squashed *who);
unsigned int ditto_creds_count(const struct ditto_server *srv);

#endif
