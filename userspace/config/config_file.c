// SPDX-License-Identifier: GPL-2.0-only
/* Reading the configuration file, see config_file.h. */

#include <stddef.h>

#include "daemon/audit.h"
#include "auth/auth_account.h"
#include "config.h"
#include "config_file.h"
#include "homes.h"
#include "identity/identity.h"
#include "identity/idmap.h"
#include "daemon/log.h"
#include "rpc/pipe_rows.h"

struct config *config_file_read(const struct config_file *file, struct mistakes *mistakes,
				struct config_texts *before)
{
	struct config_texts texts;
	struct config *cfg;

	if (!config_texts_read(file, &texts, mistakes))
		return NULL;
	cfg = config_texts_parse(&texts, mistakes);
	if (cfg && before)
		*before = texts;
	else
		config_texts_free(&texts);
	return cfg;
}

struct config *config_read(const char *path, struct mistakes *mistakes)
{
	const struct config_file file = { .path = path };

	return config_file_read(&file, mistakes, NULL);
}

struct config *config_file_load(const struct config_file *file, struct mistakes *mistakes,
				struct config_texts *before)
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
	homes_set(cfg->homes, cfg->home_create);
	audit_set_file(cfg->audit_log);
	pipe_rows_set_server(cfg->workgroup, cfg->server_string);
}
