// SPDX-License-Identifier: GPL-2.0-only
/* Reading the configuration file, see config_file.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/audit.h"
#include "auth/auth_account.h"
#include "config.h"
#include "config_file.h"
#include "identity/identity.h"
#include "identity/idmap.h"
#include "daemon/log.h"
#include "mem.h"

/* Larger files are rejected. */
#define FILE_MAX	(4 * 1024 * 1024)

/* Read a file and append a NUL. Returns NULL and sets errno on error. */
static char *config_text_read(const char *path, size_t *len)
{
	FILE *file = fopen(path, "re");
	char *text;

	if (!file)
		return NULL;
	text = mem_new(FILE_MAX + 1);
	*len = fread(text, 1, FILE_MAX + 1, file);
	if (ferror(file) || *len > FILE_MAX) {
		errno = ferror(file) ? errno : EFBIG;
		free(text);
		text = NULL;
	} else {
		text[*len] = '\0';
	}
	fclose(file);
	return text;
}

struct config *config_read(const char *path, struct mistakes *mistakes)
{
	struct config *cfg;
	size_t len = 0;
	char *text;

	memset(mistakes, 0, sizeof(*mistakes));
	text = config_text_read(path, &len);
	if (!text) {
		mistakes->text = mem_grow(NULL, 0, sizeof(*mistakes->text));
		mistakes->text[mistakes->count++] = mem_print("%s: %s", path, strerror(errno));
		return NULL;
	}
	cfg = config_parse(path, text, len, mistakes);
	free(text);
	return cfg;
}

char *config_file_text(const struct config_file *file)
{
	size_t len;
	char *text = config_text_read(file->path, &len);

	return text || !file->optional || errno != ENOENT ? text : mem_string("");
}

struct config *config_file_load(const struct config_file *file, struct mistakes *mistakes)
{
	struct mistakes m = { 0 };
	struct config *cfg;
	unsigned int i;

	if (file->optional && access(file->path, F_OK) && errno == ENOENT)
		cfg = config_new();
	else
		cfg = config_read(file->path, &m);
	for (i = 0; i < m.count; i++)
		log_error("%s", m.text[i]);
	if (mistakes)
		*mistakes = m;
	else
		mistakes_free(&m);
	return cfg;
}

void config_use_accounts(const struct config *cfg)
{
	account_set_map(&cfg->users);
	service_names_set(&cfg->services, &cfg->servers);
	identity_map_read(IDENTITY_MAP);
	identity_configure(&cfg->identity, &cfg->aliases);
	idmap_use_library(cfg->nfsidmap);
	share_roots_set(&cfg->share_roots);
	audit_set_file(cfg->audit_log);
}
