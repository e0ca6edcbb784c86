/* SPDX-License-Identifier: GPL-2.0-only */
/* The access check of a session on a share, and the credential the session uses there. */
#ifndef _DITTO_SMB_AUTH_TREE_ACCESS_H
#define _DITTO_SMB_AUTH_TREE_ACCESS_H

#include <linux/types.h>

#include "../share_options.h"

struct ditto_auth_user;
struct ditto_cred;
struct ditto_peer;
struct ditto_share;
struct dsmb_call;
struct dsmb_session;
struct dsmb_tree;

/**
 * struct dsmb_access - result of the access check of a session on a share
 * @generation: generation of the share's options that were checked
 * @acting_user: user the session acted as; valid as long as the session is held
 * @login: DITTO_LOGIN_* bit of the session
 * @cred: credential for operations, held
 * @writable: see struct ditto_op
 * @maximal: DITTO_RIGHT_* that the share leaves to the user
 * @encrypt: the share requires encryption
 * @compress: what is compressed
 * @continuous: the share is continuously available
 * @why: with ACCESS_DENIED, the reason for logs, a constant
 */
struct dsmb_access {
	u64 generation;
	const struct ditto_auth_user *acting_user;
	u32 login;
	struct ditto_cred *cred;
	bool writable;
	u32 maximal;
	bool encrypt;
	enum dsmb_share_compress compress;
	bool continuous;
	const char *why;
};

u32 dsmb_access_find(struct dsmb_session *session, struct ditto_peer *peer,
		     struct ditto_share *share, struct dsmb_call *call,
		     struct dsmb_access *access);
bool dsmb_session_reaches(struct dsmb_session *session, struct ditto_share *share);
int dsmb_access_renew(struct dsmb_tree *tree, struct dsmb_access *access);
void dsmb_access_drop(struct dsmb_tree *tree);
struct ditto_share *dsmb_share_find(struct dsmb_session *session, const char *name);

#endif
