/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * There is one dittod in a network namespace, and one that uses a state folder: a second one would
 * take the status file, the socket of dittoctl and the records from the first.
 */
#ifndef _DITTOD_DAEMON_LOCK_H
#define _DITTOD_DAEMON_LOCK_H

#include <stdbool.h>

#include "text.h"

/*
 * Lock the network namespace and the state folder for this process. Returns false and fills @why if
 * another dittod has one of them; nothing of it is touched.
 */
bool daemon_lock(const char *state_dir, struct why *why);
/* Unlock them now, because threads that hang may keep the process for some time. */
void daemon_unlock(void);

#endif
