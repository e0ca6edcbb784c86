/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of dittod that answer a question and end. Each returns the exit status of the process. */
#ifndef _DITTOD_COMMAND_H
#define _DITTOD_COMMAND_H

#include <stdbool.h>

struct config_file;

/* The exit status if two things differ, or would after all that can be done. */
#define COMMAND_DIFFERS	3

/* Tell whether the configuration has mistakes, with @json as a JSON document. */
int command_check_config(const struct config_file *file, bool json);
/* Print the account that a name of a realm or domain would get, and why. */
int command_map_user(const struct config_file *file, const char *name);
/* Print what the kernel serves, as a configuration file. */
int command_show_config(void);
/* Print what differs between the file and what the kernel serves. */
int command_diff_config(const struct config_file *file, bool json);
/* Change the file to what the kernel serves. */
int command_save_config(const struct config_file *file, bool json);
/* Add the sections that the standard input has to the file; with @json nothing is printed. */
int command_add_config(const struct config_file *file, bool json);
/* Print what dittod would change if it read the file now. */
int command_dry_run(const struct config_file *file, const char *state_dir, bool json);

#endif
