/* SPDX-License-Identifier: GPL-2.0-only */
/* Says what to do about errors of Kerberos, which the library describes for programmers. */
#ifndef _DITTOD_AUTH_ADVICE_H
#define _DITTOD_AUTH_ADVICE_H

#include "text.h"

/* Append to @why what to do about a minor status of GSS-API; nothing if it is not known. */
void auth_advice_add(u32 minor, struct why *why);

#endif
