/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings of the server as people write them. */
#ifndef _DITTO_SETTING_H
#define _DITTO_SETTING_H

#include "text.h"

/* Longest text of a value. */
#define SETTING_TEXT_MAX	32

/* Read the value of a setting, DITTO_A_SERVER_*, that is a number to the kernel. */
bool setting_read(unsigned int type, const char *text, u64 *value, struct why *why);
/* The value as setting_read() reads it; returns @buf. */
const char *setting_text(unsigned int type, u64 value, char buf[SETTING_TEXT_MAX]);
/* What values it may have, for people; returns @buf. */
const char *setting_values(unsigned int type, char *buf, size_t size);

#endif
