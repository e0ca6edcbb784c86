/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks that keep files from being offloaded: the extended attribute "trusted.ditto.keep" of a file
 * or directory. The mark of a directory is for all below it that has none of its own.
 */
#ifndef _DITTO_CTL_OFFLOAD_MARK_H
#define _DITTO_CTL_OFFLOAD_MARK_H

#include "common/types.h"

struct ctl;

/* Return "pin", "never", or NULL for a file. */
const char *offload_mark_find(const char *path);

/* Commands; they return exit statuses. */
int offload_pin(struct ctl *ctl, char **words);
int offload_never(struct ctl *ctl, char **words);
int offload_auto(struct ctl *ctl, char **words);

#endif
