/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dittod's side of the login worker: hands it tokens, and concludes from its answers
 * only what is said here.
 *
 * Every function may be called by any thread, and none but login_take() blocks.
 */
#ifndef _DITTOD_LOGIN_H
#define _DITTOD_LOGIN_H

#include "auth_gss.h"

struct login;

/*
 * Begin: see auth_new(). Waits for the first worker. NULL on error, which is logged.
 */
struct login *login_open(const char *users, const char *replay, int spawner);
void login_close(struct login *l);

/**
 * login_take - give a token of a client to the worker
 * @l: all
 * @id: of the login; 0 before the first token
 * @step: token in, reply out
 * @peer: filled on GSS_PROVED
 * @why: filled unless GSS_MORE or GSS_PROVED
 *
 * @id stays only after GSS_MORE. A worker in the hands of an attacker can claim, while
 * there is a keytab, any Kerberos principal, any user of a domain, and those local users
 * whose passwords it has asked for: one in each login that went beyond its first token.
 * None of these but a user of our own file is ever root; see account_of().
 */
enum gss_outcome login_take(struct login *l, u64 *id, struct auth_step *step,
			    struct gss_peer *peer, struct why *why);
/* A login will not go on; @id may be 0, and is then. */
void login_forget(struct login *l, u64 *id);

/* See auth_hello() and auth_changes(). */
u8 *login_hello(struct login *l, size_t *len);
unsigned int login_changes(struct login *l);

/* Readable when login_ready() has something to do. */
int login_fd(const struct login *l);
void login_ready(struct login *l);

#endif
