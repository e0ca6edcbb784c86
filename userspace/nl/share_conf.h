/* SPDX-License-Identifier: GPL-2.0-only */
/* Shares in the words of ditto.conf(5): the keys of a section [share NAME], and their values. */
#ifndef _DITTO_SHARE_CONF_H
#define _DITTO_SHARE_CONF_H

#include "common/types.h"

struct share;

/**
 * struct share_conf - values of a key in a share
 * @key: the key
 * @value: a text for each line that the key has
 * @n: entries of @value; 0 if the key has no line
 * @usual: the share has the default
 */
struct share_conf {
	const char *key;
	char **value;
	unsigned int n;
	bool usual;
};

/*
 * Fill @c with the i-th of the keys that the kernel knows, in the order of the file. Returns false
 * behind the last one; @c is freed with share_conf_free().
 */
bool share_conf_get(const struct share *s, unsigned int i, struct share_conf *c);
void share_conf_free(struct share_conf *c);
unsigned int share_conf_count(void);
/* Whose the i-th key is: "core", or a protocol. */
const char *share_conf_owner(unsigned int i);
/*
 * Does a share of the kernel have the i-th key? Modules that are older than an option do not tell
 * it; of keys that are no numbers they tell only those that are set.
 */
bool share_conf_is_given(const struct share *s, unsigned int i);
/* Do two shares have the same values of the i-th key? An id only counts if @a has one. */
bool share_conf_same(const struct share *a, const struct share *b, unsigned int i);

#endif
