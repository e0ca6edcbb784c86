/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compares what the kernel serves with the configuration, and changes nothing. apply() makes the
 * two equal; this tells what an administrator has changed since.
 */
#ifndef _DITTOD_COMPARE_H
#define _DITTOD_COMPARE_H

#include "share_path.h"
#include "daemon/problems.h"

struct config;
struct kernel;

/**
 * struct compared_space - the file system of a share
 * @share: name of the share
 * @space: its space
 */
struct compared_space {
	char *share;
	struct share_path_space space;
};

/**
 * struct compared - what differs, and what else shares need
 * @problems: what the file asks for and the kernel does not do
 * @remarks: what the kernel does and the file does not name
 * @space: the file systems of shares that have answered
 * @nspaces: entries of @space
 */
struct compared {
	struct problems problems;
	struct problems remarks;
	struct compared_space *space;
	unsigned int nspaces;
};

/*
 * Fill @result, which is empty. It stays empty if the kernel does not answer. Blocks for the
 * kernel, for the keytab if shares need it, and for some seconds for file systems.
 */
void compare(struct kernel *k, const struct config *cfg, struct compared *result);
void compared_free(struct compared *result);

#endif
