/* SPDX-License-Identifier: GPL-2.0-only */
/* What a session may do with a share, and as whom it acts there. */
#ifndef _DITTO_SMB_AUTH_TREE_ACCESS_H
#define _DITTO_SMB_AUTH_TREE_ACCESS_H

#include <linux/types.h>

struct ditto_auth_user;
struct ditto_cred;
struct ditto_peer;
struct ditto_share;
struct dsmb_session;
struct dsmb_tree;

/**
 * struct dsmb_access - what was found
 * @generation: of the share's options that were asked
 * @acting_user: as whom the session acted; there as long as the session is
 * @cred: acts; held
 * @writable: see struct ditto_op
 * @maximal: DITTO_RIGHT_* that are left
 * @encrypt: the share demands encryption
 * @continuous: it is continuously available
 * @why: filled on DSMB_ACCESS_DENIED, for people
 */
struct dsmb_access {
	u64 generation;
	const struct ditto_auth_user *acting_user;
	struct ditto_cred *cred;
	bool writable;
	u32 maximal;
	bool encrypt;
	bool continuous;
	const char *why;
};

/**
 * dsmb_access_find - ask the rules and the grants of a share
 * @session: who
 * @peer: from where
 * @share: held
 * @access: filled on success
 *
 * Context: may sleep for the helper. Return: a status.
 */
u32 dsmb_access_find(struct dsmb_session *session, struct ditto_peer *peer,
		     struct ditto_share *share, struct dsmb_access *access);

/* Give a tree what was found, under session->lock. -ENOMEM: nothing was changed. */
int dsmb_access_renew(struct dsmb_tree *tree, struct dsmb_access *access);
/* Let go of all credentials of a tree that nobody uses any more. */
void dsmb_access_drop(struct dsmb_tree *tree);

/**
 * dsmb_share_find - the share that a client names
 * @session: whose server
 * @name: in UTF-8, terminated
 *
 * The case of letters does not count where there is none of exactly this name.
 *
 * Context: may sleep. Return: the share with a reference, or NULL.
 */
struct ditto_share *dsmb_share_find(struct dsmb_session *session, const char *name);

#endif
