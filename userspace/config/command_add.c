// SPDX-License-Identifier: GPL-2.0-only
/* --add-config: sections that are added to the configuration file, see command.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "config.h"
#include "config_edit.h"
#include "config_file.h"
#include "config_save.h"
#include "daemon/log.h"
#include "mem.h"
#include "nl/share_conf.h"

static bool config_has_listener(const struct config *cfg, const char *protocol)
{
	unsigned int i;

	for (i = 0; i < cfg->nlisteners; i++)
		if (!strcmp(cfg->listeners[i].protocol, protocol))
			return true;
	/* A file without listeners means one. */
	return !cfg->nlisteners && !strcmp(protocol, "nfs");
}

/* The section that a header of @more is to be; CONFIG_EDIT_NONE if the file has it already. */
static unsigned int section_place(struct config_edit *e, const struct config *cfg, char *header)
{
	static const char listener[] = "listener ", share[] = "share ";
	unsigned int server;

	header++;
	*strrchr(header, ']') = '\0';
	if (!strcmp(header, "server")) {
		server = config_edit_find(e, header, 0);
		return server == CONFIG_EDIT_NONE ? config_edit_append(e, header) : server;
	}
	if (!strncmp(header, share, strlen(share)) &&
	    share_place(cfg->shares, cfg->nshares, header + strlen(share)) >= 0)
		return CONFIG_EDIT_NONE;
	if (strncmp(header, listener, strlen(listener)))
		return config_edit_append(e, header);
	if (config_has_listener(cfg, header + strlen(listener)))
		return CONFIG_EDIT_NONE;
	if (!cfg->nlisteners)
		config_edit_append(e, "listener nfs");
	return config_edit_append(e, header);
}

/* True if a line sets a key of [server] that the file has. */
static bool setting_is_given(const struct config *cfg, const char *line)
{
	char *key = mem_print("%.*s", (int)strcspn(line, " ="), line);
	unsigned int setting = setting_find(key);
	bool given = setting < SETTINGS ? cfg->given[setting] :
		     (cfg->workgroup && spec_same_word(key, "workgroup")) ||
		     (cfg->server_string && spec_same_word(key, "server-string"));

	free(key);
	return given;
}

/* Return the texts @before of a configuration with the sections of @more, which is modified. */
static struct config_texts config_text_add(const struct config *cfg,
					   const struct config_texts *before, char *more)
{
	struct config_edit *e = config_edit_begin(before);
	unsigned int section = CONFIG_EDIT_NONE;
	bool server = false;
	char *line;

	while ((line = strsep(&more, "\n")))
		if (line[0] == '[') {
			section = section_place(e, cfg, line);
			server = !strcmp(line, "[server");
		} else if (line[0] && section != CONFIG_EDIT_NONE &&
			   !(server && setting_is_given(cfg, line))) {
			config_edit_add(e, section, line);
		}
	return config_edit_end(e);
}

/* Parse texts. Returns NULL after their mistakes were logged. */
static struct config *config_of(const struct config_texts *texts)
{
	struct mistakes mistakes;
	struct config *cfg = config_texts_parse(texts, &mistakes);
	unsigned int i;

	for (i = 0; i < mistakes.count; i++)
		log_error("%s", mistakes.text[i]);
	mistakes_free(&mistakes);
	return cfg;
}

static bool share_is_same(const struct share *more, const struct share *have)
{
	unsigned int i;

	for (i = 0; i < share_conf_count() && share_conf_same(more, have, i); i++)
		;
	return i == share_conf_count() && !strcmp(more->path, have->path) &&
	       more->mountpoint == have->mountpoint && !have->offload_store &&
	       !have->snapshot_keep[0].period;
}

static bool setting_is_taken(const struct config *cfg, const char *key)
{
	const struct config_place *place = config_place_find(cfg, "server", "");

	log_error("%s:%u: '%s' is there already, with another value", place->file, place->line,
		  key);
	return true;
}

static bool texts_differ(const char *have, const char *more)
{
	return have && more && strcmp(have, more);
}

/* No share is replaced, and no setting: the file says what the administrator wants. */
static bool add_is_possible(const struct config *cfg, const struct config *more,
			    unsigned int *added)
{
	const struct config_place *place;
	bool good = true;
	unsigned int i;

	*added = 0;
	for (i = 0; i < more->nshares; i++) {
		int have = share_place(cfg->shares, cfg->nshares, more->shares[i]->name);

		*added += have < 0;
		if (have < 0 || share_is_same(more->shares[i], cfg->shares[have]))
			continue;
		place = config_place_find(cfg, "share", more->shares[i]->name);
		log_error("%s:%u: there is another share '%s' already", place->file, place->line,
			  more->shares[i]->name);
		good = false;
	}
	for (i = 0; i < SETTINGS; i++)
		if (cfg->given[i] && more->given[i] && cfg->setting[i] != more->setting[i])
			good = !setting_is_taken(cfg, settings[i].name);
	if (texts_differ(cfg->workgroup, more->workgroup))
		good = !setting_is_taken(cfg, "workgroup");
	if (texts_differ(cfg->server_string, more->server_string))
		good = !setting_is_taken(cfg, "server-string");
	return good;
}

int command_add_config(const struct config_file *file, bool json)
{
	struct config *cfg = NULL, *more = NULL, *new = NULL;
	struct config_texts input = { 0 }, before, after = { 0 };
	unsigned int added = 0;
	bool good = false;
	char *text, *path;
	size_t len;
	int folder;

	text = config_text_read(stdin, &len);
	if (!text) {
		log_error("standard input: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	config_texts_add(&input, "standard input", text, len);
	folder = config_save_begin(file);
	if (folder < 0)
		goto out_input;
	cfg = config_file_load(file, NULL, &before);
	if (!cfg)
		goto out_folder;
	more = config_of(&input);
	if (more && add_is_possible(cfg, more, &added)) {
		after = config_text_add(cfg, &before, text);
		new = config_of(&after);
		good = new && config_save_is_current(file, &before) &&
		       config_save_replace(&before, &after);
	}
	if (good && !json) {
		path = config_save_path(file->path);
		printf("%u shares were added to %s: dittoctl config apply serves them\n", added,
		       path);
		free(path);
	}
	config_texts_free(&after);
	config_texts_free(&before);
	config_free(new);
	config_free(more);
	config_free(cfg);
out_folder:
	close(folder);
out_input:
	config_texts_free(&input);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
