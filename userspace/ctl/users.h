/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of users who log in with a password. Each line is of the format of
 * smbpasswd(5), which gss-ntlmssp reads: name, uid, a hash that is not used, the NT
 * hash (MS-NLMP section 3.3.1) in hexadecimal, flags, and when it was set, with
 * colons between. Lines that are none of these stay as they are.
 */
#ifndef _DITTO_CTL_USERS_H
#define _DITTO_CTL_USERS_H

#include "common/types.h"
#include "text.h"

#define USERS_HASH_LEN	16
/* Longest password. */
#define USERS_PASSWORD_MAX	512

/**
 * struct user_line - a line of the file
 * @text: without its end
 * @name: the user; NULL in a line that is about none
 * @uid: of the user
 */
struct user_line {
	char *text;
	char *name;
	u32 uid;
};

/**
 * struct users - the file
 * @path: of it
 * @dir: its directory, locked while it is being changed; -1 otherwise
 * @line: in order
 * @n: of @line
 */
struct users {
	char *path;
	int dir;
	struct user_line *line;
	unsigned int n;
};

/* The NT hash of a password in UTF-8. */
bool users_hash(const char *password, u8 hash[USERS_HASH_LEN], struct why *why);
/* Can a user have this name? */
bool users_check_name(const char *name, struct why *why);

/* Read the file; one that is not there is empty. With @change nobody else changes it meanwhile. */
bool users_read(struct users *u, const char *path, bool change, struct why *why);
/* Enter a user, or give one a new password. */
void users_set(struct users *u, const char *name, u32 uid, const u8 hash[USERS_HASH_LEN]);
/* Remove a user; false if there was none. */
bool users_del(struct users *u, const char *name);
/* Replace the file as a whole. */
bool users_write(const struct users *u, struct why *why);
void users_free(struct users *u);

#endif
