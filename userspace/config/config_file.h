/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration file as dittod and its commands use it. */
#ifndef _DITTOD_CONFIG_FILE_H
#define _DITTOD_CONFIG_FILE_H

#include <stdbool.h>

struct config;
struct mistakes;

/* Lines of a map of SIDs, which is part of the configuration. */
#define IDENTITY_MAP	"/etc/ditto/idmap"

/**
 * struct config_file - where the configuration is read from
 * @path: path of the file
 * @optional: the file may be missing, because no option named it
 */
struct config_file {
	const char *path;
	bool optional;
};

/*
 * Read the text of the file: "" if it is missing and may be. Returns NULL and sets errno on error;
 * the caller frees the text.
 */
char *config_file_text(const struct config_file *file);
/*
 * Read the file and log all errors. Returns NULL if there are any; unless @mistakes is NULL, they
 * are there, to be freed with mistakes_free().
 */
struct config *config_file_load(const struct config_file *file, struct mistakes *mistakes);
/* Use what the configuration says about accounts. */
void config_use_accounts(const struct config *cfg);

#endif
