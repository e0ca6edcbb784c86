/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The texts of a configuration: the file, and those whose names end in ".conf" in the folder FILE.d
 * beside it, sorted by name.
 */
#ifndef _DITTOD_CONFIG_TEXT_H
#define _DITTOD_CONFIG_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "common/file_stamp.h"

struct config_file;
struct mistakes;

/**
 * struct config_text - a file of the configuration
 * @path: its path, as messages name it
 * @text: its content, with a NUL behind it
 * @len: bytes of the content
 * @missing: there is no file
 * @stamp: what it was when it was read
 */
struct config_text {
	char *path;
	char *text;
	size_t len;
	bool missing;
	struct file_stamp stamp;
};

/**
 * struct config_texts - the files of a configuration
 * @file: the files in the order in which they are read
 * @n: number of entries in @file
 * @stamp: changes if one of the files does
 */
struct config_texts {
	struct config_text *file;
	unsigned int n;
	struct file_stamp stamp;
};

/* Add a file, which takes over @text. */
void config_texts_add(struct config_texts *texts, const char *path, char *text, size_t len);
/*
 * Read all files, and again if one changes at that time. The first one may be missing if it is
 * optional, and is empty then, but no link that leads nowhere. Returns false if one cannot be read,
 * which is then in @mistakes.
 */
bool config_texts_read(const struct config_file *file, struct config_texts *texts,
		       struct mistakes *mistakes);
void config_texts_free(struct config_texts *texts);
/* Read a text and append a NUL. Returns NULL and sets errno on error. */
char *config_text_read(FILE *file, size_t *len);

#endif
