/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of patterns of names. */
#ifndef _DITTO_FS_NODE_PATTERN_H
#define _DITTO_FS_NODE_PATTERN_H

#include <linux/types.h>

struct ditto_name;

bool ditto_patterns_match(const char *patterns, char separator, const struct ditto_name *name);

#endif
