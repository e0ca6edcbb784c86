/* SPDX-License-Identifier: GPL-2.0-only */
/* Replacing the configuration file by another text. */
#ifndef _DITTOD_CONFIG_SAVE_H
#define _DITTOD_CONFIG_SAVE_H

#include <stdbool.h>

struct config;

/* Only one at a time saves a file. Returns its folder, to be closed, or -1 and sets errno. */
int config_save_begin(const char *path);
/* Is the file still the one that @cfg was read from? An editor does not lock. Else it is logged. */
bool config_save_is_current(const char *path, const struct config *cfg);
/*
 * Put a text in place of a file, which becomes PATH.bak. Whoever loses power has the old file or
 * the new one. Returns false and sets errno on error.
 */
bool config_save_replace(const char *path, const char *text);

#endif
