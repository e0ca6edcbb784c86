/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes sections and keys in the text of a configuration file, and leaves all other lines and
 * comments as they are.
 */
#ifndef _DITTOD_CONFIG_EDIT_H
#define _DITTOD_CONFIG_EDIT_H

#include "common/types.h"

struct config_edit;

/* Section that a function means, if there is none of its kind. */
#define CONFIG_EDIT_NONE	UINT32_MAX

/* Read a text without mistakes. config_edit_end() frees it. */
struct config_edit *config_edit_begin(const char *text);
/* Find the n-th section with a first word in its header, such as "share". */
unsigned int config_edit_find(const struct config_edit *e, const char *kind, unsigned int n);
/* Append a section: "server", or "share data". Returns it. */
unsigned int config_edit_append(struct config_edit *e, const char *header);
/* Remove a section with its comments, up to its last key. */
void config_edit_remove(struct config_edit *e, unsigned int section);
/* Give a section the lines of its template in place of that, if the template has a key. */
void config_edit_leave_template(struct config_edit *e, unsigned int section, const char *key);
/*
 * Give a key @n lines with these values: in place of the lines that it has, otherwise behind the
 * last key of the section.
 */
void config_edit_set(struct config_edit *e, unsigned int section, const char *key,
		     char *const *value, unsigned int n);
/* Put a line of a key behind the last key of a section. */
void config_edit_add(struct config_edit *e, unsigned int section, const char *line);
/* Return the text, which the caller frees, and free @e. */
char *config_edit_end(struct config_edit *e);

#endif
