/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings of the server as text. */
#ifndef _DITTO_SETTING_H
#define _DITTO_SETTING_H

#include "text.h"

/* Bytes of the longest text of a value, with its NUL. */
#define SETTING_TEXT_MAX	32

/* Parse the value of a numeric setting, DITTO_A_SERVER_*. Returns false and fills @why on error. */
bool setting_read(unsigned int type, const char *text, u64 *value, struct why *why);
/* Format a value as setting_read() parses it; returns @buf. */
const char *setting_text(unsigned int type, u64 value, char buf[SETTING_TEXT_MAX]);
/* Describe the allowed values for display; returns @buf. */
const char *setting_values(unsigned int type, char *buf, size_t size);

#endif
