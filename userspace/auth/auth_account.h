/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps an authenticated name to an account on this machine. */
#ifndef _DITTOD_AUTH_ACCOUNT_H
#define _DITTOD_AUTH_ACCOUNT_H

#include "identity/user_map.h"

struct auth_step;
struct gss_peer;
struct why;

/* User and group id that own nothing. */
#define ACCOUNT_NOBODY	65534

/*
 * Set the rules for names of realms and domains; @map stays the caller's. May be called while
 * other threads look up accounts.
 */
void account_set_map(const struct user_map *map);

/* The smallest uid that names of realms and domains can become, by these rules. */
u32 account_min_uid(void);

/**
 * account_of - look up the account of an authenticated client
 * @peer: the name that was proved
 * @step: filled: the token and the names; the token is to be cleared even on error
 * @why: filled on error
 *
 * May block on the name service.
 *
 * Return: 0, -ENOENT (the name has no account), -EACCES (it must not become its account), -EAGAIN
 * (the name service or a source of identities does not answer).
 */
int account_of(const struct gss_peer *peer, struct auth_step *step, struct why *why);

/**
 * account_map - look up the account that a name of a realm or domain would get
 * @name: "user@REALM" as by Kerberos, or "DOMAIN\user" as by NTLM
 * @account: filled
 * @rule: filled with the rule that decided; empty if the name service knows @name itself
 * @why: filled on error
 *
 * For administrators. The SID of @name must have the number of the account, as at a login, unless a
 * rule decided. May block on the name service and the sources of identities.
 *
 * Return: as account_of().
 */
int account_map(const char *name, struct nss_account *account, char rule[USER_MAP_TEXT_MAX],
		struct why *why);

#endif
