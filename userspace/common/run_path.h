/* SPDX-License-Identifier: GPL-2.0-only */
/* Files below /run that dittod has one of in each network namespace. */
#ifndef _DITTO_TOOLS_RUN_PATH_H
#define _DITTO_TOOLS_RUN_PATH_H

#define RUN_FOLDER	"/run/ditto"
#define RUN_PATH_SIZE	64

/*
 * Fill @path for a file of the caller's network namespace, and return it; @name is one short word,
 * and @suffix may be empty.
 */
const char *run_path(char path[RUN_PATH_SIZE], const char *name, const char *suffix);
/* Make the folder. Returns 0 or a negative errno. */
int run_folder_make(void);

#endif
