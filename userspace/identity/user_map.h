/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules that map the names of realms and domains to accounts of this machine; the key user-map in
 * ditto.conf(5).
 */
#ifndef _DITTOD_USER_MAP_H
#define _DITTOD_USER_MAP_H

#include "nss.h"

/* Lowest uid of mapped accounts if the configuration sets none. */
#define USER_MAP_MIN_UID	1000
/* Bytes of the longest text of a rule, with its NUL. */
#define USER_MAP_TEXT_MAX	(3 * NSS_NAME_SIZE + 8)

/* The authority that vouches for a name, which determines how the name is compared. */
enum user_kind {
	USER_OF_REALM,		/* user@REALM of Kerberos; case matters (RFC 4120 section 6) */
	USER_OF_DOMAIN,		/* DOMAIN\user of NTLM; case does not matter */
};

/**
 * struct user_rule - one rule
 * @kind: kind of the names that it matches
 * @deny: matching names get no account
 * @user: name of the user, may contain one '*'
 * @domain: realm or domain
 * @account: name of the account, may contain one '*' if @user does
 */
struct user_rule {
	enum user_kind kind;
	bool deny;
	char user[NSS_NAME_SIZE];
	char domain[NSS_NAME_SIZE];
	char account[NSS_NAME_SIZE];
};

/**
 * struct user_map - all rules
 * @min_uid: accounts below are for users of the local file only
 * @rules: the first that matches decides
 * @n: number of entries in @rules
 */
struct user_map {
	u32 min_uid;
	struct user_rule *rules;
	unsigned int n;
};

/*
 * Parse "PATTERN = ACCOUNT" or "PATTERN = none" and append the rule. Returns false and fills @why
 * on error.
 */
bool user_map_add(struct user_map *map, const char *text, struct why *why);
/* Copy @from, which stays the caller's, to @to, which must be empty or zeroed. */
void user_map_copy(struct user_map *to, const struct user_map *from);
/* Free the rules. */
void user_map_free(struct user_map *map);

/**
 * user_map_find - return the first rule that matches a name
 * @map: the rules
 * @kind: kind of the name
 * @user: name without its realm or domain
 * @domain: realm or domain
 *
 * Return: the rule, which @map owns; NULL if none matches.
 */
const struct user_rule *user_map_find(const struct user_map *map, enum user_kind kind,
				      const char *user, const char *domain);
/*
 * Write the name of the account that @rule gives to @user, which it matches. Returns false if the
 * name is too long.
 */
bool user_rule_account(const struct user_rule *rule, const char *user,
		       char account[NSS_NAME_SIZE]);
/* Format a rule as in the configuration; returns @buf. */
const char *user_rule_text(const struct user_rule *rule, char buf[USER_MAP_TEXT_MAX]);

#endif
