/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of users that log in with a password. It has the format of smbpasswd(5): name, uid, an
 * unused hash, the NT hash (MS-NLMP section 3.3.1) in hexadecimal, flags and the time of the last
 * change, separated by colons. Other lines are preserved.
 */
#ifndef _DITTO_CTL_USERS_H
#define _DITTO_CTL_USERS_H

#include "common/types.h"
#include "text.h"

#define USERS_HASH_LEN	16
/* Longest password, in bytes. */
#define USERS_PASSWORD_MAX	512

/**
 * struct user_line - a line of the file
 * @text: the line without its end
 * @name: name of the user; NULL in a line that is not about a user
 * @uid: number of the user
 */
struct user_line {
	char *text;
	char *name;
	u32 uid;
};

/**
 * struct users - the file
 * @path: path of the file
 * @dir: descriptor of its directory, locked during a change; -1 otherwise
 * @line: lines in order
 * @n: number of entries in @line
 */
struct users {
	char *path;
	int dir;
	struct user_line *line;
	unsigned int n;
};

/* Compute the NT hash of a password in UTF-8. Returns false and fills @why on error. */
bool users_hash(const char *password, u8 hash[USERS_HASH_LEN], struct why *why);
/* Check a name for a user. Returns false and fills @why if it is not allowed. */
bool users_check_name(const char *name, struct why *why);

/*
 * Read the file; a missing file is empty. With @change the file is locked against other changes
 * until users_free(). Returns false and fills @why on error; users_free() is needed in either
 * case.
 */
bool users_read(struct users *u, const char *path, bool change, struct why *why);
/* The line of a user, or NULL; names are compared without case, as at login. */
struct user_line *users_find(struct users *u, const char *name);
/* Add a user, or change the password of an existing one. */
void users_set(struct users *u, const char *name, u32 uid, const u8 hash[USERS_HASH_LEN]);
/* Remove a user. Returns false if there is none of that name. */
bool users_del(struct users *u, const char *name);
/*
 * Replace the file atomically; it must have been read with @change. Returns false and fills @why
 * on error.
 */
bool users_write(const struct users *u, struct why *why);
/* Free the lines and release the lock. */
void users_free(struct users *u);

#endif
