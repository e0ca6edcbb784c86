/* SPDX-License-Identifier: GPL-2.0-only */
/* Share users: what users and groups may do on a share. */
#ifndef _DITTO_USERSPACE_COMMON_SHARE_USERS_H
#define _DITTO_USERSPACE_COMMON_SHARE_USERS_H

#include "common/text.h"

struct nl_msg;
struct nlattr;

/**
 * struct share_user - what a user or the members of a group may do
 * @group: true for a group, false for a user
 * @id: uid or gid; not known while @name is set
 * @access: enum ditto_share_right
 * @name: name to look up; NULL if @id is known
 * @sid: SID in place of the number
 * @sid_len: length of @sid; 0 without
 */
struct share_user {
	bool group;
	u32 id;
	u32 access;
	char *name;
	u8 sid[SID_BYTES_MAX];
	u32 sid_len;
};

/**
 * struct share_users - the users and groups that a share names
 * @user: the users and groups; none occurs twice
 * @n: entries of @user
 */
struct share_users {
	struct share_user *user;
	unsigned int n;
};

/**
 * share_users_add - add a user or a group, and look the name up
 * @u: the share users
 * @group: the name is a group's
 * @text: "NAME=ACCESS"; NAME is the name or number of a user or group of this machine, or a SID
 * @why: filled on error
 *
 * Return: false on error.
 */
bool share_users_add(struct share_users *u, bool group, const char *text, struct why *why);
/* Like share_users_add(), but leaves the look-up of the name to share_users_resolve(). */
bool share_users_add_unresolved(struct share_users *u, bool group, const char *text,
				struct why *why);

/*
 * Looks up the name of a share user, which stays the caller's, and fills its number or SID. Returns
 * 0, or an error of share_users_resolve() with @why filled.
 */
typedef int (*share_user_find_fn)(struct share_user *one, struct why *why);
/* The look-up by the name service. */
int share_user_find(struct share_user *one, struct why *why);

/**
 * share_users_resolve - look up the names of share users
 * @u: share users made by share_users_add_unresolved()
 * @out: filled with the same share users by number or SID; to be freed with share_users_free()
 * @find: looks names up
 * @why: filled on error
 *
 * May block for as long as @find does.
 *
 * Return: 0; -ENOENT if there is no such user or group; -EAGAIN if the name service does not work;
 * -EINVAL if two names are the same user or group.
 */
int share_users_resolve(const struct share_users *u, struct share_users *out,
			share_user_find_fn find, struct why *why);
/* True if both are entries for the same user or group, by name, number or SID. */
bool share_user_same(const struct share_user *a, const struct share_user *b);
/* Free what @u points to. */
void share_users_free(struct share_users *u);
/* True if both have the same users and groups with the same access, in any order. */
bool share_users_same(const struct share_users *a, const struct share_users *b);
/* Format a share user as "NAME=ACCESS"; the caller frees the text. */
char *share_user_text(const struct share_user *u);

/* Add the share users to a message, as the attribute of a share. */
void share_users_fill(struct nl_msg *msg, const struct share_users *u);
/* Read the share users from that attribute; false if it is malformed. */
bool share_users_parse(struct share_users *u, struct nlattr *nla);

#endif
