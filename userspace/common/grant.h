/* SPDX-License-Identifier: GPL-2.0-only */
/* Grants of a share: what its users and groups may do. */
#ifndef _DITTO_GRANT_H
#define _DITTO_GRANT_H

#include "text.h"

struct nl_msg;
struct nlattr;

/**
 * struct grant - what a user or a group may do
 * @group: it is a group
 * @id: its number; not known yet while @name is there
 * @access: enum ditto_share_right
 * @name: what is to be looked up; NULL if only the number counts
 */
struct grant {
	bool group;
	u32 id;
	u32 access;
	char *name;
};

/**
 * struct grants - all of a share
 * @grant: no user or group is there twice
 * @n: of @grant
 */
struct grants {
	struct grant *grant;
	unsigned int n;
};

/* Add "NAME=ACCESS"; the name, or number, is that of a user or group of this machine. */
bool grants_add(struct grants *g, bool group, const char *text, struct why *why);
/* The same without asking the name service; grants_resolve() does so later. */
bool grants_add_unresolved(struct grants *g, bool group, const char *text, struct why *why);

/**
 * grants_resolve - look the names up
 * @g: grants of grants_add_unresolved()
 * @out: filled with the same grants by number; to be freed with grants_free()
 * @why: says what is wrong
 *
 * May block for as long as the name service does.
 *
 * Return: 0, -ENOENT (there is no such user or group), -EAGAIN (the name service is out of
 * order), -EINVAL (two names are one user).
 */
int grants_resolve(const struct grants *g, struct grants *out, struct why *why);
void grants_free(struct grants *g);
/* Are they the same, in whatever order? */
bool grants_same(const struct grants *a, const struct grants *b);
/* "NAME=ACCESS"; to be freed. */
char *grant_text(const struct grant *g);

/* Add to a message, as the attribute of a share. */
void grants_put(struct nl_msg *msg, const struct grants *g);
/* From that attribute; false if it makes no sense. */
bool grants_from(struct grants *g, struct nlattr *nla);

#endif
