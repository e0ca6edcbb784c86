// SPDX-License-Identifier: GPL-2.0-only
/* --check-config and --map-user, see command.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/auth_account.h"
#include "command.h"
#include "common/subvolume.h"
#include "config.h"
#include "config_file.h"
#include "ctl/out.h"
#include "mem.h"
#include "identity/identity.h"
#include "nl/share_users.h"
#include "tls/tls.h"
#include "identity/user_lookup.h"

/**
 * struct check - what is said about a configuration
 * @path: path of the file
 * @mistakes: what is wrong; if it is in the text of the file, nothing of it would be applied
 * @remarks: what else the administrator may want to know
 * @unknown: shares that wait for users or groups
 * @missing: shares that wait for their directory
 */
struct check {
	const char *path;
	struct mistakes mistakes;
	struct mistakes remarks;
	unsigned int unknown;
	unsigned int missing;
};

/* Takes over the text. */
static void check_add(struct mistakes *m, char *text)
{
	m->text = mem_grow(m->text, m->count, sizeof(*m->text));
	m->text[m->count++] = text;
}

static const char *share_file(const struct config *cfg, const struct share *s)
{
	return config_place_find(cfg, "share", s->name)->file;
}

/*
 * Say which directories are not there, or are shared twice. Neither is a mistake: a disk may be
 * mounted later, and clients may know one directory by two names.
 */
static void check_paths(struct check *c, const struct config *cfg)
{
	struct stat st;
	unsigned int i, j;

	for (i = 0; i < cfg->nshares; i++) {
		const struct share *s = cfg->shares[i];

		for (j = 0; j < i; j++)
			if (!strcmp(s->path, cfg->shares[j]->path))
				check_add(&c->remarks,
					  mem_print("%s: share %s: %s is the path of share %s, too",
						    share_file(cfg, s), s->name, s->path,
						    cfg->shares[j]->name));
		errno = stat(s->path, &st) ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
		if (!errno)
			continue;
		check_add(&c->remarks, mem_print("%s: share %s: %s: %s", share_file(cfg, s),
						 s->name, s->path, strerror(errno)));
		c->missing++;
	}
}

/*
 * Say which shares want local snapshots of a file system that makes none. It is no mistake: a disk
 * may be mounted later.
 */
static void check_snapshots(struct check *c, const struct config *cfg)
{
	struct statx stx;
	unsigned int i;
	struct why why;
	int fd;

	for (i = 0; i < cfg->nshares; i++) {
		const struct share *s = cfg->shares[i];

		fd = s->snapshot_keep[0].period ? open(s->path, O_PATH | O_CLOEXEC) : -1;
		if (fd < 0)
			continue;
		if (!(s->mountpoint && !statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx) &&
		      !(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT)) &&
		    !subvolume_check_root(fd, s->path, &why))
			check_add(&c->remarks,
				  mem_print("%s: [share %s]: snapshot-schedule: %s", c->path,
					    s->name, why.text));
		close(fd);
	}
}

static void check_config(struct check *c, const struct config *cfg)
{
	const struct config_place *place;
	struct share_users users;
	unsigned int i;
	struct why why;

	i = identity_map_read(IDENTITY_MAP);
	if (i)
		check_add(&c->mistakes, mem_print("%s: %u mistakes", IDENTITY_MAP, i));
	identity_configure(&cfg->identity, &cfg->aliases);
	for (i = 0; i < cfg->nshares; i++) {
		/* No mistake: dittod makes the share as soon as a directory knows them. */
		if (share_users_resolve(&cfg->shares[i]->users, &users, user_lookup_find, &why)) {
			check_add(&c->remarks, mem_print("%s: share %s: %s",
							 share_file(cfg, cfg->shares[i]),
							 cfg->shares[i]->name, why.text));
			c->unknown++;
		}
		share_users_free(&users);
	}
	check_paths(c, cfg);
	check_snapshots(c, cfg);
	for (i = 0; i < cfg->nstores; i++) {
		char *text = store_config_text(cfg->stores[i], NULL, &why);

		place = config_place_find(cfg, "store", cfg->stores[i]->name);
		if (!text)
			check_add(&c->mistakes, mem_print("%s: [store %s]: %s", place->file,
							  cfg->stores[i]->name, why.text));
		store_config_text_free(text);
	}
	if (cfg->tls.agent != TLS_AGENT_OFF) {
		bool good = tls_config_check(&cfg->tls, &why);

		place = config_place_find(cfg, "tls", "");
		if (!good || why.text[0])
			check_add(good ? &c->remarks : &c->mistakes,
				  mem_print("%s: [tls]: %s", place ? place->file : c->path,
					    why.text));
	}
}

static void texts_json(const char *key, const struct mistakes *m)
{
	unsigned int i;

	json_open(stdout, key, '[');
	for (i = 0; i < m->count; i++)
		json_string(stdout, NULL, m->text[i]);
	json_close(stdout, ']');
}

static void check_json(const struct check *c)
{
	json_open(stdout, NULL, '{');
	json_string(stdout, "file", c->path);
	texts_json("mistakes", &c->mistakes);
	texts_json("remarks", &c->remarks);
	json_close(stdout, '}');
	json_end(stdout);
}

static void check_print(const struct check *c, const struct config *cfg)
{
	unsigned int i;

	for (i = 0; i < c->mistakes.count; i++)
		fprintf(stderr, "%s\n", c->mistakes.text[i]);
	for (i = 0; i < c->remarks.count; i++)
		fprintf(stderr, "%s\n", c->remarks.text[i]);
	if (c->mistakes.count)
		return;
	printf("%s: %u shares, %u listeners: no mistakes", c->path, cfg->nshares,
	       cfg->nlisteners);
	if (c->unknown)
		printf("; shares that wait for users or groups: %u", c->unknown);
	if (c->missing)
		printf("; shares that wait for their directory: %u", c->missing);
	putchar('\n');
}

int command_check_config(const struct config_file *file, bool json)
{
	struct check c = { .path = file->path };
	struct config *cfg;
	int status;

	cfg = config_file_read(file, &c.mistakes, NULL);
	if (cfg)
		check_config(&c, cfg);
	if (json)
		check_json(&c);
	else
		check_print(&c, cfg);
	status = c.mistakes.count ? EXIT_FAILURE : EXIT_SUCCESS;
	mistakes_free(&c.mistakes);
	mistakes_free(&c.remarks);
	config_free(cfg);
	return status;
}

int command_map_user(const struct config_file *file, const char *name)
{
	struct config *cfg = config_file_load(file, NULL, NULL);
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
