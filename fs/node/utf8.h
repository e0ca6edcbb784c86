/* SPDX-License-Identifier: GPL-2.0-only */
/* Validation of UTF-8: fs/node/utf8.c. */
#ifndef _DITTO_FS_NODE_UTF8_H
#define _DITTO_FS_NODE_UTF8_H

#include <linux/types.h>

bool ditto_is_utf8(const char *s, size_t len);

#endif
