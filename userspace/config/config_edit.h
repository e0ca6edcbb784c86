/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes sections and keys in the texts of a configuration, and leaves all other lines and
 * comments as they are. A section is changed in the file in which it stands.
 */
#ifndef _DITTOD_CONFIG_EDIT_H
#define _DITTOD_CONFIG_EDIT_H

#include "config_text.h"

struct config_edit;

/* Section that a function means, if there is none of its kind. */
#define CONFIG_EDIT_NONE	UINT32_MAX

/* Read texts without mistakes, which must live until config_edit_end(). */
struct config_edit *config_edit_begin(const struct config_texts *texts);
/* Find the n-th section of all files with a first word in its header, such as "share". */
unsigned int config_edit_find(const struct config_edit *e, const char *kind, unsigned int n);
/* Append a section to the first file: "server", or "share data". Returns it. */
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
/* Return the texts, which the caller frees, and free @e. */
struct config_texts config_edit_end(struct config_edit *e);

#endif
