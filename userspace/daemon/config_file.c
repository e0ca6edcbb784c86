// SPDX-License-Identifier: GPL-2.0-only
/* Reading the configuration file, see config_file.h. */

#include <errno.h>
#include <unistd.h>

#include "audit.h"
#include "auth_account.h"
#include "config.h"
#include "config_file.h"
#include "identity/identity.h"
#include "idmap.h"
#include "log.h"

struct config *config_file_load(const struct config_file *file)
{
	struct mistakes m;
	struct config *cfg;
	unsigned int i;

	if (file->optional && access(file->path, F_OK) && errno == ENOENT)
		return config_new();
	cfg = config_read(file->path, &m);
	for (i = 0; i < m.count; i++)
		log_error("%s", m.text[i]);
	mistakes_free(&m);
	return cfg;
}

void config_use_accounts(const struct config *cfg)
{
	account_set_map(&cfg->users);
	service_names_set(&cfg->services);
	identity_map_read(IDENTITY_MAP);
	identity_configure(&cfg->identity, &cfg->aliases);
	idmap_use_library(cfg->nfsidmap);
	audit_set_file(cfg->audit_log);
}
