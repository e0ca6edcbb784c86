/* SPDX-License-Identifier: GPL-2.0-only */
/* Replacing the files of a configuration by other texts. */
#ifndef _DITTOD_CONFIG_SAVE_H
#define _DITTOD_CONFIG_SAVE_H

#include <stdbool.h>

struct config_file;
struct config_texts;

/* Only one at a time saves. Returns the folder of the file, to be closed; -1 after a message. */
int config_save_begin(const struct config_file *file);
/* Are the files still those that @before has? An editor does not lock. Else it is logged. */
bool config_save_is_current(const struct config_file *file, const struct config_texts *before);
/* Where a file lies, to which its path may be a link. Freed by the caller. */
char *config_save_path(const char *path);
/*
 * Put texts in place of the files that have others; the file before becomes PATH.bak. Whoever loses
 * power has the old file or the new one. Returns false after an error was logged.
 */
bool config_save_replace(const struct config_texts *before, const struct config_texts *after);

#endif
