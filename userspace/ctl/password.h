/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking for a password. */
#ifndef _DITTO_CTL_PASSWORD_H
#define _DITTO_CTL_PASSWORD_H

#include "common/types.h"
#include "text.h"

/* One line of standard input, without its end. */
bool password_line(char *buf, size_t size, struct why *why);
/* From the terminal, twice, without showing it. */
bool password_ask(const char *name, char *buf, size_t size, struct why *why);

#endif
