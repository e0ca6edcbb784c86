/* SPDX-License-Identifier: GPL-2.0-only */
/* The account on this machine of somebody who proved a name. */
#ifndef _DITTOD_AUTH_ACCOUNT_H
#define _DITTOD_AUTH_ACCOUNT_H

struct auth_step;
struct gss_peer;
struct why;

/* An id that owns nothing. */
#define ACCOUNT_NOBODY	65534

/**
 * account_of - find out who it is here
 * @peer: who was proved
 * @step: filled: the account, its names and SID
 * @why: filled on error
 *
 * May block.
 *
 * Return: 0, -EACCES (there is no such account), -EAGAIN (the name service is
 * out of order).
 */
int account_of(const struct gss_peer *peer, struct auth_step *step, struct why *why);

#endif
