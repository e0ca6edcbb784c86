/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compares the keys of the keytab with the KDC's, in the background: at the start, when the keytab
 * has changed, and each hour. A worker asks the KDC, so nobody waits for it.
 *
 * To be used by the thread of the event loop.
 */
#ifndef _DITTOD_KEYTAB_CHECK_H
#define _DITTOD_KEYTAB_CHECK_H

#include "daemon/loop.h"

struct keytab_check;

/*
 * @tell: called when there is another result. @why: NULL if the KDC has the same keys, or there is
 * no keytab; @wrong: the KDC has others, else that is not known. Returns NULL and sets errno on
 * error.
 */
struct keytab_check *keytab_check_new(int spawner,
				      void (*tell)(void *arg, bool wrong, const char *why),
				      void *arg);
/* Begin a check if one is due. @now: also if none is */
void keytab_check_look(struct keytab_check *c, bool now);
struct source keytab_check_source(struct keytab_check *c);

#endif
