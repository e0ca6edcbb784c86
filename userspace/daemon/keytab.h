/* SPDX-License-Identifier: GPL-2.0-only */
/* What is in the keytab of this machine. */
#ifndef _DITTOD_KEYTAB_H
#define _DITTOD_KEYTAB_H

#include "text.h"

/*
 * Look for a key of SERVICE/HOST, with any host, in the keytab of the Kerberos configuration.
 * Returns false and fills @why if there is none. Blocks for the file.
 */
bool keytab_has_service(const char *service, struct why *why);

#endif
