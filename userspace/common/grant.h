/* SPDX-License-Identifier: GPL-2.0-only */
/* Grants of a share: the rights of its users and groups. */
#ifndef _DITTO_GRANT_H
#define _DITTO_GRANT_H

#include "text.h"

struct nl_msg;
struct nlattr;

/**
 * struct grant - the right of a user or a group
 * @group: true for a group, false for a user
 * @id: uid or gid; not known while @name is set
 * @access: enum ditto_share_right
 * @name: name to look up; NULL if @id is known
 */
struct grant {
	bool group;
	u32 id;
	u32 access;
	char *name;
};

/**
 * struct grants - the grants of a share
 * @grant: the grants; no user or group occurs twice
 * @n: entries of @grant
 */
struct grants {
	struct grant *grant;
	unsigned int n;
};

/**
 * grants_add - add a grant and look its name up
 * @g: the grants
 * @group: it is for a group
 * @text: "NAME=ACCESS"; NAME is the name or number of a user or group of this machine
 * @why: filled on error
 *
 * Return: false on error.
 */
bool grants_add(struct grants *g, bool group, const char *text, struct why *why);
/* As grants_add(), but leaves the look-up of the name to grants_resolve(). */
bool grants_add_unresolved(struct grants *g, bool group, const char *text, struct why *why);

/**
 * grants_resolve - look up the names of grants
 * @g: grants made by grants_add_unresolved()
 * @out: filled with the same grants by number; to be freed with grants_free()
 * @why: filled on error
 *
 * May block for as long as the name service does.
 *
 * Return: 0; -ENOENT if there is no such user or group; -EAGAIN if the name service does not work;
 * -EINVAL if two names are the same user or group.
 */
int grants_resolve(const struct grants *g, struct grants *out, struct why *why);
/* Free what @g points to. */
void grants_free(struct grants *g);
/* True if both have the same grants, in any order. */
bool grants_same(const struct grants *a, const struct grants *b);
/* Format a grant as "NAME=ACCESS"; the caller frees the text. */
char *grant_text(const struct grant *g);

/* Add the grants to a message, as the attribute of a share. */
void grants_put(struct nl_msg *msg, const struct grants *g);
/* Read the grants from that attribute; false if it is malformed. */
bool grants_from(struct grants *g, struct nlattr *nla);

#endif
