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

/**
 * dsmb_access_find - check the access of a session to a share
 * @session: the session
 * @peer: client machine
 * @share: held
 * @call: the call that needs it, which is parked while the helper does not know names and groups;
 *	NULL not to wait for them
 * @access: filled on success; @why also on ACCESS_DENIED
 *
 * The share's rules decide about the machine, the share's users about the user.
 *
 * Context: process; may sleep, but does not wait for the helper.
 * Return: a status; FILE_NOT_AVAILABLE if an answer is missing, and is late or @call is NULL; or
 * DSMB_PARKED.
 */
u32 dsmb_access_find(struct dsmb_session *session, struct ditto_peer *peer,
		     struct ditto_share *share, struct dsmb_call *call,
		     struct dsmb_access *access);

/**
 * dsmb_session_reaches - tell whether the user of a session may use a share
 * @session: the session
 * @share: held
 *
 * Context: process; may sleep, but does not wait for the helper: a share with rules that only the
 * helper can decide may be used once it has answered.
 * Return: whether he may connect to it.
 */
bool dsmb_session_reaches(struct dsmb_session *session, struct ditto_share *share);

/**
 * dsmb_access_renew - apply the result of an access check to a tree
 * @tree: a disk tree
 * @access: its @cred is consumed on success
 *
 * Context: process; may sleep for memory; session->lock is held.
 * Return: 0, or -ENOMEM with nothing changed.
 */
int dsmb_access_renew(struct dsmb_tree *tree, struct dsmb_access *access);

/**
 * dsmb_access_drop - drop all credentials of a tree
 * @tree: without references
 */
void dsmb_access_drop(struct dsmb_tree *tree);

/**
 * dsmb_share_find - find the share that a client names
 * @session: its server is searched
 * @name: in UTF-8, terminated
 *
 * If no share has exactly this name, case is ignored. "homes" is the home share of the user.
 *
 * Return: the share, held, or NULL.
 */
struct ditto_share *dsmb_share_find(struct dsmb_session *session, const char *name);

#endif
