// SPDX-License-Identifier: GPL-2.0-only
/* Configurations: their defaults, what is looked up in them, and their end. */

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "mem.h"

const struct store_config *config_store(const struct config *cfg, const char *name)
{
	unsigned int i;

	for (i = 0; i < cfg->nstores; i++)
		if (!strcmp(cfg->stores[i]->name, name))
			return cfg->stores[i];
	return NULL;
}

const struct config_place *config_place_find(const struct config *cfg, const char *kind,
					     const char *name)
{
	unsigned int i;

	for (i = 0; i < cfg->nplaces; i++)
		if (!strcmp(cfg->places[i].name, name) && !strcmp(cfg->places[i].kind, kind))
			return &cfg->places[i];
	return NULL;
}

void config_schedule(const struct config *cfg, struct offload_schedule *s)
{
	u64 *local = &s->period[OFFLOAD_JOB_LOCAL], period;
	unsigned int i;

	*s = cfg->schedule;
	s->stores = cfg->nstores;
	if (!cfg->nstores)
		memset(s->period, 0, sizeof(s->period));
	for (i = 0; i < cfg->nshares; i++) {
		s->shares += cfg->shares[i]->offload;
		period = offload_keep_period(cfg->shares[i]->snapshot_keep);
		if (period && (!*local || period < *local))
			*local = period;
	}
	offload_schedule_set_trash(s, config_has_trash(cfg));
}

struct config *config_new(void)
{
	struct config *cfg = mem_new(sizeof(*cfg));

	cfg->users.min_uid = USER_MAP_MIN_UID;
	identity_order_default(&cfg->identity);
	offload_schedule_init(&cfg->schedule);
	return cfg;
}

void config_free(struct config *cfg)
{
	unsigned int i;

	if (!cfg)
		return;
	for (i = 0; i < cfg->nshares; i++)
		share_free(cfg->shares[i]);
	free(cfg->shares);
	share_free(cfg->homes);
	free(cfg->listeners);
	for (i = 0; i < cfg->nstores; i++)
		store_config_free(cfg->stores[i]);
	free(cfg->stores);
	free(cfg->policies);
	user_map_free(&cfg->users);
	tls_config_free(&cfg->tls);
	share_roots_free(&cfg->share_roots);
	free(cfg->audit_log);
	free(cfg->scan_command);
	free(cfg->workgroup);
	free(cfg->server_string);
	for (i = 0; i < cfg->nplaces; i++) {
		free(cfg->places[i].name);
		free(cfg->places[i].file);
	}
	free(cfg->places);
	free(cfg);
}

void mistakes_free(struct mistakes *m)
{
	unsigned int i;

	for (i = 0; i < m->count; i++)
		free(m->text[i]);
	free(m->text);
	memset(m, 0, sizeof(*m));
}

bool config_has_trash(const struct config *cfg)
{
	unsigned int i;

	for (i = 0; i < cfg->nshares; i++)
		if (cfg->shares[i]->trash)
			return true;
	return cfg->homes && cfg->homes->trash;
}
