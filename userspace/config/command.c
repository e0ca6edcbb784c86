// SPDX-License-Identifier: GPL-2.0-only
/* --check-config and --map-user, see command.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "auth/auth_account.h"
#include "command.h"
#include "config.h"
#include "config_file.h"
#include "identity/identity.h"
#include "nl/share_users.h"
#include "tls/tls.h"
#include "identity/user_lookup.h"

/*
 * Say which directories are not there, or are shared twice. Neither is a mistake: a disk may be
 * mounted later, and clients may know one directory by two names.
 */
static unsigned int command_check_paths(const struct config_file *file, const struct config *cfg)
{
	unsigned int missing = 0, i, j;
	struct stat st;

	for (i = 0; i < cfg->nshares; i++) {
		const struct share *s = cfg->shares[i];

		for (j = 0; j < i; j++)
			if (!strcmp(s->path, cfg->shares[j]->path))
				fprintf(stderr, "%s: share %s: %s is the path of share %s, too\n",
					file->path, s->name, s->path, cfg->shares[j]->name);
		errno = stat(s->path, &st) ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
		if (!errno)
			continue;
		fprintf(stderr, "%s: share %s: %s: %s\n", file->path, s->name, s->path,
			strerror(errno));
		missing++;
	}
	return missing;
}

int command_check_config(const struct config_file *file)
{
	const struct config_file given = { .path = file->path };
	struct share_users users;
	unsigned int mistakes, unknown = 0, missing, i;
	struct config *cfg;
	struct why why;

	cfg = config_file_load(&given, NULL);
	if (!cfg)
		return EXIT_FAILURE;
	mistakes = identity_map_read(IDENTITY_MAP);
	identity_configure(&cfg->identity, &cfg->aliases);
	for (i = 0; i < cfg->nshares; i++) {
		if (!share_users_resolve(&cfg->shares[i]->users, &users, user_lookup_find, &why)) {
			share_users_free(&users);
			continue;
		}
		/* No mistake: dittod makes the share as soon as a directory knows them. */
		fprintf(stderr, "%s: share %s: %s\n", file->path, cfg->shares[i]->name, why.text);
		unknown++;
	}
	missing = command_check_paths(file, cfg);
	for (i = 0; i < cfg->nstores; i++) {
		char *text = store_config_text(cfg->stores[i], NULL, &why);

		if (!text) {
			fprintf(stderr, "%s: [store %s]: %s\n", file->path, cfg->stores[i]->name,
				why.text);
			mistakes++;
		}
		store_config_text_free(text);
	}
	if (cfg->tls.agent != TLS_AGENT_OFF) {
		bool good = tls_config_check(&cfg->tls, &why);

		if (!good || why.text[0])
			fprintf(stderr, "%s: [tls]: %s\n", file->path, why.text);
		mistakes += !good;
	}
	if (mistakes) {
		config_free(cfg);
		return EXIT_FAILURE;
	}
	printf("%s: %u shares, %u listeners: no mistakes", file->path, cfg->nshares,
	       cfg->nlisteners);
	if (unknown)
		printf("; shares that wait for users or groups: %u", unknown);
	if (missing)
		printf("; shares that wait for their directory: %u", missing);
	putchar('\n');
	config_free(cfg);
	return EXIT_SUCCESS;
}

int command_map_user(const struct config_file *file, const char *name)
{
	struct config *cfg = config_file_load(file, NULL);
	char rule[USER_MAP_TEXT_MAX];
	struct nss_account account;
	struct why why;

	if (!cfg)
		return EXIT_FAILURE;
	config_use_accounts(cfg);
	config_free(cfg);
	if (account_map(name, &account, rule, &why)) {
		fprintf(stderr, "%s\n", why.text);
		return EXIT_FAILURE;
	}
	if (rule[0])
		printf("%s: account '%s' (uid %u), by 'user-map = %s'\n", name, account.name,
		       account.uid, rule);
	else
		printf("%s: account '%s' (uid %u), which the name service knows by this name\n",
		       name, account.name, account.uid);
	return EXIT_SUCCESS;
}
