/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dittod's side of the login worker. Passes tokens to the worker, and believes of its answers
 * only what login_take() describes.
 *
 * All functions are thread-safe; only login_open() and login_take() block.
 */
#ifndef _DITTOD_LOGIN_H
#define _DITTOD_LOGIN_H

#include "auth_gss.h"

struct login;

/*
 * Start the first worker and wait for it; the arguments are as for auth_new(). Returns NULL on
 * error, which is logged.
 */
struct login *login_open(const char *users, const char *replay, int spawner);
/* Stop the worker and free @l. No other thread may use @l any more. */
void login_close(struct login *l);

/**
 * login_take - pass a token of a client to the worker
 * @l: the logins
 * @id: number of the login; 0 before the first token
 * @step: token in, reply out
 * @peer: filled on GSS_PROVED
 * @why: filled unless the result is GSS_MORE or GSS_PROVED
 *
 * @id is kept only after GSS_MORE, and 0 otherwise. A compromised worker can claim any Kerberos
 * principal while there is a keytab, any user of a domain, and those local users whose hashes it
 * has requested: at most one in each login that went beyond its first token. Only a user
 * of our own file can become root; see account_of().
 *
 * Return: the result.
 */
enum gss_outcome login_take(struct login *l, u64 *id, struct auth_step *step,
			    struct gss_peer *peer, struct why *why);
/* Drop a login and set @id to 0; @id may already be 0. */
void login_forget(struct login *l, u64 *id);

/* See auth_hello(), auth_changes() and auth_has_keytab(). */
u8 *login_hello(struct login *l, size_t *len);
unsigned int login_changes(struct login *l);
bool login_has_keytab(const struct login *l);

/* The descriptor is readable when login_ready() has work. */
int login_fd(const struct login *l);
void login_ready(struct login *l);

#endif
