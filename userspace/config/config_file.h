/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration file as dittod and its commands use it. */
#ifndef _DITTOD_CONFIG_FILE_H
#define _DITTOD_CONFIG_FILE_H

#include <stdbool.h>

#include "config_text.h"

struct config;

/* Lines of a map of SIDs, which is part of the configuration. */
#define IDENTITY_MAP	"/etc/ditto/idmap"

/**
 * struct config_file - where the configuration is read from
 * @path: path of the file; files of the folder PATH.d are read after it
 * @optional: the file may be missing, because no option named it
 */
struct config_file {
	const char *path;
	bool optional;
};

/*
 * Read the files, as config_read() does; one that may be missing is empty then. Unless @before is
 * NULL, it is set to the texts if there are no errors, to be freed by the caller.
 */
struct config *config_file_read(const struct config_file *file, struct mistakes *mistakes,
				struct config_texts *before);
/* The same, and log all errors; @mistakes may be NULL. */
struct config *config_file_load(const struct config_file *file, struct mistakes *mistakes,
				struct config_texts *before);
/* Use what the configuration says about accounts. */
void config_use_accounts(const struct config *cfg);

#endif
