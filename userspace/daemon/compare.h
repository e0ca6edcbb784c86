/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compares what the kernel serves with the configuration, and changes nothing. apply() makes the
 * two equal; this tells what an administrator has changed since.
 */
#ifndef _DITTOD_COMPARE_H
#define _DITTOD_COMPARE_H

#include "problems.h"

struct config;
struct kernel;

/**
 * struct compared - what differs
 * @problems: what the file asks for and the kernel does not do
 * @remarks: what the kernel does and the file does not name
 */
struct compared {
	struct problems problems;
	struct problems remarks;
};

/*
 * Fill @result, which is empty. It stays empty if the kernel does not answer. Blocks for the
 * kernel, and for the keytab if shares need it.
 */
void compare(struct kernel *k, const struct config *cfg, struct compared *result);
void compared_free(struct compared *result);

#endif
