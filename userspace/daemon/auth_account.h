/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps an authenticated name to an account on this machine. */
#ifndef _DITTOD_AUTH_ACCOUNT_H
#define _DITTOD_AUTH_ACCOUNT_H

struct auth_step;
struct gss_peer;
struct why;

/* User and group id that own nothing. */
#define ACCOUNT_NOBODY	65534

/**
 * account_of - look up the account of an authenticated client
 * @peer: the name that was proved
 * @step: filled: the account, its names and its SID
 * @why: filled on error
 *
 * May block on the name service.
 *
 * Return: 0, -EACCES (no such account), -EAGAIN (the name service is out of order).
 */
int account_of(const struct gss_peer *peer, struct auth_step *step, struct why *why);

#endif
