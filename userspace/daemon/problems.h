/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of what is not as the administrator wants it, for the log and dittoctl. */
#ifndef _DITTOD_PROBLEMS_H
#define _DITTOD_PROBLEMS_H

#include <stdbool.h>

/**
 * struct problem - something that is not as the administrator wants it
 * @what: the object, for instance "share a"
 * @why: the reason, one sentence
 */
struct problem {
	char *what;
	char *why;
};

/**
 * struct problems - a list of them; all zero if it is empty
 * @list: the problems
 * @n: entries of @list
 */
struct problems {
	struct problem *list;
	unsigned int n;
};

/* Add copies of the texts. */
void problems_add(struct problems *p, const char *what, const char *why);
/* Remove the problems of an object. */
void problems_drop(struct problems *p, const char *what);
/* Return true if there is a problem of the object. */
bool problems_about(const struct problems *p, const char *what);
bool problems_have(const struct problems *p, const char *what, const char *why);
/* Make the list empty. */
void problems_free(struct problems *p);

#endif
