/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Home shares: a share for each user, added when he logs in, as the section [homes] says.
 *
 * Such a share has the name of the account, lies where the rule says, and is open to its user only.
 * It stays when the user logs off: a share that is gone takes what clients keep open with it. What
 * is the same at the next start follows from the rule alone: name, path, and with the path the id.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_HOMES_H
#define _DITTOD_HOMES_H

#include "nl/share.h"

/**
 * struct home_user - a user who has logged in
 * @name: name of the account, with a domain or without
 * @domain: domain of the user, where @name has none; empty if it is not known for certain
 * @uid: number of the account
 * @gid: primary group of the account
 */
struct home_user {
	const char *name;
	const char *domain;
	u32 uid;
	u32 gid;
};

/* Check what the section says. Returns false and fills @why if it cannot be a rule. */
bool homes_check(const struct share *rule, struct why *why);

/**
 * homes_make - make the home share of a user
 * @rule: a rule that homes_check() has found good
 * @user: the user
 * @why: filled on error
 *
 * Return: the share, freed by the caller; NULL if the user can have none.
 */
struct share *homes_make(const struct share *rule, const struct home_user *user, struct why *why);
/* The same for an existing home share, so as it would be now; NULL if the rule has another path. */
struct share *homes_make_again(const struct share *rule, const struct share *have);

/* Would the two names be the same share for a client? ASCII only; the kernel knows all. */
bool homes_name_is(const char *a, const char *b);

/* Bytes of the path of a rule before the directory whose name users have a part of. */
size_t homes_fixed_len(const char *path);

/* Use a rule from now on, which is copied; NULL for none. @create: make directories. */
void homes_set(const struct share *rule, bool create);
/*
 * Held while the shares are made what the file says. A login that began by an earlier rule looks at
 * its home again behind that, so that none stays that the rule of now would not make.
 */
void homes_lock(void);
void homes_unlock(void);
/*
 * Add the home share of a user who has logged in, if there is a rule. What fails is logged: the
 * login succeeds all the same. Blocks until a second before @deadline by clock_ms(), or less.
 */
void homes_login(const struct home_user *user, u64 deadline);

#endif
