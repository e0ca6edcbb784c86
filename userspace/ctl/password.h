/* SPDX-License-Identifier: GPL-2.0-only */
/* Input of passwords. */
#ifndef _DITTO_CTL_PASSWORD_H
#define _DITTO_CTL_PASSWORD_H

#include "common/types.h"
#include "text.h"

/* Read one line of standard input, without its end. Returns false and fills @why on error. */
bool password_line(char *buf, size_t size, struct why *why);
/* Read a password twice from the terminal, without echo. Returns false and fills @why on error. */
bool password_ask(const char *name, char *buf, size_t size, struct why *why);

#endif
