/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of patterns of names. */
#ifndef _DITTO_FS_NODE_PATTERN_H
#define _DITTO_FS_NODE_PATTERN_H

#include <linux/types.h>

struct ditto_name;

/**
 * ditto_patterns_match - compare a name with a list of patterns
 * @patterns: separated by @separator
 * @separator: any character but a star and a question mark
 * @name: the name
 *
 * "*" is any characters, "?" is one byte. The case of ASCII letters does not count.
 *
 * Context: any.
 * Return: true if one of the patterns matches the whole name.
 */
bool ditto_patterns_match(const char *patterns, char separator, const struct ditto_name *name);

#endif
