/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of dittod that answer a question and end. Each returns the exit status of the process. */
#ifndef _DITTOD_COMMAND_H
#define _DITTOD_COMMAND_H

struct config_file;

/* Tell whether the configuration has mistakes. */
int command_check_config(const struct config_file *file);
/* Print the account that a name of a realm or domain would get, and why. */
int command_map_user(const struct config_file *file, const char *name);

#endif
