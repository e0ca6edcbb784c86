/* SPDX-License-Identifier: GPL-2.0-only */
/* Small objects that are found by lists and read, and that are written. */
#ifndef _DITTO_CTL_OFFLOAD_READ_H
#define _DITTO_CTL_OFFLOAD_READ_H

#include "orders.h"

/**
 * offload_read_below - list the objects below a prefix in all stores, and read each
 * @prefix: such as "snapshots/"
 * @read: called with each; its tag is when it was written, seconds since 1970
 * @problem: called for what could not be listed
 * @arg: for the functions
 *
 * Return: the orders to read, which may not have ended. Others may be given.
 */
struct offload_orders *
offload_read_below(const char *prefix, void (*read)(void *arg, const struct offload_result *r),
		   void (*problem)(void *arg, const char *subject, const char *text), void *arg);

/*
 * Write an object of OFFLOAD_CTL_KEEP. @what: what it is, in words. Returns false and fills @why on
 * errors.
 */
bool offload_keep(const char *store, const char *what, const void *bytes, size_t len,
		  struct why *why);

#endif
