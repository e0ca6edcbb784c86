// SPDX-License-Identifier: GPL-2.0-only
/* Reading the configuration file, see config_file.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

char *config_text_read(FILE *file, size_t *len)
{
	char *text = mem_new(FILE_MAX + 1);

	*len = fread(text, 1, FILE_MAX + 1, file);
	if (!ferror(file) && *len <= FILE_MAX) {
		text[*len] = '\0';
		return text;
	}
	errno = ferror(file) ? errno : EFBIG;
	free(text);
	return NULL;
}

static char *config_path_read(const char *path, size_t *len, struct file_stamp *stamp)
{
	FILE *file = fopen(path, "re");
	struct stat st;
	char *text;
	int error;

	if (!file)
		return NULL;
	/* Before it is read: what is changed from now on has another stamp. */
	*stamp = fstat(fileno(file), &st) ? (struct file_stamp){ 0 } : file_stamp_of(&st);
	text = config_text_read(file, len);
	error = errno;
	fclose(file);
	errno = error;
	return text;
}

struct config *config_file_read(const struct config_file *file, struct mistakes *mistakes,
				char **before)
{
	struct file_stamp stamp = { 0 };
	struct config *cfg;
	size_t len = 0;
	char *text;

	memset(mistakes, 0, sizeof(*mistakes));
	text = config_path_read(file->path, &len, &stamp);
	if (!text && file->optional && errno == ENOENT)
		text = mem_string("");
	if (!text) {
		mistakes->text = mem_grow(NULL, 0, sizeof(*mistakes->text));
		mistakes->text[mistakes->count++] = mem_print("%s: %s", file->path,
							      strerror(errno));
		return NULL;
	}
	if (before)
		*before = mem_string(text);
	cfg = config_parse(file->path, text, len, mistakes);
	if (cfg)
		cfg->stamp = stamp;
	else if (before)
		free(*before);
	free(text);
	return cfg;
}

struct config *config_read(const char *path, struct mistakes *mistakes)
{
	const struct config_file file = { .path = path };

	return config_file_read(&file, mistakes, NULL);
}

struct config *config_file_load(const struct config_file *file, struct mistakes *mistakes,
				char **before)
{
	struct mistakes m;
	struct config *cfg = config_file_read(file, &m, before);
	unsigned int i;

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
