/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files whose content the kernel wants to have scanned before clients read it: each is given to the
 * scan worker, see scan_order.h. For the thread of the event loop.
 */
#ifndef _DITTOD_SCAN_H
#define _DITTOD_SCAN_H

#include "daemon/loop.h"

struct conn;
struct nl_msg;
struct scan;

/* Returns NULL and sets errno on errors. */
struct scan *scan_new(int spawner);
/* Use another program for the next files; NULL for none. */
void scan_configure(struct scan *s, const char *command);
/* Begin to answer a request of the kernel. */
void scan_take(struct scan *s, struct conn *channel, struct nl_msg *msg);
/* The kernel waits for no answer any more. */
void scan_gone(struct scan *s);
/* What the event loop is to watch. */
struct source scan_source(struct scan *s);

#endif
